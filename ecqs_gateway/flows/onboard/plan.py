"""One record kind of one unit, proposed: stream, fields, lists, columns left over, code files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.extract.survey import Survey, Surveyed
from ecqs_gateway.flows.onboard.assign import Choice
from ecqs_gateway.flows.onboard.codefiles import CodeFile, code_files
from ecqs_gateway.flows.onboard.draft import Line, ListLine, both_ends, day_and_batch, field_line, gap, quoted
from ecqs_gateway.flows.onboard.lists import list_lines
from ecqs_gateway.flows.onboard.stream import StreamPlan, plan_stream
from ecqs_gateway.flows.onboard.tables import Child, Knowledge, Reading, children_of
from ecqs_gateway.model.record import KindSpec, Leaf, demands

__all__ = ["Ignored", "KindPlan", "plan_kind"]

_USES = {
    "technical": "technical, says nothing of the licence",
    "key": "key of the row",
    "created_at": "when the row was made",
    "changed_at": "when the row last changed: the connector reads by it",
    "order": "order of rows",
    "outside": "not part of the national contract",
    "personal": "personal, and not part of the national contract",
}


@dataclass(frozen=True)
class Ignored:
    """A column no field takes; ``sure`` where it is known why."""

    column: str
    sure: bool
    why: str


@dataclass(frozen=True)
class KindPlan:
    """Everything proposed for one record kind."""

    unit: str
    kind: KindSpec
    table: Surveyed
    why: str
    stream: StreamPlan
    fields: tuple[Line, ...]
    lists: tuple[ListLine, ...]
    ignored: tuple[Ignored, ...]
    children: tuple[Child, ...]
    codes: tuple[CodeFile, ...] = ()
    open: tuple[Leaf, ...] = field(default=())
    """Optional fields nothing was found for."""

    def lines(self) -> Iterator[Line]:
        """Walk all field lines, those of lists too."""
        yield from self.fields
        for one in self.lists:
            yield from one.fields


def plan_kind(
    unit: tuple[str, str], reading: Reading, tables: Sequence[Surveyed], survey: Survey, knowledge: Knowledge
) -> KindPlan:
    """Propose one record kind from the table read as it; ``unit`` is code and name."""
    known = knowledge.profiles(reading.table)
    stream = plan_stream(reading, known, survey, ZoneInfo("Asia/Shanghai"))
    children = children_of(reading, stream.key.columns, tables, survey, knowledge)
    lists, own = list_lines(reading, children, knowledge, stream.key.columns)
    if own is not None:
        children.append(own)
    fields = list(_fields(unit, reading, knowledge))
    plan = KindPlan(
        unit[0],
        reading.kind,
        reading.table,
        reading.why,
        stream,
        tuple(fields),
        tuple(lists),
        tuple(_ignored(reading, knowledge, stream, lists)),
        tuple(children),
        open=_open(reading.kind, fields),
    )
    found = code_files(plan, survey, knowledge)
    return KindPlan(**{**plan.__dict__, "codes": found})


def _fields(unit: tuple[str, str], reading: Reading, knowledge: Knowledge) -> Iterator[Line]:
    leaves = {leaf.path: leaf for leaf in reading.kind.leaves()}
    known = knowledge.profiles(reading.table)
    made: dict[str, Line] = {}
    for target, choice in reading.made.fields.items():
        if target in leaves:
            made[target] = field_line(target, leaves[target], choice, known[choice.column])
        elif "+" in target and "production_batch" in target:
            made |= {line.path: line for line in day_and_batch(choice, leaves)}
        elif "+" in target:
            sample = reading.table.sample
            values = sample[choice.column] if choice.column in sample.columns else pl.Series(dtype=pl.String)
            made |= {line.path: line for line in both_ends(choice, leaves, values)}
    made = {**_by_unit(unit, leaves, reading), **made}
    mapped_groups = {path.rpartition(".")[0] for path in made}
    for path, leaf in leaves.items():
        needed = leaf.required and (_always(reading.kind, path) or path.rpartition(".")[0] in mapped_groups)
        if path in made:
            yield made[path]
        elif needed:
            yield gap(path, leaf)


def _always(kind: KindSpec, path: str) -> bool:
    """Say whether a required field is required in every record, and not only where its group is."""
    return any(leaf.path == path and not others for leaf, others in demands(kind.nodes))


def _by_unit(unit: tuple[str, str], leaves: Mapping[str, Leaf], reading: Reading) -> dict[str, Line]:
    """Propose what the unit itself says: its bureau, and numbers of results that have none."""
    code, name = unit
    made: dict[str, Line] = {}
    if "authority.name" in leaves and "authority.name" not in reading.made.fields:
        why = f"no column says it; the usual name of the bureau of {name}: correct it if it has another"
        made["authority.name"] = _const("authority.name", leaves, f"{name}市场监督管理局", why)
        if "authority.area" not in reading.made.fields:
            made["authority.area"] = _const("authority.area", leaves, code, "no column says it; the unit's own code")
    published, number = reading.made.column_of("published_date"), reading.made.column_of("row_number")
    if "result_number" in leaves and published and number:
        day, place = quoted(published), quoted(number)
        expr = f"concat('{code}-', replace({day}, '-', ''), '-', lpad(trim({place}), 4, '0'))"
        leaf = leaves["result_number"]
        why = "results have no number: unit, day of publication and line name one once and for all"
        made["result_number"] = Line("result_number", leaf.title, leaf.required, {"expr": expr}, "medium", why)
    return made


def _const(path: str, leaves: Mapping[str, Leaf], value: str, why: str) -> Line:
    leaf = leaves[path]
    return Line(path, leaf.title, leaf.required, {"const": value}, "low", why)


def _open(kind: KindSpec, fields: Sequence[Line]) -> tuple[Leaf, ...]:
    given = {line.path for line in fields}
    return tuple(leaf for leaf in kind.leaves() if leaf.path not in given)


def _ignored(
    reading: Reading, knowledge: Knowledge, stream: StreamPlan, lists: Sequence[ListLine]
) -> Iterator[Ignored]:
    """Sort out the columns no line uses, each with what is known of it."""
    made = reading.made
    taken = {one.column for one in lists} | _columns_of_items(lists)
    taken |= {choice.column for target, choice in made.fields.items() if not _of_list(reading.kind, target)}
    taken |= set(stream.newest_by.columns) if stream.newest_by else set()
    by_connector = {*stream.key.columns, *(stream.changed_at.columns if stream.changed_at else ())}
    for column in reading.table.columns:
        name = column.name
        if name in taken:
            continue
        if name in by_connector:
            purpose = "the connector reads by it" if name not in stream.key.columns else "key of the row"
            yield Ignored(name, sure=True, why=purpose)
        elif name in made.uses:
            yield _by_use(made.uses[name], knowledge)
        else:
            told = f"{column.comment}: " if column.comment else ""
            yield Ignored(name, sure=False, why=told + made.left.get(name, "another column is used instead"))


def _of_list(kind: KindSpec, target: str) -> bool:
    return any(target.startswith(f"{node.path}.") for node in kind.repeated())


def _columns_of_items(lists: Sequence[ListLine]) -> set[str | None]:
    """Give the row's own columns where the row itself is the item."""
    return {line.column for one in lists if one.origin.get("child") == "own_row" for line in one.fields}


def _by_use(choice: Choice, knowledge: Knowledge) -> Ignored:
    use = choice.target.removeprefix("@")
    if use == "deleted":
        why = f"marks deleted rows, which would be sent like all others: {choice.why}"
        return Ignored(choice.column, sure=False, why=why)
    told = knowledge.vocabulary.concepts[choice.concept].note or _USES.get(use, use)
    known = choice.confidence == "medium" and use in {"technical", "created_at", "personal", "outside"}
    return Ignored(choice.column, sure=choice.confidence == "high" or known, why=f"{told} ({choice.why})")
