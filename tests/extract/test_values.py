"""Values of every type arrive alike on every path; what cannot be read is named and harms no other row."""

# ruff: noqa: DTZ001 - sources write times without a zone

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pymysql
import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Terminal
from ecqs_gateway.extract.readers import SqliteReader


def test_both_paths_of_postgresql_give_the_same_frame(postgresql_lab, arrow_lab):
    postgresql_lab.run(
        "CREATE TYPE zt AS ENUM ('有效', '注销')",
        """CREATE TABLE t (
            id INT PRIMARY KEY, s SMALLINT, b BIGINT, r REAL, d DOUBLE PRECISION, n NUMERIC(20, 6), m MONEY, t TEXT,
            v VARCHAR(20), c CHAR(6), bo BOOLEAN, da DATE, ti TIME, ts TIMESTAMP, tz TIMESTAMPTZ, iv INTERVAL, u UUID,
            j JSON, jb JSONB, ip INET, ia INT[], ta TEXT[], by BYTEA, e zt, x XML,
            na NAME, bi BIT(3), "奇%怪:名""字" TEXT)""",
        """INSERT INTO t VALUES (1, 2, 9007199254740993, 1.5, 0.1, 12345678901234.567890, 12.3,
            '甲&乙', '(苏)XK08', 'ab', true,
            '2024-02-29', '10:30', '2024-02-29 10:30:00.123456', '2024-02-29 10:30:00.123456+08', '1 day 2 hours',
            '6f0a1c9e-0000-4000-8000-000000000001',
            '{"a": 1}', '{"b": [1, 2]}', '10.0.0.1', '{1,2}', '{甲,乙}', '\\x00ff',
            '有效', '<a/>', 'n', '101', '值')""",
        "INSERT INTO t (id) VALUES (2)",
    )
    rows, arrows = (lab.read(lab.source("t", ["id"]))[0] for lab in (postgresql_lab, arrow_lab))
    assert rows.frame.schema == arrows.frame.schema
    assert rows.frame.equals(arrows.frame)
    first = rows.frame.row(0, named=True)
    assert (first["n"], first["b"], first["c"], first["u"]) == (
        "12345678901234.567890", 9007199254740993, "ab", "6f0a1c9e-0000-4000-8000-000000000001",
    )  # fmt: skip
    assert (first["da"], first["ts"]) == (date(2024, 2, 29), datetime(2024, 2, 29, 10, 30, 0, 123456))
    assert (first["ia"], first["ta"], first["j"], first["e"]) == ("{1,2}", "{甲,乙}", '{"a": 1}', "有效")
    assert (first["by"], first['奇%怪:名"字'], first["iv"]) == (b"\x00\xff", "值", "1 day 02:00:00")
    assert set(rows.frame.row(1)[1:]) == {None}
    postgresql_lab.run("DROP TABLE t", "DROP TYPE zt")


def test_days_outside_the_calendar_become_bad_cells_on_both_paths_of_postgresql(postgresql_lab, arrow_lab):
    postgresql_lab.run(
        "CREATE TABLE t (id INT PRIMARY KEY, yxqz DATE, gxsj TIMESTAMP, tz TIMESTAMPTZ)",
        "INSERT INTO t VALUES (1, '2030-01-01', '2024-01-01', '2024-01-01 00:00+08'), "
        "(2, 'infinity', '2024-01-02', '-infinity'), "
        "(3, '0044-03-15 BC', 'infinity', NULL), (4, '9999-12-31', '2024-01-03', NULL), (5, '10000-01-01', NULL, NULL)",
    )
    for lab in (postgresql_lab, arrow_lab):
        (chunk,) = lab.read(lab.source("t", ["id"]))
        assert chunk.frame["yxqz"].to_list() == [date(2030, 1, 1), None, None, date(9999, 12, 31), None]
        assert list(chunk.bad_cells.select("__row", "column").iter_rows()) == [
            (1, "yxqz"), (1, "tz"), (2, "yxqz"), (2, "gxsj"), (4, "yxqz"),
        ] or sorted(chunk.bad_cells.select("__row", "column").iter_rows()) == [
            (1, "tz"), (1, "yxqz"), (2, "gxsj"), (2, "yxqz"), (4, "yxqz"),
        ]  # fmt: skip


