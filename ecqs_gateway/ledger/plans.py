"""By what a lane's rows were last mapped, and which changes of that somebody looked at and accepted.

A change is a pair of fingerprints of one lane (``content.fingerprint``): from what is in use to what comes. An
acceptance is good for exactly that pair, from whichever bundles the two were taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.ledger import evidence, lanes
from ecqs_gateway.ledger.database import Database, Readable
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.tables import extraction, lane, run
from ecqs_gateway.ledger.tables_plan import accepted_plan, lane_content

__all__ = ["Acceptance", "InUse", "accept", "accepted", "in_use", "last_bundle", "note_use"]


@dataclass(frozen=True)
class InUse:
    """What a lane's rows were last mapped by, from which bundle it was first taken, and since when."""

    fingerprint: str
    bundle: str
    since: str


@dataclass(frozen=True)
class Acceptance:
    """A plan somebody accepted: the change, the bundles it was computed from, by whom, why, and what it counted."""

    base_fingerprint: str
    fingerprint: str
    base_bundle: str
    bundle: str
    by: str
    reason: str
    rows: int
    summary: Mapping[str, int]
    at: str = ""
    id: int = 0


def in_use(database: Readable, unit: str, kind: str) -> InUse | None:
    """Give what the lane's rows were last mapped by; None before the first ones, and in a ledger older than 0004."""
    wanted = (
        sa.select(lane_content)
        .join(lane, lane.c.id == lane_content.c.lane_id)
        .where(lane.c.unit == unit, lane.c.kind == kind)
        .order_by(lane_content.c.id.desc())
        .limit(1)
    )
    with database.read() as connection:
        found = connection.execute(wanted).first()
    return InUse(found.fingerprint, found.bundle, found.at) if found is not None else None


def last_bundle(database: Readable, unit: str, kind: str) -> str | None:
    """Give the bundle of the run that last read rows of a lane; None where none ever did.

    For lanes that were synced before the ledger noted what is in use.
    """
    wanted = (
        sa.select(run.c.bundle)
        .join(extraction, extraction.c.run_id == run.c.id)
        .join(lane, lane.c.id == extraction.c.lane_id)
        .where(lane.c.unit == unit, lane.c.kind == kind)
        .order_by(extraction.c.id.desc())
        .limit(1)
    )
    with database.read() as connection:
        return connection.execute(wanted).scalar()


def note_use(database: Database, lease: Lease, current: Run, fingerprint: str | None) -> None:
    """Note that rows of a lane are mapped by this from now on; writes nothing while it stays the same.

    Raises Conflict ECQS-3010 when the lease was lost.
    """
    known = in_use(database, lease.unit, lease.kind)
    if fingerprint is None or (known is not None and known.fingerprint == fingerprint):
        return
    values = {"lane_id": lease.lane_id, "fingerprint": fingerprint, "bundle": current.bundle, "run_id": current.id}
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        connection.execute(lane_content.insert(), {**values, "at": current.clock().isoformat()})
        if known is not None:
            facts = {"bundle": current.bundle, "before": known.fingerprint, "after": fingerprint}
            evidence.append(connection, "content changed", f"{lease.unit}/{lease.kind}", facts, clock=current.clock)


def accept(database: Database, unit: str, kind: str, draft: Acceptance, *, clock: Clock = now) -> int:
    """Keep an acceptance with its entry in the evidence chain, and give its number."""
    number = lanes.lane_id(database, unit, kind)
    values = {
        "lane_id": number,
        "base_fingerprint": draft.base_fingerprint,
        "fingerprint": draft.fingerprint,
        "base_bundle": draft.base_bundle,
        "bundle": draft.bundle,
        "by": draft.by,
        "reason": draft.reason,
        "rows": draft.rows,
        "summary": json.dumps(dict(draft.summary), sort_keys=True),
        "at": clock().isoformat(),
    }
    facts: dict[str, object] = {
        "bundle": draft.bundle,
        "base": draft.base_bundle,
        "before": draft.base_fingerprint,
        "after": draft.fingerprint,
        "by": draft.by,
        "reason": hashlib.sha256(draft.reason.encode()).hexdigest(),
        "rows": draft.rows,
        "counts": {name: count for name, count in draft.summary.items() if count},
    }
    with database.write() as connection:
        made = connection.execute(accepted_plan.insert().values(values).returning(accepted_plan.c.id)).scalar_one()
        evidence.append(connection, "plan accepted", f"{unit}/{kind}", {"plan": int(made), **facts}, clock=clock)
    return int(made)


def accepted(database: Readable, unit: str, kind: str, base_fingerprint: str, fingerprint: str) -> Acceptance | None:
    """Give the newest acceptance of exactly this change; None where nobody accepted it."""
    wanted = (
        sa.select(accepted_plan)
        .join(lane, lane.c.id == accepted_plan.c.lane_id)
        .where(
            lane.c.unit == unit,
            lane.c.kind == kind,
            accepted_plan.c.base_fingerprint == base_fingerprint,
            accepted_plan.c.fingerprint == fingerprint,
        )
        .order_by(accepted_plan.c.id.desc())
        .limit(1)
    )
    with database.read() as connection:
        found = connection.execute(wanted).first()
    if found is None:
        return None
    change = (found.base_fingerprint, found.fingerprint, found.base_bundle, found.bundle)
    return Acceptance(*change, found.by, found.reason, found.rows, json.loads(found.summary), found.at, found.id)
