"""``make fuzz``: try the mapping language with hostile and random texts at full length; writes docs/reference/fuzz.md.

    python tests/support/fuzz_run.py [texts]

The tests are those of the suite (tests/mapping/test_expr_hostile.py, test_hostile_names.py) with ECQS_FUZZ set; what
they measured comes from their report lines (see soak.py), and whether it held is pytest's word.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "fuzz.md"
TESTS = ("tests/mapping/test_expr_hostile.py", "tests/mapping/test_hostile_names.py")
WANTED = ("hostile expressions", "hostile names", "random texts")


def measured(texts: int) -> tuple[bool, dict[str, dict[str, Any]]]:
    """Run the tests; gives whether all held, and the figures of each."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as report:
        environment = os.environ | {"ECQS_FUZZ": str(texts), "ECQS_SOAK_REPORT": report.name}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *TESTS]
        held = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
        lines = [json.loads(line) for line in report.read().splitlines()]
    return held, {line["fault"]: line for line in lines}


HEAD = """# What hostile and random texts did to the mapping language

<!-- Written by `make fuzz`: do not edit by hand. -->

Expressions and names of columns that try to be SQL, code, templates, paths or addresses, and random texts, half of
them words in any order, half nearly well-formed. While they are compiled and run on columns, the interpreter is
watched for every file, process, connection, import and piece of code it opens (`sys.addaudithook`). Each text may
take 50 ms of processor time to become a value or an error with a code, and 500 ms on rows of 5,000 characters.

| what | texts | came to | files, processes, connections, code |
|---|---|---|---|
"""
FOOT = """
Dearest random text: {compile} ms to compile, {run} ms to run. {verdict}

Measured {day:%Y-%m-%d}, Python {python}, {cores} cores. The suite runs 10,000 random texts each time, and any text of
Hypothesis besides.
"""


def page(figures: Mapping[str, Mapping[str, Any]], *, held: bool) -> str:
    """Write the page."""
    refused, names, random = (figures[name] for name in WANTED)
    outcomes = sorted(random["outcomes"].items(), key=lambda item: (item[0] != "value", item[0]))
    rows = [
        ("hostile expressions", refused, f"{refused['refused']:,} refused"),
        (
            "hostile names",
            names,
            f"{names['tried']:,} mappings, in {names['ways']} places of a mapping: names",
        ),
        (f"random texts (seed {random['seed']})", random, ", ".join(f"{count:,} {name}" for name, count in outcomes)),
    ]
    table = "".join(f"| {what} | {one['texts']:,} | {told} | {one['events']} |\n" for what, one, told in rows)
    facts = {"day": datetime.now(UTC), "python": platform.python_version(), "cores": os.cpu_count()}
    return HEAD + table + FOOT.format(**random["slowest_ms"], **facts, verdict=_verdict(held=held))


def _verdict(*, held: bool) -> str:
    return "All tests of these files held." if held else "**Not all tests of these files held.**"


def main() -> int:
    """Measure and write; 1 when something did not hold."""
    held, figures = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    if not set(WANTED) <= set(figures):
        sys.stdout.write(f"no figures of {', '.join(sorted(set(WANTED) - set(figures)))}: the page stays as it was\n")
        return 1
    PAGE.write_text(page(figures, held=held), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: written\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
