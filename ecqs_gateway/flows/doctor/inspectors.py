"""The national list of inspectors: has every province that wants it the newest version we hold?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, age, check
from ecqs_gateway.ledger.tables_inspectors import inspector_list, inspector_writeback

__all__: list[str] = []

_LATE = timedelta(hours=36)
"""A daily write-back that was missed."""


@check("inspectors.written")
def written(context: Context) -> Iterator[Finding]:
    """Every unit whose connector says where the list goes has the newest version: who left it must not be sent out."""
    connectors = context.the_content.connectors
    units = [unit for unit in context.units() if unit in connectors and connectors[unit].inspectors is not None]
    if not units:
        raise NotChecked("no connector says where the list of inspectors goes")
    with context.ledger() as ledger:
        newest = ledger.execute(sa.select(inspector_list).order_by(inspector_list.c.version.desc()).limit(1)).first()
        given = {row.unit: row for row in ledger.execute(sa.select(inspector_writeback))}
    if newest is None:
        raise NotChecked("no list of inspectors has come down yet")
    lacking = [finding for unit in units if (finding := _lacking(context, unit, newest, given.get(unit))) is not None]
    yield from lacking
    if not lacking:
        text = f"{len(units)} units were given version {newest.version} of the list"
        yield Finding("inspectors.written", Verdict.OK, text)


def _lacking(context: Context, unit: str, newest: sa.Row[Any], given: sa.Row[Any] | None) -> Finding | None:
    """Say why a unit does not have the newest version; None where it does, or where the next write-back is not late."""
    old = context.clock() - datetime.fromisoformat(newest.taken_at)
    has = given.version if given is not None else None
    behind = has != newest.version
    failed = given is not None and given.error is not None
    if not failed and (not behind or old <= _LATE):
        return None
    state = f"it has version {has or 'none'} of the list, the newest is {newest.version}, taken in {age(old)} ago"
    why = f"the last write-back failed at {given.tried_at[:16]}: {given.error}" if given is not None and failed else ""
    step = f"`ecqs inspectors write --unit {unit}` tries again and says why"
    step = f"mend that, then {step}" if failed else f"{step}; check that the DAG ecqs_inspector_lists is scheduled"
    verdict = Verdict.PROBLEM if behind and old > _LATE else Verdict.WARNING
    return Finding("inspectors.written", verdict, f"{state}; {why}" if why else state, unit, step)
