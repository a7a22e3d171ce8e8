"""Cases are the mapping's own tests: each way of not coming out as promised is told in its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ecqs_gateway.content.load import load

TODAY = date(2026, 11, 23)
CASE = "mappings/320000/cases/ordinary.yaml"
MAP = "mappings/320000/certificate.yaml"


def told(bundle: Path) -> list[tuple[str, int, str, str, str | None]]:
    content = load(bundle, today=TODAY, cases=True)
    return [(p.file, p.line, p.code, p.message, p.hint) for p in content.problems]


def change(bundle: Path, was: str, now: str, file: str = CASE) -> None:
    path = bundle / file
    text = path.read_text(encoding="utf-8")
    assert text.count(was) == 1
    path.write_text(text.replace(was, now), encoding="utf-8")


def test_a_case_that_comes_out_as_promised_says_nothing(bundle: Path) -> None:
    assert told(bundle) == []


def test_cases_are_only_run_when_asked(bundle: Path) -> None:
    change(bundle, "issue_date: 2020-01-05", "issue_date: 2020-01-06")
    assert load(bundle, today=TODAY).problems == ()


def test_a_changed_mapping_fails_the_case_at_the_field(bundle: Path) -> None:
    change(bundle, 'issue_date: {from: FZRQ, parse: ["%Y%m%d"]}', "issue_date: GXSJ", MAP)
    assert told(bundle) == [
        (CASE, 13, "ECQS-1045", "issue_date (发证日期) became '2024-01-01'", None),
        (MAP, 7, "ECQS-1051", "the source column FZRQ is neither used nor ignored", "map it, or add it to ignore"),
    ]


WRONG = [
    (
        "number: (苏)XK06-001-00238", "number: (苏)XK06-001-00239", 12,
        "number (证书编号) became '(苏)XK06-001-00238'", None,
    ),
    ("issue_date: 2020-01-05", "closing_date: 2020-01-05", 13, "closing_date (终止日期) became nothing", None),
    ("issue_date: 2020-01-05", "issue_date: ~", 13, "issue_date (发证日期) became '2020-01-05'", None),
    (
        "issue_date: 2020-01-05", "issued: 2020-01-05", 13, "certificate has no field 'issued' of this form",
        "did you mean 'issue_date'?",
    ),
    ("- {name: 电线电缆}", "- {name: 电缆}", 15, "name (产品名称) became '电线电缆'", None),
    ("- {name: 电线电缆}", "- {nam: 电线电缆}", 15, "an item has no field 'nam'", "did you mean 'name'?"),
    ("- {name: 电线电缆}", "- {name: 电线电缆}\n        - {name: 水泥}", 14, "2 items are expected, 1 came out", None),
    ("    - {ZSID: 1, XH: 1, CPMC: 电线电缆, CPDY: 塑料绝缘控制电缆}", "    []", 11, "0 records", None),
    ("ZSBH: （苏）", "ZSHB: （苏）", 6, "the mapping reads no column 'ZSHB'", "did you mean 'ZSBH'?"),
    (
        "expect:\n", "expect:\n  superseded: 1\n", 11,
        "superseded should be 1, but the rows that gave way to newer ones are 0", None,
    ),
    (
        "expect:\n", "expect:\n  problems: [{row: 1, field: issue_date, rule: ECQS-1201}]\n", 11,
        "row 1 does not have the problem ECQS-1201", "row 1 has no problem",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("was", "now", "line", "message", "hint"), WRONG)
def test_what_did_not_come_out_is_told_in_its_place(bundle, was, now, line, message, hint) -> None:
    change(bundle, was, now)
    found = told(bundle)
    if message == "0 records":  # no product: the list is required, so the record is refused
        assert [(f[2], f[3].split(":")[0]) for f in found] == [
            ("ECQS-1045", "row 1 has the problem ECQS-1290 at products"),
            ("ECQS-1045", "1 records are expected, 0 came out"),
        ]
        assert found[0][4] == "if that is right: {row: 1, field: 'products', rule: ECQS-1290, severity: reject}"
        return
    assert found == [(CASE, line, "ECQS-1045", message, hint)]


def test_an_expected_problem_is_no_mistake(bundle: Path) -> None:
    change(bundle, "FZRQ: 20200105", "FZRQ: 2020年")
    change(
        bundle,
        "  records:\n    - number: (苏)XK06-001-00238\n      issue_date: 2020-01-05\n"
        "      products:\n        - {name: 电线电缆}\n",
        "  problems: [{row: 1, field: issue_date, rule: ECQS-1294}]\n",
    )
    assert told(bundle) == []


def test_rows_of_one_key_give_way_as_the_case_says(bundle: Path) -> None:
    row = next(line for line in (bundle / CASE).read_text(encoding="utf-8").splitlines() if "- {ZSID: 1, ZSBH" in line)
    older = row.replace("ZSID: 1", "ZSID: 2").replace("GXSJ: 2024", "GXSJ: 2023")
    change(bundle, row, f"{row}\n{older}")
    change(bundle, "CPDY: 塑料绝缘控制电缆}\n", "CPDY: 塑料绝缘控制电缆}\n    - {ZSID: 2, XH: 1, CPMC: 电线电缆}\n")
    assert [line[3] for line in told(bundle)] == [
        "superseded should be 0, but the rows that gave way to newer ones are 1"
    ]
    change(bundle, "expect:\n", "expect:\n  superseded: 1\n")
    assert told(bundle) == []


def test_rules_are_part_of_what_a_case_proves(bundle: Path) -> None:
    change(bundle, "YXQ: 2020-01-05至2025-01-04", "YXQ: 2025-01-05至2020-01-04")
    found = told(bundle)
    assert found[0][3].startswith("row 1 has the problem CERT-001 at valid_until: ")
    assert "2020-01-04" not in found[0][3]


def test_a_case_of_files_has_file_and_line(bundle: Path) -> None:
    (bundle / "mappings/220000/cases").mkdir()
    (bundle / "mappings/220000/cases/first.yaml").write_text(
        'version: 1\nunit: "220000"\nkind: sampling_inspection\ntitle: 一行\n'
        "rows:\n  - {__file: jilin-2023.csv, 序号: 1, 产品种类: 电线电缆, 产品名称: 电缆, 抽查结果: 合格}\n"
        "expect:\n  records:\n    - {result_number: 'jilin-2023.csv#1', result: '1'}\n",
        encoding="utf-8",
    )
    assert told(bundle) == []
