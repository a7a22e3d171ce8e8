"""Dates and times: every dirty form of facts §7, and no guess."""
# ruff: noqa: DTZ001  (naive times are what sources hold)

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import cn2an
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.model.types import BusinessDate, FieldProblem, Timestamp
from ecqs_gateway.model.types import columns as type_columns

DAY, TIME = BusinessDate(), Timestamp()
SHANGHAI = ZoneInfo("Asia/Shanghai")
WANTED = date(2020, 1, 5)

days = st.dates(date(1949, 1, 1), date(2100, 12, 31))


def column(field, texts, few=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type_columns, "FEW", few)
        frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
        return frame.select(field.read_expr(pl.col("text"))).to_series().to_list()


def problem_of(field, text):
    with pytest.raises(FieldProblem) as raised:
        field.read(text)
    return raised.value.code


FIFTH_OF_JANUARY_2020 = [
    *(
        "2020-01-05",
        "2020-1-5",
        "2020-01-5",
        "2020-1-05",
        "20200105",
        "2020/01/05",
        "2020/1/5",
        "2020.01.05",
        "2020.1.5",
    ),
    *(
        "2020年1月5日",
        "2020年01月05日",
        "2020年1月5",
        "2020 年 1 月 5 日",
        "2020年1月5号",
        "２０２０年１月５日",
        "２０２０．１．５",
    ),
    *("2020－01－05", "2020—1—5", "２０２００１０５", " 2020-01-05\t", "\u30002020-01-05\u200b", "2020- 1- 5"),
    *("2020-01-05 00:00:00", "2020-01-05T00:00:00", "2020-01-05 23:59:59.999", "2020/01/05 09:30", "2020/1/5 9:30:00"),
    *("2020-01-05T00:00:00+08:00", "2020-01-05T00:00:00.000+0800", "2020-01-04T16:00:00Z", "2020-01-04T16:00:00.000Z"),
    *("2020-01-05 00:00:00.0", "20200105093000", "202001050930", "2020年1月5日 9:30", "2020年1月5日9时30分20秒"),
    *(
        "1578153600000",
        "1578239999999",
        "二〇二〇年一月五日",
        "二○二○年一月五日",
        "二零二零年一月五日",
        "二O二O年一月五日",
    ),
    *("二〇二〇年元月五日", "二〇二〇年1月5日", "二 〇二〇年一月五日".replace(" ", "")),
]


@pytest.mark.parametrize("few", [0, 10**9], ids=["by expression", "one by one"])
def test_every_spelling_of_one_day_is_that_day(few):
    assert {text: DAY.read(text) for text in FIFTH_OF_JANUARY_2020} == dict.fromkeys(FIFTH_OF_JANUARY_2020, WANTED)
    assert column(DAY, FIFTH_OF_JANUARY_2020, few) == [WANTED] * len(FIFTH_OF_JANUARY_2020)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[
            (text, "ECQS-1241")
            for text in ("2020-1-", "2020-01-", "2020-01", "2020/1", "202001", "2020年1月", "2020年", "2020")
        ],
        *[
            (text, "ECQS-1242")
            for text in (
                "2020-02-30",
                "20210229",
                "2020-13-01",
                "2020-00-10",
                "2020年4月31日",
                "二〇二一年二月二十九日",
            )
        ],
        *[(text, "ECQS-1243") for text in ("1948-12-31", "2101-01-01", "19000101", "99991231", "2100-12-31T16:00:00Z")],
        *[(text, "ECQS-1244") for text in ("长期", "永久", "长期有效", "无固定期限", "2020-01-05至长期")],
        *[
            (text, "ECQS-1245")
            for text in ("2020-01-05至2025-01-04", "二〇二〇年一月五日至二〇二五年一月四日", "2020.1.5--2025.1.4")
        ],
        *[
            (text, "ECQS-1240")
            for text in ("无", "/", "05/01/2020", "20-01-05", "1/5/20", "1578153600", "43835", "2020-01-05-06")
        ],
        *[
            (text, "ECQS-1240")
            for text in ("2020-01-05T", "2020-1-0510:00", "-2020-01-05", "+2020-01-05", "2020-1-5x", "٢٠٢٠-٠١-٠٥")
        ],
    ],
)
def test_what_is_no_day_is_refused_with_its_own_reason(text, code):
    assert problem_of(DAY, text) == code
    assert column(DAY, [text], 0) == column(DAY, [text], 10) == [None]


@given(st.lists(days, min_size=1, max_size=100))
@settings(max_examples=30)
def test_any_day_is_read_from_any_clean_form(found):
    forms = [
        "{0:%Y}-{0:%m}-{0:%d}",
        "{0:%Y%m%d}",
        "{0.year}/{0.month}/{0.day}",
        "{0.year}年{0.month}月{0.day}日",
        "{0}T00:00:00",
    ]
    for form in forms:
        assert column(DAY, [form.format(day) for day in found]) == found


def test_every_day_is_written_and_read_again():
    first = date(1949, 1, 1)
    every = [first + timedelta(days=number) for number in range((date(2101, 1, 1) - first).days)]
    frame = pl.DataFrame({"day": every}).select(DAY.write_expr(pl.col("day")).alias("text"), "day")
    assert frame["text"].to_list() == [day.isoformat() for day in every]
    assert frame.select(DAY.read_expr(pl.col("text"))).to_series().to_list() == every


@given(days)
def test_chinese_numerals_agree_with_cn2an(day):
    text = cn2an.transform(f"{day.year}年{day.month}月{day.day}日", "an2cn")
    assert re.search("[0-9]", text) is None
    assert DAY.read(text) == day
    assert column(DAY, [text, text]) == [day, day]


