"""How a column holds the time of a row's last change: date types, epochs, digits, or text in a sortable form.

A watermark is kept in the source's own spelling and precision. To read again what lies inside the overlap, it is
turned into an instant, moved back, and turned into the lowest value of that column that must still be read. Whatever
is rounded is rounded down, so that more is read rather than less.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

__all__ = ["DayStamp", "DigitsStamp", "EpochStamp", "Native", "Stamp", "TextStamp", "TimeStamp", "recognise"]

Native = datetime | date | int | float | str
"""A value of the column as the database driver takes it."""


@dataclass(frozen=True)
class Stamp(ABC):
    """One way to write a time of change; ``zone`` is that of values which name none."""

    zone: ZoneInfo

    @abstractmethod
    def instant(self, text: str) -> datetime:
        """Give the aware moment a watermark text means; raises ValueError when it means none."""

    @abstractmethod
    def native(self, moment: datetime) -> Native:
        """Give the greatest value of the column that is not later than the moment."""

    def write(self, value: Native) -> str:
        """Give the watermark text of a value, in full precision."""
        return str(value)

    def means(self, text: str) -> bool:
        """Say whether a watermark text means a moment."""
        try:
            self.instant(text)
        except (ValueError, ArithmeticError):
            return False
        return True

    def readable(self, value: Native) -> bool:
        """Say whether a value means a moment."""
        return self.means(self.write(value))

    def sort_key(self, column: pl.Expr) -> pl.Expr:
        """Give the column in the order the database sorts it, comparable with ``native``."""
        return column

    @property
    def floor(self) -> Native:
        """Lowest value that can be the time of a change.

        What sorts below it (0000-00-00, -infinity, 0, 1899-12-30, 1970-01-01) stands for none whatever the type of the
        column, and would never come into a window again.
        """
        return self.start_of(_FIRST_DAY)

    @property
    def mask(self) -> str | None:
        """LIKE pattern every value that sorts in time fits; None where the column is no text."""
        return None

    @property
    def astray(self) -> tuple[str, ...]:
        """LIKE patterns of values that fit the mask but do not sort in time among the others."""
        return ()

    def lowest(self, text: str, overlap: timedelta) -> Native:
        """Give the lowest value to read again when reading had come to ``text``.

        Where clocks were put back soon after that moment (as in China until 1991), what was written behind it may
        sort before it: so much more is read.
        """
        moment = _back(self.instant(text), overlap)
        soon = moment + _CHANGE_OF_CLOCKS
        put_back = _offset(moment, self.zone) - _offset(soon, self.zone)
        return self.native(_back(moment, put_back) if put_back > timedelta() else moment)

    def start_of(self, day: date) -> Native:
        """Give the lowest value that belongs to the day or a later one."""
        return self.native(datetime.combine(day, time(), self.zone))


_FIRST_DAY = date(1971, 1, 1)
"""Later than every day programs write for "unknown", earlier than any register kept by a computer."""
_CHANGE_OF_CLOCKS = timedelta(hours=3)
"""Longer than clocks are ever put back, and too short for two such changes."""


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _back(moment: datetime, overlap: timedelta) -> datetime:
    earliest = datetime(1, 1, 2, tzinfo=UTC)
    moment = moment.astimezone(UTC) if moment > earliest else earliest
    return moment - overlap if moment - earliest > overlap else earliest


@dataclass(frozen=True)
class TimeStamp(Stamp):
    """A timestamp column, with or without time zone."""

    aware: bool = False

    def instant(self, text: str) -> datetime:
        """Read ISO 8601; a text without offset is in the source's zone."""
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def native(self, moment: datetime) -> datetime:
        """Give the moment in the source's zone, without zone where the column has none."""
        local = moment.astimezone(self.zone)
        return local if self.aware else local.replace(tzinfo=None)

    def write(self, value: Native) -> str:
        """Give ISO 8601 with all six decimals."""
        if not isinstance(value, datetime):
            raise TypeError(f"not a timestamp: {type(value).__name__}")
        return value.isoformat(sep="T", timespec="microseconds")


@dataclass(frozen=True)
class DayStamp(Stamp):
    """A date column: a whole day is read again, as nothing says when in the day a row changed."""

    def instant(self, text: str) -> datetime:
        """Give the first moment of the day."""
        return datetime.combine(date.fromisoformat(text), time(), self.zone)

    def native(self, moment: datetime) -> date:
        """Give the day in the source's zone."""
        return moment.astimezone(self.zone).date()

    def write(self, value: Native) -> str:
        """Give ``YYYY-MM-DD``."""
        if isinstance(value, datetime) or not isinstance(value, date):
            raise TypeError(f"not a date: {type(value).__name__}")
        return value.isoformat()


