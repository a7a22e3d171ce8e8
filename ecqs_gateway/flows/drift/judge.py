"""Decides what each difference does: held, told or ignored, with the lines that use the column and the next step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ecqs_gateway.content.load import Content
from ecqs_gateway.content.models import HttpStream
from ecqs_gateway.content.models_sources import SourceFile, SourceTable
from ecqs_gateway.errors import Terminal
from ecqs_gateway.extract.describe import TableDescription
from ecqs_gateway.flows.drift.uses import Use, connector_columns, uses_of
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.mapping.drift import Drift, compare_columns
from ecqs_gateway.mapping.drift_rows import RowsJudge
from ecqs_gateway.mapping.drift_volume import Band

__all__ = ["Judge", "Judged", "held"]


_OF_ROWS = frozenset({"empty_column", "recoded_column", "new_codes", "volume"})


@dataclass(frozen=True)
class Judged:
    """One difference with its consequence."""

    drift: Drift
    consequence: Literal["hold", "warn", "let through"]
    use: Use | None = None

    def words(self) -> str:
        """Say what differs, and what uses the column at which line."""
        return self.drift.message + (f", {self.use.words()}" if self.use is not None else "")

    def plain(self) -> dict[str, Any]:
        """Give it for JSON and the ledger; without codes, which are values of rows."""
        return {
            "identity": self.drift.identity,
            "what": self.drift.what,
            "column": self.drift.column,
            "table": self.drift.table,
            "message": self.drift.message,
            "consequence": self.consequence,
            "fields": list(self.use.fields) if self.use is not None else [],
            "place": self.use.place if self.use is not None else None,
        }


@dataclass
class Judge:
    """Judges one lane; ``allowed`` names the differences somebody let through once."""

    content: Content
    lane: LanePlan
    allowed: Collection[str] = ()
    dialect: str | None = None
    """The database that is read; taken for the one described where it is not known."""
    lenient: bool = False
    """Whether old rows are read, such as in a first load: then contents are told and hold nothing."""
    rows: RowsJudge = field(init=False)

    def __post_init__(self) -> None:
        """Find what was seen of the lane's tables."""
        self.rows = RowsJudge(self.lane.mapping, self.tables)

    @property
    def described(self) -> SourceFile | None:
        """Give the description of the unit's source, where there is one."""
        return self.content.sources.get(self.lane.unit)

    @cached_property
    def tables(self) -> Mapping[str, tuple[str, SourceTable | None]]:
        """Give the lane's tables by prefix (empty, or the child's name), with what was seen of each."""
        seen = self.described.tables if self.described is not None else {}
        names = {"": self.lane.table, **{name: child.table for name, child in self.lane.children().items()}}
        return {prefix: (table, seen.get(table)) for prefix, table in names.items()}

    @cached_property
    def uses(self) -> Mapping[str, Use]:
        """Give what uses each column; looked up only where something differs."""
        return uses_of(self.content, self.lane)

    @cached_property
    def _used(self) -> frozenset[str]:
        return self.lane.mapping.used_columns | frozenset(connector_columns(self.lane))

    def structure(self, found: Mapping[str, TableDescription]) -> list[Judged]:
        """Judge tables and columns as a database's catalogue, or the header of a file, gives them."""
        dialect = self.described.dialect if self.described is not None else ""
        judged: list[Drift] = []
        for prefix, (table, seen) in self.tables.items():
            if table not in found:
                continue
            now = {column["name"]: column["type"] for column in found[table]["columns"]}
            dotted = f"{prefix}." if prefix else ""
            mine = [name.removeprefix(dotted) for name in sorted(self._used) if self._of(name) == prefix]
            used = [name for name in mine if not name.startswith("__")]  # those are made by reading
            pair = (dialect, self.dialect or dialect)
            judged += compare_columns(seen, now, table=table, prefix=dotted, used=used, dialects=pair)
        if isinstance(self.lane.stream, HttpStream):
            # A field no row of a run has is not there in JSON: that is no news, unless the mapping needs it.
            judged = [one for one in judged if one.what != "missing_column" or one.grade == "full"]
        return self.decide(judged)

    def _of(self, column: str) -> str:
        name = column.partition(".")[0]
        return name if "." in column and name in self.lane.children() else ""

    def volume(self, rows: int, band: Band | None, *, ended: bool) -> list[Judged]:
        """Judge how many rows the run has brought so far, and with ``ended`` whether they are enough."""
        if band is None:
            return []
        message = ""
        if band.most is not None and rows > band.most:
            message = f"the run brings more than {band.most} rows of {self.lane.table}; {band.words()}"
        elif ended and 0 < rows < band.least:
            message = f"the run brings {rows} rows of {self.lane.table}, fewer than {band.least}; {band.words()}"
        return self.decide([Drift("volume", "", self.lane.table, message)] if message else [])

    def silence(self) -> list[Judged]:
        """Judge a run without any row: normal, unless the unit declares otherwise."""
        if self.lane.connector.drift.quiet_runs:
            return []
        message = f"the run brings no row of {self.lane.table}; the connector says that there are always some"
        return self.decide([Drift("volume", "", self.lane.table, message)])

    def decide(self, found: Iterable[Drift]) -> list[Judged]:
        """Give each difference its consequence by the connector's settings; what is ignored is left out."""
        judged: list[Judged] = []
        for drift in found:
            reaction = getattr(self.lane.connector.drift, drift.what)
            if reaction == "ignore":
                continue
            use = self.uses.get(drift.column) if drift.column else None
            old = self.lenient and drift.what in _OF_ROWS
            if reaction == "warn" or drift.grade == "told" or old:
                judged.append(Judged(drift, "warn", use))
            else:
                judged.append(Judged(drift, "let through" if drift.identity in self.allowed else "hold", use))
        return judged


def held(lane: LanePlan, found: Iterable[Judged]) -> Terminal:
    """Make the error of a lane that is held: what differs, the first line that is concerned, the way on."""
    holding = [one for one in found if one.consequence == "hold"]
    unit, kind = lane.unit, lane.kind
    place = next((one.use.place for one in holding if one.use is not None and one.use.place), None)
    gone = any(one.drift.what == "missing_column" for one in holding)
    mend = "ask the unit, or mend the mapping at that line; then" if gone else "ask the unit; if it is right so,"
    accept = f"`ecqs drift {unit} --kind {kind} --accept --by NAME --reason TEXT`"
    once = "" if gone else f"; `ecqs release {unit} {kind} --reason TEXT` lets it through once"
    return Terminal(
        "ECQS-1450",
        f"the source has drifted, so nothing of {kind} is taken: {'; '.join(one.words() for one in holding)}",
        where=place or f"schemas/sources/{unit}.json",
        hint=f"{mend} {accept} takes the source as it is now{once}. Nothing is lost: the rows are read again",
    )
