"""Lists of a record, from child tables, joined columns and JSON: keys, order, empty items, orphans."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from ecqs_gateway.errors import Misconfigured

CHILD = {"products": {"child": "cp", "fields": {"name": "CPMC", "unit": "CPDY"}}}


def products(mapped) -> list[tuple]:
    return mapped.lists["products"].select("__row", "__item", "name", "unit").rows()


def run(bench, child, frame, rows, *, parent_key=("ZSID",), key=("ID",), children=CHILD):
    compiled = bench.compile({}, children)
    return compiled.apply(frame, {"cp": child(rows, parent_key, key)})


def test_child_rows_find_their_parents_in_the_order_of_the_child_table(bench, child):
    rows = pl.DataFrame({"ZSID": [2, 1, 2], "CPMC": ["b1", "a1", "b2"], "CPDY": ["u", None, None]})
    mapped = run(bench, child, bench.frame(ID=[1, 2]), rows)
    assert products(mapped) == [(0, 1, "a1", None), (1, 1, "b1", "u"), (1, 2, "b2", None)]
    assert mapped.orphans == {"cp": 0}
    assert mapped.lists["products"].schema["__item"] == pl.UInt32


@pytest.mark.parametrize(
    ("parent", "children"),
    [
        ([7, 8], ["7", "8"]),
        ([7.0, 8.0], [7, 8]),
        (["7 ", "8"], [Decimal("7.00"), Decimal("8.00")]),
        ([b"7", b"8"], ["7\x00", "８".replace("８", "8")]),
    ],
)
def test_keys_of_other_types_meet_as_text(bench, child, parent, children):
    rows = pl.DataFrame({"ZSID": children, "CPMC": ["a", "b"], "CPDY": [None, None]})
    assert [one[:3] for one in products(run(bench, child, bench.frame(ID=parent), rows))] == [(0, 1, "a"), (1, 1, "b")]


def test_compound_keys_are_compared_part_by_part(bench, child):
    rows = pl.DataFrame({"A": ["1", "11"], "B": ["11", "1"], "CPMC": ["x", "y"], "CPDY": [None, None]})
    frame = bench.frame(ID=["11", "1"], ID2=["1", "11"])
    mapped = run(bench, child, frame, rows, parent_key=("A", "B"), key=("ID", "ID2"))
    assert [one[:3] for one in products(mapped)] == [(0, 1, "y"), (1, 1, "x")]


def test_child_rows_without_a_parent_are_counted_and_an_empty_key_has_none(bench, child):
    rows = pl.DataFrame({"ZSID": ["9", None, " ", "1"], "CPMC": ["a", "b", "c", "d"], "CPDY": [None] * 4})
    mapped = run(bench, child, bench.frame(ID=["1", " "]), rows)
    assert [one[2] for one in products(mapped)] == ["d"]
    assert mapped.orphans == {"cp": 3}
    assert mapped.children["cp"]["__row"].to_list() == [None, None, None, 0]


def test_a_child_belongs_to_both_rows_that_have_its_key(bench, child):
    rows = pl.DataFrame({"ZSID": ["1"], "CPMC": ["a"], "CPDY": [None]})
    mapped = run(bench, child, bench.frame(ID=["1", "1"]), rows)
    assert [one[:3] for one in products(mapped)] == [(0, 1, "a"), (1, 1, "a")]


def test_equal_items_stay_and_empty_items_go(bench, child):
    rows = pl.DataFrame({"ZSID": ["1"] * 4, "CPMC": ["a", " ", "a", "b"], "CPDY": [None, "\u3000", None, None]})
    mapped = run(bench, child, bench.frame(ID=["1"]), rows)
    assert [one[1:3] for one in products(mapped)] == [(1, "a"), (2, "a"), (3, "b")]


def test_a_constant_or_default_alone_makes_no_item(bench, child):
    fields = {"name": {"from": "CPMC", "default": "无名"}, "unit": {"const": "吨"}}
    rows = pl.DataFrame({"ZSID": ["1", "1"], "CPMC": [None, "a"]})
    mapped = run(bench, child, bench.frame(ID=["1"]), rows, children={"products": {"child": "cp", "fields": fields}})
    assert products(mapped) == [(0, 1, "a", "吨")]


def test_a_required_list_without_items_is_a_problem_of_its_row(bench, child):
    rows = pl.DataFrame({"ZSID": ["2"], "CPMC": ["a"], "CPDY": [None]})
    found = run(bench, child, bench.frame(ID=["1", "2"]), rows).problems
    assert found.select("__row", "field", "column", "rule").rows() == [(0, "products", "cp", "ECQS-1290")]


def test_problems_inside_items_name_list_place_and_field(bench, child):
    fields = {"name": "CPMC", "made": "SCRQ"}
    rows = pl.DataFrame({"ZSID": ["1"] * 3, "CPMC": ["a", None, "c"], "SCRQ": ["2020-01-05", "20200105", "20201301"]})
    mapped = run(bench, child, bench.frame(ID=["1"]), rows, children={"products": {"child": "cp", "fields": fields}})
    assert mapped.problems.select("field", "column", "rule").rows() == [
        ("products[2].name", "cp.CPMC", "ECQS-1200"),
        ("products[3].made", "cp.SCRQ", "ECQS-1242"),
    ]


def test_joined_lists_are_cut_by_the_pattern(bench):
    children = {
        "products": {"split": {"from": "P", "by": "[,，、;；]"}, "fields": {"name": "item"}},
        "earlier_numbers": {"split": {"from": "Y", "by": r"\s*/\s*"}, "fields": {"number": "item"}},
    }
    frame = bench.frame(P=["水泥，熟料、 ;石膏", " 水泥 "], Y=["A / B", None])
    mapped = bench.compile({}, children).apply(frame)
    assert [one[:3] for one in products(mapped)] == [(0, 1, "水泥"), (0, 2, "熟料"), (0, 3, "石膏"), (1, 1, "水泥")]
    assert mapped.lists["earlier_numbers"].rows() == [(0, 1, "A"), (0, 2, "B")]


def test_pieces_can_be_cleaned_and_computed_with(bench):
    fields = {"name": {"from": "item", "clean": ["digits"]}, "unit": {"expr": "upper(item)"}}
    mapped = bench.compile({}, {"products": {"split": {"from": "P", "by": ";"}, "fields": fields}}).apply(
        bench.frame(P=["a1;b"])
    )
    assert products(mapped) == [(0, 1, "1", "A1"), (0, 2, None, "B")]


def test_json_lists_and_a_bad_cell_that_names_its_column(bench):
    children = {"products": {"json": "P", "fields": {"name": "$.mc", "unit": "$.dy.mc"}}}
    frame = bench.frame(P=['[{"mc": "a", "dy": {"mc": "u"}}, {"x": 1}, {"mc": 3.0}]', "坏的"])
    mapped = bench.compile({}, children).apply(frame)
    assert products(mapped) == [(0, 1, "a", "u"), (0, 2, "3", None)]
    found = mapped.problems.select("__row", "field", "column", "rule", "message").rows()
    assert found == [(1, "products", "P", "ECQS-1295", "产品列表：不是合法的 JSON")]


def test_a_json_column_of_the_database_works_like_json_text(bench):
    children = {"products": {"json": "P", "fields": {"name": "$.mc"}}}
    mapped = bench.compile({}, children).apply(pl.DataFrame({"P": [[{"mc": "a"}, {"mc": "b"}]]}))
    assert mapped.lists["products"]["name"].to_list() == ["a", "b"]


def test_a_list_nobody_maps_is_there_and_empty(bench):
    mapped = bench.compile({}).apply(bench.frame(X=["1"]))
    assert mapped.lists["earlier_numbers"].is_empty()
    assert mapped.lists["earlier_numbers"].columns == ["__row", "__item", "number"]


def test_a_child_table_that_was_not_read_stops_the_mapping(bench):
    with pytest.raises(Misconfigured, match="ECQS-2081 320000/sample: child table cp was not read"):
        bench.compile({}, CHILD).apply(bench.frame(ID=["1"]))


@pytest.mark.parametrize(
    ("rows", "parent_key", "key", "said"),
    [
        ({"ZSID": ["1"], "CPMC": ["a"]}, ("ZSID",), ("ID",), r"cp has no column CPDY \(used by products.unit"),
        ({"ZSID": ["1"], "CPMC": ["a"], "CPDY": ["b"]}, ("ZSIDD",), ("ID",), "no column ZSIDD.*nearest there: ZSID"),
        ({"ZSID": ["1"], "CPMC": ["a"], "CPDY": ["b"]}, ("ZSID",), ("id",), "no column id.*nearest there: ID"),
        ({"ZSID": ["1"], "CPMC": ["a"], "CPDY": ["b"]}, ("ZSID",), (), "ECQS-2082"),
    ],
)
def test_a_missing_child_column_is_named_with_its_use(bench, child, rows, parent_key, key, said):
    with pytest.raises(Misconfigured, match=said):
        run(bench, child, bench.frame(ID=["1"]), pl.DataFrame(rows), parent_key=parent_key, key=key)
