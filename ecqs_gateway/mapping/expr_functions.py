"""The closed list of functions: what each takes and gives, one example, and the Polars operations it becomes.

The same table compiles calls, names the nearest function when one is misspelt, and is printed as
``docs/reference/expressions.md``. Every function is total: it gives a value or null for any data, never an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from ecqs_gateway.mapping.expr_errors import ExpressionError
from ecqs_gateway.mapping.expr_types import ExprContext, ExprType
from ecqs_gateway.mapping.expr_values import Unfit, Value, common_kind, convert, to_date

__all__ = [
    "ANY",
    "BOOLEAN",
    "DATE",
    "DECIMAL",
    "INTEGER",
    "NUMBER",
    "TEXT",
    "Call",
    "Function",
    "Param",
    "boolean",
    "day",
    "integer",
    "number",
    "param",
    "same_kind",
    "text",
]

TEXT = frozenset({ExprType.TEXT})
INTEGER = frozenset({ExprType.INTEGER})
DECIMAL = frozenset({ExprType.DECIMAL})
NUMBER = INTEGER | DECIMAL
DATE = frozenset({ExprType.DATE})
BOOLEAN = frozenset({ExprType.BOOLEAN})
ANY = frozenset(kind for kind in ExprType if kind is not ExprType.NULL)


@dataclass(frozen=True)
class Param:
    """One argument: its name, the kinds it may have, whether it must be written out, left out, or repeated."""

    name: str
    kinds: frozenset[ExprType]
    written: bool = False
    """It must stand in the expression as a literal, because it decides the work to be done per row."""
    optional: bool = False
    many: bool = False


def param(
    name: str, kinds: frozenset[ExprType], *, written: bool = False, optional: bool = False, many: bool = False
) -> Param:
    """Describe one argument."""
    return Param(name, kinds, written, optional, many)


class Call(Protocol):
    """What a function sees of the call it compiles."""

    @property
    def args(self) -> tuple[Value, ...]:
        """Give the arguments, already brought to the kinds the function asks for."""

    @property
    def context(self) -> ExprContext:
        """Give the code tables, the calendar and the lists."""

    def fail(self, message: str, *, code: str = "ECQS-1106", hint: str | None = None, arg: int = 0) -> ExpressionError:
        """Make the error that points at an argument."""

    def check_pattern(self, pattern: str, *, arg: int) -> int:
        """Check a regular expression, pay for it, and give the number of its groups."""


@dataclass(frozen=True)
class Function:
    """One function of the language."""

    name: str
    params: tuple[Param, ...]
    gives: str
    """The kind of its result, in words."""
    title: str
    """What it does, in one sentence."""
    example: tuple[str, str]
    """An expression without columns, and what it gives, written as a literal of the language."""
    build: Callable[[Call], Value]
    group: str
    uses: int = 1
    """How often the Polars expression it builds names an argument."""

    @property
    def signature(self) -> str:
        """Write name and arguments: ``substr(text, start [, length])``."""
        parts = ""
        for place, one in enumerate(self.params):
            name = f"'{one.name}'" if one.written and one.kinds == TEXT else one.name
            name = f"{name}, …" if one.many else name
            comma = ", " if place else ""
            parts += f" [{comma}{name}]" if one.optional else f"{comma}{name}"
        return f"{self.name}({parts.strip()})"

    def accepts(self, count: int) -> bool:
        """Say whether the function takes that many arguments."""
        least = sum(not one.optional for one in self.params)
        most = None if self.params and self.params[-1].many else len(self.params)
        return count >= least and (most is None or count <= most)

    def param(self, place: int) -> Param:
        """Give the description of the argument at a place."""
        return self.params[min(place, len(self.params) - 1)]


def fit(value: Value, one: Param) -> Value:
    """Bring an argument to what the function asks for; raises Unfit with a hint."""
    if value.kind in one.kinds or (value.kind is ExprType.NULL and one.kinds == ANY):
        return value
    if value.kind is ExprType.NULL:
        return convert(value, min(one.kinds, key=lambda kind: list(ExprType).index(kind)))
    if one.kinds == DATE and value.kind in {ExprType.TIMESTAMP, ExprType.TEXT}:
        return to_date(value)
    if one.kinds == TEXT:
        raise Unfit("write CAST(… AS text) around it")
    if ExprType.INTEGER in one.kinds and value.kind is ExprType.TEXT:
        raise Unfit("write CAST(… AS integer) around it")
    raise Unfit("it takes " + " or ".join(sorted(kind.value for kind in one.kinds)))


def text(expr: pl.Expr, *sources: Value, growth: float = 1.0) -> Value:
    """Give a text made of others, at most ``growth`` times as long as the longest growth among them."""
    return Value(ExprType.TEXT, expr, growth=growth * max((one.growth for one in sources), default=1.0))


def boolean(expr: pl.Expr) -> Value:
    """Give a condition."""
    return Value(ExprType.BOOLEAN, expr)


def integer(expr: pl.Expr) -> Value:
    """Give a whole number of any Polars integer type, brought to 64 bits; null where it does not fit."""
    return Value(ExprType.INTEGER, expr.cast(pl.Int64, strict=False))


def number(expr: pl.Expr, like: Value) -> Value:
    """Give a number of the kind of another."""
    return Value(like.kind, expr)


def day(expr: pl.Expr) -> Value:
    """Give a date."""
    return Value(ExprType.DATE, expr)


def same_kind(call: Call, *, start: int = 0) -> tuple[ExprType, list[Value]]:
    """Bring all arguments from one on to their common kind; raises ExpressionError when there is none."""
    values = call.args[start:]
    try:
        kind = common_kind(values)
        return kind, [convert(value, kind) for value in values]
    except Unfit as unfit:
        kinds = " and ".join(dict.fromkeys(value.kind.value for value in values))
        raise call.fail(f"its values have unlike types: {kinds}", code="ECQS-1104", hint=str(unfit)) from None
