"""The one way to a unit's records: open a source, take its chunks, and see what was left aside.

with open_source(connector, "certificate", connection) as source:
    for chunk in source.chunks(after=watermark):
        ...
    source.tally, source.notes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import TracebackType
from typing import Protocol, Self

from ecqs_gateway.content.models import (
    ConnectorFile,
    FilesSource,
    FileStream,
    HttpSource,
    HttpStream,
    SqlSource,
    SqlStream,
)
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.connections import Connection, adbc_uri, folder, sqlalchemy_url
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.extract.describe import SourceDescription, TableDescription
from ecqs_gateway.extract.notes import Notes, Tally
from ecqs_gateway.extract.problems import meant
from ecqs_gateway.model.watermark import Watermark

__all__ = ["Source", "describe", "open_source"]


class Source(Protocol):
    """One stream of one unit, opened: everything it gives comes from one consistent state of the source."""

    unit: str
    kind: str
    notes: Notes
    """Remarks for people, complete once the chunks have been taken."""
    tally: Tally
    """Counts, complete once the chunks have been taken."""
    arrived: Callable[[], None]
    """Called whenever some rows of a chunk have come; may take its time, or raise to end the reading."""

    @property
    def dialect(self) -> str:
        """Name the database's dialect; ``files`` for a folder."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def chunks(self, after: Watermark | None = None, since: date | None = None) -> Iterator[Chunk]:
        """Give what is new behind the watermark; ``since`` reads again from that day and never less than without it."""
        ...

    def pick(self, limit: int, where: Mapping[str, str] | None = None) -> Chunk:
        """Give a few rows: the first ones, or those whose columns have these texts; moves no watermark."""
        ...

    def describe(self) -> Mapping[str, TableDescription]:
        """Describe the tables or files as they are now."""
        ...


def open_source(connector: ConnectorFile, kind: str, connection: Connection, *, clock: Clock | None = None) -> Source:
    """Give the source of one record kind, not yet connected: that happens on entering it.

    ``clock`` stands in for the database's own clock and for this machine's. Raises Misconfigured ECQS-2014 when the
    connector has no stream of that kind.
    """
    stream = connector.streams.get(kind)
    if stream is None:
        place = f"connectors/provinces/{connector.unit}.yaml"
        hint = meant(kind, connector.streams, "streams")
        raise Misconfigured("ECQS-2014", f"the connector has no stream {kind!r}", where=place, hint=hint)
    settings = connector.source
    # Imported here, so that a folder of files needs no database library and the other way round.
    if isinstance(settings, FilesSource) and isinstance(stream, FileStream):
        from ecqs_gateway.extract.files import FolderSource  # noqa: PLC0415

        return FolderSource(
            folder(connection), settings, stream, unit=connector.unit, kind=kind, clock=now if clock is None else clock
        )
    if isinstance(settings, SqlSource) and isinstance(stream, SqlStream):
        from ecqs_gateway.extract.sql import DatabaseSource, Target  # noqa: PLC0415

        url = sqlalchemy_url(connection)
        # ADBC takes libpq's addresses; a whole sqlalchemy_url in the extra may say something else.
        plain = connection.conn_type == "postgres" and url.get_driver_name() == "psycopg"
        arrow = adbc_uri(connection) if plain and not connection.option("sqlalchemy_url") else None
        return DatabaseSource(Target(connector.unit, kind, url, arrow, clock), settings, stream)
    if isinstance(settings, HttpSource) and isinstance(stream, HttpStream):
        from ecqs_gateway.extract.http import HttpListSource, Site  # noqa: PLC0415

        site = Site(connector.unit, kind, connection, now if clock is None else clock)
        return HttpListSource(site, settings, stream)
    raise Misconfigured(
        "ECQS-2014",
        f"the stream {kind!r} does not fit a source of type {settings.type}",
        where=f"connectors/provinces/{connector.unit}.yaml",
        hint="a stream of a database names table, one of a folder files, one of an API path",
    )


def describe(connector: ConnectorFile, connection: Connection) -> SourceDescription:
    """Describe everything a connector reads, in a form that stays the same until the source changes."""
    by_sql = isinstance(connector.source, SqlSource)
    dialect = sqlalchemy_url(connection).get_backend_name() if by_sql else connector.source.type
    tables: dict[str, TableDescription] = {}
    streams: dict[str, list[str]] = {}
    for kind in sorted(connector.streams):
        with open_source(connector, kind, connection) as source:
            found = source.describe()
        streams[kind] = list(found)
        tables |= found
    return {
        "unit": connector.unit,
        "type": connector.source.type,
        "dialect": dialect,
        "streams": streams,
        "tables": {name: tables[name] for name in sorted(tables)},
    }
