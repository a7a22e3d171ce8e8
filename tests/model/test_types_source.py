"""Source columns of other types as text."""
# ruff: noqa: DTZ001  (naive times are what sources hold)

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import polars as pl
import pytest

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.types import BusinessDate, Text, Timestamp, as_text


def texts(values, dtype=None, zone="Asia/Shanghai"):
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return frame.select(as_text(pl.col("x"), frame["x"].dtype, zone)).to_series().to_list()


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["甲", None], ["甲", None]),
        ([1, None, -3], ["1", None, "-3"]),
        ([1.0, 2.5, -0.0, 1e14, None], ["1", "2.5", "0", "100000000000000", None]),
        ([float("nan"), float("inf"), -float("inf")], [None, None, None]),
        ([Decimal("1.50"), None], ["1.50", None]),
        ([True, False, None], ["true", "false", None]),
        ([date(2020, 1, 5), None], ["2020-01-05", None]),
        ([datetime(2020, 1, 5, 9, 30), None], ["2020-01-05T09:30:00", None]),
        ([datetime(2020, 1, 4, 16, 0, tzinfo=UTC), None], ["2020-01-05T00:00:00", None]),
        ([time(9, 30)], ["09:30:00"]),
        ([None, None], [None, None]),
    ],
)
def test_a_column_of_each_type_has_its_text(values, wanted):
    assert texts(values) == wanted


def test_a_naive_time_is_moved_from_the_zone_of_its_source():
    assert texts([datetime(2020, 1, 4, 16, 0)], zone="UTC") == ["2020-01-05T00:00:00"]


def test_a_time_that_the_sources_clock_skipped_is_null():
    assert texts([datetime(2020, 3, 8, 2, 30)], zone="America/New_York") == [None]


def test_categories_are_text():
    assert texts(["a", "b", None], pl.Categorical()) == ["a", "b", None]
    assert texts(["a", "b"], pl.Enum(["a", "b"])) == ["a", "b"]


@pytest.mark.parametrize("values", [[[1]], [{"a": 1}], [b"x"]])
def test_a_column_without_a_text_form_is_refused(values):
    with pytest.raises(Misconfigured, match="ECQS-1299"):
        texts(values)


def test_what_as_text_gives_is_read_like_the_column_itself():
    frame = pl.DataFrame({"t": [datetime(2020, 1, 4, 20, tzinfo=UTC), None]})
    text = as_text(pl.col("t"), frame["t"].dtype)
    for field in (BusinessDate(), Timestamp()):
        both = frame.select(direct=field.read_expr(pl.col("t")), text=field.read_expr(text))
        assert both["direct"].to_list() == both["text"].to_list()
    assert frame.select(Text(30).read_expr(pl.col("t"))).to_series().to_list() == ["2020-01-05T04:00:00", None]
