"""Finds what names a private person in any text: citizens' id numbers and mobile numbers, in the spellings people use.

Id numbers are those of GB 11643 (18 characters, valid date and check character) and the older ones of 15 digits; also
with spaces or dashes between their groups, in full-width digits, glued to words or to one another, and behind the
escapes of JSON, URLs and Python. What is public stays: certificate numbers, credit codes (GB 32100), digests. A number
that is both an id number and the credit code of an enterprise is taken for the credit code; of other bodies for the id.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping

__all__ = ["MASK", "is_citizen_id", "mask_numbers", "mask_row"]

MASK = "***"

_WIDE = str.maketrans("０１２３４５６７８９Ｘｘ－　", "0123456789Xx- ")
"""One character for one: a place in the narrow text is the same place in the given one."""
_WIDE_ESCAPE = re.compile(r"\\u[fF]{2}(1[0-9]|38|58)")

_BIRTH = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_CITIZEN = re.compile(rf"[1-9]\d{{5}}(?:18|19|20)\d{{2}}{_BIRTH}\d{{3}}[\dXx]", re.ASCII)
_LENGTH = 18
_ESCAPE_DIGITS = 4
_DIGEST = r"(?<![0-9A-Za-z])(?=[0-9]{0,63}[a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9A-Za-z])"
_RUN = re.compile(rf"(?P<digest>{_DIGEST})|\d{{17,}}[\dXx]", re.ASCII)
"""Digests are looked at first: they hold long runs of digits by chance."""
_GROUPS = re.compile(
    r"(?<!\d)\d++(?P<gap>[ \t–—·-])(?:\d++(?:(?P=gap)\d++)*+(?:(?P=gap)?[Xx])?|[Xx])(?![0-9A-Za-z])", re.ASCII
)

_ESCAPED = r"(?<=\\u[0-9a-fA-F]{4})|(?<=\\x[0-9a-fA-F]{2})|(?<=%[0-9a-fA-F]{2})|(?<=\\[bfnrt])"
_AREAS = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])"
_OLD_CITIZEN = re.compile(
    rf"(?:(?<![0-9A-Za-z])(?<!\d\.)|{_ESCAPED}){_AREAS}\d{{6}}{_BIRTH}\d{{3}}(?![0-9A-Za-z])", re.ASCII
)
_MOBILE = re.compile(
    r"(?P<skip>(?<![0-9A-Za-z%])(?=\d{0,63}[a-fA-F])[0-9a-fA-F]{16,64}(?![0-9A-Za-z]))|"
    rf"(?:(?<![0-9])(?<!\d\.)|{_ESCAPED})(?:(?:\+|00)?86[ -]?|\(\+?86\)[ -]?)?"
    r"(?:1[3-9]\d(?P<gap>[ –—·-]?)\d{4}(?P=gap)\d{4}|1[3-9]\d{2}(?P<dash>[ –—·-])\d{3}(?P=dash)\d{4})(?!\d)",
    re.ASCII,
)
"""Words of hexadecimal digits are passed over: ids of keys and runs hold eleven digits in a row by chance."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

_COLUMNS = re.compile(
    r"sfz|身份证|证件号|zjhm|id_?card|identity_?(?:no|number)|citizen|手机|电话|mobile|phone|sjh|lxdh|lxfs|联系方式",
    re.IGNORECASE,
)
"""Names of columns whose values are personal whatever they look like: a mistyped id number has no valid check."""

Spans = Callable[[str], Iterator[tuple[int, int]]]


def mask_numbers(text: str) -> str:
    """Give the text with every id number and mobile number masked."""
    if "\\u" in text:
        text = _WIDE_ESCAPE.sub(lambda found: chr(int(f"ff{found[1]}", 16)), text)
    for spans in (_citizens, _grouped_citizens, _spans_of(_OLD_CITIZEN), _spans_of(_MOBILE)):
        text = _masked(text, spans)
    return text


def mask_row(row: Mapping[str, object]) -> dict[str, object]:
    """Give a source row for the screen: numbers masked in every text, and whole the columns named for them."""
    return {name: _mask_cell(name, value) for name, value in row.items()}


def _mask_cell(name: str, value: object) -> object:
    if value is None or value == "":
        return value
    if _COLUMNS.search(name):
        return MASK
    if isinstance(value, str):
        return mask_numbers(value)
    if isinstance(value, Mapping):
        return mask_row(value)
    if isinstance(value, list | tuple):
        return [_mask_cell(name, each) for each in value]
    masked = mask_numbers(str(value))
    return value if masked == str(value) else masked


def is_citizen_id(text: str) -> bool:
    """Say whether 18 characters are an id number, and not the credit code of an enterprise."""
    if not _CITIZEN.fullmatch(text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return text[-1].upper() == "10X98765432"[total % 11] and not (text[0] == "9" and _is_credit_code(text.upper()))


def _is_credit_code(text: str) -> bool:
    total = sum(_CREDIT.index(sign) * weight for sign, weight in zip(text, _CREDIT_WEIGHTS, strict=False))
    return text[-1] == _CREDIT[-total % 31]


def _masked(text: str, spans: Spans) -> str:
    pieces: list[str] = []
    done = 0
    for start, end in spans(text.translate(_WIDE)):
        pieces += [text[done:start], MASK]
        done = end
    return "".join([*pieces, text[done:]]) if done else text


def _spans_of(pattern: re.Pattern[str]) -> Spans:
    return lambda text: (found.span() for found in pattern.finditer(text) if not found.groupdict().get("skip"))


def _citizens(text: str) -> Iterator[tuple[int, int]]:
    r"""Look at every place of a run of digits: numbers are glued to one another where columns were joined.

    The end first, where a few digits before the number may belong to an escape such as ``%81`` or ``\u8bc1``.
    """
    for run in _RUN.finditer(text):
        if run["digest"]:
            continue
        last = run.end() - _LENGTH
        if last - run.start() <= _ESCAPE_DIGITS and is_citizen_id(text[last : run.end()]):
            yield last, run.end()
            continue
        place = run.start()
        while place + _LENGTH <= run.end():
            if is_citizen_id(text[place : place + _LENGTH]):
                yield place, place + _LENGTH
                place += _LENGTH
            else:
                place += 1


def _grouped_citizens(text: str) -> Iterator[tuple[int, int]]:
    """Join groups of one separator until they are 18 characters; only whole groups make a number."""
    for run in _GROUPS.finditer(text):
        if run.end() - run.start() <= _LENGTH:
            continue
        groups = [found.span() for found in re.finditer(r"[0-9Xx]+", run[0])]
        joined = "".join(run[0][start:end] for start, end in groups)
        ends = dict(zip(itertools.accumulate(end - start for start, end in groups), groups, strict=True))
        done = place = 0
        for start, end in groups:
            last = ends.get(place + _LENGTH)
            if place >= done and last is not None and is_citizen_id(joined[place : place + _LENGTH]):
                yield run.start() + start, run.start() + last[1]
                done = place + _LENGTH
            place += end - start
