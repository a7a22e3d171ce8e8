"""Stored source rows for people who work on mappings: which extractions there are, and where refused rows lie."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import dead_letter, extraction, finding, lane, record_version

__all__ = [
    "Place",
    "Stored",
    "by_id",
    "letter_place",
    "places_of_findings",
    "places_of_letters",
    "places_of_record",
    "stored",
]


@dataclass(frozen=True)
class Stored:
    """One extraction whose rows still lie in the stage."""

    id: int
    run_id: str
    rows: int
    origin: str
    created_at: str
    files: str
    """Stage files by role, as JSON."""


@dataclass(frozen=True)
class Place:
    """Where one source row lies: extraction and row in it; ``id`` is the letter or finding it belongs to."""

    id: int
    extraction_id: int | None
    source_row: int | None
    reasons: str = ""


_OF_LANE = sa.select(extraction).join(lane, lane.c.id == extraction.c.lane_id)


def stored(database: Database, unit: str, kind: str) -> list[Stored]:
    """Give the extractions of a lane whose rows were not removed, newest first; without retries and corrections."""
    wanted = _OF_LANE.where(
        lane.c.unit == unit,
        lane.c.kind == kind,
        extraction.c.pruned_at.is_(None),
        extraction.c.cause == "source",
        extraction.c.state != "abandoned",
    ).order_by(extraction.c.id.desc())
    with database.read() as connection:
        return [_stored(row) for row in connection.execute(wanted)]


def by_id(database: Database, numbers: Collection[int]) -> dict[int, Stored]:
    """Give extractions by their numbers; those whose rows were removed are left out."""
    wanted = sa.select(extraction).where(extraction.c.id.in_(sorted(numbers)), extraction.c.pruned_at.is_(None))
    with database.read() as connection:
        return {int(row.id): _stored(row) for row in connection.execute(wanted)}


def _stored(row: sa.Row[Any]) -> Stored:
    return Stored(row.id, row.run_id, row.rows, row.origin, row.created_at, row.files)


def letter_place(database: Database, number: int) -> tuple[str, str, Place] | None:
    """Give unit, kind and place of a dead letter's row; None where there is no such letter."""
    wanted = (
        sa.select(lane.c.unit, lane.c.kind, dead_letter)
        .join(lane, lane.c.id == dead_letter.c.lane_id)
        .where(dead_letter.c.id == number)
    )
    with database.read() as connection:
        row = connection.execute(wanted).first()
    return None if row is None else (row.unit, row.kind, Place(row.id, row.extraction_id, row.source_row, row.reasons))


def places_of_letters(database: Database, unit: str, kind: str) -> list[Place]:
    """Give the open dead letters of a lane with their reasons (JSON), newest first."""
    wanted = (
        sa.select(dead_letter.c.id, dead_letter.c.extraction_id, dead_letter.c.source_row, dead_letter.c.reasons)
        .join(lane, lane.c.id == dead_letter.c.lane_id)
        .where(lane.c.unit == unit, lane.c.kind == kind, dead_letter.c.state == "open")
        .order_by(dead_letter.c.id.desc())
    )
    with database.read() as connection:
        return [Place(*row) for row in connection.execute(wanted)]


def places_of_findings(database: Database, unit: str, kind: str, rules: Collection[str]) -> list[Place]:
    """Give where the records of these findings come from, newest first; each record version once."""
    version = record_version
    wanted = (
        sa.select(sa.func.max(finding.c.id), version.c.extraction_id, version.c.source_row)
        .join(lane, lane.c.id == finding.c.lane_id)
        .join(
            version,
            (version.c.lane_id == finding.c.lane_id)
            & (version.c.key == finding.c.key)
            & (version.c.sequence == finding.c.sequence),
        )
        .where(lane.c.unit == unit, lane.c.kind == kind, finding.c.rule.in_(sorted(rules)))
        .group_by(version.c.extraction_id, version.c.source_row)
        .order_by(sa.func.max(finding.c.id).desc())
    )
    with database.read() as connection:
        return [Place(*row) for row in connection.execute(wanted)]


def places_of_record(database: Database, unit: str, kind: str, key: str) -> list[Place]:
    """Give where the versions of one record, and its dead letters, come from, newest first."""
    mine = (lane.c.unit == unit, lane.c.kind == kind)
    versions = (
        sa.select(record_version.c.sequence, record_version.c.extraction_id, record_version.c.source_row)
        .join(lane, lane.c.id == record_version.c.lane_id)
        .where(*mine, record_version.c.key == key)
        .order_by(record_version.c.sequence.desc())
    )
    letters = (
        sa.select(dead_letter.c.id, dead_letter.c.extraction_id, dead_letter.c.source_row)
        .join(lane, lane.c.id == dead_letter.c.lane_id)
        .where(*mine, sa.or_(dead_letter.c.key == key, dead_letter.c.source_key == key))
        .order_by(dead_letter.c.id.desc())
    )
    with database.read() as connection:
        found = [Place(*row) for statement in (versions, letters) for row in connection.execute(statement)]
    return sorted(found, key=lambda place: place.extraction_id or 0, reverse=True)
