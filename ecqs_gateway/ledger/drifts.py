"""Record kinds held because their source drifted: what is held, what was let through, and what people accepted.

A hold is about taking rows: what was taken before goes on its way. It names what drifted by a fingerprint without
counts, so that the same drift is one hold however many runs meet it, and letting it through lets nothing else through.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.ledger import evidence, lanes
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.tables import lane, run_count
from ecqs_gateway.ledger.tables_drift import drift

__all__ = ["Hold", "accept", "allowed", "end", "fingerprint", "former_counts", "hold", "let_through", "standing"]

_HELD, _ALLOWED = "held", "let through"
_FORMER_RUNS = 60


@dataclass(frozen=True)
class Hold:
    """One hold of a lane: what drifted, since when, and how many rows of the run were taken before it."""

    id: int
    unit: str
    kind: str
    found: tuple[Mapping[str, Any], ...]
    rows: int
    held_at: str
    run: str
    state: str = _HELD

    def sentence(self) -> str:
        """Say what is held and why, without what can be done about it."""
        told = "; ".join(str(one["message"]) for one in self.found)
        return f"{self.unit} {self.kind} is not taken from its source since {self.held_at[:16]}: {told}"


def fingerprint(identities: Sequence[str]) -> bytes:
    """Give what stands for a set of differences: SHA-256 over their names, in order."""
    return hashlib.sha256("\n".join(sorted(set(identities))).encode()).digest()


def hold(database: Database, lease: Lease, current: Run, found: Sequence[Mapping[str, Any]], *, rows: int) -> None:
    """Keep that a lane is held for what was found; what held it before and is no longer found is gone.

    ``found`` holds ``identity``, ``what``, ``column``, ``message`` and ``place``; no values of rows.
    """
    mark = fingerprint([str(one["identity"]) for one in found])
    values = {"lane_id": lease.lane_id, "run_id": current.id, "fingerprint": mark, "state": _HELD, "rows": rows}
    values |= {"found": json.dumps(list(found), ensure_ascii=False), "held_at": current.clock().isoformat()}
    mine = (drift.c.lane_id == lease.lane_id, drift.c.state.in_((_HELD, _ALLOWED)))
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        same = sa.select(drift.c.id).where(*mine, drift.c.fingerprint == mark, drift.c.state == _HELD)
        if (known := connection.execute(same).scalar()) is not None:
            fresh = {"found": values["found"], "rows": rows}
            connection.execute(sa.update(drift).where(drift.c.id == known).values(fresh))
            return
        _close(connection, lease.lane_id, "gone", current.clock)
        connection.execute(drift.insert(), values)
        facts = {"fingerprint": mark.hex(), "found": sorted({str(one["what"]) for one in found}), "rows": rows}
        evidence.append(connection, "drift held", f"{lease.unit}/{lease.kind}", facts, clock=current.clock)


def standing(database: Database, unit: str | None = None, kind: str | None = None) -> list[Hold]:
    """Give the holds that stand, of one unit or kind where given."""
    where = [c == v for c, v in ((lane.c.unit, unit), (lane.c.kind, kind)) if v is not None]
    wanted = (
        sa.select(drift, lane.c.unit, lane.c.kind)
        .join(lane, lane.c.id == drift.c.lane_id)
        .where(drift.c.state == _HELD, *where)
        .order_by(lane.c.unit, lane.c.kind)
    )
    with database.read() as connection:
        found = connection.execute(wanted).all()
    return [Hold(f.id, f.unit, f.kind, tuple(json.loads(f.found)), f.rows, f.held_at, f.run_id) for f in found]


def allowed(database: Database, lane_number: int) -> frozenset[str]:
    """Give the names of the differences somebody let through for the next whole run of a lane."""
    wanted = sa.select(drift.c.found).where(drift.c.lane_id == lane_number, drift.c.state == _ALLOWED)
    with database.read() as connection:
        found = connection.execute(wanted).scalars().all()
    return frozenset(str(one["identity"]) for text in found for one in json.loads(text))


def let_through(connection: sa.Connection, lease: Lease, *, by: str, reason: str, clock: Clock = now) -> bool:
    """Let the drift a lane is held for through, for one whole run; says whether it was held for any."""
    mine = (drift.c.lane_id == lease.lane_id, drift.c.state == _HELD)
    held = connection.execute(sa.select(drift.c.fingerprint).where(*mine)).scalars().all()
    if not held:
        return False
    decided = {"state": _ALLOWED, "decided_at": clock().isoformat(), "decided_by": by, "reason": reason}
    connection.execute(sa.update(drift).where(*mine).values(decided))
    facts = {"by": by, "reason": _digest(reason), "fingerprint": bytes(held[0]).hex()}
    evidence.append(connection, "drift let through", f"{lease.unit}/{lease.kind}", facts, clock=clock)
    return True


def accept(database: Database, lease: Lease, *, by: str, reason: str, file: bytes, clock: Clock = now) -> bool:
    """Keep that a person takes a source as it is now; ``file`` is the description that says so from here on.

    Says whether the lane was held.
    """
    decided = {"state": "accepted", "decided_at": clock().isoformat(), "decided_by": by, "reason": reason}
    mine = (drift.c.lane_id == lease.lane_id, drift.c.state.in_((_HELD, _ALLOWED)))
    with database.write() as connection:
        lanes.guard(connection, lease, clock=clock)
        held = connection.execute(sa.update(drift).where(*mine).values(decided)).rowcount
        facts = {"by": by, "reason": _digest(reason), "description": hashlib.sha256(file).hexdigest()}
        evidence.append(connection, "drift accepted", f"{lease.unit}/{lease.kind}", facts, clock=clock)
    return bool(held)


def end(database: Database, lease: Lease, *, clock: Clock = now) -> None:
    """Close what a whole run of a lane no longer met or was let take; one read where there is nothing to close."""
    open_ = (drift.c.lane_id == lease.lane_id, drift.c.state.in_((_HELD, _ALLOWED)))
    with database.read() as connection:
        if connection.execute(sa.select(drift.c.id).where(*open_).limit(1)).first() is None:
            return
    with database.write() as connection:
        lanes.guard(connection, lease, clock=clock)
        passed = (*open_[:1], drift.c.state == _ALLOWED)
        connection.execute(sa.update(drift).where(*passed).values(state="passed"))
        if _close(connection, lease.lane_id, "gone", clock):
            evidence.append(connection, "drift gone", f"{lease.unit}/{lease.kind}", {}, clock=clock)


def _close(connection: sa.Connection, lane_number: int, state: str, clock: Clock) -> int:
    mine = (drift.c.lane_id == lane_number, drift.c.state == _HELD)
    values = {"state": state, "decided_at": clock().isoformat()}
    return connection.execute(sa.update(drift).where(*mine).values(values)).rowcount


def former_counts(database: Database, lane_number: int, *, but: str = "") -> list[int]:
    """Give how many rows former runs of a lane took, oldest first; ``but`` is the run going on."""
    wanted = (
        sa.select(run_count.c.extracted)
        .where(run_count.c.lane_id == lane_number, run_count.c.run_id != but)
        .order_by(run_count.c.run_id.desc())
        .limit(_FORMER_RUNS)
    )
    with database.read() as connection:
        return [int(count) for count in connection.execute(wanted).scalars()][::-1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
