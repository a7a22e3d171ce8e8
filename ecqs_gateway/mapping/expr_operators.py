"""What the operators of the language become in Polars, each total: no overflow, no division by zero, no failed cast."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

import polars as pl
from sqlglot import exp

from ecqs_gateway.mapping.expr_types import ExprType
from ecqs_gateway.mapping.expr_values import DTYPES, Unfit, Value, bounded, convert, literal
from ecqs_gateway.model.types import BusinessDate, Timestamp

__all__ = ["CAST_TYPES", "arithmetic", "balanced", "cast", "compare", "decimal_literal", "like", "negative", "within"]

_T = TypeVar("_T")
_DECIMAL = DTYPES[ExprType.DECIMAL]
_SAFE_WHOLE = 2**53

_COMPARE: dict[type[exp.Expr], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}
CAST_TYPES: dict[exp.DType, ExprType] = {
    exp.DType.TEXT: ExprType.TEXT,
    exp.DType.BIGINT: ExprType.INTEGER,
    exp.DType.DECIMAL: ExprType.DECIMAL,
    exp.DType.DATE: ExprType.DATE,
    exp.DType.TIMESTAMP: ExprType.TIMESTAMP,
    exp.DType.BOOLEAN: ExprType.BOOLEAN,
}
_TRUE = ("true", "t", "1", "yes", "y", "是")
_FALSE = ("false", "f", "0", "no", "n", "否")


def balanced(parts: Sequence[_T], join: Callable[[_T, _T], _T]) -> _T:
    """Join parts pairwise, so that a long chain becomes a shallow tree."""
    while len(parts) > 1:
        pairs = [join(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = [*pairs, parts[-1]] if len(parts) % 2 else pairs
    return parts[0]


def compare(node: type[exp.Expr], left: Value, right: Value) -> pl.Expr:
    """Compare two values of one kind, with a constant on the right.

    Polars 2.1's eager engine gives one value, not one per row, for a constant on the left of a column whose values
    happen to be all the same (such as CASE where no condition holds).
    """
    if left.constant and not right.constant:
        return _COMPARE[_MIRRORED[node]](right.expr, left.expr)
    return _COMPARE[node](left.expr, right.expr)


def decimal_literal(number: Decimal) -> Value | None:
    """Give the value of a decimal literal; None when it is too large or too fine to be kept exactly."""
    exponent = number.as_tuple().exponent
    fine = isinstance(exponent, int) and exponent < -6 and number != round(number, 6)
    if abs(number) >= Decimal(10) ** 15 or fine:
        return None
    return literal(number)


def negative(value: Value) -> Value:
    """Give the number with the other sign."""
    if value.kind is ExprType.NULL:
        return value
    if value.kind not in {ExprType.INTEGER, ExprType.DECIMAL}:
        raise Unfit(f"a sign stands before numbers, but this is {value.kind.value}")
    if value.written and isinstance(value.literal, int | Decimal):
        return literal(-value.literal)
    if value.kind is ExprType.INTEGER:
        wide = pl.lit(0, dtype=pl.Int128) - value.expr.cast(pl.Int128)
        return replace(value, expr=wide.cast(pl.Int64, strict=False))
    return replace(value, expr=-value.expr)


def arithmetic(node: type[exp.Expr], left: Value, right: Value) -> Value:
    """Compute with two numbers of one kind; ``/`` always gives a decimal, a zero divisor gives null."""
    if left.kind is ExprType.NULL:
        return left
    constant = left.constant and right.constant
    if node is exp.Div:
        left, right = convert(left, ExprType.DECIMAL), convert(right, ExprType.DECIMAL)
        divisor = pl.when(right.expr != pl.lit(0, dtype=_DECIMAL)).then(right.expr)
        return Value(ExprType.DECIMAL, bounded(left.expr / divisor), constant=constant)
    if node is exp.Mod and left.kind is ExprType.DECIMAL:
        raise Unfit("% takes integers")
    join = _JOIN[node]
    if left.kind is ExprType.DECIMAL:
        return Value(ExprType.DECIMAL, bounded(join(left.expr, right.expr)), constant=constant)
    # 64 bits overflow silently in Polars; 128 bits hold any one result, and what is too large becomes null.
    wide = join(left.expr.cast(pl.Int128), right.expr.cast(pl.Int128))
    return Value(ExprType.INTEGER, wide.cast(pl.Int64, strict=False), constant=constant)


def _remainder(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Give the remainder with the sign of the dividend, as SQL has it; Polars gives the sign of the divisor."""
    divisor = pl.when(right != 0).then(right)
    rest = left % divisor
    return pl.when(left * rest < 0).then(rest - divisor).otherwise(rest)


_JOIN: dict[type[exp.Expr], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.Mod: _remainder,
}


def within(value: Value, members: Sequence[Value]) -> pl.Expr:
    """Say whether a value is one of others; unknown when it is none of them and one of them is null."""
    known = [member for member in members if not (member.written and member.literal is None)]
    if len(known) > 1 and value.kind in {ExprType.TEXT, ExprType.INTEGER} and all(m.written for m in known):
        found = value.expr.is_in([member.literal for member in known])
    elif known:
        found = balanced([compare(exp.EQ, value, member) for member in known], operator.or_)
    else:
        found = pl.lit(None, dtype=pl.Boolean())
    return found if len(known) == len(members) else found | pl.lit(None, dtype=pl.Boolean())


