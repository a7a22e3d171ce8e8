"""`ecqs dead-letters` and `ecqs findings` as people and scripts use them, by what they print and return."""

from __future__ import annotations

import json
import os

import openpyxl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app

UNIT = "320000"
MENDED = "source,national,note\n有效,01,\n注销,04,\n吊销,03,\n"


@pytest.fixture
def ecqs(world, w, monkeypatch):
    """Run a command inside this process on a world with two letters and a finding."""
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, zt="吊销"), w.licence(UNIT, 3, fzrq="昨天")])
    world.sync()
    monkeypatch.chdir(world.root)
    for name in [name for name in os.environ if name.startswith(("ECQS_", "AIRFLOW"))]:
        monkeypatch.delenv(name)
    for name, value in world.environment().items():
        if name.startswith(("ECQS_", "AIRFLOW")):
            monkeypatch.setenv(name, value)

    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return run


def _json(result: Result):
    return json.loads(result.stdout)


def test_list_filters_counts_and_pages(ecqs) -> None:
    assert [row["id"] for row in _json(ecqs("dead-letters", "list", "--json"))["letters"]] == [1, 2]
    plain = ecqs("dead-letters", "list").stdout
    assert "ECQS-1291" in plain
    assert "ECQS-1240" in plain
    assert _json(ecqs("dead-letters", "list", "--rule", "ECQS-1240", "--json"))["total"] == 1
    assert _json(ecqs("dead-letters", "list", "--key", "（苏）ＸＫ06－001－00002", "--json"))["total"] == 1
    groups = _json(ecqs("dead-letters", "list", "--by", "rule", "--json"))["groups"]
    assert {group["rule"] for group in groups} == {"ECQS-1291", "ECQS-1240"}
    assert "Page 2 of 2" in ecqs("dead-letters", "list", "--limit", "1", "--page", "2").stdout
    assert "No dead letters" in ecqs("dead-letters", "list", "--unrepaired").stdout
    assert "did you mean 'open'" in ecqs("dead-letters", "list", "--state", "opne", code=1).stderr
    assert "ECQS-6118" in ecqs("dead-letters", "list", "--by", "colour", code=1).stderr


def test_show_puts_the_source_beside_the_record(ecqs) -> None:
    told = ecqs("dead-letters", "show", "2").stdout
    for part in ("ECQS-1240", "issue_date", "fzrq = 昨天", "not mapped: id = 3", "met for the first time", "sha256:"):
        assert part in told, told
    shown = _json(ecqs("dead-letters", "show", "2", "--json"))
    assert shown["source"]["fzrq"] == "昨天"
    assert shown["mapped"]["issue_date"] is None
    assert "ECQS-6108" in ecqs("dead-letters", "show", "77", code=1).stderr


def test_retry_tells_then_asks_then_does(ecqs, world, w) -> None:
    assert "0 would go out" in ecqs("dead-letters", "retry", "--dry-run").stdout
    world.write(f"mappings/{UNIT}/codes/zt.csv", MENDED)
    assert "1 would go out as new record versions" in ecqs("dead-letters", "retry", "--dry-run").stdout
    assert "ECQS-6117" in ecqs("dead-letters", "retry", code=1).stderr
    assert world.rows("SELECT count(*) FROM extraction WHERE cause = 'retry'") == [(0,)]
    done = ecqs("dead-letters", "retry", "--yes", "--now").stdout
    assert "records sent" in done
    assert w.key(UNIT, 2) in world.held()


