"""What was seen in rows: how often national fields and source columns are filled, and between which values.

Counts add up chunk by chunk, in columns; nothing of a chunk is kept but the counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.mapped import ITEM, ROW, Mapped
from ecqs_gateway.mapping.preview import Cells
from ecqs_gateway.mapping.source import SourceColumns
from ecqs_gateway.model.record import Leaf
from ecqs_gateway.model.types import Code

__all__ = ["Observed", "Seen", "observe"]

_MOST_CODES = 40
"""Distinct codes that are told; a field with more is told by their number."""


@dataclass
class Seen:
    """One national field or source column: of how many, how many are filled, the first and last date, the codes."""

    of: int = 0
    filled: int = 0
    first: str | None = None
    last: str | None = None
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float | None:
        """Give the share that is filled; None where nothing was seen."""
        return self.filled / self.of if self.of else None

    def add(self, series: pl.Series, *, coded: bool = False) -> None:
        """Count one more column of values."""
        self.of += len(series)
        self.filled += len(series) - series.null_count()
        if isinstance(series.dtype, pl.Date | pl.Datetime) and self.filled:
            self._between(series.min(), series.max())
        if coded and len(self.codes) <= _MOST_CODES:
            self.codes.update(dict(series.drop_nulls().value_counts().iter_rows()))

    def _between(self, first: Any, last: Any) -> None:
        for value in (first, last):
            if isinstance(value, date | datetime):
                text = value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
                self.first = text if self.first is None else min(self.first, text)
                self.last = text if self.last is None else max(self.last, text)


@dataclass
class Observed:
    """What was seen in the rows of one lane."""

    rows: int = 0
    refused: int = 0
    """Rows with a problem that keeps them back, before rules."""
    fields: dict[str, Seen] = field(default_factory=dict)
    """By national path; fields of lists as ``products.name``, over items; the list itself over records."""
    columns: dict[str, Seen] = field(default_factory=dict)
    """By source column; those of child tables as ``cp.CPMC``."""

    def add(self, compiled: CompiledMapping, cells: Cells) -> None:
        """Map one more piece of the source and count it; raises what mapping raises."""
        mapped = compiled.apply(cells.frame, cells.children)
        self.rows += mapped.rows
        self.refused += mapped.problems.filter(pl.col("severity") == "reject")[ROW].n_unique()
        self._fields(mapped)
        self._columns("", cells.frame)
        for name, child in cells.children.items():
            self._columns(f"{name}.", child.frame)

    def _fields(self, mapped: Mapped) -> None:
        for leaf in mapped.kind.leaves():
            self._field(leaf.path, leaf, mapped.frame)
        for node in mapped.kind.repeated():
            items = mapped.lists[node.path]
            owners = items.filter(pl.col(ITEM) == 1).height
            own = self.fields.setdefault(node.path, Seen())
            own.of, own.filled = own.of + mapped.rows, own.filled + owners
            for leaf in node.leaves():
                self._field(f"{node.path}.{leaf.path}", leaf, items)

    def _field(self, path: str, leaf: Leaf, frame: pl.DataFrame) -> None:
        self.fields.setdefault(path, Seen()).add(frame[leaf.path], coded=isinstance(leaf.type, Code))

    def _columns(self, prefix: str, frame: pl.DataFrame) -> None:
        source = SourceColumns(frame)
        for name in frame.columns:
            if name.startswith("__"):
                continue
            column = frame[name]
            # Text is counted as the mapping sees it: blanks alone are nothing.
            blank = column.dtype in (pl.String, pl.Binary)
            self.columns.setdefault(prefix + name, Seen()).add(source.text(name) if blank else column)


def observe(compiled: CompiledMapping, pieces: Iterable[Cells]) -> Observed:
    """Count all pieces."""
    found = Observed()
    for cells in pieces:
        found.add(compiled, cells)
    return found
