"""Moving whole frames into and out of the ledger's database, each dialect in its fast way.

PostgreSQL takes COPY, SQLite whole columns (``packed``); both inside the caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger.packed import insert_packed

__all__ = ["in_values", "insert_frame"]


def insert_frame(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Insert all rows of a frame; its columns are named like the table's, digests are hex text in ``pl.String``.

    Hex text goes into the table's binary columns as bytes.
    """
    if frame.is_empty():
        return
    driver = connection.dialect.loaded_dbapi
    try:
        _insert(connection, table, frame)
    except driver.IntegrityError:
        raise Conflict(
            "ECQS-3016",
            f"rows of this commit stand in the ledger's {table.name} already; nothing was written",
            hint="if the ledger was restored from a backup, compare it with headquarters before sending again",
        ) from None
    except driver.Error as error:
        # As SQLAlchemy's own, so that the ledger tells it like any other; without the values the driver may quote.
        raise sa.exc.OperationalError(f"INSERT INTO {table.name}", None, _without_values(error)) from None


def _without_values(error: Exception) -> Exception:
    if hasattr(error, "sqlstate"):  # one of PostgreSQL's
        return type(error)(error.sqlstate or "connection lost")
    return error


def _insert(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    binary = [c.name for c in table.columns if isinstance(c.type, sa.LargeBinary) and c.name in frame.columns]
    if connection.dialect.name == "postgresql":
        _copy(connection, table, frame.with_columns(pl.concat_str(pl.lit("\\x"), name).alias(name) for name in binary))
        return
    cursor: sqlite3.Cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
    try:
        insert_packed(cursor, table.name, frame, binary)
    finally:
        cursor.close()


def _copy(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    names = ", ".join(frame.columns)
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(frame.write_csv(include_header=False, quote_style="non_numeric", null_value="").encode())


def in_values(
    connection: sa.Connection, column: sa.ColumnElement[str], values: Iterable[str]
) -> sa.ColumnElement[bool]:
    """Give the condition "column is one of these texts" with one bound value, however many texts there are."""
    if connection.dialect.name == "postgresql":
        return column == sa.func.any(sa.cast(sa.bindparam("many", list(values)), sa.ARRAY(sa.Text)))
    many = sa.func.json_each(json.dumps(list(values), ensure_ascii=False)).table_valued("value")
    return column.in_(sa.select(many.c.value))
