from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, oracle, postgresql, sqlite

from ecqs_gateway.content.models import ConnectorFile
from ecqs_gateway.content.models_sources import SourceFile, column_dtype, observed_text
from ecqs_gateway.doors.connections import Connection
from ecqs_gateway.extract import catalogue
from ecqs_gateway.extract.decode import dtype_of
from ecqs_gateway.extract.source import describe

TYPES: list[tuple[object, object]] = [
    (dialect, kind)
    for dialect, kinds in (
        (postgresql, [
            postgresql.VARCHAR(20), postgresql.TEXT(), postgresql.CHAR(6), postgresql.INTEGER(), postgresql.BIGINT(),
            postgresql.SMALLINT(), postgresql.NUMERIC(18, 2), postgresql.DOUBLE_PRECISION(), postgresql.REAL(),
            postgresql.DATE(), postgresql.TIMESTAMP(), postgresql.TIMESTAMP(timezone=True), postgresql.BOOLEAN(),
            postgresql.BYTEA(), postgresql.UUID(), postgresql.JSONB(), postgresql.TIME(), postgresql.INTERVAL(),
            postgresql.ARRAY(postgresql.VARCHAR()),
        ]),
        (mysql, [
            mysql.VARCHAR(20), mysql.LONGTEXT(), mysql.INTEGER(), mysql.BIGINT(unsigned=True), mysql.TINYINT(1),
            mysql.MEDIUMINT(), mysql.DECIMAL(18, 2), mysql.DOUBLE(), mysql.FLOAT(), mysql.DATE(), mysql.DATETIME(fsp=6),
            mysql.TIMESTAMP(), mysql.LONGBLOB(), mysql.VARBINARY(8), mysql.TIME(), mysql.JSON(), mysql.ENUM("a"),
        ]),
        (sqlite, [
            sqlite.VARCHAR(20), sqlite.TEXT(), sqlite.INTEGER(), sqlite.BOOLEAN(), sqlite.DATE(), sqlite.DATETIME(),
            sqlite.TIMESTAMP(), sqlite.NUMERIC(), sqlite.REAL(), sqlite.BLOB(), sqlite.FLOAT(),
        ]),
        (oracle, [oracle.VARCHAR2(20), oracle.DATE(), oracle.BLOB(), oracle.CLOB(), oracle.TIMESTAMP()]),
    )
    for kind in kinds
]  # fmt: skip


@pytest.mark.parametrize(("module", "kind"), TYPES, ids=lambda value: repr(value)[:40])
def test_the_words_of_a_source_give_the_type_its_columns_are_read_as(module, kind) -> None:
    from zoneinfo import ZoneInfo

    dialect = module.dialect()
    words = catalogue._type_text(kind, dialect)
    read_as = dtype_of(catalogue._kind(kind, dialect.name), ZoneInfo("Asia/Shanghai"))
    assert column_dtype(words, dialect.name) == read_as, words


def test_columns_without_a_type_are_text() -> None:
    assert column_dtype("", "sqlite") == pl.String()
    assert column_dtype("GEOMETRY", "postgresql") == pl.String()
    assert column_dtype("POINT", "mysql") == pl.String()


def test_what_extraction_describes_can_be_loaded(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE T (ID INTEGER PRIMARY KEY, QYMC VARCHAR(20), GX TEXT)"))
        connection.execute(sa.text("CREATE TABLE C (ID INTEGER, XH INTEGER)"))
    engine.dispose()
    child = {"table": "C", "parent_key": ["ID"], "key": ["ID"]}
    connector = ConnectorFile.model_validate({
        "version": 1, "unit": "320000", "owner": "甲", "source": {"type": "sql", "connection": "x"},
        "streams": {"certificate": {"table": "T", "key": ["ID"], "children": {"c": child}}},
    })  # fmt: skip
    described = describe(connector, Connection("x", "sqlite", schema=str(tmp_path / "x.db")))
    found = SourceFile.model_validate(json.loads(observed_text(described)))
    table = found.table(connector.streams["certificate"])
    assert table is not None
    assert found.dtypes(table, "Asia/Shanghai") == {"ID": pl.Int64(), "QYMC": pl.String(), "GX": pl.String()}
    assert found.tables["C"].names == ("ID", "XH")
