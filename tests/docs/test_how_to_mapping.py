"""The how-to pages of the workbench are true: their commands are run on the demo, and what they show is looked for."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("ecqs_test_tutorial", Path(__file__).with_name("test_tutorial.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
tutorial = importlib.util.module_from_spec(_SPEC)
sys.modules["ecqs_test_tutorial"] = tutorial
_SPEC.loader.exec_module(tutorial)
checkout = tutorial.checkout

START = """set -e
export PATH=$PWD/.venv/bin:$PATH COLUMNS=200
ecqs demo --no-airflow --rows 200 >/dev/null
. .demo/env
"""


@pytest.mark.slow
def test_every_command_of_the_pages_does_what_they_show(checkout: Path, project_root: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ECQS_", "AIRFLOW"))}
    names = ("test-a-mapping", "mapping-table", "change-a-mapping")
    pages = [project_root / "docs" / "how-to" / f"{name}.md" for name in names]
    text = START + "\n".join(
        tutorial.script(page).replace(tutorial.MARK, f"{tutorial.MARK}{page.stem} ") for page in pages
    )
    run = subprocess.run(
        ["bash", "-c", text], cwd=checkout, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    found = re.findall(rf"{tutorial.MARK}([\w-]+) (\d+)\n(.*?)(?={tutorial.MARK}|\Z)", run.stdout, re.DOTALL)
    outputs = {(page, int(number)): tutorial.squeezed(output) for page, number, output in found}
    shown = 0
    for page in pages:
        for number, block in enumerate(tutorial.blocks(page)):
            if block.kind == "text":
                output = outputs[page.stem, number - 1]
                for line in block.body.splitlines():
                    words = tutorial.squeezed(line).split()
                    assert all(word in output for word in words), f"{line!r} is not in:\n{output}"
                    shown += 1
    assert shown > 12
