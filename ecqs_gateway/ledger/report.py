"""Reading the ledger for the headquarters report: sums over whole months in few statements, and what is behind them.

Nothing here reads a record or its package. Months are given by their first moments, as the ledger writes time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import batch, dead_letter, finding, lane, record_version
from ecqs_gateway.ledger.tables_report import fact_class, report_fact

__all__ = ["Asked", "batches", "facts", "findings", "has_table", "letters", "list_findings", "list_letters"]
__all__ += ["list_versions"]

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Asked:
    """What a report is about: the month as ``[since, until)``, and units; without any, all."""

    since: str
    until: str
    units: tuple[str, ...] = ()

    def mine(self) -> list[sa.ColumnElement[bool]]:
        """Give the condition on lanes."""
        return [lane.c.unit.in_(self.units)] if self.units else []

    def in_month(self, moment: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """Give the condition that a moment lies in the month."""
        return sa.and_(moment >= self.since, moment < self.until)


def has_table(database: Database, *names: str) -> bool:
    """Say whether the ledger has these tables."""
    with database.read() as connection:
        return all(sa.inspect(connection).has_table(name) for name in names)


def batches(database: Database, asked: Asked) -> Rows:
    """Count batches and records sealed in the month by unit, kind and state: ``batches``, ``records``, ``rejected``."""
    sums = (sa.func.count().label("batches"), *(sa.func.sum(batch.c[n]).label(n) for n in ("records", "rejected")))
    by = (lane.c.unit, lane.c.kind, batch.c.state)
    wanted = sa.select(*by, *sums).join(lane, lane.c.id == batch.c.lane_id)
    return _rows(database, wanted.where(asked.in_month(batch.c.sealed_at), *asked.mine()).group_by(*by).order_by(*by))


def facts(database: Database, asked: Asked) -> Rows:
    """Sum the facts by unit, kind and class: ``sealed`` and ``renewed`` in the month, ``held`` by now.

    ``held`` counts the last versions of all batches that headquarters did not refuse as a whole.
    """
    here = sa.case((asked.in_month(batch.c.sealed_at), 1), else_=0)
    arrived = sa.case((batch.c.state != "rejected", 1), else_=0)
    summed = (
        sa.select(
            report_fact.c.class_id,
            sa.func.sum(report_fact.c.fresh * here).label("sealed"),
            sa.func.sum(report_fact.c.replaced * here).label("renewed"),
            sa.func.sum((report_fact.c.fresh - report_fact.c.replaced) * arrived).label("held"),
        )
        .join(batch, (batch.c.lane_id == report_fact.c.lane_id) & (batch.c.sequence == report_fact.c.sequence))
        .group_by(report_fact.c.class_id)
        .subquery()
    )
    names = (lane.c.unit, lane.c.kind, fact_class.c.product, fact_class.c.period, fact_class.c.measure)
    wanted = (
        sa.select(*names, summed.c.sealed, summed.c.renewed, summed.c.held)
        .join(fact_class, fact_class.c.id == summed.c.class_id)
        .join(lane, lane.c.id == fact_class.c.lane_id)
        .where(*asked.mine())
    )
    return _rows(database, wanted)


def _cause(database: Database) -> sa.ColumnElement[str]:
    """Give the rule of a letter's first reason."""
    if database.sqlite:
        rule = sa.func.json_extract(dead_letter.c.reasons, "$[0].rule")
    else:
        rule = sa.cast(dead_letter.c.reasons, sa.JSON)[0]["rule"].as_string()
    return sa.func.coalesce(rule, "-")


def letters(database: Database, asked: Asked) -> Rows:
    """Count dead letters by unit, kind, origin and cause: ``new`` and ``settled`` in the month, ``open`` by now."""
    cause = _cause(database).label("cause")
    new = sa.case((asked.in_month(dead_letter.c.created_at), 1), else_=0)
    settled = sa.case((sa.and_(dead_letter.c.state != "open", asked.in_month(dead_letter.c.resolved_at)), 1), else_=0)
    still = sa.case((dead_letter.c.state == "open", 1), else_=0)
    sums = (sa.func.sum(value).label(name) for name, value in (("new", new), ("settled", settled), ("open", still)))
    by = (lane.c.unit, lane.c.kind, dead_letter.c.origin, cause)
    wanted = sa.select(*by, *sums).join(lane, lane.c.id == dead_letter.c.lane_id).where(*asked.mine())
    return _rows(database, wanted.group_by(*by).order_by(*by))


_OF_BATCH = sa.and_(batch.c.lane_id == finding.c.lane_id, batch.c.sequence == finding.c.sequence)


def findings(database: Database, asked: Asked) -> Rows:
    """Count the findings of records sealed in the month by unit and rule, batches refused as a whole left out."""
    by = (lane.c.unit, finding.c.rule)
    wanted = (
        sa.select(*by, sa.func.count().label("findings"))
        .join(batch, _OF_BATCH)
        .join(lane, lane.c.id == finding.c.lane_id)
        .where(asked.in_month(batch.c.sealed_at), batch.c.state != "rejected", *asked.mine())
    )
    return _rows(database, wanted.group_by(*by).order_by(*by))


