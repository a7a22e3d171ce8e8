"""The ledger's database killed at any instant, alone and together with the gateway (F2 of the list of faults).

A PostgreSQL server of its own is killed with SIGKILL or stopped without a checkpoint while a sync runs; on SQLite the
gateway is killed inside a commit. The judge is headquarters' ledger. ECQS_SOAK=1 runs the full figures.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

UNITS = ("320000", "370000")
SOAK = os.environ.get("ECQS_SOAK") == "1"
KILLS = 100 if SOAK else 2
SEED = int(os.environ.get("ECQS_SEED", "20261124"))
ROWS = 20
UNDISTURBED = 2
"""Runs that are left alone first: a kill that comes after the end of a run proves nothing."""

_WORKER = """
import os, random, signal, sys, threading, time
import sqlalchemy as sa
from ecqs_gateway.flows import nightly
from ecqs_gateway.flows.gateway import open_gateway

if len(sys.argv) > 1:  # die within a commit of the ledger: the so-manieth one, after so many microseconds
    left, pause = [int(sys.argv[1])], int(sys.argv[2]) / 1e6
    def die():
        end = time.perf_counter() + pause
        while time.perf_counter() < end:
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    def committing(connection):
        if connection.get_execution_options().get("ecqs_read"):
            return
        left[0] -= 1
        if left[0] == 0:
            threading.Thread(target=die).start()
    sa.event.listen(sa.Engine, "commit", committing)

print("ready", flush=True)
with open_gateway() as gateway:
    failed = nightly.sync(gateway, nightly.Options()).failed
