"""Reading statements in one read-only snapshot over an ordinary database driver, in columns, with bounded memory.

Each dialect has its own way to a snapshot, to a limit on run time, and to rows that do not all lie in memory at once:

* PostgreSQL: ``REPEATABLE READ, READ ONLY`` and a server-side cursor,
* MariaDB and MySQL: ``START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY`` and pages by key, because one
  connection cannot read two results at once and a slow reader would run into the limit,
* SQLite: a deferred transaction (a snapshot of the write-ahead log) that may only query,
* others: the strictest isolation they offer, and pages.
"""

from __future__ import annotations

import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ecqs_gateway.doors.clock import now
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.catalogue import MYSQL, Column
from ecqs_gateway.extract.decode import Batch, Decoder
from ecqs_gateway.extract.problems import source_errors
from ecqs_gateway.extract.statements import ChildQuery, Query, bindable

__all__ = ["Reader", "RowReader", "Session", "open_session"]

_KEYS_AT_ONCE = 5_000
_CONNECT_SECONDS = 10


class Reader(Protocol):
    """Reads statements of one snapshot."""

    def read(self, query: Query, rows: int, *, between: bool) -> Iterator[Batch]:
        """Give the rows in the query's order, about ``rows`` at a time; ``between`` two of them others will be read."""

    def children(self, child: ChildQuery, keys: Sequence[tuple[object, ...]]) -> list[Batch]:
        """Give all child rows of these parents, in no order."""


class Session(Protocol):
    """An open connection in a read-only snapshot."""

    connection: sa.Connection
    """For the catalogue; in the same snapshot where the dialect allows two uses of one connection."""
    reader: RowReader
    zone: ZoneInfo

    def clock(self) -> datetime | None:
        """Give the database's own clock, aware; None where it is this machine's."""

    def catalogue_done(self) -> None:
        """Say that from now on only rows are read."""


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
        """Give the rows in the query's order, ``rows`` at a time; ``between`` two of them others will be read."""
        decoder = Decoder(query.columns, self._zone)
        pieces = self._pieces(query, rows, between=between)
        while True:
            with source_errors(self._place, reading=True):
                piece = next(pieces, None)
            if piece is None:
                return
            yield decoder.batch(piece)

    def _pieces(self, query: Query, size: int, *, between: bool) -> Iterator[Sequence[Sequence[Any]]]:
        if self.several or not (query.unique or between):
            return self._rows(query.statement, size)
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
            after = tuple(_bound(last[place], column) for place, column in zip(places, order, strict=True))

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


def _bound(value: Any, column: Column) -> object:
    """Give a value of a row as it is bound again."""
    return bindable(value.decode() if isinstance(value, bytes) and column.kind != "bytes" else value, column)


class _CoreReader(RowReader):
    """Reads over SQLAlchemy, for every dialect without a way of its own."""

    def __init__(self, connection: sa.Connection, zone: ZoneInfo, place: str) -> None:
        super().__init__(connection.dialect, zone, place)
        self._connection = connection

    def _rows(self, statement: sa.Select[Any], size: int) -> Iterator[Sequence[Sequence[Any]]]:
        options = {"stream_results": True, "yield_per": size}
        with self._connection.execute(statement, execution_options=options) as result:
            yield from result.partitions(size)


class _PostgresReader(_CoreReader):
    """Reads over psycopg's server-side cursor, which leaves the connection free for the child rows."""

    several = True


class _SqliteReader(RowReader):
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
        self._driver.text_factory = bytes
        cursor = self._driver.execute(sql, values)
        try:
            while rows := cursor.fetchmany(size):
                yield rows
                self._begun = time.monotonic()
        finally:
            cursor.close()
            self._driver.text_factory = str


_Rest = tuple[sa.Dialect, ZoneInfo, str]


class _MysqlReader(RowReader):
    """Reads over PyMySQL, every cell as the bytes of the wire: twice as fast as its own conversions."""

    def __init__(self, driver: Any, limit: Callable[[float], str], timeout: timedelta, rest: _Rest) -> None:
        super().__init__(*rest)
        self._driver, self._limit, self._timeout = driver, limit, timeout.total_seconds()

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
        with self._driver.cursor() as cursor:
            cursor.execute(self._limit(seconds))

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


