"""A database as a source: one snapshot, a window above the watermark, parents with their child rows.

Which rows are read is decided by ``changed_at`` alone: everything at or above the watermark less the overlap. The
key orders rows with equal ``changed_at``, so that each chunk ends at one place, and nothing is skipped by it: a row
committed late with an equal or earlier time is read as long as it lies inside the overlap. The watermark never
passes the database's own clock, so that one row stamped in the year 2099 does not end all reading.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.content.models import SqlSource as SqlSettings
from ecqs_gateway.content.models import SqlStream
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.extract.arrow import DIALECT, ArrowReader, Snapshot
from ecqs_gateway.extract.catalogue import MYSQL, Table, read_table
from ecqs_gateway.extract.children import Family, open_family
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.extract.decode import Batch, Decoder
from ecqs_gateway.extract.describe import TableDescription, table_description
from ecqs_gateway.extract.notes import Notes, Tally
from ecqs_gateway.extract.problems import source_errors
from ecqs_gateway.extract.readers import Reader
from ecqs_gateway.extract.rows import rebatch
from ecqs_gateway.extract.sessions import Session, open_session, postgres_settings
from ecqs_gateway.extract.stamps import Native, Stamp
from ecqs_gateway.extract.statements import ChildQuery, Query, StreamQueries
from ecqs_gateway.extract.window import Mark, find_stamp, lowest_of, restated
from ecqs_gateway.extract.zones import in_shanghai
from ecqs_gateway.model.watermark import Watermark

__all__ = ["DatabaseSource", "Target"]

_ROWS_FOR_ARROW = 20_000
"""Below this many rows the row reader is done before Arrow's libraries are imported and connected.

Measured: 1,000 rows of 28 columns take 0.06 s less that way, 20,000 about the same. The planner's guess for a night's
changes at the end of a large table is too high by several times, hence no lower figure.
"""

Series = Literal["keyless", "unstamped", "by_child", "window"]


@dataclass(frozen=True, repr=False)
class Target:
    """What is read, and from where: the addresses hold a password and are not shown."""

    unit: str
    kind: str
    url: sa.URL
    arrow_uri: str | None = None
    """Address for ADBC, where the database is PostgreSQL."""
    clock: Clock | None = None
    """Stands in for the database's own clock, for tests."""


@dataclass(frozen=True)
class _Plan:
    """What one run reads: the series in order, the watermark to move, and what the last chunk adds to it."""

    series: tuple[tuple[Series, Query], ...]
    mark: Mark | None
    child_marks: Mapping[str, str]


