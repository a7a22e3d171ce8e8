"""Every mistake of a mapping file is found at once, with its place in the YAML and what was probably meant."""

from __future__ import annotations

import datetime as dt
import pickle

import polars as pl
import pytest

from ecqs_gateway.content.models import MappingFile
from ecqs_gateway.mapping.compile import compile_mapping
from ecqs_gateway.mapping.faults import MappingErrors

COLUMNS = {"ZSBH": pl.String(), "FZRQ": pl.Date(), "ZT": pl.String(), "P": pl.String(), "BZ": pl.String()}
ABSENT = {"absent": {"reason": "没有", "owner": "张三处", "until": "2027-12-31"}}
PRODUCTS = {"products": {"split": {"from": "P", "by": ";"}, "fields": {"name": "item"}}}


def found(bench, fields, children=None, **more) -> list[tuple]:
    options = {name: more.pop(name) for name in ("local", "today") if name in more}
    file = bench.file(fields, children, **more)
    problems = bench.inspect(file, COLUMNS, children={"cp": {"CPMC": pl.String()}}, **options).problems
    return [(one.code, one.path, one.message, one.hint or "") for one in problems]


@pytest.mark.parametrize(
    ("fields", "code", "path", "said"),
    [
        ({"holder.nmae": "ZSBH"}, "ECQS-1030", ("fields", "holder.nmae"), "did you mean 'holder.name'"),
        ({"holder": "ZSBH"}, "ECQS-1034", ("fields", "holder"), "one by one: holder.name, holder.uscc"),
        ({"products": "ZSBH"}, "ECQS-1034", ("fields", "products"), "map it under children"),
        ({"note": "ZSBHH"}, "ECQS-1050", ("fields", "note", "from"), "did you mean 'ZSBH'"),
        ({"note": {"join": {"columns": ["ZSBH", "BZZ"], "with": ""}}}, "ECQS-1050",
         ("fields", "note", "join", "columns", 1), "did you mean 'BZ'"),
        ({"note": {"expr": "uper(ZSBH)"}}, "ECQS-1102", ("fields", "note", "expr"), "upper"),
        ({"note": {"expr": "ZSBB || 'x'"}}, "ECQS-1103", ("fields", "note", "expr"), "ZSBH"),
        ({"note": {"expr": "FZRQ || 'x'"}}, "ECQS-1104", ("fields", "note", "expr"), ""),
        ({"note": {"from": "BZ", "split": {"by": "(?<=a)b", "take": 1}}}, "ECQS-1063",
         ("fields", "note", "split", "by"), "look-around"),
        ({"note": {"from": "BZ", "parse": ["%Y%m%d"]}}, "ECQS-1065", ("fields", "note", "parse"), "leave parse out"),
        ({"updated": {"from": "BZ", "parse": ["%Y%m"]}}, "ECQS-1065", ("fields", "updated", "parse"), "such as"),
        ({"status": {"from": "ZT", "codes": {"table": "ztt", "unmapped": "reject"}}}, "ECQS-1040",
         ("fields", "status", "codes", "table"), "did you mean 'zt'"),
        ({"status": {"from": "ZT", "codes": {"table": "zt", "unmapped": {"default": "77", "reason": "x"}}}},
         "ECQS-1064", ("fields", "status", "codes", "unmapped", "default"), ""),
        ({"status": {"const": "77"}}, "ECQS-1064", ("fields", "status", "const"), ""),
        ({"fee": {"from": "BZ", "default": "abc"}}, "ECQS-1064", ("fields", "fee", "default"), ""),
        ({"holder.uscc": {"const": "914403001922038217"}}, "ECQS-1064", ("fields", "holder.uscc", "const"), ""),
        ({"number": ABSENT}, "ECQS-1032", ("fields", "number", "absent"), ""),
        ({"paper.issued": "FZRQ"}, "ECQS-1031", ("fields",), "add a line for paper.id"),
        ({"paper.seal.date": "FZRQ", "paper.id": "ZSBH"}, "ECQS-1031", ("fields",), "paper.seal.number"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_field_is_told_with_its_place(bench, fields, code, path, said):
    problems = found(bench, fields)
    assert [(one, place) for one, place, _, _ in problems] == [(code, path)]
    assert said in problems[0][2] + problems[0][3]


@pytest.mark.parametrize(
    ("children", "code", "path", "said"),
    [
        ({}, "ECQS-1031", ("children",), "add products"),
        ({"products": ABSENT}, "ECQS-1032", ("children", "products", "absent"), ""),
        ({**PRODUCTS, "prodcts": PRODUCTS["products"]}, "ECQS-1030", ("children", "prodcts"), "mean 'products'"),
        ({"products": {"child": "cpp", "fields": {"name": "CPMC"}}}, "ECQS-1035",
         ("children", "products", "child"), "did you mean 'cp'"),
        ({"products": {"child": "cp", "fields": {"name": "CPMCC"}}}, "ECQS-1050",
         ("children", "products", "fields", "name", "from"), "did you mean 'CPMC'"),
        ({"products": {"child": "cp", "fields": {"unit": "CPMC"}}}, "ECQS-1031",
         ("children", "products", "fields"), "name"),
        ({"products": {"child": "cp", "fields": {"name": "CPMC", "nam": "CPMC"}}}, "ECQS-1030",
         ("children", "products", "fields", "nam"), "did you mean 'name'"),
        ({"products": {"split": {"from": "PP", "by": ";"}, "fields": {"name": "item"}}}, "ECQS-1050",
         ("children", "products", "split", "from"), "did you mean 'P'"),
        ({"products": {"split": {"from": "P", "by": "("}, "fields": {"name": "item"}}}, "ECQS-1063",
         ("children", "products", "split", "by"), ""),
        ({"products": {"split": {"from": "P", "by": ";"}, "fields": {"name": "P"}}}, "ECQS-1050",
         ("children", "products", "fields", "name", "from"), "item"),
        ({"products": {"json": "P", "fields": {"name": "item"}}}, "ECQS-1067",
         ("children", "products", "fields", "name", "from"), "$.name"),
        ({"products": {"json": "P", "fields": {"name": "mc"}}}, "ECQS-1067",
         ("children", "products", "fields", "name", "from"), "$.name"),
        ({"products": {"json": "P", "fields": {"name": "$.a.b.c.d.e"}}}, "ECQS-1067",
         ("children", "products", "fields", "name", "from"), "at most"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_list_is_told_with_its_place(bench, children, code, path, said):
    problems = found(bench, {}, children)
    assert [(one, place) for one, place, _, _ in problems] == [(code, path)]
    assert said in problems[0][2] + problems[0][3]


def test_a_wrong_word_that_slipped_past_the_yaml_model_is_told(bench):
    file = bench.file({"note": "BZ"})
    field = file.fields["note"].model_copy(update={"clean": ("trim", "trin")})
    file = file.model_copy(update={"fields": {**file.fields, "note": field}})
    problems = bench.inspect(file, COLUMNS).problems
    assert [(one.code, one.path) for one in problems] == [("ECQS-1062", ("fields", "note", "clean", 1))]


def test_a_national_code_of_a_code_file_must_be_one(bench):
    local = {"zt": bench.local("source,national,note\n有效,01,\n启用,77,\n停用,78,\n")}
    field = {"from": "ZT", "codes": {"table": "zt", "unmapped": "reject"}}
    problems = bench.inspect(bench.file({"status": field}), COLUMNS, local=local).problems
    assert [(one.code, one.file, one.line) for one in problems] == [
        ("ECQS-1042", "zt.csv", 3),
        ("ECQS-1042", "zt.csv", 4),
    ]
    assert str(problems[0]).startswith("ECQS-1042 zt.csv:3: national is not valid for status (状态)")


def test_newest_by_and_ignore_are_checked(bench):
    problems = found(bench, {"number": "ZSBH"}, newest_by=["FZRQQ"], ignore=["ZSBH", "BZZ", "BZ"])
    assert [(code, path) for code, path, _, _ in problems] == [
        ("ECQS-1050", ("newest_by", 0)),
        ("ECQS-1066", ("ignore", 0)),
        ("ECQS-1050", ("ignore", 1)),
    ]


def test_a_declaration_of_absence_that_ran_out_is_a_warning(bench):
    file = bench.file({"note": ABSENT}, {**PRODUCTS, "earlier_numbers": ABSENT})
    result = bench.inspect(file, COLUMNS, today=dt.date(2028, 1, 1))
    assert [(one.code, one.severity, one.path) for one in result.problems] == [
        ("ECQS-1033", "warning", ("fields", "note", "absent", "until")),
        ("ECQS-1033", "warning", ("children", "earlier_numbers", "absent", "until")),
    ]
    assert result.mapping is not None
    assert bench.inspect(file, COLUMNS, today=dt.date(2027, 12, 31)).problems == ()


def test_columns_of_the_extractor_may_always_be_named(bench):
    assert found(bench, {"number": {"join": {"columns": ["__file", "ZSBH"], "with": "-"}}}) == []


def test_without_a_known_source_any_column_may_be_named(bench):
    assert bench.inspect(bench.file({"number": "QQQ", "note": {"expr": "upper(RRR)"}})).problems == ()


def test_all_mistakes_are_raised_together(bench):
    file = bench.file({"holder.nmae": "ZSBH", "note": "BZZ", "status": {"const": "77"}})
    with pytest.raises(MappingErrors) as raised:
        compile_mapping(file, bench.spec, bench.codes, {}, COLUMNS)
    error = raised.value
    assert [one.code for one in error.problems] == ["ECQS-1030", "ECQS-1050", "ECQS-1064"]
    assert error.code == "ECQS-1068"
    assert str(error).startswith("ECQS-1068 320000/sample: the mapping has 3 mistake(s): ECQS-1030 fields/holder.nmae")
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert copied.problems == error.problems
    assert str(copied) == str(error)


def test_a_good_mapping_of_a_real_kind_compiles_with_the_short_form(bench):
    content = {"version": 1, "unit": "320000", "kind": "sample", "owner": "x"}
    fields = {"number": "ZSBH", "holder.name": "BZ", "issue_date": "FZRQ"}
    file = MappingFile.model_validate({**content, "fields": fields, "children": PRODUCTS})
    compiled = compile_mapping(file, bench.spec, bench.codes, {}, COLUMNS)
    assert compiled.lineage()["number"] == ("ZSBH",)
