"""Lists of a record: from a child table, from one column that holds several pieces, or from a JSON column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import polars as pl

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.evaluate import FieldSet
from ecqs_gateway.mapping.faults import BAD_JSON, LIST_EMPTY
from ecqs_gateway.mapping.fields import field_texts
from ecqs_gateway.mapping.jsonlist import read_cells
from ecqs_gateway.mapping.mapped import ITEM, REJECT, ROW
from ecqs_gateway.mapping.problemlines import Place, ProblemLines
from ecqs_gateway.mapping.source import SourceColumns, Wanted, require_columns
from ecqs_gateway.model.columns import framed
from ecqs_gateway.model.record import Repeated

__all__ = ["ITEM_WORD", "ChildRows", "ListPlan", "parents_of"]

_ORIGINS = frozenset({"child", "split", "json"})
ITEM_WORD = "item"
"""How fields of a joined list name the piece."""


class ChildRows(Protocol):
    """Rows of a child table; ``parent_key[i]`` matches the parent's ``key[i]`` (``extract.chunk.ChildFrame``)."""

    @property
    def frame(self) -> pl.DataFrame:
        """The rows, in the order of the connector."""

    @property
    def parent_key(self) -> tuple[str, ...]:
        """Columns of the child."""

    @property
    def key(self) -> tuple[str, ...]:
        """Columns of the parent."""


