"""The check stage: one reject keeps a record back with all its reasons, flags travel, and nothing is lost."""

from __future__ import annotations

import json

import polars as pl
import pytest
from nanoarrow import c_array_stream

from ecqs_gateway.content.models import RulesFile
from ecqs_gateway.mapping.check import check
from ecqs_gateway.mapping.mapped import BAD_SCHEMA, PROBLEM_SCHEMA, Mapped, detach
from ecqs_gateway.rules import ExprContext, compile_rules

PASS_ON = {"status": {"from": "Z", "codes": {"table": "zt", "unmapped": "pass"}}}


def rules(bench, *given: dict):
    fixed = {
        "kind": "sample",
        "title": "t",
        "clause": {"document": "条例", "article": "第25条", "source": "x"},
        "effective": {"from": "2018-12-01", "until": None, "by": "issue_date"},
        "products": None,
    }
    content = {
        "version": 1,
        "rules": [
            {**fixed, "message": {"zh": "规则不符", "en": "broken"}, "examples": {"pass": [{}], "fail": [{}]}, **one}
            for one in given
        ],
    }
    return compile_rules(bench.spec, [RulesFile.model_validate(content)], ExprContext(codes=bench.codes))


def test_rows_in_are_good_rows_and_bad_rows(bench):
    compiled = bench.compile({"fee": "J", **PASS_ON})
    checked = check(compiled.apply(bench.frame(J=["1", "x", "2", "-1"], Z=["有效", "99", "99", "??"])))
    assert checked.good.frame["__row"].to_list() == [0, 2]
    assert checked.good.lists["products"]["__row"].to_list() == [0, 2]
    assert checked.bad["__row"].to_list() == [1, 3]
    assert checked.good.problems.equals(checked.flags)
    assert dict(checked.bad.schema) == dict(BAD_SCHEMA)


def test_flags_travel_with_good_rows_and_are_reasons_of_bad_ones(bench):
    compiled = bench.compile({"fee": "J", **PASS_ON})
    checked = check(compiled.apply(bench.frame(J=["1", "x"], Z=["99", "99"])))
    assert checked.flags.select("__row", "rule", "severity").rows() == [(0, "ECQS-1292", "flag")]
    assert [(one["rule"], one["severity"]) for one in checked.bad["reasons"][0]] == [
        ("ECQS-1292", "flag"),
        ("ECQS-1260", "reject"),
    ]
    assert dict(checked.flags.schema) == dict(PROBLEM_SCHEMA)


def test_a_dead_letter_holds_the_source_row_with_its_children_and_what_became_of_it(bench, child):
    children = {"products": {"child": "cp", "fields": {"name": "CPMC", "made": "SCRQ"}}}
    compiled = bench.compile({"number": "N", "fee": "J"}, children)
    frame = pl.DataFrame(
        {"ID": [1, 2], "N": [" Ｎ1", "N2"], "J": ["坏\n\"'\\", "1"], "b": [b"\xff", b"x"], "*": [1.0, None]}
    )
    rows = pl.DataFrame(
        {"ID": ["1", "2", "1"], "CPMC": ["a", "b", "c"], "SCRQ": ["20200105", None, None], "x": [1, 2, 3]}
    )
    bad = check(compiled.apply(frame, {"cp": child(rows, ("ID",), ("ID",))})).bad
    assert bad["key"].to_list() == ["N1"]
    assert json.loads(bad["source"][0]) == {
        "ID": "1", "N": " Ｎ1", "J": "坏\n\"'\\", "b": "\ufffd", "*": "1",
        "cp": [
            {"ID": "1", "CPMC": "a", "SCRQ": "20200105", "x": "1"}, {"ID": "1", "CPMC": "c", "SCRQ": None, "x": "3"}
        ],
    }  # fmt: skip
    record = json.loads(bad["record"][0])
    assert (record["number"], record["fee"], record["issue_date"]) == ("N1", None, "2020-01-05")
    assert record["products"] == [
        {"name": "a", "unit": None, "made": "2020-01-05"},
        {"name": "c", "unit": None, "made": None},
    ]


def test_the_key_of_a_dead_letter_is_null_where_it_could_not_be_read(bench):
    bad = check(bench.compile({"number": "N"}).apply(bench.frame(N=["<", None]))).bad
    assert bad["key"].to_list() == [None, None]
    assert [one[0]["rule"] for one in bad["reasons"]] == ["ECQS-1270", "ECQS-1200"]


def test_a_child_table_named_like_a_column_does_not_hide_it(bench, child):
    children = {"products": {"child": "cp", "fields": {"name": "M"}}}
    frame = pl.DataFrame({"ID": ["1"], "cp": ["x"], "J": ["坏"]})
    rows = pl.DataFrame({"ID": ["1"], "M": ["a"]})
    bad = check(bench.compile({"fee": "J"}, children).apply(frame, {"cp": child(rows, ("ID",), ("ID",))})).bad
    source = json.loads(bad["source"][0])
    assert (source["cp"], source["children.cp"]) == ("x", [{"ID": "1", "M": "a"}])


