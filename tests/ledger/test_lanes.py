"""Leases: one worker a lane, and a stale one writes nothing."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Conflict, Transient
from ecqs_gateway.ledger import lanes
from ecqs_gateway.ledger.database import Database


def test_a_second_worker_has_to_wait(database: Database, clock) -> None:
    lanes.acquire(database, "320000", "certificate", clock=clock)
    with pytest.raises(Transient) as caught:
        lanes.acquire(database, "320000", "certificate", clock=clock)
    assert caught.value.code == "ECQS-3004"


def test_another_lane_is_free(database: Database, clock) -> None:
    first = lanes.acquire(database, "320000", "certificate", clock=clock)
    second = lanes.acquire(database, "370000", "certificate", clock=clock)
    assert first.lane_id != second.lane_id


def test_a_lease_given_back_can_be_taken_at_once(database: Database, clock) -> None:
    lanes.release(database, lanes.acquire(database, "320000", "certificate", clock=clock))
    assert lanes.acquire(database, "320000", "certificate", clock=clock).fence == 2


def test_a_stale_worker_writes_nothing(database: Database, clock) -> None:
    stale = lanes.acquire(database, "320000", "certificate", clock=clock)
    clock.forward(minutes=11)
    fresh = lanes.acquire(database, "320000", "certificate", clock=clock)
    with pytest.raises(Conflict) as caught, database.write() as connection:
        connection.execute(sa.text("UPDATE lane SET watermark = 'stale'"))
        lanes.guard(connection, stale, clock=clock)
    assert caught.value.code == "ECQS-3010"
    assert lanes.state(database, fresh).watermark is None


def test_a_stale_worker_cannot_give_back_a_lease_that_is_no_longer_its_own(database: Database, clock) -> None:
    stale = lanes.acquire(database, "320000", "certificate", clock=clock)
    clock.forward(minutes=11)
    lanes.acquire(database, "320000", "certificate", clock=clock)
    lanes.release(database, stale)
    with pytest.raises(Transient):
        lanes.acquire(database, "320000", "certificate", clock=clock)


def test_every_commit_renews_the_lease(database: Database, clock) -> None:
    lease = lanes.acquire(database, "320000", "certificate", clock=clock, lease_time=timedelta(minutes=10))
    clock.forward(minutes=9)
    with database.write() as connection:
        lanes.guard(connection, lease, clock=clock)
    clock.forward(minutes=9)
    with pytest.raises(Transient):
        lanes.acquire(database, "320000", "certificate", clock=clock)


def test_of_many_workers_at_once_one_gets_the_lane(database: Database, clock) -> None:
    lanes.lane_id(database, "320000", "certificate")
    taken: list[lanes.Lease] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        try:
            taken.append(lanes.acquire(database, "320000", "certificate", clock=clock))
        except Transient:
            return

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == 1