class _CoreSession:
    """A connection of SQLAlchemy in the strictest isolation the dialect offers."""

    isolation: Mapping[str, str] = {"oracle": "SERIALIZABLE", "mssql": "SNAPSHOT"}

    def __init__(self, engine: sa.Engine, zone: ZoneInfo, timeout: timedelta, place: str) -> None:
        self.zone, self._timeout, self._place = zone, timeout, place
        options = self._options(engine)
        self.connection = engine.connect().execution_options(**options)
        self._begin()
        self.reader = self._reader()

    def _options(self, engine: sa.Engine) -> dict[str, Any]:
        level = self.isolation.get(engine.dialect.name, "REPEATABLE READ")
        with engine.connect() as connection:
            known = engine.dialect.get_isolation_level_values(connection.connection.dbapi_connection)  # type: ignore[arg-type]
        return {"isolation_level": level} if level in known else {}

    def _begin(self) -> None:
        self.connection.begin()

    def _reader(self) -> RowReader:
        return _CoreReader(self.connection, self.zone, self._place)

    def clock(self) -> datetime | None:
        """Give no clock: there is no portable way to ask for one."""
        return None

    def catalogue_done(self) -> None:
        """Change nothing."""


class _PostgresSession(_CoreSession):
    def _options(self, engine: sa.Engine) -> dict[str, Any]:
        del engine
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def _begin(self) -> None:
        self.connection.begin()
        for name, value in postgres_settings(self.zone, self._timeout).items():
            self.connection.execute(sa.select(sa.func.set_config(name, value, sa.true())))
        _plain_times(self.connection.connection.driver_connection)

    def _reader(self) -> RowReader:
        return _PostgresReader(self.connection, self.zone, self._place)

    def clock(self) -> datetime | None:
        """Give the database's clock."""
        seconds = self.connection.scalar(sa.select(sa.extract("epoch", sa.func.clock_timestamp())))
        return datetime.fromtimestamp(float(seconds), UTC) if seconds is not None else None

    def catalogue_done(self) -> None:
        """Read text undecoded where the server does not check it."""
        driver: Any = self.connection.connection.driver_connection
        if driver.info.parameter_status("server_encoding") == "SQL_ASCII":
            # Under any other client encoding the server would refuse whole results for one illegal byte.
            self.connection.execute(sa.select(sa.func.set_config("client_encoding", "SQL_ASCII", sa.true())))
            _raw_text(driver)


def postgres_settings(zone: ZoneInfo, timeout: timedelta) -> Mapping[str, str]:
    """Give the settings of a reading transaction; all of them are a user's own to set."""
    return {
        "statement_timeout": str(max(1, round(timeout.total_seconds() * 1000))),
        # Between two batches the transaction waits for mapping and delivery, which is not the database's concern.
        "idle_in_transaction_session_timeout": "0",
        "TimeZone": zone.key,
        "DateStyle": "ISO, YMD",
        "IntervalStyle": "postgres",
        "extra_float_digits": "1",
        "bytea_output": "hex",
    }


def _plain_times(driver: Any) -> None:
    """Read dates and times as text, in which infinity and years beyond 9999 are no error of the whole result."""
    from psycopg.types.string import TextLoader  # noqa: PLC0415 - only where PostgreSQL is read

    for name in ("date", "timestamp", "timestamptz"):
        driver.adapters.register_loader(name, TextLoader)


def _raw_text(driver: Any) -> None:
    from psycopg.adapt import Loader  # noqa: PLC0415 - only where PostgreSQL is read

    class RawLoader(Loader):
        def load(self, data: Any) -> bytes:
            return bytes(data)

    driver.adapters.register_loader("text", RawLoader)


class _SqliteSession(_CoreSession):
    def _options(self, engine: sa.Engine) -> dict[str, Any]:
        path = engine.url.database
        # sqlite3 would make an empty database of a mistyped name.
        if not path or not Path(path).is_file():
            raise Misconfigured(
                "ECQS-2006", "the SQLite database file does not exist", where=self._place, hint="correct the connection"
            )
        return {}

    def _begin(self) -> None:
        driver: Any = self.connection.connection.driver_connection
        driver.isolation_level = None  # sqlite3 must not begin or commit on its own
        driver.execute("PRAGMA query_only = ON")
        driver.execute("BEGIN")
        driver.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot begins with the first read

    def _reader(self) -> RowReader:
        return _SqliteReader(self.connection, self.zone, self._timeout, self._place)


