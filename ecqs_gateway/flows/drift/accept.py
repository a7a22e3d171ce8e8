"""Taking a source as it is now: its description is written anew, shown as a diff, and kept as somebody's decision."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecqs_gateway.content.models_sources import SourceFile, SourceTable, observed_text
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal
from ecqs_gateway.extract.describe import TableDescription
from ecqs_gateway.extract.source import open_source
from ecqs_gateway.flows import bench_rows
from ecqs_gateway.flows.drift.look import Look, look
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.ledger import drifts, lanes
from ecqs_gateway.mapping.drift_seen import SeenRows, look_at
from ecqs_gateway.mapping.drift_seen import merged as merged_codes
from ecqs_gateway.mapping.preview import Cells

__all__ = ["Acceptance", "accept", "plan", "with_seen"]

_SAMPLE = 50_000


@dataclass(frozen=True)
class Acceptance:
    """The description of a unit's source as it would be written; ``diff`` is empty where it is as it was."""

    unit: str
    kinds: tuple[str, ...]
    file: Path
    text: str
    diff: str
    remarks: tuple[str, ...] = ()


def plan(gateway: Gateway, unit: str, kinds: Sequence[str]) -> Acceptance:
    """Describe the source as it is now: structure of its tables, and what stands in newest and waiting rows.

    Raises Misconfigured ECQS-1452 where the mapping still uses a column that is gone, and what reading raises. Where
    a mapping is being mended and cannot be used, only the structure is described.
    """
    file = gateway.content.root / "schemas" / "sources" / f"{unit}.json"
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    draft = _Draft(gateway, unit, gateway.content.sources.get(unit))
    for kind in kinds:
        draft.take(kind)
    text = observed_text(draft.description())
    name = f"schemas/sources/{unit}.json"
    lines = difflib.unified_diff(old.splitlines(), text.splitlines(), f"{name} as it is", f"{name} as accepted", "", "")
    return Acceptance(unit, tuple(kinds), file, text, "\n".join(lines), tuple(draft.remarks))


def accept(gateway: Gateway, found: Acceptance, *, by: str, reason: str) -> list[str]:
    """Write the description and keep the decision for each record kind; gives the kinds that were held.

    Raises Terminal ECQS-1451 without a reason or a name, Transient ECQS-3004 while a run works on one of the lanes;
    then nothing was written.
    """
    by, reason = by.strip(), reason.strip()
    if not by or not reason:
        raise Terminal("ECQS-1451", "an acceptance needs a reason and a name", hint="give --reason TEXT and --by NAME")
    with ExitStack() as stack:
        leases = [_lease(gateway, found.unit, kind, stack) for kind in found.kinds]
        data = found.text.encode()
        write_atomic(found.file, data)
        return [
            lease.kind
            for lease in leases
            if drifts.accept(gateway.database, lease, by=by, reason=reason, file=data, clock=gateway.clock)
        ]


def _lease(gateway: Gateway, unit: str, kind: str, stack: ExitStack) -> lanes.Lease:
    lease = lanes.acquire(gateway.database, unit, kind, clock=gateway.clock)
    stack.callback(lanes.release, gateway.database, lease)
    return lease