print(failed, flush=True)
sys.exit(1 if failed else 0)
"""


def _report(fault: str, **figures: object) -> None:
    file = Path(__file__).parents[1] / "support" / "soak.py"
    found = importlib.util.spec_from_file_location("ecqs_test_support_soak", file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    module.report(fault, **figures)


@dataclass
class Server:
    """A PostgreSQL server that may be killed."""

    programs: Path
    data: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str, check: bool = True) -> int:
        command = [str(self.programs / program), *arguments]
        user = "postgres" if os.geteuid() == 0 else None
        done = subprocess.run(command, user=user, cwd="/", capture_output=True, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.returncode

    def start(self) -> None:
        """Start; after a kill its recovery, and the end of what the dead one left running, may take a moment."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        for _ in range(100):
            command = ("-D", str(self.data), "-l", str(self.data / "log"), "-w", "-t", "60", "-o", options, "start")
            if self.run("pg_ctl", *command, check=False) == 0:
                break
            time.sleep(0.1)
        with psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=10):
            pass

    def kill(self, how: str) -> None:
        """End the server at once: the postmaster by SIGKILL, or all of it without a checkpoint."""
        if how == "immediate":
            self.run("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop")
            return
        pid = int((self.data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for each in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else None


@pytest.fixture
def server() -> Iterator[Server]:
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed here: `bash tests/services.sh` installs them")
    folder = Path(tempfile.mkdtemp(prefix="ecqs-killed-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Server(programs, folder / "data", port)
    try:
        made.run("initdb", "-D", str(made.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        made.start()
        yield made
    finally:
        made.run("pg_ctl", "-D", str(made.data), "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shaken(w, tmp_path: Path):
    world = w.World(tmp_path / "shaken")
    world.build()
    world.national(records=7, wait="20s", attempts=4)
    for unit in UNITS:
        world.province(unit, batch_rows=15)
    with world.headquarters():
        yield world


def _changes(world, w, round_: int) -> None:
    """Let the provinces go on working: new licences, and some that were cancelled."""
    for unit in UNITS:
        first = round_ * ROWS
        stamp = f"2026-11-20 {round_ // 60:02d}:{round_ % 60:02d}:00"
        new = [w.licence(unit, first + n, gxsj=stamp) for n in range(1, ROWS + 1)]
        old = random.Random(f"{SEED}{round_}").sample(range(1, first + 1), min(first, 5))
        world.put(unit, [*new, *(w.licence(unit, n, zt="注销", gxsj=stamp) for n in old)])


def _start(world, url: str | None, *arguments: str) -> subprocess.Popen[bytes]:
    environment = world.environment() | ({"ECQS_LEDGER_URL": url} if url else {})
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"ready\n"
    return worker


def _resumes(world, url: str | None) -> float:
    """Run to the end: it must go through at once, by itself; gives the seconds it took."""
    started = time.monotonic()
    worker = _start(world, url)
    output, _ = worker.communicate(timeout=120)
    assert worker.returncode == 0, output.decode()
    took = time.monotonic() - started
    assert took < 60
    return took


def _length(world, w, url: str) -> float:
    """Give the seconds an undisturbed run takes on this machine, the first of all apart: it makes the ledger."""
    took = 0.0
    for round_ in range(UNDISTURBED):
        _changes(world, w, round_)
        worker = _start(world, url)
        started = time.monotonic()
        output, _ = worker.communicate(timeout=120)
        assert worker.returncode == 0, output.decode()
        took = time.monotonic() - started
    return took


def _judged(tmp_path: Path, world, w, *, records: int) -> None:
    """Hold headquarters' ledger against one that got the same sources without any fault."""
    w.judged_faultless(world, dict.fromkeys(UNITS, records))
    other = w.World(tmp_path / "clean")
    other.build()
    for unit in UNITS:
        other.province(unit)
        with world.table(unit) as db:
            other.put(unit, [w.Licence(*row) for row in db.execute("SELECT * FROM zs")])
    with other.headquarters():
        assert other.sync().failed == {}
        with other.query() as query:
            expected = query.digest()
    with world.query() as query:
        assert query.digest() == expected
        assert all(batch.bound for batch in query.batches()), "a batch came with other bytes than before"
        assert query.alarms() == []


@pytest.mark.postgresql
@pytest.mark.slow
@pytest.mark.timeout(7200 if SOAK else 240)
@pytest.mark.parametrize("both", [False, True], ids=["database", "both"])
def test_a_killed_database_loses_and_doubles_nothing(both: bool, shaken, server: Server, w, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED}{both}")
    during, longest, whole = 0, 0.0, _length(shaken, w, server.url)
    for round_ in range(KILLS):
        _changes(shaken, w, round_ + UNDISTURBED)
        worker = _start(shaken, server.url)
        time.sleep(chance.uniform(0.1, 0.9) * whole)
        during += worker.poll() is None
        server.kill(chance.choice(["kill", "immediate"]))
        if both:
            worker.kill()
        output, _ = worker.communicate(timeout=120)
        assert b"the ledger database does not answer" in output or worker.returncode in (0, -signal.SIGKILL), output
        server.start()
        if round_ % 3 == 2:  # seldom enough that leftovers of several kills meet
            longest = max(longest, _resumes(shaken, server.url))
    assert during >= KILLS / 2, "most runs were over before the database was killed: this proves little"
    longest = max(longest, _resumes(shaken, server.url))
    records = (KILLS + UNDISTURBED) * ROWS
    _judged(tmp_path, shaken, w, records=records)
    _report(
        "F2",
        demanded=f"100 kills of {'gateway and database' if both else 'the database'}",
        run=f"{KILLS} kills of {'gateway and PostgreSQL' if both else 'PostgreSQL'}, {during} of them during a run",
        records=records * len(UNITS), lost=0, doubled=0, hands=0, slowest_resume=round(longest, 1), seed=SEED,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(7200 if SOAK else 240)
def test_a_gateway_killed_within_a_commit_of_sqlite_loses_and_doubles_nothing(shaken, w, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    longest = 0.0
    for round_ in range(KILLS):
        _changes(shaken, w, round_)
        worker = _start(shaken, None, str(chance.randint(1, 25)), str(chance.choice([0, 100, 300, 1000, 3000])))
        output, _ = worker.communicate(timeout=120)
        assert worker.returncode == -signal.SIGKILL, output.decode()
        if round_ % 3 == 2:  # seldom enough that leftovers of several kills meet
            longest = max(longest, _resumes(shaken, None))
    longest = max(longest, _resumes(shaken, None))
    _judged(tmp_path, shaken, w, records=KILLS * ROWS)
    assert shaken.rows("PRAGMA integrity_check") == [("ok",)]
    _report(
        "F2", demanded="100 kills within a commit (SQLite)", run=f"{KILLS} kills within a commit of SQLite",
        records=KILLS * ROWS * len(UNITS), lost=0, doubled=0, hands=0, slowest_resume=round(longest, 1), seed=SEED,
    )  # fmt: skip
