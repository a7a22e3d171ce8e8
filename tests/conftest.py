"""Fixtures every test may use: real services, each test with a database of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parent.parent


class _Support:
    """Lets every test ``import ecqs_test_support_world``: the modules of tests/support, for tests are no package."""

    prefix = "ecqs_test_support_"

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Find a module of tests/support by its full name."""
        del path, target
        file = ROOT / "tests" / "support" / f"{name.removeprefix(cls.prefix)}.py"
        if not name.startswith(cls.prefix) or not file.is_file():
            return None
        return importlib.util.spec_from_file_location(name, file)


sys.meta_path.append(_Support)


def unavailable(service: str, reason: object) -> None:
    """Skip with a reason a person can act on; where CI runs a missing service is a failure, not a skip."""
    message = f"{service} is not usable here ({reason}); `bash tests/services.sh` starts what the tests need"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def _fresh_database(admin_url: str, service: str) -> Iterator[str]:
    name = f"ecqs_test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(admin_url, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    except sa.exc.DBAPIError as error:
        admin.dispose()
        unavailable(service, type(error.orig).__name__)
    yield sa.make_url(admin_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        force = " WITH (FORCE)" if service == "PostgreSQL" else ""
        connection.execute(sa.text(f"DROP DATABASE {name}{force}"))
    admin.dispose()


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """SQLAlchemy URL of an empty PostgreSQL database that is dropped afterwards."""
    default = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
    yield from _fresh_database(os.environ.get("ECQS_TEST_POSTGRESQL_URL", default), "PostgreSQL")


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    """SQLAlchemy URL of an empty MariaDB database that is dropped afterwards."""
    default = "mysql+pymysql://root@127.0.0.1:3306/mysql?charset=utf8mb4"
    yield from _fresh_database(os.environ.get("ECQS_TEST_MARIADB_URL", default), "MariaDB")


@pytest.fixture
def need_program() -> Callable[[str], None]:
    """Give what skips a test, or fails it where CI runs, when a program is not installed."""

    def need(name: str) -> None:
        if shutil.which(name) is None:
            unavailable(name, "not installed")

    return need


@pytest.fixture
def project_root() -> Path:
    """The checkout the tests run in."""
    return ROOT
