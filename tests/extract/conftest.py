"""A database per dialect, and short ways to fill it and to read it back through the gateway."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from ecqs_gateway.content.models import SqlSource, SqlStream
from ecqs_gateway.extract import Chunk
from ecqs_gateway.extract.sql import DatabaseSource, Target

SHANGHAI = ZoneInfo("Asia/Shanghai")
_ADMIN = {
    "postgresql": ("ECQS_TEST_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("ECQS_TEST_MARIADB_URL", "mysql+pymysql://root@127.0.0.1:3306/mysql?charset=utf8mb4"),
}


@dataclass
class Lab:
    """One empty database."""

    url: sa.URL
    arrow_uri: str | None = None
    """Where set, PostgreSQL is read through Arrow however few rows there are."""

    @cached_property
    def engine(self) -> sa.Engine:
        return sa.create_engine(self.url)

    @property
    def dialect(self) -> str:
        return "mariadb" if self.url.get_backend_name() == "mysql" else self.url.get_backend_name()

    def run(self, *statements: str | sa.Executable, rows: Sequence[dict[str, object]] | None = None) -> None:
        """Run statements and commit; ``rows`` are bound to the last one."""
        if rows == []:
            return
        with self.engine.begin() as connection:
            for number, statement in enumerate(statements, start=1):
                text = sa.text(statement) if isinstance(statement, str) else statement
                bound = rows if rows is not None and number == len(statements) else None
                connection.execute(text, bound) if bound else connection.execute(text)

    def clear(self) -> None:
        """Give the next test an empty database."""
        if self.dialect == "postgresql":
            self.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        else:
            name = self.url.database
            self.run(f"DROP DATABASE {name}", f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        self.engine.dispose()

    def source(
        self,
        table: str,
        key: Sequence[str],
        *,
        now: datetime | None = None,
        zone: str = "Asia/Shanghai",
        **stream: object,
    ) -> DatabaseSource:
        clock = None if now is None else (lambda: now.replace(tzinfo=SHANGHAI))
        made = SqlStream.model_validate({"table": table, "key": list(key), **stream})
        target = Target("320000", "certificate", self.url, self.arrow_uri, clock)
        return DatabaseSource(target, SqlSource(type="sql", connection="ecqs_320000", time_zone=zone), made)

    @staticmethod
    def column(chunks: Sequence[Chunk], name: str) -> list[object]:
        """One column over some chunks."""
        return [value for chunk in chunks for value in chunk.frame[name].to_list()]

    @property
    def time(self) -> str:
        """The natural type of a time of change; SQLite has none and keeps text."""
        return {"mariadb": "DATETIME(6)", "sqlite": "TEXT"}.get(self.dialect, "TIMESTAMP")

    def stamp(self, moment: datetime) -> object:
        """A time of change as this database takes it."""
        return moment.isoformat(sep=" ", timespec="microseconds") if self.dialect == "sqlite" else moment

    def read(self, source: DatabaseSource, after: object = None, since: object = None) -> list[Chunk]:
        with source as opened:
            return list(opened.chunks(after, since))  # type: ignore[arg-type]


def _unavailable(service: str, error: BaseException) -> None:
    message = f"{service} is not usable here ({type(error).__name__}); `bash tests/services.sh` starts it"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def _database(service: str) -> Iterator[sa.URL]:
    variable, default = _ADMIN[service]
    url = sa.make_url(os.environ.get(variable, default))
    name = f"ecqs_test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    options = " CHARACTER SET utf8mb4" if service == "mariadb" else ""
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}{options}")
    except sa.exc.DBAPIError as error:
        _unavailable(service, error)
    yield url.set(database=name)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}{' WITH (FORCE)' if service == 'postgresql' else ''}")
    admin.dispose()


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[sa.URL]:
    yield from _database("postgresql")


@pytest.fixture(scope="session")
def mariadb_database() -> Iterator[sa.URL]:
    yield from _database("mariadb")


def _arrow(url: sa.URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def sqlite_lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(sa.make_url(f"sqlite:///{tmp_path / 'source.db'}"))
    lab.run("PRAGMA journal_mode=WAL")
    yield lab
    lab.engine.dispose()


@pytest.fixture
def postgresql_lab(postgresql_database: sa.URL) -> Iterator[Lab]:
    lab = Lab(postgresql_database)
    yield lab
    lab.clear()


@pytest.fixture
def arrow_lab(postgresql_database: sa.URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setattr("ecqs_gateway.extract.sql._ROWS_FOR_ARROW", 0)
    lab = Lab(postgresql_database, _arrow(postgresql_database))
    yield lab
    lab.clear()


@pytest.fixture
def mariadb_lab(mariadb_database: sa.URL) -> Iterator[Lab]:
    lab = Lab(mariadb_database)
    yield lab
    lab.clear()


@pytest.fixture
def core_lab(mariadb_database: sa.URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """MariaDB read the way of a database nobody has heard of: over SQLAlchemy alone."""
    monkeypatch.setattr("ecqs_gateway.extract.sessions._SESSIONS", {})
    lab = Lab(mariadb_database)
    yield lab
    lab.clear()


EVERY = ["sqlite", "postgresql", "arrow", "mariadb", "core"]


@pytest.fixture(params=EVERY)
def lab(request: pytest.FixtureRequest) -> Lab:
    """The same test on every path: SQLite, PostgreSQL by rows, PostgreSQL through Arrow, MariaDB."""
    found: Lab = request.getfixturevalue(f"{request.param}_lab")
    return found
