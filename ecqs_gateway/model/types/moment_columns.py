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

from ecqs_gateway.model.types import columns
from ecqs_gateway.model.types import moments as m
from ecqs_gateway.model.types.base import FieldProblem
from ecqs_gateway.model.types.columns import BoolRows, Bytes, Utf8
from ecqs_gateway.model.types.source import SHANGHAI, text_series

__all__ = ["FIRST_DAY", "LAST_DAY", "Moments", "read_column"]

Ints = NDArray[np.int32]

FIRST_DAY, LAST_DAY = (m.FIRST - m.EPOCH).days, (m.LAST - m.EPOCH).days
_NONE = np.iinfo(np.int32).min
_WORTH_A_FORM = 16  # rows: fewer of one width are read faster one by one


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
        rows, matrix = text.fixed(width) if width in _forms() else (_NO_ROWS, _NO_BYTES)
        for form in _forms().get(width, ()):
            if rows.size < max(1, min(_WORTH_A_FORM, columns.FEW)):
                break
            fits = form.fits(matrix)
            if not fits.any():
                continue
            found_days, found_seconds = form.read(matrix)
            all_fit = fits.all()
            if all_fit and rows.size == len(text):
                return _moments(found_days, found_seconds)  # the whole column in one form, as most are
            hit = rows if all_fit else rows[fits]
            days[hit] = found_days if all_fit else found_days[fits]
            if form.clock:
                seconds[hit] = found_seconds if all_fit else found_seconds[fits]
            left[hit] = False
            rows, matrix = (_NO_ROWS, _NO_BYTES) if all_fit else (rows[~fits], matrix[np.flatnonzero(~fits)])
    odd = np.flatnonzero(left)
    if odd.size > columns.FEW:
        days[odd], seconds[odd] = _by_grammar(series.gather(odd))
    elif odd.size:
        days[odd], seconds[odd] = _one_by_one([series[row] for row in odd.tolist()])
    return _moments(days, seconds)


_NO_ROWS, _NO_BYTES = np.zeros(0, np.intp), np.zeros((0, 1), np.uint8)
_NOT_ONE = np.ones(256, bool)
_NOT_ONE[48:58] = False
_NOT_TWO = (_NOT_ONE[None, :] | _NOT_ONE[:, None]).reshape(-1)  # by the pair of two bytes, the first one lowest
_ONE_DIGIT = np.where(_NOT_ONE, 0, np.arange(256) - 48).astype(np.int32)
_TWO_DIGITS = (_ONE_DIGIT[None, :] * 10 + _ONE_DIGIT[:, None]).reshape(-1)
_OUT = 511  # a month and day that are in no year


class _Form:
    """One way of writing a moment in a fixed number of bytes: ``YYYY-MM-DD hh:mm:ss``, ``#`` for an unread digit."""

    def __init__(self, template: str) -> None:
        signs = template.encode()
        self.width = len(signs)
        self._fields = {sign: _runs([i for i, byte in enumerate(signs) if byte == ord(sign)]) for sign in "YMDhms#"}
        self._literals = [(i, byte) for i, byte in enumerate(signs) if byte not in b"YMDhms#"]

    @property
    def clock(self) -> bool:
        """True when a time of day is part of it."""
        return bool(self._fields["h"])

    def fits(self, matrix: Bytes) -> BoolRows:
        """Say which rows are written in this way."""
        good = np.ones(matrix.shape[0], bool)
        for place, byte in self._literals:
            good &= matrix[:, place] == byte
        if not good.any():
            return good
        for runs in self._fields.values():
            for place, count in runs:
                wrong = _NOT_TWO.take(columns.pairs(matrix, place)) if count == 2 else _NOT_ONE.take(matrix[:, place])
                good &= ~wrong
        return good

    def read(self, matrix: Bytes) -> tuple[Ints, Ints]:
        """Give day and second of rows that are written in this way; for others, anything.

        The day is a very small number where the calendar has none.
        """
        parts = {sign: self._number(matrix, runs) for sign, runs in self._fields.items() if runs and sign != "#"}
        days = _days(parts["Y"], parts["M"], parts["D"])
        if "h" not in parts:
            return days, np.zeros_like(days)
        hour, minute, second = parts["h"], parts["m"], parts["s"]
        wrong = (hour > 23) | (minute > 59) | (second > 59)
        if wrong.any():
            days[wrong] = _NONE
        return days, hour * 3600 + minute * 60 + second

    def _number(self, matrix: Bytes, runs: list[tuple[int, int]]) -> Ints:
        number: Ints | None = None
        for place, count in runs:
            if count == 2:
                part, power = _TWO_DIGITS.take(columns.pairs(matrix, place)), 100
            else:
                part, power = _ONE_DIGIT.take(matrix[:, place]), 10
            number = part if number is None else number * power + part
        assert number is not None  # noqa: S101  every field asked for has digits
        return number


