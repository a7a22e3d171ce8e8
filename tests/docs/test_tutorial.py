"""The tutorial is true: its files are written, its commands run, and each line it shows is looked for in the output."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

FENCE = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
MARK = "=== block "


@dataclass
class Block:
    kind: str
    argument: str
    body: str


def blocks(page: Path) -> list[Block]:
    found = []
    for fence in FENCE.finditer(page.read_text(encoding="utf-8")):
        kind, _, argument = fence["info"].partition(" ")
        found.append(Block(kind, argument.strip(), fence["body"]))
    return found


def script(page: Path) -> str:
    """Make one shell script of a page: files are written, commands run in one shell, as a reader's terminal would."""
    lines = ["set -u", "shopt -s expand_aliases"]
    for number, block in enumerate(blocks(page)):
        lines.append(f"echo '{MARK}{number}'")
        if block.kind == "sh":
            body = block.body.replace("make demo", ".venv/bin/ecqs demo --no-airflow --rows 100")
            lines.append("set +e" if block.argument == "fails" else "set -e")
            lines.append(body)
            if block.argument == "fails":
                lines.append("[ $? -ne 0 ] || { echo 'this should have failed'; exit 9; }")
        elif block.argument:
            lines.append(f"mkdir -p '{Path(block.argument).parent}'")
            lines.append(f"cat > '{block.argument}' <<'END_OF_FILE'\n{block.body}END_OF_FILE")
    return "\n".join(lines) + "\n"


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture
def checkout(tmp_path: Path, project_root: Path) -> Path:
    """A checkout of the content with the installed gateway, for a page to write into."""
    copy = tmp_path / "checkout"
    for folder in ("connectors", "mappings", "schemas", "samples", "docs/tutorial", "dags"):
        shutil.copytree(project_root / folder, copy / folder)
    (copy / ".venv").symlink_to(project_root / ".venv")
    return copy


@pytest.mark.slow
def test_every_command_of_the_tutorial_does_what_the_page_shows(checkout: Path) -> None:
    page = checkout / "docs" / "tutorial" / "your-first-province.md"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ECQS_", "AIRFLOW"))}
    run = subprocess.run(
        ["bash", "-m", "-c", script(page)], cwd=checkout, env=environment, capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    outputs = dict(re.findall(rf"{MARK}(\d+)\n(.*?)(?={MARK}|\Z)", run.stdout, re.DOTALL))
    shown = 0
    for number, block in enumerate(blocks(page)):
        if block.kind != "text":
            continue
        output = squeezed(outputs[str(number - 1)])
        for line in block.body.splitlines():
            words = squeezed(line).strip()
            assert all(word in output for word in words.split()), f"{words!r} is not in:\n{outputs[str(number - 1)]}"
            shown += 1
    assert shown > 10


def test_pages_name_only_commands_that_exist(project_root: Path) -> None:
    from typer.testing import CliRunner

    from ecqs_gateway.cli.main import app

    pages = [project_root / "README.md", *sorted((project_root / "docs").rglob("*.md"))]
    named = {m for page in pages for m in re.findall(r"`ecqs ([a-z-]+)", page.read_text(encoding="utf-8"))}
    assert named
    for command in sorted(named):
        result = CliRunner().invoke(app, [command, "--help"])
        assert result.exit_code == 0, f"a page speaks of `ecqs {command}`, which does not exist"
