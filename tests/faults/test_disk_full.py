"""F9: each point at which something is written meets a full or read-only disk; the run stops cleanly and goes on later.

Three kinds of point: the five steps of writing a file (make, write, flush, rename, flush the folder) for each kind of
file; each kind of commit to the ledger, which SQLite itself refuses (full: no page more; read-only); headquarters'
side. `test_small_disk.py` does it again with a real disk of 6 MB, where root may mount one.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Self

import ecqs_test_support_soak as soak
import pytest

from ecqs_gateway.doors import files as door
from ecqs_gateway.doors.vault import make_payload_key
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.ledger import database as database_module
from ecqs_gateway.ledger import extractions, lanes, outbox, receipts, runs

UNIT = "320000"
FILES = {"extracted rows": ".arrow", "package": "stage/outbox/", "receipt": "stage/receipts/"}
"""Kinds of file by a piece of their path in the stage."""
STEPS = ("make", "write", "flush", "rename", "flush folder")
WHY = {
    "make": errno.EROFS,
    "write": errno.ENOSPC,
    "flush": errno.EIO,
    "rename": errno.EDQUOT,
    "flush folder": errno.EIO,
}
COMMITS: dict[str, tuple[object, str]] = {
    "run start": (runs, "start"), "lane made": (lanes, "lane_id"), "lease taken": (lanes, "acquire"),
    "phase noted": (runs, "note_error"), "extraction": (extractions, "store"), "outbox": (outbox, "commit_prepared"),
    "attempt": (outbox, "record_attempt"), "receipt": (receipts, "settle"),
    "refused receipt": (receipts, "store_refused"), "lease given back": (lanes, "release"), "run end": (runs, "finish"),
}  # fmt: skip
DISKS = {"full": "PRAGMA max_page_count = 1", "read-only": "PRAGMA query_only = ON"}
HEADQUARTERS = ("disk_full", "permission")
POINTS = [
    *(f"file {kind}: {step}" for kind, step in product(FILES, STEPS)),
    *(f"commit {name}: {disk}" for name, disk in product(COMMITS, DISKS)),
    *(f"headquarters: {refusal}" for refusal in HEADQUARTERS),
]
QUICK = [
    "file extracted rows: flush", "file package: write", "file receipt: rename", "commit extraction: full",
    "commit outbox: full", "commit receipt: read-only", "commit lease given back: read-only", "headquarters: disk_full",
]  # fmt: skip


@dataclass
class Fired:
    """How often the fault struck."""

    times: int = 0


class _BrokenDisk:
    """Lets one step of writing files with a piece in their path fail; a failing write leaves half of the bytes."""

    def __init__(self, piece: str, step: str) -> None:
        self.piece, self.step, self.fired, self.mine = piece, step, Fired(), set()
        self.real = (door.tempfile.mkstemp, os.fdopen, os.fsync, Path.replace, door.sync_folder)

    def fail(self, step: str, path: str) -> None:
        if step == self.step and self.piece in path:
            self.fired.times += 1
            raise OSError(WHY[step], os.strerror(WHY[step]))

    def make(self, **given: object) -> tuple[int, str]:
        path = f"{given['dir']}/{given['prefix']}"
        self.fail("make", path)
        handle, name = self.real[0](**given)
        if self.piece in path:
            self.mine.add(handle)
        return handle, name

    def opened(self, handle: int, *given: object) -> object:
        file = self.real[1](handle, *given)
        return _Torn(file, self) if handle in self.mine and self.step == "write" else file

    def flush(self, handle: int) -> None:
        if handle in self.mine:
            self.mine.discard(handle)
            self.fail("flush", self.piece)
        self.real[2](handle)

    def replace(self, path: Path, target: Path) -> Path:
        self.fail("rename", str(target))
        return self.real[3](path, target)

    def folder(self, path: Path) -> None:
        extracted = "/x.arrow" if "/extractions/" in str(path) else "/"
        self.fail("flush folder", f"{path}{extracted}")
        self.real[4](path)


@dataclass
class _Torn:
    """A file that takes half of what is written and then no more."""

    file: object
    disk: _BrokenDisk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        self.disk.fail("write", self.disk.piece)


@contextmanager
def _file_fails(piece: str, step: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fired]:
    disk = _BrokenDisk(piece, step)
    with monkeypatch.context() as patch:
        patch.setattr(door.tempfile, "mkstemp", disk.make)
        patch.setattr(door.os, "fdopen", disk.opened)
        patch.setattr(door.os, "fsync", disk.flush)
        patch.setattr(Path, "replace", lambda path, target: disk.replace(path, target))  # noqa: PLW0108  it binds
        patch.setattr(door, "sync_folder", disk.folder)
        yield disk.fired


@contextmanager
def _commit_fails(name: str, disk: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fired]:
    """Let SQLite refuse the writes of one kind of commit, as it does on such a disk."""
    fired, inside = Fired(), []
    owner, function = COMMITS[name]
    real, write = getattr(owner, function), database_module.Database.write

    def called(*given: object, **named: object) -> object:
        inside.append(True)
        try:
            return real(*given, **named)
        finally:
            inside.pop()

    @contextmanager
    def writing(database: database_module.Database) -> Iterator[object]:
        with write(database) as connection:
            if inside:
                fired.times += 1
                connection.exec_driver_sql(DISKS[disk])
            try:
                yield connection
            finally:
                if inside:
                    connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
                    connection.exec_driver_sql("PRAGMA query_only = OFF")

    with monkeypatch.context() as patch:
        patch.setattr(owner, function, called)
        patch.setattr(database_module.Database, "write", writing)
        yield fired


@contextmanager
def _headquarters_fails(world, refusal: str) -> Iterator[Fired]:
    fired = Fired()
    world.misbehave(refuse=refusal)
    yield fired
    world.behave()
    with world.query() as query:
        fired.times = len(query.acts(f"refuse {refusal.replace('_', ' ')}"))


def _at(point: str, world, monkeypatch: pytest.MonkeyPatch):
    where, _, how = point.partition(": ")
    kind, _, name = where.partition(" ")
    if kind == "file":
        return _file_fails(FILES[name], how, monkeypatch)
    return _commit_fails(name, how, monkeypatch) if kind == "commit" else _headquarters_fails(world, how)


def _complaints(world) -> list[str]:
    """Run once and give what it complains of; the ledger may be too full even to keep the complaint."""
    try:
        return list(world.sync().failed.values())
    except GatewayError as error:
        return [str(error)]


def disk_fails_at(w, folder: Path, monkeypatch: pytest.MonkeyPatch, point: str, *, healthy: bool = False) -> bool:
    """Meet a disk that fails at one point while there is everything to do; mend it; judge. Say whether it struck."""
    world = w.World(folder)
    world.build()
    world.without_rules()
    world.national(records=20, wait="2s", attempts=1)
    world.province(UNIT, 20)
    if "refused receipt" in point:
        with world.headquarters():
            world.misbehave(tamper={"probability": 1.0})
            return _struck(w, world, monkeypatch, point, healthy=healthy)
    with world.headquarters():
        if "lane made" not in point:
            assert world.sync().failed == {}
            world.put(UNIT, [w.licence(UNIT, n, gxsj="2026-11-21 08:00:00") for n in range(21, 61)])
        return _struck(w, world, monkeypatch, point, healthy=healthy)


def _struck(w, world, monkeypatch: pytest.MonkeyPatch, point: str, *, healthy: bool) -> bool:
    if healthy:
        complaints, times = _complaints(world), 0
    else:
        with _at(point, world, monkeypatch) as fired:
            complaints = _complaints(world)
        times = fired.times
    soak.require(times, f"nothing was ever written at {point}")
    told = {message for message in complaints if message.startswith(("ECQS-3001", "ECQS-3002", "ECQS-502"))}
    # A page that is there already is rewritten also on a full disk; then nothing failed, and nothing is said.
    assert told or (point.endswith(": full") and not complaints), f"{point}: {complaints}"
    assert all("Next:" in message for message in told)
    assert list((world.home / "stage").rglob("*.part")) == [], "a torn file"
    with world.query() as query:
        assert query.faults() == []
    world.behave()
    for _ in range(3):  # the lease may not have been given back, and what was sent may have to be sent again
        world.clock.forward(hours=2)
        assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: len(_rows(world))})
    with world.query() as query:
        assert all(batch.bound and batch.state == "loaded" for batch in query.batches())
    return bool(told)


def _rows(world) -> list[tuple[int]]:
    with world.table(UNIT) as db:
        return db.execute("SELECT id FROM zs").fetchall()


@pytest.mark.parametrize("point", POINTS if soak.SOAK else QUICK)
def test_a_disk_that_fails_stops_the_run_cleanly_and_space_lets_it_go_on(
    point: str, w, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    struck = disk_fails_at(w, tmp_path, monkeypatch, point)
    soak.report(
        "F9", demanded="15 or more write points", run="1 write point", point=point, lost=0, doubled=0, hands=0,
        outcome="stopped with a clear message" if struck else "went through: SQLite needed no new page",
    )  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_a_payload_key_is_made_whole_or_not_at_all(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        _file_fails(f"{tmp_path.name}/", step, monkeypatch) as fired,
        pytest.raises(GatewayError, match="ECQS-3001") as told,
    ):
        make_payload_key(tmp_path)
    assert fired.times == 1
    assert "Next:" in str(told.value)
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".key"] == []
    assert make_payload_key(tmp_path).stat().st_size > 64


def test_a_full_disk_under_the_log_ends_no_run_half_way(world, w) -> None:
    world.province(UNIT, 5)
    with open("/dev/full", "w") as log:  # noqa: PTH123  a device
        done = subprocess.run(
            [sys.executable, "-m", "ecqs_gateway.cli", "sync"],
            env=world.environment(), stdout=log, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "ECQS-6090" in done.stderr
    assert "Traceback" not in done.stderr
    w.judged_faultless(world, {UNIT: 5})
    assert world.rows("SELECT state FROM run") == [("done",)]
    soak.report(
        "F9", demanded="15 or more write points", run="1 write point", point="standard output", lost=0,
        doubled=0, hands=0, outcome="the run went through; the loss is told on stderr",
    )  # fmt: skip
