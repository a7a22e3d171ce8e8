"""From source column to national field: what each field of a lane is made of, how, and which line says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecqs_gateway.content.load import Content
from ecqs_gateway.content.problems import Problem, did_you_mean
from ecqs_gateway.content.yaml_reader import Document, Mark, Path, read_yaml
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.bench import open_bench
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.mapping.in_words import FieldLine, field_lines

__all__ = ["FieldLineage", "LaneLineage", "document_of", "entry_mark", "lineage", "lines_of", "narrowed", "place_text"]

_FIELD_ENDS: tuple[Path, ...] = (("from",), ("expr",), ("join", "columns"), ("join",))
_LIST_ENDS: tuple[Path, ...] = (("child",), ("split", "from"), ("json",), ("split",))
"""Where inside an entry its columns stand, the likeliest first."""


@dataclass(frozen=True)
class FieldLineage:
    """One national field, or list (``products[]``), and what it is made of."""

    field: str
    title: str
    group: str
    """mapped (one column), derived (several, or computed), constant, absent or open."""
    columns: tuple[str, ...]
    """Source columns; those of child tables as ``cp.CPMC``, of a list the child table or column it is made of."""
    how: str
    """Origin and treatment in the words of the mapping table."""
    codes: str | None
    """Code file, as a path below the content folder."""
    national_table: str | None
    place: str
    """file:line:column of the mapping entry."""
    personal: bool
    unchanged: bool
    """Whether the value goes on as it came: nothing between the column and the field's type."""


@dataclass(frozen=True)
class LaneLineage:
    """Every field of a lane; ``tables`` give the source table by the prefix of its columns (empty: the own one)."""

    unit: str
    kind: str
    file: str
    tables: dict[str, str]
    fields: tuple[FieldLineage, ...]
    problems: tuple[Problem, ...] = ()

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Give it the other way round: which fields each column feeds."""
        found: dict[str, list[str]] = {}
        for one in self.fields:
            for column in one.columns:
                found.setdefault(column, []).append(one.field)
        return {column: tuple(fields) for column, fields in sorted(found.items())}

    def table_of(self, column: str) -> tuple[str, str]:
        """Give the source table and plain name of a column; a child table alone has no column."""
        prefix, dot, name = column.partition(".")
        if dot and prefix in self.tables:
            return self.tables[prefix], name
        return (self.tables[column], "") if column in self.tables and column else (self.tables[""], column)


def lineage(content: Content, unit: str, kind: str) -> LaneLineage:
    """Give the lineage of a lane as its files say it; raises Unusable where they are broken."""
    bench = open_bench(content, unit, kind)
    return lines_of(content, bench.lane, bench.problems)


def lines_of(content: Content, lane: LanePlan, problems: Sequence[Problem] = ()) -> LaneLineage:
    """Give the lineage of a lane that is ready."""
    file = f"mappings/{lane.unit}/{lane.kind}.yaml"
    document = document_of(content, file)
    plans = {plan.path: plan for plan in lane.mapping.record.plans}
    plans |= {f"{one.path}.{plan.path}": plan for one in lane.mapping.lists for plan in one.fields.plans}
    fields = tuple(
        FieldLineage(
            line.path,
            line.title,
            line.group,
            line.columns,
            line.rule,
            f"mappings/{lane.unit}/codes/{line.codes}.csv" if line.codes else None,
            line.national_table,
            place_text(file, entry_mark(document, line)),
            line.personal,
            line.key in plans and plans[line.key].plain,
        )
        for line in field_lines(lane.mapping)
    )
    tables = {"": lane.table, **{name: child.table for name, child in lane.children().items()}}
    return LaneLineage(lane.unit, lane.kind, file, tables, fields, tuple(problems))


def narrowed(found: LaneLineage, field: str | None, column: str | None) -> LaneLineage:
    """Give what concerns one field or one column; raises Misconfigured ECQS-1460, 1461 with the nearest name."""
    fields = found.fields
    if field is not None:
        names = {one.field.replace("[]", ""): one.field for one in fields}
        wanted = field.replace("[]", "")
        if wanted not in names:
            hint = (
                did_you_mean(wanted, names, listed=0) or f"`ecqs mapping lineage {found.unit} {found.kind}` lists all"
            )
            raise Misconfigured("ECQS-1460", f"there is no national field {field!r}", where=found.file, hint=hint)
        fields = tuple(one for one in fields if one.field == names[wanted])
    if column is not None:
        known = found.columns()
        if column not in known:
            hint = did_you_mean(column, known, listed=0) or f"columns that feed a field: {', '.join(known)}"
            raise Misconfigured("ECQS-1461", f"no field is made of a column {column!r}", where=found.file, hint=hint)
        fields = tuple(one for one in fields if column in one.columns)
    return LaneLineage(found.unit, found.kind, found.file, found.tables, fields, found.problems)


def entry_mark(document: Document | None, line: FieldLine) -> Mark | None:
    """Give the place in the mapping file where a national field says which columns it takes."""
    if document is None:
        return None
    ends = _FIELD_ENDS if "fields" in line.yaml else _LIST_ENDS
    marks = (document.marks.get((*line.yaml, *end)) for end in (*ends, ()))
    return next((mark for mark in marks if mark is not None), None)


def document_of(content: Content, file: str) -> Document | None:
    """Read a file of the bundle once more, for the places in it."""
    raw = content.files.get(file)
    return read_yaml(file, raw)[0] if raw is not None else None


def place_text(file: str, mark: Mark | None) -> str:
    """Give file:line:column of a mark; the file alone where there is none."""
    if mark is None:
        return file
    # A value written beside its key stands there; the place of a table is its key.
    line, column = (mark.line, mark.column) if mark.text is not None else (mark.key_line, mark.key_column)
    return f"{file}:{line}:{column}"
