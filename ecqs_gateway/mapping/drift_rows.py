"""What stands in the columns of some rows, against what stood there before: emptied columns, codes never seen.

Everything is counted in columns. What costs is done only where it may matter: a column whose head is filled is not
counted to its end, and of coded columns the distinct values are looked up, not the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from ecqs_gateway.content.models_sources import SourceTable
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.drift import Drift
from ecqs_gateway.mapping.fields import FieldPlan
from ecqs_gateway.mapping.lists import ChildRows
from ecqs_gateway.mapping.source import SourceColumns

__all__ = ["RowsJudge", "coded_columns", "filled"]

_EXPECTED = 30
"""Filled cells one must expect before their absence says anything."""
_LEFT = 10
"""A column is as good as empty when less than one tenth of what is expected is filled."""
_MANY = 0.2
"""Share of rows with codes never seen from which the column has another meaning."""
_GLIMPSE = 64
"""Rows looked at from each end of a column."""
_MOST_CODES = 2_000
"""A column with more distinct values in one chunk holds no codes."""


class Rows(Protocol):
    """Some rows of a lane with their child rows, as a chunk has them."""

    @property
    def frame(self) -> pl.DataFrame: ...

    @property
    def children(self) -> Mapping[str, ChildRows]: ...


def filled(column: pl.Series, enough: float | None = None) -> int:
    """Count the cells that hold something; blanks alone are nothing.

    Where ``enough`` is given and both ends of the column suggest at least twice as many, the number is an estimate.
    """
    present = column.len() - column.null_count()
    if column.dtype != pl.String:
        return present
    if enough is not None and column.len() > 2 * _GLIMPSE:
        fewest = min(_glimpsed(column.head(_GLIMPSE)), _glimpsed(column.tail(_GLIMPSE)))
        estimate = min(present, fewest * column.len() // _GLIMPSE)
        if estimate >= 2 * enough:
            return estimate
    return _not_blank(column)


def _glimpsed(few: pl.Series) -> int:
    """Count like ``_not_blank``, for so few cells that setting up an expression would cost more than the counting."""
    return sum(bool(text and text.strip()) for text in few.to_list())


def _not_blank(column: pl.Series) -> int:
    return int((column.str.strip_chars().str.len_bytes() > 0).sum())


@dataclass
class RowsJudge:
    """Judges chunk after chunk of one lane; what was told once is not told again."""

    compiled: CompiledMapping
    tables: Mapping[str, tuple[str, SourceTable | None]]
    """By prefix (empty, or the child's name): the table's name, and what was seen of it."""
    _told: set[str] = field(default_factory=set)
    _good: dict[str, set[object]] = field(default_factory=dict)
    """Values of each coded column that were looked up before and are known."""
    _odd: dict[str, dict[object, str]] = field(default_factory=dict)
    """Those that are not, with their texts as the mapping sees them."""

    def judge(self, rows: Rows) -> list[Drift]:
        """Give what is new in these rows; an empty list nearly always."""
        found = [drift for drift in self._all(rows) if drift.identity not in self._told]
        self._told.update(drift.identity for drift in found)
        return found

    def _all(self, rows: Rows) -> Iterator[Drift]:
        yield from self._emptied("", rows.frame)
        for name, child in rows.children.items():
            yield from self._emptied(name, child.frame)
            yield from self._childless(name, rows.frame.height, child.frame.height)
        for prefix, plans in coded_columns(self.compiled).items():
            frame = rows.frame if not prefix else rows.children[prefix].frame if prefix in rows.children else None
            if frame is not None and frame.height:
                yield from self._codes(prefix, frame, plans)

    def _emptied(self, name: str, frame: pl.DataFrame) -> Iterator[Drift]:
        table, seen = self.tables.get(name, ("", None))
        if seen is None or not seen.rows:
            return
        prefix = f"{name}." if name else ""
        for column in seen.columns:
            full = prefix + column.name
            expected = frame.height * (column.filled or 0) / seen.rows
            if expected < _EXPECTED or full not in self.compiled.used_columns or column.name not in frame.columns:
                continue
            there = filled(frame[column.name], expected / _LEFT)
            if there < expected / _LEFT:
                rate = f"{100 * (column.filled or 0) // seen.rows}%"
                message = f"{table}.{column.name} is filled in {there} of {frame.height} rows; it used to be in {rate}"
                yield Drift("empty_column", full, table, message)

    def _childless(self, name: str, parents: int, children: int) -> Iterator[Drift]:
        table, seen = self.tables.get(name, ("", None))
        if seen is None or not seen.rows or not seen.parents:
            return
        expected = parents * seen.rows / seen.parents
        if expected >= _EXPECTED and children < expected / _LEFT:
            message = f"{table} has {children} rows below {parents} parents; about {expected:.0f} were usual"
            yield Drift("empty_column", name, table, message)

    def _codes(self, name: str, frame: pl.DataFrame, plans: Sequence[FieldPlan]) -> Iterator[Drift]:
        table, seen = self.tables.get(name, ("", None))
        for plan in plans:
            column = plan.columns[0]
            if column not in frame.columns:
                continue
            known = next((c.codes for c in seen.columns if c.name == column), ()) if seen is not None else ()
            full = f"{name}.{column}" if name else column
            odd = self._odd_values(plan, full, frame[column].unique().drop_nulls(), known)
            if not odd:
                continue
            count = int(frame[column].is_in(list(odd)).sum())
            many = count >= _EXPECTED and count >= _MANY * frame.height
            words = "has another meaning, it seems: " if many else ""
            message = (
                f"{table or 'the source'}.{column} {words}{count} of {frame.height} rows hold {len(odd)} codes"
                " never seen before"
            )
            codes = tuple(sorted(set(odd.values())))
            yield Drift("recoded_column" if many else "new_codes", full, table, message, codes=codes)

    def _odd_values(self, plan: FieldPlan, full: str, values: pl.Series, known: Sequence[str]) -> dict[object, str]:
        """Give which of some distinct values nobody knows, with their texts; each is looked up once a run."""
        if values.len() > _MOST_CODES:
            return {}
        good, odd = self._good.setdefault(full, set()), self._odd.setdefault(full, {})
        held = values.to_list()
        if any(value not in good and value not in odd for value in held):
            odd |= _unknown(plan, values, known)
            good.update(value for value in held if value not in odd)
        return {value: odd[value] for value in held if value in odd}


def _unknown(plan: FieldPlan, values: pl.Series, known: Sequence[str]) -> dict[object, str]:
    """Give which of some distinct values neither the code file nor ``known`` lists, with their texts."""
    texts = SourceColumns(values.to_frame()).text(values.name)
    values, texts = values.filter(texts.is_not_null()), texts.drop_nulls()
    if plan.codes is None or values.is_empty():
        return {}
    matched = plan.codes.match(texts.to_frame("text").select_seq(plan.treated(pl.col("text"))).to_series())
    if matched.unmapped is None:
        return {}
    open_ = matched.unmapped & ~texts.is_in(list(known))
    for listed in (matched.none, matched.outside):  # the file speaks of them
        open_ = open_ if listed is None else open_ & ~listed
    return dict(zip(values.filter(open_).to_list(), texts.filter(open_).to_list(), strict=True))


def coded_columns(compiled: CompiledMapping) -> dict[str, list[FieldPlan]]:
    """Give the fields that translate one column by a code file, by the child table it is of (empty: the own one)."""
    found: dict[str, list[FieldPlan]] = {}
    for plan in compiled.record.plans:
        if plan.codes is not None and plan.origin == "from":
            found.setdefault("", []).append(plan)
    for one in compiled.lists:
        if one.origin == "child":
            mine = [plan for plan in one.fields.plans if plan.codes is not None and plan.origin == "from"]
            found.setdefault(one.source, []).extend(mine)
    return found
