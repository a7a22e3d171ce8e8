"""Of rows with one business key the newest goes, and the text it is chosen by sorts like the values."""

# ruff: noqa: DTZ001  (naive timestamps are what sources hold)

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.mapping.check import check
from ecqs_gateway.mapping.order import order_key, supersede
from ecqs_gateway.mapping.render import render


def keys(series: pl.Series) -> list[str]:
    return order_key(render(series.alias("c")).to_frame(), {"c": series.dtype}).to_list()


def sorts(values: list, series: pl.Series) -> bool:
    made = keys(series)
    return all((made[i] < made[j]) == (values[i] < values[j]) for i in range(len(values)) for j in range(len(values)))


@settings(deadline=None)
@given(st.lists(st.integers(-(10**18), 10**18), min_size=2, max_size=8))
def test_whole_numbers_sort_as_numbers(values):
    assert sorts(values, pl.Series(values, dtype=pl.Int64))


@settings(deadline=None)
@given(st.lists(st.decimals(-(10**9), 10**9, places=3), min_size=2, max_size=8))
def test_decimals_sort_as_numbers(values):
    assert sorts(values, pl.Series(values, dtype=pl.Decimal(18, 3)))


@settings(deadline=None)
@given(st.lists(st.dates(dt.date(1950, 1, 1), dt.date(2099, 12, 31)), min_size=2, max_size=8))
def test_dates_sort_as_dates_however_they_are_written(values):
    ways = (str, "{0:%Y%m%d}".format, "{0:%Y/%m/%d}".format, lambda day: f"{day.year}年{day.month}月{day.day}日")
    written = [ways[place % 4](day) for place, day in enumerate(values)]
    assert sorts(values, pl.Series(written))


@settings(deadline=None)
@given(st.lists(st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2099, 1, 1)), min_size=2, max_size=8))
def test_timestamps_sort_to_the_fraction(values):
    assert sorts(values, pl.Series(values, dtype=pl.Datetime("us")))
    whole = [value.replace(microsecond=0) for value in values]
    ways = ("{0:%Y-%m-%d %H:%M:%S}".format, "{0:%Y%m%d%H%M%S}".format, "{0:%Y/%m/%dT%H:%M:%S}".format)
    assert sorts(whole, pl.Series([ways[place % 3](value) for place, value in enumerate(whole)]))


def test_empty_is_lowest_and_a_number_column_is_never_read_as_dates():
    assert keys(pl.Series([None, -1, 20200105, 20201399], dtype=pl.Int32)) == sorted(
        keys(pl.Series([None, -1, 20200105, 20201399], dtype=pl.Int32))
    )
    assert keys(pl.Series([None, "x"]))[0] == ""


def test_a_second_column_decides_among_equals():
    texts = pl.DataFrame({"a": ["1", "1", "12"], "b": ["b", "a", "a"]})
    made = order_key(texts, {"a": pl.String(), "b": pl.String()}).to_list()
    assert made[1] < made[0] < made[2]


def mapped(bench, **columns):
    fields = {"number": "N", "issue_date": "D"}
    frame = bench.frame(**columns)
    return check(bench.compile(fields, columns=frame.schema, newest_by=["D"]).apply(frame)).good


def test_the_newest_row_of_a_key_is_kept_and_the_others_are_named(bench):
    good = mapped(bench, N=["A", "B", "A", "A"], D=["2020-01-05", "2020-01-01", "20210101", "2019年1月1日"])
    kept, lost = supersede(good)
    assert kept.frame["__row"].to_list() == [1, 2]
    assert lost.to_dict(as_series=False) == {"__row": [0, 3], "key": ["A", "A"], "kept": [2, 2]}
    assert set(kept.lists["products"]["__row"]) == {1, 2}


def test_among_equals_the_later_row_goes(bench):
    good = mapped(bench, N=["A", "A"], D=["2020-01-05", "20200105"])
    kept, lost = supersede(good)
    assert kept.frame["__row"].to_list() == [1]
    assert lost["__row"].to_list() == [0]


def test_without_newest_by_the_later_row_goes(bench):
    frame = bench.frame(N=["A", "A", "B"])
    kept, lost = supersede(check(bench.compile({"number": "N"}).apply(frame)).good)
    assert kept.frame["__row"].to_list() == [1, 2]
    assert lost["kept"].to_list() == [1]


def test_keys_are_compared_in_their_canonical_spelling(bench):
    kept, lost = supersede(mapped(bench, N=["Ａ 1", "A1"], D=["2020-01-05", "2020-01-06"]))
    assert (kept.rows, lost.height) == (1, 1)


@pytest.mark.parametrize("seed", range(3))
def test_rows_in_are_rows_kept_and_rows_that_gave_way(bench, seed):
    numbers = pl.Series("N", [f"N{(place * (seed + 3)) % 17}" for place in range(200)])
    good = mapped(bench, N=numbers, D=[f"2020-01-{place % 28 + 1:02d}" for place in range(200)])
    kept, lost = supersede(good)
    assert kept.rows == 17
    assert kept.rows + lost.height == good.rows
    assert Decimal(lost["kept"].is_in(kept.frame["__row"].implode()).sum()) == lost.height
