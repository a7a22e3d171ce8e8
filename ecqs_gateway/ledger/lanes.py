"""Lanes and leases: who may work on one (unit, kind), and the fencing number that keeps a stale worker out.

A lease is taken for less than a minute, renewed by every commit, and kept alive by ``kept`` in between. After a crash
it frees itself in that time, and at once where the dead worker ran on this machine: no hand is needed. Each taking
raises the lane's fencing number; every commit states the number it was given and fails when the lane has moved on. A
worker that was asleep while its lease passed to another can therefore not write a thing, whatever it believes.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Conflict, GatewayError, Terminal, Transient
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger import owner as owners
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import lane

__all__ = ["LEASE_TIME", "RESTORED", "LaneState", "Lease", "acquire", "guard", "hold", "kept", "lane_id", "release"]
__all__ += ["require", "require_reconciled", "state", "unhold"]

LEASE_TIME = timedelta(seconds=45)
"""How long a lease outlives its worker's last sign of life."""
_SIGN_OF_LIFE = 10.0
RESTORED = "restored from the backup of"
"""How the reason begins for which a lane is held after a restore, until it is known where headquarters stands."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """The right to write one lane, as long as its fencing number is the lane's."""

    lane_id: int
    unit: str
    kind: str
    fence: int
    owner: str


@dataclass(frozen=True)
class LaneState:
    """Where a lane stands: next sequence, digest of the last manifest, watermark JSON, reason it is held."""

    next_sequence: int
    previous_manifest: bytes | None
    watermark: str | None
    held_reason: str | None


def lane_id(database: Database, unit: str, kind: str) -> int:
    """Give the number of a lane, making the lane when it is new."""
    wanted = sa.select(lane.c.id).where(lane.c.unit == unit, lane.c.kind == kind)
    with database.read() as connection:
        found = connection.execute(wanted).scalar()
    if found is not None:
        return int(found)
    values = {"unit": unit, "kind": kind, "next_sequence": 1, "fence": 0}
    with database.write() as connection:
        # Another worker may make the same lane in this very moment: whoever comes second finds it.
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(lane).values(values).on_conflict_do_nothing(index_elements=["unit", "kind"]))
        return int(connection.execute(wanted).scalar_one())


def acquire(
    database: Database, unit: str, kind: str, *, clock: Clock = now, lease_time: timedelta = LEASE_TIME
) -> Lease:
    """Take the lease of a lane, also from a worker that is dead; raises Transient ECQS-3004 while another holds it."""
    number = lane_id(database, unit, kind)
    owner = owners.myself()
    moment = clock()
    values = {"fence": lane.c.fence + 1, "lease_owner": owner, "lease_until": (moment + lease_time).isoformat()}
    with database.write() as connection:
        found = connection.execute(sa.select(lane).where(lane.c.id == number).with_for_update()).one()
        if not _free(found, moment):
            raise Transient(
                "ECQS-3004",
                f"another run is working on {unit} {kind}",
                where=str(found.lease_owner).partition(":")[0],
                hint=f"wait for it to end; should it have crashed, the lease is free from {found.lease_until} on",
            )
        # Stated once more: on SQLite the write lock already excludes others, elsewhere the row lock does.
        taking = sa.update(lane).where(lane.c.id == number, lane.c.fence == found.fence).values(values)
        fence = connection.execute(taking.returning(lane.c.fence)).scalar_one()
        if found.lease_owner is not None:  # its worker never gave it back
            expired = datetime.fromisoformat(found.lease_until) <= moment
            facts = {"fence": int(fence), "because": "expired" if expired else "worker gone"}
            evidence.append(connection, "lease taken over", f"{unit}/{kind}", facts, clock=clock)
    return Lease(number, unit, kind, int(fence), owner)


def _free(found: sa.Row[tuple[object, ...]], moment: datetime) -> bool:
    if found.lease_until is None or datetime.fromisoformat(found.lease_until) <= moment:
        return True
    return found.lease_owner is not None and owners.gone(found.lease_owner)


