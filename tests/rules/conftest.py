"""The real code tables, calendars and rule files, as the gateway loads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecqs_gateway.content.codes import load_code_tables
from ecqs_gateway.content.models import RulesFile
from ecqs_gateway.content.yaml_reader import read_yaml
from ecqs_gateway.rules import EXAMPLE_DAY, ExprContext

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def context() -> ExprContext:
    """Code tables and calendars of the content folders, on the day on which examples are judged."""
    codes, problems = load_code_tables(ROOT / "schemas" / "codes")
    assert problems == []
    return ExprContext.of(codes, ROOT / "schemas" / "calendar", EXAMPLE_DAY)


@pytest.fixture(scope="session")
def files() -> dict[str, RulesFile]:
    """The rule files by path."""
    found = {}
    for path in sorted((ROOT / "schemas" / "rules").glob("*.yaml")):
        document, problems = read_yaml(path.name, path.read_bytes())
        assert problems == []
        assert document is not None
        found[f"schemas/rules/{path.name}"] = RulesFile.model_validate(document.data)
    return found
