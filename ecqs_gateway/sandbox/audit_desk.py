"""Headquarters' desk for random inspections: draws, publishes, takes what units say, closes or asks again.

Each step is one transaction with the bytes it gives rise to; publishing is repeatable, so a kill anywhere loses and
doubles nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from ecqs_gateway.doors import clock
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.sandbox.answers import Case, check_answer, open_message
from ecqs_gateway.sandbox.audit_store import Audit, AuditStore
from ecqs_gateway.sandbox.audit_writing import RequestFacts, Sealing, write_receipt, write_request
from ecqs_gateway.sandbox.draw import KINDS, draw, population
from ecqs_gateway.sandbox.home import Home, replace_file
from ecqs_gateway.sandbox.keys import KeyRing, load_or_create
from ecqs_gateway.sandbox.package import Refusal, Schemas
from ecqs_gateway.sandbox.store import Store
from ecqs_gateway.sandbox.workdays import last_day

__all__ = ["DEMANDS", "KINDS", "AuditDesk", "Order", "open_desk"]

_NAME = re.compile(
    r"(?P<audit>(?P<unit>[0-9]{6})-audit-[0-9]{8})(?:\.(?P<number>[1-9][0-9]{0,3}))?"
    r"\.(?P<what>acknowledgement|answer)\.zip",
    re.ASCII,
)
DEMANDS = {"approval": ("01", "02", "03"), "certificate": ("02",)}
"""Papers asked for unless an order says others: application, business licence, inspection report (本项目拟定)."""


@dataclass(frozen=True)
class Order:
    """How to draw: per thousand of each stratum, and at least so many; ``due`` wins over ``days``."""

    rate: int = 50
    least: int = 1
    seed: str | None = None
    days: int = 10
    due: date | None = None
    kinds: tuple[str, ...] = KINDS
    demands: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(DEMANDS))


@dataclass(frozen=True)
class AuditDesk:
    """The desk of one headquarters; ``keys`` and ``schemas`` are what answers are checked with."""

    home: Home
    audits: AuditStore
    sealing: Sealing
    calendar: Path

    @classmethod
    def of(cls, home: Home, store: Store, sealing: Sealing, calendar: Path) -> AuditDesk:
        """Make the desk on a ledger."""
        return cls(home, AuditStore(store), sealing, calendar)

    # Drawing

    def draw(self, unit: str, order: Order) -> Audit:
        """Draw from what is held of a unit, keep the request and publish it.

        Raises Terminal ECQS-7081 when nothing is held, Misconfigured ECQS-7080 when no due date can be reckoned.
        """
        seed = _seed(order.seed)
        issued = clock.now()
        due = order.due or last_day(self.calendar, issued.date(), order.days)
        with self.audits.store.transaction():
            account, found = self.audits.account_of(unit), population(self.home, self.audits.store, unit, order.kinds)
            if not found.rows or account is None:
                hint = "let it deliver first; `ecqs sandbox show` says what is held"
                raise Terminal("ECQS-7081", f"nothing is held of unit {unit}, so nothing can be drawn", hint=hint)
            drawn = draw(found.rows, seed=seed, population=found.digest, rate=order.rate, least=order.least)
            name = self.audits.next_id(unit)
            facts = RequestFacts(name, unit, issued, due, order.days, seed, order.rate, order.least, order.demands)
            data = write_request(facts, found, drawn, self.sealing)
            digest, demands = hashlib.sha256(data).hexdigest(), json.dumps(order.demands)
            audit = Audit(name, unit, account, due.isoformat(), order.days, "open", digest, demands)
            self.audits.add(audit, issued=issued.isoformat(), data=data, drawn=drawn)
        self.publish()
        return audit

    def publish(self) -> bool:
        """Let what is due appear in the units' folders; True when something did."""
        if not self.audits.unpublished():
            return False
        with self.audits.store.transaction():  # two processes may be at the desk: `ecqs sandbox draw` beside the server
            waiting = self.audits.unpublished()
            for account, unit, audit, number, data in waiting:
                name = f"{audit}.{number}.receipt.zip" if number else f"{audit}.request.zip"
                replace_file(self.home.root(account) / "audits" / unit / name, data)
                self.audits.published(audit, number)
        return bool(waiting)

    # What units send

    @staticmethod
    def takes(unit: str, name: str) -> bool:
        """Say whether a file in a unit's inbox is for this desk."""
        found = _NAME.fullmatch(name)
        if found is None or found["unit"] != unit:
            return False
        return (found["what"] == "answer") == (found["number"] is not None)

    def receive(self, path: Path, keys: KeyRing, schemas: Schemas) -> None:
        """Take an acknowledgement or an answer out of an inbox."""
        found = _NAME.fullmatch(path.name)
        if found is None:
            return
        data, audit = path.read_bytes(), self.audits.find(found["audit"])
        with self.audits.store.transaction():
            if audit is None:
                self._alarm("audit unknown", found["audit"], "an answer to a request that was never made")
            elif found["what"] == "acknowledgement":
                self._acknowledged(audit, data, keys, schemas)
            else:
                self._answered(audit, int(found["number"]), data, keys, schemas)
        path.unlink()

    def _acknowledged(self, audit: Audit, data: bytes, keys: KeyRing, schemas: Schemas) -> None:
        digest, before = hashlib.sha256(data).hexdigest(), self.audits.acknowledgement(audit.id)
        if before is not None:
            if before["digest"] == digest:
                self.audits.came_again("audit_acknowledgements", audit.id)
            else:
                self._alarm("audit conflict", audit.id, "another acknowledgement came before")
            return
        try:
            message = open_message(data, "audit_acknowledgement", audit.unit, keys, schemas)
        except Refusal as refusal:
            self._alarm("audit acknowledgement refused", audit.id, f"{refusal.code} {refusal.reason}")
            return
        said = message.attributes
        if (said["request"], said["unit"], said["package"]) != (audit.id, audit.unit, audit.digest):
            self._alarm("audit acknowledgement refused", audit.id, "it is about another request")
            return
        self.audits.acknowledge(audit.id, said, digest, data)
        if audit.state == "open":
            self.audits.move(audit.id, "acknowledged" if said["verdict"] == "accepted" else "refused")

    def _answered(self, audit: Audit, number: int, data: bytes, keys: KeyRing, schemas: Schemas) -> None:
        digest, before = hashlib.sha256(data).hexdigest(), self.audits.answer(audit.id, number)
        if before is not None:
            if before["digest"] == digest:
                self.audits.came_again("audit_answers", audit.id, number)
            else:
                self._alarm("audit conflict", audit.id, f"other bytes came as answer {number} before: {digest}")
            return
        if audit.state == "closed":
            self._alarm("audit conflict", audit.id, f"answer {number} came after it was closed")
            return
        try:
            case = Case(audit, self.audits.items(audit.id), number)
            remarks = check_answer(data, case, keys, schemas, self.home, self.audits.store)
        except Refusal as refusal:
            remarks = [(None, refusal.code, refusal.reason)]
        again = any(code not in _TAKEN_NOTE_OF for _, code, _ in remarks)
        due = self._later() if again else None
        receipt = write_receipt(audit, number, digest, remarks, due, self.sealing)
        outcome = "again" if again else "closed"
        kept = (audit.id, number, digest, outcome, json.dumps(remarks, ensure_ascii=False))
        self.audits.add_answer(kept, data, receipt)
        self.audits.move(audit.id, outcome, due=due)

    def _later(self) -> date:
        """Give five working days more, or a fortnight where the calendar of those days is not known."""
        today = clock.now().date()
        try:
            return last_day(self.calendar, today, 5)
        except Misconfigured:
            return today + timedelta(days=14)

    def _alarm(self, code: str, audit: str, detail: str) -> None:
        self.audits.store.alarm(code, f"{audit}: {detail}")


