"""What counts as drift of columns, of their contents, and of the number of rows."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.content.models_sources import SourceTable
from ecqs_gateway.mapping.drift import compare_columns
from ecqs_gateway.mapping.drift_rows import filled
from ecqs_gateway.mapping.drift_volume import band

NAMES = st.sampled_from(["ZSBH", "QYMC", "FZRQ", "ZT", "BZ"])
TYPES = st.sampled_from(["VARCHAR(60)", "VARCHAR(20)", "TEXT", "INTEGER", "BIGINT", "DATE", "NUMERIC(10, 2)", ""])


def table(columns):
    return SourceTable.model_validate(
        {"columns": [{"name": name, "type": kind, "nullable": True} for name, kind in columns.items()]}
    )


def compared(before, now, used=(), dialects=("postgresql", "postgresql")):
    found = compare_columns(table(before), now, table="T", prefix="", used=used, dialects=dialects)
    return {(one.what, one.column): one.grade for one in found}


@given(st.dictionaries(NAMES, TYPES, min_size=1), st.dictionaries(NAMES, TYPES), st.sets(NAMES))
def test_every_difference_is_told_once_and_nothing_else(before, now, used):
    found = compared(before, now, used)
    assert {column for what, column in found if what == "new_column"} == now.keys() - before.keys()
    assert {column for what, column in found if what == "missing_column"} == (before.keys() | used) - now.keys()
    both = before.keys() & now.keys()
    assert {column for what, column in found if what == "retyped_column"} == {c for c in both if before[c] != now[c]}
    # What nobody uses never holds by itself.
    assert all(
        grade == "told" for (what, column), grade in found.items() if what != "new_column" and column not in used
    )


@pytest.mark.parametrize(
    ("was", "now", "grade"),
    [
        ("VARCHAR(60)", "VARCHAR(120)", "told"),
        ("VARCHAR(60)", "TEXT", "told"),
        ("INTEGER", "BIGINT", "told"),
        ("DATE", "VARCHAR(10)", "full"),
        ("VARCHAR(10)", "NUMERIC(10, 2)", "full"),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "full"),
        ("VARCHAR(10)", "BYTEA", "full"),
    ],
)
def test_a_length_is_told_another_meaning_holds(was, now, grade):
    assert compared({"A": was}, {"A": now}, ["A"]) == {("retyped_column", "A"): grade}


def test_types_of_two_databases_are_not_compared():
    assert compared({"A": "DATE"}, {"A": "VARCHAR(10)"}, ["A"], ("sqlite", "postgresql")) == {}


@given(st.lists(st.one_of(st.none(), st.sampled_from(["", " ", "　", "x", "无"])), max_size=2000), st.floats(1, 100))
def test_an_estimate_of_filled_cells_never_calls_an_emptied_column_filled(cells, enough):
    series = pl.Series(cells, dtype=pl.String)
    exact = sum(cell is not None and bool(cell.strip()) for cell in cells)
    assert filled(series) == exact
    if exact == 0:
        assert filled(series, enough) == 0
    if exact == len(cells):
        assert (filled(series, enough) < enough) == (exact < enough)


def test_numbers_and_dates_are_filled_where_they_are_not_null():
    assert filled(pl.Series([1, None, 0])) == 2
    assert filled(pl.Series([date(2026, 1, 1), None])) == 1


FIRST_LOAD = 1_000_000


@given(st.lists(st.integers(0, 100_000), max_size=60), st.integers(3, 20))
def test_no_night_like_a_former_one_alarms(counts, needed):
    found = band([FIRST_LOAD, *counts], needed=needed)
    if sum(count > 0 for count in counts) < needed:
        assert found is None
    else:
        assert all(found.least <= count <= found.most for count in counts if count)


@given(st.lists(st.integers(400, 600), min_size=8, max_size=60), st.integers(1, 7))
def test_a_week_caught_up_at_once_is_normal_and_a_hundred_nights_are_not(counts, nights):
    found = band([FIRST_LOAD, *counts], needed=8)
    assert found.least <= 500 * nights <= found.most
    assert found.most < 100 * 500
    assert found.least > 5


def test_weekends_and_holidays_are_not_counted_and_one_odd_night_changes_nothing():
    weeks = [FIRST_LOAD, *([480, 510, 495, 530, 505, 0, 3] * 4), *([0] * 8), 500]
    assert band(weeks, needed=8).least == 1
    assert band([*weeks, 200_000], needed=8).median == pytest.approx(band(weeks, needed=8).median, rel=0.01)
    assert band([*weeks, 200_000], needed=8).least == 1
    assert band([FIRST_LOAD, *([0] * 30)], needed=8) is None


def test_small_numbers_never_alarm():
    found = band([20, *([2, 5, 1] * 10)], needed=8)
    assert (found.least, found.most) == (0, 1000)


def test_what_is_declared_wins_and_needs_no_history():
    assert band([], needed=8, most=500).most == 500
    assert band([FIRST_LOAD, *([500] * 20)], needed=8, least=1, most=600).least == 1
