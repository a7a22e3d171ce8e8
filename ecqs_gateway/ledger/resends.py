"""Sending record versions once more: where they were sent first, and the batch that carries them again.

A batch headquarters has settled cannot be settled a second time, so what it lost goes out in a new batch of the lane:
the same records, each with the digest and the predecessor it had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger import differences, evidence, facts, lanes, outbox
from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.outbox import Outgoing
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import batch, dead_letter, extraction, record_version

__all__ = [
    "Origin",
    "Place",
    "Repair",
    "commit",
    "known_letters",
    "made_by",
    "origins",
    "places",
    "state_of",
    "stored_rows",
]

ROWS = ("key", "digest", "previous", "ordering", "extraction_id", "source_row")


@dataclass(frozen=True)
class Place:
    """A package, and the records of it that are wanted: position by key, and their rows in the ledger.

    ``rows`` has ``key``, ``digest`` and ``previous`` (hex), ``ordering``, ``extraction_id``, ``source_row``.
    """

    batch_id: str
    package: StagedFile
    positions: Mapping[str, int]
    rows: pl.DataFrame


def places(database: Database, lane_number: int, versions: Mapping[str, str]) -> list[Place]:
    """Find the packages that carried these versions (key → digest in hex), the latest one of each, in their order."""
    names = [record_version.c[name] for name in (*ROWS, "position")]
    wanted = (
        sa.select(*names, batch.c.id, batch.c.package, batch.c.package_digest, batch.c.package_size)
        .join(batch, (batch.c.lane_id == record_version.c.lane_id) & (batch.c.sequence == record_version.c.sequence))
        .order_by(record_version.c.sequence)
    )
    with database.read() as connection:
        mine = (record_version.c.lane_id == lane_number, in_values(connection, record_version.c.key, list(versions)))
        rows = connection.execute(wanted.where(*mine, batch.c.state == "loaded")).all()
    latest = {row.key: row for row in rows if bytes(row.digest).hex() == versions[row.key]}
    together: dict[str, list[sa.Row[Any]]] = {}
    for row in latest.values():
        together.setdefault(row.id, []).append(row)  # type: ignore[arg-type]
    return [_place(found) for _, found in sorted(together.items())]


def _place(found: Sequence[sa.Row[Any]]) -> Place:
    first = found[0]
    package = StagedFile(first.package, bytes(first.package_digest).hex(), first.package_size)
    rows = [{name: _plain(getattr(row, name)) for name in ROWS} for row in found]
    schema = {
        "key": pl.String, "digest": pl.String, "previous": pl.String, "ordering": pl.String,
        "extraction_id": pl.Int64, "source_row": pl.Int64,
    }  # fmt: skip
    return Place(first.id, package, {row.key: int(row.position) for row in found}, pl.DataFrame(rows, schema=schema))


def _plain(value: object) -> object:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


@dataclass(frozen=True)
class Repair:
    """Batches that carry versions once more or take records back, with their rows of ``record_version``.

    ``versions`` has the columns of the table but the lane; ``keys`` are those whose difference is being repaired,
    ``number`` the reconciliation that found it, and ``done`` what is done: ``resent`` or ``invalidated``.
    """

    batches: tuple[Outgoing, ...]
    versions: pl.DataFrame
    keys: tuple[str, ...]
    number: int
    side: str
    done: str = "resent"
    facts: Mapping[str, object] | None = None
    """What stands in the evidence of an invalidation."""


def commit(database: Database, lease: Lease, current: Run, repair: Repair) -> None:
    """Put the batches into the outbox together with their record versions.

    Raises Conflict ECQS-3010 (lease lost) or ECQS-3014 (sequence already used); then nothing is written.
    """
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        outbox.take_sequences(connection, lease, repair.batches)
        outbox.insert_batches(connection, lease, current, repair.batches)
        number = pl.lit(lease.lane_id).alias("lane_id")
        insert_frame(connection, record_version, repair.versions.with_columns(number).sort("key", "sequence"))
        facts.carry(connection, lease.lane_id, [sealed.sequence for sealed in repair.batches])
        differences.mark(connection, lease.lane_id, repair.side, repair.keys, number=repair.number, done=repair.done)
        for sealed in repair.batches:
            told: dict[str, object] = {
                "manifest": sealed.manifest_digest.hex(),
                "package": sealed.package.digest,
                "records": sealed.records,
                "reconciliation": repair.number,
            }
            evidence.append(connection, "sealed", sealed.id, told, clock=current.clock)
        if repair.facts is not None:
            subject = f"{lease.unit}/{lease.kind}"
            evidence.append(connection, "invalidation ordered", subject, repair.facts, clock=current.clock)


def known_letters(database: Database, lane_number: int, identities: pl.Series) -> pl.Series:
    """Give which of these identities are dead letters of the lane, in any state."""
    if identities.is_empty():
        return identities
    with database.read() as connection:
        mine = (
            dead_letter.c.lane_id == lane_number,
            in_values(connection, dead_letter.c.identity, identities.to_list()),
        )
        found = list(connection.execute(sa.select(dead_letter.c.identity).where(*mine)).scalars())
    return pl.Series(found, dtype=pl.String)


def stored_rows(database: Database, lane_number: int) -> int:
    """Count the rows that are stored and wait for the next run of the lane."""
    waiting = (extraction.c.lane_id == lane_number, extraction.c.state == "stored")
    with database.read() as connection:
        return int(
            connection.execute(
                sa.select(sa.func.coalesce(sa.func.sum(extraction.c.rows), 0)).where(*waiting)
            ).scalar_one()
        )


def made_by(database: Database, lane_number: int, keys: pl.Series, cause: str) -> set[str]:
    """Give which of these keys were last sent from rows extracted for this cause."""
    wanted = (
        sa.select(record_version.c.key, extraction.c.cause)
        .join(extraction, extraction.c.id == record_version.c.extraction_id)
        .order_by(record_version.c.sequence)
    )
    with database.read() as connection:
        mine = (record_version.c.lane_id == lane_number, in_values(connection, record_version.c.key, keys.to_list()))
        last: dict[str, str] = {row.key: row.cause for row in connection.execute(wanted.where(*mine))}
    return {key for key, why in last.items() if why == cause}


def state_of(database: Database, batch_id: str) -> str:
    """Say how far a batch has come."""
    with database.read() as connection:
        return str(connection.execute(sa.select(batch.c.state).where(batch.c.id == batch_id)).scalar_one())


@dataclass(frozen=True)
class Origin:
    """Where some records were made: the stored rows (stage files as JSON), the content bundle, and row by key."""

    files: str
    bundle: str
    rows: Mapping[str, int]


def origins(database: Database, lane_number: int, keys: Sequence[str]) -> list[Origin]:
    """Find the stored source rows of the last version of these keys, extraction by extraction."""
    wanted = (
        sa.select(
            record_version.c.key, record_version.c.source_row, extraction.c.id, extraction.c.files, batch.c.bundle
        )
        .join(batch, (batch.c.lane_id == record_version.c.lane_id) & (batch.c.sequence == record_version.c.sequence))
        .join(extraction, extraction.c.id == record_version.c.extraction_id)
        .order_by(record_version.c.sequence)
    )
    with database.read() as connection:
        mine = (record_version.c.lane_id == lane_number, in_values(connection, record_version.c.key, keys))
        last = {row.key: row for row in connection.execute(wanted.where(*mine))}
    together: dict[tuple[int, str], list[sa.Row[Any]]] = {}
    for row in last.values():
        together.setdefault((row.id, row.bundle), []).append(row)  # type: ignore[arg-type]
    return [
        Origin(found[0].files, bundle, {row.key: int(row.source_row) for row in found})
        for (_, bundle), found in sorted(together.items())
    ]
