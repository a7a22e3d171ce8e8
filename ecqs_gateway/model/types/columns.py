"""The bytes of a text column as numpy arrays: what makes checking a column cost nanoseconds per value.

Polars holds text as UTF-8; the door to Arrow gives its bytes in one piece (5 ns a value). Most canonical values
have a fixed width in bytes, so a column of them is a matrix of bytes, and two neighbouring bytes at once index a
table of 65,536 entries. Measured (perf.md C): 10 ns a value for a credit code check, against 500 ns for slices.
Rows of any other width are rare and go down a slower way, so every function here takes and gives whole columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ecqs_gateway.doors.arrow import text_bytes, text_column
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldProblem, FieldType

__all__ = ["BoolRows", "Bytes", "Layout", "Rows", "SlowWay", "Utf8", "by_column", "merge", "pairs", "verdict"]

Bytes = NDArray[np.uint8]
Rows = NDArray[np.intp]
BoolRows = NDArray[np.bool_]


def by_column(column: pl.Expr, function: Callable[[pl.Series], pl.Series], dtype: pl.DataType) -> pl.Expr:
    """Give an expression that hands the whole column to the function and takes a column of that type back."""
    return column.map_batches(function, return_dtype=dtype, is_elementwise=True)


@dataclass(frozen=True)
class Utf8:
    """A text column as bytes: ``data`` of all rows, ``starts`` and ``sizes`` of each (size -1 for null)."""

    data: Bytes
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, series: pl.Series) -> Utf8:
        """Take the bytes of a column of dtype String."""
        data, places, there = text_bytes(series)
        sizes = np.diff(places)
        if there is not None:
            sizes[~there] = -1
        return cls(data, places[:-1], sizes)

    @staticmethod
    def series(matrix: Bytes) -> pl.Series:
        """Give the rows of a matrix of UTF-8 bytes as a text column."""
        count, width = matrix.shape
        return text_column(matrix.reshape(-1), np.arange(0, (count + 1) * width, width, dtype=np.int64))

    def __len__(self) -> int:
        """Count the rows."""
        return self.sizes.size

    def widths(self, least: int = 1, most: int = 64) -> Iterator[int]:
        """Walk the sizes between these that occur, most rows first."""
        if self.sizes.size and self.sizes[0] == self.sizes.max() == self.sizes.min():  # as in most columns of codes
            return iter([int(self.sizes[0])] if least <= self.sizes[0] <= most else [])
        counts = np.bincount(np.clip(self.sizes, 0, most + 1), minlength=most + 2)[least : most + 1]
        return (int(place) + least for place in np.argsort(-counts, kind="stable") if counts[place])

    def fixed(self, width: int) -> tuple[Rows, Bytes]:
        """Give the rows of exactly that many bytes, and their bytes as a matrix with one row each."""
        rows = np.flatnonzero(self.sizes == width)
        return rows, self.take(rows, width)

    def take(self, rows: Rows, width: int) -> Bytes:
        """Give the first bytes of these rows as a matrix; each row must have that many."""
        if rows.size == 0:
            return np.zeros((0, width), np.uint8)
        if rows.size * width == self.data.size and self.starts[rows[0]] == 0:
            return self.data.reshape(-1, width)
        cells = np.ndarray((self.data.size - width + 1,), f"V{width}", buffer=self.data, strides=(1,))
        return cells[self.starts[rows]].view(np.uint8).reshape(-1, width)


def pairs(matrix: Bytes, place: int) -> NDArray[np.uint16]:
    """View two neighbouring bytes of each row as one number (first byte lowest); the matrix must be contiguous."""
    count, width = matrix.shape
    if count == 0:
        return np.zeros(0, np.uint16)
    return np.ndarray((count,), "<u2", buffer=matrix, offset=place, strides=(width,))


@cache
def _pair_table(first: frozenset[int], second: frozenset[int]) -> Bytes:
    """Give 1 for each pair of bytes that does not fit."""
    table = np.ones((256, 256), np.uint8)  # row: second byte, column: first byte, as pairs() numbers them
    table[np.ix_(sorted(second), sorted(first))] = 0
    return table.reshape(-1)


class Layout:
    """A text of fixed width: which bytes may stand at each place."""

    def __init__(self, places: Iterable[Iterable[int]]) -> None:
        """Take the allowed bytes of each place, in order."""
        sets = [frozenset(place) for place in places]
        self.width = len(sets)
        steps = [*range(0, self.width - 1, 2)]
        if self.width % 2:
            steps.append(self.width - 2)  # the last pair overlaps the one before: cheaper than a single-byte step
        self._steps = steps
        self.misfits = [_pair_table(sets[place], sets[place + 1]) for place in steps]
        """1 for each pair of bytes that does not fit, by step of two places."""

    def fits(self, matrix: Bytes) -> BoolRows:
        """Say which rows of a matrix of this width fit."""
        misfit = np.zeros(matrix.shape[0], np.uint8)
        for place, table in zip(self._steps, self.misfits, strict=True):
            misfit |= table.take(pairs(matrix, place))
        good: BoolRows = misfit == 0
        return good


def merge(series: pl.Series, rows: Rows, values: pl.Series) -> pl.Series:
    """Give the column with the values of some rows replaced; the given column is not changed."""
    if rows.size == 0:
        return series
    if rows.size == len(series):
        return values.alias(series.name)
    return series.clone().scatter(rows, values)


@dataclass(frozen=True)
class SlowWay:
    """How rows are read that are not clean: each by itself, or many at once by expressions applied in turn.

    ``one`` gives None where the text cannot be read; ``steps`` give null. Both give the same: setting expressions up
    costs as much as reading a hundred texts one by one, so that a few odd rows in a batch are read singly.
    """

    one: Callable[[str], Any]
    steps: tuple[Callable[[pl.Expr], pl.Expr], ...]
    dtype: pl.DataType = field(default_factory=pl.String)

    @classmethod
    def of(cls, field_type: FieldType, codes: CodeTables | None, *steps: Callable[[pl.Expr], pl.Expr]) -> SlowWay:
        """Take the single-value side of a field type as the way for one."""

        def one(text: str) -> Any:
            try:
                return field_type.read(text, codes)
            except FieldProblem:
                return None

        return cls(one, steps, field_type.dtype)

    def read(self, texts: pl.Series, rows: Rows) -> pl.Series:
        """Read these rows of a column of texts."""
        if rows.size <= FEW:
            odd = [texts[row] for row in rows.tolist()]
            return pl.Series([None if text is None else self.one(text) for text in odd], dtype=self.dtype)
        frame = (texts if rows.size == len(texts) else texts.gather(rows)).to_frame("x")
        for step in self.steps:
            frame = frame.select(step(pl.col("x")).alias("x"))
        return frame.to_series()

    def amend(self, clean: pl.Series, texts: pl.Series, odd: BoolRows) -> pl.Series:
        """Give ``clean`` with the odd rows read from their texts."""
        rows = np.flatnonzero(odd)
        if rows.size == 0:
            return clean
        return merge(clean, rows, self.read(texts, rows))


FEW = 128
"""Up to so many odd rows of a batch are read one by one."""


def verdict(text: Utf8, rows: Rows, good: BoolRows) -> pl.Series:
    """Give a boolean column: the verdict for these rows, false for the others, null for null."""
    whole = np.zeros(len(text), bool)
    whole[rows] = good
    series = pl.Series(whole)
    missing = np.flatnonzero(text.sizes < 0)
    return series.scatter(missing, None) if missing.size else series
