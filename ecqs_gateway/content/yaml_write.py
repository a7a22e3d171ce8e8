"""Writes single values and small tables in the YAML our reader takes, quoted only where it must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

__all__ = ["Value", "flow", "scalar"]

Value = str | int | Decimal | bool | date | datetime | None

_PLAIN = re.compile(
    r"[A-Za-z\u3400-\u9fff（(0-9][^:#\[\]{},&*!|>'\"%@`\\\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]*"
)
"""Texts that are safe without quotes in every place: no sign of YAML, no blank, nothing invisible."""
_TYPED = re.compile(
    r"true|false|null|Null|NULL|~|TODO.*|[-+]?[0-9]+(\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", re.IGNORECASE
)
"""Texts that would be a number, a date, a yes or no, or unfinished, without quotes."""
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufffe\uffff]")


def scalar(value: Value, *, dates_as_text: bool = False) -> str:
    """Give a value as one YAML scalar that reads back as the same value.

    ``dates_as_text`` writes a text that looks like a date without quotes, for places where only text is expected.
    """
    if isinstance(value, str):
        return _text(value, dates_as_text=dates_as_text)
    if value is None or isinstance(value, bool):
        return {None: "~", True: "true", False: "false"}[value]
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _text(value: str, *, dates_as_text: bool) -> str:
    bare = _PLAIN.fullmatch(value) and not _TYPED.fullmatch(value)
    if bare or (dates_as_text and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        return value
    return f'"{_HIDDEN.sub(_code, "".join(_ESCAPED.get(sign, sign) for sign in value))}"'


def _code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def flow(table: Mapping[str, Value], *, dates_as_text: bool = False) -> str:
    """Give a table on one line: ``{row: 1, field: number}``."""
    pairs = (f"{scalar(key)}: {scalar(value, dates_as_text=dates_as_text)}" for key, value in table.items())
    return "{" + ", ".join(pairs) + "}"
