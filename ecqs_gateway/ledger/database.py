"""Opens the ledger's database, brings its schema up to date, and hands out read and write transactions.

SQLite (write-ahead log, every commit flushed to the disk) is the default; PostgreSQL serves where several workers
run. Write transactions take the write lock when they begin, so that none fails half-way for a lock it needs later.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ecqs_gateway.errors import Terminal, Transient

__all__ = ["HEAD", "Database"]

HEAD = "0003"
"""Revision of the newest migration; a test keeps it equal to what Alembic says."""

_READ = {"ecqs_read": True}
_UPGRADE_LOCK = 7_205_002
"""PostgreSQL advisory lock: of workers that meet an old or empty ledger at once, one brings it up to date."""
_MOST_CONNECTIONS = 20
"""Connections of one process; its threads wait for one another rather than exhaust the server."""
_PATIENCE = 60
"""Seconds to wait for a lock or a connection."""


class Database:
    """One ledger database: engine, schema, transactions."""

    def __init__(self, url: str) -> None:
        """Prepare the engine for a SQLAlchemy URL; nothing is opened yet."""
        self.url = sa.make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite and self.url.database:
            _make_folder(Path(self.url.database).parent)
        options: dict[str, Any] = {"pool_size": 5, "max_overflow": _MOST_CONNECTIONS - 5, "pool_timeout": _PATIENCE}
        options |= (
            {"connect_args": {"timeout": _PATIENCE}, "pool_use_lifo": True} if self.sqlite else {"pool_pre_ping": True}
        )
        self.engine = sa.create_engine(self.url, hide_parameters=True, **options)
        # SQLite has one write lock and no queue for it: threads of one process queue here, not there.
        self._turn = threading.Lock() if self.sqlite else None
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    def upgrade(self) -> None:
        """Create the schema or bring it up to date; does nothing, and imports nothing, when it already is."""
        if self.revision() == HEAD:
            return
        from alembic import command  # noqa: PLC0415  0.2 s that only a new or old ledger has to pay
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.write() as connection:
            if not self.sqlite:  # SQLite's write lock is held already
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")  # reads the revision anew, inside the lock

    def revision(self) -> str | None:
        """Give the schema revision the database has; None for an empty one."""
        with self.read() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Run one write transaction: everything in it happens, or nothing does."""
        with self._translated(), self._in_turn(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Run one read transaction that never waits for writers."""
        with (
            self._translated(),
            self.engine.connect().execution_options(**_READ) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=_PATIENCE):
            raise Transient(
                "ECQS-3003",
                f"the ledger was being written for {_PATIENCE} seconds on end",
                where=self.url.render_as_string(hide_password=True),
                hint="the next run continues where this one stopped; should it happen again, look for a slow disk",
            )
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise _as_gateway_error(error, self.url.render_as_string(hide_password=True)) from error
        except PoolTimeout as error:
            raise Transient(
                "ECQS-3003",
                f"no connection to the ledger became free in {_PATIENCE} seconds",
                where=self.url.render_as_string(hide_password=True),
                hint="look for what holds the ledger's locks; the next run continues where this one stopped",
            ) from error

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Terminal(
            "ECQS-3002",
            f"the folder of the ledger cannot be made ({error.strerror or type(error).__name__})",
            where=str(folder),
            hint="free disk space or mend the permissions, or name another folder in ECQS_HOME",
        ) from error


_NEEDS_A_PERSON = ("full", "readonly", "read-only", "unable to open", "no space", "disk i/o error")
"""Words of a driver for a disk that takes no more; SQLite has an I/O error where its index of the log cannot grow."""


def _as_gateway_error(error: DBAPIError, where: str) -> Transient | Terminal:
    """Tell what may pass by itself (locked, restarting) from what needs a person (full disk, no permission)."""
    text = str(error.orig).lower()
    if any(words in text for words in _NEEDS_A_PERSON):
        return Terminal(
            "ECQS-3002",
            f"the ledger cannot be written ({type(error.orig).__name__})",
            where=where,
            hint="free disk space or mend the permissions, then run the same command again: nothing was half-written",
        )
    return Transient(
        "ECQS-3003",
        f"the ledger database does not answer ({type(error.orig).__name__})",
        where=where,
        hint="check that the database runs and is reachable; the next run continues where this one stopped",
    )


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-12288",
    "temp_store=MEMORY",
    # Keys come in any order, so every commit touches pages all over: rarer checkpoints write each of them once.
    "wal_autocheckpoint=8000",
)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("ecqs_read", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
