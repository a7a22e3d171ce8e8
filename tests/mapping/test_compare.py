"""Two mappings on the same rows: what the columns say differs is what comparing record by record says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.mapping.check import check
from ecqs_gateway.mapping.compare import Verdicts, compare, judge
from ecqs_gateway.mapping.forecast import Forecast
from ecqs_gateway.mapping.mapped import ITEM, ROW, Mapped
from ecqs_gateway.mapping.order import supersede
from ecqs_gateway.mapping.tally import Tally

NUMBERS = st.sampled_from(["A1", "A2", "A3", "b1", "B1", None])
STATUS = st.sampled_from(["有效", "注销", "1", "停", None])
DAYS = st.sampled_from(["2020-01-05", "20210630", "昨天", None])
ITEMS = st.sampled_from(["水泥", "水泥;钢", "钢;水泥", "水泥;;钢", ";", "水泥、钢", None])
ROWS = st.lists(st.tuples(NUMBERS, STATUS, DAYS, ITEMS, st.integers(0, 3)), min_size=0, max_size=12)

WAYS: dict[str, list[Any]] = {
    "number": ["N", {"from": "N", "clean": ["upper"]}, {"expr": "replace(N, '3', '1')"}, {"expr": "concat(N, D)"}],
    "status": [
        {"from": "S", "codes": {"table": "zt", "unmapped": "reject"}},
        {"from": "S", "codes": {"table": "zt", "unmapped": {"default": "99", "reason": "其他"}}},
        {"const": "01"},
    ],
    "issue_date": ["D", {"from": "D", "parse": ["%Y-%m-%d"]}, {"const": "2020-01-05"}],
    "note": ["S", {"from": "S", "default": "无"}],
    "products": [";", "[;、]"],
    "newest_by": [[], ["V"], ["D"]],
}
MAPPINGS = st.fixed_dictionaries({name: st.sampled_from(ways) for name, ways in WAYS.items()})


def compiled(bench, ways, columns=None):
    fields = {name: ways[name] for name in ("number", "status", "issue_date", "note")}
    lists = {"products": {"split": {"from": "P", "by": ways["products"]}, "fields": {"name": "item"}}}
    return bench.compile(fields, lists, columns, newest_by=ways["newest_by"])


def frame_of(rows) -> pl.DataFrame:
    schema = {"N": pl.String, "S": pl.String, "D": pl.String, "P": pl.String, "V": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def written(mapped: Mapped) -> dict[int, dict[str, Any]]:
    """Give each row's record as plain values; lists are lists of plain values."""
    found: dict[int, dict[str, Any]] = {}
    for record in mapped.frame.to_dicts():
        found[record[ROW]] = {leaf.path: record[leaf.path] for leaf in mapped.kind.leaves()}
        for path, items in mapped.lists.items():
            mine = items.filter(pl.col(ROW) == record[ROW]).sort(ITEM)
            found[record[ROW]][path] = mine.drop(ROW, ITEM).to_dicts()
    return found


def paths_between(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    found = set()
    for path, value in old.items():
        if not isinstance(value, list):
            found |= {path} if value != new[path] else set()
        elif len(value) != len(new[path]):
            found.add(f"{path}[]")
        else:
            for mine, theirs in zip(value, new[path], strict=True):
                found |= {f"{path}.{name}" for name in mine if mine[name] != theirs[name]}
    return found


def told(one: Verdicts, other: Verdicts) -> Forecast:
    tally = Tally(one.mapped.kind, examples=100)
    keys = pl.Series([f"row {row}" for row in range(one.mapped.rows)], dtype=pl.String)
    tally.add(one, other, compare(one, other), keys)
    return tally.forecast({})


def judged(mapping, frame: pl.DataFrame) -> Verdicts:
    return judge(mapping, None, frame, {}, table="T")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, before=MAPPINGS, after=MAPPINGS)
def test_the_columns_say_what_comparing_record_by_record_says(bench, rows, before, after):
    frame = frame_of(rows)
    sides = [compiled(bench, ways) for ways in (before, after)]
    one, other = (judged(mapping, frame) for mapping in sides)
    found = compare(one, other)
    checked = [check(mapping.apply(frame)) for mapping in sides]
    kept = [written(supersede(each.good)[0]) for each in checked]
    bad = [set(each.bad[ROW].to_list()) for each in checked]
    by_key = [{record["number"]: row for row, record in side.items()} for side in kept]
    shared = by_key[0].keys() & by_key[1].keys()
    other_content = {key: paths_between(kept[0][by_key[0][key]], kept[1][by_key[1][key]]) for key in shared}
    assert set(found.changed.to_list()) == {by_key[1][key] for key, paths in other_content.items() if paths}
    assert set(found.removed.to_list()) == {by_key[0][key] for key in by_key[0].keys() - shared}
    assert set(found.added.to_list()) == {by_key[1][key] for key in by_key[1].keys() - shared}
    assert set(found.refused.to_list()) == bad[1] - bad[0]
    assert set(found.passing.to_list()) == bad[0] - bad[1]
    moved = {row for row in kept[0].keys() & kept[1].keys() if kept[0][row]["number"] != kept[1][row]["number"]}
    assert set(found.rekeyed.to_list()) == moved
    wanted = Counter(path for paths in other_content.values() for path in paths)
    paired = {by_key[0][key] for key in shared} | {by_key[1][key] for key in shared}
    for row in moved - paired:
        wanted.update(paths_between(kept[0][row], kept[1][row]))
    counted = {path: lines[ROW].n_unique() for path, lines in found.fields.items()}
    assert counted == dict(wanted)
    forecast = told(one, other)
    records = [{record["number"]: record for record in side.values()} for side in kept]
    problems = [set(side.problems.select(ROW, "field", "rule", "severity").iter_rows()) for side in (one, other)]
    assert forecast.changes == (records[0] != records[1] or bool(moved) or problems[0] != problems[1])
    assert forecast.before is not None
    assert [forecast.before.goes, forecast.after.goes] == [len(side) for side in kept]
    assert forecast.rows == forecast.after.goes + forecast.after.superseded + forecast.after.refused


