"""Writing sample tables into a real database the fastest way each one offers.

PostgreSQL takes ``COPY``, MariaDB and MySQL ``LOAD DATA LOCAL`` where the server permits it, everything else inserts
of many rows. Only the sandbox writes to databases; the gateway itself never does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars import selectors
from sqlalchemy.dialects import mysql

__all__ = ["MYSQL_TIME", "append", "create", "refresh_statistics", "sandbox_engine"]

_INSERT_ROWS = 5_000
_NO_VALUE = "\ue000"
"""Stands for NULL in files for LOAD DATA: a private character no sample holds."""


def sandbox_engine(url: str | sa.URL) -> sa.Engine:
    """Open a database of the sandbox for writing; MariaDB is allowed to take local files."""
    parsed = sa.make_url(url)
    arguments: dict[str, Any] = {}
    if parsed.get_backend_name() in {"mysql", "mariadb"}:
        arguments = {"local_infile": True, "charset": "utf8mb4"}
    return sa.create_engine(parsed, connect_args=arguments, hide_parameters=True)


def create(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Drop and create the tables."""
    metadata.drop_all(engine)
    metadata.create_all(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # Readers of the nightly run and the writing province do not block each other.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def append(engine: sa.Engine, table: sa.Table, frames: Iterable[pl.DataFrame]) -> int:
    """Add rows whose columns are named as the table's; returns how many."""
    rows = 0
    with engine.begin() as connection:
        for frame in frames:
            ordered = frame.select([column.name for column in table.columns])
            if engine.dialect.name == "postgresql":
                _copy(connection, table, ordered)
            elif engine.dialect.name in {"mysql", "mariadb"}:
                _load_data(connection, table, ordered)
            elif engine.dialect.name == "sqlite":
                _insert_sqlite(connection, table, ordered)
            else:
                _insert(connection, table, ordered)
            rows += frame.height
    return rows


def refresh_statistics(engine: sa.Engine, tables: Iterable[sa.Table]) -> None:
    """Let the database count its tables, so that its plans fit them."""
    word = "ANALYZE TABLE" if engine.dialect.name in {"mysql", "mariadb"} else "ANALYZE"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.exec_driver_sql(f"{word} {connection.dialect.identifier_preparer.format_table(table)}")


def _copy(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    preparer = connection.dialect.identifier_preparer
    columns = ", ".join(preparer.quote(name) for name in frame.columns)
    driver: Any = connection.connection.driver_connection
    with driver.cursor().copy(f"COPY {preparer.format_table(table)} ({columns}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(_csv(frame))


def _load_data(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    preparer = connection.dialect.identifier_preparer
    names = [preparer.quote(name) for name in frame.columns]
    # Every field is quoted, for LOAD DATA reads the bare word NULL as no value; what has no value bears a mark instead.
    columns = ", ".join(f"@v{i}" for i in range(len(names)))
    values = ", ".join(f"{name} = IF(@v{i} = '{_NO_VALUE}', NULL, @v{i})" for i, name in enumerate(names))
    texts = frame.select(pl.all().cast(pl.String).str.replace_all("\\", "\\\\", literal=True).fill_null(_NO_VALUE))
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        Path(file.name).write_bytes(texts.write_csv(None, include_header=False, quote_style="always").encode())
        connection.exec_driver_sql(
            f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE {preparer.format_table(table)} CHARACTER SET utf8mb4 "
            "FIELDS TERMINATED BY ',' ENCLOSED BY '\"' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' "
            f"({columns}) SET {values}"
        )


def _insert_sqlite(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Write as SQLAlchemy does, but without a parameter object per row: five times as fast."""
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.quote(name) for name in frame.columns)
    marks = ", ".join("?" for _ in frame.columns)
    plain = frame.with_columns(
        selectors.datetime().dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
        selectors.date().dt.strftime("%Y-%m-%d"),
        selectors.decimal().cast(pl.Float64),
    )
    driver: Any = connection.connection.driver_connection
    statement = f"INSERT INTO {preparer.format_table(table)} ({names}) VALUES ({marks})"  # noqa: S608  quoted names only
    for piece in plain.iter_slices(_INSERT_ROWS):
        driver.executemany(statement, piece.rows())


def _insert(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    for piece in frame.iter_slices(_INSERT_ROWS):
        connection.execute(table.insert(), piece.to_dicts())


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv(None, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f").encode()


MYSQL_TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""A time with microseconds everywhere; MariaDB keeps whole seconds unless told."""
