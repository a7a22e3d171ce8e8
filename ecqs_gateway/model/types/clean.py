"""Which characters are dirt, and how they are cleaned: once for a text, once for a column, from the same tables.

Two degrees of cleaning. *Tidy* is for text that people read: full-width letters and digits become half-width, every
kind of blank becomes one space, invisible and XML-illegal characters go. *Squash* is for identifiers and numbers:
all of ASCII becomes half-width and every blank goes as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ecqs_gateway.model.types.columns import BoolRows, Bytes, Rows, Utf8

__all__ = [
    "BLANKS",
    "CJK",
    "DAMAGED",
    "INVISIBLE",
    "WIDE_ASCII",
    "WIDE_WORDS",
    "Finder",
    "among",
    "squash",
    "squash_expr",
    "tidy",
    "tidy_expr",
]


def _span(first: int, last: int) -> range:
    return range(first, last + 1)


BLANKS = frozenset(
    [*_span(0x09, 0x0D), 0x85, 0xA0, 0x1680, *_span(0x2000, 0x200A), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
)
"""Characters that stand for a space: tab, line ends, no-break, typographic and ideographic spaces."""

INVISIBLE = frozenset(
    [
        *(*_span(0x00, 0x08), *_span(0x0E, 0x1F), *_span(0x7F, 0x84), *_span(0x86, 0x9F), 0xAD, 0x61C, 0x180E),
        *(*_span(0x200B, 0x200F), *_span(0x202A, 0x202E), *_span(0x2060, 0x206F), 0xFEFF),
        *(*_span(0xFFF9, 0xFFFC), 0xFFFE, 0xFFFF, *_span(0xE0000, 0xE007F)),
    ]
)
"""Characters nobody sees and XML may not hold: controls, zero-width, byte order mark, bidi overrides, tags."""

DAMAGED = "\ufffd"
"""What a decoder leaves where it could not decode: the text is lost and has to be fetched again."""

WIDE_ASCII = {code: code - 0xFEE0 for code in _span(0xFF01, 0xFF5E)}
"""Full-width forms of the visible ASCII characters."""

WIDE_WORDS = {code: plain for code, plain in WIDE_ASCII.items() if chr(plain).isalnum()}
"""Full-width letters and digits only: full-width punctuation is proper Chinese."""

CJK = "\u3005\u3007\u3400-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U000323af"
"""Han characters as the inside of a regex class; private use is where GBK put characters that had no Unicode yet."""

_TIDY: dict[int, str] = (
    {code: chr(plain) for code, plain in WIDE_WORDS.items()} | dict.fromkeys(BLANKS, " ") | dict.fromkeys(INVISIBLE, "")
)
_SQUASH: dict[int, str] = {code: chr(plain) for code, plain in WIDE_ASCII.items()} | dict.fromkeys(
    [0x20, *BLANKS, *INVISIBLE], ""
)
_SURROGATES = dict.fromkeys(_span(0xD800, 0xDFFF), "")  # only Python can hold them; a column of UTF-8 never does
_TIDY_PYTHON, _SQUASH_PYTHON = _TIDY | _SURROGATES, _SQUASH | _SURROGATES
_RUNS_OF_SPACES = re.compile(" {2,}")


def tidy(text: str) -> str:
    """Give the text as people should read it; may be empty."""
    return _RUNS_OF_SPACES.sub(" ", text.translate(_TIDY_PYTHON)).strip(" ")


def tidy_expr(text: pl.Expr) -> pl.Expr:
    """Do what ``tidy`` does to every row of a column; for the few rows that need it (0.4 µs each)."""
    replaced = text.str.replace_many([chr(code) for code in _TIDY], list(_TIDY.values()))
    return replaced.str.replace_all(" {2,}", " ").str.strip_chars(" ")


def squash(text: str) -> str:
    """Give the text without blanks and invisible characters, ASCII in half-width; may be empty."""
    return text.translate(_SQUASH_PYTHON)


def squash_expr(text: pl.Expr) -> pl.Expr:
    """Do what ``squash`` does to every row of a column; for the few rows that need it."""
    return text.str.replace_many([chr(code) for code in _SQUASH], list(_SQUASH.values()))


class Finder:
    """Finds the rows that hold any of some characters, at a few nanoseconds a row when there are none.

    Chinese text is mostly three-byte characters with first bytes E4 to E9, so looking only at the *runs* of first
    bytes that the wanted characters can have leaves little to decode. A run that is too wide costs time, never truth:
    each spot found is decoded and looked up.
    """

    def __init__(self, wanted: BoolRows) -> None:
        """Take the characters to find, as a mask over all code points (``among`` makes one)."""
        self._wanted = wanted
        self._runs = _runs(_first_bytes(wanted))

    def rows(self, text: Utf8) -> Rows:
        """Give the rows that hold one of the characters, each once, in order."""
        data = text.data
        candidates: BoolRows | None = None
        for low, high in self._runs:
            if _any_within(data, low, high):
                within = _within(data, low, high)
                candidates = within if candidates is None else np.logical_or(candidates, within, out=candidates)
        spots = self._wanted_of(data, np.flatnonzero(candidates)) if candidates is not None else _NOWHERE
        if spots.size == 0:
            return _NOWHERE
        hit = np.zeros(len(text), bool)
        hit[np.searchsorted(text.starts, spots, side="right") - 1] = True
        return np.flatnonzero(hit)

    def _wanted_of(self, data: Bytes, spots: Rows) -> Rows:
        """Keep the places where one of the characters really begins."""
        first = data[spots]
        three = (first & 0xF0) == 0xE0  # the usual case: characters of three bytes, decoded in 16 bits
        if three.all():
            return spots[self._wanted.take(_decode_three(data, spots, first))]
        some, others = spots[three], spots[~three]
        hits = some[self._wanted.take(_decode_three(data, some, first[three]))]
        return np.concatenate([hits, others[self._wanted.take(_decode(data, others))]])


_NOWHERE = np.zeros(0, np.intp)


def among(characters: Iterable[int]) -> BoolRows:
    """Give a mask over all code points that is true for these."""
    mask = np.zeros(0x110000, bool)
    mask[list(characters)] = True
    return mask


def _first_bytes(wanted: BoolRows) -> list[int]:
    """Give the bytes with which the UTF-8 of the wanted characters begins, each once, in order."""
    one = [code for code in range(0x80) if wanted[code]]
    two = [0xC0 + block for block in range(2, 32) if wanted[block << 6 : (block + 1) << 6].any()]
    three = [0xE0 + block for block in range(16) if wanted[max(block << 12, 0x800) : (block + 1) << 12].any()]
    four = [0xF0 + block for block in range(5) if wanted[max(block << 18, 0x10000) : (block + 1) << 18].any()]
    return [*one, *two, *three, *four]


def _runs(firsts: list[int]) -> list[tuple[int, int]]:
    """Join first bytes into runs: close ones are joined, but never over E4–E9, where Han characters begin."""
    runs: list[tuple[int, int]] = []
    for first in firsts:
        if runs and (first - runs[-1][1] == 1 or (runs[-1][1] >= 0xC2 and not runs[-1][1] < 0xE7 < first)):
            runs[-1] = (runs[-1][0], first)
        else:
            runs.append((first, first))
    return runs


def _any_within(data: Bytes, low: int, high: int) -> bool:
    """Say whether a byte of the run occurs; the ends of the byte range need no temporary array."""
    if data.size == 0:
        return False
    if low == 0:
        return bool(data.min() <= high)
    if high >= 0xEF:
        return bool(data.max() >= low)
    return bool((data - np.uint8(low)).min() <= high - low)


def _within(data: Bytes, low: int, high: int) -> BoolRows:
    if low == 0:
        return data <= high
    if high >= 0xEF:
        return data >= low
    return data == low if low == high else (data - np.uint8(low)) <= high - low


def _decode_three(data: Bytes, spots: Rows, first: Bytes) -> NDArray[np.uint16]:
    """Give the code points of three-byte characters that begin at these places; the top bits fall off by themselves."""
    second, third = (data.take(spots + step, mode="clip").astype(np.uint16) for step in (1, 2))
    code: NDArray[np.uint16] = first.astype(np.uint16) << np.uint16(12)
    code |= (second & np.uint16(0x3F)) << np.uint16(6)
    code |= third & np.uint16(0x3F)
    return code


def _decode(data: Bytes, spots: Rows) -> NDArray[np.int32]:
    """Give the code points of characters of two or four bytes (or one) that begin at these places."""
    first = data[spots].astype(np.int32)
    second, third, fourth = (data.take(spots + step, mode="clip").astype(np.int32) & 0x3F for step in (1, 2, 3))
    two = (first & 0x1F) << 6 | second
    four = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
    return np.where(first < 0x80, first, np.where(first < 0xE0, two, four))
