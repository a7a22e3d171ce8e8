"""What happens when the source is away, refuses, vanishes or stalls: a clear error, and nothing half-done."""

# ruff: noqa: DTZ001 - sources write times without a zone

from __future__ import annotations

import gc
import threading
import time
from datetime import datetime, timedelta

import psycopg
import pymysql
import pytest
import sqlalchemy as sa

from ecqs_gateway.content.models import SqlSource, SqlStream
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal, Transient
from ecqs_gateway.extract.sql import DatabaseSource, Target

NOW = datetime(2026, 11, 23, 12)
SECRET = "canary-9f2c"


def open_at(url, arrow=None, **settings):
    stream = SqlStream.model_validate({"table": "t", "key": ["id"]})
    made = SqlSource.model_validate({"type": "sql", "connection": "ecqs_320000", **settings})
    return DatabaseSource(Target("320000", "certificate", sa.make_url(url), arrow), made, stream)


def enter(source):
    with source:
        return list(source.chunks())


@pytest.mark.parametrize("url", ["postgresql+psycopg://u:{}@127.0.0.1:9/x", "mysql+pymysql://u:{}@127.0.0.1:9/x"])
def test_a_database_that_cannot_be_reached_is_tried_again_later(url):
    with pytest.raises(Transient, match="ECQS-2001") as caught:
        enter(open_at(url.format(SECRET)))
    assert SECRET not in str(caught.value)
    assert caught.value.where == "connectors/provinces/320000.yaml: streams.certificate"
    assert caught.value.hint


def test_an_unknown_host_is_an_error_of_the_network():
    for url in ("postgresql+psycopg://u@no-such-host.invalid/x", "mysql+pymysql://u@no-such-host.invalid/x"):
        with pytest.raises(Transient, match="ECQS-2001"):
            enter(open_at(url))


def test_a_wrong_password_is_never_tried_again(mariadb_lab, postgresql_lab):
    mariadb_lab.run("CREATE OR REPLACE USER 'ecqs_test_reader'@'127.0.0.1' IDENTIFIED BY 'right'")
    try:
        url = mariadb_lab.url.set(username="ecqs_test_reader", password=SECRET)
        with pytest.raises(Terminal, match="ECQS-2002") as caught:
            enter(open_at(url))
        assert not caught.value.retry
        assert SECRET not in str(caught.value)
    finally:
        mariadb_lab.run("DROP USER 'ecqs_test_reader'@'127.0.0.1'")
    with pytest.raises(Terminal, match="ECQS-2002") as caught:
        enter(open_at(postgresql_lab.url.set(username="ecqs_test_nobody", password=SECRET)))
    assert SECRET not in str(caught.value)


def test_a_database_that_does_not_exist_is_a_matter_of_the_connection(mariadb_lab, postgresql_lab, tmp_path):
    for url in (
        mariadb_lab.url.set(database="ecqs_test_absent"),
        postgresql_lab.url.set(database="ecqs_test_absent"),
        f"sqlite:///{tmp_path}/absent.db",
    ):
        with pytest.raises(Misconfigured, match="ECQS-2006"):
            enter(open_at(url))
    assert not (tmp_path / "absent.db").exists()


def test_a_driver_that_is_not_there_is_named():
    for url, named in (("oracle+oracledb://h/x", "oracledb"), ("nosuch://h/x", "nosuch")):
        with pytest.raises(Misconfigured, match=f"ECQS-2009.*{named}.*install"):
            enter(open_at(url))


