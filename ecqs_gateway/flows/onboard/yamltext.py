"""YAML written by hand: every scalar loads again as exactly the text it was, and comments stay comments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["comment", "flow", "key", "scalar"]

_PLAIN = re.compile(
    r"(?!TODO$)[A-Za-z0-9_\u4e00-\u9fff（）、。·(+./$][A-Za-z0-9_\u4e00-\u9fff（）、。·()+./$ -]*(?<! )", re.ASCII
)
_GUESSED = re.compile(
    r"(?i)(?:~|null|true|false|yes|no|on|off|y|n|[-+]?[0-9][0-9_,]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|[-+.]?\.?(?:inf|nan)|0[xob].*"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+.*|\.[0-9]+.*)"
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_LONGEST_COMMENT = 300

Value = str | int | Mapping[str, "Value"] | Sequence["Value"]


def scalar(text: str) -> str:
    """Write a text so that it loads again as it is: plain where nothing can be mistaken, else in double quotes."""
    if text == "TODO" or (_PLAIN.fullmatch(text) and not _GUESSED.fullmatch(text) and len(text) < 200):
        return text
    return f'"{"".join(map(_escaped, text))}"'


def key(text: str) -> str:
    """Write a key; one too long for YAML's simple keys would need the ? form, which our sources cannot reach."""
    return scalar(text)


def _escaped(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    code = ord(sign)
    if sign == " " or (sign.isprintable() and not 0xD800 <= code <= 0xDFFF):
        return sign
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def flow(value: Value) -> str:
    """Write a value on one line."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key(name)}: {flow(one)}" for name, one in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]"


def comment(text: str) -> str:
    """Write a comment on one line; whatever a source put into a name or comment stays inside it."""
    flat = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    shown = flat if len(flat) <= _LONGEST_COMMENT else flat[: _LONGEST_COMMENT - 1] + "…"
    return f"# {shown}"
