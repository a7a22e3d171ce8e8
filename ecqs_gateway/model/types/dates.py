"""Field types of dates and times."""
# ruff: noqa: ARG002  (the signatures are those of FieldType)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.columns import Tabled
from ecqs_gateway.model.types import moment_columns as columns
from ecqs_gateway.model.types import moments
from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.columns import by_column
from ecqs_gateway.model.types.problems import problem
from ecqs_gateway.model.types.source import SHANGHAI

__all__ = ["BusinessDate", "Timestamp"]

_EARLIEST = date(1992, 1, 1)
_EARLIEST_DAY = (_EARLIEST - moments.EPOCH).days
_ZONE = ZoneInfo(SHANGHAI)
_AS_TIME = {"ECQS-1240": "ECQS-1246", "ECQS-1243": "ECQS-1247"}


@dataclass(frozen=True)
class BusinessDate(FieldType):
    """A day in Asia/Shanghai between 1949 and 2100, from any spelling in ``moments``.

    Columns of type Date and Datetime are taken as they are, aware times converted to Asia/Shanghai first. A missing
    day is never guessed, and 长期 is not a day.
    """

    name = "business date"
    title = "日期"
    dtype = pl.Date()
    xml_safe = True
    unreadable = "ECQS-1240"
    good: ClassVar[Sequence[str]] = (
        *("2020-01-05", "2020-1-5", "20200105", "2020/1/5", "2020.1.5", "2020年1月5日", "二〇二〇年一月五日"),
        *("二○二○年十二月三十一日", "２０２０－０１－０５", "2020-01-05 00:00:00.0", "2020-01-04T16:00:00Z"),
        *("1578153600000", "20200105093000", "2020-02-29"),
    )
    bad: ClassVar[Sequence[str]] = (
        *("2020-1-", "2020-01", "202001", "2020年1月", "2020", "长期", "永久", "2021-02-29", "1948-12-31"),
        *("2101-01-01", "05/01/2020", "20-01-05", "2020-01-05至2025-01-04", "无", "1578153600", "2020-13-01"),
    )

    def read(self, text: str, codes: CodeTables | None = None) -> date:
        """Give the day; raises FieldProblem that names the mistake."""
        return moments.read_text(text).day

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the days of a column of text, dates or times."""
        return by_column(text, _days, pl.Date())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse a day outside the years known."""
        if not isinstance(value, date) or isinstance(value, datetime):
            return problem("ECQS-1201", title=self.title)
        return None if moments.FIRST <= value <= moments.LAST else problem("ECQS-1243")

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give true within the years known."""
        return value.is_between(moments.FIRST, moments.LAST)

    def write(self, value: Any) -> str:
        """Give ``YYYY-MM-DD``."""
        return str(value.isoformat())

    def write_expr(self, value: pl.Expr) -> pl.Expr:
        """Give ``YYYY-MM-DD``, looked up: eight times as fast as formatting."""
        return _date_texts().of(value.to_physical())

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a date without zone, within the years known."""
        facets = (
            ("pattern", "[0-9]{4}-[0-9]{2}-[0-9]{2}"),
            ("minInclusive", moments.FIRST.isoformat()),
            ("maxInclusive", moments.LAST.isoformat()),
        )
        return XsdType("BusinessDate", "xs:date", facets)

    def explain(self) -> str:
        """Say the form and the range."""
        return "年月日齐全的日期，如 2020-01-05，在 1949-01-01 至 2100-12-31 之间"


