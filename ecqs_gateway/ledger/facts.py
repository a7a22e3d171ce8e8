"""Counting what record versions are like, batch by batch, when they are committed: what the report is summed from."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.tables_report import fact_class, report_fact

__all__ = ["SEPARATOR", "book"]

SEPARATOR = "|"
"""Between product, period and measure in a label."""


def book(connection: sa.Connection, lane_number: int, versions: pl.DataFrame) -> pl.DataFrame:
    """Count the fact classes of record versions about to be inserted; give the versions with ``fact`` as class number.

    ``fact`` holds the label of each version, ``replaced`` that of the version it replaces, or null; without these
    columns nothing is counted. Only one worker at a time commits for a lane, so classes are made without a race.
    """
    if "fact" not in versions.columns or versions.is_empty():
        return versions.drop("fact", "replaced", strict=False)
    counted = [
        versions.group_by("sequence", label=name).len(other).drop_nulls("label")
        for name, other in (("fact", "fresh"), ("replaced", "replaced"))
    ]
    both = counted[0].join(counted[1], on=["sequence", "label"], how="full", coalesce=True)
    numbers = _numbers(connection, lane_number, both["label"].unique().sort().to_list())
    numbered = pl.col("label").replace_strict(numbers, return_dtype=pl.Int64).alias("class_id")
    lines = both.select(
        pl.lit(lane_number).alias("lane_id"), "sequence", numbered, pl.col("fresh", "replaced").fill_null(0)
    )
    insert_frame(connection, report_fact, lines.cast({"fresh": pl.Int64, "replaced": pl.Int64}).sort(lines.columns[:3]))
    mine = pl.col("fact").replace_strict(numbers, default=None, return_dtype=pl.Int64)
    return versions.with_columns(mine).drop("replaced")


def _numbers(connection: sa.Connection, lane_number: int, labels: list[str]) -> dict[str, int]:
    """Give the number of each label's class, making those that are new."""
    wanted = sa.select(fact_class.c.label, fact_class.c.id).where(
        fact_class.c.lane_id == lane_number, in_values(connection, fact_class.c.label, labels)
    )
    known = {row.label: row.id for row in connection.execute(wanted)}
    new = [_class(lane_number, label) for label in labels if label not in known]
    if new:
        connection.execute(fact_class.insert(), new)
        known = {row.label: row.id for row in connection.execute(wanted)}
    return known


def _class(lane_number: int, label: str) -> dict[str, object]:
    product, period, measure = label.split(SEPARATOR)
    return {"lane_id": lane_number, "label": label, "product": product, "period": period, "measure": measure}
