"""Mistakes in rule files: each is found, named by rule and path, and does not hide the others."""

from __future__ import annotations

import copy

import pytest

from ecqs_gateway.content.models import RulesFile
from ecqs_gateway.rules import check_rules

GOOD = {
    "version": 1,
    "rules": [
        {
            "id": "TEST-001",
            "kind": "certificate",
            "title": "测试",
            "severity": "flag",
            "fields": ["valid_from", "products.product_class"],
            "clause": {"document": "文件", "article": "第一条", "source": "facts §1"},
            "effective": {"from": "2020-01-01", "by": "issue_date"},
            "products": ["02"],
            "expr": "valid_until > valid_from",
            "message": {"zh": "不符", "en": "broken"},
            "examples": {
                "pass": [
                    {"valid_from": "2021-01-05", "valid_until": "2026-01-04", "products": [{"product_class": "02"}]},
                    {"valid_from": "2021-01-05", "valid_until": "2020-01-04", "products": [{"product_class": "06"}]},
                ],
                "fail": [
                    {"valid_from": "2021年1月5日", "valid_until": "20200104", "products": [{"product_class": "02"}]}
                ],
            },
        }
    ],
}


def checked(context, **changes):
    content = copy.deepcopy(GOOD)
    for path, value in changes.items():
        place = content["rules"][0]
        *above, last = path.split("__")
        for step in above:
            place = place[int(step) if step.isdigit() else step]
        place[int(last) if last.isdigit() else last] = value
    return check_rules({"schemas/rules/test.yaml": RulesFile.model_validate(content)}, context)


def test_a_good_file_has_no_problems(context):
    assert checked(context) == []


@pytest.mark.parametrize(
    ("changes", "code", "path", "says"),
    [
        ({"kind": "certificat"}, "ECQS-1302", ("kind",), "no record kind"),
        ({"fields": ["valid_form"]}, "ECQS-1302", ("fields", 0), "valid_form"),
        ({"products": ["02", "77"]}, "ECQS-1305", ("products", 1), "77"),
        ({"expr": "valid_until > valid_form"}, "ECQS-1103", ("expr",), "line 1 column 15 at 'valid_form'"),
        ({"expr": "valid_until"}, "ECQS-1303", ("expr",), "condition"),
        ({"expr": "valid_until >"}, "ECQS-1101", ("expr",), "missing"),
        ({"effective__by": "number"}, "ECQS-1304", ("effective", "by"), "not a date field"),
        ({"expr": "valid_until < valid_from"}, "ECQS-1306", ("examples", "pass", 0), "should keep"),
        ({"expr": "TRUE"}, "ECQS-1307", ("examples", "fail", 0), "should break"),
        ({"examples__fail__0": {"valid_from": "2021-01-05"}}, "ECQS-1307", ("examples", "fail", 0), "should break"),
        (
            {"examples__pass__0": {"valid_from": "2021-02-30"}},
            "ECQS-1308",
            ("examples", "pass", 0, "valid_from"),
            "cannot be read",
        ),
        (
            {"examples__pass__0": {"products": [{"product_class": "77"}]}},
            "ECQS-1308",
            ("examples", "pass", 0, "products", 0, "product_class"),
            "not good",
        ),
        ({"examples__pass__0": {"no_field": "1"}}, "ECQS-1308", ("examples", "pass", 0, "no_field"), "no field"),
        ({"examples__pass__0": {"products": "02"}}, "ECQS-1308", ("examples", "pass", 0, "products"), "a list"),
    ],
)
def test_every_kind_of_mistake_is_named_with_rule_and_path(context, changes, code, path, says):
    problems = checked(context, **changes)
    first = problems[0]
    assert (first.code, first.rule, first.file) == (code, "TEST-001", "schemas/rules/test.yaml")
    assert first.path == ("rules", 0, *path)
    assert says in problems[0].message


def test_two_mistakes_give_two_problems(context):
    problems = checked(context, fields=["nosuch"], products=["77"], expr="valid_until >")
    assert [problem.code for problem in problems] == ["ECQS-1302", "ECQS-1305", "ECQS-1101"]


def test_an_id_used_twice_in_two_files_is_named(context):
    file = RulesFile.model_validate(GOOD)
    problems = check_rules({"a.yaml": file, "b.yaml": file}, context)
    assert [(p.code, p.file, p.path) for p in problems] == [("ECQS-1301", "b.yaml", ("rules", 0, "id"))]
    assert "a.yaml" in problems[0].message


def test_an_example_never_shows_its_value(context):
    problems = checked(context, examples__pass__0={"holder.uscc": "91440300192317458G"})
    assert problems
    assert all("91440300192317458G" not in str(problem) for problem in problems)


def test_examples_are_judged_on_a_fixed_day(context):
    changes = {
        "expr": "issue_date <= today()",
        "effective": {},
        "products": None,
        "examples": {"pass": [{"issue_date": "2026-01-01"}], "fail": [{"issue_date": "2026-01-02"}]},
    }
    assert checked(context, **changes) == []
