"""One row followed through its mapping, step by step: what ``ecqs show`` and the preview print.

The same steps as in bulk, run on one row and written down in between. Slow, and never part of a sync.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from ecqs_gateway.mapping.codematch import CodeMatch, CodeStep
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.evaluate import FieldSet
from ecqs_gateway.mapping.fields import FieldPlan, blank_to_null
from ecqs_gateway.mapping.lists import ChildRows, ListPlan
from ecqs_gateway.mapping.mapped import ITEM, ROW, Mapped
from ecqs_gateway.mapping.render import render
from ecqs_gateway.mapping.source import SourceColumns

__all__ = ["FieldTrace", "TraceProblem", "TraceStep", "trace"]

_NO_CHILDREN: Mapping[str, ChildRows] = MappingProxyType({})


@dataclass(frozen=True)
class TraceStep:
    """What one step made of a text; null is nothing."""

    name: str
    text: str | None
    place: str | None = None
    """Line of the code file that decided: ``codes/zt.csv:3``."""


@dataclass(frozen=True)
class TraceProblem:
    """One problem of a field."""

    rule: str
    severity: str
    message: str


@dataclass(frozen=True)
class FieldTrace:
    """How one national field of one row came to its value."""

    field: str
    title: str
    origin: str
    """from, const, join, expr, absent or none."""
    source: Mapping[str, str | None]
    """Source columns with their text as it came."""
    steps: tuple[TraceStep, ...]
    value: str | None
    """Text that would stand in the XML; None where the field stays empty or has a problem."""
    problems: tuple[TraceProblem, ...]
    personal: bool
    """True for personal data, which screens mask."""
    type: str = ""
    """Chinese name of the field's type, which reads the last text."""


def trace(
    compiled: CompiledMapping, row: pl.DataFrame, children: Mapping[str, ChildRows] = _NO_CHILDREN
) -> tuple[FieldTrace, ...]:
    """Follow one source row (a frame of one line, with its child rows) through the mapping.

    Gives the fields in document order, list items as ``products[1].name``. Raises what ``apply`` raises.
    """
    if row.height != 1:
        raise ValueError("trace follows one row at a time")
    mapped = compiled.apply(row, children)
    record = SourceColumns(row)
    found = list(_fields(compiled.record, record, mapped.frame, mapped, 0, ""))
    for plan in compiled.lists:
        found.extend(_items(plan, record, mapped))
    return tuple(found)


def _items(plan: ListPlan, record: SourceColumns, mapped: Mapped) -> Iterator[FieldTrace]:
    items = mapped.lists[plan.path]
    source = SourceColumns(plan.kept_items(record, mapped.children).drop(ROW))
    for place in range(items.height):
        prefix = f"{plan.path}[{items[ITEM][place]}]."
        yield from _fields(plan.fields, source, items, mapped, place, prefix)


def _fields(
    fields: FieldSet, source: SourceColumns, values: pl.DataFrame, mapped: Mapped, line: int, prefix: str
) -> Iterator[FieldTrace]:
    one = SourceColumns(source.frame.slice(line, 1))
    for plan in fields.plans:
        path = f"{prefix}{plan.path}"
        told = mapped.problems.filter(pl.col("field") == path)
        written = values.slice(line, 1).select(plan.leaf.type.write_expr(pl.col(plan.path))).to_series()
        yield FieldTrace(
            path,
            plan.leaf.title,
            plan.origin,
            {name: _first(render(one.frame[name])) for name in plan.columns},
            tuple(_steps(plan, one, mapped.frame[mapped.kind.date])),
            _first(written),
            tuple(TraceProblem(*line_) for line_ in told.select("rule", "severity", "message").iter_rows()),
            plan.leaf.personal,
            plan.leaf.type.title,
        )


def _steps(plan: FieldPlan, one: SourceColumns, day: pl.Series) -> Iterator[TraceStep]:
    if plan.constant is not None:
        yield TraceStep("const", plan.constant)
        return
    if not plan.mapped:
        return
    pieces: list[str | None] = []
    texts = [one.text(name) for name in plan.columns]
    if plan.expression is not None:
        texts = [SourceColumns(plan.expression.evaluate(one.typed(plan.columns)).alias("t").to_frame()).text("t")]
        yield TraceStep("expr", _first(texts[0]))
    for text in texts:
        piece = text.alias("t")
        for name, step in plan.steps:
            piece = piece.to_frame().select(blank_to_null(step(pl.col("t"))).alias("t")).to_series()
            yield TraceStep(name, _first(piece))
        pieces.append(_first(piece))
    value = pieces[0] if plan.origin != "join" else plan.join_with.join(p for p in pieces if p is not None) or None
    if plan.origin == "join":
        yield TraceStep("join", value)
    yield from _after(plan, pl.Series("t", [value], dtype=pl.String), day)


def _after(plan: FieldPlan, text: pl.Series, day: pl.Series) -> Iterator[TraceStep]:
    if plan.parse is not None:
        text, misfits = plan.parse.read(text)
        yield TraceStep("parse", _first(text))
        if misfits is not None:
            return
    if plan.codes is not None:
        matched = plan.codes.match(text, day)
        policy = plan.unmapped
        if matched.unmapped is not None and policy is not None:
            kept = {"pass": _first(text), "default": policy.default}.get(policy.policy)
            name = f"codes({plan.codes.name}): {_why(matched)}, {policy.policy}"
            yield TraceStep(name, kept, _code_line(plan.codes, text, day))
            if policy.policy == "reject":
                return
            text = pl.Series("t", [kept], dtype=pl.String)
        else:
            given, text = text, matched.national
            inexact = "wider" if matched.wider is not None else "narrower" if matched.narrower is not None else ""
            place = _code_line(plan.codes, given, day)
            yield TraceStep(f"codes({plan.codes.name}){inexact and f': {inexact}'}", _first(text), place)
    if plan.default is not None and _first(text) is None:
        yield TraceStep("default", plan.default)


def _code_line(codes: CodeStep, text: pl.Series, day: pl.Series) -> str | None:
    """Give the line of the code file that decides one text; None where none does."""
    value = _first(text)
    line = codes.line_of(value, day[0]) if value is not None else None
    return f"codes/{codes.name}.csv:{line.line}" if line is not None else None


def _why(matched: CodeMatch) -> str:
    if matched.none is not None:
        return "no national code"
    return "not listed for this business date" if matched.outside is not None else "not listed"


def _first(text: pl.Series) -> str | None:
    value = text[0]
    return value if value is None else str(value)
