"""Headquarters as a process of its own: killed at random moments, restarted, and still telling one truth."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox.misbehave import Crash, Orders, behave, misbehave
from ecqs_gateway.sandbox.serve import Headquarters, Settings

pytestmark = pytest.mark.timeout(120)
SEED = 20261123


class Process:
    """``python -m ecqs_gateway.sandbox.serve``, started and waited for."""

    def __init__(self, office, *arguments):
        self._run = subprocess.Popen(
            [
                *(sys.executable, "-m", "ecqs_gateway.sandbox.serve"),
                *("--home", str(office.home), "--schemas", str(office.schemas), *arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self._run.stdout.readline()
        self.endpoint = json.loads(line) if line else None

    def end(self, number=signal.SIGTERM):
        self._run.send_signal(number)
        return self.wait()

    def wait(self):
        code = self._run.wait(timeout=20)
        self.errors = self._run.stderr.read()
        self._run.stdout.close()
        self._run.stderr.close()
        return code


@pytest.fixture
def stopped(office):
    """The office with its in-process headquarters stopped, so that a process can have the home."""
    office.stop()
    return office


def wait_for(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "headquarters did not get there in time"
        time.sleep(0.01)


def states(office):
    with office.query() as query:
        return [batch.state for batch in query.batches()]


def receipts(office):
    with office.query() as query:
        return query._db.execute("SELECT count(*) FROM receipts").fetchone()[0]


def test_it_says_where_it_is_and_stops_when_asked(stopped):
    process = Process(stopped, "--issuer", "国家系统（模拟）")
    endpoint = process.endpoint
    assert json.loads((stopped.home / "endpoint.json").read_bytes()) == endpoint
    assert endpoint["host"] == "127.0.0.1"
    assert endpoint["issuer"] == "国家系统（模拟）"
    assert endpoint["host_key"].startswith("ssh-ed25519 ")
    stopped.drop("320000-certificate-00000001.zip", stopped.sender.package(1))
    wait_for(lambda: stopped.levels(1) == ["received", "validated", "loaded"])
    assert stopped.receipts(1)["loaded"].attributes["issuer"] == "国家系统（模拟）"
    started = time.monotonic()
    assert process.end() == 0
    assert time.monotonic() - started < 3
    assert process.errors == ""


def test_started_again_it_is_the_same_headquarters_at_the_same_place(stopped):
    first = Process(stopped)
    assert first.end() == 0
    second = Process(stopped)
    assert second.end() == 0
    del first.endpoint["pid"], second.endpoint["pid"]
    assert first.endpoint == second.endpoint


def test_a_home_serves_one_process_at_a_time(office):
    process = Process(office)
    assert process.endpoint is None
    assert process.wait() == 2
    assert "ECQS-6051" in process.errors
    with pytest.raises(Misconfigured, match="ECQS-6051"):
        Headquarters(Settings(home=office.home, schemas=office.schemas)).start()


def test_without_its_schemas_it_does_not_start_and_leaves_the_home_free(stopped, tmp_path):
    with pytest.raises(Misconfigured, match="ECQS-6053"):
        Headquarters(Settings(home=stopped.home, schemas=tmp_path)).start()
    stopped.start()


def test_a_taken_port_is_an_error_when_asked_for_and_no_hindrance_when_not(office, tmp_path):
    taken = office.running.endpoint.port
    home = tmp_path / "second"
    home.mkdir()
    with pytest.raises(Misconfigured, match="ECQS-6055"):
        Headquarters(Settings(home=home, schemas=office.schemas, port=taken)).start()
    (home / "endpoint.json").write_text(json.dumps({"port": taken}))
    with Headquarters(Settings(home=home, schemas=office.schemas)) as second:
        assert second.endpoint.port != taken


def test_told_to_crash_the_process_dies_as_from_kill_and_recovers(stopped):
    misbehave(stopped.home, Orders(crash=Crash(at="loaded")))
    process = Process(stopped)
    stopped.drop("320000-certificate-00000001.zip", stopped.sender.package(1))
    assert process.wait() == -signal.SIGKILL
    assert stopped.levels(1) == ["received", "validated"]
    assert states(stopped) == ["loaded"]
    process = Process(stopped)
    wait_for(lambda: stopped.levels(1) == ["received", "validated", "loaded"])
    assert process.end() == 0


def test_killed_at_random_moments_it_loses_nothing_doubles_nothing_and_contradicts_itself_nowhere(stopped, kit):
    chance = random.Random(SEED)
    batches = 9
    records = {n: kit.certificates(100, first=100 * n) for n in range(1, batches + 1)}
    packages = {n: stopped.sender.package(n, records[n]) for n in records}
    order = list(packages)
    chance.shuffle(order)  # gaps open and close along the way
    seen: dict[str, bytes] = {}
    kills = 0
    while len(seen) < 3 * batches or order:
        process = Process(stopped)
        for _ in range(min(3, len(order))):
            n = order.pop()
            stopped.drop(f"{stopped.sender.batch_id(n)}.zip", packages[n])
        if not order:  # as a gateway does that misses receipts
            for n, package in packages.items():
                if f"{stopped.sender.batch_id(n)}.loaded.zip" not in seen:
                    stopped.drop(f"{stopped.sender.batch_id(n)}.zip", package)
        issued = receipts(stopped)
        goal = min(issued + chance.randint(0, 5), 3 * batches)
        deadline = time.monotonic() + 0.5  # a batch that waits for one not brought yet gets no further
        while receipts(stopped) < goal and time.monotonic() < deadline:
            time.sleep(0.002)
        # Longer when all is issued and only has to appear, and ever longer, so that a slow machine gets there too.
        time.sleep(chance.uniform(0.0, 0.01 if issued < 3 * batches else 0.1) * (1 + kills / 10))
        assert process.end(signal.SIGKILL) == -signal.SIGKILL
        kills += 1
        assert stopped.faults() == []
        for name, data in stopped.take().items():
            assert seen.setdefault(name, data) == data, "one receipt, one set of bytes"
        assert kills < 60
    assert kills >= 4
    with stopped.query() as query:
        assert query.counts() == {("320000", "certificate", "loaded"): 100 * batches}
        assert query.repeated() == []
        assert query.gaps() == []
        assert [batch.state for batch in query.batches()] == ["loaded"] * batches
        assert {f"{r.batch}.{r.level}.zip": r.bytes for r in query.receipts()} == seen
        held = {(held.key, held.version) for held in query.holdings()}
    assert held == {(record.number, record.version) for group in records.values() for record in group}


def test_receipts_put_off_survive_a_kill_and_appear_once_it_behaves(stopped):
    misbehave(stopped.home, Orders(delay={"received": 600}))
    process = Process(stopped)
    stopped.drop("320000-certificate-00000001.zip", stopped.sender.package(1))
    wait_for(lambda: states(stopped) == ["loaded"])
    process.end(signal.SIGKILL)
    again = Process(stopped)
    time.sleep(0.4)
    assert stopped.levels(1) == []
    behave(stopped.home)
    wait_for(lambda: stopped.levels(1) == ["received", "validated", "loaded"])
    assert again.end() == 0


def test_private_keys_and_passwords_are_for_the_owner_only(office):
    for folder in ("keys", "accounts"):
        assert (office.home / folder).stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (office.home / "keys").iterdir())