def test_rows_with_a_bad_cell_in_a_used_column_are_set_aside_and_the_others_stay(postgresql_lab):
    postgresql_lab.run(
        "CREATE TABLE t (id INT PRIMARY KEY, yxqz DATE, bz DATE)",
        "INSERT INTO t VALUES (1, 'infinity', NULL), (2, '2030-01-01', 'infinity'), (3, '2030-01-02', NULL), "
        "(4, 'infinity', 'infinity')",
    )
    (chunk,) = postgresql_lab.read(postgresql_lab.source("t", ["id"]))
    kept = chunk.set_aside({"id", "yxqz"})
    assert kept.frame["id"].to_list() == [2, 3]
    assert kept.unreadable["key"].to_list() == ["id=1", "id=4"]
    assert kept.unreadable["__file"].to_list() == ["t", "t"]
    assert kept.unreadable["reason"].str.contains("yxqz").all()
    assert kept.bad_cells.rows() == [(0, "bz", "不是公历 1 至 9999 年间的时间")] or kept.bad_cells[
        "__row"
    ].to_list() == [0]
    assert chunk.set_aside().frame["id"].to_list() == [3]
    assert chunk.set_aside(set()).frame.height == 4


def test_mariadb_gives_natural_types_and_no_day_for_its_zero_dates(mariadb_lab):
    mariadb_lab.run(
        """CREATE TABLE t (id INT PRIMARY KEY, ti TINYINT(1), bu BIGINT UNSIGNED, n DECIMAL(20, 6), d DOUBLE, f FLOAT,
            da DATE, dt DATETIME(6), ts TIMESTAMP NULL, tm TIME, ye YEAR, j JSON, e ENUM('有效', '注销'),
            bi BIT(3), bl BLOB,
            t TEXT, u UUID)""",
        "SET SESSION time_zone = '+08:00'",
        """INSERT INTO t VALUES (1, 1, 18446744073709551615, 12345678901234.567890, 0.1, 1.5, '2024-02-29',
            '2024-02-29 10:30:00.123456', '2024-02-29 10:30:00', '10:30:00', 2024, '{"a": 1}', '有效', b'101', x'00ff',
            '甲&乙😀', '6f0a1c9e-0000-4000-8000-000000000001')""",
        "INSERT INTO t (id) VALUES (2)",
        "SET SESSION sql_mode = ''",
        "INSERT INTO t (id, da, dt) VALUES (3, '0000-00-00', '0000-00-00 00:00:00')",
    )
    (chunk,) = mariadb_lab.read(mariadb_lab.source("t", ["id"]))
    assert chunk.bad_cells.is_empty()
    assert chunk.frame.row(0, named=True) == {
        "id": 1, "ti": 1, "bu": 18446744073709551615, "n": "12345678901234.567890", "d": 0.1, "f": 1.5,
        "da": date(2024, 2, 29), "dt": datetime(2024, 2, 29, 10, 30, 0, 123456), "ts": datetime(2024, 2, 29, 10, 30),
        "tm": "10:30:00", "ye": "2024", "j": '{"a": 1}', "e": "有效", "bi": "5", "bl": b"\x00\xff", "t": "甲&乙😀",
        "u": "6f0a1c9e-0000-4000-8000-000000000001",
    }  # fmt: skip
    assert set(chunk.frame.row(1)[1:]) == set(chunk.frame.row(2)[1:]) == {None}


def test_impossible_days_of_mariadb_are_bad_cells(mariadb_lab):
    mariadb_lab.run(
        "CREATE TABLE t (id INT PRIMARY KEY, fzrq DATE)",
        "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'",
        "INSERT INTO t VALUES (1, '2024-02-30'), (2, '2024-02-29'), (3, '2024-05-00')",
    )
    (chunk,) = mariadb_lab.read(mariadb_lab.source("t", ["id"]))
    assert chunk.frame["fzrq"].to_list() == [None, date(2024, 2, 29), None]
    assert chunk.bad_cells["__row"].to_list() == [0, 2]