def like(value: pl.Expr, pattern: str, escape: str | None) -> pl.Expr:
    """Match a text against a LIKE pattern: % is any text, _ one character, case counts."""
    parts = _like_parts(pattern, escape)
    fixed = [part for part in parts if part not in (_ANY, _ONE)]
    if _ONE not in parts and len(fixed) <= 1:
        word = str(fixed[0]) if fixed else ""
        before, after = bool(parts) and parts[0] is _ANY, bool(parts) and parts[-1] is _ANY
        if before and after:
            return value.str.contains(word, literal=True)
        if after:
            return value.str.starts_with(word)
        if before:
            return value.str.ends_with(word)
        return value == word
    built = "".join(".*" if part is _ANY else "." if part is _ONE else re.escape(str(part)) for part in parts)
    return value.str.contains(f"(?s)^{built}$")


_ANY, _ONE = object(), object()


def _like_parts(pattern: str, escape: str | None) -> list[object]:
    """Cut a pattern into texts and wildcards; neighbouring letters become one text, neighbouring % one %."""
    parts: list[object] = []
    letters = iter(pattern)
    for letter in letters:
        part: object = {"%": _ANY, "_": _ONE}.get(letter, letter)
        if letter == escape:
            part = next(letters, None)
            if part is None:
                raise Unfit("nothing stands after the escape character")
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] = f"{parts[-1]}{part}"
        elif part is not _ANY or not parts or parts[-1] is not _ANY:
            parts.append(part)
    return parts


def cast(value: Value, kind: ExprType, sizes: Sequence[int]) -> Value:
    """Bring a value to another kind; null where it cannot be read as such. Raises Unfit for pairs without meaning."""
    if sizes and (kind is not ExprType.DECIMAL or len(sizes) > 2):
        raise Unfit("only decimal takes a size, such as decimal(12, 2)")
    if value.kind is ExprType.NULL:
        return convert(value, kind)
    if value.kind is kind or (kind is ExprType.DECIMAL and value.kind is ExprType.INTEGER):
        same = convert(value, kind)
    elif kind is ExprType.TEXT:
        same = Value(kind, _as_text(value))
    elif (value.kind, kind) in _CASTS:
        same = Value(kind, _CASTS[value.kind, kind](value.expr))
    else:
        raise Unfit(f"{value.kind.value} cannot be cast to {kind.value}")
    sized = _sized(same, sizes) if sizes else same
    return replace(sized, constant=value.constant, written=False, literal=None, growth=value.growth)


def _sized(value: Value, sizes: Sequence[int]) -> Value:
    precision, scale = sizes[0], sizes[1] if len(sizes) > 1 else 0
    if not (1 <= precision <= 21 and 0 <= scale <= 6 and 0 <= precision - scale <= 15):
        raise Unfit("a decimal has at most 15 digits before and 6 after the point")
    rounded = value.expr.round(scale, mode="half_away_from_zero")
    limit = pl.lit(Decimal(10) ** (precision - scale), dtype=_DECIMAL)
    return replace(value, expr=pl.when(rounded.abs() < limit).then(rounded))


def _as_text(value: Value) -> pl.Expr:
    if value.kind is ExprType.TIMESTAMP:
        return value.expr.dt.strftime("%Y-%m-%d %H:%M:%S")
    if value.kind is ExprType.DECIMAL:
        # 320000.000000 comes from spreadsheets, where every number is a fraction; nobody means its zeros.
        return value.expr.cast(pl.String).str.replace(r"\.?0+$", "")
    return value.expr.cast(pl.String)


def _text_to_boolean(text: pl.Expr) -> pl.Expr:
    word = text.str.strip_chars().str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(pl.lit(value=True)).when(word.is_in(_FALSE)).then(pl.lit(value=False))


_CASTS: dict[tuple[ExprType, ExprType], Callable[[pl.Expr], pl.Expr]] = {
    (ExprType.TEXT, ExprType.INTEGER): lambda e: e.str.strip_chars().cast(pl.Int64, strict=False),
    (ExprType.TEXT, ExprType.DECIMAL): lambda e: bounded(e.str.strip_chars().cast(_DECIMAL, strict=False)),
    (ExprType.TEXT, ExprType.DATE): lambda e: BusinessDate().read_expr(e),
    (ExprType.TEXT, ExprType.TIMESTAMP): lambda e: Timestamp().read_expr(e),
    (ExprType.TEXT, ExprType.BOOLEAN): _text_to_boolean,
    (ExprType.DECIMAL, ExprType.INTEGER): lambda e: e.round(0, mode="half_away_from_zero").cast(pl.Int64, strict=False),
    (ExprType.INTEGER, ExprType.BOOLEAN): lambda e: e != 0,
    (ExprType.BOOLEAN, ExprType.INTEGER): lambda e: e.cast(pl.Int64),
    (ExprType.TIMESTAMP, ExprType.DATE): lambda e: e.dt.date(),
    (ExprType.DATE, ExprType.TIMESTAMP): lambda e: convert(Value(ExprType.DATE, e), ExprType.TIMESTAMP).expr,
}
