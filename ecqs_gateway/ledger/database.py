"""Opens the ledger's database, brings its schema up to date, and hands out read and write transactions.

SQLite (write-ahead log, every commit flushed to the disk) is the default; PostgreSQL serves where several workers
run. Write transactions take the write lock when they begin, so that none fails half-way for a lock it needs later.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ecqs_gateway.doors.files import make_folder, make_private
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.errors import Terminal, Transient

__all__ = ["HEAD", "Database", "Readable", "revision_of"]

HEAD = "0005"
"""Revision of the newest migration; a test keeps it equal to what Alembic says."""

_READ = {"ecqs_read": True}
_MOST_CONNECTIONS = 20
"""Connections of one process; its threads wait for one another rather than exhaust the server."""

_SLEPT = "25P03"
"""PostgreSQL's idle_in_transaction_session_timeout, which the driver does not count among the operational errors."""

PATIENCE = 60
"""Seconds to wait for another worker's lock or for a connection; and how long a worker may be idle in a transaction."""


class Readable(Protocol):
    """A ledger that can be read: the database, or the doctor's, which opens it for nothing else."""

    def read(self) -> AbstractContextManager[sa.Connection]:
        """Open a connection to read by."""


class Database:
    """One ledger database: engine, schema, transactions."""

    def __init__(self, url: str, *, patience: int = PATIENCE) -> None:
        """Prepare the engine for a SQLAlchemy URL; nothing is opened yet.

        A worker that is frozen inside a transaction holds up the others for no longer than ``patience`` seconds: the
        database then ends its session, and what it had not committed never was.
        """
        self.url = sa.make_url(url)
        if self.url.password:
            redactor.add(str(self.url.password))
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite and self.url.database:
            _make_file(Path(self.url.database))
        options: dict[str, Any] = {"pool_size": 5, "max_overflow": _MOST_CONNECTIONS - 5, "pool_timeout": patience}
        options |= {"pool_use_lifo": True} if self.sqlite else {"pool_pre_ping": True}
        options["connect_args"] = {"timeout": patience} if self.sqlite else _limits(self.url, patience)
        self._patience = patience
        self.engine = sa.create_engine(self.url, hide_parameters=True, **options)
        # SQLite has one write lock and no queue for it: threads of one process queue here, not there.
        self._turn = threading.Lock() if self.sqlite else None
        if self.sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    def upgrade(self) -> None:
        """Create the schema or bring it up to date; does nothing, and imports nothing, when it already is so.

        All in one transaction: a process that is killed on the way leaves the schema it found. Raises Terminal
        ECQS-3005 for a ledger of a newer version than this program.
        """
        found = self.revision()
        if found == HEAD:
            return
        with self.write() as connection:
            if found is None and _created(connection):
                return
            from ecqs_gateway.ledger.migrate import migrate  # noqa: PLC0415  0.2 s that only an old ledger has to pay

            migrate(connection, HEAD, where=self.where)

    def revision(self) -> str | None:
        """Give the schema revision the database has; None for an empty one."""
        with self.read() as connection:
            return revision_of(connection)

    @property
    def where(self) -> str:
        """Name the database in messages, without its password."""
        return self.url.render_as_string(hide_password=True)

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
        if not self._turn.acquire(timeout=self._patience):
            raise Transient(
                "ECQS-3003",
                f"the ledger was being written for {self._patience} seconds on end",
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
        except DBAPIError as error:
            asleep = getattr(error.orig, "sqlstate", None) == _SLEPT
            if not asleep and not isinstance(error, OperationalError | InterfaceError):
                raise
            raise _as_gateway_error(error, self.where) from error
        except PoolTimeout as error:
            raise Transient(
                "ECQS-3003",
                f"no connection to the ledger became free in {self._patience} seconds",
                where=self.where,
                hint="look for what holds the ledger's locks; the next run continues where this one stopped",
            ) from error

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _limits(url: sa.URL, patience: int) -> dict[str, str]:
    """Give the connection options that bound waiting on PostgreSQL; options in the URL go before them."""
    if "options" in url.query:
        return {}
    limits = ("lock_timeout", "idle_in_transaction_session_timeout")
    return {"options": " ".join(f"-c {name}={patience * 1000}" for name in limits)}


def _created(connection: sa.Connection) -> bool:
    """Create the schema where there is none; False where another worker was first."""
    from ecqs_gateway.ledger.create import create, only_one  # noqa: PLC0415  it imports all tables

    only_one(connection)
    if revision_of(connection) is not None:
        return False
    create(connection, HEAD)
    return True


def revision_of(connection: sa.Connection) -> str | None:
    """Give the schema revision a database has; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _make_file(file: Path) -> None:
    """Make the file before SQLite does, which would let everybody read it."""
    try:
        make_folder(file.parent)
        make_private(file)
    except OSError as error:
        raise Terminal(
            "ECQS-3002",
            f"the folder of the ledger cannot be made ({error.strerror or type(error).__name__})",
            where=str(file.parent),
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
    # A commit of a chunk writes hundreds of pages one by one; a ledger that is there already keeps the size it has.
    "page_size=8192",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-12288",
    "temp_store=MEMORY",
)
_LOG_BYTES = 32 << 20
"""Keys come in any order, so every commit touches pages all over: rarer checkpoints write each of them once."""


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    (page,) = cursor.execute("PRAGMA page_size").fetchone()
    cursor.execute(f"PRAGMA wal_autocheckpoint={_LOG_BYTES // page}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("ecqs_read", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
