"""Repeatable random columns: the value of a row depends on seed, column name and row number, and on nothing else.

A counter-based generator (SplitMix64's mixing step over row number and column name) instead of a stream of numbers:
the first 100 rows of a table of 1,000,000 are the table of 100, one row can be computed again without the others,
and nothing depends on the versions of Polars or Python, the platform or the order of calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

__all__ = ["ROW", "Draw"]

ROW = "__i"
"""Name of the row number column (UInt64, from 0) every draw is made on."""

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_SCALE = 1_000_000


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)


@dataclass(frozen=True)
class Draw:
    """Random columns for one seed; every method gives an expression over the row number column ``ROW``."""

    seed: int

    def bits(self, name: str, row: pl.Expr | None = None) -> pl.Expr:
        """Give 64 evenly spread bits for the column of that name."""
        salt = int.from_bytes(hashlib.sha256(f"{self.seed}:{name}".encode()).digest()[:8], "big")
        z = ((pl.col(ROW) if row is None else row.cast(pl.UInt64)) * _u64(_GOLDEN)) ^ _u64(salt)
        z = (z ^ (z // _u64(1 << 30))) * _u64(_FIRST)
        z = (z ^ (z // _u64(1 << 27))) * _u64(_SECOND)
        return z ^ (z // _u64(1 << 31))

    def whole(self, name: str, low: int, high: int) -> pl.Expr:
        """Give a whole number (Int64) from ``low`` to ``high``, both included."""
        return (self.bits(name) % _u64(high - low + 1)).cast(pl.Int64) + low

    def chance(self, name: str, share: float) -> pl.Expr:
        """Give true for about that share of the rows (0 to 1, in steps of a millionth)."""
        return (self.bits(name) % _u64(_SCALE)) < _u64(round(share * _SCALE))

    def pick(self, name: str, values: Sequence[str]) -> pl.Expr:
        """Give one of the texts, each equally likely."""
        return choose(self.whole(name, 0, len(values) - 1), values)

    def day(self, name: str, first: date, last: date) -> pl.Expr:
        """Give a day (Date) from ``first`` to ``last``, both included."""
        start = pl.lit(first)
        return (start + pl.duration(days=self.whole(name, 0, (last - first).days))).cast(pl.Date)


def choose(index: pl.Expr, values: Sequence[str]) -> pl.Expr:
    """Give the text at that position of the list."""
    return index.replace_strict(range(len(values)), list(values), return_dtype=pl.String)
