"""`ecqs drift`: how a source differs from its description now, and what the next run would be held for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecqs_gateway.content.models import SqlStream
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.extract.source import Source
from ecqs_gateway.flows.drift.judge import Judge, Judged
from ecqs_gateway.flows.drift.watch import headers_of, volume_band
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.ledger import drifts
from ecqs_gateway.ledger.drifts import Hold
from ecqs_gateway.mapping.drift_seen import SeenRows
from ecqs_gateway.mapping.drift_volume import Band
from ecqs_gateway.model.watermark import Watermark

__all__ = ["Look", "look"]


@dataclass(frozen=True)
class Look:
    """One lane: what differs, over how many waiting rows it was judged, and what holds it in the ledger."""

    unit: str
    kind: str
    found: tuple[Judged, ...]
    rows: int
    complete: bool
    """Whether these are all rows that wait."""
    described: bool
    """Whether the lane's table is in schemas/sources."""
    counted: bool
    """Whether that says how columns are filled."""
    band: Band | None
    hold: Hold | None
    waiting: SeenRows
    """What stands in the rows that wait."""

    @property
    def holds(self) -> bool:
        """Say whether the next run would be held."""
        return any(one.consequence == "hold" for one in self.found)


def look(gateway: Gateway, unit: str, kind: str, *, rows: int) -> Look:
    """Open the source and judge its structure and the rows the next run would take, about ``rows`` of them at most.

    Stores nothing and moves nothing. Raises what opening the source raises, and Misconfigured where the content of the
    unit is broken.
    """
    lane = gateway.lane(unit, kind)
    number, watermark = gateway.peek(unit, kind)
    former = drifts.former_counts(gateway.database, number)
    judge = Judge(gateway.content, lane, drifts.allowed(gateway.database, number), lenient=not any(former))
    band = volume_band(gateway, lane, former)
    after = Watermark.from_json(watermark) if watermark else None
    found: dict[str, Judged] = {}
    count, complete, waiting = 0, True, SeenRows()
    with gateway.source(lane) as source:
        for one in _structure(judge, lane, source):
            found[one.drift.identity] = one
        for chunk in source.chunks(after) if not _unreadable(found) else ():
            for one in _rows(judge, lane, chunk):
                found.setdefault(one.drift.identity, one)
            waiting.add(lane.mapping, chunk)
            count += chunk.frame.height + chunk.unreadable.height
            if count >= rows:
                complete = False
                break
    for one in (*judge.volume(count, band, ended=complete), *(judge.silence() if not count else ())):
        found[one.drift.identity] = one
    seen = judge.tables[""][1]
    hold = next(iter(drifts.standing(gateway.database, unit, kind)), None)
    counted = seen is not None and bool(seen.rows)
    return Look(unit, kind, tuple(found.values()), count, complete, seen is not None, counted, band, hold, waiting)


def _structure(judge: Judge, lane: LanePlan, source: Source) -> list[Judged]:
    if not isinstance(lane.stream, SqlStream):
        return []
    judge.dialect = source.dialect
    return judge.structure(source.describe())


def _rows(judge: Judge, lane: LanePlan, chunk: Chunk) -> Iterator[Judged]:
    if not isinstance(lane.stream, SqlStream):
        yield from judge.structure(headers_of(lane, chunk))
    yield from judge.decide(judge.rows.judge(chunk))


def _unreadable(found: dict[str, Judged]) -> bool:
    """Say whether a run would be held before it reads: then rows are not read here either."""
    return any(one.consequence == "hold" for one in found.values())
