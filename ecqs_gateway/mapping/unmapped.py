"""Source codes that have no national code: found in rows, counted, each with the national code it is nearest to."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.content.problems import nearest
from ecqs_gateway.mapping.codematch import CodeMatch
from ecqs_gateway.mapping.codes import LocalCodeTable, fold
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.evaluate import FieldSet
from ecqs_gateway.mapping.fields import FieldPlan, field_texts
from ecqs_gateway.mapping.lists import parents_of
from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.mapping.preview import Cells
from ecqs_gateway.mapping.source import SourceColumns
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.model.types import Code

__all__ = ["CAUSES", "Counts", "Suggestion", "Unmapped", "count_unmapped", "suggest"]

CAUSES = {"unlisted": "not in the code file", "none": "said to have none", "outside": "not on the record's date"}
"""Why a value has no national code."""

Unmapped = tuple[str, str, str]
"""National field, source value and cause."""
Counts = Counter[Unmapped]


@dataclass(frozen=True)
class Suggestion:
    """What to write for a value: the nearest national code, if there is one, and the line itself."""

    file: str
    line: int
    """Line of the file at which it can be added, behind its last one; or the line that says there is none."""
    national: str | None
    name: str | None
    text: str
    """The line, with the national code left as TODO where none is near."""


def count_unmapped(compiled: CompiledMapping, cells: Cells) -> Counts:
    """Count the values without a national code in some rows, in columns."""
    record = SourceColumns(cells.frame)
    days = _days(compiled, record)
    found = Counts()
    for one in _count(_coded(compiled.record), "", record, days):
        found.update(one)
    children = {name: parents_of(child, record, name, compiled.where)[0] for name, child in cells.children.items()}
    for plan in compiled.lists:
        mine = _coded(plan.fields)
        if mine:
            items = plan.kept_items(record, children)
            own = days.gather(items[ROW]) if days is not None else None
            for one in _count(mine, f"{plan.path}.", SourceColumns(items.drop(ROW)), own):
                found.update(one)
    return found


def _coded(fields: FieldSet) -> list[FieldPlan]:
    return [plan for plan in fields.plans if plan.codes is not None]


def _days(compiled: CompiledMapping, record: SourceColumns) -> pl.Series | None:
    """Give the business dates, where a code file in use asks for them."""
    if not compiled.record.dated and not any(one.fields.dated for one in compiled.lists):
        return None
    return compiled.record.business_dates(record)


def _count(
    plans: list[FieldPlan], prefix: str, source: SourceColumns, days: pl.Series | None
) -> Iterator[dict[Unmapped, int]]:
    texts = field_texts(plans, source, raw=False)
    for plan in plans:
        text = texts[plan.path]
        if plan.parse is not None:
            text = plan.parse.read(text)[0]
        if plan.codes is None:
            continue
        for cause, lines in _causes(plan.codes.match(text, days)):
            values = text.filter(lines).value_counts().iter_rows()
            yield {(f"{prefix}{plan.path}", str(value), cause): int(count) for value, count in values}


def _causes(match: CodeMatch) -> Iterator[tuple[str, pl.Series]]:
    if match.unmapped is None:
        return
    rest = match.unmapped
    for cause, lines in (("none", match.none), ("outside", match.outside)):
        if lines is not None:
            yield cause, lines
            rest = rest & ~lines
    if bool(rest.any()):
        yield "unlisted", rest


def suggest(compiled: CompiledMapping, path: str, value: str, table: LocalCodeTable, codes: CodeTables) -> Suggestion:
    """Give the line to add for a value: by the national names, by the unit's own lines, by the codes themselves."""
    leaf = _plan(compiled, path).leaf
    national = codes[leaf.type.table] if isinstance(leaf.type, Code) and leaf.type.table in codes else None
    code, name = _near(value, table, national) if national is not None else (None, None)
    said = next((one for one in table.codes if one.national is None and fold(one.source) == fold(value)), None)
    line = said.line if said is not None else max((one.line for one in table.codes), default=1) + 1
    cells = {"source": value, "national": code or "TODO", "note": name or ""}
    text = ",".join(_cell(cells.get(column, "")) for column in table.columns)
    return Suggestion(table.file, line, code, name, text)


def _plan(compiled: CompiledMapping, path: str) -> FieldPlan:
    for plan in compiled.record.plans:
        if plan.path == path:
            return plan
    for one in compiled.lists:
        for plan in one.fields.plans:
            if f"{one.path}.{plan.path}" == path:
                return plan
    raise ValueError(f"{path} is no field of {compiled.spec.kind}")


def _near(value: str, table: LocalCodeTable, national: CodeTable) -> tuple[str | None, str | None]:
    names = dict(zip(national.rows["code"].to_list(), national.rows["name"].to_list(), strict=True))
    by_name = {name: code for code, name in names.items()}
    plain = unicodedata.normalize("NFKC", value).strip()
    if plain in names:
        return plain, names[plain]
    mine = {one.source: one.national for one in table.codes if one.national in names}
    code = by_name.get(_nearest_name(plain, by_name) or "") or mine.get(_nearest_name(plain, mine) or "")
    return (code, names[code]) if code is not None else (None, None)


def _nearest_name(value: str, names: dict[str, str] | dict[str, str | None]) -> str | None:
    """Give the name that is meant: one that holds the value or is held by it, else the one that is spelled nearest."""
    folded = fold(value)
    held = [name for name in names if len(name) > 1 and (fold(name) in folded or folded in fold(name))]
    if folded and held:
        return min(held, key=lambda name: abs(len(name) - len(value)))
    return nearest(value, names)


def _cell(text: str) -> str:
    """Write a value as a cell of CSV."""
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n\r') else text
