"""The stop switch on whole runs: nothing is sent, nothing is lost, and everybody sees who stopped it and why."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from ecqs_gateway.flows import nightly
from ecqs_gateway.ledger import runs, stops
from ecqs_gateway.ledger.stops import Scope

UNIT, OTHER = "320000", "370000"


def _stop(world, scope: Scope) -> None:
    with world.ledger() as database:
        database.upgrade()
        stops.order(database, scope, reason="总局端口切换", by="李工")


def _resume(world, scope: Scope) -> None:
    with world.ledger() as database:
        assert stops.lift(database, scope, by="李工")


def _arrived(world) -> int:
    with world.query() as query:
        return len(query.batches())


def test_while_stopped_rows_are_collected_and_wait_and_the_run_is_no_failure(world, w) -> None:
    world.province(UNIT, 120)
    world.province(OTHER, 5)
    _stop(world, Scope(UNIT))
    summary = world.sync()
    assert summary.failed == {}
    [(lane, message)] = summary.stopped.items()
    assert lane == f"{UNIT} certificate"
    for word in ("3 batches wait", "李工", "总局端口切换"):
        assert word in message
    assert "1 stopped by order" in summary.sentence()
    assert w.counts(summary)["batched"] == 120
    w.judged_faultless(world, {UNIT: 0, OTHER: 5})
    [(state, told)] = world.rows("SELECT state, message FROM run")
    assert state == "done"
    assert "李工" in told
    assert world.rows("SELECT attempts, last_error FROM batch WHERE sent_at IS NULL") == [(0, None)] * 3

    _resume(world, Scope(UNIT))
    summary = world.sync()
    assert (summary.failed, summary.stopped) == ({}, {})
    w.judged_faultless(world, {UNIT: 120})


def test_a_stop_holds_over_many_runs_and_what_changes_meanwhile_arrives_in_order(world, w) -> None:
    world.province(UNIT, 3)
    _stop(world, Scope())
    for day in (21, 22):
        world.sync()
        world.put(UNIT, [w.licence(UNIT, 1, zt="注销" if day == 21 else "有效", gxsj=f"2026-11-{day} 08:00:00")])
    assert world.sync().stopped
    w.judged_faultless(world, {UNIT: 0})
    _resume(world, Scope())
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 3})
    with world.query() as query:
        assert len(query.history(w.key(UNIT, 1))) == 3


def test_receipts_that_arrived_are_booked_while_stopped_and_the_run_ends_soon(world, w) -> None:
    world.national(wait="0s", records=10)
    world.province(UNIT, 20)
    world.misbehave(delay={"received": 1.0, "validated": 1.0, "loaded": 1.0})
    world.sync()
    assert world.rows("SELECT DISTINCT state FROM batch") == [("sent",)]
    world.behave()
    world.national(wait="10m", records=10)
    world.put(UNIT, [w.licence(UNIT, 21, gxsj="2026-11-22 08:00:00")])
    _stop(world, Scope(kind="certificate"))
    started = time.monotonic()
    summary = world.sync()
    assert time.monotonic() - started < 60, "it waited for the receipt of what it did not send"
    assert w.counts(summary)["loaded"] == 20
    assert list(summary.stopped) == [f"{UNIT} certificate"]
    w.judged_faultless(world, {UNIT: 20})


def test_a_line_that_is_down_while_stopped_is_no_failure(bare) -> None:
    bare.province(UNIT, 5)
    with bare.headquarters():
        pass
    _stop(bare, Scope())
    summary = bare.sync()
    assert summary.failed == {}
    assert list(summary.stopped) == [f"{UNIT} certificate"]
    assert bare.rows("SELECT count(*) FROM attempt") == [(0,)]


def test_a_stop_is_obeyed_by_a_run_in_another_process_before_its_next_attempt(world, w) -> None:
    """Many small batches on a slow line; the order comes from outside, and headquarters counts what still arrives."""
    world.national(records=1, wait="5s")
    world.province(UNIT, 120)
    world.misbehave(throttle=10_000)
    command = [sys.executable, "-m", "ecqs_gateway.cli", "sync", "--json"]
    environment, told = world.environment(), subprocess.STDOUT
    with subprocess.Popen(command, env=environment, cwd=world.root, stdout=subprocess.PIPE, stderr=told) as run:
        try:
            _until(lambda: _arrived(world) >= 3)
            _stop(world, Scope(UNIT))
            time.sleep(1)  # the attempt that was under way
            at_stop, started = _arrived(world), time.monotonic()
            output, _ = run.communicate(timeout=100)
            assert time.monotonic() - started < 60
        finally:
            run.kill()
    assert run.returncode == 0, output.decode()
    assert "总局端口切换" in output.decode()
    world.behave()
    time.sleep(1)
    assert _arrived(world) <= at_stop + 1
    assert at_stop < 100, "everything had gone before the order came: this proves nothing"
    _resume(world, Scope(UNIT))
    world.national(records=1, wait="60s")
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 120})


def test_an_order_lifted_during_a_run_lets_it_send_on(world, w) -> None:
    """The first receipts come late enough for the order to be lifted while the run waits for them."""
    world.national(records=10, wait="30s")
    world.province(UNIT, 20)
    _stop(world, Scope(UNIT))
    with world.gateway() as gateway:
        run = runs.start(gateway.database, nightly.FLOW, gateway.content.digest, clock=world.clock)
        nightly.collect_unit(gateway, run, UNIT)
    _resume(world, Scope(UNIT))
    world.misbehave(delay={"received": 4.0})
    ordered = threading.Event()

    def listen(step) -> None:
        if step.event == "sent" and not ordered.is_set():
            ordered.set()
            _stop(world, Scope(UNIT))
            threading.Timer(1.0, _resume, (world, Scope(UNIT))).start()

    with world.gateway() as gateway:
        summary = nightly.sync(gateway.listening(listen), nightly.EVERYTHING)
    assert ordered.is_set()
    assert (summary.failed, summary.stopped) == ({}, {})
    w.judged_faultless(world, {UNIT: 20})
    assert world.rows("SELECT count(*) FROM attempt WHERE outcome = 'stopped'") == [(1,)]


def _until(true, *, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


@pytest.mark.parametrize("scope", [Scope(OTHER), Scope(UNIT, "approval")], ids=str)
def test_an_order_for_something_else_stops_nothing_here(world, w, scope: Scope) -> None:
    world.province(UNIT, 4)
    _stop(world, scope)
    summary = world.sync()
    assert (summary.failed, summary.stopped) == ({}, {})
    w.judged_faultless(world, {UNIT: 4})