@dataclass(frozen=True)
class EpochStamp(Stamp):
    """A number of seconds, milliseconds or microseconds since 1970 (``per_second`` 1, 1000, 1000000)."""

    per_second: int = 1000
    as_text: bool = False
    """Whether the frame holds the number as text, as decimals are read to keep them exact."""

    def instant(self, text: str) -> datetime:
        """Read the number exactly; fractions of a microsecond are cut off."""
        microseconds = int(Decimal(text) * (1_000_000 // self.per_second))
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)

    def native(self, moment: datetime) -> int:
        """Give the whole number at or before the moment."""
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        return (since // timedelta(microseconds=1)) * self.per_second // 1_000_000

    def sort_key(self, column: pl.Expr) -> pl.Expr:
        """Give the number, which decimals hold as text."""
        return column.cast(pl.Float64, strict=False) if self.as_text else column


@dataclass(frozen=True)
class DigitsStamp(Stamp):
    """A whole number whose digits are a date, or a date and a time: 20261123 or 20261123023000."""

    form: str = "%Y%m%d%H%M%S"
    as_text: bool = False

    def instant(self, text: str) -> datetime:
        """Read the digits in the source's zone."""
        return datetime.strptime(text, self.form).replace(tzinfo=self.zone)

    def native(self, moment: datetime) -> int:
        """Give the digits of the moment in the source's zone."""
        return int(_formatted(moment.astimezone(self.zone), self.form))

    def sort_key(self, column: pl.Expr) -> pl.Expr:
        """Give the number, which decimals hold as text."""
        return column.cast(pl.Int64, strict=False) if self.as_text else column


@dataclass(frozen=True)
class TextStamp(Stamp):
    """A text that sorts in time, in one fixed form; rows in another form count as rows without time of change."""

    form: str = "%Y-%m-%d %H:%M:%S"
    offset: str = ""
    """What follows the time in every row: empty, ``Z`` or ``+08:00``."""

    @property
    def _fixed(self) -> str:
        fixed = self.form.replace("%Y", "____")
        for part in ("%m", "%d", "%H", "%M", "%S"):
            fixed = fixed.replace(part, "__")
        return fixed

    @property
    def mask(self) -> str:
        """Give the form as a LIKE pattern: decimals may follow, and the offset of the other rows must."""
        return f"{self._fixed}%{self.offset}" if "%H" in self.form else self._fixed

    @property
    def astray(self) -> tuple[str, ...]:
        """Give what the mask lets through: an offset where the others have none, dashes where they have none."""
        offsets = ("Z%", "+%", "-%") if "%H" in self.form and not self.offset else ()
        dashes = ("-", "/", ".") if self.form.startswith("%Y%m") else ()
        return (*(f"{self._fixed}%{offset}" for offset in offsets), *(f"____{dash}%" for dash in dashes))

    def instant(self, text: str) -> datetime:
        """Read the fixed part, then decimals and offset."""
        width = len(self._fixed)
        head, tail = text[:width], text[width:]
        found = _TAIL.fullmatch(tail)
        if found is None:
            raise ValueError("not in the form of the column")
        moment = datetime.strptime(head, self.form).replace(tzinfo=_zone(found["zone"]) or self.zone)
        return moment + timedelta(microseconds=int((found["decimals"] or "0")[:6].ljust(6, "0")))

    def native(self, moment: datetime) -> str:
        """Give the text of the moment, cut to the precision of the form."""
        return _formatted(moment.astimezone(_zone(self.offset) or self.zone), self.form)


_TAIL = re.compile(r"(?:[.]?(?P<decimals>[0-9]{1,9}))?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?")
_TEXT = re.compile(
    r"[0-9]{4}(?P<sep>[-/.]?)[0-9]{2}(?P=sep)[0-9]{2}"
    r"(?:(?P<joint>[ T]?)[0-9]{2}(?P<colon>:?)[0-9]{2}(?P<seconds>(?P=colon)[0-9]{2})?(?P<tail>.*))?"
)


def _formatted(moment: datetime, form: str) -> str:
    # strftime does not pad years below 1000 on every platform, and text must keep its width to sort.
    return moment.strftime(form.replace("%Y", f"{moment.year:04d}"))


def _zone(offset: str | None) -> tzinfo | None:
    return datetime.strptime(offset.replace("Z", "+0000"), "%z").tzinfo if offset else None


def recognise(values: Sequence[object], zone: ZoneInfo) -> Stamp | None:
    """Say how a column without a date type holds its times, judging by some of its values; None when it holds none.

    Most values decide: the few dirty ones become rows without time of change.
    """
    votes = Counter(stamp for value in values if (stamp := _stamp_of(value, zone)) is not None)
    return votes.most_common(1)[0][0] if votes else None


def _stamp_of(value: object, zone: ZoneInfo) -> Stamp | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        return _stamp_of_number(Decimal(str(value)), zone)
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return _stamp_of_text(value, zone) if isinstance(value, str) else None


def _stamp_of_number(number: Decimal, zone: ZoneInfo) -> Stamp | None:
    if number == number.to_integral_value():
        for form, low, high in (
            ("%Y%m%d%H%M%S", 19_000_101_000_000, 21_001_231_235_959),
            ("%Y%m%d", 19_000_101, 21_001_231),
        ):
            stamp = DigitsStamp(zone, form)
            if low <= number <= high and stamp.readable(int(number)):
                return stamp
    for per_second in (1, 1_000, 1_000_000):
        if 300_000_000 <= number / per_second <= 4_200_000_000:  # 1979 to 2103: a counter is not taken for a time
            return EpochStamp(zone, per_second)
    return None


def _stamp_of_text(text: str, zone: ZoneInfo) -> Stamp | None:
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    sep = found["sep"]
    form = f"%Y{sep}%m{sep}%d"
    if found["colon"] is not None:
        form += f"{found['joint']}%H{found['colon']}%M" + (f"{found['colon']}%S" if found["seconds"] else "")
    tail = _TAIL.fullmatch(found["tail"] or "")
    if tail is None:
        return None
    stamp = TextStamp(zone, form, tail["zone"] or "")
    return stamp if stamp.readable(text) else None
