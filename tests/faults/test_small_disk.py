"""F9 on a real disk of 6 MB that is full at some write of ledger, stage or outbox: a clean stop, and it goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import ecqs_test_support_soak as soak
import pytest

from ecqs_gateway.errors import GatewayError

UNIT = "320000"
LEFT = list(range(0, 400, 16)) if soak.SOAK else [0, 48, 260]
"""KiB still free when the run begins: each is used up at another write."""


@pytest.fixture
def small_disk(w, tmp_path: Path) -> Iterator:
    """A world whose gateway lives on a disk of 6 MB."""
    made = w.World(tmp_path)
    made.home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(made.home)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root (with CAP_SYS_ADMIN)")
    try:
        made.build()
        with made.headquarters():
            yield made
    finally:
        subprocess.run(["umount", "--lazy", str(made.home)], check=True)


def _fill(folder: Path, *, left: int) -> Path:
    """Fill the disk up to so many KiB."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    size = filler.stat().st_size
    os.truncate(filler, max(0, size - left * 1024))
    return filler


@pytest.mark.parametrize("left", LEFT)
def test_a_full_disk_stops_the_run_cleanly_and_space_lets_it_go_on(left: int, small_disk, w) -> None:
    world = small_disk
    world.province(UNIT, 40)
    world.sync()
    world.put(UNIT, [w.licence(UNIT, n, gxsj="2026-11-21 08:00:00") for n in range(41, 441)])
    filler = _fill(world.home, left=left)
    message = _complaint(world)
    assert message.startswith(("ECQS-3001", "ECQS-3002")), message
    assert "Next:" in message
    assert "space" in message
    assert list((world.home / "stage").rglob("*.part")) == []  # no torn file
    with world.query() as query:
        assert query.faults() == []
    filler.unlink()
    world.clock.forward(minutes=1)  # the lease may not have been given back: this process lives on
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 440})
    with world.query() as query:
        assert all(batch.bound for batch in query.batches())
    soak.report(
        "F9", demanded="15 or more write points", run="1 write point", point=f"{left} KiB left", lost=0, doubled=0,
        hands=0, outcome="stopped with a clear message on a real small disk",
    )  # fmt: skip


def _complaint(world) -> str:
    """Run once and give what it complains of; the ledger may be too full even to keep the complaint."""
    try:
        summary = world.sync()
    except GatewayError as error:
        return str(error)
    assert summary.failed, "the disk was not full enough"
    return summary.failed[f"{UNIT} certificate"]


def test_a_full_disk_at_the_very_first_start_is_told(small_disk) -> None:
    world = small_disk
    world.province(UNIT, 5)
    filler = _fill(world.home, left=0)
    message = _complaint(world)
    assert message.startswith("ECQS-3002")
    assert "Next:" in message
    filler.unlink()
    assert world.sync().failed == {}
