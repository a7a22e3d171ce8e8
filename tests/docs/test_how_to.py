"""The how-to pages name every check of the doctor, and only commands and options that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main

from ecqs_gateway.cli.main import app
from ecqs_gateway.flows.doctor.examine import all_checks

DOCS = Path(__file__).resolve().parents[2] / "docs" / "how-to"
PAGES = (
    *("answer-audits.md", "operate.md", "back-up-and-restore.md", "upgrade.md", "drift.md", "lineage.md"),
    *("reconcile.md", "inspectors.md"),
)
ELSEWHERE = {"keys", "release", "resume", "stop"}
"""Commands of other parts that these pages point to."""


def test_every_check_of_the_doctor_is_explained_and_no_other() -> None:
    page = (DOCS / "operate.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([a-z0-9_.]+)` \| .* \| .* \|$", page, re.MULTILINE))
    known = {check.id for check in all_checks()} | {"settings", "ledger.open"}
    assert explained == known


def _commands(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    yield path.strip(), command
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, f"{path} {name}")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_shown_exists_with_its_options(page: str) -> None:
    commands = dict(_commands(typer.main.get_command(app)))
    text = (DOCS / page).read_text(encoding="utf-8")
    shown = re.findall(r"^\s*ecqs ([^\n]+)$", text, re.MULTILINE) + re.findall(r"`ecqs ([^`\n]+)`", text)
    assert shown
    for line in shown:
        words = line.split()
        if words[0] in ELSEWHERE:
            continue
        path = " ".join(words[:2]) if " ".join(words[:2]) in commands else words[0]
        assert path in commands, line
        options = {name for parameter in commands[path].params for name in parameter.opts}
        assert {word for word in words if re.fullmatch(r"--[a-z-]+", word)} <= options, line
