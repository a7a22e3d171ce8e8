"""Handing SQLite whole columns: one statement inserts thousands of rows, and no value becomes an object of Python.

Bound one by one, a value costs more than SQLite takes to store it, and Python's lock changes hands at every row. So a
column is bound once, all its values joined to one blob, and SQL cuts row ``i``'s piece out of it: texts as UTF-8,
digests as bytes, numbers as decimals of one width. What all rows share is bound once, as what they count up from is;
none of it stands in the statement, which is therefore the same from batch to batch: the driver remembers statements,
and with each what was bound to it last.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ecqs_gateway.doors.arrow import text_bytes

__all__ = ["insert_packed"]

_AT_ONCE = 8_000
"""Rows of one statement: enough to make its start cheap, few enough for copies of long texts."""
_FEW = 200
"""Rows below which it is cheaper to bind their values one by one."""
_WIDEST = 18
"""Digits of a number that any arithmetic on 64 bits can hold."""


def insert_packed(cursor: sqlite3.Cursor, table: str, frame: pl.DataFrame, binary: Sequence[str]) -> None:
    """Insert all rows of a frame in their order; the columns named in ``binary`` are hex text and become bytes.

    Raises what SQLite raises; rows of earlier statements then stay in the transaction, which is the caller's.
    """
    if frame.height < _FEW:
        _insert_rows(cursor, table, frame, binary)
        return
    for part in frame.iter_slices(_AT_ONCE):
        packed = _Packed()
        values = [packed.column(series, binary=series.name in binary) for series in part.get_columns()]
        rows = packed.bind("[0" + ",0" * (part.height - 1) + "]")
        names, wanted = ", ".join(part.columns), ", ".join(values)
        statement = f"INSERT INTO {table} ({names}) SELECT {wanted} FROM json_each({rows})"  # noqa: S608  our own names
        cursor.execute(statement, packed.bound)


def _insert_rows(cursor: sqlite3.Cursor, table: str, frame: pl.DataFrame, binary: Sequence[str]) -> None:
    columns = [
        [None if value is None else bytes.fromhex(value) for value in series] if series.name in binary else series
        for series in map(_allowed, frame.get_columns())
    ]
    names, marks = ", ".join(frame.columns), ", ".join("?" * frame.width)
    cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", zip(*columns, strict=True))  # noqa: S608  our own names


def _allowed(series: pl.Series) -> pl.Series:
    if series.dtype.is_integer() or series.dtype in (pl.String, pl.Null):
        return series
    raise TypeError(f"column {series.name} is of type {series.dtype}, which no ledger table has")


@dataclass
class _Packed:
    """The columns of one statement: gives each as an expression of SQL over ``key``, the number of the row from 0."""

    bound: list[bytes | str | int] = field(default_factory=list)

    def bind(self, value: bytes | str | int) -> str:
        """Bind a value and give its mark."""
        self.bound.append(value)
        return f"?{len(self.bound)}"

    def column(self, series: pl.Series, *, binary: bool) -> str:
        """Give the expression of a column: whole numbers, texts, or bytes written in hex."""
        if series.null_count() == series.len():
            return "NULL"
        if _allowed(series).dtype == pl.String:
            return self._texts(series, binary=binary)
        return self._numbers(series.cast(pl.Int64))

    def _numbers(self, series: pl.Series) -> str:
        least, most = int(series.min()), int(series.max())  # type: ignore[arg-type]  # not all are null
        spread = most - least
        if spread >= 10**_WIDEST:
            return f"CAST({self._texts(series.cast(pl.String), binary=False)} AS INTEGER)"
        first = self.bind(least)
        if series.null_count():
            found = self._decimals((series - least).fill_null(spread + 1).to_numpy(), spread + 1)
            return f"{first} + NULLIF({found}, {self.bind(spread + 1)})"
        if not spread:
            return first
        above = series.to_numpy() - least
        if spread == series.len() - 1 and bool((above == np.arange(series.len())).all()):
            return f"{first} + key"
        return f"{first} + {self._decimals(above, spread)}"

    def _decimals(self, values: np.ndarray, most: int) -> str:
        """Bind numbers from 0 to ``most`` as decimals of one width."""
        digits = np.empty((len(values), len(str(most))), np.uint8)
        for place in reversed(range(digits.shape[1])):
            values, digits[:, place] = np.divmod(values, 10)
        digits += ord("0")
        whole, width = self.bind(digits.tobytes()), self.bind(digits.shape[1])
        return f"CAST(substr({whole}, key * {width} + 1, {width}) AS INTEGER)"

    def _texts(self, series: pl.Series, *, binary: bool) -> str:
        data, places, there = text_bytes(series)
        joined = data.tobytes()
        # One byte more, for SQLite cuts nothing at all out of a blob without bytes.
        whole = self.bind((bytes.fromhex(joined.decode()) if binary else joined) + b".")
        if binary:
            places = places // 2
        lengths = np.diff(places)
        if there is None and lengths.min() == lengths.max():
            width = self.bind(int(lengths[0]))
            piece = f"substr({whole}, key * {width} + 1, {width})"
        else:
            # Cut at places that are bound beside the texts; where there is no text, no length gives NULL.
            start = self._decimals(places[:-1] + 1, int(places[-2]) + 1)
            piece = f"substr({whole}, {start}, {self._numbers(_there(lengths, there))})"
        return piece if binary else f"CAST({piece} AS TEXT)"


def _there(lengths: np.ndarray, there: np.ndarray | None) -> pl.Series:
    found = pl.Series(lengths)
    return found if there is None else found.set(pl.Series(~there), None)