def test_an_account_without_rights_is_named_as_such(mariadb_lab, postgresql_lab):
    for lab in (mariadb_lab, postgresql_lab):
        lab.run("CREATE TABLE t (id INT PRIMARY KEY)")
    name = postgresql_lab.url.database
    postgresql_lab.run(f"CREATE ROLE {name} LOGIN", f"GRANT USAGE ON SCHEMA public TO {name}")
    mariadb_lab.run(
        "CREATE OR REPLACE USER 'ecqs_test_blind'@'127.0.0.1'",
        "GRANT SELECT ON t TO 'ecqs_test_blind'@'127.0.0.1'",
        "CREATE TABLE t2 (id INT)",
    )
    try:
        with pytest.raises(Terminal, match="ECQS-2005"):
            enter(open_at(postgresql_lab.url.set(username=name)))
        assert enter(open_at(mariadb_lab.url.set(username="ecqs_test_blind"))) == []
        mariadb_lab.run("REVOKE SELECT ON t FROM 'ecqs_test_blind'@'127.0.0.1'")
        with pytest.raises(GatewayError, match=r"ECQS-(200[256]|2011)"):
            enter(open_at(mariadb_lab.url.set(username="ecqs_test_blind")))
    finally:
        postgresql_lab.run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")
        mariadb_lab.run("DROP USER 'ecqs_test_blind'@'127.0.0.1'")


def fill(lab, rows):
    lab.run(f"CREATE TABLE t (id BIGINT PRIMARY KEY, mc VARCHAR(700), gxsj {lab.time})")
    if lab.dialect == "postgresql":
        lab.run(
            "INSERT INTO t SELECT n, repeat('泥', 200), timestamp '2026-11-01' + n * interval '1 second' "
            f"FROM generate_series(1, {rows}) n"
        )
    else:
        lab.run(f"INSERT INTO t SELECT seq, repeat('泥', 200), '2026-11-01' + INTERVAL seq SECOND FROM seq_1_to_{rows}")


