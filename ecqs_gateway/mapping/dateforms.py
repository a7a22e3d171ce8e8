"""``parse``: the declared forms of a date column, and nothing else.

Without ``parse`` a date field reads every usual form. A column that is known to hold one form is better declared: a
value of another form is then a finding of its own instead of a lucky guess (``05/01/2020``). A form is made of
``%Y %m %d %H %M %S`` (fixed width), ``%-m`` and ``%-d`` (one or two digits) and literal characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

__all__ = ["DIRECTIVES", "DateForms", "FormError"]

DIRECTIVES: Mapping[str, str] = MappingProxyType(
    {
        "%Y": "year, four digits",
        "%m": "month, two digits",
        "%-m": "month, one or two digits",
        "%d": "day, two digits",
        "%-d": "day, one or two digits",
        "%H": "hour, two digits",
        "%M": "minute, two digits",
        "%S": "second, two digits",
    }
)
"""What a form may be made of, beside literal characters."""
_DIGITS = {sign: "[0-9]{4}" if sign == "%Y" else "[0-9]{1,2}" if "-" in sign else "[0-9]{2}" for sign in DIRECTIVES}
_PART = re.compile(r"%-?[A-Za-z%]|[^%]|%")


class FormError(ValueError):
    """A form of ``parse`` cannot be used."""


@dataclass(frozen=True)
class DateForms:
    """Rewrites a text of a declared form as ``2020-01-05`` (with time: ``2020-01-05 10:30:00``)."""

    patterns: tuple[tuple[str, str], ...]
    """Per form a regular expression and the replacement that puts its groups in order."""

    @classmethod
    def of(cls, forms: tuple[str, ...]) -> DateForms:
        """Compile the forms; raises FormError."""
        return cls(tuple(_pattern(form) for form in forms))

    def read(self, text: pl.Series) -> tuple[pl.Series, pl.Series | None]:
        """Give the rewritten column (null where no form fits), and which values fit none (None: all fit)."""
        column = pl.col("t")
        chosen: pl.Expr = pl.lit(None, pl.String)
        for pattern, replacement in reversed(self.patterns):
            chosen = (
                pl.when(column.str.contains(pattern)).then(column.str.replace(pattern, replacement)).otherwise(chosen)
            )
        read = text.to_frame("t").select(chosen.alias(text.name)).to_series()
        if read.null_count() == text.null_count():
            return read, None
        return read, read.is_null() & text.is_not_null()


def _pattern(form: str) -> tuple[str, str]:
    seen: dict[str, str] = {}
    parts: list[str] = []
    for part in _PART.findall(form):
        if part.startswith("%"):
            name = part[-1]
            if part not in _DIGITS:
                raise FormError(f"{part} is not known: use {' '.join(_DIGITS)}")
            if name in seen:
                raise FormError(f"%{name} is there twice")
            seen[name] = f"${{{len(seen) + 1}}}"
            parts.append(f"({_DIGITS[part]})")
        else:
            parts.append(re.escape(part) if part.isascii() else part)
    if not {"Y", "m", "d"} <= seen.keys():
        raise FormError("a date needs %Y, %m and %d")
    order = f"{seen['Y']}-{seen['m']}-{seen['d']}"
    if "H" in seen:
        if "M" not in seen:
            raise FormError("a time needs %H and %M")
        order += f" {seen['H']}:{seen['M']}:{seen.get('S', '00')}"
    elif seen.keys() & {"M", "S"}:
        raise FormError("%M and %S need %H")
    return "^" + "".join(parts) + "$", order
