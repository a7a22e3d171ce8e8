"""The table `make soak` writes: every fault of the list stands in it, and what was missed stands there as missed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import ecqs_test_support_soak as soak
import ecqs_test_support_soak_run as runner
import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = ("F1", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F13", "F14", "F18")


def _result(verdict: str = "held", **line: object) -> dict[str, object]:
    lines = [{"fault": "F3", "run": "10 batches", "demanded": "1,000", "lost": 0, "seed": 1, **line}] if line else []
    return {"fault": "F3", "verdict": verdict, "date": "2026-11-26", "minutes": 1.0, "lines": lines}


def _row(page: str, name: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(f"| {name} |"))


def test_every_fault_has_a_row_and_its_programs_exist() -> None:
    page = runner.render({}, "a machine")
    for number in range(1, 19):
        if number not in (15, 17):
            assert f"F{number}" in runner.FAULTS
            assert "**missed**: never run" in _row(page, f"F{number}")
    for name in HERE:
        for test in runner.FAULTS[name].tests:
            assert not test.startswith("tests/") or (ROOT / test).exists(), test


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (_result(met=True), "holds"),
        (_result(), "holds, but reports no figures"),
        (_result(met=False), "**missed**: a demanded figure was not reached (10 batches)"),
        (_result("did not hold: 2 failed", met=True), "**missed**: did not hold: 2 failed"),
        (_result("not finished within 9 minutes"), "**missed**: not finished within 9 minutes"),
    ],
)
def test_what_was_missed_is_shown_as_missed(result: dict[str, object], wanted: str) -> None:
    page = runner.render({"F3": result}, "a machine")
    assert _row(page, "F3").split(" | ")[3] == wanted
    assert ("1 of" in page) == ("missed" not in wanted)


def test_single_points_are_counted_in_one_row() -> None:
    points = [{"fault": "F9", "run": "1", "point": name, "outcome": "stopped", "seed": 1} for name in "abc"]
    page = runner.render({"F9": {**_result(), "lines": points}}, "a machine")
    assert "| 3 points |" in page
    assert "3 stopped" in page


def test_a_fault_without_a_program_is_missed_and_an_unknown_one_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = {"F2": runner.Fault("gone", "x", ("tests/faults/test_gone.py",), 1)}
    monkeypatch.setattr(runner, "FAULTS", lost)
    assert runner.run_fault("F2")["verdict"].startswith("no program")
    assert runner.main(["F99"]) == 2


_SLOW = """
import subprocess, sys
from pathlib import Path

def test_slow():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path({marker!r}).write_text(str(child.pid))
    child.wait()
"""


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    test, marker = tmp_path / "test_slow.py", tmp_path / "child"
    test.write_text(_SLOW.format(marker=str(marker)), encoding="utf-8")
    fault = runner.Fault("slow", "x", (str(test),), 0.2)  # pytest itself takes some seconds to start on a busy machine
    assert runner._pytest(fault, tmp_path / "report", tmp_path / "log") == "not finished within 0.2 minutes"
    child = Path(f"/proc/{marker.read_text(encoding='utf-8')}/stat")
    until = time.monotonic() + 5
    while not _gone(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert _gone(child)


def _gone(child: Path) -> bool:
    try:
        return child.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_figures_are_appended_as_lines_where_a_report_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ECQS_SOAK_REPORT", raising=False)
    soak.report("F3", lost=0)
    monkeypatch.setenv("ECQS_SOAK_REPORT", str(tmp_path / "report"))
    soak.report("F3", lost=0)
    soak.report("F3", lost=1)
    lines = [json.loads(line) for line in (tmp_path / "report").read_text(encoding="utf-8").splitlines()]
    assert [(line["fault"], line["lost"]) for line in lines] == [("F3", 0), ("F3", 1)]