def test_a_mapping_compared_with_itself_changes_nothing(bench):
    mapping = compiled(bench, {name: ways[0] for name, ways in WAYS.items()})
    frame = frame_of([("A1", "有效", "2020-01-05", "水泥;钢", 1), ("A2", "停", "昨天", None, 1)])
    forecast = told(judged(mapping, frame), judged(mapping, frame))
    assert not forecast.changes
    assert (forecast.fields, forecast.changed, forecast.after.refused) == ((), 0, 1)


def test_ways_in_which_a_field_changes_are_counted_with_the_most_frequent_first(bench):
    ways = {name: ways[0] for name, ways in WAYS.items()}
    rows = [(f"A{n}", "有效" if n % 3 else "注销", "2020-01-05", "水泥", 1) for n in range(9)]
    other = bench.compile({"number": "N", "status": {"const": "99"}, "issue_date": "D", "note": "S"})
    forecast = told(judged(compiled(bench, ways), frame_of(rows)), judged(other, frame_of(rows)))
    (field,) = forecast.fields
    assert (field.path, field.records, field.kinds) == ("status", 9, 2)
    assert [(pair.old, pair.new, pair.count) for pair in field.pairs] == [("01", "99", 6), ("04", "99", 3)]
    assert {pair.key for pair in field.pairs} == {"A0", "A1"}


def test_a_field_with_very_many_different_changes_keeps_examples_and_no_counts(bench, monkeypatch):
    monkeypatch.setattr("ecqs_gateway.mapping.tally._MANY", 5)
    ways = {name: ways[0] for name, ways in WAYS.items()}
    rows = [(f"A{n}", None, "2020-01-05", "水泥", n) for n in range(9)]
    other = bench.compile({"number": "N", "status": ways["status"], "issue_date": "D", "note": "N"})
    (field,) = told(judged(compiled(bench, ways), frame_of(rows)), judged(other, frame_of(rows))).fields
    assert (field.path, field.records, field.kinds) == ("note", 9, None)
    assert [pair.count for pair in field.pairs] == [None] * 5


def test_a_list_with_another_number_of_items_is_told_as_such_and_the_others_item_by_item(bench):
    ways = {name: ways[0] for name, ways in WAYS.items()}
    rows = [("A1", None, "2020-01-05", "水泥、钢", 1), ("A2", None, "2020-01-05", "水泥;钢", 1)]
    forecast = told(
        judged(compiled(bench, ways), frame_of(rows)),
        judged(compiled(bench, ways | {"products": "[;、]"}), frame_of(rows)),
    )
    (field,) = forecast.fields
    assert (field.path, field.records) == ("products[]", 1)
    assert [(pair.old, pair.new) for pair in field.pairs] == [("1", "2")]


def test_a_row_with_a_cell_the_source_could_not_give_is_refused_only_where_the_mapping_uses_it(bench):
    ways = {name: ways[0] for name, ways in WAYS.items()}
    frame = frame_of([("A1", "有效", "2020-01-05", "水泥", 1)])
    bad = pl.DataFrame({"__row": [0], "column": ["S"], "reason": ["坏"]}, schema_overrides={"__row": pl.UInt32})
    without = bench.compile({"number": "N", "status": {"const": "01"}, "issue_date": "D", "note": {"const": "x"}})
    one = judge(without, None, frame, {}, table="T", bad_cells=bad)
    other = judge(compiled(bench, ways), None, frame, {}, table="T", bad_cells=bad)
    forecast = told(one, other)
    assert (forecast.refused, [rule.rule for rule in forecast.rules]) == (1, ["ECQS-2041"])
    assert forecast.examples["refused"][0].source_key == "row 0"


def test_leaves_of_all_types_are_written_as_in_the_record(bench):
    other = bench.compile({"number": "N", "issue_date": {"const": "2021-02-03"}})
    one = bench.compile({"number": "N", "issue_date": "D"})
    frame = frame_of([("A1", None, "20200105", "水泥", 1)])
    (field,) = told(judged(one, frame), judged(other, frame)).fields
    assert (field.pairs[0].old, field.pairs[0].new) == ("2020-01-05", "2021-02-03")
