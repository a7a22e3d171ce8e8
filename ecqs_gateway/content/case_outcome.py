"""What the sample rows of a case become: records as they would be written, problems, and how many gave way.

Cases are judged as of the day on which rule examples are judged, so that they behave the same for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from ecqs_gateway.content.models import CaseFile, ConnectorFile, FileStream, Stream
from ecqs_gateway.mapping.check import check, supersede
from ecqs_gateway.mapping.compile import Columns
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.lists import ChildRows
from ecqs_gateway.mapping.mapped import FLAG, ITEM, REASON, ROW, Checked, Mapped
from ecqs_gateway.model.record import Leaf
from ecqs_gateway.rules.catalogue import CompiledRules

__all__ = ["CaseRows", "Made", "Outcome", "SourceShape", "Told", "outcome", "rows_of", "wanted_columns"]

Told = tuple[int, str, str, str]
"""Row (from 1), field, rule and severity of a problem."""


@dataclass(frozen=True)
class SourceShape:
    """What is known of the source: types of columns and child tables where they were seen, and the connector."""

    connector: ConnectorFile
    columns: Columns | None = None
    children: Mapping[str, Columns | None] | None = None


@dataclass(frozen=True)
class Made:
    """One record that came out: the sample row it comes from (from 1), its fields and the items of its lists."""

    row: int
    fields: Mapping[str, str | None]
    lists: Mapping[str, Sequence[Mapping[str, str | None]]]


@dataclass(frozen=True)
class Outcome:
    """What came of all rows: ``problems`` with their messages."""

    records: tuple[Made, ...]
    problems: Mapping[Told, str]
    superseded: int


@dataclass(frozen=True)
class CaseRows:
    """The sample rows as a source would give them."""

    frame: pl.DataFrame
    children: Mapping[str, ChildRows]


@dataclass(frozen=True)
class _Child:
    frame: pl.DataFrame
    parent_key: tuple[str, ...]
    key: tuple[str, ...]


def outcome(mapping: CompiledMapping, rules: CompiledRules | None, rows: CaseRows) -> Outcome:
    """Map and check sample rows; raises what mapping raises."""
    checked = check(mapping.apply(rows.frame, rows.children, table="the rows of the case"), rules)
    kept, superseded = supersede(checked.good)
    return Outcome(tuple(_made(kept)), _found(checked), superseded.height)


def rows_of(case: CaseFile, mapping: CompiledMapping, shape: SourceShape) -> CaseRows:
    """Make frames of the rows of a case; columns that are read and not given are null."""
    stream = shape.connector.streams[case.kind]
    frame = _frame(case.rows, wanted_columns(mapping, stream), _types(stream, shape))
    return CaseRows(frame, _children(case, mapping, stream, shape))


def wanted_columns(mapping: CompiledMapping, stream: Stream) -> list[str]:
    """Give the columns of the main table that matter to a mapping: those it reads, and the keys of child tables."""
    keys = [name for child in stream.children.values() for name in child.key]
    return [*mapping.wanted, *keys]


def _types(stream: Stream, shape: SourceShape) -> Columns:
    if isinstance(stream, FileStream):
        return {"__line": pl.UInt32()}
    return shape.columns or {}


def _frame(rows: Sequence[Mapping[str, Any]], wanted: Sequence[str], types: Columns) -> pl.DataFrame:
    names = dict.fromkeys([*(name for row in rows for name in row), *wanted])
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        if name == "__line" and all(value is None for value in values):
            values = list(range(1, len(rows) + 1))
        columns.append(_series(name, values, types.get(name)))
    return pl.DataFrame(columns)


def _series(name: str, values: Sequence[Any], dtype: pl.DataType | None) -> pl.Series:
    """Make a column: of the type seen at the source, else of the type all its values have, else of text."""
    kinds = {type(value) for value in values if value is not None}
    if dtype is None and len(kinds) == 1 and not kinds & {str, Decimal}:
        return pl.Series(name, values)
    if dtype is not None and dtype != pl.String and str not in kinds:
        try:
            return pl.Series(name, values, dtype=dtype, strict=True)
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            pass  # the case says something else than the source: text is what every field can read
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _children(case: CaseFile, mapping: CompiledMapping, stream: Stream, shape: SourceShape) -> dict[str, _Child]:
    """Make the child tables the mapping reads; those the case does not speak of are empty."""
    used = {given.child: path for path, given in mapping.mapping.children.items() if given.child is not None}
    plans = {plan.path: plan for plan in mapping.lists}
    found = {}
    for name, table in stream.children.items():
        if name not in used:
            continue
        types = (shape.children or {}).get(name) or {}
        wanted = [*plans[used[name]].wanted, *table.parent_key]
        frame = _frame(case.children.get(name, ()), wanted, types)
        found[name] = _Child(frame, table.parent_key, table.key)
    return found


def _made(kept: Mapped) -> list[Made]:
    leaves = {leaf.path: leaf for leaf in kept.kind.leaves()}
    lists = {node.path: {leaf.path: leaf for leaf in node.leaves()} for node in kept.kind.repeated()}
    made = []
    for row in kept.frame.sort(ROW).iter_rows(named=True):
        items = {
            path: [_written(inside, item) for item in _items(kept.lists[path], row[ROW])]
            for path, inside in lists.items()
        }
        made.append(Made(row[ROW] + 1, _written(leaves, row), items))
    return made


def _items(items: pl.DataFrame, row: int) -> list[dict[str, Any]]:
    return items.filter(pl.col(ROW) == row).sort(ITEM).to_dicts()


def _written(leaves: Mapping[str, Leaf], row: Mapping[str, Any]) -> dict[str, str | None]:
    return {path: None if row[path] is None else leaf.type.write(row[path]) for path, leaf in leaves.items()}


def _found(checked: Checked) -> dict[Told, str]:
    reasons = checked.bad.select(ROW, pl.col("reasons").cast(pl.List(REASON))).explode("reasons").unnest("reasons")
    flags = checked.flags.filter(pl.col("severity") == FLAG)
    return {
        (line[ROW] + 1, line["field"], line["rule"], line["severity"]): line["message"]
        for frame in (reasons, flags)
        for line in frame.select(ROW, "field", "rule", "severity", "message").iter_rows(named=True)
    }
