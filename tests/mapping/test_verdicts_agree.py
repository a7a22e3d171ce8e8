"""The column verdict is the pydantic verdict: a record is good in bulk exactly when its model takes it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ecqs_gateway.mapping.check import check
from ecqs_gateway.mapping.evaluate import FieldSet, _state
from ecqs_gateway.mapping.fields import field_texts
from ecqs_gateway.mapping.source import SourceColumns
from ecqs_gateway.model.record import Group, Leaf

FIELDS: dict[str, Any] = {
    "number": "A",
    "holder.name": {"from": "B", "clean": ["html", "fillers"]},
    "holder.uscc": "C",
    "paper.id": {"from": "D", "split": {"by": "[,，]", "take": 1}},
    "paper.issued": "E",
    "paper.seal.number": {"expr": "CASE WHEN length(F) > 3 THEN F END"},
    "paper.seal.date": {"from": "G", "parse": ["%Y%m%d", "%Y-%m-%d"]},
    "issue_date": {"from": "E", "default": "2020-01-01"},
    "updated": "H",
    "status": {"from": "I", "codes": {"table": "zt", "unmapped": "pass"}},
    "fee": "J",
    "waived": "K",
    "note": {"join": {"columns": ["B", "F"], "with": "；"}},
}
CHILDREN: dict[str, Any] = {
    "products": {"child": "cp", "fields": {"name": "N", "unit": {"from": "U", "default": "吨"}, "made": "M"}},
    "earlier_numbers": {"split": {"from": "D", "by": "[,，]"}, "fields": {"number": "item"}},
}

BLANK = [None, "", " ", "\u3000", "\u200b", "\t\r\n", "无"]
IDENTIFIERS = ["N1", "Ｎ 2", "a-b/c", "x" * 21, "<&>", "甲〔2020〕1号", "A,B", "ＡＢ，", ",", "a\ufffd"]
NAMES = ["某公司", "x" * 20, "x" * 21, "<b>某</b>公司&amp;", "某\n公司", "  某 公司", "\ufffd"]
DAYS = [
    "2020-01-05",
    "20200105",
    "2020年1月5日",
    "2020-02-30",
    "2020-1",
    "长期",
    "1900-01-01",
    "2020-01-05至2025-01-04",
]
VALUES: dict[str, list[str | None]] = {
    "A": BLANK + IDENTIFIERS,
    "B": BLANK + NAMES,
    "C": [*BLANK, "914403001922038216", "914403001922038217", "９１４４０３００１９２２０３８２１６", "9144", "1" * 15],
    "D": BLANK + IDENTIFIERS,
    "E": BLANK + DAYS,
    "F": BLANK + IDENTIFIERS + NAMES,
    "G": BLANK + DAYS,
    "H": [*BLANK, *DAYS, "2020-01-05 09:30:00", "2020-01-05T25:00:00", "1578187800000"],
    "I": [*BLANK, "有效", "有 效", "1", "01", "99", "启用", "zx"],
    "J": [*BLANK, "1", "1.5", "-1", "1.005", "1,000.00", "￥3", "1e3", "9" * 30],
    "K": [*BLANK, "1", "0", "是", "否", "Y", "true", "2"],
    "ID": ["1", "2", "3"],
}
CHILD_VALUES: dict[str, list[str | None]] = {
    "ID": ["1", "2", "3", "4", None],
    "N": [*BLANK, "水泥", "x" * 11, "水 泥"],
    "U": [*BLANK, "吨", "x" * 11],
    "M": BLANK + DAYS,
}
garbage = st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace").decode())


def strategies(values: dict[str, list[str | None]]) -> dict[str, st.SearchStrategy[str | None]]:
    known = {name: st.sampled_from(pool) for name, pool in values.items()}
    return {name: pool if name == "ID" else pool | garbage for name, pool in known.items()}


column, child_column = strategies(VALUES), strategies(CHILD_VALUES)

GOOD = {
    "A": "N1", "B": "某公司", "C": "914403001922038216", "D": "D1", "E": "2020-01-05", "F": "S001", "G": "20200105",
    "H": "2020-01-05 09:30:00", "I": "有效", "J": "1.50", "K": "是", "ID": "1", "N": "水泥", "U": "吨", "M": "20200105",
}  # fmt: skip


@st.composite
def soiled(draw: st.DrawFn, columns: dict[str, st.SearchStrategy]) -> dict[str, str | None]:
    """A good row with a few columns soiled; were all of them, every row would be bad."""
    row = {name: GOOD[name] for name in columns}
    for name in draw(st.lists(st.sampled_from(sorted(columns)), max_size=3)):
        row[name] = draw(columns[name])
    return row


def frames(columns: dict[str, st.SearchStrategy], low: int, high: int) -> st.SearchStrategy[pl.DataFrame]:
    schema = dict.fromkeys(columns, pl.String)
    return st.lists(soiled(columns), min_size=low, max_size=high).map(
        lambda rows: pl.DataFrame(rows, schema=schema, orient="row")
    )


def texts_of(fields: FieldSet, source: SourceColumns) -> tuple[list[dict[str, str | None]], list[bool]]:
    """Give the text each field type would read per line, and which lines were refused before."""
    found = field_texts(fields.plans, source, raw=False)
    lines: list[dict[str, str | None]] = [{} for _ in range(source.height)]
    refused = [False] * source.height
    for plan in fields.plans:
        state = _state(plan, found.get(plan.path))
        values = [plan.constant] * source.height if plan.constant else (state.text if state.text is not None else [])
        for line, value in zip(lines, values, strict=False):
            line[plan.path] = value
        for place in state.refused.arg_true() if state.refused is not None else []:
            refused[place] = True
    return lines, refused


def assembled(nodes: Any, line: dict[str, str | None]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for node in nodes:
        if isinstance(node, Leaf):
            if line.get(node.path) is not None:
                record[node.name] = line[node.path]
        elif isinstance(node, Group):
            inside = assembled(node.nodes, line)
            if inside or node.required:
                record[node.name] = inside
    return record


def oracle(compiled, frame, mapped) -> list[bool]:
    """Say of each row whether the pydantic model takes the record assembled from the texts, one by one."""
    source = SourceColumns(frame)
    lines, refused = texts_of(compiled.record, source)
    records = [assembled(compiled.spec.nodes, line) for line in lines]
    for plan in compiled.lists:
        kept = plan.kept_items(source, mapped.children)
        items, bad = texts_of(plan.fields, SourceColumns(kept.drop("__row")))
        for row, item, wrong in zip(kept["__row"], items, bad, strict=True):
            records[row].setdefault(plan.path, []).append(assembled(plan.spec.nodes, item))
            refused[row] = refused[row] or wrong
    verdicts = []
    for record, wrong in zip(records, refused, strict=True):
        try:
            compiled.spec.model.model_validate(record, context={"codes": compiled.codes})
            verdicts.append(not wrong)
        except ValidationError:
            verdicts.append(False)
    return verdicts


def soiled_one_by_one(values: dict[str, list[str | None]]) -> pl.DataFrame:
    """Every value of every column, alone in an otherwise good row; all rows have IDs of their own."""
    rows = [{name: GOOD[name] for name in values} | {soil: value} for soil, pool in values.items() for value in pool]
    return pl.DataFrame(rows, schema=dict.fromkeys(values, pl.String), orient="row")


def test_each_single_value_has_the_verdict_of_the_model(bench, child):
    frame = soiled_one_by_one({name: pool for name, pool in VALUES.items() if name != "ID"})
    frame = frame.with_columns(ID=pl.int_range(pl.len()).cast(pl.String))
    rows = pl.DataFrame(
        {"ID": frame["ID"], "N": "水泥", "U": None, "M": None}, schema=dict.fromkeys(child_column, pl.String)
    )
    compiled = bench.compile(FIELDS, CHILDREN, frame.schema)
    mapped = compiled.apply(frame, {"cp": child(rows, ("ID",), ("ID",))})
    good = set(check(mapped).good.frame["__row"].to_list())
    expected = oracle(compiled, frame, mapped)
    assert [row in good for row in range(frame.height)] == expected
    assert 40 < sum(expected) < frame.height - 40


def test_each_single_value_of_an_item_has_the_verdict_of_the_model(bench, child):
    rows = soiled_one_by_one({name: pool for name, pool in CHILD_VALUES.items() if name != "ID"})
    rows = rows.with_columns(ID=pl.int_range(pl.len()).cast(pl.String))
    frame = pl.DataFrame([GOOD] * rows.height).select(list(VALUES)).with_columns(ID=rows["ID"])
    compiled = bench.compile(FIELDS, CHILDREN, frame.schema)
    mapped = compiled.apply(frame, {"cp": child(rows, ("ID",), ("ID",))})
    good = set(check(mapped).good.frame["__row"].to_list())
    expected = oracle(compiled, frame, mapped)
    assert [row in good for row in range(frame.height)] == expected
    assert 10 < sum(expected) < frame.height - 10


@settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(frames(column, 0, 12), frames(child_column, 1, 12))
def test_good_in_bulk_is_good_by_the_model_and_no_row_is_lost(bench, child, frame, rows):
    compiled = bench.compile(FIELDS, CHILDREN, frame.schema)
    mapped = compiled.apply(frame, {"cp": child(rows, ("ID",), ("ID",))})
    checked = check(mapped)
    assert checked.good.rows + checked.bad.height == frame.height == mapped.rows
    good = set(checked.good.frame["__row"].to_list())
    event("some good, some bad" if 0 < len(good) < frame.height else "all alike")
    assert [row in good for row in range(frame.height)] == oracle(compiled, frame, mapped)
    assert good.isdisjoint(checked.bad["__row"].to_list())
    assert mapped.orphans["cp"] == mapped.children["cp"]["__row"].null_count()


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(frames(column, 1, 8), frames(child_column, 0, 6))
def test_every_problem_has_its_place_and_every_bad_row_its_json(bench, child, frame, rows):
    compiled = bench.compile(FIELDS, CHILDREN, frame.schema)
    mapped = compiled.apply(frame, {"cp": child(rows, ("ID",), ("ID",))})
    fields = {plan.path for plan in compiled.record.plans} | {plan.path for plan in compiled.lists}
    for problem in mapped.problems.iter_rows(named=True):
        assert problem["__row"] < frame.height
        assert problem["severity"] in {"reject", "flag"}
        assert problem["rule"].startswith("ECQS-12")
        assert problem["field"] in fields or "]." in problem["field"]
        assert problem["message"]
    for record in check(mapped).bad.iter_rows(named=True):
        assert record["reasons"]
        assert set(json.loads(record["source"])) >= set(frame.columns)
        assert isinstance(json.loads(record["record"]), dict)


kinds = st.sampled_from(
    [pl.String(), pl.Int64(), pl.Float64(), pl.Boolean(), pl.Date(), pl.Datetime("us"), pl.Binary(), pl.Null(),
     pl.Decimal(20, 3), pl.List(pl.String()), pl.Datetime("ms", "UTC"), pl.Struct({"a": pl.Int8()}), pl.Time()]
)  # fmt: skip


@st.composite
def odd_frames(draw: st.DrawFn) -> pl.DataFrame:
    """Columns of every type: the mapping's author could not know what the driver would make of them."""
    from polars.testing.parametric import series

    height = draw(st.integers(0, 5))
    names = [name for name in column if name != "F"]  # F is read by an expression, which says what types it takes
    data = [draw(series(name=name, dtype=draw(kinds), min_size=height, max_size=height)) for name in names]
    return pl.DataFrame([*data, pl.Series("F", ["abcd"] * height, dtype=pl.String)])


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(odd_frames())
def test_columns_of_any_type_never_make_a_mapping_raise(bench, child, frame):
    compiled = bench.compile(FIELDS, CHILDREN)
    rows = pl.DataFrame(schema={"ID": pl.Int64, "N": pl.Int64, "U": pl.Date, "M": pl.Binary})
    checked = check(compiled.apply(frame, {"cp": child(rows, ("ID",), ("ID",))}))
    assert checked.good.rows + checked.bad.height == frame.height
    assert checked.bad.height == frame.height  # a product is required, and there is none
    for source in checked.bad["source"]:
        json.loads(source)
