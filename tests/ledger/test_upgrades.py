"""Ledgers of every released version are opened, migrated and continued; going back and dying half-way are safe.

tests/ledger/schemas/<revision>/<dialect> holds a ledger as the released code left it (make.py says how): with loaded
batches, one that was never sent, and an extraction nobody processed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ecqs_test_support_world as w
import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.flows import nightly
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.ledger import evidence, migrate
from ecqs_gateway.ledger.database import HEAD, Database, revision_of
from ecqs_gateway.ledger.tables import metadata
from ecqs_gateway.sandbox.serve import register_gateway

UNIT = "320000"
SCHEMAS = Path(__file__).parent / "schemas"
RELEASED = sorted(folder.name for folder in SCHEMAS.iterdir() if folder.is_dir())


@dataclass
class Old:
    """A ledger of a released version in a world of its own."""

    world: Any
    url: str
    folder: Path

    @property
    def revision(self) -> str:
        return self.folder.parent.name

    def open(self) -> Database:
        return Database(self.url)

    def sync(self) -> dict[str, str]:
        settings = replace(self.world.settings(), ledger_url=self.url)
        with open_gateway(settings, connections=self.world.resolve, clock=self.world.clock) as gateway:
            return nightly.sync(gateway, nightly.Options()).failed

    def dump(self) -> list[str]:
        """Give everything that is in it, to compare."""
        database = self.open()
        with database.read() as connection:
            tables = sa.MetaData()
            tables.reflect(connection)
            found = [
                f"{table.name} {table.columns.keys()} {sorted(map(str, connection.execute(sa.select(table))))}"
                for table in tables.sorted_tables
            ]
        database.dispose()
        return found


@pytest.fixture(params=[(r, d) for r in RELEASED for d in ("sqlite", "postgresql")], ids="-".join)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Old:
    revision, dialect = request.param
    folder = SCHEMAS / revision / dialect
    script = (folder / "ledger.sql").read_text(encoding="utf-8")
    world = w.World(tmp_path)
    world.build()
    world.national(records=7)
    shutil.copytree(folder / "stage", world.home / "stage")
    if dialect == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(script)
    else:
        url = f"sqlite:///{world.home}/ledger.db"
        with closing(sqlite3.connect(world.home / "ledger.db")) as db:
            db.executescript(script)
    return Old(world, url, folder)


def test_there_is_a_ledger_of_every_schema_that_was_ever_released() -> None:
    assert [*RELEASED, HEAD] == migrate.revisions(), "run tests/ledger/schemas/make.py with the released code"


def test_a_released_ledger_becomes_exactly_the_newest_schema_and_keeps_its_rows(old: Old) -> None:
    database = old.open()
    with database.read() as connection:
        revision = revision_of(connection)
        assert revision != HEAD
        before = connection.execute(sa.text("SELECT count(*) FROM record_version")).scalar_one()
    database.upgrade()
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(sa.text("SELECT count(*) FROM record_version")).scalar_one() == before > 0
        assert evidence.verify(connection) > 10
    database.dispose()


def test_a_sync_goes_on_where_the_released_version_stopped(old: Old) -> None:
    world = old.world
    world.province(UNIT, 28, batch_rows=10)  # as make.py left it, with two licences cancelled and one corrected
    world.put(UNIT, [w.licence(UNIT, n, zt="注销", gxsj="2026-11-21 08:00:00") for n in (1, 2, 20)])
    world.put(UNIT, [w.licence(UNIT, n, gxsj="2026-11-22 09:30:00") for n in (29, 30)])
    world.clock.forward(days=5)
    register_gateway(world.hq_home, old.folder / "gateway.pub.pem")
    with world.headquarters() as headquarters:
        _sent_by_the_released_version(world, headquarters, old)
        assert old.sync() == {}
        headquarters.wait_idle()
        w.judged_faultless(world, {UNIT: 30})
        assert old.sync() == {}
    database = old.open()
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT DISTINCT state FROM batch")).scalars().all() == ["loaded"]
        assert connection.execute(sa.text("SELECT count(*) FROM extraction WHERE state = 'stored'")).scalar() == 0
        assert evidence.verify(connection) > 10
    database.dispose()


def _sent_by_the_released_version(world: Any, headquarters: Any, old: Old) -> None:
    """Let headquarters load what the ledger says it has loaded; its receipts were taken then."""
    database = old.open()
    with database.read() as connection:
        wanted = sa.text("SELECT id, package FROM batch WHERE state = 'loaded' ORDER BY id")
        loaded = connection.execute(wanted).all()
    database.dispose()
    assert loaded
    account = world.hq_home / "files" / w.ACCOUNT
    for batch, package in loaded:
        inbox = account / "inbox" / UNIT
        inbox.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(world.home / "stage" / package, inbox / f"{batch}.zip")
    headquarters.wait_idle()
    for receipt in (account / "receipts" / UNIT).glob("*.zip"):
        receipt.unlink()


def test_going_back_to_a_revision_keeps_the_rest(old: Old) -> None:
    before = old.dump()
    database = old.open()
    database.upgrade()
    with database.write() as connection:
        assert migrate.losses(connection, old.revision) == {}
        migrate.migrate(connection, old.revision)
    database.dispose()
    assert old.dump() == before
    database = old.open()
    database.upgrade()
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.dispose()


_DIES = """
import os, signal, sys
import sqlalchemy as sa
from ecqs_gateway.ledger.database import Database
left = [int(sys.argv[2])]
def before(connection, cursor, statement, *rest):
    if statement.split()[0] in ("CREATE", "ALTER", "DROP", "INSERT"):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sa.event.listen(sa.Engine, "before_cursor_execute", before)