@dataclass(frozen=True)
class Timestamp(FieldType):
    """An instant to the second between 1992 and 2100; a time without zone is in Asia/Shanghai, a bare day begins it.

    Fractions of a second are dropped: nothing exchanged is finer. Earlier years are refused because the zone had
    summer time until 1991, so that a local time then may have been two instants or none.
    """

    name = "timestamp"
    title = "时间"
    dtype = pl.Datetime("us", SHANGHAI)
    xml_safe = True
    unreadable = "ECQS-1246"
    good: ClassVar[Sequence[str]] = (
        *(
            "2020-01-05T09:30:00+08:00",
            "2020-01-05 09:30:00",
            "2020-01-05T01:30:00Z",
            "2020/1/5 9:30",
            "20200105093000",
        ),
        *("2020年1月5日9时30分", "2020-01-05T09:30:00.123456+08:00", "1578187800000", "2020-01-05"),
    )
    bad: ClassVar[Sequence[str]] = (
        *("2020-01-05 24:00:00", "2020-01-05 09:60", "1991-12-31 23:59:59", "2020-01", "09:30:00", "长期"),
        *("2020-01-05T09:30:00+15:00", "2020-02-30 09:30:00"),
    )

    def read(self, text: str, codes: CodeTables | None = None) -> datetime:
        """Give the aware time; raises FieldProblem that names the mistake."""
        try:
            moment = moments.read_text(text)
        except FieldProblem as wrong:
            raise problem(_AS_TIME[wrong.code]) if wrong.code in _AS_TIME else wrong from None
        if moment.day < _EARLIEST:
            raise problem("ECQS-1247")
        return datetime.combine(moment.day, time(), _ZONE) + timedelta(seconds=moment.second or 0)

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the aware times of a column of text, dates or times."""
        return by_column(text, _instants, self.dtype)

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse naive times and times outside the years known."""
        if not isinstance(value, datetime) or value.tzinfo is None:
            return problem("ECQS-1201", title=self.title)
        return None if _EARLIEST <= value.astimezone(_ZONE).date() <= moments.LAST else problem("ECQS-1247")

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give true within the years known."""
        first, end = datetime.combine(_EARLIEST, time(), _ZONE), datetime(2101, 1, 1, tzinfo=_ZONE)
        return value.is_between(pl.lit(first, self.dtype), pl.lit(end, self.dtype), closed="left")

    def write(self, value: Any) -> str:
        """Give ``YYYY-MM-DDThh:mm:ss+08:00``."""
        return str(value.astimezone(_ZONE).isoformat(timespec="seconds"))

    def write_expr(self, value: pl.Expr) -> pl.Expr:
        """Give ``YYYY-MM-DDThh:mm:ss+08:00``, day and time looked up."""
        seconds = value.to_physical() // 1_000_000 + moments.ZONE
        clock = pl.lit(_clock_texts()).gather(seconds % moments.DAY)
        return _date_texts().of(seconds // moments.DAY) + clock

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a time in Shanghai's zone, to the second."""
        facets = (
            ("pattern", "[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\+08:00"),
            ("minInclusive", f"{_EARLIEST}T00:00:00+08:00"),
            ("maxInclusive", f"{moments.LAST}T23:59:59+08:00"),
        )
        return XsdType("Timestamp", "xs:dateTime", facets)

    def explain(self) -> str:
        """Say the form and the range."""
        return "到秒的时间，如 2020-01-05T09:30:00+08:00；无时区的按北京时间"


def _days(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Date and _within_years(series.cast(pl.Int32)):
        return series
    found = columns.read_column(series)
    return _with_nulls(pl.Series(series.name, found.days).cast(pl.Date), ~found.good)


def _within_years(days: pl.Series) -> bool:
    return not bool(((days < columns.FIRST_DAY) | (days > columns.LAST_DAY)).any())


def _instants(series: pl.Series) -> pl.Series:
    found = columns.read_column(series)
    seconds = found.days.astype(np.int64) * moments.DAY + found.seconds - moments.ZONE
    good = found.good & (found.days >= _EARLIEST_DAY)
    instants = pl.Series(series.name, np.where(good, seconds, 0) * 1_000_000)
    return _with_nulls(instants.cast(Timestamp.dtype), ~good)


def _with_nulls(series: pl.Series, missing: np.ndarray[Any, np.dtype[np.bool_]]) -> pl.Series:
    rows = np.flatnonzero(missing)
    return series.scatter(rows, None) if rows.size else series


@cache
def _date_texts() -> Tabled:
    days = pl.int_range(columns.FIRST_DAY, columns.LAST_DAY + 1, dtype=pl.Int32, eager=True)
    return Tabled(columns.FIRST_DAY, days.cast(pl.Date).dt.to_string("iso"))


@cache
def _clock_texts() -> pl.Series:
    seconds = pl.int_range(moments.DAY, dtype=pl.Int64, eager=True)
    return (seconds * 1_000_000).cast(pl.Datetime("us")).dt.strftime("T%H:%M:%S+08:00")
