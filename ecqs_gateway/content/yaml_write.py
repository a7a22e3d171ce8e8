"""Writes YAML by hand: each value loads again as exactly what it was, quoted only where it must be.

Other readers of YAML guess more than ours does (``no``, ``1e3``, ``12:30``): what any of them would take for something
else than text is quoted, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

__all__ = ["Scalar", "Value", "comment", "flow", "key", "scalar"]

Scalar = str | int | Decimal | bool | date | datetime | None
Value = Scalar | Mapping[str, "Value"] | Sequence["Value"]

_CJK = r"\u3400-\u9fff"
_NO_BLANK = re.compile(
    rf"[A-Za-z{_CJK}（(0-9][^:#\[\]{{}},&*!|>'\"%@`\\\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]*"
)
_WITH_BLANKS = re.compile(
    r"[A-Za-z0-9_\u4e00-\u9fff（）、。·(+./$][A-Za-z0-9_\u4e00-\u9fff（）、。·()+./$ -]*(?<! )", re.ASCII
)
"""Texts that are safe without quotes in every place: no sign of YAML, nothing invisible, no blank at an end."""
_GUESSED = re.compile(
    r"~|null|true|false|yes|no|on|off|y|n|[-+]?[0-9][0-9_,]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|[-+.]?\.?(?:inf|nan)|0[xob].*"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+.*|\.[0-9]+.*",
    re.IGNORECASE | re.DOTALL,
)
"""Texts that would be a number, a date or time, a yes or no, or nothing, without quotes."""
_UNFINISHED = re.compile("TODO.*", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_LONGEST_PLAIN = 200
_LONGEST_COMMENT = 300


def scalar(value: Scalar, *, dates_as_text: bool = False, unfinished: bool = False) -> str:
    """Give a value as one YAML scalar that reads back as the same value.

    ``dates_as_text`` writes a text that looks like a date without quotes, for places where only text is expected;
    ``unfinished`` does it for texts that begin with TODO, so that they are found as such and not read as data.
    """
    if isinstance(value, str):
        plain = (_is_plain(value) and (unfinished or not _UNFINISHED.fullmatch(value))) or (
            dates_as_text and _DAY.fullmatch(value)
        )
        return value if plain else f'"{"".join(map(_escaped, value))}"'
    if value is None or isinstance(value, bool):
        return {None: "~", True: "true", False: "false"}[value]
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def key(text: str) -> str:
    """Write a key; one too long for YAML's simple keys would need the ? form, which our sources cannot reach."""
    return scalar(text)


def flow(value: Value, *, dates_as_text: bool = False, unfinished: bool = False) -> str:
    """Give a value, table or list on one line: ``{row: 1, field: number}``."""
    if isinstance(value, Mapping):
        pairs = (
            f"{key(name)}: {flow(one, dates_as_text=dates_as_text, unfinished=unfinished)}"
            for name, one in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = (flow(one, dates_as_text=dates_as_text, unfinished=unfinished) for one in value)
        return "[" + ", ".join(items) + "]"
    return scalar(value, dates_as_text=dates_as_text, unfinished=unfinished)


def comment(text: str) -> str:
    """Write a comment on one line; whatever a source put into a name or comment stays inside it."""
    flat = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    shown = flat if len(flat) <= _LONGEST_COMMENT else flat[: _LONGEST_COMMENT - 1] + "…"
    return f"# {shown}"


def _is_plain(text: str) -> bool:
    safe = _NO_BLANK.fullmatch(text) or _WITH_BLANKS.fullmatch(text)
    return bool(safe) and not _GUESSED.fullmatch(text) and len(text) < _LONGEST_PLAIN


def _escaped(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    code = ord(sign)
    if sign == " " or (sign.isprintable() and not 0xD800 <= code <= 0xDFFF):
        return sign
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
