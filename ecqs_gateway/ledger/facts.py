"""Counting what record versions are like, batch by batch, when they are committed: what the report is summed from."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.tables import record_version
from ecqs_gateway.ledger.tables_report import fact_class, report_fact
from ecqs_gateway.model.columns import looked_up

__all__ = ["SEPARATOR", "book", "carry"]

SEPARATOR = "|"
"""Between product, period and measure in a label."""


def book(connection: sa.Connection, lane_number: int, versions: pl.DataFrame) -> pl.DataFrame:
    """Count the fact classes of record versions about to be inserted; give the versions with ``fact`` as class number.

    ``fact`` holds the label of each version, ``replaced`` that of the version it replaces, or null; without these
    columns nothing is counted. Only one worker at a time commits for a lane, so classes are made without a race.
    """
    if "fact" not in versions.columns or versions.is_empty():
        return versions.drop("fact", "replaced", strict=False)
    counted: dict[tuple[int, str], list[int]] = {}
    for place, name in enumerate(("fact", "replaced")):
        if versions[name].null_count() < versions.height:
            for sequence, label, count in versions.group_by("sequence", name).len().iter_rows():
                if label is not None:
                    counted.setdefault((sequence, label), [0, 0])[place] = count
    numbers = _numbers(connection, lane_number, sorted({label for _, label in counted}))
    lines = sorted((lane_number, sequence, numbers[label], *counts) for (sequence, label), counts in counted.items())
    insert_frame(connection, report_fact, pl.DataFrame(lines, schema=_LINE, orient="row"))
    mine = looked_up(pl.col("fact"), numbers, pl.Int64).alias("fact")
    return versions.with_columns_seq(mine).drop("replaced")


_LINE = dict.fromkeys(("lane_id", "sequence", "class_id", "fresh", "replaced"), pl.Int64)


def carry(connection: sa.Connection, lane_number: int, sequences: Sequence[int]) -> None:
    """Give versions sent once more what is known of them, and count them as sent anew without counting them twice.

    ``sequences`` are the batches that carry them again, already inserted. A version that was not sent before (one that
    takes a record back) stays without a class.
    """
    mine, before = record_version.c, record_version.alias().c
    new = sa.and_(mine.lane_id == lane_number, mine.sequence.in_(sequences))
    same = sa.and_(
        before.lane_id == mine.lane_id,
        before.key == mine.key,
        before.digest == mine.digest,
        before.sequence < mine.sequence,
    )
    known = {
        name: sa.select(sa.func.max(before[name])).where(same).correlate(record_version).scalar_subquery()
        for name in ("fact", "facts")
    }
    connection.execute(sa.update(record_version).where(new).values(known))
    number = sa.func.count()
    counted = sa.select(mine.lane_id, mine.sequence, mine.fact, number, number).where(new, mine.fact.is_not(None))
    lines = counted.group_by(mine.lane_id, mine.sequence, mine.fact)
    columns = ["lane_id", "sequence", "class_id", "fresh", "replaced"]
    connection.execute(report_fact.insert().from_select(columns, lines))


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
