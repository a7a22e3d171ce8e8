"""Leases: one worker a lane, and a stale one writes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Conflict, Transient
from ecqs_gateway.ledger import lanes, owner
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
    lease = lanes.acquire(database, "320000", "certificate", clock=clock)
    clock.forward(seconds=40)
    with database.write() as connection:
        lanes.guard(connection, lease, clock=clock)
    clock.forward(seconds=40)
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


def test_a_worker_that_commits_nothing_for_long_keeps_its_lease(database: Database, clock) -> None:
    lease = lanes.acquire(database, "320000", "certificate", clock=clock)
    with lanes.kept(database, lease, clock=clock, every=0.02):
        for _ in range(3):
            clock.forward(seconds=40)
            time.sleep(0.3)
    with pytest.raises(Transient):
        lanes.acquire(database, "320000", "certificate", clock=clock)


def test_a_lease_is_given_up_within_a_minute_by_a_worker_that_shows_no_sign_of_life(database: Database, clock) -> None:
    lanes.acquire(database, "320000", "certificate", clock=clock)
    clock.forward(seconds=60)
    assert lanes.acquire(database, "320000", "certificate", clock=clock).fence == 2


def test_signs_of_life_of_a_stale_worker_do_not_bring_its_lease_back(database: Database, clock) -> None:
    stale = lanes.acquire(database, "320000", "certificate", clock=clock)
    clock.forward(minutes=1)
    fresh = lanes.acquire(database, "320000", "certificate", clock=clock)
    with lanes.kept(database, stale, clock=clock, every=0.01):
        time.sleep(0.2)
    with database.write() as connection:
        lanes.guard(connection, fresh, clock=clock)


def test_the_lease_of_a_worker_that_was_killed_here_is_free_at_once(database: Database, clock) -> None:
    worker = subprocess.Popen([sys.executable, "-c", _TAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(database.url.render_as_string(hide_password=False).encode() + b"\n")
    worker.stdin.flush()
    assert worker.stdout.readline() == b"taken\n"
    with pytest.raises(Transient):
        lanes.acquire(database, "320000", "certificate", clock=clock)
    worker.send_signal(signal.SIGKILL)
    # Not collected yet by its parent: dead all the same.
    _until_dead(worker.pid)
    assert lanes.acquire(database, "320000", "certificate", clock=clock).fence == 2
    worker.communicate()


def test_a_worker_elsewhere_is_never_taken_for_dead() -> None:
    host, place, pid, start, unique = owner.myself().rsplit(":", 4)
    assert not owner.gone(f"{host}:{place}:{pid}:{start}:{unique}")
    assert owner.gone(":".join((host, place, pid, start + "0", unique)))  # its number was given out again
    assert owner.gone(f"{host}:{place}:4194305:{start}:{unique}")  # beyond the highest number there can be
    assert not owner.gone(f"{host}:another-kernel.1:4194305:{start}:{unique}")
    assert not owner.gone(f"{host}:-:4194305:{start}:{unique}")
    assert not owner.gone(f"{host}:4194305:{unique}")


_TAKE = """
import sys
from datetime import datetime
from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.ledger import lanes
from ecqs_gateway.ledger.database import Database
database = Database(sys.stdin.readline().strip())
lanes.acquire(database, "320000", "certificate", clock=lambda: datetime(2026, 11, 23, 2, 30, tzinfo=SHANGHAI))
print("taken", flush=True)
sys.stdin.read()
"""


def _until_dead(pid: int) -> None:
    for _ in range(500):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.01)
    raise AssertionError("the worker did not die")
