"""``make soak``: run the fault programs with their full figures and write docs/reference/soak.md.

    python tests/support/soak_run.py            all faults, two at a time
    python tests/support/soak_run.py F4 F9      these only; the rows of the others stay as they were

Each fault runs in a pytest of its own with ECQS_SOAK=1, in bounded time. What a program measured comes from its report
lines (see soak.py); whether it held is pytest's word. A fault that failed, took too long or has no program stands in
the table as missed. What was measured lies beside the page as soak.json, so that single faults can be run again.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "soak.md"
DATA = PAGE.with_suffix(".json")


@dataclass(frozen=True)
class Fault:
    """One fault of the project's list: what is done, what is demanded, by which tests, within how many minutes."""

    title: str
    demand: str
    tests: tuple[str, ...]
    minutes: float
    alone: bool = False
    """True for measurements of time, beside which nothing else may run."""


def _faults(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/faults/test_{name}.py" for name in names)


FAULTS: Mapping[str, Fault] = {
    "F1": Fault("kill -9 of a worker", "500 random kills, 20 at each step boundary", _faults("crash"), 90),
    "F2": Fault("kill of the database, and of both", "100 each", _faults("database_killed"), 75),
    "F3": Fault(
        "receipt lost after the commit",
        "1,000 batches, 30 % dropped",
        (*_faults("receipts"), "-k", "lost_receipts"),
        20,
    ),
    "F4": Fault("receipts that lie", "10,000 receipts", (*_faults("receipts"), "-k", "lie"), 60),
    "F5": Fault("the network fails", "9 kinds, 100 times each", _faults("network"), 60),
    "F6": Fault("two workers on one lane", "200 races on each kind of ledger", _faults("leases"), 40),
    "F7": Fault("late rows", "100,000 rows", _faults("late_rows"), 20),
    "F8": Fault("headquarters down", "6 h, 32 provinces, stop switch", _faults("outage"), 20),
    "F9": Fault("disk full or read-only", "15 or more write points", _faults("disk_full", "small_disk"), 20),
    "F10": Fault("version pin", "300 resends across a mapping upgrade", _faults("version_pin"), 10),
    "F11": Fault(
        "reconciliation",
        "1,000,000 records, 1 to 50 differences, at most 200 requests",
        _faults("reconciliation"),
        30,
    ),
    "F12": Fault("evidence chain damaged", "1,000 random places", ("tests/verifier",), 20),
    "F13": Fault(
        "poison records, failing provinces", "1 in 1,000; no delay above 1 %", _faults("poison"), 20, alone=True
    ),
    "F14": Fault("broken YAML", "each of 32 units", _faults("broken_content"), 20),
    "F16": Fault("determinism", "other machine, hash seed, locale, time zone", _faults("determinism"), 15),
    "F18": Fault("vacuity", "each program without its input fails", _faults("vacuity"), 15),
}
"""F15 (size: `make bench`) and F17 (upgrade: tests/ledger) are measured elsewhere."""

_writing = threading.Lock()

_COLUMNS = ("lost", "doubled", "hands", "slowest_resume", "demanded", "run", "program", "fault", "seed", "met", "point")


def run_fault(name: str) -> dict[str, Any]:
    """Run one fault's programs and give what came of it; its own processes are ended when the time is up."""
    fault = FAULTS[name]
    started = time.monotonic()
    missing = [test for test in fault.tests if test.startswith("tests/") and not (ROOT / test).exists()]
    if missing:
        return _result(name, f"no program: {', '.join(missing)} is missing", [], 0.0)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.jsonl"
        verdict = _pytest(fault, report, Path(folder) / "log")
        text = report.read_text(encoding="utf-8") if report.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    mine = [line for line in lines if line["fault"] == name]
    return _result(name, verdict, mine, time.monotonic() - started)


def _pytest(fault: Fault, report: Path, log: Path) -> str:
    environment = {**os.environ, "ECQS_SOAK": "1", "ECQS_SOAK_REPORT": str(report), "CI": "true"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=short", *fault.tests]
    with log.open("wb") as output:
        running = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = running.wait(timeout=fault.minutes * 60)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            return f"not finished within {fault.minutes} minutes"
    if code == 0:
        return "held"
    text = log.read_text(encoding="utf-8", errors="replace")
    sys.stdout.write(text[-6000:])
    summary = text.rpartition("short test summary info")[2]  # what tests log may begin with ERROR, too
    failed = [line for line in summary.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return f"did not hold: {len(failed)} failed" if failed else f"did not run (pytest ended with {code})"


def _result(name: str, verdict: str, lines: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    return {
        "fault": name,
        "verdict": verdict,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "minutes": round(seconds / 60, 1),
        "lines": list(lines),
    }


def render(results: Mapping[str, Mapping[str, Any]], machine: str) -> str:
    """Write the page: one summary row per fault, then the rows of its programs."""
    held = sum(_holds(results.get(name)) for name in FAULTS)
    head = [
        "# What the fault programs measured",
        "",
        "<!-- Written by `make soak`: do not edit by hand. -->",
        "",
        "Each fault is a program under `tests/faults/` with a recorded seed. The judge is the stand-in headquarters'",
        "own ledger, never the gateway's opinion of itself. What is demanded and was not reached stands here as",
        "**missed**. `make soak` runs everything, `make soak FAULT=F4` one fault.",
        "",
        f"{held} of {len(FAULTS)} faults hold.",
        "",
        f"Machine: {machine}.",
        "",
        "| fault | what is done | demanded | result | date | minutes |",
        "|---|---|---|---|---|---|",
    ]
    rows = [_summary(name, results.get(name)) for name in FAULTS]
    programs = [
        "",
        "## Program by program",
        "",
        "| fault | program | load demanded | load run | lost | doubled | hands | slowest resume | besides | seed |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    details = [_detail(line) for name in FAULTS for line in _merged(results.get(name, {}).get("lines", ()))]
    return "\n".join([*head, *rows, *programs, *details]) + "\n"


def _holds(result: Mapping[str, Any] | None) -> bool:
    return result is not None and result["verdict"] == "held" and all(line.get("met", True) for line in result["lines"])


def _summary(name: str, result: Mapping[str, Any] | None) -> str:
    fault = FAULTS[name]
    if result is None:
        outcome, day, minutes = "**missed**: never run", "", ""
    else:
        day, minutes = result["date"], f"{result['minutes']}"
        short = [line for line in result["lines"] if not line.get("met", True)]
        reason = result["verdict"] if result["verdict"] != "held" else "a demanded figure was not reached"
        outcome = "holds" if _holds(result) else f"**missed**: {_cell(reason)}"
        outcome += "" if result["lines"] or not _holds(result) else ", but reports no figures"
        outcome += f" ({_cell(short[0]['run'])})" if short and result["verdict"] == "held" else ""
    return f"| {name} | {fault.title} | {fault.demand} | {outcome} | {day} | {minutes} |"


def _merged(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Make one line of those that stand for single points of one program, and count what became of them."""
    points = [line for line in lines if "point" in line]
    rest: list[Mapping[str, Any]] = [line for line in lines if "point" not in line]
    if points:
        outcomes = Counter(str(line.get("outcome", "held")) for line in points)
        besides = "; ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        merged = {**points[0], "run": f"{len(points)} points", "program": "each point by itself", "outcome": besides}
        rest.append(merged)
    return rest


def _detail(line: Mapping[str, Any]) -> str:
    besides = "; ".join(f"{key.replace('_', ' ')}: {value}" for key, value in line.items() if key not in _COLUMNS)
    resume = line.get("slowest_resume")
    cells = [
        line["fault"], line.get("program", ""), line.get("demanded", ""), line.get("run", ""), line.get("lost", ""),
        line.get("doubled", ""), line.get("hands", ""), "" if resume is None else f"{resume} s", besides,
        line.get("seed", ""),
    ]  # fmt: skip
    if not line.get("met", True):
        cells[3] = f"**missed**: {cells[3]}"
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def this_machine() -> str:
    """Say in a few words on what it ran; no names."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}"
    )


def main(wanted: Sequence[str]) -> int:
    """Run what is wanted (all by default), write the page, and give 1 when something did not hold."""
    unknown = [name for name in wanted if name not in FAULTS]
    if unknown:
        sys.stderr.write(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}\n")
        return 2
    names = list(wanted or FAULTS)
    with ThreadPoolExecutor(2) as pool:
        longest_first = sorted((n for n in names if not FAULTS[n].alone), key=lambda n: -FAULTS[n].minutes)
        held = list(pool.map(_told, longest_first))
    held += [_told(name) for name in names if FAULTS[name].alone]
    sys.stdout.write(f"Written: {PAGE.relative_to(ROOT)}\n")
    return 0 if all(held) else 1


def _told(name: str) -> bool:
    """Run one fault, tell and keep what came of it, and say whether it held."""
    sys.stdout.write(f"{name} {FAULTS[name].title} ...\n")
    sys.stdout.flush()
    result = run_fault(name)
    outcome = "holds" if _holds(result) else f"MISSED: {result['verdict']}"
    with _writing:
        _keep(result)
        sys.stdout.write(f"{name} {outcome} ({result['minutes']} min)\n")
        sys.stdout.flush()
    return _holds(result)


def _keep(result: dict[str, Any]) -> None:
    """Write one result at once: hours later there may be another, or an end of the whole run."""
    results: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}
    results[result["fault"]] = result
    DATA.write_text(json.dumps(results, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(render(results, this_machine()), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
