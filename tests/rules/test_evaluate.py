"""Evaluation of rules: verdicts, dates, products, lists, and the shape of the findings."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.content.models import Rule
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import ExprContext, ExpressionError
from ecqs_gateway.mapping.mapped import PROBLEM_SCHEMA
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.rules import RuleCatalogue, compile_rules, evaluate

APPROVAL = spec("approval")


def make_rule(expr: str, **changes: object) -> Rule:
    given = {
        "id": "TEST-001",
        "kind": "approval",
        "title": "测试",
        "severity": "flag",
        "fields": ["decision"],
        "clause": {"document": "测试文件", "article": "第一条", "source": "facts §1"},
        "expr": expr,
        "message": {"zh": "不符", "en": "broken"},
        "examples": {"pass": [{"decision": "1"}], "fail": [{"decision": "2"}]},
    }
    return Rule.model_validate(given | changes)


def make_frame(**columns: list[object]) -> pl.DataFrame:
    """A frame of approvals: the given fields, all others absent."""
    height = len(next(iter(columns.values())))
    named = {name.replace("__", "."): values for name, values in columns.items()}
    rows = pl.Series("__row", range(height), dtype=pl.UInt32)
    absent = [None] * height
    return pl.DataFrame(
        [
            rows,
            *(pl.Series(leaf.path, named.get(leaf.path, absent), dtype=leaf.type.dtype) for leaf in APPROVAL.leaves()),
        ]
    )


def make_list(rows: list[int], **columns: list[object]) -> pl.DataFrame:
    seen: Counter[int] = Counter()
    positions = []
    for row in rows:
        seen[row] += 1
        positions.append(seen[row])
    head = {"__row": pl.Series(rows, dtype=pl.UInt32), "__item": pl.Series(positions, dtype=pl.UInt32)}
    return pl.DataFrame(head | {name: pl.Series(values, dtype=pl.String) for name, values in columns.items()})


def broken(rules: Rule | list[Rule], frame: pl.DataFrame, context: ExprContext, **lists: pl.DataFrame) -> list[tuple]:
    catalogue = RuleCatalogue(tuple(rules) if isinstance(rules, list) else (rules,))
    found = evaluate(compile_rules(APPROVAL, catalogue, context), frame, lists)
    assert dict(found.schema) == dict(PROBLEM_SCHEMA)
    return found.select("__row", "rule").rows()


def test_a_record_breaks_a_rule_only_where_it_is_false(context):
    frame = make_frame(decision=["1", "2", None])
    assert broken(make_rule("decision = '1'"), frame, context) == [(1, "TEST-001")]


def test_a_finding_says_what_a_person_needs_and_never_the_value(context):
    rule = make_rule("decision = '1'", fields=["decision", "decision_date"])
    found = evaluate(compile_rules(APPROVAL, RuleCatalogue((rule,)), context), make_frame(decision=["2"]), {})
    assert found.rows(named=True) == [
        {
            "__row": 0,
            "field": "decision,decision_date",
            "column": None,
            "rule": "TEST-001",
            "severity": "flag",
            "clause": "测试文件 第一条",
            "message": "不符",
        }
    ]


def test_findings_come_in_the_order_of_records_then_rules(context):
    rules = [make_rule("decision = '1'"), make_rule("decision = '3'", id="TEST-002")]
    frame = make_frame(decision=["2", "1", "2"])
    wanted = [(0, "TEST-001"), (0, "TEST-002"), (1, "TEST-002"), (2, "TEST-001"), (2, "TEST-002")]
    assert broken(rules, frame, context) == wanted


def test_row_numbers_are_those_of_the_frame_not_positions(context):
    frame = make_frame(decision=["2", "1", "2"]).filter(pl.col("__row") > 0)
    lists = {"inspectors": make_list([0, 2, 2], number=["a", "b", "c"])}
    assert broken(make_rule("count(inspectors) = 0"), frame, context, **lists) == [(2, "TEST-001")]


def test_a_rule_holds_from_its_first_to_its_last_day(context):
    days = [dt.date(2020, 10, 13), dt.date(2020, 10, 14), dt.date(2021, 12, 31), dt.date(2022, 1, 1), None]
    frame = make_frame(decision=["2"] * 5, decision_date=days)
    effective = {"from": "2020-10-14", "until": "2021-12-31", "by": "decision_date"}
    rule = make_rule("decision = '1'", effective=effective)
    # A record without the date is not spared: the rule would otherwise be escaped by leaving the date out.
    assert [row for row, _ in broken(rule, frame, context)] == [1, 2, 4]


def test_without_by_the_kinds_own_date_decides(context):
    frame = make_frame(decision=["2", "2"], submission_date=[dt.date(2020, 1, 1), dt.date(2021, 1, 1)])
    rule = make_rule("decision = '1'", effective={"from": "2020-10-14"})
    assert broken(rule, frame, context) == [(1, "TEST-001")]
    assert compile_rules(APPROVAL, RuleCatalogue((rule,)), context).rules[0].columns == {"decision", "submission_date"}


def test_a_rule_for_products_touches_records_with_such_a_product(context):
    frame = make_frame(decision=["2"] * 4)
    products = make_list([0, 0, 1, 2], name=["x"] * 4, product_class=["06", "02", "06", None])
    rule = make_rule("decision = '1'", products=["01", "02"])
    assert broken(rule, frame, context, products=products) == [(0, "TEST-001")]


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        ("count(inspectors) >= 2", [1, 2]),
        ("count(inspectors) = 0", [0, 1, 3]),
        ("any(inspectors, name = '甲')", [1, 2]),
        ("all(inspectors, name = '甲')", [0, 1]),
        ("NOT any(inspectors, name = '乙')", [0, 1]),
        ("all(inspectors, name = '甲') IS NOT NULL", [3]),
        ("any(inspectors, name = '甲' AND number = case_number)", [1, 2, 3]),
        ("count(inspectors) > 1 AND any(inspectors, name = '乙')", [1, 2]),
    ],
)
def test_lists_are_looked_into_with_three_valued_logic(context, expr, wanted):
    frame = make_frame(case_number=["n1", "n2", "n3", "n4"])
    inspectors = make_list([0, 0, 1, 3, 3], name=["甲", "乙", "乙", "甲", None], number=["n1", "n1", "n2", "x", "x"])
    assert [row for row, _ in broken(make_rule(expr), frame, context, inspectors=inspectors)] == wanted


def test_a_list_that_is_not_delivered_breaks_nothing(context):
    frame = make_frame(decision=["2"])
    for expr in ("count(inspectors) >= 2", "any(inspectors, name = '甲')", "all(inspectors, FALSE)"):
        assert broken(make_rule(expr), frame, context) == []


def test_an_empty_list_has_none_and_all(context):
    frame = make_frame(decision=["2"])
    empty = make_list([], name=[], number=[])
    assert broken(make_rule("any(inspectors, TRUE)"), frame, context, inspectors=empty) == [(0, "TEST-001")]
    assert broken(make_rule("all(inspectors, FALSE)"), frame, context, inspectors=empty) == []


def test_an_empty_frame_and_an_empty_catalogue_give_no_findings(context):
    frame = make_frame(decision=["2"])
    assert broken([], frame, context) == []
    assert broken(make_rule("FALSE"), frame.clear(), context) == []


def test_a_rule_without_any_field_still_judges_every_record(context):
    assert broken(make_rule("1 = 2"), make_frame(decision=["1", "2"]), context) == [(0, "TEST-001"), (1, "TEST-001")]


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        (make_rule("decision"), "ECQS-1303", "rule TEST-001.*condition"),
        (make_rule("desicion = '1'"), "ECQS-1103", "rule TEST-001.*did you mean decision"),
        (make_rule("inspectors IS NULL"), "ECQS-1103", r"count\(inspectors\)"),
        (make_rule("count(inspector) = 1"), "ECQS-1103", "did you mean inspectors"),
        (make_rule("count(inspectors, TRUE) = 1"), "ECQS-1106", r"count\(list\)"),
        (make_rule("any(inspectors, any(papers, TRUE))"), "ECQS-1106", "within another"),
        (make_rule("any(inspectors, nmae = '甲')"), "ECQS-1103", "did you mean name"),
        (make_rule("any(inspectors, name)"), "ECQS-1104", "condition"),
        (make_rule("TRUE", effective={"from": "2020-01-01", "by": "decision"}), "ECQS-1304", "not a date field"),
    ],
)
def test_a_rule_that_does_not_fit_its_kind_is_named(context, rule, code, says):
    with pytest.raises((Misconfigured, ExpressionError), match=says) as caught:
        compile_rules(APPROVAL, RuleCatalogue((rule,)), context)
    assert caught.value.code == code


def test_products_of_a_kind_that_has_none_are_refused(context):
    kind = spec("sampling_inspection")
    rule = make_rule("result = '1'", kind="sampling_inspection", products=["01"])
    assert compile_rules(kind, RuleCatalogue((rule,)), context).rules[0].columns == {"result", "product_class"}


Verdict = st.sampled_from([True, False, None])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(Verdict, max_size=4), min_size=1, max_size=12))
def test_quantifiers_agree_with_python(context, records):
    """any and all are OR and AND over the items, null being "not known"."""
    rows = [row for row, items in enumerate(records) for _ in items]
    answers = [item for items in records for item in items]
    words = [{True: "1", False: "0", None: None}[answer] for answer in answers]
    papers = make_list(rows, type=words)
    frame = make_frame(decision=["1"] * len(records))
    for quantifier, empty in (("any", False), ("all", True)):
        deciding = not empty
        known = [deciding if deciding in items else None if None in items else empty for items in records]
        for expr, value in (
            (f"{quantifier}(papers, type = '1') IS NOT TRUE", True),
            (f"{quantifier}(papers, type = '1')", False),
        ):
            found = [row for row, _ in broken(make_rule(expr), frame, context, papers=papers)]
            assert found == [row for row, answer in enumerate(known) if answer is value]


def test_all_rules_of_a_kind_over_many_records_stay_fast(context, files):
    """A rule that costs microseconds a row would be felt every night; 30 rules over 1,000,000 records take 6 s."""
    height = 50_000
    day = dt.date(2021, 3, 1)
    frame = make_frame(
        case_number=[f"n{row}" for row in range(height)],
        acceptance_date=[day + dt.timedelta(days=row % 700) for row in range(height)],
        decision_date=[day + dt.timedelta(days=row % 700 + row % 90) for row in range(height)],
        decision=["1"] * height,
        approval_mode=["2"] * height,
        certificate_number=["(苏)XK08-001-00017"] * height,
        authority__area=["320000"] * height,
    )
    edition = ["水泥产品生产许可证实施细则（2018年）"] * height
    products = make_list([*range(height)], name=["水泥"] * height, product_class=["02"] * height, rules_edition=edition)
    compiled = compile_rules(APPROVAL, files.values(), context)
    evaluate(compiled, frame, {"products": products})
    started = time.process_time()
    found = evaluate(compiled, frame, {"products": products})
    assert time.process_time() - started < 3.0
    assert found.height > 0