Database(sys.argv[1]).upgrade()
"""


def test_an_upgrade_that_is_killed_half_way_leaves_the_old_schema_whole(old: Old) -> None:
    before = old.dump()
    done = subprocess.run([sys.executable, "-c", _DIES, old.url, "2"], check=False, cwd=w.ROOT)
    assert done.returncode == -signal.SIGKILL
    assert old.dump() == before
    database = old.open()
    database.upgrade()
    assert database.revision() == HEAD
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    sqlite = f"sqlite:///{tmp_path}/ledger.db"
    opened = Database(sqlite if request.param == "sqlite" else request.getfixturevalue("postgresql_url"))
    yield opened
    opened.dispose()


def test_a_ledger_of_a_newer_version_is_refused_with_what_to_do(empty: Database) -> None:
    empty.upgrade()
    with empty.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Terminal) as caught:
        empty.upgrade()
    assert caught.value.code == "ECQS-3005"
    assert "9999" in caught.value.message
    assert "newer version" in str(caught.value)
    assert empty.revision() == "9999"


def test_an_unknown_target_is_refused(empty: Database) -> None:
    empty.upgrade()
    with pytest.raises(Misconfigured) as caught, empty.write() as connection:
        migrate.migrate(connection, "head")
    assert caught.value.code == "ECQS-3006"


def test_what_going_back_would_lose_is_counted_and_lost_with_it(empty: Database) -> None:
    empty.upgrade()
    with empty.write() as connection:
        order = "INSERT INTO stop_order (reason, by, at) VALUES ('x', 'y', 'z')"
        connection.execute(sa.text(order))
        assert migrate.losses(connection, "0002") == {}
        assert list(migrate.losses(connection, "0001").values()) == [1]
        migrate.migrate(connection, "0001")
        assert not sa.inspect(connection).has_table("stop_order")
    empty.upgrade()
    with empty.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM stop_order")).scalar() == 0


def test_two_workers_that_start_on_a_new_ledger_at_once_both_get_on(empty: Database, tmp_path: Path) -> None:
    url = empty.url.render_as_string(hide_password=False)
    code = f"from ecqs_gateway.ledger.database import Database\nDatabase({url!r}).upgrade()"
    workers = [subprocess.Popen([sys.executable, "-c", code], cwd=w.ROOT, env={**os.environ}) for _ in range(3)]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    assert empty.revision() == HEAD


def test_the_command_tells_what_going_back_would_lose_before_it_does(tmp_path: Path) -> None:
    world = w.World(tmp_path)
    world.build()
    assert _ecqs(world, "show")[1].endswith(f"schema none yet; this program works with {HEAD}\n")
    assert "ECQS-3007" in _ecqs(world, "downgrade", "0001")[1]
    assert not (world.home / "ledger.db").exists()
    world.sync()
    with world.ledger() as database, database.write() as connection:
        order = "INSERT INTO stop_order (reason, by, at) VALUES ('x', 'y', 'z')"
        connection.execute(sa.text(order))

    code, said = _ecqs(world, "downgrade", "0001")
    assert code == 1
    assert "Would be lost: 1 × orders to stop" in said
    assert f"schema {HEAD}" in _ecqs(world, "show")[1]
    code, said = _ecqs(world, "downgrade", "0001", "--accept-loss")
    assert code == 0
    assert "schema 0001" in _ecqs(world, "show")[1]


def _ecqs(world: Any, *arguments: str) -> tuple[int, str]:
    done = CliRunner(env=world.environment()).invoke(app, ["ledger", *arguments])
    return done.exit_code, done.output
