"""Values while an expression is compiled: a Polars expression with its kind, and how kinds meet.

Every kind is computed in one Polars type: text String, integer Int64, decimal Decimal(38, 6) below 10^15, date Date,
timestamp Datetime in microseconds and Asia/Shanghai, boolean Boolean. What does not fit becomes null. So an
expression never fails on data: no overflow, no unlike types, no impossible day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from ecqs_gateway.mapping.expr_types import ExprType
from ecqs_gateway.model.columns import exactly

__all__ = [
    "DTYPES",
    "Literal",
    "Unfit",
    "Value",
    "bounded",
    "common_kind",
    "convert",
    "day_of",
    "from_column",
    "literal",
    "to_date",
]

Literal = str | int | Decimal | bool | date | None

_SCALE = 6
_LIMIT = Decimal(10) ** 15
_DECIMAL = pl.Decimal(38, _SCALE)
_NARROW = pl.Decimal(15 + _SCALE, _SCALE)
_TIMESTAMP = pl.Datetime("us", "Asia/Shanghai")
DTYPES: dict[ExprType, pl.DataType] = {
    ExprType.TEXT: pl.String(),
    ExprType.INTEGER: pl.Int64(),
    ExprType.DECIMAL: _DECIMAL,
    ExprType.DATE: pl.Date(),
    ExprType.TIMESTAMP: _TIMESTAMP,
    ExprType.BOOLEAN: pl.Boolean(),
    ExprType.NULL: pl.Null(),
}
_TEXT_LIKE = (pl.String, pl.Categorical, pl.Enum, pl.Time, pl.Null)


class Unfit(ValueError):
    """A kind does not fit where it stands; the text is a hint for the writer of the expression."""


@dataclass(frozen=True)
class Value:
    """A part of an expression: its kind, its Polars expression, and what is known of it before it runs.

    ``constant`` is true when no column is read; ``written`` when it stands in the text as a literal. ``literal`` is
    then its value, also for a constant that was computed. ``growth`` bounds how many times longer than its source a
    text can become, ``weight`` is the size of the Polars expression: a part that is used twice counts twice, in
    planning and in running.
    """

    kind: ExprType
    expr: pl.Expr
    constant: bool = False
    written: bool = False
    literal: Literal = None
    growth: float = 1.0
    weight: int = 1


def literal(value: Literal) -> Value:
    """Give the value of a literal."""
    kind = _kind_of(value)
    return Value(kind, pl.lit(value, dtype=DTYPES[kind]), constant=True, written=True, literal=value)


def _kind_of(value: Literal) -> ExprType:
    if value is None:
        return ExprType.NULL
    if isinstance(value, bool):
        return ExprType.BOOLEAN
    if isinstance(value, datetime):
        return ExprType.TIMESTAMP
    for python, kind in (
        (str, ExprType.TEXT),
        (int, ExprType.INTEGER),
        (Decimal, ExprType.DECIMAL),
        (date, ExprType.DATE),
    ):
        if isinstance(value, python):
            return kind
    raise TypeError(type(value).__name__)


def from_column(name: str, dtype: pl.DataType | None, *, canonical: bool = False) -> Value:
    """Give the value of a column, brought to the Polars type of its kind; raises Unfit for binary, lists and such.

    An unknown type (None) counts as text. Canonical dates and times lie within the calendar; those of a source may not.
    """
    column = exactly(name)
    base = pl.Object if dtype is None else dtype.base_type()
    if dtype is None or base in _TEXT_LIKE:
        found = Value(ExprType.TEXT, column if base is pl.String else column.cast(pl.String, strict=False))
    elif base is pl.Boolean:
        found = Value(ExprType.BOOLEAN, column)
    elif base.is_integer():
        found = Value(ExprType.INTEGER, column if base is pl.Int64 else column.cast(pl.Int64, strict=False))
    elif base.is_float():
        finite = pl.when(column.is_finite()).then(column)
        found = Value(ExprType.DECIMAL, bounded(finite.cast(_DECIMAL, strict=False)))
    elif base.is_decimal():
        found = Value(ExprType.DECIMAL, bounded(column.cast(_DECIMAL, strict=False)))
    elif base is pl.Date:
        found = Value(ExprType.DATE, column if canonical else _within_calendar(column, days=1))
    elif isinstance(dtype, pl.Datetime):
        within = column if canonical else _within_calendar(column, days=_PER_DAY[dtype.time_unit])
        found = Value(ExprType.TIMESTAMP, _in_shanghai(within, dtype))
    else:
        raise Unfit(f"holds {base.__name__} values, which expressions cannot use")
    return found


_FIRST_DAY = (date(1, 1, 1) - date(1970, 1, 1)).days
_LAST_DAY = (date(9999, 12, 31) - date(1970, 1, 1)).days
_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def _within_calendar(moment: pl.Expr, *, days: int) -> pl.Expr:
    """Give a date or timestamp, or null outside the years 1 to 9999; ``days`` is the length of a day in its units.

    PostgreSQL's ``infinity`` arrives as such a value, and Polars cannot compute with it.
    """
    number = moment.to_physical().cast(pl.Int64)
    lowest, highest = max(_FIRST_DAY * days, -(2**63) + 1), min((_LAST_DAY + 1) * days, 2**63 - 1)
    return pl.when((number >= lowest) & (number < highest)).then(moment)


def day_of(number: pl.Expr) -> pl.Expr:
    """Give the date so many days after 1970-01-01, or null outside the years 1 to 9999.

    The number is named once only: in a chain of date functions each mention would double the work.
    """
    return number.map_batches(_days, return_dtype=pl.Date(), is_elementwise=True)


def _days(numbers: pl.Series) -> pl.Series:
    least, most = numbers.min(), numbers.max()
    if isinstance(least, int) and isinstance(most, int) and not _FIRST_DAY <= least <= most <= _LAST_DAY:
        below, above = _FIRST_DAY - 1, _LAST_DAY + 1
        numbers = numbers.clip(below, above).replace([below, above], [None, None])
    return numbers.cast(pl.Int32).cast(pl.Date)


def _in_shanghai(column: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    if dtype.time_zone is None:
        # Clocks in China were put forward and back from 1986 to 1991: hours that did not exist become null.
        column = column.dt.replace_time_zone("Asia/Shanghai", ambiguous="null", non_existent="null")
    elif dtype.time_zone != "Asia/Shanghai":
        column = column.dt.convert_time_zone("Asia/Shanghai")
    return column if dtype.time_unit == "us" else column.dt.cast_time_unit("us")


def bounded(number: pl.Expr) -> pl.Expr:
    """Give a decimal, or null where it has more than 15 digits before the point: two such never overflow."""
    return number.cast(_NARROW, strict=False).cast(_DECIMAL)


def common_kind(values: Iterable[Value]) -> ExprType:
    """Give the kind in which values can be compared or stand in one column; raises Unfit when there is none.

    Integers meet decimals as decimals, dates meet timestamps as timestamps, and a text literal that spells a date
    meets dates.
    """
    values = list(values)
    kinds = {value.kind for value in values} - {ExprType.NULL}
    if kinds <= {ExprType.INTEGER, ExprType.DECIMAL} and len(kinds) == 2:
        return ExprType.DECIMAL
    if ExprType.TEXT in kinds and kinds & {ExprType.DATE, ExprType.TIMESTAMP}:
        if any(v.kind is ExprType.TEXT and not (v.written and _iso(v.literal)) for v in values):
            raise Unfit("write date('2020-01-31') for a date, or date(…) around a text column")
        kinds.discard(ExprType.TEXT)
    if kinds == {ExprType.DATE, ExprType.TIMESTAMP}:
        return ExprType.TIMESTAMP
    if len(kinds) > 1:
        raise Unfit(_advice(kinds))
    return kinds.pop() if kinds else ExprType.NULL


def _advice(kinds: set[ExprType]) -> str:
    if ExprType.TEXT in kinds and kinds <= {ExprType.TEXT, ExprType.INTEGER, ExprType.DECIMAL}:
        return "put the number in single quotes, or write CAST(… AS integer) around the text"
    if ExprType.BOOLEAN in kinds:
        return "a condition is compared with TRUE or FALSE only"
    return "bring both sides to one type with CAST(… AS …)"


def _iso(text: Literal) -> date | None:
    if not isinstance(text, str) or len(text) != 10:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def convert(value: Value, kind: ExprType) -> Value:
    """Bring a value to a kind that ``common_kind`` found for it; other pairs raise Unfit."""
    if value.kind is kind:
        return value
    if value.kind is ExprType.NULL:
        return replace(value, kind=kind, expr=pl.lit(None, dtype=DTYPES[kind]))
    if (value.kind, kind) == (ExprType.INTEGER, ExprType.DECIMAL):
        if isinstance(value.literal, int):
            number = Decimal(value.literal)
            fits = abs(number) < _LIMIT
            return replace(value, kind=kind, literal=number, expr=pl.lit(number if fits else None, dtype=_DECIMAL))
        return replace(value, kind=kind, expr=bounded(value.expr.cast(_DECIMAL, strict=False)))
    if value.kind is ExprType.TEXT and kind in {ExprType.DATE, ExprType.TIMESTAMP} and value.written:
        day = _iso(value.literal)
        if day is not None:
            return convert(literal(day), kind)
    if (value.kind, kind) == (ExprType.DATE, ExprType.TIMESTAMP):
        moment = value.expr.cast(pl.Datetime("us"), strict=False)
        moment = moment.dt.replace_time_zone("Asia/Shanghai", ambiguous="null", non_existent="null")
        return replace(value, kind=kind, expr=moment)
    raise Unfit(_advice({value.kind, kind}))


def to_date(value: Value) -> Value:
    """Give the day of a date or timestamp; text only when it is a literal that spells a date."""
    if value.kind is ExprType.TIMESTAMP:
        return replace(value, kind=ExprType.DATE, expr=value.expr.dt.date(), written=False, literal=None)
    return convert(value, ExprType.DATE)
