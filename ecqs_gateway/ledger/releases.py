"""Letting a held lane send again: which records of refused batches are still owed, and the commit that owes them anew.

A batch that headquarters took and refused as a whole keeps its id for ever and is not sent again: what was refused once
is refused again. Its records go out as new versions in a new batch, made of their stored source rows, unless a newer
version of the same record is on its way already. A package headquarters gave back without taking it is another matter:
its batch id is free, the batches behind it have to wait for it, and so the same batch is sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from ecqs_gateway import __version__
from ecqs_gateway.ledger import evidence, extractions, lanes
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.extractions import Extraction
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.receipts import RETURNED
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import batch, extraction, lane, receipt, record_version

__all__ = ["CAUSE", "Origin", "Release", "Resealed", "commit", "origins", "owed", "returned"]

CAUSE = "release"
"""Cause of an extraction that carries rows of refused batches once more."""


@dataclass(frozen=True)
class Origin:
    """The stored extraction some owed records came from; ``pruned`` when its rows were removed under the retention."""

    extraction: Extraction
    at: str
    pruned: bool


@dataclass(frozen=True)
class Resealed:
    """A batch that was never taken, signed with the key of today: what the ledger must know of it."""

    id: str
    manifest: bytes
    manifest_digest: bytes
    parts: str
    package: StagedFile


@dataclass(frozen=True)
class Release:
    """A release as it is kept as evidence: why, by whom, of which refused batches, and how many records it left."""

    reason: str
    by: str
    batches: Sequence[str] = ()
    left: int = 0
    resealed: Sequence[Resealed] = ()
    """Batches of the lane's end that are signed anew, in sequence order, the last of them the lane's last."""


def returned(database: Database, lane_number: int) -> list[str]:
    """Give the ids of the batches headquarters gave back and has not taken since, in sequence order."""
    gave_back = sa.select(receipt.c.batch_id).where(receipt.c.verdict == RETURNED)
    wanted = sa.select(batch.c.id).where(
        batch.c.lane_id == lane_number, batch.c.state == "sealed", batch.c.id.in_(gave_back)
    )
    with database.read() as connection:
        return list(connection.execute(wanted.order_by(batch.c.sequence)).scalars())


def owed(database: Database, lane_number: int) -> tuple[pl.DataFrame, int]:
    """Give the records whose newest version lies in a refused batch, and how many refused ones were replaced since.

    Columns: ``extraction_id``, ``source_row``, ``batch_id``. However often a record was refused, it is owed once.
    """
    newer = record_version.alias()
    mine = sa.and_(batch.c.lane_id == record_version.c.lane_id, batch.c.sequence == record_version.c.sequence)
    replaced = sa.exists().where(
        newer.c.lane_id == record_version.c.lane_id,
        newer.c.key == record_version.c.key,
        newer.c.sequence > record_version.c.sequence,
    )
    columns = (record_version.c.extraction_id, record_version.c.source_row, batch.c.id)
    wanted = (
        sa.select(*columns, replaced)
        .join(batch, mine)
        .where(record_version.c.lane_id == lane_number, batch.c.state == "rejected")
        .order_by(record_version.c.extraction_id, record_version.c.source_row)
    )
    with database.read() as connection:
        found = connection.execute(wanted).all()
    schema = {"extraction_id": pl.Int64, "source_row": pl.Int64, "batch_id": pl.String, "replaced": pl.Boolean}
    frame = pl.DataFrame([tuple(row) for row in found], schema=schema, orient="row")
    still = frame.filter(~pl.col("replaced")).drop("replaced")
    return still, frame.height - still.height


def origins(database: Database, numbers: Sequence[int]) -> list[Origin]:
    """Give extractions by their numbers, oldest first."""
    wanted = sa.select(extraction).where(extraction.c.id.in_(numbers)).order_by(extraction.c.id)
    with database.read() as connection:
        found = connection.execute(wanted).all()
    return [
        Origin(
            Extraction(f.id, f.rows, f.origin, StagedFile.many_from_json(f.files)),
            f.created_at,
            f.pruned_at is not None,
        )
        for f in found
    ]


def commit(database: Database, lease: Lease, current: Run, again: Sequence[Extraction], act: Release) -> None:
    """Store the rows that go out once more and lift the hold, both or neither; raises Conflict ECQS-3010."""
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        for each in again:
            extractions.insert(connection, lease, current, each)
        for sealed in act.resealed:
            _reseal(connection, lease, current, sealed)
        if act.resealed:
            last = {"previous_manifest": act.resealed[-1].manifest_digest}
            connection.execute(sa.update(lane).where(lane.c.id == lease.lane_id).values(last))
        facts: dict[str, object] = {"batches": list(act.batches), "rows": sum(e.rows for e in again), "left": act.left}
        facts |= {"by": act.by, "reason": hashlib.sha256(act.reason.encode()).hexdigest()}
        evidence.append(connection, "release ordered", f"{lease.unit}/{lease.kind}", facts, clock=current.clock)
        lanes.unhold(connection, lease.lane_id, clock=current.clock)


def _reseal(connection: sa.Connection, lease: Lease, current: Run, sealed: Resealed) -> None:
    mine = sa.and_(batch.c.id == sealed.id, batch.c.lane_id == lease.lane_id, batch.c.state == "sealed")
    found = connection.execute(sa.select(batch.c.records, batch.c.sequence).where(mine)).one()
    carried = (record_version.c.lane_id == lease.lane_id, record_version.c.sequence == found.sequence)
    origin = connection.execute(sa.select(record_version.c.extraction_id).where(*carried).limit(1)).scalar()
    values: dict[str, object] = {"manifest": sealed.manifest, "manifest_digest": sealed.manifest_digest}
    values |= {"parts": sealed.parts, "package": sealed.package.name, "package_size": sealed.package.size}
    values |= {"package_digest": bytes.fromhex(sealed.package.digest), "engine": __version__}
    connection.execute(sa.update(batch).where(mine).values(values))
    facts: dict[str, object] = {"manifest": sealed.manifest_digest.hex(), "package": sealed.package.digest}
    facts |= {"records": found.records} | ({"extraction": origin} if origin is not None else {})
    evidence.append(connection, "sealed", sealed.id, facts, clock=current.clock)
