"""The report on its way: sealed and stored first, then sent, and settled by headquarters' receipt. One a unit.

A unit's report holds that unit alone. What headquarters has accepted of a month is not sent again unless somebody
asks for another edition; what it has not answered is sent again as the same bytes.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.deliver.package import Chain
from ecqs_gateway.deliver.receipts import Believed, RefusedReceipt, Sent, verify_receipt
from ecqs_gateway.deliver.report_package import REPORT_KIND, REPORT_PARTS, report_id, seal_report
from ecqs_gateway.deliver.send import Outcome, Pace, Result, Retry, Sendable, send_lane
from ecqs_gateway.deliver.sftp import Folders, SftpTransport
from ecqs_gateway.deliver.transport import ReceiptStays, ReceiptUnread, RemoteReceipt, Transport
from ecqs_gateway.doors.ssh import Endpoint
from ecqs_gateway.flows.deliver import unit_budget
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.report.context import Context
from ecqs_gateway.flows.report.make import files_of
from ecqs_gateway.flows.report.sections import make
from ecqs_gateway.ledger import evidence, receipts, report_outbox, stops
from ecqs_gateway.ledger.receipts import Taken
from ecqs_gateway.ledger.report_outbox import Message
from ecqs_gateway.model.batch import BatchState, parse_batch_id

__all__ = ["SentReport", "send_unit"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SentReport:
    """What became of one unit's report: ``state`` is sealed, sent, received or rejected."""

    unit: str
    id: str
    state: str
    error: str | None = None


def send_unit(gateway: Gateway, unit: str, month: str | None = None, *, again: bool = False) -> SentReport:
    """Send one unit's report and wait for headquarters' receipt as long as the national settings say.

    Raises what stopped it, Terminal ECQS-8112 when headquarters refused the report.
    """
    context = Context.of(gateway, month, [unit])
    message = report_outbox.last(gateway.database, unit, context.month)
    if message is None or message.state == "rejected" or (again and message.state == "received"):
        message = _sealed(context, unit, message)
    if message.state != "received":
        orders = stops.standing(gateway.database, unit, REPORT_KIND)
        if orders:
            return SentReport(unit, message.id, message.state, orders[0].sentence())
        _deliver(gateway, unit)
        message = report_outbox.one(gateway.database, message.id) or message
    return SentReport(unit, message.id, message.state, message.last_error)


def _sealed(context: Context, unit: str, before: Message | None) -> Message:
    """Make, sign and store the next edition."""
    gateway, report = context.gateway, make(context)
    name = report_id(unit, context.month, before.edition + 1 if before else 1)
    made = files_of(report, "zh")
    parts = {part: next(d for n, d in made.items() if n.endswith(part.removeprefix("report"))) for part in REPORT_PARTS}
    with gateway.database.read() as connection:
        entry, head = evidence.head(connection)
    sealed = seal_report(
        name,
        parts,
        created=context.created,
        content=gateway.content.digest,
        records=report.counted(),
        signer=gateway.signer,
        chain=Chain(evidence=head.hex(), entry=entry),
    )
    package = gateway.stage.put(f"outbox/{unit}/{REPORT_KIND}/{sealed.digest[:12]}-{sealed.name}", sealed.data)
    message = Message(
        id=sealed.id,
        unit=unit,
        month=context.month,
        edition=name.sequence % 100,
        data_digest=hashlib.sha256(parts["report.json"]).digest(),
        records=sealed.records,
        manifest_digest=bytes.fromhex(sealed.manifest_digest),
        parts=tuple((part.name, part.digest_algorithm, part.digest) for part in sealed.manifest.parts),
        package=package,
    )
    report_outbox.add(gateway.database, message, clock=gateway.clock)
    return message


@dataclass(frozen=True)
class _Outbox:
    """The reports of one unit, as the sender wants them."""

    gateway: Gateway
    unit: str

    def waiting(self) -> Sequence[Sendable]:
        """List what headquarters has not answered."""
        found = report_outbox.waiting(self.gateway.database, self.unit)
        return [Sendable(m.id, m.unit, REPORT_KIND, parse_batch_id(m.id).sequence) for m in found]

    def load(self, batch: Sendable) -> bytes:
        """Give the stored bytes."""
        package = self._one(batch).package
        return self.gateway.stage.get(package.name, package.digest)

    def record(self, batch: Sendable, outcome: Outcome) -> None:
        """Keep what an attempt came to."""
        if outcome.result is not Result.STOPPED:
            report_outbox.attempted(self.gateway.database, self._one(batch), outcome.error, clock=self.gateway.clock)

    def _one(self, batch: Sendable) -> Message:
        return next(m for m in report_outbox.waiting(self.gateway.database, self.unit) if m.id == batch.id)