def list_findings(database: Database, asked: Asked, *, rule: str | None, unit: str | None, limit: int) -> Rows:
    """List findings behind a number."""
    names = (lane.c.unit, lane.c.kind, finding.c.key, batch.c.id.label("batch"), finding.c.rule, finding.c.message)
    where = [column == value for column, value in ((finding.c.rule, rule), (lane.c.unit, unit)) if value]
    wanted = (
        sa.select(*names)
        .join(batch, _OF_BATCH)
        .join(lane, lane.c.id == finding.c.lane_id)
        .where(asked.in_month(batch.c.sealed_at), batch.c.state != "rejected", *asked.mine(), *where)
    )
    return _rows(database, wanted.order_by(lane.c.unit, finding.c.id).limit(limit))


def list_letters(
    database: Database, asked: Asked, *, column: str, cause: str | None, limit: int, **equal: str | None
) -> Rows:
    """List dead letters behind a number: ``column`` is new, settled or open; ``equal`` are unit, kind, origin."""
    conditions = {
        "new": asked.in_month(dead_letter.c.created_at),
        "settled": sa.and_(dead_letter.c.state != "open", asked.in_month(dead_letter.c.resolved_at)),
        "open": dead_letter.c.state == "open",
    }
    columns = {"unit": lane.c.unit, "kind": lane.c.kind, "origin": dead_letter.c.origin}
    where = [columns[name] == value for name, value in equal.items() if value]
    if cause:
        where.append(_cause(database) == cause)
    names = (dead_letter.c.id, lane.c.unit, lane.c.kind, dead_letter.c.key, dead_letter.c.source_key)
    wanted = (
        sa.select(*names, dead_letter.c.origin, _cause(database).label("cause"), dead_letter.c.state)
        .join(lane, lane.c.id == dead_letter.c.lane_id)
        .where(conditions[column], *asked.mine(), *where)
    )
    return _rows(database, wanted.order_by(dead_letter.c.id).limit(limit))


_REFUSED = sa.exists().where(
    dead_letter.c.lane_id == record_version.c.lane_id,
    dead_letter.c.origin == "headquarters",
    dead_letter.c.batch_id == batch.c.id,
    dead_letter.c.key == record_version.c.key,
    dead_letter.c.version == record_version.c.digest,
)
_LOADED = batch.c.state == "loaded"
_OUTCOMES = {
    "loaded": sa.and_(_LOADED, ~_REFUSED),
    "refused": sa.or_(batch.c.state == "rejected", sa.and_(_LOADED, _REFUSED)),
    "waiting": batch.c.state.not_in(("loaded", "rejected")),
    "renewed": record_version.c.previous.is_not(None),
}


def list_versions(  # noqa: PLR0913  each is a way to narrow the list
    database: Database,
    asked: Asked,
    *,
    last: bool,
    limit: int,
    unit: str | None = None,
    kind: str | None = None,
    classes: Sequence[sa.ColumnElement[bool]] = (),
    what: str = "",
) -> Rows:
    """List record versions behind a number: those sealed in the month, or with ``last`` the last ones held by now.

    ``what`` narrows to ``loaded``, ``refused``, ``waiting`` or ``renewed``.
    """
    names = (lane.c.unit, lane.c.kind, record_version.c.key, batch.c.id.label("batch"), batch.c.state)
    of_batch = (batch.c.lane_id == record_version.c.lane_id) & (batch.c.sequence == record_version.c.sequence)
    wanted = (
        sa.select(*names, fact_class.c.product, fact_class.c.period, fact_class.c.measure)
        .join(lane, lane.c.id == record_version.c.lane_id)
        .join(batch, of_batch)
        .join(fact_class, fact_class.c.id == record_version.c.fact, isouter=True)
        .where(*asked.mine(), *classes)
    )
    wanted = wanted.where(*(column == value for column, value in ((lane.c.unit, unit), (lane.c.kind, kind)) if value))
    if what in _OUTCOMES:
        wanted = wanted.where(_OUTCOMES[what])
    if last:
        wanted = wanted.where(batch.c.state != "rejected", record_version.c.fact.is_not(None), ~_replaced())
    else:
        wanted = wanted.where(asked.in_month(batch.c.sealed_at))
    order = (record_version.c.lane_id, record_version.c.sequence, record_version.c.position)
    return _rows(database, wanted.order_by(*order).limit(limit))


def _replaced() -> sa.ColumnElement[bool]:
    """Say of a record version that a later one of its record was sealed and not refused as a whole batch."""
    newer, carrier = record_version.alias(), batch.alias()
    return sa.exists().where(
        newer.c.lane_id == record_version.c.lane_id,
        newer.c.key == record_version.c.key,
        newer.c.sequence > record_version.c.sequence,
        carrier.c.lane_id == newer.c.lane_id,
        carrier.c.sequence == newer.c.sequence,
        carrier.c.state != "rejected",
    )


def _rows(database: Database, wanted: sa.Select[Any]) -> Rows:
    with database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(wanted)]  # noqa: SLF001  SQLAlchemy's own name
