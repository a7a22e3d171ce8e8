"""The national list written into real tables and files: what differs, what is refused, and in which words."""

from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from ecqs_gateway.content.models import InspectorFile, InspectorTable
from ecqs_gateway.doors.connections import Connection, from_json
from ecqs_gateway.doors.workbook import read_book
from ecqs_gateway.errors import Misconfigured, Terminal, Transient
from ecqs_gateway.inbound import inspector_target
from ecqs_gateway.inbound.inspector_target import write_file, write_table

COLUMNS = {"证书": "number", "姓名": "name", "日期": "issue_date", "时间": "status_date", "版本": "version"}
TABLE = InspectorTable(type="table", connection="x", table="名录表", columns=COLUMNS)


def entries(*rows: tuple[str, str, str, str | None], version: int = 3) -> pl.DataFrame:
    names = ("number", "name", "issue_date", "status_date")
    made = pl.DataFrame(list(rows), schema=dict.fromkeys(names, pl.String), orient="row")
    return made.with_columns(version=pl.lit(version, pl.Int64))


ONE = ("苏1", "梅示例", "2021-03-01", None)
TWO = ("苏2", "甄；'\"虚构", "2021-03-02", "2024-05-06")


def _connection(url: str) -> Connection:
    return from_json("x", json.dumps({"conn_type": "generic", "extra": {"sqlalchemy_url": url}}))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request, tmp_path: Path):
    """A URL, and the table in it with columns of real types."""
    local = f"sqlite:///{tmp_path}/p.sqlite"
    url = local if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_url")
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    table = sa.Table(
        TABLE.table, metadata,
        sa.Column("证书", sa.String(40), primary_key=True), sa.Column("姓名", sa.String(50)),
        sa.Column("日期", sa.Date), sa.Column("时间", sa.DateTime), sa.Column("版本", sa.String(10)),
        sa.Column("本地备注", sa.String(20)),
    )  # fmt: skip
    metadata.create_all(engine)
    yield url, engine, table
    engine.dispose()


def rows(engine: sa.Engine, table: sa.Table) -> list[tuple]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table).order_by(table.c["证书"]))]


def test_rows_are_inserted_updated_and_deleted_and_then_left_alone(database) -> None:
    url, engine, table = database
    found = _connection(url)
    assert write_table(TABLE, found, entries(ONE, TWO)) == {"entries": 2, "inserted": 2, "updated": 0, "deleted": 0}
    assert write_table(TABLE, found, entries(ONE, TWO))["updated"] == 0, "dates and times compare as they are stored"
    with engine.begin() as connection:
        connection.execute(table.update().values({"本地备注": "本地"}))
    changed = entries(("苏2", "甄虚构", "2021-03-02", None), ("苏3", "吴", "2021-03-03", None), version=4)
    assert write_table(TABLE, found, changed) == {"entries": 2, "inserted": 1, "updated": 1, "deleted": 1}
    assert rows(engine, table) == [
        ("苏2", "甄虚构", date(2021, 3, 2), None, "4", "本地"), ("苏3", "吴", date(2021, 3, 3), None, "4", None),
    ]  # fmt: skip
    assert write_table(TABLE, found, entries()) == {"entries": 0, "inserted": 0, "updated": 0, "deleted": 2}


def test_a_row_the_database_refuses_leaves_all_as_it_was(database) -> None:
    url, engine, table = database
    found = _connection(url)
    write_table(TABLE, found, entries(ONE))
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f'CREATE TRIGGER no BEFORE INSERT ON "{TABLE.table}" WHEN new."姓名" LIKE \'长%\''
                " BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
    with pytest.raises(Terminal) as refused:
        write_table(TABLE, found, entries(("苏1", "新", "2021-03-01", None), ("苏9", "长" * 60, "2021-03-01", None)))
    assert refused.value.code == "ECQS-7134"
    assert "长" not in str(refused.value)
    assert [row[1] for row in rows(engine, table)] == ["梅示例"]


def test_a_locked_table_is_waited_for_only_so_long(database, monkeypatch: pytest.MonkeyPatch) -> None:
    url, engine, table = database
    monkeypatch.setattr(inspector_target, "_WAIT_SECONDS", 1)
    write_table(TABLE, _connection(url), entries(ONE))
    held = engine.connect()
    if engine.dialect.name == "sqlite":
        held.exec_driver_sql("BEGIN EXCLUSIVE")
    else:
        held.execute(table.update().values({"本地备注": "锁"}))
    try:
        with pytest.raises(Transient) as locked:
            write_table(TABLE, _connection(url), entries(("苏1", "新", "2021-03-01", None)))
    finally:
        held.rollback()
        held.close()
    assert locked.value.code == "ECQS-7133"
    assert [row[1] for row in rows(engine, table)] == ["梅示例"]


