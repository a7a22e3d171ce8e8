"""Certificate numbers as people type them: headquarters' own reading, for looking one up; nothing is judged by it."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["canonical"]

_OTHER_NAMES = {"黔": "贵", "滇": "云", "秦": "陕", "陇": "甘"}
"""The second abbreviations of provinces (general knowledge), with the one that stands in certificate numbers."""
_NUMBER = re.compile(
    r"(?:QS)?(?P<place>[^\x00-\x7f]{1,4})?(?:QS)?XK(?P<industry>[0-9]{2})(?P<product>[0-9]{3})(?P<serial>[0-9]{4,5})"
    r"(?:[A-Z]{1,3}|号)?"
)


def canonical(text: str) -> str | None:
    """Give ``(苏)XK06-001-00238`` for any spelling of it, without the province where none is named; None for others.

    Brackets, dashes, blanks, widths, capitals, ``QS`` before and up to three letters or 号 behind do not matter.
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    found = _NUMBER.fullmatch("".join(sign for sign in plain if sign.isalnum()))
    if found is None:
        return None
    place = found["place"] or ""
    body = f"XK{found['industry']}-{found['product']}-{found['serial']}"
    return f"({_OTHER_NAMES.get(place, place)}){body}" if place else body
