"""`ecqs mapping` as people and scripts use it: what it prints, what it returns, what it writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ecqs_gateway.cli.main import app

UNIT, KIND = "320000", "certificate"
MAP = f"mappings/{UNIT}/{KIND}.yaml"
CASE = f"mappings/{UNIT}/cases/one.yaml"
Run = Callable[..., Result]

TEXT = """version: 1
unit: "320000"
kind: certificate
title: 一行
rows:
  - {id: 1, zsbh: 苏XK06-001-00001, qymc: 某某电缆有限公司, tyshxydm: 91440300192317458F, cpmc: 架空绞线,
     fzrq: "2024-03-01", yxqz: "2029-02-28", zt: 有效}
expect:
  records:
    # what goes
    - {number: (苏)XK06-001-00001, issue_date: 2024-03-01, status: "01"}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A unit with three good rows and one refused one, synced once for all tests."""
    w = sys.modules["ecqs_test_support_world"]
    world = w.World(tmp_path_factory.mktemp("mapping"))
    world.build()
    with world.headquarters():
        world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 4)), w.licence(UNIT, 4, zt="暂停")])
        world.sync()
    return world


@pytest.fixture
def world(base, w, tmp_path):
    """A copy of it for one test."""
    return w.clone(base, tmp_path / "world")


@pytest.fixture
def ecqs(world, monkeypatch) -> Run:
    """Run a command of the workbench in this process."""
    monkeypatch.chdir(world.root)
    for name, value in world.environment().items():
        if name.startswith(("ECQS_", "AIRFLOW")):
            monkeypatch.setenv(name, value)

    def run(*arguments: str, **more: Any) -> Result:
        done = CliRunner().invoke(app, ["mapping", *arguments], **more)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run


def edit(world, was: str, now: str, file: str = MAP) -> None:
    path = world.content / file
    text = path.read_text(encoding="utf-8")
    assert text.count(was) == 1
    path.write_text(text.replace(was, now), encoding="utf-8")


def test_preview_shows_the_way_of_each_field(ecqs):
    done = ecqs("preview", UNIT, KIND, "--key", "苏XK06-001-00002")
    assert done.exit_code == 0, done.output
    for words in ("The record goes.", "(苏)XK06-001-00002", "codes(zt): '01'", "ignored on purpose: gxsj"):
        assert words in done.output
    told = json.loads(ecqs("preview", UNIT, KIND, "--stored", "--limit", "4", "--json").output)
    assert [row["verdict"] for row in told["rows"]] == ["goes"] * 3 + ["refused"]
    status = next(one for one in told["rows"][3]["fields"] if one["field"] == "status")
    assert status["problems"][0]["rule"] == "ECQS-1291"


def test_two_mistakes_give_two_messages_with_file_line_and_column(ecqs, world):
    edit(world, "holder.name: qymc", "holder.nmae: qymc")
    edit(world, "clean: [width, spaces]", "clean: [widht, spaces]")
    done = ecqs("preview", UNIT, KIND)
    assert done.exit_code == 1
    assert f"{MAP}:7:" in done.output
    assert "did you mean 'width'?" in done.output
    assert "did you mean 'holder.name'?" in done.output
    assert "next:" in done.stderr


def test_a_unit_without_cases_is_told_and_fails(ecqs):
    done = ecqs("test", UNIT)
    assert done.exit_code == 1
    assert "no cases" in done.output
    assert "capture" in done.output


def test_a_difference_is_told_with_place_expected_and_got(ecqs, world):
    world.write(CASE, TEXT.replace("issue_date: 2024-03-01", "issue_date: 2024-03-02"))
    done = ecqs("test", UNIT)
    assert done.exit_code == 1
    assert f"{CASE}:11:" in done.output
    assert "expected  2024-03-02" in done.output
    assert "got       2024-03-01" in done.output
    (told,) = json.loads(ecqs("test", UNIT, "--json").output)["cases"]
    assert told["differences"][0]["path"] == "expect.records.0.issue_date"
    assert (told["differences"][0]["expected"], told["differences"][0]["got"]) == ("2024-03-02", "2024-03-01")


def test_a_case_without_rows_fails_and_hides_no_other(ecqs, world):
    world.write(CASE, TEXT)
    world.write(
        f"mappings/{UNIT}/cases/none.yaml",
        TEXT.replace(TEXT[TEXT.index("rows:") : TEXT.index("expect:")], "rows: []\n"),
    )
    world.write(f"mappings/{UNIT}/cases/torn.yaml", "version: [\n")
    done = ecqs("test", UNIT, "--junit", "out.xml")
    assert done.exit_code == 1
    assert "1 passed, 2 broken" in done.output
    assert "needs at least 1" in done.output
    xml = (world.root / "out.xml").read_text(encoding="utf-8")
    assert 'tests="3" failures="0" errors="2"' in xml
    assert xml.count("<testcase") == 3


def test_update_shows_asks_and_rewrites_in_place(ecqs, world):
    wrong = TEXT.replace('status: "01"', 'status: "04"')
    world.write(CASE, wrong)
    file = world.content / CASE
    done = ecqs("test", UNIT, "--update", input="n\n")
    assert "got       01" in done.output
    assert file.read_text(encoding="utf-8") == wrong
    assert done.exit_code == 1
    done = ecqs("test", UNIT, "--update", "--yes")
    assert done.exit_code == 0, done.output
    assert file.read_text(encoding="utf-8") == TEXT


def test_a_broken_mapping_breaks_its_cases_and_says_why(ecqs, world):
    world.write(CASE, TEXT)
    edit(world, "holder.name: qymc", "holder.nmae: qymc")
    done = ecqs("test", UNIT)
    assert done.exit_code == 1
    assert "broken" in done.output
    assert "did you mean 'holder.name'?" in done.output


def test_checks_take_the_place_of_exact_values(ecqs, world):
    loose = TEXT.replace("issue_date: 2024-03-01", "issue_date: {present: true}")
    loose = loose.replace("number: (苏)XK06-001-00001", 'number: {matches: "[(]苏[)]XK.*"}')
    world.write(CASE, loose.replace('status: "01"', 'status: {one_of: ["01", "05"]}'))
    assert ecqs("test", UNIT).exit_code == 0
    world.write(CASE, loose.replace('status: "01"', 'status: {one_of: ["04", "05"]}'))
    done = ecqs("test", UNIT)
    assert "expected  one of 04, 05" in done.output
    world.write(CASE, loose.replace('matches: "[(]苏[)]XK.*"', 'matches: "(?=x)"'))
    assert "no regular expression" in ecqs("test", UNIT).output


def test_any_problem_of_a_field_can_be_expected(ecqs, world):
    case = TEXT.replace('fzrq: "2024-03-01"', "fzrq: 昨天").partition("expect:")[0]
    world.write(CASE, case + "expect:\n  problems: [{row: 1, field: issue_date, rule: any}]\n")
    assert ecqs("test", UNIT).exit_code == 0
    world.write(CASE, case + "expect:\n  problems: [{row: 1, field: valid_until, rule: any}]\n")
    done = ecqs("test", UNIT)
    assert "row 1 does not have any problem at valid_until" in done.output


def test_capture_test_coverage_and_unmapped_work_together(ecqs, world):
    done = ecqs("capture", UNIT, KIND, "--key", "1", "--name", "one")
    assert done.exit_code == 0, done.output
    assert "Replaced: zsbh, qymc, tyshxydm" in done.output
    assert ecqs("test", UNIT, "--case", "one").exit_code == 0
    done = ecqs("coverage", UNIT)
    assert done.exit_code == 0, done.output
    assert "4 rows of 1 stored extraction(s)" in done.output
    told = json.loads(ecqs("coverage", UNIT, KIND, "--live", "--json").output)
    assert next(one for one in told[0]["fields"] if one["path"] == "status")["codes"] == {"01": 3}
    done = ecqs("unmapped", UNIT)
    assert f"mappings/{UNIT}/codes/zt.csv:4: 暂停," in done.output
    assert json.loads(ecqs("unmapped", "--json").output)["lanes"][0]["values"][0]["letters"] == 1


def test_the_table_is_written_and_compared(ecqs, world):
    assert ecqs("docs", UNIT, "--out", "tables").exit_code == 0
    book = f"tables/{UNIT}-{KIND}-mapping.xlsx"
    assert "the one that was signed" in ecqs("docs", "--compare", book).output
    edit(world, "issue_date: fzrq", "issue_date: {from: fzrq, clean: [fillers]}")
    done = ecqs("docs", "--compare", book)
    assert done.exit_code == 1
    assert "取 fzrq；去占位词" in done.output
    assert f"{MAP}:" in done.output


WRONG = [
    ["preview", UNIT, "certifcate"], ["preview", "32000", KIND], ["preview", UNIT, KIND, "--letter", "99"],
    ["capture", UNIT, KIND], ["capture", UNIT, KIND, "--key", "1", "--name", "../x"], ["docs"],
    ["docs", "--compare", "nothing.xlsx"], ["coverage", UNIT, KIND, "--live", "--stored"], ["test", "99"],
    ["capture", UNIT, KIND, "--key", "1", "--keep", "qyma"],
]  # fmt: skip


def test_a_wrong_wish_is_a_message_with_a_next_step(ecqs):
    for arguments in WRONG:
        done = ecqs(*arguments)
        assert done.exit_code == 1, arguments
        assert done.stderr.startswith("ECQS-"), arguments
        assert "next:" in done.stderr, arguments


# -- plan


CODES = f"mappings/{UNIT}/codes/zt.csv"


def test_plan_tells_what_changes_by_field_rule_and_row_and_says_so_by_its_exit_code(world, ecqs):
    done = ecqs("plan")
    assert (done.exit_code, "nothing that decides about its records changed" in done.output) == (0, True)
    edit(world, "有效,01,", "有效,01,\n暂停,05,", CODES)
    edit(world, "holder.name: qymc", 'holder.name: {expr: "concat(qymc, zt)"}')
    done = ecqs("plan", UNIT, KIND)
    assert done.exit_code == 2, done.output
    for words in (
        "of 4 rows, 3 records change, 1 newly passing",
        "codes zt: 暂停",
        "远山电缆有限公司有效",
        f"{MAP}:8",
        "ECQS-1291",
        "gone: 4",
        "--accept --by NAME --reason TEXT",
    ):
        assert words in done.output, words
    told = json.loads(ecqs("plan", UNIT, KIND, "--json", "--live", "--limit", "2").output)
    (lane,) = told["lanes"]
    assert (lane["verdict"], lane["forecast"]["rows"], lane["forecast"]["changed"]) == ("changes", 2, 2)
    assert lane["forecast"]["fields"][0]["pairs"][0]["new"] == "远山电缆有限公司有效"


def test_plan_writes_a_report_that_loads_nothing_and_escapes_everything(world, ecqs, tmp_path):
    edit(world, "holder.name: qymc", "holder.name: {expr: \"concat(qymc, '<b>|x')\"}")
    page, text = tmp_path / "plan.html", tmp_path / "plan.md"
    assert ecqs("plan", "--output", str(page)).exit_code == 2
    assert ecqs("plan", "--output", str(text)).exit_code == 2
    html = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "default-src 'none'" in html
    assert not any(word in html for word in ("http://", "https://", "src=", "<script"))
    assert r"\<b\>\|x" in text.read_text(encoding="utf-8")
    done = ecqs("plan", "--output", str(tmp_path / "plan.xlsx"))
    assert (done.exit_code, "ECQS-1408" in done.output) == (1, True)


def test_a_plan_is_accepted_with_name_and_reason_and_once_is_enough(world, ecqs):
    edit(world, "有效,01,", "有效,05,", CODES)
    done = ecqs("plan", UNIT, KIND, "--accept", "--by", "李四")
    assert (done.exit_code, "ECQS-1406" in done.output) == (1, True)
    done = ecqs("plan", UNIT, KIND, "--accept", "--by", "李四", "--reason", "按通知")
    assert (done.exit_code, "Accepted as plan 1" in done.output) == (0, True)
    assert world.rows("SELECT by, reason FROM accepted_plan") == [("李四", "按通知")]
    done = ecqs("plan", UNIT, KIND)
    assert "Accepted as plan 1, by 李四 on 20" in done.output
    assert "To accept this" not in done.output


def test_a_broken_mapping_stops_its_own_plan_only(world, ecqs):
    world.province("370000", 1)
    world.province("440000", 1)
    edit(world, "holder.name: qymc", "holder.nmae: qymc")
    done = ecqs("plan")
    assert done.exit_code == 1
    assert f"{MAP}:8:3: error ECQS-1030" in done.output
    assert "did you mean 'holder.name'?" in done.output
    assert "370000 certificate: nothing to compare with, and no rows are stored" in done.output
    done = ecqs("plan", "--live", "--json")
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert [problem["code"] for problem in told["broken"][0]] == ["ECQS-1031", "ECQS-1030"]
    assert "ECQS-1085" in told["failed"]["370000 certificate"]  # its connection is not set here
    assert "ECQS-1085" in told["failed"]["440000 certificate"]


def test_another_business_key_is_an_alarm(world, ecqs):
    edit(world, "number: {from: zsbh, clean: [width, spaces]}", "number: {expr: \"replace(zsbh, '苏', '浙')\"}")
    done = ecqs("plan", UNIT, KIND)
    assert "ANOTHER BUSINESS KEY for 3 rows" in done.output
    assert "(浙)XK06-001-00001" in done.output