@contextmanager
def kept(database: Database, lease: Lease, *, clock: Clock = now, every: float = _SIGN_OF_LIFE) -> Iterator[None]:
    """Keep a lease alive while its worker works between two commits; ends by itself once the lease was taken over."""
    ended = threading.Event()

    def live() -> None:
        while not ended.wait(every):
            try:
                with database.write() as connection:
                    guard(connection, lease, clock=clock)
            except Conflict:
                return  # the worker's next commit will find out and say so
            except GatewayError as error:
                _log.warning("lease.sign_of_life failed, will be tried again: %s", error)

    thread = threading.Thread(target=live, name=f"lease-{lease.unit}-{lease.kind}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def guard(connection: sa.Connection, lease: Lease, *, clock: Clock = now, lease_time: timedelta = LEASE_TIME) -> None:
    """Renew the lease inside a commit; raises Conflict ECQS-3010 when it was taken by another worker."""
    renewed = connection.execute(_RENEW, {**_named(lease), "until": (clock() + lease_time).isoformat()})
    if renewed.rowcount != 1:
        raise _taken_over(lease)


# Built once: a statement built anew costs several times what running it does, and these run for every batch.
_MINE = (
    lane.c.id == sa.bindparam("number"),
    lane.c.fence == sa.bindparam("held_fence"),
    lane.c.lease_owner == sa.bindparam("owner"),
)
_RENEW = sa.update(lane).where(*_MINE).values(lease_until=sa.bindparam("until"))
_REQUIRED = sa.select(lane.c.id).where(*_MINE)
_STATE = sa.select(lane).where(lane.c.id == sa.bindparam("number"))


def _named(lease: Lease) -> dict[str, object]:
    return {"number": lease.lane_id, "held_fence": lease.fence, "owner": lease.owner}


def require(database: Database, lease: Lease) -> None:
    """Raise Conflict ECQS-3010 when the lease has passed to another worker; reads only.

    Asked before a package goes out: nothing of the ledger is at stake there, but a worker that slept should not send.
    """
    with database.read() as connection:
        if connection.execute(_REQUIRED, _named(lease)).first() is None:
            raise _taken_over(lease)


def _taken_over(lease: Lease) -> Conflict:
    return Conflict(
        "ECQS-3010",
        f"the lease on {lease.unit} {lease.kind} was taken over by another worker; nothing was written",
        hint="nothing to do: the other worker continues where the last commit stopped",
    )


def release(database: Database, lease: Lease) -> None:
    """Give a lease back; silent when another worker has it by now."""
    mine = (lane.c.id == lease.lane_id, lane.c.fence == lease.fence)
    with database.write() as connection:
        connection.execute(sa.update(lane).where(*mine).values(lease_owner=None, lease_until=None))


def state(database: Database, lease: Lease) -> LaneState:
    """Read where the lane stands."""
    with database.read() as connection:
        found = connection.execute(_STATE, {"number": lease.lane_id}).one()
    previous = bytes(found.previous_manifest) if found.previous_manifest is not None else None
    return LaneState(int(found.next_sequence), previous, found.watermark, found.held_reason)


def hold(connection: sa.Connection, lane_number: int, reason: str, *, clock: Clock = now) -> None:
    """Stop a lane from sending until someone looked at it."""
    found = connection.execute(_NAMED.where(lane.c.id == lane_number)).one()
    connection.execute(sa.update(lane).where(lane.c.id == lane_number).values(held_reason=reason))
    facts = {"code": evidence.code_of(reason), "reason": _digest(reason)}
    evidence.append(connection, "lane held", f"{found.unit}/{found.kind}", facts, clock=clock)


def unhold(connection: sa.Connection, lane_number: int, *, clock: Clock = now) -> None:
    """Let a held lane send again; one that is not held is left as it is.

    Raises Terminal ECQS-6035 for one that was restored and not reconciled yet.
    """
    found = connection.execute(_NAMED.where(lane.c.id == lane_number)).one()
    if found.held_reason is None:
        return
    require_reconciled(found.held_reason, f"{found.unit} {found.kind}")
    connection.execute(sa.update(lane).where(lane.c.id == lane_number).values(held_reason=None))
    facts = {"reason": _digest(found.held_reason)}
    evidence.append(connection, "lane released", f"{found.unit}/{found.kind}", facts, clock=clock)


def require_reconciled(held_reason: str | None, place: str | None = None) -> None:
    """Raise Terminal ECQS-6035 where a lane was restored and nobody has asked yet where headquarters stands.

    Until then no batch may be sealed: its sequence number may be taken by one that was lost with the old ledger.
    """
    if held_reason is not None and held_reason.startswith(RESTORED):
        raise Terminal(
            "ECQS-6035",
            f"the lane is held: {held_reason}",
            where=place,
            hint="run `ecqs restore --reconcile`: it asks headquarters which batches it has seen",
        )


_NAMED = sa.select(lane.c.unit, lane.c.kind, lane.c.held_reason)


def _digest(reason: str) -> str:
    return hashlib.sha256(reason.encode()).hexdigest()
