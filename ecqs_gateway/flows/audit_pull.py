"""Taking in what headquarters says about inspections: fetch, check, enter with an acknowledgement, mark as taken.

A file is marked as taken at headquarters only after the ledger has it, and the ledger takes the same file once: a kill
between any two steps loses nothing and doubles nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from ecqs_gateway import __version__
from ecqs_gateway.deliver.package import read_batch_xml
from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.errors import Conflict, GatewayError, Misconfigured, Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.progress import Step
from ecqs_gateway.inbound.answer import pack_acknowledgement
from ecqs_gateway.inbound.audit_box import AuditBox, Waiting
from ecqs_gateway.inbound.audit_check import Believed, OpenedRequest, load_audit_schema, open_receipt, open_request
from ecqs_gateway.inbound.draw import check_draw
from ecqs_gateway.inbound.products import labels
from ecqs_gateway.ledger import audits, population, proofs, query
from ecqs_gateway.ledger.audits import Arrival, Entered
from ecqs_gateway.ledger.dossiers import Outgoing
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.model.audits import AUDIT_KIND, Acknowledgement, AuditRequest, Message
from ecqs_gateway.model.batch import SCHEMA_VERSION
from ecqs_gateway.rules.calendar import load_calendar

__all__ = ["Pull", "reckoned_due"]


@dataclass
class Pull:
    """Pulls for one unit."""

    gateway: Gateway
    unit: str
    box: AuditBox
    requests: int = 0
    receipts: int = 0
    quarantined: int = 0

    def __post_init__(self) -> None:
        """Make ready whom to believe; raises Misconfigured without headquarters' key or the schema."""
        folder = self.gateway.content.root / "schemas" / "ecqs" / SCHEMA_VERSION
        issuer = self.gateway.national.receipts.issuer
        self.believed = Believed(self.gateway.trust, issuer, load_audit_schema(folder))

    def run(self) -> None:
        """Take everything that waits."""
        for waiting in self.box.waiting(self.unit):
            self.take(waiting)

    def take(self, waiting: Waiting) -> None:
        """Take one file: whatever it is, it is kept byte for byte and looked at once."""
        data = self.box.fetch(self.unit, waiting)
        if data is None:
            return
        digest = hashlib.sha256(data).hexdigest()
        if not audits.seen(self.gateway.database, self.unit, waiting.name, digest):
            file = self.gateway.stage.put_sealed(f"audits/{self.unit}/{digest}.zip", data)
            self._enter(waiting, data, Arrival(self.unit, waiting.name, file))
        self.box.take(self.unit, waiting)

    def _enter(self, waiting: Waiting, data: bytes, arrival: Arrival) -> None:
        try:
            if waiting.message.message is Message.RECEIPT:
                self._receipt(waiting, data, arrival)
            else:
                self._request(waiting, data, arrival)
        except (Terminal, Conflict) as error:
            if isinstance(error, Misconfigured) or not _about_the_file(error):
                raise
            bad = Arrival(arrival.unit, arrival.name, arrival.file, error.code, error.message)
            audits.quarantine(self.gateway.database, bad, clock=self.gateway.clock)
            self.quarantined += 1
            self._say("quarantined")

    # Requests

    def _request(self, waiting: Waiting, data: bytes, arrival: Arrival) -> None:
        opened = open_request(data, waiting.message, self.unit, self.believed)
        request = opened.request
        known = audits.find(self.gateway.database, request.id)
        if known is not None:
            if known["digest"] == arrival.file.digest:
                return  # it was entered under this name before its arrival was; nothing is new
            raise Conflict("ECQS-7005", "another request came under this id before", where=request.id)
        refusal, compared = self._drawn(opened)
        if refusal is not None:
            arrival = Arrival(arrival.unit, arrival.name, arrival.file, refusal.code, refusal.message)
        acknowledgement = self._acknowledge(request, arrival, compared["verdict"])
        entered = Entered(self._facts(request, arrival, compared), self._cases(request))
        if audits.enter(self.gateway.database, entered, arrival, acknowledgement, clock=self.gateway.clock):
            self.requests += 1
            self._say("refused" if refusal else "received")

    def _drawn(self, opened: OpenedRequest) -> tuple[Terminal | None, dict[str, Any]]:
        """Draw again, and hold the population against the ledger's own record versions."""
        try:
            drawn_from = check_draw(opened.request, opened.population_text())
        except Terminal as error:
            return error, {"verdict": "unchecked", "why": "the draw could not be reproduced"}
        return None, self._compare(opened.request, drawn_from)

    def _compare(self, request: AuditRequest, drawn_from: pl.DataFrame) -> dict[str, Any]:
        missing = unknown = 0
        for lane in request.lanes:
            ours = population.held(self.gateway.database, self.unit, lane.kind, lane.sequence)
            if ours is None:
                why = f"the ledger does not have every {lane.kind} batch up to {lane.sequence} settled"
                return {"verdict": "unchecked", "why": why}
            theirs = drawn_from.filter(pl.col("kind") == lane.kind)
            unknown += theirs.join(ours, on=["key", "version"], how="anti").height
            missing += ours.join(theirs, on=["key", "version"], how="anti").height
        products = self._other_products(request)
        facts = {"records": drawn_from.height, "unknown_here": unknown, "missing_there": missing}
        verdict = "differs" if missing or unknown or products else "agrees"
        return {"verdict": verdict, **facts, "other_products": products}

    def _other_products(self, request: AuditRequest) -> int:
        """Count the drawn cases whose package names another product than the one they were drawn under.

        A package the retention removed says nothing.
        """
        drawn = {item.version: item for item in request.items}
        batches: dict[str, set[str]] = {}
        for item in request.items:
            for sent in query.find_record(self.gateway.database, item.key, unit=self.unit, kind=item.kind)["versions"]:
                if sent["digest"] == item.version:
                    batches.setdefault(sent["batch_id"], set()).add(item.version)
        wrong = set()
        for batch in proofs.kept_batches(self.gateway.database, batches).values():
            if batch.pruned_at is None:
                package = self.gateway.stage.get(batch.package, batch.package_digest)
                found = labels(read_batch_xml(package), batches[batch.id])
                wrong |= {version for version, product in found.items() if product != drawn[version].product}
        return len(wrong)

    def _facts(self, request: AuditRequest, arrival: Arrival, compared: dict[str, Any]) -> dict[str, Any]:
        due = reckoned_due(self.gateway, request.issued, request.working_days)
        demands: dict[str, list[str]] = {}
        for demand in request.demands:
            demands.setdefault(demand.kind, []).append(demand.type)
        draw = {"seed": request.seed, "population": request.population, "rate": request.rate, "least": request.least}
        return {
            "id": request.id,
            "unit": request.unit,
            "digest": bytes.fromhex(arrival.file.digest),
            "file": arrival.file.name,
            "issued_at": request.issued.astimezone(SHANGHAI).isoformat(),
            "received_at": self.gateway.clock().isoformat(),
            "working_days": request.working_days,
            "due": request.due.isoformat(),
            "reckoned_due": due,
            "demands": json.dumps(demands),
            "population": json.dumps(compared | draw),
            "state": "refused" if arrival.code else "received",
            "code": arrival.code,
            "reason": arrival.reason,
        }

    def _cases(self, request: AuditRequest) -> list[dict[str, Any]]:
        return [
            {
                "number": number,
                "kind": item.kind,
                "product": item.product,
                "key": item.key,
                "version": bytes.fromhex(item.version),
                "unknown": self._unknown(item.kind, item.key, item.version),
            }
            for number, item in enumerate(request.items, 1)
        ]

    def _unknown(self, kind: str, key: str, version: str) -> str | None:
        """Say why this ledger knows no such case; None where the version was sent."""
        found = query.find_record(self.gateway.database, key, unit=self.unit, kind=kind)["versions"]
        if any(sent["digest"] == version for sent in found):
            return None
        if found:
            return "本单位报送台账有该业务主键，但从未报送过该版本"
        return "本单位报送台账没有该业务主键的记录"

    def _acknowledge(self, request: AuditRequest, arrival: Arrival, compared: str) -> Outgoing:
        signer = self.gateway.signer
        document = Acknowledgement(
            request=request.id,
            unit=self.unit,
            package=arrival.file.digest,
            received=self.gateway.clock(),
            verdict="refused" if arrival.code else "accepted",
            code=arrival.code,
            draw="differs" if arrival.code else "reproduced",
            population=compared,
            engine=__version__,
            signature=signer.algorithm,
            key=signer.key_id,
        )
        data = pack_acknowledgement(document, signer, self.believed.schema)
        return Outgoing(request.id, "acknowledgement", 0, self._keep(data))

    # Receipts

    def _receipt(self, waiting: Waiting, data: bytes, arrival: Arrival) -> None:
        receipt = open_receipt(data, waiting.message, self.unit, self.believed)
        known = audits.find(self.gateway.database, receipt.request)
        sent = [m for m in (known or {"messages": []})["messages"] if m["kind"] == "answer"]
        mine = next((m for m in sent if m["number"] == receipt.number), None)
        if mine is None or mine["digest"] != receipt.answer:
            raise Terminal("ECQS-7007", "it is about an answer we never gave", where=receipt.request)
        said = {
            "outcome": receipt.outcome,
            "number": receipt.number,
            "due": receipt.due.isoformat() if receipt.due else None,
            # Remarks are shown and kept in the clear, and headquarters may quote a record's values in them.
            "remarks": [remark.model_dump() | {"text": redactor.mask(remark.text)} for remark in receipt.remarks],
        }
        database, clock = self.gateway.database, self.gateway.clock
        if audits.keep_receipt(database, receipt.request, arrival, said, clock=clock):
            self.receipts += 1
            self._say(receipt.outcome)

    def _keep(self, data: bytes) -> StagedFile:
        digest = hashlib.sha256(data).hexdigest()
        return self.gateway.stage.put_sealed(f"audits/{self.unit}/{digest}.zip", data)

    def _say(self, event: str) -> None:
        self.gateway.progress(Step(self.unit, AUDIT_KIND, event, {}))


_ABOUT_FILES = ("ECQS-400", "ECQS-401", "ECQS-402", "ECQS-700")


def _about_the_file(error: GatewayError) -> bool:
    """Say whether an error is about what came, and not about this machine."""
    return error.code.startswith(_ABOUT_FILES)


def reckoned_due(gateway: Gateway, issued: datetime, working_days: int) -> str | None:
    """Reckon the last day by our own calendar; None where a year of it is unknown: a due date is never guessed."""
    calendar = load_calendar(gateway.content.root / "schemas" / "calendar")
    try:
        return calendar.deadline(issued.astimezone(SHANGHAI).date(), working_days).isoformat()
    except Misconfigured as error:
        if error.code != "ECQS-1310":
            raise
        return None
