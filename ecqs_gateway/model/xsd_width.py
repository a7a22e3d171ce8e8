"""How long a text of an XSD simple type may be, as far as its facets tell: the length column of the reference."""

from __future__ import annotations

import re

from ecqs_gateway.model.types.base import XsdType

__all__ = ["pattern_width", "width"]

_LONGEST = 10**9
"""Stands for "no limit"."""
_OPEN = re.compile(r"\((?:\?:)?")
_ATOM = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|[^()|\\]", re.DOTALL)
_TIMES = re.compile(r"\?|\*|\+|\{(\d+)(,)?(\d+)?\}")


def width(xsd: XsdType) -> tuple[int, int | None] | None:
    """Give the shortest and longest length in characters; longest None is no limit, None that nothing is said."""
    facets = dict(xsd.facets)
    words = [len(value) for facet, value in xsd.facets if facet == "enumeration"]
    if words:
        return min(words), max(words)
    if xsd.base == "xs:date":
        return 10, 10
    low, high = pattern_width(facets["pattern"]) if "pattern" in facets else (0, _LONGEST)
    low = max(low, int(facets.get("length", facets.get("minLength", 0))))
    high = min(high, int(facets.get("length", facets.get("maxLength", _LONGEST))))
    if xsd.base == "xs:integer" and "maxInclusive" in facets:
        low, high = 1, min(high, max(len(facets["maxInclusive"]), len(facets.get("minInclusive", ""))))
    if (low, high) == (0, _LONGEST):
        return None
    return low, high if high < _LONGEST else None


def pattern_width(pattern: str) -> tuple[int, int]:
    """Give the shortest and longest match of a pattern of the kind our types use: classes, groups, counts."""
    low, high, end = _choice(pattern, 0)
    if end != len(pattern):
        raise ValueError(f"a bracket is missing in the pattern {pattern}")
    return low, min(high, _LONGEST)


def _choice(pattern: str, at: int) -> tuple[int, int, int]:
    low, high, at = _branch(pattern, at)
    while at < len(pattern) and pattern[at] == "|":
        other_low, other_high, at = _branch(pattern, at + 1)
        low, high = min(low, other_low), max(high, other_high)
    return low, high, at


def _branch(pattern: str, at: int) -> tuple[int, int, int]:
    low = high = 0
    while at < len(pattern) and pattern[at] not in "|)":
        if opened := _OPEN.match(pattern, at):
            least, most, at = _choice(pattern, opened.end())
            at += 1  # the closing bracket
        elif atom := _ATOM.match(pattern, at):
            least, most, at = 1, 1, atom.end()
        else:
            raise ValueError(f"cannot measure the pattern {pattern}")
        times = _TIMES.match(pattern, at)
        if times:
            at = times.end()
            fewest, often = _count(times)
            least, most = least * fewest, most * often
        low, high = low + least, high + most
    return low, high, at


def _count(times: re.Match[str]) -> tuple[int, int]:
    plain = {"?": (0, 1), "*": (0, _LONGEST), "+": (1, _LONGEST)}.get(times[0])
    if plain:
        return plain
    fewest = int(times[1])
    return fewest, int(times[3]) if times[3] else _LONGEST if times[2] else fewest