def test_what_is_missing_is_named(database) -> None:
    url, _, _ = database
    wanted = TABLE.model_copy(update={"columns": {**COLUMNS, "缺": "unit", "也缺": "status"}})
    with pytest.raises(Misconfigured) as lacking:
        write_table(wanted, _connection(url), entries(ONE).with_columns(unit=pl.lit("1"), status=pl.lit("1")))
    assert lacking.value.code == "ECQS-7132"
    assert "缺, 也缺" in lacking.value.message
    assert "证书" in str(lacking.value.hint)
    with pytest.raises(Misconfigured) as absent:
        write_table(TABLE.model_copy(update={"table": "nichts"}), _connection(url), entries(ONE))
    assert absent.value.code == "ECQS-7131"


def test_a_key_that_stands_there_twice_is_made_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/p.sqlite"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n TEXT, x TEXT)")
        connection.exec_driver_sql("INSERT INTO t VALUES ('苏1', 'a'), ('苏1', 'b'), (NULL, 'c')")
    target = InspectorTable(type="table", connection="x", table="t", columns={"n": "number", "x": "name"})
    counts = write_table(target, _connection(url), entries(ONE))
    assert counts["inserted"] == 1
    with engine.connect() as connection:
        assert ("苏1", "梅示例") in connection.exec_driver_sql("SELECT * FROM t").fetchall()
        assert connection.exec_driver_sql("SELECT count(*) FROM t WHERE n = '苏1'").scalar() == 1
    engine.dispose()


def test_readers_see_the_old_list_or_the_new_one(tmp_path: Path) -> None:
    folder = Connection("x", "fs", extra={"path": str(tmp_path)})
    target = InspectorFile(type="file", connection="x", file="a/list.csv", format="csv", columns={"n": "number"})
    old, new = (entries(*[(f"{word}{n}", "甲", "2021-03-01", None) for n in range(3000)]) for word in "旧新")
    write_file(target, folder, old)
    seen, stop = set(), threading.Event()

    def read() -> None:
        while not stop.is_set():
            text = (tmp_path / "a/list.csv").read_text(encoding="utf-8")
            lines = text.splitlines()
            seen.add((len(lines), lines[1][0], lines[-1][0]))

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(10):
        write_file(target, folder, new if turn % 2 == 0 else old)
    stop.set()
    reader.join()
    assert seen <= {(3001, "旧", "旧"), (3001, "新", "新")}


def test_files_are_written_in_the_encoding_and_form_asked_for(tmp_path: Path) -> None:
    folder = Connection("x", "fs", extra={"path": str(tmp_path)})
    columns = {"证书": "number", "姓名": "name", "版本": "version"}
    rare = entries(("苏1", "=梅𠮷", "2021-03-01", None))
    csv = InspectorFile(type="file", connection="x", file="a.csv", format="csv", encoding="gb18030", columns=columns)
    assert write_file(csv, folder, rare) == {"entries": 1}
    assert (tmp_path / "a.csv").read_bytes().decode("gb18030") == "证书,姓名,版本\r\n苏1,'=梅𠮷,3\r\n"
    narrow = csv.model_copy(update={"encoding": "gbk"})
    with pytest.raises(Misconfigured) as raised:
        write_file(narrow, folder, rare)
    assert raised.value.code == "ECQS-7130"
    assert "𠮷" not in str(raised.value)
    xlsx = InspectorFile(type="file", connection="x", file="a.xlsx", format="xlsx", columns=columns)
    write_file(xlsx, folder, rare)
    [sheet] = read_book((tmp_path / "a.xlsx").read_bytes(), place="a.xlsx").values()
    assert sheet == [["证书", "姓名", "版本"], ["苏1", "'=梅𠮷", "3"]]


@pytest.mark.parametrize(
    "columns", [{"a": "name"}, {"a": "number", "b": "number"}, {}],
)  # fmt: skip
def test_a_target_must_say_which_column_is_the_number(columns) -> None:
    with pytest.raises(ValueError, match=r"number|at least"):
        InspectorFile(type="file", connection="x", file="a.csv", format="csv", columns=columns)


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.csv", "a/../../b.csv", "c:a.csv", "a\\b.csv"])
def test_a_file_stays_inside_its_folder(name: str) -> None:
    with pytest.raises(ValueError, match="inside the folder"):
        InspectorFile(type="file", connection="x", file=name, format="csv", columns={"a": "number"})