class _EpochForm(_Form):
    """Milliseconds since 1970 in 13 digits, as Java and e-CQS give them."""

    def __init__(self) -> None:
        super().__init__("#" * 13)

    @property
    def clock(self) -> bool:
        """A time of day is always part of it."""
        return True

    def read(self, matrix: Bytes) -> tuple[Ints, Ints]:
        """Give day and second in Asia/Shanghai."""
        number = np.zeros(matrix.shape[0], np.int64)
        for place in range(0, 10, 2):  # the last three digits are below a second
            number = number * 100 + _TWO_DIGITS.take(columns.pairs(matrix, place))
        days, seconds = np.divmod(number + m.ZONE, m.DAY)
        return days.astype(np.int32), seconds.astype(np.int32)


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Take places of digits two at a time where they are neighbours: (place, how many)."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1] == (place - 1, 1):
            runs[-1] = (place - 1, 2)
        else:
            runs.append((place, 1))
    return runs


def _templates() -> Iterator[str]:
    yield from ("YYYYMMDD", "YYYYMMDDhhmmss")  # before YYYY-M-D, which is as wide
    for month in ("MM", "M"):
        for day in ("DD", "D"):
            yield from (f"YYYY{sign}{month}{sign}{day}" for sign in "-/.")
            yield f"YYYY年{month}月{day}日"
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
def _places_in_year() -> Ints:
    """Give the place of a month and day (128 times the month plus the day) in a leap year, ``_OUT`` for none."""
    table = np.full(128 * 128, _OUT, np.int32)
    for place in range(366):
        day = date(2000, 1, 1) + timedelta(days=place)
        table[day.month * 128 + day.day] = place
    return table


@cache
def _day_table() -> Ints:
    """Give days since 1970 by year and place in it, 512 a year, with an empty year at either end."""
    table = np.full((m.LAST.year - m.FIRST.year + 3, 512), _NONE, np.int32)
    numbers = np.arange(FIRST_DAY, LAST_DAY + 1)
    days = numbers.astype("M8[D]")
    months, years = days.astype("M8[M]"), days.astype("M8[Y]")
    month, day = (months - years).astype(int) + 1, (days - months).astype(int) + 1
    table[(years - np.datetime64(m.FIRST, "Y")).astype(int) + 1, _places_in_year()[month * 128 + day]] = numbers
    return table.reshape(-1)


def _days(year: Ints, month: Ints, day: Ints) -> Ints:
    """Give days since 1970 for numbers of at most four and two digits.

    A very small number stands for a day that is not in the calendar or outside the years known.
    """
    row = np.clip(year - (m.FIRST.year - 1), 0, m.LAST.year - m.FIRST.year + 2)
    return _day_table().take(row * 512 + _places_in_year().take(month * 128 + day))


def _instant(days: Ints, clock: tuple[Ints, Ints, Ints], ahead: Ints | int = m.ZONE) -> tuple[Ints, Ints]:
    """Add a time of day, given in a zone so many seconds ahead of UTC, and give day and second in Asia/Shanghai."""
    hour, minute, second = clock
    wrong = (hour > 23) | (minute > 59) | (second > 59) | (days == _NONE) | (ahead == _NONE)
    shift, seconds = np.divmod(hour * 3600 + minute * 60 + second + (m.ZONE - np.maximum(ahead, -m.DAY)), m.DAY)
    return np.where(wrong, _NONE, days + shift).astype(np.int32), seconds.astype(np.int32)


def _one_by_one(texts: list[str]) -> tuple[Ints, Ints]:
    """Read a few texts that fit no form of fixed width, each by itself."""
    days, seconds = np.full(len(texts), _NONE, np.int32), np.zeros(len(texts), np.int32)
    for place, text in enumerate(texts):
        try:
            moment = m.read_text(text)
        except FieldProblem:
            continue
        days[place], seconds[place] = (moment.day - m.EPOCH).days, moment.second or 0
    return days, seconds


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
