"""The first of the two transactions: extracted rows and the watermark move together.

The rows lie in the stage as Arrow files; the ledger row that names them and the lane's new watermark are committed
at once. After a crash, stored but unprocessed extractions are taken up again before the source is asked for more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger import evidence, lanes, runs
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.stage import Stage, StagedFile
from ecqs_gateway.ledger.tables import extraction, lane

__all__ = ["Extraction", "abandon", "load_frames", "pending", "stage_frames", "store"]


@dataclass(frozen=True)
class Extraction:
    """Rows taken out of a source and stored: their number, where they came from, and their files by role."""

    id: int
    rows: int
    origin: str
    files: Mapping[str, StagedFile]


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
        values = {
            "lane_id": lease.lane_id,
            "run_id": current.id,
            "rows": draft.rows,
            "origin": draft.origin,
            "files": StagedFile.many_to_json(draft.files),
            "watermark": watermark,
            "state": "stored",
            "created_at": current.clock().isoformat(),
        }
        number = connection.execute(extraction.insert().values(values).returning(extraction.c.id)).scalar_one()
        if watermark is not None:
            connection.execute(sa.update(lane).where(lane.c.id == lease.lane_id).values(watermark=watermark))
        runs.add_counts(connection, current.id, lease.lane_id, runs.Counts(extracted=draft.rows))
        facts = {"rows": draft.rows, "files": {role: f.digest for role, f in draft.files.items()}}
        evidence.append(connection, "extracted", f"{lease.unit}/{lease.kind}/{number}", facts, clock=current.clock)
    return Extraction(int(number), draft.rows, draft.origin, draft.files)


def pending(database: Database, lease: Lease) -> list[Extraction]:
    """List extractions of this lane that a crash left unprocessed, oldest first."""
    wanted = (
        sa.select(extraction)
        .where(extraction.c.lane_id == lease.lane_id, extraction.c.state == "stored")
        .order_by(extraction.c.id)
    )
    with database.read() as connection:
        found = connection.execute(wanted).all()
    return [Extraction(f.id, f.rows, f.origin, StagedFile.many_from_json(f.files)) for f in found]


def abandon(database: Database, lease: Lease, current: Run, found: Extraction) -> None:
    """Give up a stored extraction that can no longer be processed, and let the lane read its whole source again.

    What was sent before is known by its digest and not sent a second time. The stored rows stay in the stage.
    """
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        mine = (extraction.c.id == found.id, extraction.c.state == "stored")
        connection.execute(sa.update(extraction).where(*mine).values(state="abandoned"))
        connection.execute(sa.update(lane).where(lane.c.id == lease.lane_id).values(watermark=None))
        subject = f"{lease.unit}/{lease.kind}/{found.id}"
        evidence.append(connection, "abandoned", subject, {"rows": found.rows}, clock=current.clock)


def load_frames(stage: Stage, files: Mapping[str, StagedFile]) -> dict[str, pl.DataFrame]:
    """Read stored frames back; raises Conflict ECQS-3011 when their bytes changed."""
    return {role: stage.get_frame(file) for role, file in files.items()}