@dataclass(frozen=True)
class ListPlan:
    """One list of a record kind: exactly one origin."""

    spec: Repeated
    fields: FieldSet
    origin: str
    """child, split, json, absent, or none where the mapping does not name the list."""
    source: str = ""
    """Child table, or column that holds the list."""
    by: str = ""
    """Regular expression between the pieces of a joined list."""
    each: str = ""
    """Regular expression that matches one piece, in place of ``by``."""
    wanted: Wanted = field(default_factory=dict)
    """Columns of the child table, or members of JSON items, each with the fields that use it."""
    reason: str | None = None
    """Why the list is declared absent."""

    @property
    def path(self) -> str:
        """National path of the list."""
        return self.spec.path

    def run(
        self,
        record: SourceColumns,
        children: Mapping[str, pl.DataFrame],
        problems: ProblemLines,
        days: pl.Series | None = None,
    ) -> pl.DataFrame:
        """Give the canonical items with ``__row`` and ``__item``; ``children`` have the ``__row`` of their parents.

        ``days`` are the business dates of the records.
        """
        if self.origin not in _ORIGINS:
            if self.spec.required:
                self._empty(record.height, self._nothing[ROW], [], problems)
            return self._nothing
        unusable: list[int] = []
        found = self._items(record, children, problems, unusable)
        texts = field_texts(self.fields.plans, SourceColumns(found), raw=False)
        rows = found[ROW]
        kept = self._kept(texts, found.height)
        if kept is not None:
            texts = {path: text.filter(kept) for path, text in texts.items()}
            rows = rows.filter(kept)
        numbered = _numbered(rows)
        mine = days.gather(rows) if days is not None and self.fields.dated else None
        values = self.fields.finish(texts, Place(rows, numbered[ITEM], self.path), problems, mine)
        if self.spec.required:
            self._empty(record.height, rows, unusable, problems)
        return numbered.hstack(values)

    @cached_property
    def _nothing(self) -> pl.DataFrame:
        """Give the items of a list that nothing gives: none, in every chunk."""
        numbered = _numbered(pl.Series(ROW, [], dtype=pl.UInt32))
        place = Place(numbered[ROW], numbered[ITEM], self.path)
        return numbered.hstack(self.fields.finish({}, place, ProblemLines()))

    def kept_items(self, record: SourceColumns, children: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Give the source side of the items that ``run`` keeps, in the same order, with ``__row``."""
        found = self._items(record, children, ProblemLines(), [])
        kept = self._kept(field_texts(self.fields.plans, SourceColumns(found), raw=False), found.height)
        return found if kept is None else found.filter(kept)

    def _items(
        self,
        record: SourceColumns,
        children: Mapping[str, pl.DataFrame],
        problems: ProblemLines,
        unusable: list[int],
    ) -> pl.DataFrame:
        if self.origin == "child":
            return children[self.source].filter(pl.col(ROW).is_not_null()).sort(ROW, maintain_order=True)
        if self.origin == "split":
            return self._split(record.text(self.source))
        if self.origin == "json":
            found = read_cells(record.text(self.source), list(self.wanted))
            for row, why in found.refused:
                problems.add(([row], [self.path]), self.source, (BAD_JSON, REJECT, f"{self.spec.title}：{why}"))
                unusable.append(row)
            return found.frame
        return pl.DataFrame(schema={ROW: pl.UInt32})

    def _split(self, cells: pl.Series) -> pl.DataFrame:
        """Give a line per piece of a cell; an empty cell has none."""
        cut = cells.alias(ITEM_WORD).to_frame().select_seq(self._cut).to_series()
        numbers = cut.list.len()
        counts = numbers.fill_null(0).to_numpy() if numbers.null_count() else numbers.to_numpy()
        rows = pl.Series(ROW, np.repeat(np.arange(cells.len(), dtype=np.uint32), counts))
        pieces = cut.explode(empty_as_null=False, keep_nulls=False)
        return framed([rows, pieces.str.strip_chars().alias(ITEM_WORD)])

    @property
    def _cut(self) -> pl.Expr:
        text = pl.col(ITEM_WORD)
        if self.each:
            return text.str.extract_all(self.each)
        return text.str.split(self.by, literal=re.escape(self.by) == self.by)

    def _kept(self, texts: Mapping[str, pl.Series], height: int) -> pl.Series | None:
        """Say which items hold anything at all; None where all do. Constants and defaults do not make an item."""
        if not height:
            return None
        if any(not text.null_count() for text in texts.values()):
            return None
        kept = pl.Series([False]).new_from_index(0, height)
        for text in texts.values():
            kept |= text.is_not_null()
        return None if bool(kept.all()) else kept

    def _empty(self, height: int, rows: pl.Series, unusable: list[int], problems: ProblemLines) -> None:
        taken = np.zeros(height, bool)
        taken[rows.to_numpy()] = True
        taken[unusable] = True
        empty = np.flatnonzero(~taken).tolist()
        if not empty:
            return
        what = (LIST_EMPTY, REJECT, f"{self.spec.title}：至少要有一项")
        problems.add((empty, [self.path] * len(empty)), self.source, what)


def _numbered(rows: pl.Series) -> pl.DataFrame:
    """Number the items of each row from 1; rows stand in order."""
    numbers, places = rows.to_numpy(), np.arange(rows.len(), dtype=np.uint32)
    begins = np.append(True, numbers[1:] != numbers[:-1])[: numbers.size]
    first = np.maximum.accumulate(np.where(begins, places, np.uint32(0)))
    return framed([rows, pl.Series(ITEM, places - first + np.uint32(1))])


def parents_of(child: ChildRows, record: SourceColumns, name: str, where: str) -> tuple[pl.DataFrame, int]:
    """Give a child frame with the ``__row`` of each row's parent, and how many of its rows have none in the chunk.

    Keys are compared as text, because the two tables may hold them in different types; an empty key has no parent.
    Should two rows of the chunk have one key, the child belongs to both.
    """
    _require_key(child, record, name, where)
    keys = [f"key{place}" for place in range(len(child.key))]
    parents = framed(
        [record.text(column).alias(key) for column, key in zip(child.key, keys, strict=True)]
    ).with_row_index(ROW)
    columns = SourceColumns(child.frame)
    mine = framed([columns.text(column).alias(key) for column, key in zip(child.parent_key, keys, strict=True)])
    joined = mine.with_row_index("line").join(parents, on=keys, how="left", maintain_order="left_right")
    rows = joined[ROW].cast(pl.UInt32)
    frame = child.frame if joined.height == child.frame.height else child.frame[joined["line"].to_list()]
    return frame.with_columns(rows.alias(ROW)), rows.null_count()


def _require_key(child: ChildRows, record: SourceColumns, name: str, where: str) -> None:
    if not child.key or len(child.key) != len(child.parent_key):
        raise Misconfigured(
            "ECQS-2082",
            f"child table {name} needs as many parent_key columns as key columns",
            where=where,
            hint="correct parent_key and key of the child table in the connector",
        )
    use = (f"parent_key of child table {name}",)
    require_columns(dict.fromkeys(child.parent_key, use), child.frame.columns, table=name, where=where)
    use = (f"key of child table {name}",)
    require_columns(dict.fromkeys(child.key, use), record.frame.columns, table="the parent table", where=where)
