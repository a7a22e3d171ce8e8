"""What reconciliation found and nobody has settled, and lanes that have not been compared for long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from ecqs_gateway.flows.doctor.core import Context, Finding, Verdict, age, check
from ecqs_gateway.ledger.tables import batch, lane
from ecqs_gateway.ledger.tables_reconcile import difference, reconciliation

__all__: list[str] = []

_TOO_LONG = timedelta(days=8)
"""A weekly run that was missed."""


@check("work.differences")
def differences(context: Context) -> Iterator[Finding]:
    """Source, ledger and headquarters agree, as far as they were compared."""
    wanted = (
        sa.select(lane.c.unit, lane.c.kind, sa.func.count().label("n"), sa.func.min(difference.c.found_at).label("at"))
        .join(lane, lane.c.id == difference.c.lane_id)
        .where(difference.c.state != "settled", difference.c.action != "wait")
        .group_by(lane.c.unit, lane.c.kind)
        .order_by(lane.c.unit, lane.c.kind)
    )
    with context.ledger() as ledger:
        found = [row for row in ledger.execute(wanted) if context.concerns(row.unit)]
    for row in found:
        old = context.clock() - datetime.fromisoformat(row.at)
        text = f"{row.n} differences between source, ledger and headquarters are open, the oldest since {age(old)}"
        step = f"`ecqs reconcile --unit {row.unit} --list` names them; --repair mends what needs no person"
        verdict = Verdict.PROBLEM if old > _TOO_LONG else Verdict.WARNING
        yield Finding("work.differences", verdict, text, f"{row.unit} {row.kind}", step)
    if not found:
        yield Finding("work.differences", Verdict.OK, "no difference is open")


@check("work.reconciled")
def reconciled(context: Context) -> Iterator[Finding]:
    """Every lane of which headquarters holds something was compared with it within the last week."""
    last = (
        sa.select(sa.func.max(reconciliation.c.at))
        .where(reconciliation.c.lane_id == lane.c.id, reconciliation.c.scope != "source")
        .scalar_subquery()
    )
    first = (
        sa.select(sa.func.min(batch.c.settled_at))
        .where(batch.c.lane_id == lane.c.id, batch.c.state == "loaded")
        .scalar_subquery()
    )
    wanted = sa.select(lane.c.unit, lane.c.kind, last.label("last"), first.label("first"))
    quiet = True
    with context.ledger() as ledger:
        rows = [row for row in ledger.execute(wanted.order_by(lane.c.unit, lane.c.kind)) if row.first is not None]
    for row in rows:
        old = context.clock() - datetime.fromisoformat(row.last or row.first)
        if old <= _TOO_LONG or not context.concerns(row.unit):
            continue
        quiet = False
        text = "was compared with headquarters last" if row.last else "was never compared with headquarters, sent first"
        step = f"run `ecqs reconcile --unit {row.unit}`; check that the DAG ecqs_reconciliation is scheduled"
        yield Finding("work.reconciled", Verdict.WARNING, f"{text} {age(old)} ago", f"{row.unit} {row.kind}", step)
    if quiet:
        yield Finding(
            "work.reconciled", Verdict.OK, f"every lane was compared with headquarters within {age(_TOO_LONG)}"
        )
