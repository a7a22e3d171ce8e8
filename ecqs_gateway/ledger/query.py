"""Reading the ledger for people: how the last run went, where each lane stands, everything known of one record."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.ledger import runs
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import (
    attempt,
    batch,
    dead_letter,
    extraction,
    finding,
    lane,
    receipt,
    record_version,
    run,
    run_count,
)

__all__ = ["corrected_versions", "find_record", "last_run", "refused_versions", "run_counts", "status"]

Row = dict[str, Any]
"""One row as a plain mapping; binary columns as hex text."""


def _rows(connection: sa.Connection, statement: sa.Select[Any]) -> list[Row]:
    return [
        {k: bytes(v).hex() if isinstance(v, bytes | memoryview) else v for k, v in found._mapping.items()}  # noqa: SLF001
        for found in connection.execute(statement)
    ]


def last_run(database: Database, flow: str | None = None) -> Row | None:
    """Give the newest run, of one flow or of any."""
    wanted = sa.select(run).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(1)
    with database.read() as connection:
        found = _rows(connection, wanted.where(run.c.flow == flow) if flow else wanted)
    return found[0] if found else None


def run_counts(database: Database, run_id: str) -> list[Row]:
    """Give the counts of a run, one row per unit and kind, with ``error`` and by whom it was ``stopped``, or None."""
    wanted = (
        sa.select(lane.c.unit, lane.c.kind, *(c for c in run_count.c if c.name not in ("run_id", "lane_id")))
        .join(lane, lane.c.id == run_count.c.lane_id)
        .where(run_count.c.run_id == run_id)
        .order_by(lane.c.unit, lane.c.kind)
    )
    with database.read() as connection:
        found = _rows(connection, wanted)
    for row in found:
        phases: dict[str, str] = json.loads(row["error"] or "{}")
        row["stopped"] = phases.pop(runs.STOPPED, None)
        row["error"] = "; ".join(phases.values()) or None
    return found


def status(database: Database) -> list[Row]:
    """Give where each lane stands: totals, what waits, oldest unsettled batch, open dead letters, hold, lease."""
    unsettled = batch.c.state.in_(("sealed", "sent", "received", "validated"))

    def of_lane(column: sa.ColumnElement[Any], table: sa.Table, *where: sa.ColumnElement[bool]) -> Any:
        return sa.select(column).select_from(table).where(table.c.lane_id == lane.c.id, *where).scalar_subquery()

    loaded = sa.func.coalesce(sa.func.sum(batch.c.records - batch.c.rejected), 0)
    wanted = sa.select(
        lane.c.unit,
        lane.c.kind,
        (lane.c.next_sequence - 1).label("batches"),
        of_lane(loaded, batch, batch.c.state == "loaded").label("loaded"),
        of_lane(sa.func.count(), batch, batch.c.state == "sealed").label("waiting_batches"),
        of_lane(sa.func.count(), batch, unsettled, batch.c.state != "sealed").label("unsettled_batches"),
        of_lane(sa.func.min(batch.c.sealed_at), batch, unsettled).label("oldest_unsettled"),
        of_lane(sa.func.count(), batch, batch.c.state == "rejected").label("refused_batches"),
        of_lane(sa.func.count(), dead_letter, dead_letter.c.state == "open").label("dead_letters"),
        of_lane(sa.func.count(), extraction, extraction.c.state == "stored").label("unprocessed_extractions"),
        of_lane(sa.func.max(extraction.c.created_at), extraction).label("last_extracted"),
        lane.c.held_reason,
        lane.c.lease_owner,
        lane.c.lease_until,
    ).order_by(lane.c.unit, lane.c.kind)
    with database.read() as connection:
        return _rows(connection, wanted)


def refused_versions(database: Database, lane_number: int) -> list[str]:
    """Give the digests (hex) of record versions headquarters refused and nothing has replaced yet."""
    return _refused(database, lane_number, ("open", "discarded"))


def corrected_versions(database: Database, lane_number: int) -> list[str]:
    """Give the digests (hex) of refused record versions that a correction replaced and the source still has."""
    return _refused(database, lane_number, ("corrected",))


def _refused(database: Database, lane_number: int, states: tuple[str, ...]) -> list[str]:
    wanted = sa.select(dead_letter.c.version).where(
        dead_letter.c.lane_id == lane_number,
        dead_letter.c.origin == "headquarters",
        dead_letter.c.state.in_(states),
    )
    with database.read() as connection:
        return [bytes(v).hex() for (v,) in connection.execute(wanted) if v is not None]


def find_record(database: Database, key: str, *, unit: str | None = None, kind: str | None = None) -> Row:
    """Give everything the ledger knows of a business key or a source key, in any lane unless one is named.

    ``versions`` (each with its batch, attempts and receipts), ``dead_letters`` and ``findings``, oldest first.
    """
    where = [c == v for c, v in ((lane.c.unit, unit), (lane.c.kind, kind)) if v is not None]
    versions = (
        sa.select(
            lane.c.unit, lane.c.kind, *record_version.c, batch.c.id.label("batch_id"), batch.c.state,
            batch.c.sealed_at, batch.c.sent_at, batch.c.settled_at, batch.c.package, batch.c.package_digest,
            batch.c.bundle, batch.c.engine, extraction.c.origin, extraction.c.files,
        )
        .join(lane, lane.c.id == record_version.c.lane_id)
        .join(batch, (batch.c.lane_id == record_version.c.lane_id) & (batch.c.sequence == record_version.c.sequence))
        .outerjoin(extraction, extraction.c.id == record_version.c.extraction_id)
        .where(record_version.c.key == key, *where)
        .order_by(lane.c.unit, lane.c.kind, record_version.c.sequence)
    )  # fmt: skip
    letters = (
        sa.select(lane.c.unit, lane.c.kind, *dead_letter.c, extraction.c.origin, extraction.c.files)
        .join(lane, lane.c.id == dead_letter.c.lane_id)
        .outerjoin(extraction, extraction.c.id == dead_letter.c.extraction_id)
        .where(sa.or_(dead_letter.c.key == key, dead_letter.c.source_key == key), *where)
        .order_by(dead_letter.c.id)
    )
    found_findings = (
        sa.select(lane.c.unit, lane.c.kind, *finding.c)
        .join(lane, lane.c.id == finding.c.lane_id)
        .where(finding.c.key == key, *where)
        .order_by(finding.c.id)
    )
    with database.read() as connection:
        found = _rows(connection, versions)
        ids = sorted({v["batch_id"] for v in found})
        receipts = _rows(connection, sa.select(receipt).where(receipt.c.batch_id.in_(ids)).order_by(receipt.c.id))
        attempts = _rows(connection, sa.select(attempt).where(attempt.c.batch_id.in_(ids)).order_by(attempt.c.id))
        for version in found:
            version["receipts"] = [r for r in receipts if r["batch_id"] == version["batch_id"]]
            version["attempts"] = [a for a in attempts if a["batch_id"] == version["batch_id"]]
        return {
            "versions": found,
            "dead_letters": _rows(connection, letters),
            "findings": _rows(connection, found_findings),
        }