def kill(lab):
    """End every other connection to this database, as a restart of the server does."""
    if lab.dialect == "postgresql":
        with psycopg.connect(
            lab.url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
        ) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        return
    with (
        pymysql.connect(host=lab.url.host, user=lab.url.username, database=lab.url.database) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
        for (number,) in cursor.fetchall():
            cursor.execute(f"KILL {number}")


@pytest.mark.parametrize("path", ["postgresql", "arrow", "mariadb"])
def test_a_connection_cut_while_reading_keeps_what_was_read_and_the_next_run_goes_on(path, request):
    lab = request.getfixturevalue(f"{path}_lab")
    fill(lab, 30_000)
    lab.engine.dispose()

    def source():
        return lab.source("t", ["id"], now=NOW, changed_at="gxsj", overlap="0s", batch_rows=1_000)

    read = []
    with pytest.raises(Transient, match="ECQS-2003") as caught, source() as opened:
        for chunk in opened.chunks():
            read.append(chunk)
            if chunk.number == 2:
                kill(lab)
    assert caught.value.retry
    assert str(caught.value).startswith("ECQS-2003 connectors/provinces/320000.yaml")
    first = lab.column(read, "id")
    assert first == list(range(1, len(first) + 1))
    assert 2_000 <= len(first) < 30_000
    rest = lab.column(lab.read(source(), read[-1].watermark), "id")
    assert rest == list(range(len(first), 30_001))


@pytest.mark.parametrize("when", ["declared", "read"])
def test_a_connection_that_ends_leaves_no_cursor_of_postgresql_open(when, postgresql_lab):
    """The cursor of psycopg warns when it is collected while open, which fails the test it happens in."""
    fill(postgresql_lab, 10_000)
    if when == "declared":
        postgresql_lab.run(
            "ALTER TABLE t RENAME TO s", "CREATE VIEW t AS SELECT s.* FROM s, (SELECT pg_sleep(60)) AS slow LIMIT 9000"
        )
    postgresql_lab.engine.dispose()
    stop = threading.Timer(1, kill, [postgresql_lab])
    source = postgresql_lab.source("t", ["id"], now=NOW, batch_rows=1_000)
    with pytest.raises(Transient, match="ECQS-2003"), source as opened:
        if when == "declared":
            stop.start()
        for chunk in opened.chunks():
            if when == "read" and chunk.number == 2:
                kill(postgresql_lab)
    del source, opened
    gc.collect()


def test_rows_that_nobody_reads_on_leave_no_cursor_open(postgresql_lab):
    fill(postgresql_lab, 10_000)
    postgresql_lab.engine.dispose()
    with postgresql_lab.source("t", ["id"], now=NOW, batch_rows=1_000) as opened:
        chunks = opened.chunks()
        assert next(chunks).frame.height == 1_000
    circle = [chunks]
    circle.append(circle)  # only the collector finds it, in whatever order
    del circle, chunks, opened
    gc.collect()


@pytest.mark.parametrize("path", ["postgresql", "arrow"])
def test_a_statement_that_takes_too_long_is_stopped(path, request):
    lab = request.getfixturevalue(f"{path}_lab")
    lab.run("CREATE TABLE s (id BIGINT PRIMARY KEY)", "INSERT INTO s VALUES (1), (2), (3)")
    lab.run("CREATE VIEW t AS SELECT id, pg_sleep(1)::text AS w FROM s")
    target = Target("320000", "certificate", lab.url, lab.arrow_uri)
    settings = SqlSource(type="sql", connection="x", statement_timeout=timedelta(milliseconds=700))
    source = DatabaseSource(target, settings, SqlStream.model_validate({"table": "t", "key": ["id"], "batch_rows": 10}))
    begun = time.monotonic()
    with pytest.raises(Transient, match="ECQS-2004"):
        enter(source)
    assert time.monotonic() - begun < 3


def test_mariadb_stops_a_page_that_takes_too_long(mariadb_lab):
    mariadb_lab.run(
        "CREATE TABLE s (id BIGINT PRIMARY KEY)", "INSERT INTO s VALUES (1), (2), (3)", "CREATE TABLE c (pid BIGINT)"
    )
    mariadb_lab.run("CREATE VIEW t AS SELECT id, sleep(1) AS w FROM s")
    target = Target("320000", "certificate", mariadb_lab.url)
    settings = SqlSource(type="sql", connection="x", statement_timeout=timedelta(milliseconds=700))
    child = {"c": {"table": "c", "parent_key": ["pid"], "key": ["id"]}}
    stream = SqlStream.model_validate({"table": "t", "key": ["id"], "children": child})
    with pytest.raises(Transient, match="ECQS-2004"):
        enter(DatabaseSource(target, settings, stream))


def test_sqlite_stops_a_statement_that_takes_too_long(sqlite_lab):
    sqlite_lab.run("CREATE TABLE s (id INTEGER PRIMARY KEY)", "INSERT INTO s VALUES (1)")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    sqlite_lab.run(f"CREATE VIEW t AS SELECT id, ({endless}) AS w FROM s")
    with pytest.raises(Transient, match="ECQS-2004"):
        enter(open_at(sqlite_lab.url, statement_timeout="300ms"))


@pytest.mark.parametrize("path", ["postgresql", "arrow", "mariadb", "sqlite"])
def test_our_own_pauses_do_not_count_as_slow_statements(path, request):
    lab = request.getfixturevalue(f"{path}_lab")
    lab.run("CREATE TABLE t (id BIGINT PRIMARY KEY, mc VARCHAR(700))")
    lab.run("INSERT INTO t VALUES (:i, :m)", rows=[{"i": n, "m": "泥" * 200} for n in range(5_000)])
    target = Target("320000", "certificate", lab.url, lab.arrow_uri)
    settings = SqlSource(type="sql", connection="x", statement_timeout=timedelta(milliseconds=500))
    stream = SqlStream.model_validate({"table": "t", "key": ["id"], "batch_rows": 1_000})
    with DatabaseSource(target, settings, stream) as source:
        rows = 0
        for chunk in source.chunks():
            rows += chunk.frame.height
            time.sleep(0.3)
    assert rows == 5_000


@pytest.mark.parametrize("path", ["postgresql", "arrow", "mariadb", "sqlite"])
def test_the_gateway_cannot_write(path, request):
    lab = request.getfixturevalue(f"{path}_lab")
    lab.run("CREATE TABLE t (id BIGINT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    with lab.source("t", ["id"]) as opened:
        statement = "DELETE FROM t"
        with pytest.raises((sa.exc.DBAPIError, pymysql.err.OperationalError)):
            if lab.dialect == "mariadb":
                with opened._session._driver.cursor() as cursor:
                    cursor.execute(statement)
            else:
                opened._session.connection.exec_driver_sql(statement)
    assert [chunk.frame.height for chunk in lab.read(lab.source("t", ["id"]))] == [1]


def test_leaving_early_closes_everything_at_once(lab):
    lab.run("CREATE TABLE t (id BIGINT PRIMARY KEY, mc VARCHAR(700))")
    lab.run("INSERT INTO t VALUES (:i, :m)", rows=[{"i": n, "m": "泥" * 200} for n in range(20_000)])
    before = threading.active_count()
    begun = time.monotonic()
    with lab.source("t", ["id"], batch_rows=100) as opened:
        chunks = opened.chunks()
        next(chunks)
        chunks.close()
    assert time.monotonic() - begun < 10
    assert threading.active_count() <= before + 1
    assert len(lab.read(lab.source("t", ["id"], batch_rows=20_000))) == 1


HOSTILE = [
    't"; DROP TABLE t; --',
    "t' OR '1'='1",
    "t`; DROP TABLE t; #",
    "t/*",
    "t\\",
    "%s",
    ":x",
    "t) UNION SELECT 1 --",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_looked_up_and_never_run(lab, name):
    lab.run("CREATE TABLE t (id BIGINT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    stream = SqlStream.model_construct(
        table="t", key=(name,), changed_at=None, overlap=timedelta(0), batch_rows=10, children={}
    )
    for made in (
        stream,
        stream.model_copy(update={"table": name.replace(".", ""), "key": ("id",)}),
        stream.model_copy(update={"key": ("id",), "changed_at": name}),
    ):
        source = DatabaseSource(
            Target("320000", "certificate", lab.url, lab.arrow_uri), SqlSource(type="sql", connection="x"), made
        )
        with pytest.raises(Misconfigured, match=r"ECQS-201[12]"):
            enter(source)
    assert [chunk.frame.height for chunk in lab.read(lab.source("t", ["id"]))] == [1]


def test_hostile_values_are_bound(lab):
    lab.run(
        "CREATE TABLE t (id VARCHAR(60) PRIMARY KEY, gxsj VARCHAR(60))",
        "CREATE TABLE c (pid VARCHAR(60), mc VARCHAR(9))",
    )
    rows = [{"i": name, "g": f"2026-11-01 10:00:0{n}"} for n, name in enumerate(HOSTILE)]
    lab.run("INSERT INTO t VALUES (:i, :g)", rows=rows)
    lab.run("INSERT INTO c VALUES (:i, 'x')", rows=[{"i": name} for name in HOSTILE])
    child = {"c": {"table": "c", "parent_key": ["pid"], "key": ["id"]}}
    chunks = lab.read(lab.source("t", ["id"], now=NOW, changed_at="gxsj", children=child, batch_rows=3))
    assert lab.column(chunks, "id") == HOSTILE
    assert sorted(value for chunk in chunks for value in chunk.children["c"].frame["pid"]) == sorted(HOSTILE)


def test_odd_names_that_do_exist_are_read(lab):
    name = 'a"b c%s :x'
    quoted = f"`{name}`" if lab.dialect == "mariadb" else '"' + name.replace('"', '""') + '"'
    with lab.engine.begin() as connection:
        for statement in (f"CREATE TABLE {quoted} ({quoted} BIGINT PRIMARY KEY)", f"INSERT INTO {quoted} VALUES (7)"):
            connection.exec_driver_sql(statement.replace("%", "%%") if lab.dialect != "sqlite" else statement)
    stream = SqlStream.model_construct(
        table=name, key=(name,), changed_at=None, overlap=timedelta(0), batch_rows=10, children={}
    )
    source = DatabaseSource(
        Target("320000", "certificate", lab.url, lab.arrow_uri), SqlSource(type="sql", connection="x"), stream
    )
    assert lab.column(enter(source), name) == [7]
