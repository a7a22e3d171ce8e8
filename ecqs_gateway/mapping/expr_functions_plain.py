"""Functions on values of any kind, on numbers and on dates."""

from __future__ import annotations

import polars as pl

from ecqs_gateway.mapping.expr_functions import (
    ANY,
    DATE,
    INTEGER,
    NUMBER,
    TEXT,
    Call,
    Function,
    day,
    integer,
    number,
    param,
    same_kind,
)
from ecqs_gateway.mapping.expr_types import ExprType
from ecqs_gateway.mapping.expr_values import Value, bounded, day_of, literal
from ecqs_gateway.model.types import BusinessDate, FieldProblem

__all__ = ["FUNCTIONS"]

_FAR_DAYS = 4_000_000
_FAR_MONTHS = 200_000


def _coalesce(call: Call) -> Value:
    kind, values = same_kind(call)
    values = [value for value in values if not value.constant or value.literal is not None] or values[:1]
    # What comes after a constant is never reached, and Polars would give one value instead of one per row.
    end = next((place for place, value in enumerate(values) if value.constant), len(values) - 1)
    values = values[: end + 1]
    found = pl.coalesce([value.expr for value in values]) if len(values) > 1 else values[0].expr
    return Value(kind, found, growth=max(value.growth for value in values))


def _nullif(call: Call) -> Value:
    kind, (value, unwanted) = same_kind(call)
    same = unwanted.expr == value.expr if value.constant else value.expr == unwanted.expr
    return Value(kind, pl.when(same).then(None).otherwise(value.expr), growth=value.growth)


def _extreme(call: Call, *, greatest: bool) -> Value:
    kind, values = same_kind(call)
    if kind is ExprType.BOOLEAN:
        raise call.fail("conditions have no order", code="ECQS-1104")
    exprs = [value.expr for value in values]
    found = pl.max_horizontal(exprs) if greatest else pl.min_horizontal(exprs)
    return Value(kind, found, growth=max(value.growth for value in values))


def _abs(call: Call) -> Value:
    value = call.args[0]
    if value.kind is ExprType.INTEGER:
        # The most negative integer has no positive twin in 64 bits.
        return integer(value.expr.cast(pl.Int128).abs())
    return number(value.expr.abs(), value)


def _round(call: Call) -> Value:
    value, *places = call.args
    digits = places[0].literal if places and isinstance(places[0].literal, int) else 0
    if not 0 <= digits <= 6:
        raise call.fail("the number of decimal places is from 0 to 6", arg=1)
    if value.kind is ExprType.INTEGER:
        return number(value.expr, value)
    rounded = value.expr.round(digits, mode="half_away_from_zero")
    return number(bounded(rounded), value) if places else integer(rounded)


def _whole(call: Call, *, up: bool) -> Value:
    value = call.args[0]
    if value.kind is ExprType.INTEGER:
        return number(value.expr, value)
    return integer(-((-value.expr).floor()) if up else value.expr.floor())


def _date(call: Call) -> Value:
    value = call.args[0]
    if value.kind is ExprType.TIMESTAMP:
        return day(value.expr.dt.date())
    if value.kind is ExprType.DATE:
        return value
    if isinstance(value.literal, str):
        try:
            return literal(BusinessDate().read(value.literal))
        except FieldProblem:
            raise call.fail("this text is not a date", hint="write it as date('2020-01-31')") from None
    return day(BusinessDate().read_expr(value.expr))


def _date_add(call: Call) -> Value:
    start, count = call.args
    return day(day_of(start.expr.to_physical().cast(pl.Int64) + count.expr.clip(-_FAR_DAYS, _FAR_DAYS)))


def _add_months(call: Call, per: int) -> Value:
    """Move by whole months; Polars goes to the last day of a shorter month by itself."""
    start, count = call.args
    if isinstance(count.literal, int):
        moved = start.expr.dt.offset_by(f"{max(-_FAR_MONTHS, min(count.literal * per, _FAR_MONTHS))}mo")
    else:
        months = count.expr.clip(-_FAR_MONTHS, _FAR_MONTHS) * per
        words = pl.concat_str(months.clip(-_FAR_MONTHS, _FAR_MONTHS).cast(pl.String), pl.lit("mo"))
        moved = start.expr.dt.offset_by(words)
    return day(day_of(moved.to_physical().cast(pl.Int64)))


def _days_between(call: Call) -> Value:
    first, last = (value.expr.to_physical().cast(pl.Int64) for value in call.args)
    return integer(last - first)