@contextmanager
def open_desk(home: Path, calendar: Path) -> Iterator[AuditDesk]:
    """Open the desk of a headquarters that has run on this home, beside the running one or without it.

    Raises Terminal ECQS-7082 where none has run yet.
    """
    found = Home(home)
    if not found.endpoint.is_file() or not found.database.is_file():
        hint = "start it with `ecqs sandbox run`, and let a unit deliver"
        raise Terminal("ECQS-7082", "no headquarters has run here yet", where=str(home), hint=hint)
    said = json.loads(found.endpoint.read_bytes())
    key = load_or_create(found.keys / f"headquarters-{said['algorithm']}.pem", said["algorithm"])
    store = Store(found.database)
    try:
        yield AuditDesk.of(found, store, Sealing(key, said["issuer"]), calendar)
    finally:
        store.close()


_TAKEN_NOTE_OF = frozenset({"HQ-320", "HQ-321"})
"""Remarks that keep nothing open: the unit knows no such record, or gave the reason for a lacking paper twice."""


def _seed(given: str | None) -> str:
    """Take 64 hex digits as they are, digest any other text, and roll dice where nothing is given."""
    if given is None:
        return secrets.token_hex(32)
    return given if re.fullmatch(r"[0-9a-f]{64}", given) else hashlib.sha256(given.encode()).hexdigest()
