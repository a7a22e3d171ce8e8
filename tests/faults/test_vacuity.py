"""F18: each fault program without its input fails. A program that passes when nothing went wrong proves nothing."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import ecqs_test_support_nursery as nurseries
import ecqs_test_support_soak as soak
import pytest

HERE = Path(__file__).parent


def _program(name: str) -> ModuleType:
    """Load a fault program a second time, as a plain module."""
    found = importlib.util.spec_from_file_location(f"ecqs_fault_{name}", HERE / f"test_{name}.py")
    assert found is not None
    assert found.loader is not None
    module = sys.modules[found.name] = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


crash, receipts, network, leases, late_rows, outage, disk_full, version_pin, poison, broken_content, reconciliation = (
    _program(name)
    for name in (
        "crash", "receipts", "network", "leases", "late_rows", "outage", "disk_full", "version_pin", "poison",
        "broken_content", "reconciliation",
    )
)  # fmt: skip


class _Immortal:
    """Workers that have done everything before anyone can kill or stop them."""

    def __init__(self, *_: object) -> None:
        self.pid = 0

    def start(self, **_: object) -> _Immortal:
        return self

    def wait(self) -> dict[str, int]:
        return {"code": 0}

    def resumes(self, **_: object) -> float:
        return 0.01

    def said(self) -> str:
        return "{}"

    def kill(self) -> None: ...

    def go_on(self) -> None: ...

    def close(self) -> None: ...


NO_KILLS = {
    "F1 no worker is killed": lambda w, path, patch: crash.killed_at_random(w, path, crash.Kills(2)),
    "F1 no step is killed at": lambda w, path, patch: crash.killed_at_each_step(w, path, crash.BOUNDARIES[:2], times=1),
    "F1 no steps": lambda w, path, patch: crash.killed_at_each_step(w, path, (), times=1),
    "F1 no commit is broken off": lambda w, path, patch: crash.killed_within_a_commit(w, path, deaths=2),
    "F6 no worker is stopped": lambda w, path, patch: leases.lease_races(w, path, races=4),
    "F6 no races": lambda w, path, patch: leases.lease_races(w, path, races=0),
}  # fmt: skip
EMPTY: dict[str, Callable[..., object]] = {
    "F3 no receipt is lost": lambda w, path, patch: receipts.receipts_dropped(
        w, path, patch, batches=2, probability=0.0
    ),
    "F3 no batches": lambda w, path, patch: receipts.receipts_dropped(w, path, patch, batches=0, probability=0.3),
    "F4 nobody lies": lambda w, path, patch: receipts.receipts_that_lie(w, path, patch, batches=2, lies={}),
    "F4 no receipts": lambda w, path, patch: receipts.receipts_that_lie(w, path, patch, batches=0, lies=receipts.LIES),
    "F5 the line holds": lambda w, path, patch: network.network_fails(
        w, path, patch, "cut in request", cases=1, harmless=True
    ),
    "F5 no cases": lambda w, path, patch: network.network_fails(w, path, patch, "refused", cases=0),
    "F7 no rows": lambda w, path, patch: late_rows.late_rows(w, path, rows=0, steps=12),
    "F7 no row is late": lambda w, path, patch: late_rows.late_rows(w, path, rows=120, steps=12, late=0.0),
    "F8 no provinces": lambda w, path, patch: outage.headquarters_down(w, path, patch, units=(), runs=1),
    "F8 headquarters is up": lambda w, path, patch: outage.headquarters_down(
        w, path, patch, units=w.UNITS[:2], runs=1, down=False
    ),
    "F9 the disk is sound": lambda w, path, patch: disk_full.disk_fails_at(
        w, path, patch, "file package: write", healthy=True
    ),
    "F10 nothing to send again": lambda w, path, patch: version_pin.resends_across_an_upgrade(
        w, path, patch, batches=0
    ),
    "F10 the mapping stays": lambda w, path, patch: version_pin.resends_across_an_upgrade(
        w, path, patch, batches=1, upgrade=False
    ),
    "F11 nothing differs": lambda w, path, patch: reconciliation.planted(path, records=50, rounds=1, most=0),
    "F11 nothing is compared": lambda w, path, patch: reconciliation.planted(path, records=50, rounds=0),
    "F13 no poison": lambda w, path, patch: poison.poison_records(w, path, rows=20, poisoned=False),
    "F13 no province hangs": lambda w, path, patch: poison.provinces_that_hang(
        w, path, units=w.UNITS[:2], hanging=1, hang=False
    ),
    "F14 nothing is broken": lambda w, path, patch: broken_content.broken_content(
        w, path, units=w.UNITS[:2], broken=w.UNITS[:1], breaks={"nothing": (broken_content.MAPPING, lambda text: text)}
    ),
    "F14 no unit": lambda w, path, patch: broken_content.broken_content(w, path, units=w.UNITS[:1], broken=()),
}


@pytest.mark.parametrize("case", NO_KILLS | EMPTY)
def test_a_fault_program_without_its_input_fails(case: str, w, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if case in NO_KILLS:
        monkeypatch.setattr(nurseries, "Nursery", _Immortal)
    with pytest.raises(soak.ProvesNothing):
        (NO_KILLS | EMPTY)[case](w, tmp_path, monkeypatch)


def test_every_fault_program_here_is_robbed_of_its_input() -> None:
    robbed = {case.partition(" ")[0] for case in NO_KILLS | EMPTY}
    assert robbed == {"F1", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F13", "F14"}
    if soak.SOAK:
        soak.report(
            "F18", demanded="each program without its input fails", run=f"{len(NO_KILLS | EMPTY)} inputs taken away",
            lost=0, doubled=0, hands=0, faults=", ".join(sorted(robbed, key=lambda name: int(name[1:]))),
        )  # fmt: skip
