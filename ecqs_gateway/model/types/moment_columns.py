"""Dates and times of a column, by the grammar of ``moments``: clean forms from their bytes, the rest by regex.

A form of fixed width (``YYYY-MM-DD`` is 10 bytes) is read from the byte matrix of the rows of that width, 10 ns a
value; only what fits no form goes to the regular expressions that also read single texts, 1 µs a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ecqs_gateway.model.types import moments as m
from ecqs_gateway.model.types.columns import BoolRows, Bytes, Utf8
from ecqs_gateway.model.types.source import SHANGHAI, text_series

__all__ = ["FIRST_DAY", "LAST_DAY", "Moments", "read_column"]

Ints = NDArray[np.int32]

FIRST_DAY, LAST_DAY = (m.FIRST - m.EPOCH).days, (m.LAST - m.EPOCH).days
_NONE = np.iinfo(np.int32).min


@dataclass(frozen=True)
class Moments:
    """Days since 1970 and seconds of the day of each row, both in Asia/Shanghai; ``good`` marks the readable rows."""

    days: Ints
    seconds: Ints
    good: BoolRows


def read_column(series: pl.Series) -> Moments:
    """Read a column of text, dates or times; a row without a time of day has second 0."""
    if series.dtype == pl.Date:
        days = series.to_physical().fill_null(_NONE).to_numpy()
        return _moments(days, np.zeros_like(days))
    if isinstance(series.dtype, pl.Datetime):
        return _from_datetimes(series)
    return _from_text(text_series(series))


def _moments(days: Ints, seconds: Ints) -> Moments:
    return Moments(days, seconds, (days >= FIRST_DAY) & (days <= LAST_DAY))


def _from_datetimes(series: pl.Series) -> Moments:
    local = pl.col("x")
    if series.dtype.time_zone:  # type: ignore[attr-defined]  # checked by the caller
        local = local.dt.convert_time_zone(SHANGHAI).dt.replace_time_zone(None)
    days, seconds = local.dt.date().cast(pl.Int32), local.dt.time().cast(pl.Int64) // 1_000_000_000
    frame = series.to_frame("x").select(
        days.fill_null(_NONE).alias("days"), seconds.fill_null(0).cast(pl.Int32).alias("seconds")
    )
    return _moments(frame["days"].to_numpy(), frame["seconds"].to_numpy())


def _from_text(series: pl.Series) -> Moments:
    text = Utf8.of(series)
    days, seconds = np.full(len(text), _NONE, np.int32), np.zeros(len(text), np.int32)
    left = text.sizes > 0
    for width in text.widths():
        forms = _forms().get(width)
        if forms is None:
            continue
        rows, matrix = text.fixed(width)
        columns = np.ascontiguousarray(matrix.T)
        for form in forms:
            fits = form.fits(columns)
            hit = rows if fits.all() else rows[fits]
            some = columns if hit is rows else columns[:, fits]
            days[hit], seconds[hit] = form.read(some)
            left[hit] = False
            if hit is rows:
                break
            rows, columns = rows[~fits], columns[:, ~fits]
    slow = np.flatnonzero(left)
    if slow.size:
        days[slow], seconds[slow] = _by_grammar(series.gather(slow))
    return _moments(days, seconds)


class _Form:
    """One way of writing a moment in a fixed number of bytes: ``YYYY-MM-DD hh:mm:ss``, ``#`` for an unread digit."""

    def __init__(self, template: str) -> None:
        signs = template.encode()
        self.width = len(signs)
        self._fields = {sign: [i for i, byte in enumerate(signs) if byte == ord(sign)] for sign in "YMDhms"}
        self._digits = [i for i, byte in enumerate(signs) if byte in b"YMDhms#"]
        self._literals = [(i, byte) for i, byte in enumerate(signs) if byte not in b"YMDhms#"]

    def fits(self, columns: Bytes) -> BoolRows:
        """Say which rows (second axis) are written in this way."""
        good = np.ones(columns.shape[1], bool)
        for place, byte in self._literals:
            good &= columns[place] == byte
        for place in self._digits:
            good &= (columns[place] - np.uint8(48)) <= 9
        return good

    def read(self, columns: Bytes) -> tuple[Ints, Ints]:
        """Give days since 1970 (a very small number where there is no such day) and seconds of rows that fit."""
        year, month, day, hour, minute, second = (self._number(columns, sign) for sign in "YMDhms")
        return _instant(_days(year, month, day), (hour, minute, second))

    def _number(self, columns: Bytes, sign: str) -> Ints:
        number = np.zeros(columns.shape[1], np.int32)
        for place in self._fields[sign]:
            number = number * 10 + (columns[place] - np.uint8(48))
        return number.astype(np.int32, copy=False)


class _EpochForm(_Form):
    """Milliseconds since 1970 in 13 digits, as Java and e-CQS give them."""

    def __init__(self) -> None:
        super().__init__("#" * 13)

    def read(self, columns: Bytes) -> tuple[Ints, Ints]:
        """Give days and seconds in Asia/Shanghai."""
        number = np.zeros(columns.shape[1], np.int64)
        for place in range(10):  # the last three digits are below a second
            number = number * 10 + (columns[place] - np.uint8(48))
        days, seconds = np.divmod(number + m.ZONE, m.DAY)
        return days.astype(np.int32), seconds.astype(np.int32)


