"""Several workers meet an empty ledger, a new lane and dead runs at once: real processes, none of them fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from ecqs_gateway.ledger import lanes, runs
from ecqs_gateway.ledger.database import HEAD, Database

WORKERS = 4

_WORKER = """
import sys
from ecqs_gateway.ledger import lanes, runs
from ecqs_gateway.ledger.database import Database
url = sys.stdin.readline().strip()
import alembic.command  # what takes its time before the race, not during it
print("ready", flush=True)
sys.stdin.readline()
database = Database(url)
database.upgrade()
run = runs.start(database, "nightly", "sha256:0")
numbers = [lanes.lane_id(database, f"{n}0000", "certificate") for n in range(11, 31)]
print(*numbers, flush=True)
"""


@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"])
def test_first_use_of_a_ledger_by_many_workers_at_once(
    ledger: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if ledger == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    workers = [subprocess.Popen([sys.executable, "-c", _WORKER], text=True, **pipes) for _ in range(WORKERS)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(url + "\n")
        worker.stdin.flush()
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:  # all wait at the line
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    outputs = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * WORKERS, "\n".join(error for _, error in outputs)
    assert len({output for output, _ in outputs}) == 1, "they do not agree on the lanes"
    database = Database(url)
    assert database.revision() == HEAD
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM lane")).scalar() == 20
        assert connection.execute(sa.text("SELECT count(*) FROM run")).scalar() == WORKERS
    database.dispose()


def test_a_lane_made_by_another_in_the_same_moment_is_found(database: Database) -> None:
    """The other's insert is not committed yet when ours looks; on PostgreSQL ours has to wait for it."""
    if database.sqlite:
        pytest.skip("SQLite has one writer at a time")
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        with database.write() as other:
            made = other.execute(
                sa.text("INSERT INTO lane (unit, kind, next_sequence, fence) VALUES ('1', 'k', 1, 0) RETURNING id")
            ).scalar_one()
            ours = pool.submit(lanes.lane_id, database, "1", "k")
            with pytest.raises(TimeoutError):
                ours.result(timeout=0.5)
        assert ours.result(timeout=30) == made


_DIES = """
import os, sys
from ecqs_gateway.ledger import runs
from ecqs_gateway.ledger.database import Database
database = Database(sys.stdin.readline().strip())
print(runs.start(database, "nightly", "sha256:0").id, flush=True)
os.kill(os.getpid(), 9)
"""


def _dead_run(database: Database) -> str:
    url = database.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", _DIES], input=url + "\n", capture_output=True, text=True, check=False)
    assert done.returncode == -9
    return done.stdout.strip()


def _states(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {found.id: found.state for found in connection.execute(sa.text("SELECT id, state FROM run"))}


def test_runs_of_dead_processes_are_closed_and_no_others(database: Database) -> None:
    dead = _dead_run(database)
    mine = runs.start(database, "nightly", "sha256:0")  # closes the dead one first
    unowned = runs.start(database, "nightly", "sha256:0", own=False)
    assert _states(database) == {dead: "killed", mine.id: "running", unowned.id: "running"}
    second = _dead_run(database)
    assert runs.close_dead(database) == [second]
    assert runs.close_dead(database) == []
    runs.finish(database, mine, failed=False)
    assert _states(database)[mine.id] == "done"
    with database.read() as connection:
        [message] = connection.execute(sa.text(f"SELECT message FROM run WHERE id = '{dead}'")).scalars()
    assert "did not finish" in message


def test_a_run_on_another_machine_is_not_taken_for_dead(database: Database) -> None:
    other = runs.start(database, "nightly", "sha256:0")
    with database.write() as connection:
        connection.execute(sa.text("UPDATE run SET owner = 'elsewhere:another-boot.1:4194305:7:ab'"))
    assert runs.close_dead(database) == []
    assert _states(database) == {other.id: "running"}
