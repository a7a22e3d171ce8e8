"""The mapping word ``digest: id_number``: an id number becomes a salted digest before anything else sees it.

Numbers are made canonical first, so that one person has one digest in all spellings: half-width, without blanks and
dashes, a capital X, and the 15 digits of before 1999 written as the 18 that GB 11643—1999 made of them. What is no id
number (digits, day of birth or check character wrong) becomes a mark that the field refuses with ECQS-1277; the text
itself goes no further in either case.
"""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from ecqs_gateway.doors.salts import SAMPLE, Salt
from ecqs_gateway.mapping.words import Step, half_width
from ecqs_gateway.model.types import PersonDigest

__all__ = ["DIGEST", "canonical_number", "digest_step"]

DIGEST = "digest"
"""Name of the step in the plan of a field and in traces."""

_BLANKS = re.compile(r"[\s\u200b\u3000\-‐‑‒–—―−'.·]+")
_NUMBER = re.compile(r"[1-9][0-9]{5}(?P<year>(?:18|19|20)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[0-9]{3}[0-9X]")
_OLD = re.compile(r"[1-9][0-9]{14}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def canonical_number(text: str) -> str | None:
    """Give the 18 characters of an id number in any spelling; None for what is no valid one (GB 11643)."""
    plain = _BLANKS.sub("", half_width(text)).upper()
    if _OLD.fullmatch(plain):
        body = f"{plain[:6]}19{plain[6:]}"
        plain = body + _check(body)
    found = _NUMBER.fullmatch(plain)
    if found is None or plain[17] != _check(plain[:17]):
        return None
    try:
        date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    return plain


def _check(body: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def digest_step(salt: Salt = SAMPLE) -> Step:
    """Give the step that digests a text column with a salt; each distinct text is looked at once."""

    def digest(text: str) -> str:
        number = canonical_number(text)
        return PersonDigest.NOT_A_NUMBER if number is None else salt.digest(number)

    def run(text: pl.Series) -> pl.Series:
        distinct = text.drop_nulls().unique()
        if distinct.is_empty():
            return text
        return text.replace_strict(
            distinct, pl.Series([digest(one) for one in distinct], dtype=pl.String), default=None
        )

    return lambda text: text.map_batches(run, return_dtype=pl.String, is_elementwise=True)
