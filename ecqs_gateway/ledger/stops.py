"""The stop switch: orders not to send, each for everything, one unit, one record kind, or one kind of one unit.

Sending reads the standing orders before every attempt and once a second while it waits, so an order is obeyed within
seconds also by a run in another process, on another machine. Several orders may stand over one lane; it is free when
the last of them is lifted. Orders are never deleted: what was ordered, lifted, when and by whom stays to be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Terminal
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import stop_order

__all__ = ["Order", "Scope", "lift", "listed", "order", "standing"]


@dataclass(frozen=True)
class Scope:
    """What an order is about; None stands for all units, or all record kinds."""

    unit: str | None = None
    kind: str | None = None

    def __str__(self) -> str:
        """Say it in words: ``all units``, ``320000``, ``320000 certificate``, ``certificate of all units``."""
        if self.unit is None:
            return "all units" if self.kind is None else f"{self.kind} of all units"
        return self.unit if self.kind is None else f"{self.unit} {self.kind}"


@dataclass(frozen=True)
class Order:
    """One order to stop; ``lifted_at`` is None while it stands."""

    id: int
    scope: Scope
    reason: str
    by: str
    at: str
    lifted_at: str | None = None
    lifted_by: str | None = None

    def sentence(self) -> str:
        """Say who stopped what since when, and why."""
        return f"sending of {self.scope} was stopped by {self.by} at {self.at}: {self.reason}"


def order(database: Database, scope: Scope, *, reason: str, by: str, clock: Clock = now) -> Order:
    """Order a stop; raises Terminal ECQS-6010 without a reason or a name, for someone will have to know."""
    reason, by = reason.strip(), by.strip()
    if not reason or not by:
        raise Terminal("ECQS-6010", "a stop order needs a reason and a name", hint="give --reason TEXT and --by NAME")
    values = {"unit": scope.unit, "kind": scope.kind, "reason": reason, "by": by, "at": clock().isoformat()}
    with database.write() as connection:
        number = connection.execute(stop_order.insert().values(values).returning(stop_order.c.id)).scalar_one()
        # The text stays out of the chain, which is for digests and counts; its digest proves it.
        facts = {"order": int(number), "by": by, "reason": hashlib.sha256(reason.encode()).hexdigest()}
        evidence.append(connection, "stop ordered", _subject(scope), facts, clock=clock)
    return Order(int(number), scope, reason, by, str(values["at"]))


def lift(database: Database, scope: Scope, *, by: str, clock: Clock = now) -> list[Order]:
    """Lift the orders of exactly this scope and give them; those of other scopes stand. Empty when there was none."""
    same = (stop_order.c.unit.is_not_distinct_from(scope.unit), stop_order.c.kind.is_not_distinct_from(scope.kind))
    mine = sa.and_(stop_order.c.lifted_at.is_(None), *same)
    lifting = sa.update(stop_order).where(mine).values(lifted_at=clock().isoformat(), lifted_by=by.strip() or "?")
    with database.write() as connection:
        found = [_order(row) for row in connection.execute(lifting.returning(*stop_order.c)).all()]
        for each in sorted(found, key=lambda one: one.id):
            facts = {"order": each.id, "by": each.lifted_by}
            evidence.append(connection, "stop lifted", _subject(scope), facts, clock=clock)
    return sorted(found, key=lambda one: one.id)


def standing(database: Database, unit: str, kind: str) -> Sequence[Order]:
    """Give the orders that keep this lane from sending now, oldest first."""
    with database.read() as connection:
        found = connection.execute(_STANDING, {"over_unit": unit, "over_kind": kind}).all()
    return [_order(row) for row in found]


# Built once, for it is read before every attempt to send.
_STANDING = (
    sa.select(stop_order)
    .where(
        stop_order.c.lifted_at.is_(None),
        sa.or_(stop_order.c.unit.is_(None), stop_order.c.unit == sa.bindparam("over_unit")),
        sa.or_(stop_order.c.kind.is_(None), stop_order.c.kind == sa.bindparam("over_kind")),
    )
    .order_by(stop_order.c.id)
)


def listed(database: Database, *, lifted: bool = False) -> Sequence[Order]:
    """List the orders that stand, oldest first; with ``lifted`` also those of the past."""
    wanted = sa.select(stop_order).order_by(stop_order.c.id)
    with database.read() as connection:
        found = connection.execute(wanted if lifted else wanted.where(stop_order.c.lifted_at.is_(None))).all()
    return [_order(row) for row in found]


def _order(row: sa.Row[tuple[object, ...]]) -> Order:
    scope = Scope(row.unit, row.kind)
    return Order(int(row.id), scope, row.reason, row.by, row.at, row.lifted_at, row.lifted_by)


def _subject(scope: Scope) -> str:
    return f"{scope.unit or '*'}/{scope.kind or '*'}"
