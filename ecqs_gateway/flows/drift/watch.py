"""Stands between a source and the ledger: rows of a source that has drifted are not stored, and nothing is lost by it.

The catalogue of a database is judged before a row is read, the header of a file and the fields of an API's rows with
the first rows, and what stands in the columns chunk by chunk before a chunk is stored. A chunk that is held leaves the
watermark where it was, so the next run reads it again; chunks before it were sound and went their way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from ecqs_gateway.content.models import SqlStream
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.extract.describe import ColumnDescription, TableDescription
from ecqs_gateway.extract.source import Source
from ecqs_gateway.flows.drift.judge import Judge, Judged, held
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.ledger import drifts
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.mapping.drift_volume import Band, band
from ecqs_gateway.rules.calendar import WorkingCalendar

__all__ = ["Watch", "headers_of", "volume_band"]

_log = logging.getLogger(__name__)


@dataclass
class Watch:
    """Watches one lane for one run; without a lease it judges and writes nothing (``sync --dry-run``)."""

    gateway: Gateway
    lane: LanePlan
    lane_number: int
    run: Run | None = None
    lease: Lease | None = None
    whole: bool = True
    """Whether the run takes what is new and nothing else: only then its rows and their number say something."""
    judge: Judge = field(init=False)
    _headers: dict[str, TableDescription] | None = None
    _rows: int = 0
    _warned: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Look up what somebody let through, and how many rows former runs brought."""
        database = self.gateway.database
        former = drifts.former_counts(database, self.lane_number, but=self.run.id if self.run is not None else "")
        allowed = drifts.allowed(database, self.lane_number)
        # Columns that people filled later than others are empty in the old rows a first load begins with.
        self.judge = Judge(self.gateway.content, self.lane, allowed, lenient=not self.whole or not any(former))
        self._band = volume_band(self.gateway, self.lane, former) if self.whole else None

    def opened(self, source: Source) -> None:
        """Judge a database's catalogue; raises Terminal ECQS-1450. Others are judged as rows come."""
        if isinstance(self.lane.stream, SqlStream):
            self.judge.dialect = source.dialect
            self._act(self.judge.structure(source.describe()))

    def watched(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Give the chunks on, each after it was judged; raises Terminal ECQS-1450 in place of one that is held."""
        for chunk, last in self._with_last(chunks):
            self._header(chunk)
            self._act(self.judge.decide(self.judge.rows.judge(chunk)))
            rows = self._rows + chunk.frame.height + chunk.unreadable.height
            self._act(self.judge.volume(rows, self._band, ended=last))
            self._rows = rows
            yield chunk
            del chunk
        if self.whole and not self._rows:
            self._act(self.judge.silence())

    def _with_last(self, chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, bool]]:
        """Say of a chunk whether it is the last where that matters: while there are few rows and it is not full.

        Only then one more chunk is in memory for a moment; a source gives one that is not full at its end alone.
        """
        chunk = next(chunks, None)
        while chunk is not None:
            rows = self._rows + chunk.frame.height + chunk.unreadable.height
            few = self._band is not None and rows < self._band.least
            if few and chunk.frame.height < self.lane.stream.batch_rows:
                following = next(chunks, None)
                yield chunk, following is None
                chunk = following
            else:
                yield chunk, False
                del chunk  # else two would be in memory while the next one is read
                chunk = next(chunks, None)

    def _header(self, chunk: Chunk) -> None:
        if isinstance(self.lane.stream, SqlStream):
            return
        found = headers_of(self.lane, chunk)
        if found != self._headers:
            self._headers = found
            self._act(self.judge.structure(found))

    def ended(self) -> None:
        """Note that the run went through to its end: what was held is gone, what was let through has passed."""
        if self.lease is not None:
            drifts.end(self.gateway.database, self.lease, clock=self.gateway.clock)

    def _act(self, found: Sequence[Judged]) -> None:
        for one in found:
            if one.consequence != "hold" and one.drift.identity not in self._warned:
                self._warned.add(one.drift.identity)
                _log.warning("drift, %s: %s %s: %s", one.consequence, self.lane.unit, self.lane.kind, one.words())
        holding = [one for one in found if one.consequence == "hold"]
        if not holding:
            return
        if self.lease is not None and self.run is not None:
            plain = [one.plain() for one in holding]
            drifts.hold(self.gateway.database, self.lease, self.run, plain, rows=self._rows)
        raise held(self.lane, holding)


def headers_of(lane: LanePlan, chunk: Chunk) -> dict[str, TableDescription]:
    """Describe the columns of a file, or of an API's list, by the rows that came; child tables without rows not."""
    found = {lane.table: _header(chunk.frame.columns, chunk.key)}
    for name, child in lane.children().items():
        frame = chunk.children[name].frame if name in chunk.children else None
        if frame is not None and frame.height:
            found[child.table] = _header(frame.columns, ())
    return found


def _header(names: Sequence[str], key: Sequence[str]) -> TableDescription:
    columns: list[ColumnDescription] = [
        {"name": name, "type": "TEXT", "nullable": True, "comment": ""} for name in names if not name.startswith("__")
    ]
    return {"comment": "", "key": list(key), "columns": columns}


def volume_band(gateway: Gateway, lane: LanePlan, former: Sequence[int]) -> Band | None:
    """Give the band for the rows of a run by those of former runs; on days off and after, few rows are no news."""
    settings = lane.connector.drift
    found = band(former, needed=settings.runs, least=settings.least_rows, most=settings.most_rows)
    if found is None or settings.least_rows is not None:
        return found
    today = gateway.clock().date()
    if all(_works(gateway.content.calendar, day) for day in (today, today - timedelta(days=1))):
        return found
    return Band(0, found.most, found.runs, found.median)


def _works(calendar: WorkingCalendar, day: date) -> bool:
    return calendar.worked(day) if calendar.known(day) else day.weekday() < 5
