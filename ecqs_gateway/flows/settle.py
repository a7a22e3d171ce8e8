"""What headquarters answers to one lane: receipts fetched in order, verified, booked or refused, and put aside."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping

from ecqs_gateway.deliver.receipts import Believed, RefusedReceipt, Sent, VerifiedReceipt, verify_receipt
from ecqs_gateway.deliver.transport import ReceiptStays, ReceiptTrouble, ReceiptUnread, RemoteReceipt, Transport
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.progress import Step
from ecqs_gateway.flows.refusals import with_source_keys
from ecqs_gateway.ledger import receipts, versions
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.receipts import Refusal, Taken
from ecqs_gateway.ledger.runs import Counts, Run
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.model.batch import BatchState
from ecqs_gateway.model.receipt import Level, Receipt

__all__ = ["Settling"]

_log = logging.getLogger(__name__)


class Settling:
    """Settles one lane by the receipts that wait at headquarters; lives for one run, used by one thread."""

    def __init__(self, gateway: Gateway, run: Run, lease: Lease) -> None:
        """Prepare; nothing is contacted yet."""
        self._gateway, self._run, self._lease = gateway, run, lease
        self.counts = Counts()
        """What the receipts of this run have settled."""
        self._early: dict[RemoteReceipt, tuple[Mapping[str, str], str]] = {}
        """Receipts that came before their turn: what had been accepted of their batch then, and their digest."""
        self._troubles: dict[RemoteReceipt, ReceiptTrouble] = {}
        """Receipts the last look could not fetch or not put aside, and why."""
        self._stays_told = False
        self._booked: dict[RemoteReceipt, str] = {}
        """Digests of receipts that were dealt with in this run and could not be put aside."""

    def settle(self, transport: Transport) -> None:
        """Take every receipt of this lane that waits at headquarters, in the order of its batches.

        One that cannot be fetched holds up only those of its own batch, one that cannot be put aside holds up nothing.
        Both are told once and tried again at every look. Raises what concerns more than one receipt.
        """
        before, self._troubles = self._troubles, {}
        failed: object = None
        for waiting in transport.list_receipts(self._lease.unit):
            if waiting.batch.kind != self._lease.kind or waiting.batch == failed:
                continue  # the levels of a batch follow one another
            try:
                self._take(transport, waiting, before.get(waiting))
            except ReceiptUnread as error:
                self._troubles[waiting], failed = error, waiting.batch
                if waiting not in before:
                    _log.warning("receipts.unread %s", error)
            except ReceiptStays as error:
                if not self._stays_told:  # often all of a folder: the first says enough
                    _log.warning("receipts.stays %s", error)
                self._troubles[waiting], self._stays_told = error, True

    def require_whole(self) -> None:
        """Raise what the last look left: ReceiptUnread where a batch waits for that receipt, then ReceiptStays."""
        for waiting, error in self._troubles.items():
            sent = self._sent(str(waiting.batch)) if isinstance(error, ReceiptUnread) else None
            if sent is not None and not sent.state.final:
                raise error
        if stuck := self._stuck():
            raise stuck[0]

    def _stuck(self) -> list[ReceiptStays]:
        return [trouble for trouble in self._troubles.values() if isinstance(trouble, ReceiptStays)]

    def _take(self, transport: Transport, waiting: RemoteReceipt, before: ReceiptTrouble | None) -> None:
        """Fetch, judge and put aside one receipt; ``before`` is what the last look could not do with it."""
        if isinstance(before, ReceiptStays) and self._stuck():
            raise before  # one that does not move is enough to ask in a look
        sent = self._sent(str(waiting.batch))
        held, seen = self._early.get(waiting, (None, None))
        if sent is not None and sent.held == held:
            return  # nothing has come since that could make it its turn
        data = transport.fetch(waiting)
        digest = hashlib.sha256(data).hexdigest()
        if self._booked.get(waiting) == digest:
            self._put_aside(transport, waiting, digest)
            return
        verdict = verify_receipt(data, waiting, sent, believed=self._believed())
        early = isinstance(verdict, RefusedReceipt) and verdict.wait
        if early and sent is not None:
            self._early[waiting] = (sent.held, digest)
        if early and digest == seen:
            return  # kept as evidence already
        if isinstance(verdict, VerifiedReceipt) and self._returns_what_it_took(verdict.receipt, sent):
            verdict = RefusedReceipt("ECQS-5114", "headquarters has taken this batch, so it cannot give it back")
        file = self._gateway.stage.put_sealed(f"receipts/{self._lease.unit}/{digest}.zip", data)
        if isinstance(verdict, VerifiedReceipt):
            self._book(verdict.receipt, waiting, file)
        else:
            self._refuse(verdict, waiting, file, known=sent is not None)
        if not early:  # else it stays where it is: it may fit once the level before has come
            self._put_aside(transport, waiting, digest)

    def _put_aside(self, transport: Transport, waiting: RemoteReceipt, digest: str) -> None:
        self._booked[waiting] = digest
        transport.take(waiting)
        del self._booked[waiting]  # the same bytes may be an answer to what is sent after this

    def _refuse(self, verdict: RefusedReceipt, waiting: RemoteReceipt, file: StagedFile, *, known: bool) -> None:
        """Keep a receipt that is not believed, or not yet, as evidence."""
        taken = Taken(str(waiting.batch), str(waiting.level), "", 0, "", waiting.name, file)
        reason = f"{verdict.code} {verdict.reason}"
        database, clock = self._gateway.database, self._run.clock
        receipts.store_refused(database, self._lease.unit, taken, reason, known_batch=known, clock=clock)
        self._gateway.progress(Step(self._lease.unit, self._lease.kind, "receipt refused", {"refused_receipts": 1}))

    def _book(self, receipt: Receipt, waiting: RemoteReceipt, file: StagedFile) -> None:
        refusals = tuple(Refusal(r.key or "", r.version or "", r.code, r.field, r.reason) for r in receipt.rejections)
        taken = Taken(
            batch_id=receipt.batch,
            level=str(receipt.level),
            receipt_id=receipt.id,
            number=receipt.number,
            issued_at=receipt.issued.isoformat(),
            name=waiting.name,
            file=file,
            refusals=with_source_keys(self._gateway, self._lease, receipt, refusals),
            returned=self._returned(receipt),
        )
        counts = receipts.settle(self._gateway.database, self._lease, self._run, taken)
        self.counts += counts
        changed = {name: value for name, value in vars(counts).items() if value}
        self._gateway.progress(Step(self._lease.unit, self._lease.kind, str(receipt.level), changed))

    def _returned(self, receipt: Receipt) -> bool:
        """Say whether headquarters refused to take the package at all, so that its batch id is still free."""
        free = self._gateway.national.receipts.returned
        refusals = receipt.rejections
        return receipt.level is Level.REJECTED and bool(refusals) and all(r.code in free for r in refusals)

    def _returns_what_it_took(self, receipt: Receipt, sent: Sent | None) -> bool:
        taken = sent is not None and sent.state not in (BatchState.SEALED, BatchState.SENT)
        return taken and self._returned(receipt)

    def _sent(self, batch_id: str) -> Sent | None:
        database, lane_number = self._gateway.database, self._lease.lane_id
        found = receipts.awaited(database, batch_id)
        if found is None or found.lane_id != lane_number:
            return None
        return Sent(
            id=found.id,
            unit=self._lease.unit,
            kind=self._lease.kind,
            sequence=found.sequence,
            records=found.records,
            manifest_digest=found.manifest_digest.hex(),
            parts=frozenset((name, algorithm, digest) for name, algorithm, digest in json.loads(found.parts)),
            versions=lambda: versions.in_batch(database, lane_number, found.sequence).select("key", version="digest"),
            state=BatchState(found.state),
            held=receipts.levels_taken(database, batch_id),
            last_number=receipts.last_number(database, batch_id),
        )

    def _believed(self) -> Believed:
        return Believed(self._gateway.trust, self._gateway.national.receipts.issuer, self._gateway.receipt_schema)
