"""A sample case made of a real row: personal data replaced, and proof that the mapping behaves as it did."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from ecqs_gateway.content.case_edit import expected_record, problem_line
from ecqs_gateway.content.case_outcome import CaseRows, Made, Outcome, SourceShape, outcome, wanted_columns
from ecqs_gateway.content.case_runs import try_case
from ecqs_gateway.content.case_suite import Suite
from ecqs_gateway.content.models import CaseFile
from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.content.shapes import seen
from ecqs_gateway.content.yaml_reader import read_yaml
from ecqs_gateway.content.yaml_write import Scalar, flow, scalar
from ecqs_gateway.doors.clock import today
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.bench import open_bench
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.previews import Wish, find_rows
from ecqs_gateway.mapping.disguise import Disguise
from ecqs_gateway.mapping.preview import Cells, RowsOfParents, of_rows
from ecqs_gateway.mapping.render import render
from ecqs_gateway.rules.catalogue import CompiledRules

__all__ = ["Captured", "capture", "stand_in_secret"]

_SALT = "capture.key"
"""File in the keys folder with the secret of stand-ins; without it the same value gets another one."""
_NAME = re.compile(r"[0-9A-Za-z\u3400-\u9fff][0-9A-Za-z\u3400-\u9fff._-]{0,80}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")


@dataclass(frozen=True)
class Captured:
    """A case that was written, and what could not be disguised without the mapping doing something else."""

    file: str
    text: str
    masked: tuple[str, ...]
    """Columns in which something was replaced."""
    changed: tuple[str, ...]
    """Columns whose disguise changed the outcome: what the case expects is what the disguised row becomes."""


def capture(
    gateway: Gateway, wish: Wish, *, name: str | None = None, title: str | None = None, keep: Collection[str] = ()
) -> Captured:
    """Make a case of the rows a wish names and write it; raises Misconfigured ECQS-6066 where the file is there.

    ``keep`` are columns left as they are.
    """
    lane = open_bench(gateway.content, wish.unit, wish.kind).lane
    rules = Suite(gateway.content).rules(wish.kind)
    shape = SourceShape(lane.connector, *seen(lane.connector, gateway.content.sources.get(wish.unit), wish.kind))
    known = {*lane.mapping.used_columns, *lane.stream.key}
    odd = sorted(set(keep) - known)
    if odd:
        hint = did_you_mean(odd[0], sorted(known), listed=40)
        raise Misconfigured("ECQS-6067", f"the mapping reads no column {', '.join(odd)}", hint=hint)
    cells = _narrowed(lane, find_rows(gateway, lane, wish).cells)
    if not cells.frame.height:
        raise Misconfigured("ECQS-6064", "there is no row to capture", where=f"{wish.unit}/{wish.kind}")
    disguise = Disguise.of(lane.mapping, stand_in_secret(gateway.settings.keys), keep)
    masked = disguise.rows(cells)
    real, made = (outcome(lane.mapping, rules, CaseRows(one.frame, one.children)) for one in (cells, masked))
    changed = tuple(_changed(lane, rules, disguise, cells, real)) if _verdict(real) != _verdict(made) else ()
    file = _file(gateway, lane, name, made)
    shown = title or f"采自真实数据，个人信息已替换（{today(gateway.clock).isoformat()}）"
    text = _text(lane, masked, made, shown)
    text = _proven(file, text, lane, rules, shape)
    path = gateway.content.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Captured(file, text, tuple(_differing(cells, masked)), changed)


def stand_in_secret(folder: Path) -> bytes:
    """Give the secret of stand-ins below the keys folder; made when it is first needed."""
    file = folder / _SALT
    if not file.exists():
        write_atomic(file, secrets.token_hex(32).encode())
    return file.read_bytes()


def _narrowed(lane: LanePlan, cells: Cells) -> Cells:
    """Keep what the mapping reads and what tells rows apart; the rest of a row is nobody's business."""
    wanted = {*wanted_columns(lane.mapping, lane.stream), *lane.stream.key}
    frame = cells.frame.select([name for name in cells.frame.columns if name in wanted])
    plans = {plan.source: plan for plan in lane.mapping.lists if plan.origin == "child"}
    children = {}
    for name, child in of_rows(cells).items():
        if name in plans:
            names = {*plans[name].wanted, *child.parent_key}
            kept = child.frame.select([column for column in child.frame.columns if column in names])
            children[name] = RowsOfParents(kept, child.parent_key, child.key)
    return Cells(frame, children)


def _verdict(found: Outcome) -> object:
    """Give what must stay the same: problems, how many records, and which fields of them are filled."""
    filled = [
        ({path for path, value in one.fields.items() if value}, {path: len(items) for path, items in one.lists.items()})
        for one in found.records
    ]
    return sorted(found.problems), filled, found.superseded


