"""Dead letters: records that could not go, each with its reasons, kept until something resolves it.

A row that is met again with the same content is the same letter, not a new one: its identity is a digest of what was
refused. When a row with the same source key gets through later, its open letters are resolved by that version.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from ecqs_gateway import __version__
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.tables import dead_letter

__all__ = ["SCHEMA", "empty", "resolve", "store"]

SCHEMA = {
    "identity": pl.String,
    "origin": pl.String,
    "key": pl.String,
    "source_key": pl.String,
    "version": pl.String,
    "batch_id": pl.String,
    "extraction_id": pl.Int64,
    "source_row": pl.Int64,
    "reasons": pl.String,
    "source": pl.String,
    "mapped": pl.String,
}
"""Columns of a frame of dead letters; ``version`` is hex, ``reasons``, ``source`` and ``mapped`` are JSON text."""


def empty() -> pl.DataFrame:
    """Give a frame without dead letters."""
    return pl.DataFrame(schema=SCHEMA)


def store(connection: sa.Connection, lane_number: int, letters: pl.DataFrame, current: Run) -> tuple[int, int]:
    """Store letters and give how many are new and how many were open already.

    Two rows of one frame with the same identity are one letter, counted
    once as new and then as known. A resolved letter that is met again is open again, and counts as new.
    """
    if letters.is_empty():
        return 0, 0
    unique = letters.unique("identity", keep="first", maintain_order=True)
    mine = sa.and_(
        dead_letter.c.lane_id == lane_number,
        in_values(connection, dead_letter.c.identity, unique["identity"].to_list()),
    )
    found = connection.execute(sa.select(dead_letter.c.identity, dead_letter.c.state).where(mine)).all()
    known = {identity for identity, state in found if state == "open"}
    if found:
        again = {"state": "open", "last_run": current.id, "bundle": current.bundle, "resolved_at": None}
        connection.execute(sa.update(dead_letter).where(mine).values(again))
    fresh = unique.filter(~pl.col("identity").is_in([identity for identity, _ in found]))
    insert_frame(
        connection,
        dead_letter,
        fresh.select(
            pl.lit(lane_number).alias("lane_id"),
            *SCHEMA,
            pl.lit(current.bundle).alias("bundle"),
            pl.lit(__version__).alias("engine"),
            pl.lit("open").alias("state"),
            pl.lit(current.id).alias("first_run"),
            pl.lit(current.id).alias("last_run"),
            pl.lit(current.clock().isoformat()).alias("created_at"),
        ),
    )
    new = unique.height - len(known)
    return new, letters.height - new


def resolve(connection: sa.Connection, lane_number: int, passed: pl.DataFrame, *, clock: Clock = now) -> int:
    """Resolve open letters whose source row got through: ``passed`` has ``source_key`` and ``digest`` (hex)."""
    open_ones = sa.and_(dead_letter.c.lane_id == lane_number, dead_letter.c.state == "open")
    wanted = sa.select(dead_letter.c.id, dead_letter.c.source_key).where(
        open_ones, dead_letter.c.source_key.is_not(None)
    )
    found = connection.execute(wanted).all()
    if not found or passed.is_empty():
        return 0
    letters = pl.DataFrame(
        {"id": [f.id for f in found], "source_key": [f.source_key for f in found]},
        schema={"id": pl.Int64, "source_key": pl.String},
    )
    hits = letters.join(passed.unique("source_key", keep="last"), on="source_key").select("id", "digest")
    changes = [{"letter": number, "by": f"version {digest}"} for number, digest in hits.rows()]
    if changes:
        connection.execute(
            sa.update(dead_letter)
            .where(dead_letter.c.id == sa.bindparam("letter"))
            .values(state="resolved", resolved_at=clock().isoformat(), resolved_by=sa.bindparam("by")),
            changes,
        )
    return len(changes)
