"""Reading statements over an ordinary database driver, in columns, with bounded memory.

Each driver has its own way not to hold all rows at once:

* psycopg reads over a server-side cursor, sqlite3 step by step; both can run other statements in between,
* PyMySQL reads one long result, or pages by key where child rows are read in between, because one connection cannot
  read two results at once and a slow reader would run into the server's limit,
* any other driver of SQLAlchemy is taken for one like PyMySQL.
"""

from __future__ import annotations

import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ecqs_gateway.errors import Terminal
from ecqs_gateway.extract.catalogue import Column
from ecqs_gateway.extract.decode import Batch, Decoder, codec_of
from ecqs_gateway.extract.problems import source_errors
from ecqs_gateway.extract.statements import ChildQuery, Query, bindable

__all__ = ["CoreReader", "MysqlReader", "PostgresReader", "Reader", "RowReader", "SqliteReader"]

_KEYS_AT_ONCE = 5_000
_ROWS_AT_ONCE = 5_000
"""Rows held as Python objects, and what a source that was waited for brings before anybody can say: not now."""


class Reader(Protocol):
    """Reads statements of one snapshot."""

    def read(self, query: Query, rows: int, *, between: bool) -> Iterator[Batch]:
        """Give the rows in the query's order, about ``rows`` at a time; ``between`` two of them others will be read."""

    def children(self, child: ChildQuery, keys: Sequence[tuple[object, ...]]) -> list[Batch]:
        """Give all child rows of these parents, in no order."""


class RowReader(ABC):
    """Reads rows of a driver; subclasses say how a statement is run."""

    several = False
    """Whether one connection can hold several open results."""

    def __init__(self, dialect: sa.Dialect, zone: ZoneInfo, place: str) -> None:
        """Keep what statements are compiled and shown with."""
        self._dialect, self._zone, self._place = dialect, zone, place

    @abstractmethod
    def _rows(self, statement: sa.Select[Any], size: int) -> Iterator[Sequence[Sequence[Any]]]:
        """Run a statement and give its rows, ``size`` at a time, without holding them all."""

    def _page(self, statement: sa.Select[Any], size: int) -> Sequence[Sequence[Any]]:
        """Run a statement that gives few rows, and be done with it."""
        return [row for piece in self._rows(statement, size) for row in piece]

    def read(self, query: Query, rows: int, *, between: bool) -> Iterator[Batch]:
        """Give the rows in the query's order, at most ``rows`` at once; ``between`` two others will be read."""
        decoder = Decoder(query.columns, self._zone)
        pieces = self._pieces(query, rows, between=between)
        while True:
            with source_errors(self._place, reading=True):
                piece = next(pieces, None)
            if piece is None:
                return
            yield decoder.batch(piece)

    def few(self, query: Query, limit: int) -> Batch:
        """Give the first rows of a query, and no more are asked of the database."""
        with source_errors(self._place, reading=True):
            return Decoder(query.columns, self._zone).batch(self._page(query.statement.limit(limit), limit))

    def _pieces(self, query: Query, size: int, *, between: bool) -> Iterator[Sequence[Sequence[Any]]]:
        if self.several or not (query.unique or between):
            return self._rows(query.statement, min(size, _ROWS_AT_ONCE))
        return self._paged(query, size) if query.unique else self._parted(query, size)

    def _parted(self, query: Query, size: int) -> Iterator[Sequence[Sequence[Any]]]:
        for skipped in itertools.count(0, size):
            page = self._page(query.part(skipped, size), size)
            if page:
                yield page
            if len(page) < size:
                return

    def _paged(self, query: Query, size: int) -> Iterator[Sequence[Sequence[Any]]]:
        names = [column.name for column in query.columns]
        places = [names.index(name) for name in query.order]
        order = [query.columns[place] for place in places]
        after: tuple[object, ...] | None = None
        while True:
            page = self._page(query.behind(after, size), size)
            if page:
                yield page
            if len(page) < size:
                return
            last = page[-1]
            after = tuple(self._bound(last[place], column) for place, column in zip(places, order, strict=True))

    def children(self, child: ChildQuery, keys: Sequence[tuple[object, ...]]) -> list[Batch]:
        """Give all child rows of these parents, in no order."""
        decoder = Decoder(child.columns, self._zone)
        batches: list[Batch] = []
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            statement = child.rows_of(keys[start : start + _KEYS_AT_ONCE])
            with source_errors(self._place, reading=True):
                batches += [decoder.batch(rows) for rows in self._rows(statement, 4 * _KEYS_AT_ONCE)]
        return batches

    def values(self, statement: sa.Select[Any]) -> list[Any]:
        """Give the first column of a small result."""
        with source_errors(self._place, reading=True):
            return [row[0] for rows in self._rows(statement, 1_000) for row in rows]

    def _bound(self, value: Any, column: Column) -> object:
        """Give a value of a row as it is bound again; raises Terminal ECQS-2083 for bytes that are no text."""
        if not isinstance(value, bytes) or column.kind == "bytes":
            return bindable(value, column)
        try:
            return bindable(value.decode(codec_of(column.charset)), column)
        except UnicodeDecodeError:
            raise Terminal(
                "ECQS-2083",
                f"a row's {column.name} holds bytes that are no text in {column.charset or 'utf-8'} (x'{value.hex()}'),"
                " so the rows behind it cannot be asked for",
                where=self._place,
                hint="correct this row at the source, or name another key in the connector",
            ) from None


