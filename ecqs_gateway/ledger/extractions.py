"""The first of the two transactions: extracted rows and the watermark move together.

The rows lie in the stage as Arrow files; the ledger row that names them and the lane's new watermark are committed
at once. After a crash, stored but unprocessed extractions are taken up again before the source is asked for more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger import corrections, evidence, lanes, runs
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.stage import Stage, StagedFile
from ecqs_gateway.ledger.tables import extraction, lane

__all__ = [
    "OF_LETTERS",
    "Extraction",
    "abandon",
    "cause_of",
    "insert",
    "load_frames",
    "pending",
    "stage_frames",
    "store",
]


OF_LETTERS = ("retry", "correction")
"""Causes of extractions whose rows have open dead letters."""


@dataclass(frozen=True)
class Extraction:
    """Rows taken out of a source and stored: their number, where they came from, and their files by role."""

    id: int
    rows: int
    origin: str
    files: Mapping[str, StagedFile]
    cause: str = "source"
    """Why: ``source`` (read there), ``retry``, ``correction`` or ``release`` (taken from what was stored before)."""


def stage_frames(stage: Stage, lease: Lease, name: str, frames: Mapping[str, pl.DataFrame]) -> dict[str, StagedFile]:
    """Write frames to the stage under the roles they are given."""
    folder = f"extractions/{lease.unit}/{lease.kind}"
    return {role: stage.put_frame(f"{folder}/{name}.{role}.arrow", frame) for role, frame in frames.items()}


def store(database: Database, lease: Lease, current: Run, draft: Extraction, *, watermark: str | None) -> Extraction:
    """Commit one extraction together with the lane's watermark; ``watermark`` None leaves the watermark alone.

    Raises Conflict ECQS-3010 when the lease was lost: then neither is written.
    """
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        return insert(connection, lease, current, draft, watermark=watermark)


def insert(
    connection: sa.Connection, lease: Lease, current: Run, draft: Extraction, *, watermark: str | None = None
) -> Extraction:
    """Do what ``store`` does inside the caller's transaction, which has checked the lease."""
    values = {
        "lane_id": lease.lane_id,
        "run_id": current.id,
        "rows": draft.rows,
        "origin": draft.origin,
        "files": StagedFile.many_to_json(draft.files),
        "watermark": watermark,
        "state": "stored",
        "created_at": current.clock().isoformat(),
        "cause": draft.cause,
    }
    number = connection.execute(_INSERT, values).scalar_one()
    if watermark is not None:
        connection.execute(_MOVE, {"lane": lease.lane_id, "moved": watermark})
    runs.add_counts(connection, current.id, lease.lane_id, runs.Counts(extracted=draft.rows))
    facts: dict[str, object] = {"rows": draft.rows, "files": {role: f.content for role, f in draft.files.items()}}
    if draft.cause != "source":
        facts["cause"] = draft.cause
    evidence.append(connection, "extracted", f"{lease.unit}/{lease.kind}/{number}", facts, clock=current.clock)
    return replace(draft, id=int(number))


# Built once: a statement built anew costs several times what running it does, and these run for every chunk.
_INSERT = extraction.insert().returning(extraction.c.id)
_MOVE = sa.update(lane).where(lane.c.id == sa.bindparam("lane")).values(watermark=sa.bindparam("moved"))
_CAUSE = sa.select(extraction.c.cause).where(extraction.c.id == sa.bindparam("number"))


def cause_of(connection: sa.Connection, number: int) -> str:
    """Say why an extraction was made."""
    return str(connection.execute(_CAUSE, {"number": number}).scalar_one())


def pending(database: Database, lease: Lease) -> list[Extraction]:
    """List extractions of this lane that a crash left unprocessed, oldest first.

    Rows of refused batches that were released go before all others, for what was read since is newer than they are.
    """
    wanted = (
        sa.select(extraction)
        .where(extraction.c.lane_id == lease.lane_id, extraction.c.state == "stored")
        .order_by(extraction.c.cause != "release", extraction.c.id)
    )
    with database.read() as connection:
        found = connection.execute(wanted).all()
    return [Extraction(f.id, f.rows, f.origin, StagedFile.many_from_json(f.files), f.cause) for f in found]


def abandon(database: Database, lease: Lease, current: Run, found: Extraction) -> None:
    """Give up a stored extraction that can no longer be processed, and let the lane read its whole source again.

    What was sent before is known by its digest and not sent a second time. The stored rows stay in the stage. Rows
    of dead letters leave the source alone: the letters are open as before.
    """
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        mine = (extraction.c.id == found.id, extraction.c.state == "stored")
        connection.execute(sa.update(extraction).where(*mine).values(state="abandoned"))
        if found.cause not in OF_LETTERS:
            connection.execute(sa.update(lane).where(lane.c.id == lease.lane_id).values(watermark=None))
        else:
            corrections.fail(connection, found.id, "the mapping names columns the stored row does not have", current)
        subject = f"{lease.unit}/{lease.kind}/{found.id}"
        evidence.append(connection, "abandoned", subject, {"rows": found.rows}, clock=current.clock)


def load_frames(stage: Stage, files: Mapping[str, StagedFile]) -> dict[str, pl.DataFrame]:
    """Read stored frames back; raises Conflict ECQS-3011 when their bytes changed."""
    return {role: stage.get_frame(file) for role, file in files.items()}
