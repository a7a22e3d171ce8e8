"""What is undecided is listed with its place, blocks the unit, and nothing else is said of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ecqs_gateway.content.load import load
from tests.support.world import ROOT


@pytest.fixture
def place(tmp_path: Path) -> Path:
    copy = tmp_path / "content"
    for folder in ("connectors", "mappings", "schemas"):
        shutil.copytree(ROOT / folder, copy / folder)
    return copy


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def todos(place: Path, unit: str = "320000") -> list[tuple[str, int, int, str]]:
    found = load(place).unit_problems(unit)
    assert [str(p) for p in found if p.severity == "error"] == []
    return [(p.file.rpartition("/")[2], p.line, p.column, p.hint or "") for p in found if p.severity == "todo"]


def test_a_proposed_column_is_listed_with_what_is_proposed(place: Path) -> None:
    change(place / "mappings/320000/certificate.yaml", "holder.uscc: TYSHXYDM", "holder.uscc: TODO TYSHXYDM")
    ((file, line, column, hint),) = todos(place)
    assert (file, line, column) == ("certificate.yaml", 18, 16)
    assert "TYSHXYDM" in hint
    assert load(place).broken("320000")
    assert not load(place).broken("370000")


def test_an_undecided_code_is_listed_at_its_cell_and_not_as_a_wrong_code(place: Path) -> None:
    file = place / "mappings/320000/codes/zt.csv"
    change(file, "4,08,撤回", "4,TODO 08,撤回")
    change(file, "5,07,吊销", "5,TODO,吊销")
    assert [(name, line, column) for name, line, column, _ in todos(place)] == [("zt.csv", 5, 3), ("zt.csv", 6, 3)]
    assert load(place).broken("320000")


def test_a_note_may_say_todo(place: Path) -> None:
    change(place / "mappings/320000/codes/zt.csv", "4,08,撤回", "4,08,TODO ask the province")
    assert todos(place) == []


def test_an_undecided_column_of_the_connector_and_of_ignore_is_listed(place: Path) -> None:
    change(place / "connectors/provinces/320000.yaml", "changed_at: GXSJ", "changed_at: TODO GXSJ")
    change(place / "mappings/320000/certificate.yaml", "- BZ ", "- TODO BZ ")
    assert [name for name, *_ in todos(place)] == ["320000.yaml", "certificate.yaml"]


def test_the_vocabulary_is_checked_like_other_content(place: Path) -> None:
    file = place / "schemas/onboarding/vocabulary.yaml"
    change(file, "fields: {certificate: [status]}", "fields: {certificate: [statuss]}")
    change(file, "zh: [企业名称, ", "zh: [企業名称, ")
    change(file, "  certificate_statuses:\n", "  certificate_statusses:\n")
    found = {(p.code, p.hint) for p in load(place).problems if p.file.endswith("vocabulary.yaml")}
    assert ("ECQS-1030", "did you mean 'status'?") in found
    assert ("ECQS-1042", "did you mean 'certificate_statuses'?") in found
    assert any(code == "ECQS-1081" for code, _ in found)
