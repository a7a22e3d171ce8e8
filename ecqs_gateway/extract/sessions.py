"""Connections to a database in one read-only snapshot, with a limit on how long a statement may run.

* PostgreSQL: ``REPEATABLE READ, READ ONLY``,
* MariaDB and MySQL: ``START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY``,
* SQLite: a deferred transaction (a snapshot of the write-ahead log) that may only query,
* others: the strictest isolation they offer; the limit is theirs to set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ecqs_gateway.doors.clock import now
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.catalogue import MYSQL
from ecqs_gateway.extract.problems import source_errors
from ecqs_gateway.extract.readers import CoreReader, MysqlReader, PostgresReader, RowReader, SqliteReader

__all__ = ["Session", "open_session", "postgres_settings"]

_CONNECT_SECONDS = 10
_ISOLATION = {"oracle": "SERIALIZABLE", "mssql": "SNAPSHOT"}


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


_Opener = Callable[[sa.Engine, ZoneInfo, timedelta, str, ExitStack], Session]


class _CoreSession:
    """A connection of SQLAlchemy in the strictest isolation the dialect offers."""

    def __init__(self, engine: sa.Engine, zone: ZoneInfo, timeout: timedelta, place: str, stack: ExitStack) -> None:
        self.zone, self._timeout, self._place = zone, timeout, place
        self.connection = engine.connect()
        stack.callback(self.connection.close)
        self.connection = self.connection.execution_options(**self._options(engine))
        self._begin()
        self.reader = self._reader()

    def _options(self, engine: sa.Engine) -> dict[str, Any]:
        level = _ISOLATION.get(engine.dialect.name, "REPEATABLE READ")
        driver: Any = self.connection.connection.dbapi_connection
        return {"isolation_level": level} if level in engine.dialect.get_isolation_level_values(driver) else {}

    def _begin(self) -> None:
        self.connection.begin()

    def _reader(self) -> RowReader:
        return CoreReader(self.connection, self.zone, self._place)

    def clock(self) -> datetime | None:
        """Give no clock: there is no portable way to ask for one."""
        return None

    def catalogue_done(self) -> None:
        """Change nothing."""


class _PostgresSession(_CoreSession):
    def __init__(self, engine: sa.Engine, zone: ZoneInfo, timeout: timedelta, place: str, stack: ExitStack) -> None:
        super().__init__(engine, zone, timeout, place, stack)
        stack.callback(_closing_cursors(self.connection.connection.driver_connection))

    def _options(self, engine: sa.Engine) -> dict[str, Any]:
        del engine
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def _begin(self) -> None:
        self.connection.begin()
        for name, value in postgres_settings(self.connection, self.zone, self._timeout).items():
            self.connection.execute(sa.select(sa.func.set_config(name, value, sa.true())))
        _plain_times(self.connection.connection.driver_connection)

    def _reader(self) -> RowReader:
        return PostgresReader(self.connection, self.zone, self._place)

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


def postgres_settings(connection: sa.Connection, zone: ZoneInfo, timeout: timedelta) -> Mapping[str, str]:
    """Give the settings of a reading transaction, as far as the server knows them; a user may set them all."""
    wanted = {
        "statement_timeout": str(max(1, round(timeout.total_seconds() * 1000))),
        # Between two batches the transaction waits for mapping and delivery, which is not the database's concern.
        "idle_in_transaction_session_timeout": "0",
        "TimeZone": zone.key,
        "DateStyle": "ISO, YMD",
        "IntervalStyle": "postgres",
        "extra_float_digits": "3",
        "bytea_output": "hex",
    }
    # Relatives of PostgreSQL and its old versions lack some of them.
    name = sa.column("name", sa.Text())
    known = connection.scalars(sa.select(name).select_from(sa.table("pg_settings")).where(name.in_(list(wanted))))
    return {name: wanted[name] for name in known}


def _closing_cursors(driver: Any) -> Callable[[], None]:
    """Keep the driver's open cursors, and give what closes those still open when the session ends.

    SQLAlchemy leaves a cursor open when the server goes away, and so does whoever reads no further; psycopg warns of
    each of them.
    """
    from psycopg import OperationalError, ServerCursor  # noqa: PLC0415 - only where PostgreSQL is read

    opened: set[Any] = set()

    class Cursor(ServerCursor[Any]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            opened.add(self)

        def close(self) -> None:
            opened.discard(self)
            try:
                super().close()
            except OperationalError:
                super().close()  # the connection is known to be gone by now, and nobody is asked

    def close_all() -> None:
        for cursor in list(opened):
            cursor.close()

    driver.server_cursor_factory = Cursor
    return close_all


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
    def __init__(self, engine: sa.Engine, zone: ZoneInfo, timeout: timedelta, place: str, stack: ExitStack) -> None:
        path = engine.url.database
        # sqlite3 would make an empty database of a mistyped name.
        if not path or not Path(path).is_file():
            hint = "correct the connection: its host (or schema, or the extra path) is the path of the file"
            raise Misconfigured("ECQS-2006", f"there is no SQLite database file {path!r}", where=place, hint=hint)
        super().__init__(engine, zone, timeout, place, stack)

    def _begin(self) -> None:
        driver: Any = self.connection.connection.driver_connection
        driver.isolation_level = None  # sqlite3 must not begin or commit on its own
        driver.execute("PRAGMA query_only = ON")
        driver.execute("BEGIN")
        driver.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot begins with the first read

    def _reader(self) -> RowReader:
        return SqliteReader(self.connection, self.zone, self._timeout, self._place)


class _MysqlSession:
    """A connection of its own for the rows, and SQLAlchemy's for the catalogue."""

    def __init__(self, engine: sa.Engine, zone: ZoneInfo, timeout: timedelta, place: str, stack: ExitStack) -> None:
        self.zone = zone
        self.connection = engine.connect()
        stack.callback(self.connection.close)
        self._driver = _mysql_driver(engine, timeout)
        stack.callback(self._close)
        limit = _mariadb_limit if "MariaDB" in str(self._driver.get_server_info()) else _mysql_limit
        self.reader: RowReader = MysqlReader(self._driver, limit, timeout, (engine.dialect, zone, place))
        with self._driver.cursor() as cursor:
            for statement in _mysql_settings(zone):
                cursor.execute(statement)

    def clock(self) -> datetime | None:
        """Give the database's clock."""
        with self._driver.cursor() as cursor:
            cursor.execute("SELECT UNIX_TIMESTAMP(NOW(6))")
            return datetime.fromtimestamp(float(cursor.fetchone()[0]), UTC)

    def catalogue_done(self) -> None:
        """Change nothing."""

    def _close(self) -> None:
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