def _templates() -> Iterator[str]:
    for month in ("MM", "M"):
        for day in ("DD", "D"):
            yield from (f"YYYY{sign}{month}{sign}{day}" for sign in "-/.")
            yield f"YYYY年{month}月{day}日"
    yield from ("YYYYMMDD", "YYYYMMDDhhmmss")
    for sign in "-/":
        for middle in (" ", "T"):
            clock = f"YYYY{sign}MM{sign}DD{middle}hh:mm:ss"
            yield from (clock, f"{clock}.#", f"{clock}.###", f"{clock}.######", f"{clock}+08:00")


@cache
def _forms() -> dict[int, list[_Form]]:
    forms: dict[int, list[_Form]] = {}
    for form in [*map(_Form, _templates()), _EpochForm()]:
        forms.setdefault(form.width, []).append(form)
    return forms


@cache
def _day_table() -> Ints:
    """Give days since 1970 by (year, month, day) within the years known, for one lookup instead of arithmetic."""
    table = np.full((m.LAST.year - m.FIRST.year + 1, 12, 31), _NONE, np.int32)
    for number in range(FIRST_DAY, LAST_DAY + 1):
        day: date = m.EPOCH + timedelta(days=number)
        table[day.year - m.FIRST.year, day.month - 1, day.day - 1] = number
    return table.reshape(-1)


def _days(year: Ints, month: Ints, day: Ints) -> Ints:
    """Give days since 1970; a very small number for a day that is not in the calendar or outside the years known."""
    known = (year >= m.FIRST.year) & (year <= m.LAST.year) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    place = ((year - m.FIRST.year) * 12 + (month - 1)) * 31 + (day - 1)
    found: Ints = _day_table().take(np.where(known, place, 0))
    if not known.all():
        found[~known] = _NONE
    return found


def _instant(days: Ints, clock: tuple[Ints, Ints, Ints], ahead: Ints | int = m.ZONE) -> tuple[Ints, Ints]:
    """Add a time of day, given in a zone so many seconds ahead of UTC, and give day and second in Asia/Shanghai."""
    hour, minute, second = clock
    wrong = (hour > 23) | (minute > 59) | (second > 59) | (days == _NONE) | (ahead == _NONE)
    shift, seconds = np.divmod(hour * 3600 + minute * 60 + second + (m.ZONE - np.maximum(ahead, -m.DAY)), m.DAY)
    return np.where(wrong, _NONE, days + shift).astype(np.int32), seconds.astype(np.int32)


def _by_grammar(series: pl.Series) -> tuple[Ints, Ints]:
    """Read what fits no form of fixed width, by the regular expressions."""
    plain = pl.col("x").str.replace_many([chr(code) for code in m.PLAIN], list(m.PLAIN.values()))
    frame = series.to_frame("x").select(plain.str.replace_all(" {2,}", " ").str.strip_chars(" ").alias("x"))
    frame = frame.with_columns(
        pl.col("x").str.extract_groups(f"^(?:{pattern})$").alias(name)
        for name, pattern in (("spaced", m.SPACED), ("compact", m.COMPACT), ("chinese", m.CHINESE))
    ).select(
        *(_part(name) for name in ("y", "m", "d", "h", "mi", "s")),
        pl.col("spaced").struct.field("zone"),
        pl.when(pl.col("x").str.contains(f"^{m.EPOCH_MS}$")).then(pl.col("x")).cast(pl.Int64).alias("epoch"),
    )
    numbers = {name: frame[name].to_numpy() for name in ("y", "m", "d", "h", "mi", "s")}
    clock = (numbers["h"], numbers["mi"], numbers["s"])
    days, seconds = _instant(_days(numbers["y"], numbers["m"], numbers["d"]), clock, _ahead(frame["zone"]))
    epoch = frame["epoch"].is_not_null().to_numpy()
    if epoch.any():
        whole, second = np.divmod(frame["epoch"].drop_nulls().to_numpy() // 1000 + m.ZONE, m.DAY)
        days[epoch], seconds[epoch] = whole, second
    return days, seconds


def _part(name: str) -> pl.Expr:
    """Give one part of the moment from whichever way of writing matched; 0 where none did."""
    ways = [pl.col("spaced").struct.field(name), pl.col("compact").struct.field(name)]
    if name in ("y", "m", "d"):
        chinese = pl.col("chinese").struct.field(name)
        if name == "y":
            ways.append(chinese.str.replace_many(list(m.YEAR_DIGITS), list(m.YEAR_DIGITS.values())))
        else:
            ways.append(chinese.replace({"元": "1", **m.NUMERALS}))
    return pl.coalesce(ways).cast(pl.Int32, strict=False).fill_null(0).alias(name)


def _ahead(zone: pl.Series) -> Ints:
    """Give the seconds a column of zones is ahead of UTC; a very small number for a zone that does not exist."""
    if zone.null_count() == len(zone):
        return np.full(len(zone), m.ZONE, np.int32)
    text = pl.col("zone")
    hours = text.str.slice(1, 2).cast(pl.Int32, strict=False)
    minutes = text.str.slice(3).str.strip_prefix(":").cast(pl.Int32, strict=False).fill_null(0)
    sign = pl.when(text.str.starts_with("-")).then(-1).otherwise(1)
    ahead = pl.when((hours <= 14) & (minutes <= 59)).then(sign * (hours * 3600 + minutes * 60)).otherwise(_NONE)
    ahead = pl.when(text.is_null()).then(m.ZONE).when(text == "Z").then(0).otherwise(ahead)
    return zone.to_frame("zone").select(ahead.cast(pl.Int32).alias("zone"))["zone"].to_numpy()
