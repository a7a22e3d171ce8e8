"""Which inspectors verified on site for which approvals, as the ledger knows from the batches that were sent."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import lane, record_version
from ecqs_gateway.ledger.tables_inspectors import inspector_scan, inspector_visit

__all__ = ["KIND", "keep", "visits"]

KIND = "approval"
"""The record kind whose batches name inspectors."""


def keep(database: Database, lane_id: int, sequence: int, found: pl.DataFrame, *, gone: int = 0) -> None:
    """Keep the visits of a lane's batches up to a sequence: a frame of ``key``, ``sequence``, ``day``, ``number``.

    A batch that another worker has kept meanwhile is left out, so that nothing stands there twice.
    """
    with database.write() as connection:
        mine = inspector_scan.c.lane_id == lane_id
        done = connection.execute(sa.select(inspector_scan.c.sequence).where(mine)).scalar()
        fresh = found.filter(pl.col("sequence") > (done or 0))
        insert_frame(connection, inspector_visit, fresh.with_columns(lane_id=pl.lit(lane_id, pl.Int64)))
        if done is None:
            connection.execute(inspector_scan.insert(), {"lane_id": lane_id, "sequence": sequence, "unread": gone})
        elif sequence > done:
            ahead = {"sequence": sequence, "unread": inspector_scan.c.unread + gone}
            connection.execute(sa.update(inspector_scan).where(mine).values(ahead))


def visits(database: Database, numbers: Iterable[str]) -> pl.DataFrame:
    """Give the visits of these inspectors, by the newest version of each approval that was put into a batch.

    Columns ``unit``, ``key`` (case number), ``day`` (Date, null where the record has none), ``number``.
    """
    visit = inspector_visit.c
    with database.read() as connection:
        wanted = (
            sa.select(visit.lane_id, lane.c.unit, visit.key, visit.sequence, visit.day, visit.number)
            .join(lane, lane.c.id == visit.lane_id)
            .where(in_values(connection, visit.number, numbers))
        )
        found = pl.DataFrame([tuple(row) for row in connection.execute(wanted)], schema=_VISITS, orient="row")
        newest = [_newest(connection, lane_id, of["key"]) for (lane_id,), of in found.group_by("lane_id")]
    kept = found.join(pl.concat(newest), on=["lane_id", "key", "sequence"], how="semi") if newest else found
    return kept.select("unit", "key", pl.col("day").str.to_date(), "number")


_VISITS = {
    "lane_id": pl.Int64(),
    "unit": pl.String(),
    "key": pl.String(),
    "sequence": pl.Int64(),
    "day": pl.String(),
    "number": pl.String(),
}


def _newest(connection: sa.Connection, lane_id: object, keys: pl.Series) -> pl.DataFrame:
    """Give the last batch of each approval; asked by key in one go: one by one SQLite walks the whole lane."""
    version = record_version.c
    mine = (version.lane_id == lane_id, in_values(connection, version.key, keys.unique().to_list()))
    rows = connection.execute(sa.select(version.key, sa.func.max(version.sequence)).where(*mine).group_by(version.key))
    known = pl.DataFrame(
        [tuple(row) for row in rows], schema={"key": pl.String(), "sequence": pl.Int64()}, orient="row"
    )
    return known.with_columns(lane_id=pl.lit(lane_id, pl.Int64))