def _deliver(gateway: Gateway, unit: str) -> None:
    settings = gateway.national
    endpoint = Endpoint.of(gateway.resolve(settings.transport.connection), host_key=settings.transport.host_key)
    transport: Transport = SftpTransport(endpoint, Folders(settings.transport.inbox, settings.transport.receipts))
    retry = Retry(
        settings.retry.attempts,
        settings.retry.first_delay.total_seconds(),
        settings.retry.longest_delay.total_seconds(),
    )
    pace = Pace(clock=gateway.clock, stopped=lambda: bool(stops.standing(gateway.database, unit, REPORT_KIND)))
    try:
        _take_receipts(gateway, unit, transport)
        done = send_lane(_Outbox(gateway, unit), transport, retry=retry, pace=pace, budget=unit_budget(gateway))
        if done.error is not None:
            raise done.error
        end = time.monotonic() + settings.receipts.wait.total_seconds()
        unread: ReceiptUnread | None = None
        while report_outbox.waiting(gateway.database, unit) and time.monotonic() < end:
            unread = _take_receipts(gateway, unit, transport)
            time.sleep(min(settings.receipts.poll.total_seconds(), max(0.0, end - time.monotonic())))
        if unread is not None and report_outbox.waiting(gateway.database, unit):
            raise unread
    finally:
        transport.close()


def _take_receipts(gateway: Gateway, unit: str, transport: Transport) -> ReceiptUnread | None:
    """Take what waits, each by itself; gives why the first of those that could not be fetched could not."""
    unread: ReceiptUnread | None = None
    for remote in transport.list_receipts(unit):
        if remote.batch.kind != REPORT_KIND:
            continue
        try:
            _take(gateway, unit, transport, remote)
        except ReceiptUnread as error:
            unread = unread or error
        except ReceiptStays as error:
            _log.warning("receipts.stays %s", error)  # what it says is booked
    return unread


def _take(gateway: Gateway, unit: str, transport: Transport, remote: RemoteReceipt) -> None:
    """Verify a receipt and book it; one that is not believed is kept as evidence and changes nothing."""
    data = transport.fetch(remote)
    message = report_outbox.one(gateway.database, str(remote.batch))
    # The receipt's XSD lists the record kinds, of which a report is none: the document is read as strictly without it.
    believed = Believed(gateway.trust, gateway.national.receipts.issuer)
    verdict = verify_receipt(data, remote, _expected(message) if message else None, believed=believed)
    file = gateway.stage.put_sealed(f"receipts/{unit}/{hashlib.sha256(data).hexdigest()}.zip", data)
    if isinstance(verdict, RefusedReceipt) or message is None:
        reason = f"{verdict.code} {verdict.reason}" if isinstance(verdict, RefusedReceipt) else "no report of this id"
        taken = Taken(str(remote.batch), str(remote.level), "", 0, "", remote.name, file)
        receipts.store_refused(gateway.database, unit, taken, reason, known_batch=False, clock=gateway.clock)
    else:
        refusals = verdict.receipt.rejections
        why = f"{refusals[0].code} {refusals[0].reason[:200]}" if refusals else None
        level = str(verdict.receipt.level)
        report_outbox.settled(gateway.database, message, level=level, reason=why, file=file, clock=gateway.clock)
    transport.take(remote)


def _expected(message: Message) -> Sent:
    """Give what the receipt is held against; one that was booked is held against what was sent all the same."""
    name = parse_batch_id(message.id)
    return Sent(
        id=message.id,
        unit=message.unit,
        kind=REPORT_KIND,
        sequence=name.sequence,
        records=message.records,
        manifest_digest=message.manifest_digest.hex(),
        parts=frozenset(message.parts),
        versions=lambda: pl.DataFrame(schema={"key": pl.String, "version": pl.String}),
        state=BatchState.SENT,
    )
