"""Sample rows as cases: what the proposals make of a few unlike rows of the source, personal data masked first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from ecqs_gateway.content.models import MappingFile, RulesFile
from ecqs_gateway.flows.onboard.accepted import accepted
from ecqs_gateway.flows.onboard.lists import OWN
from ecqs_gateway.flows.onboard.plan import KindPlan
from ecqs_gateway.flows.onboard.tables import Knowledge
from ecqs_gateway.mapping.check import check, supersede
from ecqs_gateway.mapping.codes import load_local_codes
from ecqs_gateway.mapping.compile import inspect_mapping
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.disguise import Disguise
from ecqs_gateway.mapping.faults import UNMAPPED
from ecqs_gateway.mapping.mapped import FLAG, ITEM, REASON, ROW, Checked
from ecqs_gateway.mapping.preview import Cells, RowsOfParents
from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.rules import EXAMPLE_DAY, ExprContext, WorkingCalendar, compile_rules

__all__ = ["Case", "Rules", "make_cases"]

_WANTED = 5
_HAN = "[\u4e00-\u9fff]+"


@dataclass(frozen=True)
class Rules:
    """The rule catalogue cases are judged by."""

    files: tuple[RulesFile, ...]
    calendar: WorkingCalendar


@dataclass(frozen=True)
class Case:
    """One sample row with its child rows, and what the proposals make of it."""

    number: int
    row: Mapping[str, Any]
    children: Mapping[str, Sequence[Mapping[str, Any]]]
    record: Mapping[str, Any] | None
    problems: tuple[Mapping[str, Any], ...]
    title: str


def make_cases(plan: KindPlan, knowledge: Knowledge, rules: Rules, secret: bytes) -> list[Case]:
    """Make up to five cases; none where the source gave no row.

    A row with a code nobody has decided yet shows nothing but that, so it makes no case.
    """
    sample = plan.table.sample
    if sample.is_empty():
        return []
    draft = accepted(plan)
    mapping = MappingFile.model_validate(draft.data)
    compiled = _compiled(plan, mapping, knowledge)
    if compiled is None:
        return []
    # Keys that link child rows stay: two stand-ins would not find each other.
    links = {child.key for child in plan.children}
    masks = Disguise.of(compiled, secret, links, frozenset(_person_columns(plan, knowledge)))
    rows = _unlike(plan, sample.select(name for name in sample.columns if name in _needed(plan, compiled)))
    around = (knowledge, rules, draft.invented)
    made = [_run(plan, compiled, rows.slice(place, 1), masks, around) for place in range(rows.height)]
    made = [case for case in made if not any(problem["rule"] == UNMAPPED for problem in case.problems)]
    good = [case for case in made if case.record is not None]
    chosen = (good + [case for case in made if case.record is None])[:_WANTED]
    return [Case(number, *list(case.__dict__.values())[1:]) for number, case in enumerate(chosen, start=1)]


def _compiled(plan: KindPlan, mapping: MappingFile, knowledge: Knowledge) -> CompiledMapping | None:
    tables = {file.name: load_local_codes(file.name, file.text(agreed=True), file.name)[0] for file in plan.codes}
    return inspect_mapping(mapping, plan.kind, knowledge.codes, tables).mapping


def _needed(plan: KindPlan, compiled: CompiledMapping) -> set[str]:
    """Give the columns a case must hold: nothing else leaves the source."""
    keys = {child.key for child in plan.children}
    return {*compiled.wanted, *keys, *plan.stream.key.columns}


def _person_columns(plan: KindPlan, knowledge: Knowledge) -> Iterator[str]:
    personal = {f"{node.path}.{leaf.path}" for node in plan.kind.repeated() for leaf in node.leaves() if leaf.personal}
    personal |= {leaf.path for leaf in plan.kind.leaves() if leaf.personal}
    yield from (line.column for line in plan.lines() if line.path in personal and line.column)
    for table in (plan.table, *(child.table for child in plan.children)):
        for name, profile in knowledge.profiles(table).items():
            if profile.share("person") >= 0.6 and profile.distinct > 2 and _may_be_persons(name, plan):
                yield name


def _may_be_persons(name: str, plan: KindPlan) -> bool:
    """Say whether a column of short Chinese words may hold persons: firms, products and codes do not."""
    line = next((line for line in plan.lines() if line.column == name), None)
    return line is None or line.path.endswith(("holder.name", "enterprise.name", "producer.name"))


def _unlike(plan: KindPlan, rows: pl.DataFrame) -> pl.DataFrame:
    """Take rows that are written differently before taking more of one form."""
    columns = [line.column for line in plan.fields if line.column in rows.columns and line.sure]
    shapes = [
        text_column(rows[name]).fill_null("∅").str.replace_all("[0-9]+", "9").str.replace_all(_HAN, "字").alias(f"s{n}")
        for n, name in enumerate(dict.fromkeys(columns))
        if name is not None
    ]
    if not shapes:
        return rows.head(4 * _WANTED)
    marked = rows.with_columns(pl.concat_str(shapes, separator="|").alias("__shape"))
    marked = marked.with_columns(pl.int_range(pl.len()).over("__shape").alias("__again"))
    return marked.sort("__again", maintain_order=True).drop("__shape", "__again").head(4 * _WANTED)


def _run(
    plan: KindPlan,
    compiled: CompiledMapping,
    real: pl.DataFrame,
    masks: Disguise,
    around: tuple[Knowledge, Rules, bool],
) -> Case:
    knowledge, rules, invented = around
    below = {name: RowsOfParents(frame, (a,), (b,)) for name, frame, a, b in _child_rows(plan, real)}
    cells = masks.rows(Cells(real, below))
    row, children = cells.frame, cells.children
    mapped = compiled.apply(row, children, table="the sample")
    context = ExprContext(knowledge.codes, rules.calendar, EXAMPLE_DAY)
    checked = check(mapped, None if invented else compile_rules(plan.kind, list(rules.files), context))
    good, _ = supersede(checked.good)
    record = _record(plan, good.frame.row(0, named=True), good.lists) if good.rows else None
    problems = tuple(_problems(checked))
    held = {name: _dicts(one.frame, _used_of(compiled, plan, name)) for name, one in children.items()}
    kind = "a record" if record is not None else "no record"
    title = f"row {_said(plan, row)} of {plan.table.name}, as onboarding found it: {kind}"
    return Case(0, _dicts(row, None)[0], held, record, problems, title)


def _said(plan: KindPlan, row: pl.DataFrame) -> str:
    return ", ".join(str(row[name][0]) for name in plan.stream.key.columns if name in row.columns) or "?"


def _child_rows(plan: KindPlan, row: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame, str, str]]:
    for child in plan.children:
        own = child.table.name == plan.table.name
        key = text_column(row[child.key])[0]
        rows = child.rows.filter(text_column(child.rows[child.parent_key]).eq(key).fill_null(value=False))
        order = [name for name in child.order_by if name in rows.columns]
        yield OWN if own else child.list, rows.sort(order) if order else rows, child.parent_key, child.key


def _used_of(compiled: CompiledMapping, plan: KindPlan, name: str) -> set[str]:
    used = {column for one in compiled.lists if one.origin == "child" and one.source == name for column in one.wanted}
    for child in plan.children:
        if name in {child.list, OWN}:
            used |= {child.parent_key, *child.order_by}
    return used


def _dicts(frame: pl.DataFrame, wanted: set[str] | None) -> list[dict[str, Any]]:
    names = [n for n in frame.columns if (wanted is None or n in wanted) and frame[n].dtype != pl.Binary]
    return [
        {name: value for name, value in row.items() if _plain(value)}
        for row in frame.select(names).iter_rows(named=True)
    ]


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool | date | datetime)


def _record(plan: KindPlan, row: Mapping[str, Any], lists: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Give what the sure lines made; of the others nobody has said yet that they are right."""
    sure = {line.path for line in plan.fields if line.sure and line.codes is None} | _decided(plan)
    record: dict[str, Any] = {
        leaf.path: leaf.type.write(row[leaf.path])
        for leaf in plan.kind.leaves()
        if leaf.path in sure and row[leaf.path] is not None
    }
    for node in plan.kind.repeated():
        line = next((one for one in plan.lists if one.path == node.path), None)
        if line is not None and line.confidence == "high":
            chosen = {one.path for one in line.fields if one.sure and (one.codes is None or one.path in sure)}
            leaves = [leaf for leaf in node.leaves() if f"{node.path}.{leaf.path}" in chosen]
            items = lists[node.path].filter(pl.col(ROW) == row[ROW]).sort(ITEM).iter_rows(named=True)
            record[node.path] = [
                {leaf.path: leaf.type.write(item[leaf.path]) for leaf in leaves if item[leaf.path] is not None}
                for item in items
            ]
    return record


def _decided(plan: KindPlan) -> set[str]:
    """Give the code fields of which every value is sure."""
    open_files = {file.name for file in plan.codes if not all(line.guess.sure for line in file.lines)}
    return {line.path for line in plan.lines() if line.sure and line.codes is not None and line.codes not in open_files}


def _problems(checked: Checked) -> Iterator[dict[str, Any]]:
    reasons = checked.bad.select(ROW, pl.col("reasons").cast(pl.List(REASON))).explode("reasons").unnest("reasons")
    flags = checked.flags.filter(pl.col("severity") == FLAG)
    for frame in (reasons, flags):
        for line in frame.select("field", "rule", "severity").unique(maintain_order=True).iter_rows(named=True):
            yield {"row": 1, **line}