@dataclass
class _Draft:
    """A description in the making: what was described before, with one record kind after the other taken anew."""

    gateway: Gateway
    unit: str
    old: SourceFile | None
    remarks: list[str] = field(default_factory=list)
    dialect: str = "files"
    streams: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.old is not None:
            self.dialect = self.old.dialect
            self.streams = {kind: list(names) for kind, names in self.old.streams.items()}
            self.tables = {name: _as_written(table) for name, table in self.old.tables.items()}

    def take(self, kind: str) -> None:
        connector = self.gateway.connector(self.unit)
        with open_source(connector, kind, self.gateway.resolve(connector.source.connection)) as source:
            found, self.dialect = source.describe(), source.dialect
        self.streams[kind] = list(found)
        for name, table in found.items():
            self.tables[name] = with_seen(table, self._before(name))
        try:
            lane = self.gateway.lane(self.unit, kind)
        except Misconfigured as error:
            self.remarks.append(f"{kind}: only the structure is described, for its content is broken: {error}")
            return
        self._count(lane, look(self.gateway, self.unit, kind, rows=_SAMPLE))

    def _before(self, name: str) -> SourceTable | None:
        return self.old.tables.get(name) if self.old is not None else None

    def _count(self, lane: LanePlan, now: Look) -> None:
        _require_present(lane, now)
        emptied = {one.drift.column for one in now.found if one.drift.what == "empty_column"}
        seen = look_at(lane.mapping, _sample(self.gateway, lane))
        codes = merged_codes(seen.codes, now.waiting.codes)
        names = {"": lane.table, **{name: child.table for name, child in lane.children().items()}}
        for prefix, name in names.items():
            # What came empty is described by the rows that are to be accepted, not by those before.
            mine = now.waiting if prefix in emptied or _of(prefix, emptied) else seen
            if mine.rows[prefix] or prefix in emptied:
                _write(self.tables[name], prefix, mine, codes, self._before(name))

    def description(self) -> dict[str, Any]:
        """Give the whole file."""
        connector = self.gateway.connector(self.unit)
        head = {"unit": self.unit, "type": connector.source.type, "dialect": self.dialect}
        streams = {kind: self.streams[kind] for kind in sorted(self.streams)}
        return {**head, "streams": streams, "tables": {name: self.tables[name] for name in sorted(self.tables)}}


def _of(prefix: str, emptied: set[str]) -> bool:
    dotted = f"{prefix}." if prefix else ""
    return any(column.startswith(dotted) and ("." in column) == bool(prefix) for column in emptied)


def _require_present(lane: LanePlan, now: Look) -> None:
    """A description without a column the mapping uses would stop every record kind of the unit."""
    gone = next((one for one in now.found if one.drift.what == "missing_column" and one.drift.grade == "full"), None)
    if gone is not None:
        raise Misconfigured(
            "ECQS-1452",
            f"{gone.words()}: it cannot be accepted while it is used",
            where=gone.use.place if gone.use is not None else f"mappings/{lane.unit}/{lane.kind}.yaml",
            hint="mend the line first (another column, or absent with reason and owner), then accept",
        )


def _sample(gateway: Gateway, lane: LanePlan) -> Iterator[Cells]:
    """Give the newest stored rows; rows of the source where none are stored."""
    try:
        _, cells = bench_rows.stored_sample(gateway, lane, rows=_SAMPLE)
        yield from cells
    except GatewayError:
        yield from bench_rows.live_sample(gateway, lane, rows=_SAMPLE)


def _write(
    table: dict[str, Any], prefix: str, seen: SeenRows, codes: Mapping[str, Sequence[str]], before: SourceTable | None
) -> None:
    """Add counts and codes to a table as described."""
    known = {column.name: column.codes for column in before.columns} if before is not None else {}
    counts: dict[str, Any] = {"rows": seen.rows[prefix]}
    counts |= {"parents": seen.rows[""]} if prefix else {}
    columns = table.pop("columns")
    table.update(counts)
    table["columns"] = columns
    for column in columns:
        full = f"{prefix}.{column['name']}" if prefix else column["name"]
        column["filled"] = seen.filled[full]
        if listed := sorted({*known.get(column["name"], ()), *codes.get(full, ())}):
            column["codes"] = listed


def with_seen(table: TableDescription, before: SourceTable | None) -> dict[str, Any]:
    """Give a table as described now, with what was counted in its columns before."""
    old = {column.name: column for column in before.columns} if before is not None else {}
    columns = []
    for column in table["columns"]:
        known = old.get(column["name"])
        counted = {"filled": known.filled} if known is not None and known.filled is not None else {}
        codes = {"codes": list(known.codes)} if known is not None and known.codes else {}
        columns.append({**column, **counted, **codes})
    counts = {} if before is None else {k: v for k in ("rows", "parents") if (v := getattr(before, k)) is not None}
    return {"comment": table["comment"], "key": table["key"], **counts, "columns": columns}


def _as_written(table: SourceTable) -> dict[str, Any]:
    plain: TableDescription = {
        "comment": table.comment,
        "key": list(table.key),
        "columns": [
            {"name": c.name, "type": c.type, "nullable": c.nullable, "comment": c.comment} for c in table.columns
        ],
    }
    return with_seen(plain, table)
