"""What a mapping sees of a source value is one text, whatever type and driver it came through."""

# ruff: noqa: DTZ001  (naive timestamps are what sources hold)

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.mapping.render import render, render_columns
from ecqs_gateway.mapping.text import text_column, tidy, tidy_column
from ecqs_gateway.model.types.clean import BLANKS, INVISIBLE

UTC = dt.UTC


def texts(values: list[object], dtype: pl.DataType | None = None) -> list[str | None]:
    return text_column(pl.Series("a", values, dtype=dtype, strict=False)).to_list()


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, -7, None], pl.Int32(), ["1", "-7", None]),
        ([2**64 - 1], pl.UInt64(), ["18446744073709551615"]),
        ([3.0, 3.5, -0.0, 0.1], pl.Float64(), ["3", "3.5", "0", "0.1"]),
        ([3.0, 0.1], pl.Float32(), ["3", "0.1"]),
        ([float("nan"), None, float("inf")], pl.Float64(), [None, None, "inf"]),
        ([320000000000000000.0], pl.Float64(), ["3.2e+17"]),
        ([Decimal("100.00"), Decimal("0.10"), Decimal("-5.05")], pl.Decimal(10, 2), ["100", "0.1", "-5.05"]),
        ([Decimal(100)], pl.Decimal(10, 0), ["100"]),
        ([True, False, None], pl.Boolean(), ["1", "0", None]),
        ([dt.date(2020, 1, 5), dt.date(1500, 1, 1)], pl.Date(), ["2020-01-05", "1500-01-01"]),
        ([dt.datetime(2020, 1, 5), dt.datetime(2020, 1, 5, 10, 30, 0, 120000)], pl.Datetime("us"),
         ["2020-01-05 00:00:00", "2020-01-05 10:30:00.12"]),
        ([dt.datetime(2020, 1, 5, tzinfo=UTC)], pl.Datetime("ms", "UTC"), ["2020-01-05 08:00:00+08:00"]),
        ([dt.datetime(1988, 7, 1, tzinfo=UTC)], pl.Datetime("us", "UTC"), ["1988-07-01 09:00:00+09:00"]),
        ([dt.time(1, 2, 3)], pl.Time(), ["01:02:03"]),
        ([b"abc", "苏".encode("gbk"), None], pl.Binary(), ["abc", "苏", None]),
        ([b"\xff\xff"], pl.Binary(), ["\ufffd\ufffd"]),
        ([["a", None], None], pl.List(pl.String()), ['["a",null]', None]),
        ([{"a": 1, "b": "x"}, None], pl.Struct({"a": pl.Int8(), "b": pl.String()}), ['{"a":1,"b":"x"}', None]),
        (["a", None], pl.Categorical(), ["a", None]),
        ([None, None], pl.Null(), [None, None]),
        ([" a ", "\u3000b\u200b", "c\x00d\r\ne", "", " \t\n", "\ufeff"], pl.String(),
         ["a", "b", "cd\ne", None, None, None]),
    ],
)  # fmt: skip
def test_every_type_has_its_text(values, dtype, expected):
    assert texts(values, dtype) == expected


def test_a_type_polars_cannot_write_still_has_a_text():
    class Odd:
        def __str__(self) -> str:
            return "odd"

    odd = pl.Series("o", [Odd(), None], dtype=pl.Object)
    assert text_column(odd).to_list() == ["odd", None]


def test_one_odd_column_does_not_change_the_text_of_its_neighbours():
    odd = pl.Series("o", [object()], dtype=pl.Object)
    number = pl.Series("n", [3.0])
    assert render_columns([odd, number])["n"].to_list() == ["3"]


def test_a_column_may_have_any_name():
    for name in ("*", "^.*$", "", "a\x00b", "企业名称*"):
        assert text_column(pl.Series(name, [" 1 "])).to_list() == ["1"]
        assert text_column(pl.Series(name, [1.0])).to_list() == ["1"]


moments = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2262, 1, 1))


@settings(deadline=None, max_examples=40)
@given(st.lists(moments, min_size=1, max_size=20), st.booleans(), st.sampled_from(["ms", "us", "ns"]))
def test_long_columns_of_times_have_the_text_of_short_ones(values, whole, unit):
    # Long columns are looked up in tables, short ones are formatted.
    values = [value.replace(microsecond=0) for value in values] if whole else values
    for zone in (None, "UTC", "Asia/Shanghai"):
        short = pl.Series("t", values, dtype=pl.Datetime(unit)).dt.replace_time_zone(
            zone, non_existent="null", ambiguous="earliest"
        )
        long = pl.concat([short] * 1000)
        assert render(long).to_list()[: len(short)] == render(short).to_list()
        assert render(long.dt.date()).to_list()[: len(short)] == render(short.dt.date()).to_list()


dirty = st.text(
    alphabet=st.sampled_from("ab水（ \t\n\r\u3000\u00a0\u200b\ufeff\x00\x7f\x85\u2028\u061c\U000e0041。é"), max_size=8
)


def cleaned(text: str) -> str | None:
    """Say the rule in plain Python."""
    seen = "".join(sign for sign in text if ord(sign) not in INVISIBLE).replace("\r\n", "\n")
    for end in "\x0b\x0c\r\x85\u2028\u2029":
        seen = seen.replace(end, "\n")
    return seen.strip("".join(map(chr, BLANKS)) + " ") or None


@given(st.lists(dirty | st.none(), max_size=20))
def test_tidying_only_the_rows_that_need_it_is_tidying_all(values):
    series = pl.Series("t", values, dtype=pl.String)
    by_expression = series.to_frame().select(tidy(pl.col("t"))).to_series().to_list()
    by_hand = [None if value is None else cleaned(value) for value in values]
    assert tidy_column(series).to_list() == by_expression == by_hand


@given(st.lists(dirty | st.none(), min_size=4, max_size=20))
def test_a_slice_of_a_column_is_tidied_like_the_column(values):
    series = pl.Series("t", values, dtype=pl.String)
    assert tidy_column(series[2:-1]).to_list() == tidy_column(series).to_list()[2:-1]
