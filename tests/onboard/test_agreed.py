"""Whoever agrees to every proposal has files that load, a mapping that compiles, and cases that come out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ecqs_gateway.content.load import Content, load
from ecqs_gateway.flows.onboard.propose import write
from tests.onboard.measure import Labelled, build_sqlite, labelled, propose

SQLITE = [case for case in labelled() if case.dialect == "sqlite"]


def agree(folder: Path) -> None:
    """Take every TODO away that has a proposal; leave out codes nobody has an idea of."""
    for file in [*folder.rglob("*.yaml")]:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("TODO ", "").replace("owner: TODO", "owner: 甲科"), encoding="utf-8")
    for file in folder.rglob("codes/*.csv"):
        text = re.sub(r"(?m)^[^\n]*,TODO,[^\n]*\n|^TODO,[^\n]*\n", "", file.read_text(encoding="utf-8"))
        file.write_text(text.replace("TODO ", ""), encoding="utf-8")


@pytest.mark.parametrize("case", SQLITE, ids=lambda case: case.name)
def test_what_is_agreed_to_compiles_and_its_cases_hold(
    content: Content, case: Labelled, tmp_path: Path, workplace: Path
) -> None:
    proposal = propose(content, case, build_sqlite(case, tmp_path))
    write(proposal, workplace)
    before = load(workplace)
    assert [str(p) for p in before.unit_problems(case.labels["unit"]) if p.severity == "error"] == []
    agree(workplace / "connectors")
    agree(workplace / "mappings")
    loaded = load(workplace, cases=True)
    gaps = {p.code for p in loaded.unit_problems(case.labels["unit"]) if p.severity == "todo"}
    wrong = [str(p) for p in loaded.unit_problems(case.labels["unit"]) if p.severity == "error"]
    assert wrong == []
    assert not [str(p) for p in loaded.unit_problems(case.labels["unit"]) if p.code == "ECQS-1052"]
    if not gaps:
        assert loaded.compiled
        assert loaded.cases or case.name == "empty_table"