def test_text_of_other_character_sets_is_read_as_stored_and_illegal_bytes_cost_one_cell(mariadb_lab):
    mariadb_lab.run(
        "CREATE TABLE t (id INT PRIMARY KEY, g VARCHAR(20) CHARACTER SET gbk, l VARCHAR(20) CHARACTER SET latin1, "
        "b VARCHAR(20) CHARACTER SET big5)",
        "INSERT INTO t VALUES (1, '水泥', 'é', '水泥')",
    )
    raw = pymysql.connect(
        host=mariadb_lab.url.host, user=mariadb_lab.url.username, database=mariadb_lab.url.database, charset="latin1"
    )
    with raw.cursor() as cursor:
        # The way such bytes get in: a client that says GBK and sends what is none, checked by nobody.
        cursor.execute("SET sql_mode = ''")
        cursor.execute("ALTER TABLE t MODIFY g VARBINARY(40)")
        cursor.execute("INSERT INTO t VALUES (2, x'B1B1A3FF', 'x', 'x')")
        cursor.execute("SET foreign_key_checks = 0")
    raw.commit()
    raw.close()
    mariadb_lab.run("CREATE TABLE u LIKE t", "ALTER TABLE u MODIFY g VARCHAR(20) CHARACTER SET gbk")
    with pytest.raises(sa.exc.DBAPIError):
        mariadb_lab.run("INSERT INTO u SELECT * FROM t")  # the server refuses them today; old tables still hold them
    mariadb_lab.run("ALTER TABLE t ADD q VARCHAR(20) CHARACTER SET gbk", "UPDATE t SET q = '北京'")
    (chunk,) = mariadb_lab.read(mariadb_lab.source("t", ["id"]))
    assert chunk.frame["q"].to_list() == ["北京", "北京"]
    assert chunk.frame["l"].to_list() == ["é", "x"]
    assert chunk.frame["b"].to_list() == ["水泥", "x"]
    assert chunk.bad_cells.is_empty()


def test_illegal_bytes_in_sqlite_cost_one_cell(sqlite_lab):
    sqlite_lab.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, qymc TEXT)",
        "INSERT INTO t VALUES (1, '好'), (2, CAST(x'B1B1A3' AS TEXT)), (3, '好')",
    )
    (chunk,) = sqlite_lab.read(sqlite_lab.source("t", ["id"]))
    assert chunk.frame["qymc"].to_list()[::2] == ["好", "好"]
    assert "\ufffd" in chunk.frame["qymc"][1]
    assert chunk.bad_cells.rows() == [(1, "qymc", "含有不能按 utf-8 解码的字节")]


def test_illegal_bytes_in_a_postgresql_database_without_encoding_cost_one_cell(postgresql_database):
    admin = sa.create_engine(postgresql_database, isolation_level="AUTOCOMMIT")
    name = f"{postgresql_database.database}_ascii"
    with admin.connect() as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
    url = postgresql_database.set(database=name)
    try:
        engine = sa.create_engine(url, connect_args={"client_encoding": "utf8"})
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY, qymc VARCHAR(20))")
            connection.exec_driver_sql("INSERT INTO t VALUES (1, '好'), (2, E'\\xB1\\xB1\\xA3')")
        engine.dispose()
        frame, bad = _read_plain(url)
        assert frame["qymc"][0] == "好"
        assert "\ufffd" in frame["qymc"][1]
        assert bad["__row"].to_list() == [1]
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def _read_plain(url):
    from ecqs_gateway.content.models import SqlSource, SqlStream
    from ecqs_gateway.extract.sql import DatabaseSource, Target

    arrow = url.set(drivername="postgresql").render_as_string(hide_password=False)
    stream = SqlStream.model_validate({"table": "t", "key": ["id"]})
    with DatabaseSource(
        Target("320000", "certificate", url, arrow), SqlSource(type="sql", connection="x"), stream
    ) as source:
        (chunk,) = source.chunks()
    return chunk.frame, chunk.bad_cells