class _MysqlSession:
    """A connection of its own for the rows, and SQLAlchemy's for the catalogue."""

    def __init__(self, engine: sa.Engine, zone: ZoneInfo, timeout: timedelta, place: str) -> None:
        self.zone = zone
        self.connection = engine.connect()
        self._driver = _mysql_driver(engine, timeout)
        limit = _mariadb_limit if "MariaDB" in str(self._driver.get_server_info()) else _mysql_limit
        with self._driver.cursor() as cursor:
            for statement in [limit(timeout.total_seconds()), *_mysql_settings(zone)]:
                cursor.execute(statement)
        self.reader: RowReader = _MysqlReader(self._driver, limit, timeout, (engine.dialect, zone, place))

    def clock(self) -> datetime | None:
        """Give the database's clock."""
        with self._driver.cursor() as cursor:
            cursor.execute("SELECT UNIX_TIMESTAMP(NOW(6))")
            return datetime.fromtimestamp(float(cursor.fetchone()[0]), UTC)

    def catalogue_done(self) -> None:
        """Change nothing."""

    def close(self) -> None:
        """Close the connection of the rows."""
        if self._driver.open:
            self._driver.close()


def _mysql_driver(engine: sa.Engine, timeout: timedelta) -> Any:
    import pymysql  # noqa: PLC0415 - only where MariaDB or MySQL is read
    from pymysql.converters import encoders  # noqa: PLC0415

    arguments = dict(engine.dialect.create_connect_args(engine.url)[1])
    arguments |= {"charset": "utf8mb4", "use_unicode": False, "conv": dict(encoders), "autocommit": True}
    # The server's own limit comes first; this one ends the wait when the server has gone without a word.
    arguments |= {"connect_timeout": _CONNECT_SECONDS, "read_timeout": int(timeout.total_seconds()) + 30}
    return pymysql.connect(**arguments)


def _mariadb_limit(seconds: float) -> str:
    return f"SET SESSION max_statement_time = {seconds}"


def _mysql_limit(seconds: float) -> str:
    return f"SET SESSION max_execution_time = {round(seconds * 1000)}"


def _mysql_settings(zone: ZoneInfo) -> list[str]:
    offset = now().astimezone(zone).strftime("%z")
    return [
        f"SET SESSION time_zone = '{offset[:3]}:{offset[3:5]}'",
        # Text comes as it is stored, in the character set of its column: the server would put ? for what it cannot
        # convert, and nobody would ever know.
        "SET SESSION character_set_results = NULL",
        # How long the server waits for us to take the next rows of a long result.
        "SET SESSION net_write_timeout = 3600",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ]


def open_session(url: sa.URL, zone: ZoneInfo, timeout: timedelta, place: str, stack: ExitStack) -> Session:
    """Connect and begin the snapshot; the stack closes everything. Raises ECQS-2001, 2002, 2006 or 2008."""
    backend = url.get_backend_name()
    engine = sa.create_engine(url, connect_args=_arguments(url), poolclass=sa.pool.NullPool, hide_parameters=True)
    stack.callback(engine.dispose)
    with source_errors(place):
        if backend in MYSQL and url.get_driver_name() == "pymysql":
            mysql = _MysqlSession(engine, zone, timeout, place)
            stack.callback(mysql.connection.close)
            stack.callback(mysql.close)
            return mysql
        kinds = {"postgresql": _PostgresSession, "sqlite": _SqliteSession}
        session = kinds.get(backend, _CoreSession)(engine, zone, timeout, place)
        stack.callback(session.connection.close)
        return session


def _arguments(url: sa.URL) -> dict[str, Any]:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return {"timeout": 30, "check_same_thread": False}
    if backend == "postgresql":
        # A peer that vanished is noticed in a minute, not in the two hours of the system's default.
        alive = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
        wanted = {
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "ecqs-gateway",
            "client_encoding": "utf8",
        } | alive
        return {name: value for name, value in wanted.items() if name not in url.query}
    return {"connect_timeout": _CONNECT_SECONDS} if backend in MYSQL else {}