_D = param("date", DATE)
_N = param("number", NUMBER)
_VALUES = "Any value"
_NUMBERS = "Numbers"
_DATES = "Dates"

FUNCTIONS = (
    Function(
        "coalesce",
        (param("value", ANY), param("value", ANY, many=True)),
        "as its values",
        "The first value that is not null.",
        ("coalesce(NULL, '无', '有')", "'无'"),
        _coalesce,
        _VALUES,
    ),
    Function(
        "nullif",
        (param("value", ANY), param("unwanted", ANY)),
        "as its values",
        "Null where the value is the unwanted one.",
        ("nullif('/', '/')", "NULL"),
        _nullif,
        _VALUES,
        uses=2,
    ),
    Function(
        "least",
        (param("value", ANY), param("value", ANY, many=True)),
        "as its values",
        "The smallest or earliest value; nulls are left out.",
        ("least(date('2020-05-01'), NULL, date('2020-04-01'))", "date('2020-04-01')"),
        lambda c: _extreme(c, greatest=False),
        _VALUES,
    ),
    Function(
        "greatest",
        (param("value", ANY), param("value", ANY, many=True)),
        "as its values",
        "The largest or latest value; nulls are left out.",
        ("greatest(3, 10, NULL)", "10"),
        lambda c: _extreme(c, greatest=True),
        _VALUES,
    ),
    Function("abs", (_N,), "as its number", "The number without its sign.", ("abs(-2.5)", "2.5"), _abs, _NUMBERS),
    Function(
        "round",
        (_N, param("places", INTEGER, written=True, optional=True)),
        "integer, or decimal with places",
        "Rounds to so many decimal places (0 to 6); a half goes away from zero.",
        ("round(2.345, 2)", "2.35"),
        _round,
        _NUMBERS,
    ),
    Function(
        "floor",
        (_N,),
        "integer",
        "The next whole number below.",
        ("floor(-2.5)", "-3"),
        lambda c: _whole(c, up=False),
        _NUMBERS,
    ),
    Function(
        "ceil",
        (_N,),
        "integer",
        "The next whole number above.",
        ("ceil(2.1)", "3"),
        lambda c: _whole(c, up=True),
        _NUMBERS,
    ),
    Function(
        "date",
        (param("value", DATE | TEXT | {ExprType.TIMESTAMP}),),
        "date",
        "The day a text, timestamp or date stands for; text may have any form a date field accepts, "
        "and gives null when it has none.",
        ("date('2020年1月5日')", "date('2020-01-05')"),
        _date,
        _DATES,
        uses=2,
    ),
    Function(
        "year",
        (_D,),
        "integer",
        "The year of a date.",
        ("year(date('2020-01-05'))", "2020"),
        lambda c: integer(c.args[0].expr.dt.year()),
        _DATES,
    ),
    Function(
        "month",
        (_D,),
        "integer",
        "The month of a date.",
        ("month(date('2020-01-05'))", "1"),
        lambda c: integer(c.args[0].expr.dt.month()),
        _DATES,
    ),
    Function(
        "day",
        (_D,),
        "integer",
        "The day of the month of a date.",
        ("day(date('2020-01-05'))", "5"),
        lambda c: integer(c.args[0].expr.dt.day()),
        _DATES,
    ),
    Function(
        "date_add",
        (_D, param("days", INTEGER)),
        "date",
        "The day so many days later (earlier when negative).",
        ("date_add(date('2020-02-28'), 2)", "date('2020-03-01')"),
        _date_add,
        _DATES,
    ),
    Function(
        "add_months",
        (_D, param("months", INTEGER)),
        "date",
        "The same day so many months later, or the last day of a shorter month.",
        ("add_months(date('2020-01-31'), 1)", "date('2020-02-29')"),
        lambda c: _add_months(c, 1),
        _DATES,
    ),
    Function(
        "add_years",
        (_D, param("years", INTEGER)),
        "date",
        "The same day so many years later; 29 February becomes 28 February.",
        ("add_years(date('2020-02-29'), 5)", "date('2025-02-28')"),
        lambda c: _add_months(c, 12),
        _DATES,
    ),
    Function(
        "days_between",
        (param("from", DATE), param("to", DATE)),
        "integer",
        "Calendar days from one day to another; negative when the second is earlier.",
        ("days_between(date('2020-02-28'), date('2020-03-01'))", "2"),
        _days_between,
        _DATES,
    ),
)
