"""Lists in a JSON column: what is good is read as written, what is not is named, and nothing brings the reader down."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.mapping.jsonlist import MemberError, member_path, read_cells


def items(cell: str | None, *members: str) -> list[tuple[str | None, ...]]:
    found = read_cells(pl.Series([cell], dtype=pl.String), members)
    assert not found.refused, found.refused
    return found.frame.drop("__row").rows()


def refusal(cell: str, *members: str) -> str:
    found = read_cells(pl.Series([cell]), members or ("$.a",))
    assert found.frame.height == 0
    return found.refused[0][1]


def test_members_are_read_in_order_and_null_items_are_left_out():
    assert items('[{"a": "x", "b": {"c": "y"}}, null, {"a": null}]', "$.a", "$.b.c") == [("x", "y"), (None, None)]


def test_numbers_keep_their_digits():
    cell = '[{"a": 3.0}, {"a": 3.10}, {"a": 12345678901234567890}, {"a": 0.1}, {"a": 1e999999999}, {"a": -0}]'
    assert [one for (one,) in items(cell, "$.a")] == ["3", "3.1", "12345678901234567890", "0.1", "1e999999999", "-0"]


def test_other_values_have_their_text():
    assert items('[{"a": true}, {"a": false}, {"a": {"b": [1]}}, {"a": " x\\u0000\\n"}, {"a": ""}]', "$.a") == [
        ("1",),
        ("0",),
        ('{"b": ["1"]}',),
        ("x",),
        (None,),
    ]


def test_an_array_of_plain_values_is_read_as_the_item_itself():
    assert items('["XK06", 7, null]', "$") == [("XK06",), ("7",)]


def test_an_empty_cell_and_an_empty_array_have_no_items():
    assert items(None, "$.a") == items("[]", "$.a") == []


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("[", "不是合法的 JSON"),
        ("无", "不是合法的 JSON"),
        ("[NaN]", "NaN"),
        ('{"a": 1}', "不是 JSON 数组"),
        ('"x"', "不是 JSON 数组"),
        ('["x"]', "不是对象"),
        ('[{"a": 1, "a": 2}]', "重复的键"),
        ("[" * 100_000, "不是合法的 JSON"),
        ('[{"a":' * 50_000, "不是合法的 JSON"),
        ("[" + "1," * 10_001 + "1]", "超过"),
        ('["' + "x" * 1_000_001 + '"]', "过长"),
    ],
)
def test_a_bad_cell_is_refused_with_its_reason(cell, why):
    assert why in refusal(cell)


def test_a_lone_surrogate_becomes_the_mark_of_lost_characters():
    assert items('[{"a": "\\ud800x"}]', "$.a") == [("\ufffdx",)]


def test_a_bad_cell_does_not_touch_its_neighbours():
    found = read_cells(pl.Series(['[{"a": 1}]', "bad", None, '[{"a": 2}, {"a": 3}]']), ["$.a"])
    assert found.frame.rows() == [(0, "1"), (3, "2"), (3, "3")]
    assert [row for row, _ in found.refused] == [1]


@pytest.mark.parametrize("path", ["a", "$a", "$.", "$.a.", "$..a", "$.a.b.c.d.e", "$. a", "item"])
def test_a_member_path_is_written_in_one_way(path):
    with pytest.raises(MemberError):
        member_path(path)


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
nested = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
)


@settings(deadline=None)
@given(st.lists(nested.map(json.dumps) | st.text(max_size=20) | st.none(), max_size=6))
def test_any_cell_is_read_or_refused(cells):
    cells = [cell.encode("utf-8", "ignore").decode() if cell else None for cell in cells]
    found = read_cells(pl.Series("c", cells, dtype=pl.String), ["$.a", "$.b"])
    with_items = set(found.frame["__row"].to_list())
    assert not with_items & {row for row, _ in found.refused}
    for row, cell in enumerate(cells):
        if cell is None:
            assert row not in with_items
