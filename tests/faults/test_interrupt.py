"""Ctrl-C and SIGTERM: a run ends soon, gives its leases back, says so, and the next one continues."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

UNITS = ("110000", "120000", "130000", "320000")


def _start(world, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ecqs_gateway.cli", "sync", *arguments],
        env={**world.environment(), "NO_COLOR": "1"},
        cwd=world.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def _sources_that_hang(world, units):
    """Lock SQLite sources as another program does that writes to them for long."""
    import sqlite3
    from contextlib import ExitStack

    with ExitStack() as stack:
        for unit in units:
            db = stack.enter_context(closing(sqlite3.connect(world.source(unit), isolation_level=None)))
            db.execute("BEGIN EXCLUSIVE")
        yield


def _until(true, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def _leases(world) -> int:
    if not (world.home / "ledger.db").exists():
        return 0
    try:
        return world.rows("SELECT count(*) FROM lane WHERE lease_owner IS NOT NULL")[0][0]
    except Exception:  # noqa: BLE001  the schema is being made
        return 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_run_that_is_told_to_end_ends_soon_and_gives_everything_back(world, w, how: signal.Signals) -> None:
    for unit in UNITS:
        world.province(unit, 5)
    with _sources_that_hang(world, UNITS[:3]):
        with _start(world, "--json") as run:
            try:
                _until(lambda: _leases(world) == 3 and world.rows("SELECT state FROM batch") == [("loaded",)])
                run.send_signal(how)
                started = time.monotonic()
                output, _ = run.communicate(timeout=60)
                assert time.monotonic() - started < 30
            finally:
                run.kill()
        assert run.returncode == 128 + how, output
        found = json.loads(output)
        assert how.name in found["interrupted"]
        assert _leases(world) == 0
    [(state, message)] = world.rows("SELECT state, message FROM run")
    assert state == "interrupted"
    assert how.name in message
    assert world.sync().failed == {}
    w.judged_faultless(world, dict.fromkeys(UNITS, 5))


def test_a_run_told_to_end_starts_no_further_record_kind_and_sends_no_further_batch(world, w) -> None:
    world.national(records=1, wait="60s")
    world.province("320000", 150, batch_rows=10)
    world.misbehave(throttle=10_000)
    with _start(world) as run:
        try:
            _until(lambda: _arrived(world) >= 2)
            run.send_signal(signal.SIGTERM)
            output, _ = run.communicate(timeout=60)
        finally:
            run.kill()
    assert run.returncode == 128 + signal.SIGTERM, output
    assert "interrupted by SIGTERM" in output
    assert "Nothing is lost" in output
    assert _arrived(world) < 140, "everything had gone before the signal came: this proves nothing"
    assert _leases(world) == 0
    world.behave()
    assert world.sync().failed == {}
    w.judged_faultless(world, {"320000": 150})


def _arrived(world) -> int:
    with world.query() as query:
        return len(query.batches())


def test_a_second_signal_ends_it_at_once(world) -> None:
    world.province("110000", 5)
    with _sources_that_hang(world, ("110000",)), _start(world) as run:
        try:
            _until(lambda: _leases(world) == 1)
            run.send_signal(signal.SIGINT)
            time.sleep(0.5)
            run.send_signal(signal.SIGINT)
            started = time.monotonic()
            run.communicate(timeout=60)
            assert time.monotonic() - started < 5
        finally:
            run.kill()
    assert run.returncode == 128 + signal.SIGINT


def test_a_killed_run_is_closed_as_such_by_status_and_by_the_next_run(world, w) -> None:
    world.province("320000", 3)
    for look in ("status", "sync"):
        with _sources_that_hang(world, ("320000",)), _start(world) as run:
            _until(lambda: _leases(world) and world.rows("SELECT state FROM run WHERE state = 'running'"))
            os.kill(run.pid, signal.SIGKILL)
            run.communicate()
        assert ("running",) in world.rows("SELECT state FROM run")
        if look == "status":
            shown = subprocess.run(
                [sys.executable, "-m", "ecqs_gateway.cli", "status"],
                env=world.environment(), cwd=world.root, capture_output=True, text=True, check=True, timeout=60,
            ).stdout  # fmt: skip
            assert "killed" in shown
            assert "did not finish" in shown
        else:
            assert world.sync().failed == {}
        states = [state for (state,) in world.rows("SELECT state FROM run ORDER BY started_at")]
        assert "running" not in states
        assert "killed" in states
    w.judged_faultless(world, {"320000": 3})