def _changed(
    lane: LanePlan, rules: CompiledRules | None, disguise: Disguise, cells: Cells, real: Outcome
) -> Iterator[str]:
    """Find the columns whose disguise alone makes the mapping do something else."""
    for column in [*disguise.columns, *disguise.members]:
        others = [name for name in (*disguise.columns, *disguise.members) if name != column]
        alone = disguise
        for name in others:
            alone = alone.without(name)
        made = alone.rows(cells)
        if _verdict(outcome(lane.mapping, rules, CaseRows(made.frame, made.children))) != _verdict(real):
            yield column


def _differing(was: Cells, now: Cells) -> Iterator[str]:
    for name in was.frame.columns:
        if was.frame[name].to_list() != now.frame[name].to_list():
            yield name
    for child, rows in was.children.items():
        for name in rows.frame.columns:
            if rows.frame[name].to_list() != now.children[child].frame[name].to_list():
                yield f"{child}.{name}"


def _file(gateway: Gateway, lane: LanePlan, name: str | None, made: Outcome) -> str:
    if name is None:
        number = made.records[0].fields[lane.spec.key] if made.records else None
        plain = re.sub(r"[^0-9A-Za-z]+", "-", number or f"refused-{today(gateway.clock)}").strip("-")
        name = f"{lane.kind}-{plain}"
    name = name.removesuffix(".yaml")
    if not _NAME.fullmatch(name):
        hint = "use letters, digits, dots, dashes and underscores"
        raise Misconfigured("ECQS-6067", "this name cannot be the name of a file", hint=hint)
    file = f"mappings/{lane.unit}/cases/{name}.yaml"
    if (gateway.content.root / file).exists():
        raise Misconfigured("ECQS-6066", "there is a case of this name", where=file, hint="give another with --name")
    return file


def _text(lane: LanePlan, cells: Cells, made: Outcome, title: str) -> str:
    lines = [
        "# yaml-language-server: $schema=../../../schemas/content/case.schema.json",
        "version: 1",
        f'unit: "{lane.unit}"',
        f"kind: {lane.kind}",
        f"title: {scalar(title)}",
        "rows:",
        *_rows(cells.frame),
    ]
    children = {name: child for name, child in cells.children.items() if child.frame.height}
    if children:
        lines.append("children:")
    for name, child in children.items():
        lines += [f"  {name}:", *(f"    - {flow(row)}" for row in _values(child.frame))]
    lines += ["expect:", *_expected(made)]
    return "\n".join(lines) + "\n"


def _rows(frame: pl.DataFrame) -> Iterator[str]:
    for row in _values(frame):
        for place, (name, value) in enumerate(row.items()):
            yield f"  {'-' if place == 0 else ' '} {scalar(name)}: {scalar(value)}"


def _expected(made: Outcome) -> Iterator[str]:
    if made.problems:
        yield "  problems:"
        yield from (f"    - {problem_line(*told)}" for told in sorted(made.problems))
    if made.superseded:
        yield f"  superseded: {made.superseded}"
    yield "  records:" if made.records else "  records: []"
    for record in made.records:
        yield from _record(record)


def _record(record: Made) -> Iterator[str]:
    for place, (name, value) in enumerate(expected_record(record).items()):
        yield f"    {'-' if place == 0 else ' '} {name}: {scalar(value, dates_as_text=True)}"
    for name, items in record.lists.items():
        if not items:
            yield f"      {name}: []"
            continue
        yield f"      {name}:"
        for item in items:
            filled: dict[str, Scalar] = {path: value for path, value in item.items() if value is not None}
            yield f"        - {flow(filled, dates_as_text=True)}"


def _values(frame: pl.DataFrame) -> Iterator[dict[str, Scalar]]:
    texts = {series.name: render(series) for series in frame.get_columns()}
    for place, row in enumerate(frame.iter_rows(named=True)):
        yield {name: _value(value, texts[name][place]) for name, value in row.items()}


def _value(value: Any, text: str | None) -> Scalar:
    """Give a cell as a case can write it: its own type where YAML has it, else its text."""
    if value is None or isinstance(value, bool | int | str | date | datetime | Decimal):
        return value
    if isinstance(value, float) and _DECIMAL.fullmatch(repr(value)):
        return Decimal(repr(value))
    return text


def _proven(file: str, text: str, lane: LanePlan, rules: CompiledRules | None, shape: SourceShape) -> str:
    """Give the text once it was read back and came out as it says; raises Misconfigured ECQS-6068 otherwise."""
    document, problems = read_yaml(file, text.encode())
    mistakes: Sequence[object] = problems
    if document is not None and not problems:
        case = CaseFile.model_validate(document.data)
        mistakes = try_case(case, lane.mapping, rules, shape).mismatches
    if mistakes:
        raise Misconfigured(
            "ECQS-6068",
            f"the row cannot be written as a case that comes out the same ({len(mistakes)} differences)",
            where=file,
            hint="the types seen at the source may be old: run `ecqs observe` and try again",
        )
    return text
