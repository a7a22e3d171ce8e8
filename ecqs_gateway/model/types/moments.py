"""Dates and times as provinces really write them: the grammar, and how one text is read by it.

Accepted (facts §7): ``2020-01-05`` with ``-``, ``/``, ``.`` or ``年月日``, month and day of one or two digits;
``20200105``; any of these with a time of day, fraction and zone; 14 or 12 digits; 13 digits as milliseconds since 1970;
Chinese numerals as in ``二〇二〇年十二月三十一日``; full-width digits and signs. A zone is converted to Asia/Shanghai
before the date is taken: ``2020-01-04T16:00:00Z`` is the 5th. Never guessed: a missing day, a two-digit year, which of
month and day comes first, or a number of ten digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from ecqs_gateway.model.types.base import FieldProblem
from ecqs_gateway.model.types.clean import BLANKS, INVISIBLE, WIDE_ASCII
from ecqs_gateway.model.types.problems import problem

__all__ = [
    "CHINESE",
    "COMPACT",
    "DAY",
    "EPOCH",
    "EPOCH_MS",
    "FIRST",
    "LAST",
    "NUMERALS",
    "PLAIN",
    "SPACED",
    "YEAR_DIGITS",
    "ZONE",
    "Moment",
    "read_text",
]

FIRST, LAST = date(1949, 1, 1), date(2100, 12, 31)
EPOCH = date(1970, 1, 1)
DAY = 86400
ZONE = 8 * 3600  # Asia/Shanghai since 1992, and what every time with a zone is converted to

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63"
PLAIN: dict[int, str] = (
    {code: chr(plain) for code, plain in WIDE_ASCII.items()}
    | dict.fromkeys(BLANKS, " ")
    | dict.fromkeys(INVISIBLE, "")
    | dict.fromkeys(map(ord, _DASHES), "-")
)

_CLOCK = (
    r"(?P<h>[0-9]{1,2})[:时](?P<mi>[0-9]{2})(?:分|(?:[:分](?P<s>[0-9]{2})(?:[.,][0-9]{1,9})?秒?)?)"
    r" ?(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
SPACED = (
    r"(?P<y>[0-9]{4}) ?[-/.年] ?(?P<m>[0-9]{1,2}) ?[-/.月] ?(?P<d>[0-9]{1,2})"
    rf"(?:(?: ?[日号] ?|[T ]){_CLOCK}| ?[日号])?"
)
COMPACT = r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})(?:(?P<h>[0-9]{2})(?P<mi>[0-9]{2})(?P<s>[0-9]{2})?)?"
EPOCH_MS = r"[0-9]{13}"
_NUMERAL = "[一二三四五六七八九十廿卅]{1,3}|[0-9]{1,2}"
CHINESE = rf"(?P<y>[0OΟ〇○◯零一二三四五六七八九]{{4}}) ?年 ?(?P<m>元|{_NUMERAL}) ?月 ?(?P<d>{_NUMERAL}) ?[日号]?"

YEAR_DIGITS = dict.fromkeys("OΟ〇○◯零", "0") | {sign: str(i) for i, sign in enumerate("一二三四五六七八九", 1)}
_FOREVER = re.compile("长期|永久|无固定期限|不定期|长久|永续")
_TWO_DATES = re.compile(r"[0-9〇零一二三四五六七八九]{4}.*(?:至|到|~|--|—).*[0-9〇零一二三四五六七八九]{4}")
_NO_DAY_GIVEN = re.compile(r"[0-9]{4}(?: ?[-/.年] ?(?:[0-9]{1,2} ?[-/.月]? ?)?)?|[0-9]{6}")


def _numerals() -> dict[str, str]:
    """Give the numbers of days and months by every way of writing them."""
    ones = ["", *"一二三四五六七八九"]
    found = {}
    for number in range(1, 32):
        ten, one = divmod(number, 10)
        for tens in (["", "十"], ["", "一十"], ["", "", "廿", "卅"], ["", "", "二十", "三十"]):
            if ten < len(tens) and (tens[ten] or not ten):
                found[tens[ten] + ones[one]] = str(number)
    return found


NUMERALS = _numerals()


@dataclass(frozen=True)
class Moment:
    """A day and, where the text had a time of day, the second of that day; both in Asia/Shanghai."""

    day: date
    second: int | None = None


def read_text(text: str) -> Moment:
    """Read one text; raises FieldProblem that says which of the known mistakes it is."""
    plain = re.sub(" {2,}", " ", text.translate(PLAIN)).strip(" ")
    if re.fullmatch(EPOCH_MS, plain):
        days, second = divmod(int(plain) // 1000 + ZONE, DAY)
        return _within(EPOCH + timedelta(days=days), second)
    found = re.fullmatch(SPACED, plain) or re.fullmatch(COMPACT, plain)
    if found is not None:
        return _assemble({name: part for name, part in found.groupdict().items() if part is not None})
    found = re.fullmatch(CHINESE, plain)
    if found is not None:
        year = "".join(YEAR_DIGITS.get(sign, sign) for sign in found["y"])
        month = "1" if found["m"] == "元" else NUMERALS.get(found["m"], found["m"])
        day = NUMERALS.get(found["d"], found["d"])
        if month.isascii() and day.isascii():
            return _assemble({"y": year, "m": month, "d": day})
    raise _why(plain)


def _assemble(parts: dict[str, str]) -> Moment:
    year, month, day = int(parts["y"]), int(parts["m"]), int(parts["d"])
    if not FIRST.year <= year <= LAST.year:
        raise problem("ECQS-1243")
    try:
        start = date(year, month, day)
    except ValueError:
        raise problem("ECQS-1242") from None
    if "h" not in parts:
        return Moment(start)
    hour, minute, second = int(parts["h"]), int(parts["mi"]), int(parts.get("s", "0"))
    if hour > 23 or minute > 59 or second > 59:
        raise problem("ECQS-1246")
    instant = hour * 3600 + minute * 60 + second
    if "zone" in parts:
        instant += ZONE - _offset(parts["zone"])
    shift, second = divmod(instant, DAY)
    return _within(start + timedelta(days=shift), second)


def _offset(zone: str) -> int:
    """Give the seconds a zone is ahead of UTC; raises FieldProblem for one that does not exist."""
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or "0")
    if hours > 14 or minutes > 59:
        raise problem("ECQS-1246")
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _within(day: date, second: int) -> Moment:
    if not FIRST <= day <= LAST:
        raise problem("ECQS-1243")
    return Moment(day, second)


def _why(plain: str) -> FieldProblem:
    """Name the mistake in a text that is no date."""
    if _FOREVER.search(plain):
        return problem("ECQS-1244")
    if _TWO_DATES.search(plain):
        return problem("ECQS-1245")
    return problem("ECQS-1241" if _NO_DAY_GIVEN.fullmatch(plain) else "ECQS-1240")
