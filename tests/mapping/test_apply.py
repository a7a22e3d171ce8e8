"""A mapping over one chunk: steps in their order, codes with each policy, required fields, missing columns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.check import check
from ecqs_gateway.mapping.expr import ExpressionError


def problems(mapped) -> list[tuple]:
    return mapped.problems.select("__row", "field", "column", "rule", "severity").rows()


def column(bench, given, **columns) -> list:
    return bench.compile({"note": given}).apply(bench.frame(**columns)).frame["note"].to_list()


def test_every_field_of_the_kind_is_there_with_its_type(bench):
    frame = bench.compile({"fee": "J"}).apply(bench.frame(J=["1,000.50", None])).frame
    assert frame.columns == ["__row", *(leaf.path for leaf in bench.spec.leaves())]
    assert all(frame.schema[leaf.path] == leaf.type.dtype for leaf in bench.spec.leaves())
    assert frame["fee"].to_list() == [Decimal("1000.50"), None]
    assert frame["issue_date"].to_list() == [dt.date(2020, 1, 5)] * 2
    assert frame["__row"].dtype == pl.UInt32


def test_an_empty_chunk_gives_empty_frames_of_the_same_shape(bench):
    compiled = bench.compile({"note": {"expr": "upper(A)"}, "fee": "J"}, newest_by=["A"])
    full, none = (compiled.apply(bench.frame(A=values, J=values)) for values in (["1"], pl.Series([], dtype=pl.String)))
    assert none.frame.schema == full.frame.schema
    assert none.lists["products"].schema == full.lists["products"].schema
    assert none.problems.schema == full.problems.schema
    assert check(none).bad.is_empty()


def test_steps_are_done_in_the_order_of_the_language(bench):
    given = {"from": "A", "clean": ["html", "spaces"], "split": {"by": "[-至]", "take": 2}, "default": "没有"}
    assert column(bench, given, A=["<i>1 </i> - 2", "1至 3 ", "4", None]) == ["2", "3", "没有", "没有"]


def test_pieces_are_counted_from_either_end(bench):
    for take, expected in ((1, "a"), (3, "c"), (4, None), (-1, "c"), (-3, "a"), (-4, None)):
        assert column(bench, {"from": "A", "split": {"by": ",", "take": take}}, A=["a,b,c"]) == [expected]


def test_join_cleans_each_column_and_leaves_empty_ones_out(bench):
    given = {"join": {"columns": ["A", "B", "C"], "with": "；"}, "clean": ["fillers"]}
    frame = {"A": ["甲", "/", "无"], "B": ["乙 ", None, " "], "C": [1.0, 2.5, None]}
    assert column(bench, given, **frame) == ["甲；乙；1", "2.5", None]


def test_expressions_see_tidied_text_and_typed_values(bench):
    frame = bench.frame(A=[" x ", "y"], n=[1, 2])
    compiled = bench.compile({"note": {"expr": "CASE WHEN A = 'x' THEN CAST(n + 1 AS text) END"}}, columns=frame.schema)
    assert compiled.apply(frame).frame["note"].to_list() == ["2", None]


def test_one_mapping_serves_sources_that_show_other_types(bench):
    compiled = bench.compile({"note": {"expr": "A"}, "fee": "A"})
    for values in (["7"], [7], [7.0], [Decimal("7.00")]):
        frame = compiled.apply(bench.frame(A=values)).frame
        assert (frame["note"][0], frame["fee"][0]) == ("7", Decimal("7.00"))


def test_an_expression_that_does_not_fit_the_source_stops_the_mapping(bench):
    compiled = bench.compile({"note": {"expr": "upper(A)"}})
    with pytest.raises(ExpressionError, match="320000/sample: fields/note"):
        compiled.apply(bench.frame(A=[1]))


def test_declared_date_forms_refuse_the_others(bench):
    compiled = bench.compile({"paper.id": {"const": "P"}, "paper.issued": {"from": "D", "parse": ["%d/%m/%Y"]}})
    mapped = compiled.apply(bench.frame(D=["05/01/2020", "2020-01-05", None, "31/02/2020"]))
    assert mapped.frame["paper.issued"].to_list() == [dt.date(2020, 1, 5), None, None, None]
    assert [(row, rule) for row, _, _, rule, _ in problems(mapped)] == [(1, "ECQS-1294"), (3, "ECQS-1242")]


def codes(bench, unmapped, *values):
    given = {"from": "Z", "codes": {"table": "zt", "unmapped": unmapped}}
    mapped = bench.compile({"status": given}).apply(bench.frame(Z=list(values)))
    return mapped.frame["status"].to_list(), [(row, rule, severity) for row, _, _, rule, severity in problems(mapped)]


def test_an_unmapped_code_is_rejected(bench):
    assert codes(bench, "reject", "有效", "启用", None, " ") == (["01", None, None, None], [(1, "ECQS-1291", "reject")])


def test_an_unmapped_code_is_passed_on_only_if_the_field_takes_it(bench):
    found = codes(bench, "pass", "有效", "99", "启用")
    assert found[0][:2] == ["01", "99"]
    assert found[1] == [(1, "ECQS-1292", "flag"), (2, "ECQS-1255", "reject")]


def test_an_unmapped_code_becomes_the_default_with_its_reason(bench):
    found = codes(bench, {"default": "99", "reason": "旧系统自定义状态"}, "启用", "注销")
    assert found == (["99", "04"], [(0, "ECQS-1293", "flag")])
    given = {"from": "Z", "codes": {"table": "zt", "unmapped": {"default": "99", "reason": "旧系统自定义状态"}}}
    mapped = bench.compile({"status": given}).apply(bench.frame(Z=["启用"]))
    assert "旧系统自定义状态" in mapped.problems["message"][0]


def test_a_default_does_not_stand_in_for_a_refused_code(bench):
    given = {"from": "Z", "codes": {"table": "zt", "unmapped": "reject"}, "default": "01"}
    mapped = bench.compile({"status": given}).apply(bench.frame(Z=["启用", None]))
    assert mapped.frame["status"].to_list() == [None, "01"]
    assert [one[3] for one in problems(mapped)] == ["ECQS-1291"]


def test_blank_is_missing_and_unreadable_is_not(bench):
    mapped = bench.compile({"issue_date": "D", "holder.name": "B"}).apply(
        bench.frame(D=["", "\u3000", None, "坏"], B=["甲", "乙", " \u200b", "丙"])
    )
    assert [(row, field, rule) for row, field, _, rule, _ in problems(mapped)] == [
        (0, "issue_date", "ECQS-1200"),
        (1, "issue_date", "ECQS-1200"),
        (2, "holder.name", "ECQS-1200"),
        (2, "issue_date", "ECQS-1200"),
        (3, "issue_date", "ECQS-1240"),
    ]


def test_a_required_field_of_an_optional_group_is_missing_only_where_the_group_is_there(bench):
    compiled = bench.compile({"paper.id": "A", "paper.issued": "B", "paper.seal.number": "C", "paper.seal.date": "E"})
    mapped = compiled.apply(
        bench.frame(
            A=[None, "p", None, "p", None], B=[None, None, "20200105", "坏", None],
            C=[None, None, None, None, None], E=[None, None, None, "20200105", "20200105"],
        )
    )  # fmt: skip
    assert [(row, field, rule) for row, field, _, rule, _ in problems(mapped)] == [
        (2, "paper.id", "ECQS-1200"),
        (3, "paper.issued", "ECQS-1240"),
        (3, "paper.seal.number", "ECQS-1200"),
        (4, "paper.id", "ECQS-1200"),
        (4, "paper.seal.number", "ECQS-1200"),
    ]


def test_all_problems_of_a_row_are_told_at_once_each_with_its_source_column(bench):
    fields = {
        "number": {"join": {"columns": ["A", "B"], "with": "-"}},
        "holder.uscc": "C",
        "issue_date": {"expr": "D || E"},
        "fee": "J",
    }
    frame = bench.frame(A=["<"], B=[None], C=["914403001922038217"], D=["2020"], E=["1301"], J=["-1"], P=[None])
    assert problems(bench.compile(fields).apply(frame)) == [
        (0, "number", "A, B", "ECQS-1270", "reject"),
        (0, "holder.uscc", "C", "ECQS-1214", "reject"),
        (0, "issue_date", "D, E", "ECQS-1242", "reject"),
        (0, "fee", "J", "ECQS-1263", "reject"),
        (0, "products", "P", "ECQS-1290", "reject"),
    ]


def test_messages_never_hold_the_value(bench):
    fields = {
        "number": "A",
        "holder.uscc": "A",
        "issue_date": "A",
        "fee": "A",
        "updated": "A",
        "waived": "A",
        "note": "A",
    }
    fields |= {"status": {"from": "A", "codes": {"table": "zt", "unmapped": "reject"}}, "holder.name": "A"}
    secret = "机密王五" + "310101199001011234" * 4
    children = {"products": {"json": "A", "fields": {"name": "$.x"}}}
    mapped = bench.compile(fields, children).apply(bench.frame(A=[secret, f'[{{"x": "{secret}"}}]']))
    assert mapped.problems.height > 10
    told = " ".join(mapped.problems["message"])
    assert "王五" not in told
    assert "19900101" not in told


def test_a_column_that_is_gone_is_named_with_its_use_and_the_nearest_one(bench):
    compiled = bench.compile({"number": "ZSBH", "note": {"expr": "ZSBH || BZ"}}, newest_by=["GXSJ"])
    with pytest.raises(Misconfigured) as raised:
        compiled.apply(pl.DataFrame({"zsbh": ["1"], "P": ["a"], "BZ": ["x"]}), table="T_XK_ZS")
    assert raised.value.code == "ECQS-2080"
    assert str(raised.value).startswith(
        "ECQS-2080 320000/sample: T_XK_ZS has no column ZSBH (used by number, note; nearest there: zsbh); "
        "GXSJ (used by newest_by)"
    )


def test_a_missing_column_is_told_for_an_empty_chunk_too(bench):
    with pytest.raises(Misconfigured, match="no column A"):
        bench.compile({"number": "A"}).apply(pl.DataFrame({"P": []}, schema={"P": pl.String}))


def test_constants_need_no_column(bench):
    mapped = bench.compile({"note": {"const": "固定 "}}).apply(bench.frame(X=["1", "2"]))
    assert mapped.frame["note"].to_list() == ["固定", "固定"]
    assert mapped.problems.is_empty()


def test_the_source_is_kept_as_it_came(bench):
    frame = bench.frame(A=[" x "], n=[1])
    source = bench.compile({"note": "A"}).apply(frame).source
    assert source.drop("__row").equals(frame)


def test_used_columns_are_those_the_mapping_reads(bench):
    children = {
        "products": {"child": "cp", "fields": {"name": "CPMC"}},
        "earlier_numbers": {"json": "Y", "fields": {"number": "$.h"}},
    }
    compiled = bench.compile({"number": "A", "note": {"expr": "B || 'x'"}}, children, newest_by=["D"])
    assert compiled.used_columns == {"A", "B", "D", "Y", "cp.CPMC"}
