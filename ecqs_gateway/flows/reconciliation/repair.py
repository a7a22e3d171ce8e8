"""Mending what may be mended without a person: what was lost goes out again, what slipped is put in line.

A record that headquarters lost is sent as the same version: the very element that was sent, in a new batch, taken out
of the package it was sent in. Nothing is ever deleted at headquarters here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.deliver import xml
from ecqs_gateway.deliver.package import Chain, compress_batch, seal_batch
from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.errors import GatewayError, Terminal
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.flows.deliver import Delivery
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.prepare import frames_of
from ecqs_gateway.flows.reconciliation.compare import Lane
from ecqs_gateway.flows.reconciliation.result import Repaired
from ecqs_gateway.ledger import differences, evidence, extractions, lanes, resends
from ecqs_gateway.ledger.extractions import Extraction
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.outbox import Outgoing
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.model.batch import BatchHeader, BatchId
from ecqs_gateway.reconcile import contents
from ecqs_gateway.reconcile.differences import HEADQUARTERS, SOURCE, Action, Difference

__all__ = ["Element", "repair", "seal_elements"]


@dataclass(frozen=True)
class Element:
    """One record to be sent: its ``record`` element, and its row of the ledger's ``record_version``.

    ``row`` has ``key``, ``digest``, ``previous``, ``ordering``, ``extraction_id``, ``source_row``.
    """

    text: str
    row: Mapping[str, object]


def repair(
    gateway: Gateway, run: Run, lane: Lane, number: int, found: Sequence[Difference], rows: Sequence[Chunk]
) -> Repaired:
    """Send again what headquarters lost and queue what slipped; ``number`` is that of the reconciliation.

    What is sealed is delivered at once, unless an operator's order or a hold forbids it: then it waits in the outbox.
    Raises Transient ECQS-3004 while another run works on the lane, and what delivering raises.
    """
    lost = {each.key: each.here or "" for each in found if each.action is Action.RESEND}
    slipped = [each.key for each in found if each.action is Action.QUEUE]
    if not lost and not slipped:
        return Repaired()
    lease = lanes.acquire(gateway.database, lane.unit, lane.kind, clock=gateway.clock)
    gateway.limits.leases.add(lease)
    try:
        with lanes.kept(gateway.database, lease, clock=gateway.clock):
            lanes.require_reconciled(lanes.state(gateway.database, lease).held_reason, f"{lane.unit} {lane.kind}")
            queued = _queue(gateway, run, lease, number, slipped, rows) if slipped else 0
            batches = _resend(gateway, run, lease, number, lost) if lost else ()
            stopped = _deliver(gateway, run, lease) if batches else None
    finally:
        gateway.limits.leases.discard(lease)
        lanes.release(gateway.database, lease)
    return Repaired(len(lost), queued, batches, stopped)


def _queue(gateway: Gateway, run: Run, lease: Lease, number: int, keys: Sequence[str], rows: Sequence[Chunk]) -> int:
    """Store source rows as extractions of their lane, for the next run to map; the watermark stays."""
    count = 0
    drafts = []
    for place, chunk in enumerate(rows):
        frames = {role: frame for role, frame in frames_of(chunk).items() if role != "unreadable"}
        files = extractions.stage_frames(gateway.stage, lease, f"{run.id}-{lease.fence}-sweep-{place:06d}", frames)
        drafts.append(Extraction(0, chunk.frame.height, chunk.origin, files))
        count += chunk.frame.height
    with gateway.database.write() as connection:
        lanes.guard(connection, lease, clock=gateway.clock)
        differences.mark(connection, lease.lane_id, SOURCE, keys, number=number, done="queued")
        for draft in drafts:
            extractions.insert(connection, lease, run, draft)
    return count


def _resend(gateway: Gateway, run: Run, lease: Lease, number: int, lost: Mapping[str, str]) -> tuple[str, ...]:
    elements = list(_elements(gateway, lease, lost))
    sealed, versions = seal_elements(gateway, lease, elements)
    keys = tuple(str(element.row["key"]) for element in elements)
    repaired = resends.Repair(tuple(sealed), versions, keys, number, HEADQUARTERS)
    resends.commit(gateway.database, lease, run, repaired)
    return tuple(batch.id for batch in sealed)


def _elements(gateway: Gateway, lease: Lease, lost: Mapping[str, str]) -> Iterator[Element]:
    """Take the records out of the packages they were sent in; raises Terminal ECQS-8041 where one is gone."""
    met: set[str] = set()
    for place in resends.places(gateway.database, lease.lane_id, lost):
        try:
            package = gateway.stage.get(place.package.name, place.package.digest)
        except GatewayError as error:
            raise _gone(lease, f"package {place.batch_id}: {error.message}") from error
        texts = contents.elements_of(package, place.positions)
        for row in place.rows.iter_rows(named=True):
            met.add(row["key"])
            yield Element(texts[row["key"]], row)
    if len(met) != len(lost):
        raise _gone(lease, f"{len(lost) - len(met)} versions stand in no loaded batch of the ledger")


def _gone(lease: Lease, why: str) -> Terminal:
    return Terminal(
        "ECQS-8041",
        f"what headquarters lost cannot be sent again as it was: {why}",
        where=f"{lease.unit} {lease.kind}",
        hint="restore the package from a backup, or let the source send it anew: change its row's time of change, or"
        f" `ecqs sync --unit {lease.unit} --kind {lease.kind} --since DAY` once a person has corrected the row",
    )


def seal_elements(gateway: Gateway, lease: Lease, elements: Sequence[Element]) -> tuple[list[Outgoing], pl.DataFrame]:
    """Put records into new batches of a lane, validated and signed; gives the batches and their record versions.

    Raises Terminal ECQS-8042 where the schema of today refuses what was good when it was sent.
    """
    state = lanes.state(gateway.database, lease)
    previous = state.previous_manifest.hex() if state.previous_manifest else None
    size = gateway.national.batch.records
    batches: list[Outgoing] = []
    rows: list[dict[str, object]] = []
    for place in range(0, len(elements), size):
        some = elements[place : place + size]
        sequence = state.next_sequence + len(batches)
        sealed = _sealed(gateway, lease, sequence, some, previous)
        previous = sealed.manifest_digest.hex()
        batches.append(sealed)
        rows += [{**each.row, "sequence": sequence, "position": at} for at, each in enumerate(some)]
    return batches, pl.DataFrame(rows, schema=_VERSIONS)


_VERSIONS = {
    "key": pl.String, "sequence": pl.Int64, "digest": pl.String, "previous": pl.String, "position": pl.Int64,
    "ordering": pl.String, "extraction_id": pl.Int64, "source_row": pl.Int64,
}  # fmt: skip


def _sealed(gateway: Gateway, lease: Lease, sequence: int, some: Sequence[Element], previous: str | None) -> Outgoing:
    header = BatchHeader.of(
        BatchId(lease.unit, lease.kind, sequence), created=gateway.clock(), content=gateway.content.digest
    )
    data = xml.assemble(header, pl.Series([each.text for each in some], dtype=pl.String))
    problems = gateway.schema.check(data)
    if problems:
        raise Terminal(
            "ECQS-8042",
            f"the exchange schema refuses what was good when it was sent ({problems[0].kind}); nothing was sent",
            where=header.id,
            hint="the schema changed since: let the records be mapped anew with `ecqs sync --since DAY`",
        )
    with gateway.database.read() as connection:
        entry, head = evidence.head(connection)
    compressed = compress_batch(data, algorithm(gateway.signer.algorithm).digest)
    chain = Chain(previous=previous, evidence=head.hex(), entry=entry)
    sealed = seal_batch(header, compressed, records=len(some), signer=gateway.signer, chain=chain)
    name = f"outbox/{lease.unit}/{lease.kind}/{lease.fence:06d}-{sealed.name}"
    return Outgoing(
        id=sealed.id,
        sequence=sequence,
        records=sealed.records,
        destination=gateway.national.transport.connection,
        manifest=sealed.manifest_xml,
        manifest_digest=bytes.fromhex(sealed.manifest_digest),
        parts=gateway.parts_json(sealed),
        package=gateway.stage.put(name, sealed.data),
    )


def _deliver(gateway: Gateway, run: Run, lease: Lease) -> str | None:
    """Send what is in the lane's outbox and settle the receipts; say who forbids it where someone does."""
    delivery = Delivery(gateway, run, lease)
    delivery.to_the_end()
    return delivery.stopped
