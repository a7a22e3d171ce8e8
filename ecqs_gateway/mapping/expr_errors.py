"""The one error of the expression language: says where in the text, what is wrong and what was probably meant.

Codes: ECQS-1101 cannot be read, 1102 not part of the language, 1103 unknown column, 1104 types do not fit,
1105 too long, too large or too deep, 1106 wrong arguments, 1107 pattern not usable, 1108 the table, calendar or
list it needs is not there.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecqs_gateway.errors import Misconfigured

__all__ = ["ExpressionError", "Spot"]

_SHOWN = 60


@dataclass(frozen=True)
class Spot:
    """A place in an expression: offset from 0, line and column from 1, and the text that stands there."""

    offset: int
    line: int
    column: int
    token: str

    @classmethod
    def at(cls, text: str, offset: int, token: str = "") -> Spot:
        """Work out line and column of an offset."""
        before = text[:offset]
        shown = token if len(token) <= _SHOWN else f"{token[:_SHOWN]}…"
        return cls(offset, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1, shown)


class ExpressionError(Misconfigured):
    """An expression is not part of the language, or does not fit the columns it is used on."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        spot: Spot | None = None,
    ) -> None:
        """Keep the place inside the expression beside the place of the expression."""
        self.spot = spot or Spot(0, 1, 1, "")
        super().__init__(code, message, where=where, hint=hint)

    @property
    def offset(self) -> int:
        """Offset from 0 inside the expression's text."""
        return self.spot.offset

    @property
    def line(self) -> int:
        """Line from 1 inside the expression's text."""
        return self.spot.line

    @property
    def column(self) -> int:
        """Column from 1 inside the expression's text."""
        return self.spot.column

    @property
    def token(self) -> str:
        """The offending word or sign, empty where there is none."""
        return self.spot.token

    def __str__(self) -> str:
        """One line: code, place, place inside the expression, message, next step."""
        place = f" {self.where}:" if self.where else ""
        near = f" at {self.token!r}" if self.token else ""
        step = f" Next: {self.hint}" if self.hint else ""
        return f"{self.code}{place} expression line {self.line} column {self.column}{near}: {self.message}{step}"

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, which Airflow does to exceptions that cross a process."""
        return _rebuild, (self.code, self.message, self.where, self.hint, self.spot)


def _rebuild(code: str, message: str, where: str | None, hint: str | None, spot: Spot) -> ExpressionError:
    return ExpressionError(code, message, where=where, hint=hint, spot=spot)
