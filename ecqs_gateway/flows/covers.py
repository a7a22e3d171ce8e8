"""Coverage of one lane: every national field and every source column, with what was seen in real rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from ecqs_gateway.content.load import Content
from ecqs_gateway.content.models_sources import SourceTable
from ecqs_gateway.content.problems import Problem
from ecqs_gateway.content.shapes import seen
from ecqs_gateway.content.yaml_reader import read_yaml
from ecqs_gateway.flows import bench_rows
from ecqs_gateway.flows.bench import Bench, open_bench
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.mapping.in_words import FieldLine, field_lines
from ecqs_gateway.mapping.observed import Observed, observe

__all__ = ["ColumnCover", "Cover", "FieldCover", "cover", "sampled"]


@dataclass(frozen=True)
class FieldCover:
    """One national field: what the mapping says, where it says it, and what is wrong with it."""

    line: FieldLine
    file_line: int | None
    problem: str | None
    """Why this needs somebody: required and open, or declared absent beyond its day."""


@dataclass(frozen=True)
class ColumnCover:
    """One source column; those of child tables as ``cp.CPMC``."""

    name: str
    use: str
    """used, key (read by the connector only), ignored (on purpose) or unknown (nobody looked at it)."""
    comment: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Cover:
    """Everything told of one lane; ``observed`` is null where no rows were looked at."""

    unit: str
    kind: str
    file: str
    fields: tuple[FieldCover, ...]
    columns: tuple[ColumnCover, ...]
    columns_known: bool
    """Whether the source's structure was observed; else only the columns the mapping names are listed."""
    problems: tuple[Problem, ...]
    observed: Observed | None = None
    origin: str | None = None

    @property
    def faults(self) -> int:
        """Count what needs somebody: fields with a problem, unknown columns."""
        return sum(one.problem is not None for one in self.fields) + sum(c.use == "unknown" for c in self.columns)


def cover(content: Content, unit: str, kind: str, *, day: date) -> Cover:
    """Give the coverage as the files say it, without rows; raises Unusable where the mapping is broken."""
    bench = open_bench(content, unit, kind)
    file = f"mappings/{unit}/{kind}.yaml"
    document, _ = read_yaml(file, (content.root / file).read_bytes())
    fields = []
    for line in field_lines(bench.lane.mapping):
        mark = document.marks.get(line.yaml) if document is not None else None
        fields.append(FieldCover(line, mark.key_line if mark else None, _problem(line, day)))
    columns, known = _columns(content, bench)
    return Cover(unit, kind, file, tuple(fields), columns, known, bench.problems)


def _with_observed(found: Cover, lane: LanePlan, observed: Observed, origin: str) -> Cover:
    """Add what was seen in rows; a column that only the rows show is one nobody looked at."""
    listed = {column.name for column in found.columns}
    fresh = [name for name in observed.columns if name not in listed]
    main = dict.fromkeys(name for name in fresh if "." not in name or name.partition(".")[0] not in lane.children())
    columns = (*found.columns, *_sorted(lane, main, "", _Desk({}, {}, ())))
    return replace(found, columns=columns, observed=observed, origin=origin)


def _problem(line: FieldLine, day: date) -> str | None:
    if line.overdue(day) and line.absent is not None:
        return f"declared absent until {line.absent.until}, which is past; {line.absent.owner} answers for it"
    return None


def sampled(gateway: Gateway, found: Cover, *, live: bool, rows: int) -> Cover:
    """Add what real rows hold: those of the newest stored extractions, or read from the source."""
    lane = open_bench(gateway.content, found.unit, found.kind).lane
    if live:
        observed = observe(lane.mapping, bench_rows.live_sample(gateway, lane, rows=rows))
        return _with_observed(found, lane, observed, f"{observed.rows} rows of {lane.table}, read now")
    chosen, cells = bench_rows.stored_sample(gateway, lane, rows=rows)
    observed = observe(lane.mapping, cells)
    first, last = chosen[-1].created_at[:10], chosen[0].created_at[:10]
    when = first if first == last else f"{first} to {last}"
    return _with_observed(found, lane, observed, f"{observed.rows} rows of {len(chosen)} stored extraction(s), {when}")


@dataclass(frozen=True)
class _Desk:
    """What is known of the columns of one table."""

    users: Mapping[str, tuple[str, ...]]
    comments: Mapping[str, str]
    primary: tuple[str, ...]

    @classmethod
    def of(cls, users: Mapping[str, tuple[str, ...]], table: SourceTable | None) -> _Desk:
        if table is None:
            return cls(users, {}, ())
        return cls(users, {column.name: column.comment for column in table.columns}, table.key)


def _columns(content: Content, bench: Bench) -> tuple[tuple[ColumnCover, ...], bool]:
    lane = bench.lane
    source = content.sources.get(lane.unit)
    columns, children = seen(lane.connector, source, lane.kind)
    table = source.table(lane.stream) if source is not None else None
    users = _users(lane)
    found = list(_sorted(lane, columns or lane.mapping.wanted, "", _Desk.of(users, table)))
    for name, child in lane.children().items():
        below = (children or {}).get(name)
        plan = next((one for one in lane.mapping.lists if one.origin == "child" and one.source == name), None)
        names = below if below is not None else (plan.wanted if plan is not None else {})
        desk = _Desk.of(users, source.tables.get(child.table) if source is not None else None)
        found += _sorted(lane, names, f"{name}.", desk)
    return tuple(found), columns is not None


def _users(lane: LanePlan) -> Mapping[str, tuple[str, ...]]:
    users: dict[str, list[str]] = {}
    for path, columns in lane.mapping.lineage().items():
        for column in columns:
            users.setdefault(column, []).append(path)
    return {column: tuple(paths) for column, paths in users.items()}


def _sorted(lane: LanePlan, names: Mapping[str, object], prefix: str, desk: _Desk) -> Iterator[ColumnCover]:
    keys = _keys(lane) | {prefix + name for name in desk.primary}
    for name in names:
        if name.startswith("__"):
            continue
        full = prefix + name
        if full in lane.mapping.used_columns:
            use = "used"
        elif full in keys:
            use = "key"
        else:
            use = "ignored" if full in lane.mapping.mapping.ignore else "unknown"
        yield ColumnCover(full, use, desk.comments.get(name, ""), desk.users.get(full, ()))


def _keys(lane: LanePlan) -> frozenset[str]:
    names = [*lane.stream.key]
    names += [lane.stream.changed_at] if lane.stream.changed_at else []
    for name, child in lane.stream.children.items():
        names += child.key
        theirs = [*child.parent_key, *child.order_by, *([child.changed_at] if child.changed_at else [])]
        names += [f"{name}.{column}" for column in theirs]
    return frozenset(names)