_SESSIONS: Mapping[tuple[str, str], _Opener] = {
    ("postgresql", "psycopg"): _PostgresSession,
    ("sqlite", "pysqlite"): _SqliteSession,
    ("mysql", "pymysql"): _MysqlSession,
    ("mariadb", "pymysql"): _MysqlSession,
}


def open_session(url: sa.URL, zone: ZoneInfo, timeout: timedelta, place: str, stack: ExitStack) -> Session:
    """Connect and begin the snapshot; the stack closes everything.

    Raises Transient ECQS-2001 or 2008, Terminal ECQS-2002, Misconfigured ECQS-2006 or 2009.
    """
    engine = _engine(url, place)
    special = _SESSIONS.get((url.get_backend_name(), url.get_driver_name()), _CoreSession)
    stack.callback(engine.dispose)
    with source_errors(place):
        return special(engine, zone, timeout, place, stack)


def _engine(url: sa.URL, place: str) -> sa.Engine:
    try:
        return sa.create_engine(url, connect_args=_arguments(url), poolclass=sa.pool.NullPool, hide_parameters=True)
    except ModuleNotFoundError as error:
        message = f"the driver of {url.drivername} is not installed: there is no Python module {error.name}"
        hint = f"install the package that has it where the gateway runs, often `pip install {error.name}`"
    except sa.exc.NoSuchModuleError:
        message = f"SQLAlchemy has no dialect {url.drivername}"
        hint = "correct the connection's sqlalchemy_dialect, or install the package that brings this dialect"
    raise Misconfigured("ECQS-2009", message, where=place, hint=hint)


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