class CoreReader(RowReader):
    """Reads over SQLAlchemy, for every dialect without a way of its own."""

    def __init__(self, connection: sa.Connection, zone: ZoneInfo, place: str) -> None:
        super().__init__(connection.dialect, zone, place)
        self._connection = connection

    def _rows(self, statement: sa.Select[Any], size: int) -> Iterator[Sequence[Sequence[Any]]]:
        options = {"stream_results": True, "yield_per": size}
        with self._connection.execute(statement, execution_options=options) as result:
            yield from result.partitions(size)


class PostgresReader(CoreReader):
    """Reads over psycopg's server-side cursor, which leaves the connection free for the child rows."""

    several = True


class SqliteReader(RowReader):
    """Reads over sqlite3, text as bytes; several results may be open at once."""

    several = True

    def __init__(self, connection: sa.Connection, zone: ZoneInfo, timeout: timedelta, place: str) -> None:
        super().__init__(connection.dialect, zone, place)
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        self._limit, self._begun = timeout.total_seconds(), 0.0
        # SQLite has no setting for the longest run time; it asks now and then whether to go on.
        driver.set_progress_handler(lambda: int(time.monotonic() - self._begun > self._limit), 100_000)

    def _rows(self, statement: sa.Select[Any], size: int) -> Iterator[Sequence[Sequence[Any]]]:
        sql, values = _compiled(statement, self._dialect)
        self._begun = time.monotonic()
        # sqlite3 knows no Decimal; SQLite makes numbers of texts that are compared with columns of numbers.
        cursor = self._driver.execute(sql, [str(value) if isinstance(value, Decimal) else value for value in values])
        try:
            while rows := self._fetched(cursor, size):
                yield rows
                self._begun = time.monotonic()
        finally:
            cursor.close()

    def _fetched(self, cursor: Any, size: int) -> Sequence[Sequence[Any]]:
        """Fetch with texts as bytes: the setting is the connection's, which the catalogue and child rows use, too."""
        self._driver.text_factory = bytes
        try:
            rows: Sequence[Sequence[Any]] = cursor.fetchmany(size)
        finally:
            self._driver.text_factory = str
        return rows


_Rest = tuple[sa.Dialect, ZoneInfo, str]


class MysqlReader(RowReader):
    """Reads over PyMySQL, every cell as the bytes of the wire: twice as fast as its own conversions."""

    def __init__(self, driver: Any, limit: Callable[[float], str], timeout: timedelta, rest: _Rest) -> None:
        super().__init__(*rest)
        self._driver, self._limit, self._timeout = driver, limit, timeout.total_seconds()
        self._set_limit(self._timeout)

    def _rows(self, statement: sa.Select[Any], size: int) -> Iterator[Sequence[Sequence[Any]]]:
        from pymysql.cursors import SSCursor  # noqa: PLC0415 - only where MariaDB or MySQL is read

        sql, values = _compiled(statement, self._dialect)
        # The server's limit would count the time we take between two batches; the socket's limit stays.
        self._set_limit(0)
        cursor = self._driver.cursor(SSCursor)
        cursor.execute(sql, values)
        done = False
        try:
            while rows := cursor.fetchmany(size):
                yield rows
            done = True
        finally:
            # Closing the cursor would read the rest of the result; closing the connection does not.
            cursor.close() if done else self._driver.close()
        self._set_limit(self._timeout)

    def _set_limit(self, seconds: float) -> None:
        from pymysql.constants.ER import UNKNOWN_SYSTEM_VARIABLE  # noqa: PLC0415 - see above
        from pymysql.err import MySQLError  # noqa: PLC0415

        try:
            with self._driver.cursor() as cursor:
                cursor.execute(self._limit(seconds))
        except MySQLError as error:  # servers older than the limit itself: the socket's limit remains
            if error.args[0] != UNKNOWN_SYSTEM_VARIABLE:
                raise

    def _page(self, statement: sa.Select[Any], size: int) -> Sequence[Sequence[Any]]:
        del size
        sql, values = _compiled(statement, self._dialect)
        with self._driver.cursor() as cursor:
            cursor.execute(sql, values)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
            return rows


def _compiled(statement: sa.Select[Any], dialect: sa.Dialect) -> tuple[str, Mapping[str, Any] | tuple[Any, ...]]:
    """Give the text with place holders and the values to bind, by name or in order as the driver wants them."""
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    names = compiled.positiontup
    return str(compiled), compiled.params if names is None else tuple(compiled.params[name] for name in names)
