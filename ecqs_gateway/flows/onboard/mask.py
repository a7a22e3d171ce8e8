"""Personal data in sample rows, replaced by fakes of the same shape before anything is written.

The fakes are counted, not computed from the value, so that nothing can be reckoned back; the same value has the same
fake everywhere in one run. Masked are citizens' id numbers and telephone numbers wherever they stand, and the whole
value of columns that hold names of persons.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

__all__ = ["Masker"]

_CITIZEN = re.compile(
    r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)
_OLD_CITIZEN = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{5}[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}(?![0-9A-Za-z])")
_MOBILE = re.compile(
    r"(?<![0-9A-Za-z.])(?P<before>(?:\+?86[- ]?)?)1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}(?![0-9A-Za-z])"
)
_LANDLINE = re.compile(r"(?<![0-9A-Za-z-])0[0-9]{2,3}[- ]?[0-9]{7,8}(?![0-9A-Za-z])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN = "甲乙丙丁戊己庚辛壬癸"


@dataclass
class Masker:
    """Gives fakes; ``persons`` are the columns whose values are names of persons."""

    persons: Collection[str] = ()
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def frame(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Mask every text of some sample rows."""
        return rows.with_columns(
            pl.Series(name, [self._cell(name, value) for value in rows[name].to_list()], dtype=pl.String)
            for name in rows.columns
            if rows[name].dtype == pl.String and not name.startswith("__")
        )

    def _cell(self, column: str, value: str | None) -> str | None:
        if value is None:
            return None
        return self._person(value) if column in self.persons else self.text(value)

    def text(self, value: str) -> str:
        """Mask numbers of persons inside a text."""
        value = _CITIZEN.sub(lambda found: self._fake("citizen", found.group()), value)
        value = _OLD_CITIZEN.sub(lambda found: self._fake("old", found.group()), value)
        value = _MOBILE.sub(lambda found: found["before"] + self._like("1000", found.group(), found["before"]), value)
        return _LANDLINE.sub(lambda found: self._like("000", found.group(), ""), value)

    def _person(self, value: str) -> str:
        """Give a made-up name of the same length; several names in one cell stay several."""
        return re.sub(
            "[\u3400-\u9fff·•]{2,}|[A-Za-z][A-Za-z .]+", lambda found: self._fake("name", found.group()), value
        )

    def _like(self, begin: str, number: str, before: str) -> str:
        """Give counted digits in the pattern of a number, with its signs between."""
        shape = number[len(before) :]
        digits = sum(sign.isdigit() for sign in shape)
        fake = iter(begin + self._fake("number", shape).zfill(digits - len(begin))[-(digits - len(begin)) :])
        return "".join(next(fake) if sign.isdigit() else sign for sign in shape)

    def _fake(self, kind: str, value: str) -> str:
        key = (kind, value)
        if key not in self._known:
            number = sum(known == kind for known, _ in self._known) + 1
            self._known[key] = _MAKERS[kind](number, len(value))
        return self._known[key]


def _citizen(number: int, _: int) -> str:
    body = f"99000019700101{number % 1000:03d}"
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]
    return body + check


def _name(number: int, length: int) -> str:
    given = "".join(_GIVEN[number // len(_SURNAMES) // 10**place % 10] for place in range(max(1, length - 1)))
    return _SURNAMES[number % len(_SURNAMES)] + given[: max(1, length - 1)]


_MAKERS = {
    "citizen": _citizen,
    "old": lambda number, _: f"990000700101{number % 1000:03d}",
    "number": lambda number, _: str(number),
    "name": _name,
}
