"""The table of rules in docs/why/delivery.md names code and tests that exist, and every rule has both."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "why" / "delivery.md"
RULES = [f"R-{letter}" for letter in "abcdefgh"]


def _rows() -> dict[str, list[str]]:
    """Give the cells of each rule's row."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| R-")]
    return {row[0]: row for row in rows}


def _names(file: Path) -> set[str]:
    """Give the functions and classes a module defines, methods too."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_every_rule_has_a_row() -> None:
    assert list(_rows()) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_is_enforced_by_and_shown_by_exists(rule: str) -> None:
    row = _rows()[rule]
    assert len(row) == 4
    for cell, folder in ((row[2], "ecqs_gateway/"), (row[3], "tests/")):
        named = re.findall(r"`([^`:]+\.py)::(\w+)`", cell)
        assert named, f"{rule} names nothing in {folder}"
        for file, name in named:
            assert file.startswith(folder)
            assert name in _names(ROOT / file), f"{file} has no {name}"
            assert folder != "tests/" or name.startswith("test_")