def test_sqlite_cells_of_another_type_than_their_column_are_named(sqlite_lab):
    sqlite_lab.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, r REAL, s TEXT, d NUMERIC, b BLOB)",
        "INSERT INTO t VALUES (1, 5, 1.5, 'x', 12.50, x'00'), (2, 'viele', 'x', x'e5a5bd', 'keine', 'y'), "
        "(3, NULL, NULL, NULL, NULL, NULL)",
    )
    (chunk,) = sqlite_lab.read(sqlite_lab.source("t", ["id"]))
    assert chunk.frame.schema["n"] == pl.Int64
    assert chunk.frame.rows() == [
        (1, 5, 1.5, "x", "12.5", b"\x00"),
        (2, None, None, "好", "keine", b"y"),
        (3, *[None] * 5),
    ]
    assert list(chunk.bad_cells.select("__row", "column").iter_rows()) == [(1, "n"), (1, "r")]


def test_numbers_of_single_precision_are_read_as_they_were_written(lab):
    single = {"mariadb": "FLOAT", "sqlite": "DOUBLE"}.get(lab.dialect, "REAL")
    written = [1234.56, 1234567.8, 0.1, 99999.99, -16777216.0, 1e-30, None, 3.25]
    lab.run(f"CREATE TABLE t (id BIGINT PRIMARY KEY, je {single})", f"CREATE TABLE c (tid BIGINT, je {single})")
    rows = [{"i": n, "j": each} for n, each in enumerate(written)]
    lab.run("INSERT INTO t VALUES (:i, :j)", rows=rows)
    lab.run("INSERT INTO c VALUES (:i, :j)", rows=rows)
    child = {"cp": {"table": "c", "parent_key": ["tid"], "key": ["id"]}}
    (chunk,) = lab.read(lab.source("t", ["id"], children=child))
    for frame in (chunk.frame, chunk.children["cp"].frame):
        assert frame.schema["je"] == pl.Float64
        assert frame["je"].to_list() == written


def test_types_never_change_from_chunk_to_chunk(lab):
    lab.run(
        f"CREATE TABLE t (id BIGINT PRIMARY KEY, a VARCHAR(9), n DECIMAL(9, 2), d DATE, g {lab.time})",
        "INSERT INTO t VALUES (1, NULL, NULL, NULL, NULL), (2, 'x', 1.5, '2024-01-05', '2024-01-05 10:00:00')",
    )
    first, second = lab.read(lab.source("t", ["id"], batch_rows=1))
    assert first.frame.schema == second.frame.schema
    assert second.frame["n"].to_list() == ["1.50" if lab.dialect != "sqlite" else "1.5"]


def test_bad_cells_of_child_rows_are_named_under_their_parents(postgresql_lab, arrow_lab):
    postgresql_lab.run(
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "CREATE TABLE c (tid INT, d DATE)",
        "INSERT INTO t VALUES (1), (2), (3)",
        "INSERT INTO c VALUES (1, '2024-01-05'), (3, 'infinity')",
    )
    for lab in (postgresql_lab, arrow_lab):
        child = {"cp": {"table": "c", "parent_key": ["tid"], "key": ["id"]}}
        (chunk,) = lab.read(lab.source("t", ["id"], children=child))
        assert list(chunk.bad_cells.select("__row", "column").iter_rows()) == [(2, "cp.d")]
        assert chunk.set_aside({"cp.d"}).frame["id"].to_list() == [1, 2]