def test_a_correction_goes_from_proposal_to_headquarters(ecqs, world, w) -> None:
    told = ecqs(
        "dead-letters", "correct", "2", "--set", "fzrq=2024-03-01", "--reason", "档案", "--author", "张三"
    ).stdout
    assert "approve 1" in told
    assert [row["author"] for row in _json(ecqs("dead-letters", "corrections", "--json"))] == ["张三"]
    assert "same person" in ecqs("dead-letters", "approve", "1", "--by", "张三", code=1).stderr
    ecqs("dead-letters", "approve", "1", "--by", "李四", "--now")
    assert w.key(UNIT, 3) in world.held()
    assert _json(ecqs("dead-letters", "list", "--unrepaired", "--json"))["letters"][0]["id"] == 2
    again = ecqs("dead-letters", "correct", "2", "--set", "fzrg=1", "--reason", "x", "--author", "y", code=1).stderr
    assert "did you mean 'fzrq'" in again


def test_refuse_discard_and_reopen_say_what_they_did(ecqs) -> None:
    ecqs("dead-letters", "correct", "2", "--null", "fzrq", "--reason", "a", "--author", "b", "--anyway")
    assert "refused" in ecqs("dead-letters", "refuse", "1", "--by", "c", "--reason", "d").stdout
    assert "Discarded: 1, 2" in ecqs("dead-letters", "discard", "1", "2", "--by", "c", "--reason", "d").stdout
    assert _json(ecqs("dead-letters", "list", "--state", "discarded", "--json"))["total"] == 2
    assert "ECQS-6107" in ecqs("dead-letters", "discard", "1", "--by", "c", "--reason", "d", code=1).stderr
    assert "Open again: 1" in ecqs("dead-letters", "reopen", "1", "--by", "c", "--reason", "d").stdout


def test_a_list_is_passed_around_as_a_workbook(ecqs, world) -> None:
    assert "2 dead letters written" in ecqs("dead-letters", "export", "list.xlsx").stdout
    assert "ECQS-6124" in ecqs("dead-letters", "export", "list.xlsx", code=1).stderr
    book = openpyxl.load_workbook(world.root / "list.xlsx")
    page = book[f"{UNIT} certificate"]
    column = next(cell.column for cell in page[1] if cell.value == "fzrq")
    page.cell(3, column).value = "前天"
    book.save(world.root / "bad.xlsx")
    wrong = ecqs("dead-letters", "import", "bad.xlsx", "--author", "张三", "--reason", "r", code=1).stdout
    assert "1 mistakes; nothing was done" in wrong
    page.cell(3, column).value = "2024-03-01"
    book.save(world.root / "good.xlsx")
    done = _json(ecqs("dead-letters", "import", "good.xlsx", "--author", "张三", "--reason", "r", "--json"))
    assert done["counts"] == {"proposed": 1}
    assert "was imported on" in ecqs("dead-letters", "import", "good.xlsx", "--author", "张三").stdout
    (world.root / "notes.txt").write_text("x")
    assert "ECQS-6121" in ecqs("dead-letters", "import", "notes.txt", "--author", "x", code=1).stderr


def test_findings_are_listed_and_counted(ecqs, world, w) -> None:
    assert "No findings" in ecqs("findings").stdout
    world.put(UNIT, [w.licence(UNIT, 4, yxqz="2029-03-15", gxsj="2026-11-22 09:00:00")])
    world.sync()
    found = _json(ecqs("findings", "--json"))
    assert found["total"] >= 1
    assert {row["key"] for row in found["findings"]} == {w.key(UNIT, 4)}
    rule = found["findings"][0]["rule"]
    assert rule in ecqs("findings", "--unit", UNIT, "--rule", rule).stdout
    assert _json(ecqs("findings", "--by", "rule", "--json"))["groups"][0]["findings"] >= 1
    assert _json(ecqs("findings", "--since", "2030-01-01", "--json"))["total"] == 0
    summary = _json(ecqs("findings", "--summary", "--json"))
    assert sum(row["findings"] for row in summary["summary"]) == summary["total"] == found["total"]
    assert {(row["unit"], len(row["month"])) for row in summary["summary"]} == {(UNIT, 7)}
    assert rule in ecqs("findings", "--summary").stdout
    assert "ECQS-1352" in ecqs("findings", "--summary", "--by", "rule", code=1).stderr
