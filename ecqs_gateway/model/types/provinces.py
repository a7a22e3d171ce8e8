"""The 31 provinces by area code and certificate abbreviation, for use where no code tables are loaded.

The table ``units`` of the content folders wins wherever it is at hand: it also knows the production and construction
corps and whatever abbreviation its certificates really carry, which no public source states (facts 6.2, 9).
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ecqs_gateway.model.codes import CodeTable, CodeTables

__all__ = ["ALTERNATES", "abbreviations", "area_prefixes", "unit_by_abbreviation"]

UNITS = "units"
"""Name of the code table of reporting units, with the columns ``abbreviation`` and ``alternates`` (``|`` between)."""

ALTERNATES = "|"

_BUILT_IN = (
    "11京 12津 13冀 14晋 15蒙 21辽 22吉 23黑 31沪 32苏 33浙 34皖 35闽 36赣 37鲁 41豫 42鄂 43湘 44粤 45桂 46琼"
    " 50渝 51川 52贵黔 53云滇 54藏 61陕秦 62甘陇 63青 64宁 65新"
)


@dataclass(frozen=True)
class _Places:
    """Canonical abbreviation by every spelling, unit by canonical abbreviation, and first digits of area codes."""

    spellings: Mapping[str, str]
    units: Mapping[str, str]
    prefixes: frozenset[str]


def _read(table: CodeTable | None) -> _Places:
    spellings: dict[str, str] = {}
    units: dict[str, str] = {}
    rows = _rows(table)
    for code, own, others in rows:
        if own:
            units[own] = code
            spellings |= dict.fromkeys([own, *others], own)
    return _Places(MappingProxyType(spellings), MappingProxyType(units), frozenset(code[:2] for code, _, _ in rows))


def _rows(table: CodeTable | None) -> list[tuple[str, str, list[str]]]:
    built_in = [(f"{word[:2]}0000", word[2], list(word[3:])) for word in _BUILT_IN.split()]
    if table is None or not {"abbreviation", "alternates"} <= set(table.rows.columns):
        return [row for row in built_in if table is None or row[0] in table.codes]
    rows = table.rows.select("code", "abbreviation", "alternates").fill_null("").rows()
    return [(code, own, [other for other in others.split(ALTERNATES) if other]) for code, own, others in rows]


_known: dict[int, _Places] = {}
_default = _read(None)


def _places(codes: CodeTables | None) -> _Places:
    """Read a table once: a table cannot be hashed, so it is known by identity for as long as it lives."""
    table = codes.get(UNITS) if codes is not None else None
    if table is None:
        return _default
    known = _known.get(id(table))
    if known is None:
        known = _known[id(table)] = _read(table)
        weakref.finalize(table, _known.pop, id(table), None)
    return known


def abbreviations(codes: CodeTables | None) -> Mapping[str, str]:
    """Give the canonical certificate abbreviation by every spelling of it: 黔 → 贵."""
    return _places(codes).spellings


def unit_by_abbreviation(codes: CodeTables | None) -> Mapping[str, str]:
    """Give the unit code by canonical certificate abbreviation: 苏 → 320000."""
    return _places(codes).units


def area_prefixes(codes: CodeTables | None) -> frozenset[str]:
    """Give the first two digits of the area codes of all units."""
    return _places(codes).prefixes
