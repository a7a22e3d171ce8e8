"""The schema: created by migrations, equal to what the code says, safe to bring up to date twice."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine.interfaces import ReflectedColumn

from ecqs_gateway.errors import Terminal, Transient
from ecqs_gateway.ledger import database as database_module
from ecqs_gateway.ledger.database import HEAD, Database, revision_of
from ecqs_gateway.ledger.migrate import migrate
from ecqs_gateway.ledger.tables import metadata


def test_a_new_ledger_has_exactly_the_tables_the_code_uses(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert set(sa.inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
        assert revision_of(connection) == HEAD


def test_a_new_ledger_is_what_all_migrations_make_of_an_empty_database(database: Database) -> None:
    with database.read() as connection:
        created = _described(connection)
    with database.write() as connection:
        metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE alembic_version"))
        migrate(connection)
    with database.read() as connection:
        migrated = _described(connection)
    assert created.keys() == migrated.keys() > {"record_version", "alembic_version"}
    for table, parts in created.items():
        for part, found in parts.items():
            assert found == migrated[table][part], f"{part} of {table}"


def _described(connection: sa.Connection) -> dict[str, dict[str, object]]:
    """Say everything a database knows of its tables, apart from the order of their columns."""
    inspector = sa.inspect(connection)
    found: dict[str, dict[str, object]] = {}
    for table in inspector.get_table_names():
        described: dict[str, object] = {
            "columns": sorted(str(sorted(column.items())) for column in map(_plain, inspector.get_columns(table))),
            "key": inspector.get_pk_constraint(table),
            "links": sorted(map(str, inspector.get_foreign_keys(table))),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "checks": sorted(map(str, inspector.get_check_constraints(table))),
            "indexes": sorted(map(str, inspector.get_indexes(table))),
        }
        if connection.dialect.name == "sqlite":
            sql = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = :n"), {"n": table}).scalar()
            described["without rowid"] = "WITHOUT ROWID" in str(sql)
        else:
            described["comment"] = inspector.get_table_comment(table)
        found[table] = described
    return found


def _plain(column: ReflectedColumn) -> dict[str, object]:
    return {name: repr(value) if name == "type" else value for name, value in column.items()}


def test_a_new_ledger_needs_no_migrations(tmp_path: Path) -> None:
    code = "import sys; from ecqs_gateway.ledger.database import Database; Database(sys.argv[1]).upgrade(); "
    code += "sys.exit('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, f"sqlite:///{tmp_path}/ledger.sqlite"], check=False)
    assert done.returncode == 0


def test_workers_that_start_on_an_empty_database_at_once_make_one_ledger(database: Database) -> None:
    with database.write() as connection:
        metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE alembic_version"))
    with ThreadPoolExecutor(4) as pool:
        others = [Database(database.engine.url.render_as_string(hide_password=False)) for _ in range(4)]
        list(pool.map(Database.upgrade, others))
        for other in others:
            other.dispose()
    assert database.revision() == HEAD
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_bringing_a_current_ledger_up_to_date_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("INSERT INTO lane (unit, kind, next_sequence, fence) VALUES ('x', 'y', 7, 0)"))
    database.upgrade()
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT next_sequence FROM lane")).scalar() == 7


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(sa.text("INSERT INTO lane (unit, kind, next_sequence, fence) VALUES ('x', 'y', 1, 0)"))
        raise ZeroDivisionError
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM lane")).scalar() == 0


def test_a_reader_is_not_held_up_by_a_writer(database: Database) -> None:
    with database.write() as writer:
        writer.execute(sa.text("INSERT INTO lane (unit, kind, next_sequence, fence) VALUES ('x', 'y', 1, 0)"))
        with database.read() as reader:
            assert reader.execute(sa.text("SELECT count(*) FROM lane")).scalar() == 0


def test_an_unreachable_postgresql_is_transient_and_names_no_password() -> None:
    lost = Database("postgresql+psycopg://gateway:s3cret-word@127.0.0.1:9/ledger?connect_timeout=2")
    with pytest.raises(Transient) as caught:
        lost.upgrade()
    assert caught.value.code == "ECQS-3003"
    assert "s3cret-word" not in str(caught.value)


def test_a_ledger_that_cannot_be_opened_is_a_persons_work(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").mkdir()
    with pytest.raises(Terminal) as caught:
        Database(f"sqlite:///{tmp_path}/ledger.sqlite").upgrade()
    assert caught.value.code == "ECQS-3002"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_worker_frozen_inside_a_transaction_holds_up_another_for_a_bounded_time(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if dialect == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    frozen, other = Database(url, patience=3), Database(url, patience=1)
    frozen.upgrade()
    change = sa.text("UPDATE lane SET next_sequence = next_sequence + 1")
    with frozen.write() as first:
        first.execute(sa.text("INSERT INTO lane (unit, kind, next_sequence, fence) VALUES ('x', 'y', 1, 0)"))
    with frozen.write() as holding:
        holding.execute(change)
        with pytest.raises(Transient, match="ECQS-3003"), other.write() as second:
            second.execute(change)
    with other.write() as again:
        again.execute(change)
    with other.read() as connection:
        assert connection.execute(sa.text("SELECT next_sequence FROM lane")).scalar() == 3
    frozen.dispose()
    other.dispose()


@pytest.mark.postgresql
def test_postgresql_ends_the_session_of_a_worker_that_slept_inside_a_transaction(postgresql_url: str) -> None:
    asleep, other = Database(postgresql_url, patience=1), Database(postgresql_url)
    asleep.upgrade()
    change = sa.text("INSERT INTO lane (unit, kind, next_sequence, fence) VALUES ('x', 'y', 1, 0)")
    with pytest.raises(Transient, match="ECQS-3003"), asleep.write() as connection:
        connection.execute(change)
        time.sleep(1.5)
        connection.execute(sa.text("SELECT 1"))
    with other.write() as connection:
        connection.execute(change)  # neither held up nor a duplicate
    asleep.dispose()
    other.dispose()
