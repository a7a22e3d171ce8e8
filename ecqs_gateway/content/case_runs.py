"""Runs the cases of a mapping: sample source rows through mapping and rules, compared with what they must become.

Only what a case names is compared, but nothing is let pass in silence: a record or a problem the case does not expect
fails it. Cases are judged as of the day on which rule examples are judged, so that they behave the same for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from ecqs_gateway.content.models import CaseFile, ConnectorFile, FileStream, SqlStream
from ecqs_gateway.content.problems import nearest
from ecqs_gateway.content.yaml_reader import Path
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.mapping.check import check, supersede
from ecqs_gateway.mapping.compile import Columns
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.mapped import FLAG, ITEM, REASON, ROW, Checked, Mapped
from ecqs_gateway.model.record import Leaf
from ecqs_gateway.rules.catalogue import CompiledRules

__all__ = ["Mismatch", "SourceShape", "run_case"]


@dataclass(frozen=True)
class Mismatch:
    """One way in which a case did not come out as promised: place in the case file, and what came instead."""

    path: Path
    message: str
    hint: str | None = None


@dataclass(frozen=True)
class SourceShape:
    """What is known of the source: types of columns and child tables where they were seen, and the connector."""

    connector: ConnectorFile
    columns: Columns | None = None
    children: Mapping[str, Columns | None] | None = None


_Told = tuple[int, str, str, str]
"""Row (from 1), field, rule and severity of a problem."""


@dataclass(frozen=True)
class _Child:
    frame: pl.DataFrame
    parent_key: tuple[str, ...]
    key: tuple[str, ...]


def run_case(
    case: CaseFile, mapping: CompiledMapping, rules: CompiledRules | None, shape: SourceShape
) -> list[Mismatch]:
    """Run one case; an empty list is a case that came out as promised."""
    stream = shape.connector.streams[case.kind]
    misspelt = list(_misspelt(case, mapping, stream))
    if misspelt:
        return misspelt
    try:
        frame = _frame(case.rows, _wanted(mapping, stream), _types(stream, shape))
        mapped = mapping.apply(frame, _children(case, mapping, stream, shape), table="the rows of the case")
        checked = check(mapped, rules)
    except GatewayError as error:
        return [Mismatch(("rows",), f"the case cannot be run: {error.message}", error.hint)]
    kept, superseded = supersede(checked.good)
    return [*_records(case, kept), *_problems(case, checked), *_superseded(case, superseded.height)]


def _misspelt(case: CaseFile, mapping: CompiledMapping, stream: SqlStream | FileStream) -> Iterator[Mismatch]:
    """Find columns that were meant for one the mapping reads: left alone, that one would silently be null."""
    given = {name for row in case.rows for name in row}
    rightly = {*_wanted(mapping, stream), *mapping.mapping.ignore, *stream.key}
    missing = [name for name in mapping.wanted if name not in given]
    for place, row in enumerate(case.rows):
        for name in row:
            meant = nearest(name, missing) if name not in rightly else None
            if meant is not None:
                yield Mismatch(
                    ("rows", place, name), f"the mapping reads no column {name!r}", f"did you mean {meant!r}?"
                )


def _wanted(mapping: CompiledMapping, stream: SqlStream | FileStream) -> list[str]:
    keys = [name for child in stream.children.values() for name in child.key] if isinstance(stream, SqlStream) else []
    return [*mapping.wanted, *keys]


def _types(stream: SqlStream | FileStream, shape: SourceShape) -> Columns:
    if isinstance(stream, FileStream):
        return {"__line": pl.UInt32()}
    return shape.columns or {}


def _frame(rows: Sequence[Mapping[str, Any]], wanted: Sequence[str], types: Columns) -> pl.DataFrame:
    """Make the frame of some rows; columns that are read and not given are null."""
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


def _children(
    case: CaseFile, mapping: CompiledMapping, stream: SqlStream | FileStream, shape: SourceShape
) -> dict[str, _Child]:
    """Make the child tables the mapping reads; those the case does not speak of are empty."""
    used = {given.child: path for path, given in mapping.mapping.children.items() if given.child is not None}
    plans = {plan.path: plan for plan in mapping.lists}
    found = {}
    for name, table in stream.children.items() if isinstance(stream, SqlStream) else ():
        if name not in used:
            continue
        types = (shape.children or {}).get(name) or {}
        wanted = [*plans[used[name]].wanted, *table.parent_key]
        frame = _frame(case.children.get(name, ()), wanted, types)
        found[name] = _Child(frame, table.parent_key, table.key)
    return found


def _records(case: CaseFile, kept: Mapped) -> Iterator[Mismatch]:
    expected = case.expect.records
    if kept.rows != len(expected):
        yield Mismatch(("expect", "records"), f"{len(expected)} records are expected, {kept.rows} came out")
        return
    leaves = {leaf.path: leaf for leaf in kept.kind.leaves()}
    lists = {node.path: {leaf.path: leaf for leaf in node.leaves()} for node in kept.kind.repeated()}
    for place, (wanted, row) in enumerate(zip(expected, kept.frame.sort(ROW).iter_rows(named=True), strict=True)):
        path: Path = ("expect", "records", place)
        for name, value in wanted.items():
            if name in leaves and not isinstance(value, tuple):
                yield from _compare((*path, name), leaves[name], value, row[name])
            elif name in lists:
                items = kept.lists[name].filter(pl.col(ROW) == row[ROW]).sort(ITEM).to_dicts()
                yield from _list((*path, name), lists[name], value or (), items)
            else:
                known = [*leaves, *lists]
                meant = nearest(name, known)
                hint = f"did you mean {meant!r}?" if meant and meant != name else None
                yield Mismatch((*path, name), f"{kept.kind.kind} has no field {name!r} of this form", hint)


def _list(
    path: Path, leaves: Mapping[str, Leaf], wanted: Any, items: Sequence[Mapping[str, Any]]
) -> Iterator[Mismatch]:
    if len(wanted) != len(items):
        yield Mismatch(path, f"{len(wanted)} items are expected, {len(items)} came out")
        return
    for place, (expected, item) in enumerate(zip(wanted, items, strict=True)):
        for name, value in expected.items():
            if name not in leaves:
                meant = nearest(name, leaves)
                hint = f"did you mean {meant!r}?" if meant else None
                yield Mismatch((*path, place, name), f"an item has no field {name!r}", hint)
            else:
                yield from _compare((*path, place, name), leaves[name], value, item[name])


def _compare(path: Path, leaf: Leaf, wanted: str | None, value: Any) -> Iterator[Mismatch]:
    written = None if value is None else leaf.type.write(value)
    if written != wanted:
        came = "nothing" if written is None else f"{written!r}"
        yield Mismatch(path, f"{leaf.path} ({leaf.title}) became {came}")


def _problems(case: CaseFile, checked: Checked) -> Iterator[Mismatch]:
    came = _found(checked)
    expected: dict[_Told, int] = {
        (p.row, p.field, p.rule, p.severity): place for place, p in enumerate(case.expect.problems)
    }
    for problem, place in expected.items():
        if problem not in came:
            row, _, rule, _ = problem
            others = sorted(f"{r} at {f} ({s})" for n, f, r, s in came if n == row)
            hint = f"row {row} has: {', '.join(others)}" if others else f"row {row} has no problem"
            yield Mismatch(("expect", "problems", place), f"row {row} does not have the problem {rule}", hint)
    for problem in sorted(set(came) - set(expected)):
        row, field, rule, severity = problem
        hint = f"if that is right: {{row: {row}, field: '{field}', rule: {rule}, severity: {severity}}}"
        message = f"row {row} has the problem {rule} at {field}: {came[problem]}"
        yield Mismatch(("expect", "problems") if expected else ("expect",), message, hint)


def _found(checked: Checked) -> dict[_Told, str]:
    reasons = checked.bad.select(ROW, pl.col("reasons").cast(pl.List(REASON))).explode("reasons").unnest("reasons")
    flags = checked.flags.filter(pl.col("severity") == FLAG)
    return {
        (line[ROW] + 1, line["field"], line["rule"], line["severity"]): line["message"]
        for frame in (reasons, flags)
        for line in frame.select(ROW, "field", "rule", "severity", "message").iter_rows(named=True)
    }


def _superseded(case: CaseFile, came: int) -> Iterator[Mismatch]:
    wanted = case.expect.superseded
    if wanted != came:
        given: Path = ("expect", "superseded") if "superseded" in case.expect.model_fields_set else ("expect",)
        yield Mismatch(given, f"superseded should be {wanted}, but the rows that gave way to newer ones are {came}")
