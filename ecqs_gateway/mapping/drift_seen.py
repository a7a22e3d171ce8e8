"""What stands in the columns of real rows, counted once so that later rows can be held against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.doors.personal import mask_numbers
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.drift_rows import Rows, coded_columns, filled
from ecqs_gateway.mapping.source import SourceColumns

__all__ = ["SeenRows", "look_at", "merged"]

_MOST_CODES = 200
_LONGEST_CODE = 40


@dataclass
class SeenRows:
    """Counts over some rows of a lane; tables by prefix (empty, or the child's name), columns dotted."""

    rows: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, compiled: CompiledMapping, cells: Rows) -> None:
        """Count some more rows."""
        self._table("", cells.frame)
        for name, child in cells.children.items():
            self._table(name, child.frame)
        for prefix, plans in coded_columns(compiled).items():
            frame = cells.frame if not prefix else cells.children[prefix].frame if prefix in cells.children else None
            if frame is not None:
                for plan in plans:
                    self._codes(prefix, frame, plan.columns[0])

    def _table(self, name: str, frame: pl.DataFrame) -> None:
        self.rows[name] += frame.height
        for column in frame.get_columns():
            if not column.name.startswith("__"):
                self.filled[f"{name}.{column.name}" if name else column.name] += filled(column)

    def _codes(self, prefix: str, frame: pl.DataFrame, column: str) -> None:
        if column not in frame.columns:
            return
        values = frame.select(pl.col(column).unique())
        texts = SourceColumns(values).text(column).drop_nulls().to_list()
        full = f"{prefix}.{column}" if prefix else column
        known = {*self.codes.get(full, ()), *(text for text in texts if _is_code(text))}
        self.codes[full] = tuple(sorted(known)[:_MOST_CODES])


def _is_code(text: str) -> bool:
    """Leave out what is no code but a text somebody wrote there: it would end in a file."""
    return len(text) <= _LONGEST_CODE and mask_numbers(text) == text


def look_at(compiled: CompiledMapping, pieces: Iterable[Rows]) -> SeenRows:
    """Count all pieces."""
    found = SeenRows()
    for cells in pieces:
        found.add(compiled, cells)
    return found


def merged(old: Mapping[str, tuple[str, ...]], new: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Put the codes of two looks together."""
    return {name: tuple(sorted({*old.get(name, ()), *new.get(name, ())})) for name in {**old, **new}}