@pytest.mark.parametrize("number", range(1, 32))
def test_each_day_number_in_numerals_is_that_day(number):
    ones = ["", *"一二三四五六七八九"]
    ten, one = divmod(number, 10)
    spoken = ["", "十", "二十", "三十"][ten] + ones[one]
    short = ["", "十", "廿", "卅"][ten] + ones[one]
    assert DAY.read(f"二〇二〇年十月{spoken}日") == DAY.read(f"二〇二〇年十月{short}日") == date(2020, 10, number)


@given(st.datetimes(datetime(2002, 1, 1), datetime(2100, 12, 30), timezones=st.just(UTC)))
def test_a_zone_is_converted_before_the_day_is_taken(instant):
    wanted = instant.astimezone(SHANGHAI).date()
    for hours in (-12, -5, 0, 8, 9, 14):
        text = instant.astimezone(timezone(timedelta(hours=hours))).isoformat(timespec="milliseconds")
        assert DAY.read(text) == wanted
        assert column(DAY, [text]) == [wanted]
    stamp = str(int(instant.timestamp() * 1000))
    if len(stamp) == 13:
        assert DAY.read(stamp) == wanted
        assert column(DAY, [stamp]) == [wanted]


def test_columns_of_dates_and_times_are_taken_as_they_are():
    late = datetime(2020, 1, 4, 20, tzinfo=UTC)
    frame = pl.DataFrame({"day": [WANTED, None], "naive": [datetime(2020, 1, 5, 23, 59), None], "aware": [late, None]})
    read = frame.select(DAY.read_expr(pl.col(name)) for name in frame.columns)
    assert read.rows() == [(WANTED, WANTED, WANTED), (None, None, None)]
    old = pl.DataFrame({"day": [date(1900, 1, 1), date(2200, 1, 1)]})
    assert old.select(DAY.read_expr(pl.col("day"))).to_series().to_list() == [None, None]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_of_any_precision_are_cut_to_the_second(unit):
    frame = pl.DataFrame({"t": [datetime(2020, 1, 5, 9, 30, 1, 999000)]}).cast(pl.Datetime(unit))
    wanted = datetime(2020, 1, 5, 9, 30, 1, tzinfo=SHANGHAI)
    assert frame.select(TIME.read_expr(pl.col("t"))).to_series().to_list() == [wanted]


TIMES = {
    "2020-01-05T09:30:00+08:00": "2020-01-05T09:30:00+08:00",
    "2020-01-05 09:30:00": "2020-01-05T09:30:00+08:00",
    "2020-01-05 09:30:00.0": "2020-01-05T09:30:00+08:00",
    "2020-01-05T01:30:00Z": "2020-01-05T09:30:00+08:00",
    "2020-01-04T20:30:00-05:00": "2020-01-05T09:30:00+08:00",
    "2020/1/5 9:30": "2020-01-05T09:30:00+08:00",
    "20200105093000": "2020-01-05T09:30:00+08:00",
    "1578187800999": "2020-01-05T09:30:00+08:00",
    "2020年1月5日9时30分": "2020-01-05T09:30:00+08:00",
    "2020-01-05": "2020-01-05T00:00:00+08:00",
    "二〇二〇年一月五日": "2020-01-05T00:00:00+08:00",
    "2100-12-31T23:59:59": "2100-12-31T23:59:59+08:00",
    "1992-01-01": "1992-01-01T00:00:00+08:00",
}


def test_times_are_written_in_shanghai_to_the_second():
    assert {text: TIME.write(TIME.read(text)) for text in TIMES} == TIMES
    frame = pl.DataFrame({"text": [*TIMES]}).with_columns(t=TIME.read_expr(pl.col("text")))
    assert frame.select(TIME.write_expr(pl.col("t"))).to_series().to_list() == [*TIMES.values()]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2020-01-05 24:00:00", "ECQS-1246"),
        ("2020-01-05 23:59:60", "ECQS-1246"),
        ("2020-01-05T09:30:00+15:00", "ECQS-1246"),
        ("2020-01-05T09:30:00+08:60", "ECQS-1246"),
        ("09:30", "ECQS-1246"),
        ("1991-12-31 23:59:59", "ECQS-1247"),
        ("1991-12-31T15:59:59Z", "ECQS-1247"),
        ("1900-01-01", "ECQS-1247"),
        ("2020-02-30 09:30", "ECQS-1242"),
        ("2020-01", "ECQS-1241"),
    ],
)
def test_what_is_no_time_is_refused_with_its_own_reason(text, code):
    assert problem_of(TIME, text) == code
    assert column(TIME, [text], 0) == column(TIME, [text], 10) == [None]


def test_a_naive_time_and_a_date_given_as_a_value_are_told_apart():
    assert TIME.check(datetime(2020, 1, 5)).code == "ECQS-1201"
    assert TIME.check(datetime(2020, 1, 5, tzinfo=SHANGHAI)) is None
    assert DAY.check(datetime(2020, 1, 5, tzinfo=SHANGHAI)).code == "ECQS-1201"
    assert DAY.check(date(2101, 1, 1)).code == "ECQS-1243"


def test_a_value_out_of_range_has_no_text_and_does_not_pass():
    frame = pl.DataFrame({"d": [date(1900, 1, 1), WANTED, date(3000, 1, 1)]})
    assert frame.select(DAY.check_expr(pl.col("d"))).to_series().to_list() == [False, True, False]
    assert frame.select(DAY.write_expr(pl.col("d"))).to_series().to_list() == [None, "2020-01-05", None]
