"""The source side of a chunk, ready for mapping: the columns a mapping names, as tidied text and as typed values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from ecqs_gateway.content.problems import nearest
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.render import render_columns
from ecqs_gateway.mapping.text import tidy_column
from ecqs_gateway.model.columns import framed

__all__ = ["SourceColumns", "Wanted", "require_columns"]

_NOTHING = pl.Series("", [None], dtype=pl.Null)

Wanted = Mapping[str, tuple[str, ...]]
"""Source columns a mapping needs, each with what uses it (national fields, ``newest_by``, keys of child tables)."""


class SourceColumns:
    """Columns of one table, turned into text when they are asked for and only then.

    ``raw`` is text as rendered, for field types that clean what they read; ``text`` is tidied, for everything else;
    ``typed`` is what expressions compute with: tidied where the source has text, else as read, so that dates stay
    dates and numbers stay numbers.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        """Take the frame of one table of a chunk."""
        self.frame = frame
        self.height = frame.height
        self.columns: Mapping[str, pl.Series] = {column.name: column for column in frame.get_columns()}
        """The columns as they were read; to ask the frame for one is ten times as dear."""
        self._raw: dict[str, pl.Series] = {}
        self._text: dict[str, pl.Series] = {}

    def prepare(self, names: Iterable[str]) -> None:
        """Render these columns in one pass; what is asked for later is rendered then."""
        open_ = [self.columns[name] for name in dict.fromkeys(names) if name not in self._raw]
        self._raw.update(render_columns(open_))

    def raw(self, name: str) -> pl.Series:
        """Give a column as text, not tidied."""
        if name not in self._raw:
            self.prepare([name])
        return self._raw[name]

    def text(self, name: str) -> pl.Series:
        """Give a column as tidied text."""
        found = self._text.get(name)
        if found is None:
            found = self._text[name] = tidy_column(self.raw(name))
        return found

    def texts(self, names: Iterable[str]) -> pl.DataFrame:
        """Give columns as tidied text."""
        return self._frame({name: self.text(name) for name in names})

    def typed(self, names: Iterable[str]) -> pl.DataFrame:
        """Give columns as expressions see them."""
        columns = {}
        for name in names:
            series = self.columns[name]
            columns[name] = self.text(name) if series.dtype in (pl.String, pl.Binary) else series
        return self._frame(columns)

    def _frame(self, columns: Mapping[str, pl.Series]) -> pl.DataFrame:
        # A column of its own keeps the height where no column is named.
        height_only = _NOTHING.new_from_index(0, self.height)
        return framed([height_only, *(series.alias(name) for name, series in columns.items())])


def require_columns(wanted: Wanted, present: Iterable[str], *, table: str, where: str) -> None:
    """Raise ``Misconfigured`` (ECQS-2080) when the source no longer has a column the mapping names.

    A missing column never becomes a column of nulls: the records would be sent, and be wrong.
    """
    columns = list(present)
    missing = [name for name in wanted if name not in columns]
    if not missing:
        return
    told = []
    for name in missing:
        near = nearest(name, columns)
        meant = f"; nearest there: {near}" if near else ""
        told.append(f"{name} (used by {', '.join(wanted[name])}{meant})")
    raise Misconfigured(
        "ECQS-2080",
        f"{table} has no column {'; '.join(told)}",
        where=where,
        hint="ask the unit what became of the column, or correct the mapping; nothing was sent from this table",
    )
