"""How a source differs from what was described of it: its columns and types, and what stands in them.

Pure: what was seen before and what is there now are handed in. Nothing of a row stands in a ``Drift`` but counts and,
for coded columns, the codes, which only the bench shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ecqs_gateway.content.models_sources import SourceTable, column_dtype
from ecqs_gateway.content.problems import nearest

__all__ = ["WARN_ONLY", "Drift", "What", "compare_columns"]

What = Literal[
    "new_column", "missing_column", "retyped_column", "empty_column", "new_codes", "recoded_column", "volume"
]
"""Kinds of drift, named as the settings of a connector name them."""

WARN_ONLY = "told"
"""``Drift.grade`` of what never holds: a longer text, a column the mapping does not use."""

_TEXTS = frozenset({"CHAR", "CHARACTER", "VARCHAR", "VARCHAR2", "NCHAR", "NVARCHAR", "NVARCHAR2", "TEXT", "STRING"})
_TEXTS |= {"TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "CLOB", "NCLOB", "BPCHAR", "ENUM", ""}
_WORD = re.compile(r"[A-Z0-9_]*")


@dataclass(frozen=True)
class Drift:
    """One difference; ``column`` is dotted for child tables (``cp.CPMC``), empty where it is of the rows as a whole."""

    what: What
    column: str
    table: str
    message: str
    """Completes "320000 certificate: …"; without values of rows."""
    grade: Literal["full", "told"] = "full"
    codes: tuple[str, ...] = ()
    """Codes never seen before; for the bench only."""

    @property
    def identity(self) -> str:
        """Name the difference so that it is known again in the next run, whatever the counts are then."""
        return f"{self.what} {self.column}"


def compare_columns(
    seen: SourceTable | None,
    now: Mapping[str, str],
    *,
    table: str,
    prefix: str,
    used: Iterable[str],
    dialects: tuple[str, str],
) -> Iterator[Drift]:
    """Compare a table's columns (name → type in the source's words) with what was seen.

    ``used`` are the columns the mapping and the connector need, by their plain names, ``dialects`` the database it was
    described of and the one it is: between two, types are not compared. A table nobody described is judged by what is
    used alone.
    """
    wanted = dict.fromkeys(used)
    before = {column.name: column.type for column in seen.columns} if seen is not None else {}
    fresh = [name for name in now if name not in before] if seen is not None else list(now)
    for name in dict.fromkeys([*before, *wanted]):
        if name in now:
            continue
        near = nearest(name, fresh)
        renamed = f"; is it {near} now?" if near else ""
        grade: Literal["full", "told"] = "full" if name in wanted else "told"
        yield Drift("missing_column", prefix + name, table, f"{table} has no column {name} any more{renamed}", grade)
    if seen is None:
        return
    for name in fresh:
        yield Drift("new_column", prefix + name, table, f"{table} has a new column {name} ({now[name] or 'no type'})")
    if dialects[0] != dialects[1]:
        return
    for name, was in before.items():
        if name in now and was != now[name]:
            same = _same_reading(was, now[name], dialects[0])
            message = f"{table}.{name} was {was or 'without type'} and is {now[name] or 'without type'} now"
            grade = "full" if name in wanted and not same else "told"
            yield Drift("retyped_column", prefix + name, table, message, grade)


def _same_reading(was: str, is_now: str, dialect: str) -> bool:
    """Say whether only a length has changed, or one text type is another."""
    return column_dtype(was, dialect) == column_dtype(is_now, dialect) and _family(was) == _family(is_now)


def _family(words: str) -> str:
    """Give the first word of a type; all texts are one family, and so are all whole numbers."""
    found = _WORD.match(words.strip().upper())
    word = found[0] if found else ""
    if word in _TEXTS:
        return "text"
    return "whole" if word.endswith(("INT", "INTEGER", "SERIAL")) else word
