"""Lanes and leases: who may work on one (unit, kind), and the fencing number that keeps a stale worker out.

A lease is taken for some minutes and renewed by every commit. Each taking raises the lane's fencing number; every
commit states the number it was given and fails when the lane has moved on. A worker that was asleep while its lease
passed to another can therefore not write a thing, whatever it believes.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Conflict, Transient
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import lane

__all__ = ["LEASE_TIME", "LaneState", "Lease", "acquire", "guard", "hold", "lane_id", "release", "state", "unhold"]

LEASE_TIME = timedelta(minutes=10)
"""How long a lease lasts without a commit; longer than any single step between two commits."""


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
    with database.write() as connection:
        found = connection.execute(wanted).scalar()
        if found is None:
            values = {"unit": unit, "kind": kind, "next_sequence": 1, "fence": 0}
            found = connection.execute(lane.insert().values(values).returning(lane.c.id)).scalar_one()
        return int(found)


def acquire(
    database: Database, unit: str, kind: str, *, clock: Clock = now, lease_time: timedelta = LEASE_TIME
) -> Lease:
    """Take the lease of a lane; raises Transient ECQS-3004 while another worker holds it."""
    number = lane_id(database, unit, kind)
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    moment = clock()
    free = sa.or_(lane.c.lease_until.is_(None), lane.c.lease_until <= moment.isoformat())
    values = {"fence": lane.c.fence + 1, "lease_owner": owner, "lease_until": (moment + lease_time).isoformat()}
    with database.write() as connection:
        taking = sa.update(lane).where(lane.c.id == number, free).values(values).returning(lane.c.fence)
        fence = connection.execute(taking).scalar()
        if fence is None:
            until = connection.execute(sa.select(lane.c.lease_until).where(lane.c.id == number)).scalar()
            raise Transient(
                "ECQS-3004",
                f"another run is working on {unit} {kind} until {until} at the latest",
                hint="wait for it to end; after a crash the lease frees itself at that time",
            )
    return Lease(number, unit, kind, int(fence), owner)


def guard(connection: sa.Connection, lease: Lease, *, clock: Clock = now, lease_time: timedelta = LEASE_TIME) -> None:
    """Renew the lease inside a commit; raises Conflict ECQS-3010 when it was taken by another worker."""
    renewed = connection.execute(
        sa.update(lane)
        .where(lane.c.id == lease.lane_id, lane.c.fence == lease.fence, lane.c.lease_owner == lease.owner)
        .values(lease_until=(clock() + lease_time).isoformat())
    )
    if renewed.rowcount != 1:
        raise Conflict(
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
        found = connection.execute(sa.select(lane).where(lane.c.id == lease.lane_id)).one()
    previous = bytes(found.previous_manifest) if found.previous_manifest is not None else None
    return LaneState(int(found.next_sequence), previous, found.watermark, found.held_reason)


def hold(connection: sa.Connection, lane_number: int, reason: str) -> None:
    """Stop a lane from sending until someone looked at it."""
    connection.execute(sa.update(lane).where(lane.c.id == lane_number).values(held_reason=reason))


def unhold(connection: sa.Connection, lane_number: int) -> None:
    """Let a held lane send again."""
    connection.execute(sa.update(lane).where(lane.c.id == lane_number).values(held_reason=None))
