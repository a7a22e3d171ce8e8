"""The operator's stop switch: what may be stopped, and what stands afterwards. Works without reading the content."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.ledger import stops
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stops import Order, Scope
from ecqs_gateway.ledger.tables import lane
from ecqs_gateway.model import kinds

__all__ = ["resume", "stop"]


def stop(database: Database, scope: Scope, *, reason: str, by: str, content: Path, clock: Clock = now) -> Order:
    """Order a stop; raises Misconfigured ECQS-6015 for a unit or a record kind nobody knows.

    ``content`` is the folder of the content, of which only the names of connectors are looked at.
    """
    _require_known(database, scope, content)
    return stops.order(database, scope, reason=reason, by=by, clock=clock)


def resume(database: Database, scope: Scope, *, by: str, clock: Clock = now) -> list[Order]:
    """Lift the orders of exactly this scope; raises Terminal ECQS-6016 when there is none."""
    lifted = stops.lift(database, scope, by=by, clock=clock)
    if not lifted:
        others = "; ".join(str(order.scope) for order in stops.listed(database))
        raise Terminal(
            "ECQS-6016",
            f"no stop order for {scope} stands",
            hint=f"orders that stand are for: {others}; name one of them with --unit and --kind"
            if others
            else "nothing is stopped",
        )
    return lifted


def _require_known(database: Database, scope: Scope, content: Path) -> None:
    if scope.kind is not None and scope.kind not in kinds.KINDS:
        raise _unknown("record kind", scope.kind, sorted(kinds.KINDS))
    if scope.unit is None:
        return
    with database.read() as connection:
        units = set(connection.execute(sa.select(lane.c.unit)).scalars())
    units |= {file.stem for file in (content / "connectors" / "provinces").glob("*.yaml")}
    if scope.unit not in units:
        raise _unknown("unit", scope.unit, sorted(units))


def _unknown(what: str, name: str, known: list[str]) -> Misconfigured:
    return Misconfigured(
        "ECQS-6015", f"there is no {what} {name}; nothing was stopped", hint=f"known: {', '.join(known) or 'none'}"
    )