def test_a_view_over_a_table_of_another_character_set_is_read_like_the_table(mariadb_lab):
    mariadb_lab.run(
        "CREATE TABLE t (id INT PRIMARY KEY, mc VARCHAR(20), u VARCHAR(20) CHARACTER SET utf16, je DECIMAL(9,2)) "
        "CHARACTER SET gbk",
        "INSERT INTO t VALUES (1, '远山水泥', '甲', 12.30)",
        "CREATE VIEW v AS SELECT id, mc, u, je, CONCAT(mc, '厂') AS both_ FROM t",
    )
    for name in ("t", "v"):
        (chunk,) = mariadb_lab.read(mariadb_lab.source(name, ["id"]))
        assert chunk.bad_cells.is_empty()
        assert chunk.frame.select("mc", "u", "je").row(0) == ("远山水泥", "甲", "12.30"), name
    assert chunk.frame["both_"][0] == "远山水泥厂"


@pytest.mark.parametrize("charset", ["gbk", "big5", "utf8mb4", "utf16"])
def test_pages_go_on_behind_a_key_in_the_character_set_of_its_column(mariadb_lab, charset):
    keys = [f"许{n:02d}" if charset == "gbk" else f"北{n:02d}" for n in range(7)]
    mariadb_lab.run(
        f"CREATE TABLE t (zsbh VARCHAR(20) PRIMARY KEY) CHARACTER SET {charset}",
        f"CREATE TABLE c (zsbh VARCHAR(20), xh INT, KEY (zsbh)) CHARACTER SET {charset}",
    )
    mariadb_lab.run("INSERT INTO t VALUES (:k)", rows=[{"k": key} for key in keys])
    mariadb_lab.run("INSERT INTO c VALUES (:k, 1)", rows=[{"k": key} for key in keys])
    child = {"c": {"table": "c", "parent_key": ["zsbh"], "key": ["zsbh"], "order_by": ["xh"]}}
    chunks = mariadb_lab.read(mariadb_lab.source("t", ["zsbh"], batch_rows=2, children=child))
    assert sorted(key for chunk in chunks for key in chunk.frame["zsbh"]) == sorted(keys)
    assert sorted(key for chunk in chunks for key in chunk.children["c"].frame["zsbh"]) == sorted(keys)


def test_a_key_of_illegal_bytes_at_a_page_border_is_named(sqlite_lab, monkeypatch):
    sqlite_lab.run("CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY)")
    sqlite_lab.run("INSERT INTO t VALUES ('a'), (CAST(x'B1FF' AS TEXT)), ('b')")
    sqlite_lab.run("CREATE TABLE c (id TEXT, xh INTEGER)")
    child = {"c": {"table": "c", "parent_key": ["id"], "key": ["id"], "order_by": ["xh"]}}
    monkeypatch.setattr(SqliteReader, "several", False)  # as drivers that read one result at a time
    with pytest.raises(Terminal, match=r"ECQS-2083.*id holds bytes that are no text in utf-8 \(x'b1ff'\)"):
        sqlite_lab.read(sqlite_lab.source("t", ["id"], batch_rows=1, children=child))


def test_illegal_bytes_in_sqlite_cost_one_cell_where_child_rows_are_read_in_between(sqlite_lab):
    sqlite_lab.run(
        "CREATE TABLE t (id DECIMAL(9,1) PRIMARY KEY, qymc TEXT)",
        "CREATE TABLE c (pid DECIMAL(9,1), xh INTEGER, mc TEXT)",
        "CREATE INDEX c_pid ON c (pid)",
        "INSERT INTO t VALUES (1.5, '好'), (2, '好'), (3, CAST(x'B1B1A3' AS TEXT)), (4, '好')",
        "INSERT INTO c VALUES (1.5, 1, '水泥'), (3, 1, CAST(x'FF' AS TEXT)), (4, 1, '电线')",
    )
    child = {"c": {"table": "c", "parent_key": ["pid"], "key": ["id"], "order_by": ["xh"]}}
    chunks = sqlite_lab.read(sqlite_lab.source("t", ["id"], batch_rows=1, children=child))
    assert [chunk.frame["qymc"][0] for chunk in chunks] == ["好", "好", "\ufffd" * 3, "好"]
    assert [chunk.children["c"].frame.height for chunk in chunks] == [1, 0, 1, 1]
    assert [chunk.bad_cells["column"].to_list() for chunk in chunks] == [[], [], ["qymc", "c.mc"], []]
