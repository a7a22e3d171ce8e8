"""Headquarters at work: takes packages out of the inboxes, judges them, loads them, and answers with receipts.

    inbox ──claim──▶ spool ──receive──▶ received ──validate──▶ validated ──load──▶ loaded
                                │                     │
                                └──────▶ rejected ◀───┘

Each arrow right of the spool is one transaction with its receipt. A kill between two of them loses nothing: what the
ledger says is done stays done, the rest is still in the inbox, in the spool or in a state ``round`` goes on from.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from ecqs_gateway.doors import clock
from ecqs_gateway.sandbox import anchors
from ecqs_gateway.sandbox.home import Home, replace_file
from ecqs_gateway.sandbox.judge import glimpse, judge
from ecqs_gateway.sandbox.keys import KeyRing, SigningKey
from ecqs_gateway.sandbox.loading import load, refusals
from ecqs_gateway.sandbox.misbehave import Misbehaviour
from ecqs_gateway.sandbox.package import Arrival, Manifest, Refusal, Schemas, examine, file_name, reopen
from ecqs_gateway.sandbox.receipts import ReceiptFacts, RecordRefusal, write_receipt
from ecqs_gateway.sandbox.reports import KIND as REPORT
from ecqs_gateway.sandbox.reports import examine_report
from ecqs_gateway.sandbox.store import Package, Pending, Store

__all__ = ["Office", "Processor"]

_log = logging.getLogger(__name__)
_REORDER_PAUSE = 0.15
_CONFLICT = Refusal("HQ-106", "同一批次号已有内容不同的数据包")


@dataclass(frozen=True)
class Office:
    """Who headquarters is: its seal, its name on receipts, the keys and schemas it checks against."""

    seal: SigningKey
    issuer: str
    keys: KeyRing
    schemas: Schemas


class Processor:
    """Works through whatever lies in the accounts' inboxes; one thread only."""

    def __init__(
        self, home: Home, store: Store, office: Office, misbehaviour: Misbehaviour, *, die: Callable[[], NoReturn]
    ) -> None:
        self._home = home
        self._store = store
        self._office = office
        self._misbehaviour = misbehaviour
        self._die = die

    def round(self) -> bool:
        """Do what there is to do up to and including one heavy step; True when there may be more."""
        self._misbehaviour.look()
        self._claim()
        worked = False
        for path in sorted(self._home.spool.iterdir()):
            self._receive(path)
            self._publish()
            worked = True
        package = self._store.next_ready()
        if package is not None:
            self._advance(package)
            worked = True
        return self._publish() or worked

    def idle(self) -> bool:
        """True when nothing is left to do: gaps may be waiting for their batch, copies for the first to be taken."""
        return not (
            any(self._inbox_files())
            or any(self._home.spool.iterdir())
            or self._store.next_ready()
            or self._store.open_publications()
        )

    # Inbox and spool

    def _inbox_files(self) -> Iterator[Path]:
        for inbox in sorted(self._home.files.glob("*/inbox/*")):
            if inbox.is_dir() and not inbox.is_symlink():
                yield from (path for path in sorted(inbox.iterdir()) if _finished(path))

    def _claim(self) -> None:
        """Move finished files out of the accounts' reach, so that nothing changes under the hands of the checks."""
        for path in self._inbox_files():
            account, unit = path.parent.parent.parent.name, path.parent.name
            said = file_name(path.name)
            if said is None or said[0] != unit:
                self._set_aside(path)
                continue
            path.replace(self._home.spool / f"{time.time_ns():020d}~{account}~{path.name}")

    def _set_aside(self, path: Path) -> None:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        replace_file(self._home.strange / f"{digest}.bin", data)
        with self._store.transaction():
            self._store.alarm("strange file", f"an inbox held a file that is no package: {digest}")
        path.unlink()

    # received, or rejected at once

    def _receive(self, path: Path) -> None:
        _, account, name = path.name.split("~", 2)
        said = file_name(name)
        if said is None:
            self._set_aside(path)
            return
        arrival = Arrival(account, *said, path.read_bytes())
        kept = self._home.package(arrival.digest)
        if not kept.exists():
            replace_file(kept, arrival.data)
        known = self._store.find(arrival.batch, arrival.digest)
        if known is not None and known.bound:
            self._repeat(known, account)
        else:
            self._examine(arrival)
        path.unlink()

    def _examine(self, arrival: Arrival) -> None:
        report = arrival.kind == REPORT
        if report:
            manifest, refusal = examine_report(arrival, self._office.keys)
        else:
            manifest, refusal = examine(arrival, self._office.keys, self._office.schemas)
        holder = self._store.bound(arrival.batch)
        if refusal is None and holder is None:
            with self._step("received"):
                package = self._store.add_package(arrival, manifest, bound=True)
                if report:  # nothing follows: it is kept as it came
                    kept = replace(self._store.move(package, "kept"), parts=manifest.parts)
                    self._issue(kept, "received")
                    return
                if package.sequence > 1 and self._store.predecessor(package) is None:
                    self._store.alarm("gap", "held until the batches before it have come", batch=package.batch)
                anchors.keep(self._store, package, manifest.attributes)
                self._issue(package, "received")
            return
        self._refuse(arrival, manifest, refusal or _CONFLICT, holder)

    def _refuse(self, arrival: Arrival, manifest: Manifest, refusal: Refusal, holder: Package | None) -> None:
        known = self._store.refused(arrival.batch, arrival.digest, refusal.code)
        if known is not None:
            self._repeat(known, arrival.account)
            return
        with self._step("rejected"):
            binds = refusal.binds and holder is None
            kept = self._store.add_package(arrival, manifest, bound=binds, code=refusal.code)
            package = replace(kept, parts=manifest.parts)  # a report has more than one
            if holder is not None:
                self._store.alarm(
                    "conflict", f"other bytes under a batch id that is taken: {arrival.digest}", batch=arrival.batch
                )
            self._issue(package, "rejected", refusals=(RecordRefusal(refusal.code, refusal.reason),))

    def _repeat(self, package: Package, account: str) -> None:
        """Answer bytes that came before with the receipts they got; of a refused package, with the refusal only."""
        with self._store.transaction():
            self._store.came_again(package, account)
            for row in self._store.receipts_of(package):
                if package.state != "rejected" or row["level"] == "rejected":
                    self._misbehaviour.plan(package, row["level"], row["number"], bytes(row["bytes"]))

    # validated, loaded

    def _advance(self, package: Package) -> None:
        if package.state == "received":
            self._validate(package)
        else:
            self._load(package)

    def _validate(self, package: Package) -> None:
        data = self._home.package(package.digest).read_bytes()
        xml = b""
        try:
            said, xml = reopen(data)
            self._check_chain(package)
            verdicts = judge(xml, said, self._office.schemas)
        except Refusal as refusal:
            with self._step("rejected"):
                self._store.add_verdicts(package, glimpse(xml), outcome="batch_refused")
                rejected = self._store.move(package, "rejected", code=refusal.code)
                self._issue(rejected, "rejected", refusals=(RecordRefusal(refusal.code, refusal.reason),))
            return
        invalid = sum(verdict.code is not None for verdict in verdicts)
        with self._step("validated"):
            self._store.add_verdicts(package, verdicts)
            counts = {"records": len(verdicts), "valid": len(verdicts) - invalid, "invalid": invalid}
            validated = self._store.move(package, "validated")
            self._issue(validated, "validated", counts=counts, refusals=refusals(self._store, package))

    def _check_chain(self, package: Package) -> None:
        """Hold the manifest's link against the batch before it in the same sequence."""
        before = self._store.predecessor(package)
        if package.previous is not None and (before is None or package.previous != before.manifest):
            raise Refusal("HQ-108", "清单所述上一批次与已接收的不一致", binds=True)

    def _load(self, package: Package) -> None:
        with self._step("loaded"):
            loaded = load(self._store, package)
            refused = refusals(self._store, package)
            counts = {"records": loaded.count + len(refused), "loaded": loaded.count, "rejected": len(refused)}
            done = self._store.move(package, "loaded")
            self._issue(done, "loaded", counts=counts, loaded_digest=loaded.digest, refusals=refused)

    # Receipts

    @contextmanager
    def _step(self, level: str) -> Iterator[None]:
        """One transaction that reaches a level, with the two instants at which headquarters can be told to die."""
        point = self._misbehaviour.crash_point(level)
        with self._store.transaction():
            yield
            if point == "before_commit":
                self._die()
        if point == "after_commit":
            self._die()

    def _issue(
        self,
        package: Package,
        level: str,
        *,
        counts: dict[str, int] | None = None,
        loaded_digest: str | None = None,
        refusals: tuple[RecordRefusal, ...] = (),
    ) -> None:
        number, issued = self._store.next_number(), clock.now()
        facts = ReceiptFacts(
            *(level, package.batch, package.unit, package.kind, package.sequence, package.manifest, package.parts),
            counts=counts,
            loaded_digest=loaded_digest,
            refusals=refusals,
        )
        data = write_receipt(facts, number=number, issued=issued, issuer=self._office.issuer, key=self._office.seal)
        digest = hashlib.sha256(data).hexdigest()
        kept = (digest, issued.isoformat(), package.code or "")
        self._store.add_receipt(package, level, data, number=number, facts=kept)
        self._misbehaviour.plan(package, level, number, data)

    def _publish(self) -> bool:
        """Let the receipts that are due appear; True when one did."""
        appeared = False
        for pending in self._store.due(time.time()):
            folder = self._home.root(pending.package.account) / "receipts" / pending.package.unit
            target = folder / f"{pending.package.batch}.{pending.level}.zip"
            if target.exists() and self._must_wait(target, pending):
                continue
            replace_file(target, pending.payload)
            self._store.published(pending, pause=_REORDER_PAUSE if pending.reversed else 0.0)
            appeared = True
            if pending.reversed:
                break  # the others of its batch have just been put off
        return appeared

    def _must_wait(self, target: Path, pending: Pending) -> bool:
        """A copy waits until the first is taken; nothing displaces another receipt of ours nobody has taken yet."""
        if pending.after_taken:
            return True
        there = hashlib.sha256(target.read_bytes()).hexdigest()
        if there == hashlib.sha256(pending.payload).hexdigest():
            return False
        return self._store.is_receipt(there, pending.package.batch, pending.level)


def _finished(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix != ".part" and path.is_file() and not path.is_symlink()
