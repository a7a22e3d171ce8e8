"""What mapping gives and what checking gives: frames of national records, their problems, and the rows that cannot go.

The frames of one chunk hang together by ``__row``, the 0-based number of the source row in the chunk. Nothing is
dropped silently: every row of the chunk is in ``Mapped.frame``, and after the checks either in ``Checked.good`` or in
``Checked.bad``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import polars as pl

from ecqs_gateway.model.columns import in_order, rows_where
from ecqs_gateway.model.record import KindSpec

__all__ = [
    "BAD_SCHEMA",
    "FLAG",
    "HOLD",
    "ITEM",
    "ORDER",
    "PROBLEM_SCHEMA",
    "REASON",
    "REJECT",
    "ROW",
    "Checked",
    "Mapped",
    "by_row",
    "detach",
    "no_bad_rows",
    "no_problems",
]

ROW = "__row"
"""Number of the source row in its chunk, from 0."""
ITEM = "__item"
"""Position of a list item in its record, from 1."""
ORDER = "__order"
"""Sortable text of ``newest_by``: of rows with one business key the greatest is the newest."""

REJECT = "reject"
"""Severity of a problem that keeps the record back: it becomes a dead letter."""
FLAG = "flag"
"""Severity of a problem that travels with the record as a finding."""
HOLD = "hold"
"""Severity of a problem that keeps the record back until headquarters has answered; it is tried again by itself."""

PROBLEM_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        ROW: pl.UInt32(),
        "field": pl.String(),
        "column": pl.String(),
        "rule": pl.String(),
        "severity": pl.String(),
        "clause": pl.String(),
        "message": pl.String(),
    }
)
"""One line per problem: row, national field (``products[2].name`` in lists), source columns joined by commas, problem
code or rule id, severity, clause of the law where there is one, and a message that never holds the value."""

REASON = pl.Struct({name: dtype for name, dtype in PROBLEM_SCHEMA.items() if name != ROW})
"""One reason of a dead letter: a problem without its row."""

BAD_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        ROW: pl.UInt32(),
        "key": pl.String(),
        "reasons": pl.List(REASON),
        "source": pl.String(),
        "record": pl.String(),
    }
)
"""One line per row that cannot go: business key where it could be read, all problems of the row, the source row with
its child rows as JSON text, and what became of it as JSON text."""


def no_problems() -> pl.DataFrame:
    """Give the empty table of problems."""
    return _NO_PROBLEMS


def no_bad_rows() -> pl.DataFrame:
    """Give the empty table of rows that cannot go."""
    return _NO_BAD_ROWS


_NO_PROBLEMS, _NO_BAD_ROWS = (pl.DataFrame(schema=dict(schema)) for schema in (PROBLEM_SCHEMA, BAD_SCHEMA))


def by_row(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put tables of problems together in the order of their rows; for one row those of the first table come first."""
    some = [table for table in tables if table.height]
    if not some:
        return no_problems()
    whole = some[0] if len(some) == 1 else pl.concat(some)
    return in_order(whole, whole[ROW].to_numpy())


def detach(frame: pl.DataFrame) -> pl.DataFrame:
    """Copy a small frame out of the buffers of the batch it was filtered from.

    A filter keeps the text buffers of the whole batch alive (perf.md C: collecting 1 % of the rows held 1.4 GB), so
    whatever outlives its batch passes through here. What is written to a file holds no more than its own texts.
    """
    written = io.BytesIO()
    frame.write_ipc_stream(written, compat_level=pl.CompatLevel.oldest())
    written.seek(0)
    return pl.read_ipc_stream(written)


@dataclass(frozen=True)
class Mapped:
    """One chunk as national records.

    ``frame`` has ``__row``, one column per ``KindSpec.leaves()`` named by dotted path and holding canonical typed
    values, and ``__order`` where the mapping says ``newest_by``. ``lists`` has per list ``__row``, ``__item`` and the
    fields of one item. ``problems`` has ``PROBLEM_SCHEMA``. ``source`` is the whole chunk as it came, with ``__row``:
    it keeps the rows that ``frame`` loses to the checks.
    """

    kind: KindSpec
    frame: pl.DataFrame
    lists: Mapping[str, pl.DataFrame]
    problems: pl.DataFrame
    source: pl.DataFrame
    children: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    """Rows of the child tables as they came, each with the ``__row`` of its parent; a row whose parent is not in the
    chunk has null."""
    orphans: Mapping[str, int] = field(default_factory=dict)
    """Per child table, how many of its rows have no parent in the chunk."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Source columns of each national field, joined by commas; fields of list items as ``products.name``."""

    @property
    def rows(self) -> int:
        """Count the records."""
        return self.frame.height

    def only(self, rows: pl.Series) -> Mapped:
        """Keep the records with these row numbers, with their items, problems and source rows."""
        marked = rows.cast(pl.UInt32)
        kept = self._filtered(marked, keep=True)
        children = {name: _filtered(child, marked, keep=True) for name, child in self.children.items()}
        return replace(kept, source=_filtered(self.source, marked, keep=True), children=children)

    def without(self, rows: pl.Series) -> Mapped:
        """Leave out the records with these row numbers, their items and their problems; the source stays whole."""
        return self if rows.is_empty() else self._filtered(rows.cast(pl.UInt32), keep=False)

    def _filtered(self, marked: pl.Series, *, keep: bool) -> Mapped:
        return replace(
            self,
            frame=_filtered(self.frame, marked, keep=keep),
            lists={path: _filtered(items, marked, keep=keep) for path, items in self.lists.items()},
            problems=_filtered(self.problems, marked, keep=keep),
        )


def _filtered(frame: pl.DataFrame, marked: pl.Series, *, keep: bool) -> pl.DataFrame:
    if not frame.height:
        return frame
    own = frame[ROW]
    if own.null_count():
        hit = own.is_in(marked.implode()).fill_null(value=False)
        return rows_where(frame, hit if keep else ~hit)
    return rows_where(frame, pl.Series(np.isin(own.to_numpy(), marked.to_numpy(), invert=not keep)))


@dataclass(frozen=True)
class Checked:
    """One chunk after all checks: rows in = ``good.rows`` + ``bad.height``.

    ``good`` holds the records that can go, ``bad`` (``BAD_SCHEMA``) those that cannot with all their reasons,
    ``flags`` (``PROBLEM_SCHEMA``) the findings that travel with the good ones. ``bad`` and ``flags`` own their memory.
    """

    good: Mapped
    bad: pl.DataFrame
    flags: pl.DataFrame
