"""National code tables in memory: which codes exist, what they mean, and from when to when.

The tables are content (``schemas/codes/*.csv``) and are loaded by ``ecqs_gateway.content``; this module only says
what a loaded table is, so that field types can check against it without knowing where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

__all__ = ["COLUMNS", "CodeTable", "CodeTables"]

COLUMNS = ("code", "name", "valid_from", "valid_until", "source", "note")
"""Columns every code table has; further columns (``aliases``, ``parent``, ``issuer`` …) are the table's own."""


@dataclass(frozen=True)
class CodeTable:
    """One national code table.

    ``rows`` has the columns of ``COLUMNS``: ``code`` and ``name`` as text, ``valid_from`` and ``valid_until`` as
    dates (null = open end; both days included), ``source`` and ``note`` as text. One code may stand in several rows
    with validity periods that do not overlap.
    """

    name: str
    rows: pl.DataFrame
    codes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Derive the set of codes that ever existed, which is what a schema without dates can check."""
        object.__setattr__(self, "codes", frozenset(self.rows["code"].to_list()))

    def valid_on(self, code: str, day: date) -> bool:
        """Say whether the code exists on that day."""
        hits = self.rows.filter(
            (pl.col("code") == code)
            & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= day))
            & (pl.col("valid_until").is_null() | (pl.col("valid_until") >= day))
        )
        return hits.height > 0


@dataclass(frozen=True)
class CodeTables(Mapping[str, CodeTable]):
    """All national code tables, by name."""

    tables: Mapping[str, CodeTable]

    def __getitem__(self, name: str) -> CodeTable:
        """Give the table of that name; raises KeyError where there is none."""
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        """Walk the names."""
        return iter(self.tables)

    def __len__(self) -> int:
        """Count the tables."""
        return len(self.tables)