def test_rules_reject_and_flag_and_name_the_source_columns(bench):
    compiled = bench.compile({"fee": "J", "note": "B"})
    found = rules(
        bench,
        {"id": "S-001", "severity": "reject", "fields": ["fee"], "expr": "fee < 100"},
        {"id": "S-002", "severity": "flag", "fields": ["note", "fee"], "expr": "note IS NOT NULL"},
    )
    checked = check(compiled.apply(bench.frame(J=["1", "200", "2", None], B=["x", "x", None, "x"])), found)
    assert checked.good.frame["__row"].to_list() == [0, 2, 3]
    assert checked.bad["reasons"][0].to_list()[0] | {"clause": ""} == {
        "field": "fee", "column": "J", "rule": "S-001", "severity": "reject", "clause": "", "message": "规则不符",
    }  # fmt: skip
    assert checked.flags.select("__row", "field", "column", "rule").rows() == [(2, "note,fee", "B, J", "S-002")]


def test_rules_and_field_problems_of_one_row_are_told_together(bench):
    compiled = bench.compile({"fee": "J", "updated": "U"})
    found = rules(bench, {"id": "S-001", "severity": "reject", "fields": ["fee"], "expr": "fee < 100"})
    bad = check(compiled.apply(bench.frame(J=["200"], U=["x"])), found).bad
    assert [one["rule"] for one in bad["reasons"][0]] == ["ECQS-1246", "S-001"]


def test_a_rule_on_a_list_nobody_delivers_concludes_nothing(bench):
    compiled = bench.compile({"note": "B"})
    found = rules(
        bench, {"id": "S-003", "severity": "flag", "fields": ["earlier_numbers"], "expr": "count(earlier_numbers) > 0"}
    )
    assert check(compiled.apply(bench.frame(B=["x"])), found).flags.is_empty()
    given = {"earlier_numbers": {"split": {"from": "B", "by": ","}, "fields": {"number": "item"}}}
    given["products"] = {"split": {"from": "P", "by": ";"}, "fields": {"name": "item"}}
    assert check(bench.compile({}, given).apply(bench.frame(B=[None])), found).flags.height == 1


def test_a_record_lost_on_the_way_stops_everything(bench):
    mapped = bench.compile({"fee": "J"}).apply(bench.frame(J=["x", "1"]))
    doubled = Mapped(mapped.kind, pl.concat([mapped.frame, mapped.frame]), mapped.lists, mapped.problems, mapped.source)
    with pytest.raises((AssertionError, pl.exceptions.PolarsError)):
        check(doubled)


def test_only_and_without_are_each_others_rest(bench):
    mapped = bench.compile({"fee": "J"}).apply(bench.frame(J=["x", "1", "y"]))
    some = pl.Series([0, 2])
    assert mapped.only(some).frame["__row"].to_list() == [0, 2]
    assert mapped.without(some).frame["__row"].to_list() == [1]
    assert mapped.only(some).source["J"].to_list() == ["x", "y"]
    assert mapped.without(some).problems.is_empty()


def held(frame: pl.DataFrame) -> int:
    """Count the bytes the text buffers of a frame keep alive, used or not."""
    return buffers_of(c_array_stream(frame).get_next())


def buffers_of(array) -> int:
    view = array.view()
    mine = sum(view.buffer(place).size_bytes for place in range(view.n_buffers))
    return mine + sum(map(buffers_of, array.children))


def test_dead_letters_and_flags_do_not_keep_their_batch_alive(bench):
    """perf.md C: 1 % of the rows, collected as filtered frames, held 1.4 GB."""
    size = 20_000
    frame = bench.frame(
        N=[f"N-{place:018d}" for place in range(size)],
        J=["x"] + ["1"] * (size - 1),
        Z=["有效", "99"] + ["有效"] * (size - 2),
        P=["水泥"] * size,
    )
    mapped = bench.compile({"number": "N", "fee": "J", **PASS_ON}).apply(frame)
    checked = check(mapped)
    assert (checked.bad.height, checked.flags.height) == (1, 1)
    assert held(mapped.frame.head(1).select("number")) > 300_000
    assert held(checked.bad.select("key", "source", "record")) < 5_000
    assert held(checked.flags) < 5_000


def test_a_detached_frame_is_equal_and_small():
    whole = pl.DataFrame({"a": ["x" * 100 + str(place) for place in range(10_000)], "b": [["y"]] * 10_000})
    part = detach(whole.head(3))
    assert part.equals(whole.head(3))
    assert held(part) < 2000
