"""What batches said of things to be done, as the ledger keeps it: by lane and batch, the newest version counting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger.bulk import insert_frame
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import lane, record_version
from ecqs_gateway.ledger.tables_followups import followup_due, followup_met, followup_scan

__all__ = ["OPEN", "Asked", "Kept", "forget", "keep", "open_ones", "scanned"]

OPEN = {
    "unit": pl.String(), "rule": pl.String(), "key": pl.String(), "subject": pl.String(), "since": pl.Date(),
    "due": pl.Date(), "lapses": pl.Date(), "met": pl.Date(),
}  # fmt: skip
"""Columns of ``open_ones``: ``met`` is the day it was done, null while it is not."""


def forget(database: Database, rules: str) -> int:
    """Drop what was looked through for other follow-ups than these (their digest), and give how many lanes that is."""
    with database.read() as connection:
        wanted = sa.select(followup_scan.c.lane_id).where(followup_scan.c.rules != rules)
        stale = connection.execute(wanted).scalars().all()
    if not stale:
        return 0  # the usual case: whoever only looks takes no lock
    with database.write() as connection:
        for table in (followup_due, followup_met, followup_scan):
            connection.execute(sa.delete(table).where(table.c.lane_id.in_(stale)))
    return len(stale)


@dataclass(frozen=True)
class Kept:
    """What some batches of one lane said: frames with ``sequence``, up to a sequence, for follow-ups of a digest."""

    due: pl.DataFrame
    met: pl.DataFrame
    sequence: int
    gone: int
    rules: str


def keep(database: Database, lane_id: int, found: Kept) -> None:
    """Keep what a lane's batches said; what another worker has kept meanwhile is left out."""
    with database.write() as connection:
        mine = followup_scan.c.lane_id == lane_id
        done = connection.execute(sa.select(followup_scan.c.sequence).where(mine)).scalar()
        for table, frame in ((followup_due, found.due), (followup_met, found.met)):
            days = [pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if dtype == pl.Date]
            fresh = frame.filter(pl.col("sequence") > (done or 0)).with_columns(
                *days, pl.lit(lane_id, pl.Int64).alias("lane_id")
            )
            # A record may stand twice in a batch only by a defect; the first is kept.
            insert_frame(connection, table, fresh.unique(["sequence", "key", "rule"], keep="first"))
        values = {"sequence": found.sequence, "unread": found.gone, "rules": found.rules}
        if done is None:
            connection.execute(followup_scan.insert(), {"lane_id": lane_id, **values})
        elif found.sequence > done:
            ahead = values | {"unread": followup_scan.c.unread + found.gone}
            connection.execute(sa.update(followup_scan).where(mine).values(ahead))


def scanned(database: Database) -> bool:
    """Say whether any batch was ever looked through."""
    with database.read() as connection:
        return connection.execute(sa.select(followup_scan.c.lane_id).limit(1)).first() is not None


@dataclass(frozen=True)
class Asked:
    """What is asked for: as of a day, due by another, of some units, and the follow-ups only the same unit settles."""

    on: date
    until: date
    units: tuple[str, ...] = ()
    same_unit: tuple[str, ...] = ()


def open_ones(database: Database, asked: Asked, *, met: bool = False) -> pl.DataFrame:
    """Give what is due by a day and has not lapsed on another; with ``met`` what was done, too.

    Of each record the newest version that was put into a batch counts, whatever became of the batch: what is due is
    due by law, not by a receipt.
    """
    due, done, its = followup_due.c, followup_met.c, lane.alias()
    near = sa.or_(due.rule.not_in(list(asked.same_unit)), its.c.unit == lane.c.unit)
    first = (
        sa.select(sa.func.min(done.day))
        .join(its, its.c.id == done.lane_id)
        .where(done.rule == due.rule, done.subject == due.subject, done.day >= due.since, near, ~_newer(done))
        .correlate(followup_due, lane)
        .scalar_subquery()
    )
    wanted = (
        sa.select(lane.c.unit, due.rule, due.key, due.subject, due.since, due.due, due.lapses, first.label("met"))
        .select_from(followup_due.join(lane, lane.c.id == due.lane_id))
        .where(
            due.due <= asked.until.isoformat(),
            sa.or_(due.lapses.is_(None), due.lapses >= asked.on.isoformat()),
            ~_newer(due),
        )
    )
    if asked.units:
        wanted = wanted.where(lane.c.unit.in_(asked.units))
    with database.read() as connection:
        rows = connection.execute(wanted).all()
    texts = dict.fromkeys(OPEN, pl.String())
    found = pl.DataFrame([tuple(row) for row in rows], schema=texts, orient="row")
    days = [pl.col(name).str.to_date("%Y-%m-%d") for name, dtype in OPEN.items() if dtype == pl.Date()]
    found = found.with_columns(days)
    return found if met else found.filter(pl.col("met").is_null())


def _newer(columns: sa.ColumnCollection[str, sa.Column[object]]) -> sa.Exists:
    """Say whether a later batch has another version of the same record."""
    other = record_version.alias()
    return sa.exists().where(
        other.c.lane_id == columns.lane_id, other.c.key == columns.key, other.c.sequence > columns.sequence
    )
