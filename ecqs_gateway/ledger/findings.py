"""Reading findings: what rules say of records that went out all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import batch, finding, lane

__all__ = ["CAUSES", "Wanted", "count", "find", "grouped", "summary"]

CAUSES = ("rule", "field", "unit", "kind")
"""What findings can be counted by."""


@dataclass(frozen=True)
class Wanted:
    """Which findings are meant; what is empty does not matter."""

    units: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    since: date | None = None
    """Of record versions sealed on this day or later."""


_COLUMNS = {
    "unit": lane.c.unit,
    "kind": lane.c.kind,
    "key": finding.c.key,
    "rule": finding.c.rule,
    "field": finding.c.field,
    "message": finding.c.message,
    "batch": batch.c.id,
    "sealed_at": batch.c.sealed_at,
}
_FROM = finding.join(lane, lane.c.id == finding.c.lane_id).join(
    batch, (batch.c.lane_id == finding.c.lane_id) & (batch.c.sequence == finding.c.sequence)
)


def find(database: Database, wanted: Wanted, *, limit: int | None = None, offset: int = 0) -> list[dict[str, Any]]:
    """Give findings, newest batch first."""
    columns = (column.label(name) for name, column in _COLUMNS.items())
    statement = sa.select(*columns).select_from(_FROM).where(*_conditions(wanted))
    ordered = statement.order_by(batch.c.sealed_at.desc(), finding.c.id).limit(limit).offset(offset)
    with database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(ordered)]  # noqa: SLF001  SQLAlchemy's own name


def count(database: Database, wanted: Wanted) -> int:
    """Count findings."""
    statement = sa.select(sa.func.count()).select_from(_FROM).where(*_conditions(wanted))
    with database.read() as connection:
        return int(connection.execute(statement).scalar_one())


def grouped(database: Database, wanted: Wanted, by: str) -> list[dict[str, Any]]:
    """Count findings by one of ``CAUSES``, most first, with one message as an example."""
    cause = _COLUMNS[by]
    numbers = (sa.func.count().label("findings"), sa.func.min(finding.c.message).label("example"))
    statement = sa.select(cause.label(by), *numbers).select_from(_FROM).where(*_conditions(wanted)).group_by(cause)
    with database.read() as connection:
        found = [dict(row._mapping) for row in connection.execute(statement)]  # noqa: SLF001  as above
    return sorted(found, key=lambda row: (-row["findings"], str(row[by])))


def summary(database: Database, wanted: Wanted) -> list[dict[str, Any]]:
    """Count findings per month (of sealing), unit and rule, in this order; ``records`` are those that have one."""
    month = sa.func.substr(batch.c.sealed_at, 1, 7).label("month")
    by = (month, lane.c.unit, lane.c.kind, finding.c.rule)
    numbers = (sa.func.count().label("findings"), sa.func.count(sa.distinct(finding.c.key)).label("records"))
    statement = sa.select(*by, *numbers).select_from(_FROM).where(*_conditions(wanted))
    with database.read() as connection:
        found = connection.execute(statement.group_by(sa.text("1"), *by[1:]).order_by(sa.text("1"), *by[1:]))
        return [dict(row._mapping) for row in found]  # noqa: SLF001  as above


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    for column, values in ((lane.c.unit, wanted.units), (lane.c.kind, wanted.kinds), (finding.c.rule, wanted.rules)):
        if values:
            yield column.in_(values)
    if wanted.since is not None:
        yield batch.c.sealed_at >= wanted.since.isoformat()
