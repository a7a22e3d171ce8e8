"""A list of an HTTP API as a source: pages of JSON, what changed since the watermark, lists inside rows as child rows.

The last chunk moves the watermark, and only where the list stood still: see ``http_mark``.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.content.models import HttpSource as HttpSettings
from ecqs_gateway.content.models import HttpStream
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.connections import Connection
from ecqs_gateway.doors.web import Door, WebClient, base_url
from ecqs_gateway.extract.chunk import ChildFrame, Chunk
from ecqs_gateway.extract.describe import TableDescription, text_description
from ecqs_gateway.extract.http_mark import Reading, asked_from, recognised
from ecqs_gateway.extract.http_pages import PageReader
from ecqs_gateway.extract.json_rows import Json, JsonRows, JsonTable
from ecqs_gateway.extract.notes import Notes, Tally
from ecqs_gateway.extract.stamps import Stamp
from ecqs_gateway.model.watermark import Watermark

__all__ = ["HttpListSource", "Site"]

_MOST_BYTES = 64_000_000
_DESCRIBED = 500


@dataclass(frozen=True)
class Site:
    """Where a list is asked for, and for whom; clock and sleep are replaced in tests."""

    unit: str
    kind: str
    connection: Connection
    clock: Clock = now
    sleep: Callable[[float], object] = time.sleep


class HttpListSource:
    """Reads one stream of an API; a context manager like the other sources."""

    def __init__(self, site: Site, settings: HttpSettings, stream: HttpStream) -> None:
        """Keep what is to be read; nothing is asked yet. Raises Misconfigured ECQS-1087 for no HTTP address."""
        self.unit, self.kind = site.unit, site.kind
        self.notes, self.tally = Notes(), Tally()
        self.arrived: Callable[[], None] = lambda: None
        self._stream, self._clock = stream, site.clock
        self._zone = ZoneInfo(settings.time_zone)
        self._place = f"connectors/provinces/{site.unit}.yaml: streams.{site.kind}"
        self._plain = base_url(site.connection).startswith("http://")
        self._client = WebClient(site.connection, Door(settings.timeout, _MOST_BYTES, site.sleep), self._place)
        self._pages = PageReader(self._client, stream, self._place)

    @property
    def dialect(self) -> str:
        """Say that there is no database behind it that we know of."""
        return "http"

    def __enter__(self) -> Self:
        """Make ready; raises Misconfigured ECQS-1087 for a connection that is no HTTP address."""
        self._client.__enter__()
        if self._plain:
            self.notes.add("ECQS-2058", self._place, "rows and credentials come unencrypted: the connection says http")
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._client.__exit__(None, None, None)

    def describe(self) -> dict[str, TableDescription]:
        """Describe the fields of the first rows, all of text; lists inside a row as tables of their own."""
        rows: list[Json] = []
        for page in self._pages.read(None):
            rows += page.rows
            if len(rows) >= _DESCRIBED:
                break
        frames = self._rows().frames(rows[:_DESCRIBED])
        found: dict[str, TableDescription] = {
            self._stream.origin: text_description(frames.frame.columns, self._stream.key)
        }
        for name, child in self._stream.children.items():
            found[child.table] = text_description(frames.children[name].columns)
        return found

    def chunks(self, after: Watermark | None = None, since: date | None = None) -> Iterator[Chunk]:
        """Give what the API says has changed, in chunks of ``batch_rows``; the last one moves the watermark.

        Raises what ``WebClient.get`` raises, ECQS-2066 to 2069 for answers the connector does not fit, Terminal
        ECQS-2015 for a watermark that means no time.
        """
        reading = Reading(self._stream, self._zone, self._place, after, self._clock())
        held: Chunk | None = None
        for chunk in self._cut(self._lowest(reading, since), reading):
            if held is not None:
                yield held
            held = chunk
        if held is not None:
            yield self._last(held, reading, moving=since is None or after is not None)

    def pick(self, limit: int, where: Mapping[str, str] | None = None) -> Chunk:
        """Give the first rows, or those whose fields have these texts; moves no watermark."""
        found: list[Json] = []
        for page in self._pages.read(None):
            found += [row for row in page.rows if _has(row, where or {})]
            if len(found) >= limit:
                break
        return self._chunk(1, self._rows(), found[:limit])

    def _rows(self) -> JsonRows:
        stream = self._stream
        always = (*stream.columns, *((stream.changed_at,) if stream.changed_at else ()))
        return JsonRows(JsonTable(stream.key, stream.items, always), stream.origin, self._place)

    def _cut(self, lowest: str | None, reading: Reading) -> Iterator[Chunk]:
        """Give the rows of all pages, ``batch_rows`` at a time."""
        rows, size, numbers = self._rows(), self._stream.batch_rows, itertools.count(1)
        held: list[Json] = []
        for page in self._pages.read(lowest):
            self.arrived()
            reading.note(page)
            held += page.rows
            while len(held) >= size:
                yield self._followed(self._chunk(next(numbers), rows, held[:size]), reading)
                held = held[size:]
        if held:
            yield self._followed(self._chunk(next(numbers), rows, held), reading)

    def _followed(self, chunk: Chunk, reading: Reading) -> Chunk:
        self.tally.unstamped += reading.follow(chunk.frame, self._clock())
        self.tally.ahead += reading.ahead(chunk.frame)
        return chunk

    def _chunk(self, number: int, cut: JsonRows, rows: Sequence[Json]) -> Chunk:
        frames, stream = cut.frames(rows), self._stream
        children = {
            name: ChildFrame(frames.children[name], child.parent_key, child.key)
            for name, child in stream.children.items()
        }
        self._count(frames.frame, sum(frame.height for frame in frames.children.values()))
        self.tally.unreadable += frames.unreadable.height
        self.tally.bad_cells += frames.bad_cells.height
        return Chunk(
            self.unit, self.kind, number, frames.frame, children, None, stream.origin,
            unreadable=frames.unreadable, bad_cells=frames.bad_cells, key=stream.key,
        )  # fmt: skip

    def _count(self, frame: pl.DataFrame, child_rows: int) -> None:
        self.tally.rows += frame.height
        self.tally.child_rows += child_rows
        if frame.height:
            self.tally.keyless += int(frame.select(pl.any_horizontal(pl.col(self._stream.key).is_null()).sum()).item())

    def _lowest(self, reading: Reading, since: date | None) -> str | None:
        """Give from when on to ask, and remember how this list writes its times."""
        name, after = self._stream.changed_at, reading.after
        known = after is not None and after.changed_at is not None
        if name is None or not (known or since is not None):
            return None
        stamp = recognised([after.changed_at], self._zone) if after is not None and known else self._look(name)
        if stamp is None:
            return None
        return asked_from(self._stream, stamp, after, since, self._place)

    def _look(self, name: str) -> Stamp | None:
        """Find out from a first page how the rows write their time of change."""
        page = next(self._pages.read(None), None)
        rows = page.rows if page is not None else []
        return recognised([row.get(name) for row in rows if isinstance(row, dict)], self._zone)

    def _last(self, chunk: Chunk, reading: Reading, *, moving: bool) -> Chunk:
        for code, count, message in (
            ("ECQS-2051", self.tally.unstamped, f"rows without a readable {self._stream.changed_at}"),
            ("ECQS-2056", self.tally.keyless, "rows with a null in their key"),
            ("ECQS-2057", self.tally.ahead, "rows stamped later than the server's clock: they move no watermark"),
        ):
            if count:
                self.notes.add(code, self._place, f"{count} {message}")
        if reading.settled:
            return replace(chunk, watermark=reading.watermark if moving else None)
        stays = "; the watermark stays, and the next run reads the same again" if self._stream.changed_at else ""
        self.notes.add("ECQS-2059", self._place, f"the list changed while its pages were read{stays}")
        return chunk


def _has(row: Json, where: Mapping[str, str]) -> bool:
    return isinstance(row, dict) and all(str(row.get(name)) == text for name, text in where.items())