class DatabaseSource:
    """Reads one stream of a database; a context manager that holds one snapshot from entry to exit."""

    def __init__(self, target: Target, settings: SqlSettings, stream: SqlStream) -> None:
        """Keep what is to be read; nothing is connected yet."""
        self.unit, self.kind = target.unit, target.kind
        self.notes, self.tally = Notes(), Tally()
        self._target, self._settings, self._stream = target, settings, stream
        self._zone = ZoneInfo(settings.time_zone)
        self._place = f"connectors/provinces/{target.unit}.yaml: streams.{target.kind}"
        self.arrived: Callable[[], None] = lambda: None
        self._stack = ExitStack()
        self._arrow: ArrowReader | None = None

    @property
    def dialect(self) -> str:
        """Name the database's dialect."""
        return self._target.url.get_backend_name()

    def __enter__(self) -> Self:
        """Connect, begin the snapshot, and check every table and column the connector names."""
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the snapshot and close all connections."""
        with source_errors(self._place, reading=True):
            self._stack.close()

    def _open(self) -> None:
        stream, place, timeout = self._stream, self._place, self._settings.statement_timeout
        self._session: Session = open_session(self._target.url, self._zone, timeout, place, self._stack)
        with source_errors(place, reading=True):
            table = read_table(self._session.connection, stream.table, place)
            table.require_key(stream.key, place)
            stamp = self._find_stamp(table)
            self._family: Family = open_family(self._session, table, stream.children, place=place, notes=self.notes)
            self._session.catalogue_done()
        dialect = self._session.connection.dialect.name
        self._queries = StreamQueries(table, stream.key, stream.changed_at, stamp, dialect)
        self._remark_on(table)

    def _find_stamp(self, table: Table) -> Stamp | None:
        name = self._stream.changed_at
        if name is None:
            return None
        table.require([name], self._place)
        return find_stamp(self._session.reader, table, name, self._zone, place=self._place)

    def _remark_on(self, table: Table) -> None:
        changed_at = self._stream.changed_at
        if changed_at is not None and not table.has_index([changed_at]):
            message = (
                f"table {table.full_name} has no index on {changed_at}: every run reads the whole table to find changes"
            )
            self.notes.add("ECQS-2052", self._place, message)
        for each in (table, *(child.table for child in self._family.children.values())):
            if self._queries.dialect in MYSQL and each.engine and each.engine.lower() != "innodb":
                message = (
                    f"{each.full_name} is stored by {each.engine}, which knows no snapshots: rows may change meanwhile"
                )
                self.notes.add("ECQS-2053", self._place, message)

    def describe(self) -> dict[str, TableDescription]:
        """Describe the table and its child tables, by their names in the connector."""
        tables = [self._queries.table, *(child.table for child in self._family.children.values())]
        return {table.full_name: table_description(table) for table in tables}

    def chunks(self, after: Watermark | None = None, since: date | None = None) -> Iterator[Chunk]:
        """Give the rows changed since the watermark (None: all), in chunks of ``batch_rows`` with their child rows.

        ``since`` reads again from that day; it never skips a row the watermark would have brought, and without a
        watermark it sets none, so that a later run still reads what lies before. Raises ECQS-2003 when the connection
        is lost, 2004 when a statement takes too long.
        """
        with source_errors(self._place, reading=True):
            plan = self._plan(after, since)
        chunks = self._numbered(plan)
        yield from _completed(chunks, plan.child_marks) if plan.child_marks else chunks
        self._remark_at_end()

    def pick(self, limit: int, where: Mapping[str, str] | None = None) -> Chunk:
        """Give the first rows by key, or those whose columns have these texts, with their child rows.

        Asks the database for no more than ``limit`` rows, and moves no watermark.
        """
        with source_errors(self._place, reading=True):
            self._queries.table.require(where or (), self._place)
            batch = self._session.reader.few(self._queries.picked(where or {}), limit)
            return self._chunk(1, "window", self._session.reader, (batch.frame, batch.bad_cells), None)

    def _plan(self, after: Watermark | None, since: date | None) -> _Plan:
        queries, stamp = self._queries, self._queries.stamp
        first: list[tuple[Series, Query | None]] = [("keyless", queries.keyless()), ("unstamped", queries.unstamped())]
        if stamp is None or queries.changed_at is None:
            return _Plan(_present([*first, ("window", queries.window(None))]), None, {})
        after = restated(stamp, after, place=self._place)
        lowest = lowest_of(stamp, after, since, self._stream.overlap)
        ceiling = stamp.native(self._clock())
        moving = since is None or (after is not None and after.changed_at is not None)
        mark = Mark(stamp, queries.changed_at, self._stream.key, ceiling, after) if moving else None
        by_child = None if lowest is None else queries.by_child(lowest, self._changed_children(after, lowest))
        series = _present([*first, ("by_child", by_child), ("window", queries.window(lowest))])
        return _Plan(series, mark, self._child_marks() if moving else {})

    def _clock(self) -> Any:
        return self._target.clock() if self._target.clock else self._session.clock() or now()

    def _changed_children(self, after: Watermark | None, lowest: Native) -> dict[str, tuple[ChildQuery, Native]]:
        """Give each child table with a time of change, and from when on its rows count as changed."""
        since: dict[str, tuple[ChildQuery, Native]] = {}
        for name, child in self._family.children.items():
            if child.stamp is None:
                continue
            stamp, before = child.stamp[1], (after.children.get(name) if after else None)
            own = restated(stamp, Watermark(before), place=self._place) if before else None
            parent = self._queries.stamp
            if own is not None and own.changed_at is not None:
                since[name] = (child, stamp.lowest(own.changed_at, self._stream.overlap))
            elif parent is not None:
                since[name] = (child, stamp.native(parent.instant(parent.write(lowest))))
        return since

    def _child_marks(self) -> dict[str, str]:
        marks: dict[str, str] = {}
        for name, child in self._family.children.items():
            if child.stamp is None:
                continue
            newest = child.newest(child.stamp[1].native(self._clock()))
            batches = Decoder([child.table[child.stamp[0]]], self._zone)
            values = self._session.reader.values(newest) if newest is not None else []
            value = batches.batch([(value,) for value in values]).frame.item() if values else None
            if value is not None:
                marks[name] = child.stamp[1].write(value)
        return marks

    def _numbered(self, plan: _Plan) -> Iterator[Chunk]:
        numbers = itertools.count(1)
        mark = plan.mark
        for series, query in plan.series:
            with source_errors(self._place, reading=True):
                reader = self._reader_for(query)
            size, between = self._stream.batch_rows, bool(self._family.children)
            for batch in rebatch(self._announced(reader.read(query, size, between=between)), size):
                if series == "window" and mark is not None:
                    mark = mark.moved(batch.frame)
                    self.tally.ahead += mark.ahead(batch.frame)
                moved = mark.current if mark is not None and mark is not plan.mark else None
                chunk = self._chunk(next(numbers), series, reader, (batch.frame, batch.bad_cells), moved)
                del batch
                yield chunk
                del chunk  # else two would be in memory while the next one is read

    def _announced(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.arrived()
            yield batch
            del batch  # else it would be held while the next one is read

    def _chunk(
        self,
        number: int,
        series: Series,
        reader: Reader,
        batch: tuple[pl.DataFrame, pl.DataFrame],
        moved: Watermark | None,
    ) -> Chunk:
        frame, bad = batch
        children, bad_below = self._family.read(reader, frame)
        self._count(series, frame, sum(child.frame.height for child in children.values()))
        bad = pl.concat([bad, bad_below])
        self.tally.bad_cells += bad.height
        frame, children = in_shanghai(frame, children, self._zone)  # after the watermark was read from it
        return Chunk(
            self.unit,
            self.kind,
            number,
            frame,
            children,
            moved,
            self._stream.table,
            bad_cells=bad,
            key=self._stream.key,
        )

    def _count(self, series: Series, frame: pl.DataFrame, child_rows: int) -> None:
        self.tally.rows += frame.height
        self.tally.child_rows += child_rows
        self.tally.keyless += frame.height if series == "keyless" else 0
        self.tally.unstamped += frame.height if series == "unstamped" else 0

    def _remark_at_end(self) -> None:
        counts = (
            (
                "ECQS-2051",
                self.tally.unstamped,
                f"rows without a readable {self._stream.changed_at}: read in every run",
            ),
            ("ECQS-2056", self.tally.keyless, "rows with a null in their key: read in every run, without child rows"),
            ("ECQS-2057", self.tally.ahead, "rows stamped later than the source's clock: read again until that time"),
        )
        for code, count, message in counts:
            if count:
                self.notes.add(code, self._place, f"{count} {message}")

    def _reader_for(self, query: Query) -> Reader:
        """Choose Arrow for much, rows for little."""
        if (
            self._target.arrow_uri is None
            or self._queries.dialect != "postgresql"
            or self._estimate(query) < _ROWS_FOR_ARROW
        ):
            return self._session.reader
        if self._arrow is None:
            timeout = self._settings.statement_timeout
            # The stream's own limit is watched from outside: the server's would count our pauses.
            connection = self._session.connection
            settings = {**postgres_settings(connection, self._zone, timeout), "statement_timeout": "0"}
            snapshot = Snapshot(connection, settings, timeout.total_seconds())
            self._arrow = ArrowReader(self._target.arrow_uri, snapshot, self._zone, self._place)
            self._stack.callback(self._arrow.close)
        return self._arrow

    def _estimate(self, query: Query) -> int:
        """Ask the planner how many rows to expect; Arrow is not for servers that do not check their text."""
        driver: Any = self._session.connection.connection.driver_connection
        if driver.info.parameter_status("server_encoding") == "SQL_ASCII":
            return 0
        sql = query.statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})
        (plan,) = driver.execute(f"EXPLAIN (FORMAT JSON) {sql}").fetchone()
        return int(plan[0]["Plan"]["Plan Rows"])


def _present(series: list[tuple[Series, Query | None]]) -> tuple[tuple[Series, Query], ...]:
    return tuple((name, query) for name, query in series if query is not None)


def _completed(chunks: Iterator[Chunk], child_marks: Mapping[str, str]) -> Iterator[Chunk]:
    """Give the last chunk the newest times of change of the child tables, once all parents have been handed over."""
    held: Chunk | None = None
    for chunk in chunks:
        if held is not None:
            yield held
        held = chunk
    if held is not None:
        yield replace(held, watermark=replace(held.watermark or Watermark(), children=dict(child_marks)))
