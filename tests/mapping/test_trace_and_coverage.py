"""One row can be followed step by step, and a mapping says what it covers and where each field comes from."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.mapping.check import check
from ecqs_gateway.mapping.trace import TraceProblem, TraceStep, trace

FIELDS = {
    "number": "A",
    "holder.name": {"from": "B", "clean": ["html", "fillers"], "split": {"by": ";", "take": 1}},
    "issue_date": {"from": "D", "parse": ["%d/%m/%Y"]},
    "status": {"from": "Z", "codes": {"table": "zt", "unmapped": "pass"}},
    "fee": {"from": "J", "default": "0"},
    "note": {"join": {"columns": ["A", "B"], "with": "+"}, "clean": ["upper"]},
    "waived": {"expr": "J = '1'"},
    "paper.id": {"absent": {"reason": "没有", "owner": "张三处", "until": "2027-12-31"}},
}
CHILDREN = {
    "products": {"child": "cp", "fields": {"name": "CPMC", "unit": {"const": "吨"}}},
    "earlier_numbers": {"split": {"from": "Y", "by": ","}, "fields": {"number": "item"}},
}
ROW = {"A": " a1 ", "B": "<b>某</b>；x;y", "D": "05/01/2020", "Z": "99", "J": None, "Y": "n1,,<", "ID": 7}


def follow(bench, child, **row):
    frame = pl.DataFrame([ROW | row])
    rows = pl.DataFrame({"ID": ["7", "7", "7"], "CPMC": [None, "水泥", "x" * 11]})
    compiled = bench.compile(FIELDS, CHILDREN, frame.schema)
    return {one.field: one for one in trace(compiled, frame, {"cp": child(rows, ("ID",), ("ID",))})}


def test_each_step_of_each_field_is_shown(bench, child):
    found = follow(bench, child)
    assert (found["number"].source, found["number"].steps, found["number"].value) == ({"A": " a1 "}, (), "a1")
    assert found["holder.name"].steps == (
        TraceStep("html", "某；x;y"),
        TraceStep("fillers", "某；x;y"),
        TraceStep("split(;, 1)", "某；x"),
    )
    assert found["issue_date"].steps == (TraceStep("parse", "2020-01-05"),)
    assert found["issue_date"].value == "2020-01-05"
    assert found["status"].steps == (TraceStep("codes(zt): not listed, pass", "99"),)
    assert found["status"].problems[0] == TraceProblem("ECQS-1292", "flag", found["status"].problems[0].message)
    assert (found["fee"].steps, found["fee"].value) == ((TraceStep("default", "0"),), "0.00")
    assert found["note"].steps[-1] == TraceStep("join", "A1+<B>某</B>；X;Y")
    assert found["waived"].steps == (TraceStep("expr", None),)
    assert found["paper.id"].origin == "absent"


def test_items_are_shown_by_the_number_problems_name_them_by(bench, child):
    found = follow(bench, child)
    assert found["products[1].name"].value == "水泥"
    assert found["products[2].name"].source == {"CPMC": "x" * 11}
    assert found["products[2].name"].problems[0].rule == "ECQS-1203"
    assert "products[3].name" not in found
    assert found["products[1].unit"].steps == (TraceStep("const", "吨"),)
    assert found["earlier_numbers[2].number"].problems[0].rule == "ECQS-1270"


def test_a_refused_step_is_the_last_one_shown(bench, child):
    found = follow(bench, child, D="2020-01-05")
    assert found["issue_date"].steps == (TraceStep("parse", None),)
    assert found["issue_date"].problems[0].rule == "ECQS-1294"


def test_only_one_row_is_followed(bench):
    with pytest.raises(ValueError, match="one row"):
        trace(bench.compile({}), bench.frame(A=["1", "2"]))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({name: st.none() | st.text("a1;<>,/ 效有05至", max_size=8) for name in "ABDZJY"}))
def test_the_last_step_is_what_the_field_type_read(bench, row):
    children = {**CHILDREN, "products": {"split": {"from": "P", "by": ";"}, "fields": {"name": "item"}}}
    frame = pl.DataFrame([row], schema=dict.fromkeys("ABDZJY", pl.String)).with_columns(P=pl.lit("水泥"))
    compiled = bench.compile(FIELDS, children, frame.schema)
    mapped = compiled.apply(frame)
    for one in trace(compiled, frame):
        rejected = any(problem.severity == "reject" for problem in one.problems)
        if one.steps and not rejected:
            assert (one.steps[-1].text is None) == (one.value is None)
    assert sum(len(one.problems) for one in trace(compiled, frame)) == mapped.problems.height


def test_lineage_names_source_columns_of_every_field(bench):
    lineage = bench.compile(FIELDS, CHILDREN).lineage()
    assert lineage["note"] == ("A", "B")
    assert lineage["waived"] == ("J",)
    assert lineage["products.name"] == ("cp.CPMC",)
    assert lineage["products"] == ("cp",)
    assert lineage["earlier_numbers.number"] == ("Y",)
    assert lineage["products.unit"] == lineage["paper.id"] == lineage["updated"] == ()


def test_coverage_puts_every_field_and_column_in_one_group(bench):
    columns = dict.fromkeys(["A", "B", "D", "Z", "J", "Y", "BZ", "NEW"], pl.String())
    cover = bench.compile(FIELDS, CHILDREN, ignore=["BZ"]).coverage(columns)
    assert set(cover.mapped) == {
        "number",
        "holder.name",
        "issue_date",
        "status",
        "fee",
        "products.name",
        "earlier_numbers.number",
    }
    assert set(cover.derived) == {"note", "waived"}
    assert cover.constant == ("products.unit",)
    assert cover.absent == ("paper.id",)
    assert set(cover.open) == {
        "holder.uscc",
        "paper.issued",
        "paper.seal.number",
        "paper.seal.date",
        "updated",
        "products.made",
    }
    assert (cover.used, cover.ignored, cover.unknown) == (("A", "B", "D", "Z", "J", "Y"), ("BZ",), ("NEW",))
    fields = [leaf.path for leaf in bench.spec.leaves()]
    fields += [f"{node.path}.{leaf.path}" for node in bench.spec.repeated() for leaf in node.leaves()]
    groups = (cover.mapped, cover.derived, cover.constant, cover.absent, cover.open)
    assert sorted(path for group in groups for path in group) == sorted(fields)


def test_a_list_declared_absent_covers_its_fields(bench):
    absent = {"absent": {"reason": "没有", "owner": "张三处", "until": dt.date(2027, 12, 31)}}
    children = {"products": CHILDREN["products"], "earlier_numbers": absent}
    assert bench.compile({}, children).coverage().absent == ("earlier_numbers.number",)


def test_what_a_trace_shows_is_what_the_check_says(bench, child):
    frame = pl.DataFrame([ROW])
    rows = pl.DataFrame({"ID": ["7"], "CPMC": ["水泥"]})
    compiled = bench.compile(FIELDS, CHILDREN, frame.schema)
    given = {"cp": child(rows, ("ID",), ("ID",))}
    reasons = check(compiled.apply(frame, given)).bad["reasons"][0]
    told = [(one.field, problem.rule) for one in trace(compiled, frame, given) for problem in one.problems]
    assert sorted((one["field"], one["rule"]) for one in reasons) == sorted(told)
