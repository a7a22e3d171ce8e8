"""The files of a proposal, each line with its confidence and its reason behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any

from ecqs_gateway.content import yaml_write
from ecqs_gateway.content.models_connector import FileStream, HttpStream
from ecqs_gateway.content.todos import MARK
from ecqs_gateway.content.yaml_write import Value, comment, key
from ecqs_gateway.flows.onboard.cases import Case
from ecqs_gateway.flows.onboard.draft import Line, ListLine
from ecqs_gateway.flows.onboard.lists import OWN
from ecqs_gateway.flows.onboard.plan import KindPlan
from ecqs_gateway.flows.onboard.stream import Guess

__all__ = ["case_text", "connector_text", "mapping_text"]

scalar = partial(yaml_write.scalar, unfinished=True)
flow = partial(yaml_write.flow, unfinished=True)

_HEAD = "# yaml-language-server: $schema={up}schemas/content/{name}.schema.json"
_AGREE = (
    f"# Proposed by `ecqs onboard`. {MARK} before a word: look at it, then take the {MARK} away or write another.",
    "# `ecqs check` lists what is left; nothing of this unit is sent before the list is empty.",
)


def connector_text(unit: str, name: str, owner: str, source: Mapping[str, str], plans: Sequence[KindPlan]) -> str:
    """Write connectors/provinces/<unit>.yaml."""
    lines = [_HEAD.format(up="../../", name="connector"), comment(name), *_AGREE, "version: 1"]
    lines += [f"unit: {scalar(unit)}", f"owner: {scalar(owner)}", "source:"]
    lines += [f"  type: {source['type']}", f"  connection: {scalar(source['connection'])}"]
    lines.append("  time_zone: Asia/Shanghai        # of times without zone; all provinces keep Beijing time")
    lines.append("streams:")
    for plan in plans:
        lines.append(f"  {plan.kind.kind}:  {comment(f'{plan.kind.title}: {plan.why}')}")
        lines += [f"    {line}" for line in _stream(plan)]
    return "\n".join(lines) + "\n"


def _stream(plan: KindPlan) -> Iterator[str]:
    stream = plan.table.stream
    for trap in plan.stream.traps:
        yield comment(f"trap: {trap}")
    if stream is not None:
        yield from _files(stream) if isinstance(stream, FileStream) else _http(stream)
        yield _guessed("key", plan.stream.key)
        return
    yield f"table: {scalar(plan.table.name)}"
    yield _guessed("key", plan.stream.key)
    changed = plan.stream.changed_at
    if changed is None:
        yield comment(f"no changed_at: {plan.stream.no_change_time}")
    else:
        column = changed.columns[0]
        mark = "" if changed.confidence == "high" else f"{MARK} "
        yield f"changed_at: {scalar(mark + column)}  {comment(f'{changed.confidence}: {changed.why}')}"
        yield "overlap: 30m  # read again what changed this long before the last run: late commits, slow replicas"
    if plan.children:
        yield "children:"
    for child in plan.children:
        name = OWN if child.table.name == plan.table.name else child.list
        mark = "" if child.confidence == "high" else f"{MARK} "
        body: dict[str, Value] = {
            "table": child.table.name,
            "parent_key": [mark + child.parent_key],
            "key": [child.key],
        }
        if child.order_by:
            body["order_by"] = list(child.order_by)
        yield f"  {comment(f'{child.confidence}: {child.why}')}"
        yield f"  {name}: {flow(body)}"


def _files(stream: FileStream) -> Iterator[str]:
    yield f"files: {scalar(stream.files)}"
    yield f"format: {stream.format}"
    if stream.format == "csv":
        yield f"encoding: {scalar(stream.encoding)}  # found by reading the file"
        if stream.delimiter != ",":
            yield f"delimiter: {scalar(stream.delimiter)}"
    yield f"header_row: {stream.header_row}  # first row that is as wide as the table and holds names"


def _http(stream: HttpStream) -> Iterator[str]:
    yield f"path: {scalar(stream.path)}"
    if stream.params:
        yield f"params: {flow(dict(stream.params))}"
    if stream.rows is not None:
        yield f"rows: {scalar(stream.rows)}  # the longest list of objects in the answer"
    if stream.success is not None:
        success = {"field": stream.success.field, "values": list(stream.success.values)}
        yield f"success: {flow(success)}  # what the first answer said"
    if stream.pages is None:
        yield comment("one answer held everything")
    else:
        pages: dict[str, Value] = {**stream.pages.model_dump(exclude_none=True, exclude_defaults=True)}
        yield f"pages: {flow(pages)}  # tried on the API"


def _guessed(name: str, guess: Guess) -> str:
    told = comment(f"{guess.confidence}: {guess.why}")
    if not guess.columns and guess.confidence != "high":
        return f"{name}: [{MARK}]  {told}"
    mark = "" if guess.confidence == "high" else f"{MARK} "
    return f"{name}: {flow([mark + column for column in guess.columns])}  {told}"


def mapping_text(plan: KindPlan, owner: str) -> str:
    """Write mappings/<unit>/<kind>.yaml."""
    lines = [_HEAD.format(up="../../", name="mapping"), comment(f"{plan.kind.title} from {plan.table.name}"), *_AGREE]
    lines += ["version: 1", f"unit: {scalar(plan.unit)}", f"kind: {plan.kind.kind}", f"owner: {scalar(owner)}"]
    if plan.stream.newest_by is not None:
        lines.append(_guessed("newest_by", plan.stream.newest_by))
    lines += list(_ignored(plan))
    lines.append("fields:")
    for line in plan.fields:
        lines += [f"  {one}" for one in _line(line, line.path)]
    if plan.open:
        told = "、".join(f"{leaf.path} {leaf.title}" for leaf in plan.open)
        lines.append("  # Not found in the source; add a line, or say `absent: {reason, owner, until}`:")
        lines += [f"  #   {leaf.path}  {leaf.title}" for leaf in plan.open] if told else []
    given = [one for one in plan.lists if one.fields]
    if given:
        lines.append("children:")
    for one in given:
        lines += [f"  {text}" for text in _list(one)]
    missing = [node for node in plan.kind.repeated() if node.path not in {one.path for one in given}]
    lines += [f"  # list not found in the source: {node.path}  {node.title}" for node in missing]
    return "\n".join(lines) + "\n"


def _ignored(plan: KindPlan) -> Iterator[str]:
    if not plan.ignored:
        return
    yield "ignore:"
    for one in plan.ignored:
        yield f"  - {scalar(one.column if one.sure else f'{MARK} {one.column}')}  {comment(one.why)}"


def _line(line: Line, name: str) -> Iterator[str]:
    need = "（必填）" if line.required else ""
    yield comment(f"{line.title}{need} · {line.confidence}: {line.why}")
    yield f"{key(name)}: {flow(line.written())}"


def _list(one: ListLine) -> Iterator[str]:
    need = "（必填）" if one.required else ""
    yield comment(f"{one.title}{need} · {one.confidence}: {one.why}")
    yield f"{one.path}:"
    for name, value in one.written().items():
        yield f"  {name}: {flow(value)}"
    yield "  fields:"
    for line in one.fields:
        yield from (f"    {text}" for text in _line(line, line.path.removeprefix(f"{one.path}.")))
    yield from (f"    {comment(note)}" for note in one.notes)


def case_text(plan: KindPlan, case: Case) -> str:
    """Write mappings/<unit>/cases/<kind>-sample-<n>.yaml."""
    lines = [_HEAD.format(up="../../../", name="case")]
    lines.append(
        "# A row of the source with stand-ins for enterprises and persons. Correct `expect` where it is wrong."
    )
    lines += ["version: 1", f"unit: {scalar(plan.unit)}", f"kind: {plan.kind.kind}", f"title: {scalar(case.title)}"]
    lines += ["rows:", *_row(case.row, "  ")]
    if any(case.children.values()):
        lines.append("children:")
        for name, rows in case.children.items():
            if rows:
                lines.append(f"  {name}:")
                lines += [text for row in rows for text in _row(row, "    ")]
    lines.append("expect:")
    lines += _expected(case)
    if case.problems:
        lines.append("  problems:")
        lines += [f"    - {flow({**problem, 'row': 1})}" for problem in case.problems]
    return "\n".join(lines) + "\n"


def _row(row: Mapping[str, Any], before: str) -> list[str]:
    parts = [f"{key(name)}: {_cell(value)}" for name, value in row.items()]
    if not parts:
        return [f"{before}- {{}}"]
    return [f"{before}{'- ' if n == 0 else '  '}{part}" for n, part in enumerate(parts)]


def _cell(value: object) -> str:
    """Write a cell so that the case reads it in the type the source has."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return "~"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, int | date):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return yaml_write.scalar(str(value))


def _expected(case: Case) -> Iterator[str]:
    if case.record is None:
        return
    yield "  records:"
    first = True
    for name, value in case.record.items():
        before = "    - " if first else "      "
        first = False
        if isinstance(value, list):
            yield f"{before}{name}: [{', '.join(flow(item) for item in value)}]"
        else:
            yield f"{before}{name}: {scalar(value)}"
    if first:
        yield "    - {}"
