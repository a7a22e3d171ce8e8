"""Writing the national list back to a province: a table in one transaction, or a file that is replaced as a whole.

In the table only rows that differ are touched, so that a province's own triggers and change times mean something; rows
the list does not have are deleted. This is the one place where the gateway writes to a province's database, through an
account of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError

from ecqs_gateway.content.models import InspectorFile, InspectorTable
from ecqs_gateway.doors import workbook
from ecqs_gateway.doors.clock import now
from ecqs_gateway.doors.connections import Connection, folder, sqlalchemy_url
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal, Transient

__all__ = ["columns_of", "target_name", "write_file", "write_table"]

_WAIT_SECONDS = 20
"""Longest wait for somebody else's lock on the table."""
_MARK = "__there"
_LOCKED = ("lock", "busy", "timeout", "deadlock")


def target_name(target: InspectorTable | InspectorFile) -> str:
    """Name the table or file for people."""
    return target.table if isinstance(target, InspectorTable) else target.file


def columns_of(target: InspectorTable | InspectorFile, entries: pl.DataFrame) -> pl.DataFrame:
    """Give the list in the columns the connector asks for, all text but ``version``."""
    return entries.select(pl.col(name).alias(column) for column, name in target.columns.items())


def write_file(target: InspectorFile, found: Connection, entries: pl.DataFrame) -> dict[str, int]:
    """Write a CSV or XLSX file under another name and rename it into place; give the number of entries.

    Cells a spreadsheet program would take for a formula get an apostrophe in front. Raises Misconfigured ECQS-1087,
    ECQS-7130 for a name the encoding does not have, Terminal ECQS-3001 where it cannot be written.
    """
    rows = columns_of(target, entries).with_columns(pl.all().cast(pl.String))
    place = folder(found) / target.file
    if target.format == "xlsx":
        titles = tuple(workbook.Column(name, 20) for name in rows.columns)
        write_atomic(place, workbook.write_book([workbook.Sheet("核查人员名录", titles, rows.rows())], made=now()))
        return {"entries": rows.height}
    dangerous = pl.any_horizontal(pl.all().str.contains(r"^[=+\-@\t\r\n＝＋－＠]").any())
    if rows.height and rows.select(dangerous).item():
        rows = rows.with_columns(
            pl.when(pl.col(name).str.contains(r"^[=+\-@\t\r\n＝＋－＠]")).then(pl.lit("'") + pl.col(name))
            .otherwise(pl.col(name)).alias(name)
            for name in rows.columns
        )  # fmt: skip
    text = rows.write_csv(quote_style="necessary", line_terminator="\r\n")
    try:
        data = text.encode(target.encoding)
    except UnicodeEncodeError:
        hint = "take gb18030 or utf-8, which have every character"
        what = f"{target.encoding} cannot hold a name of the list"
        raise Misconfigured("ECQS-7130", what, where=target.file, hint=hint) from None
    write_atomic(place, data)
    return {"entries": rows.height}


def write_table(target: InspectorTable, found: Connection, entries: pl.DataFrame) -> dict[str, int]:
    """Make the table say what the list says, in one transaction; give entries, inserted, updated and deleted rows.

    Raises Misconfigured ECQS-7131 without the table, 7132 where it lacks a column, Transient ECQS-7133 while it is
    locked or the database does not answer, Terminal ECQS-7134 where the database refuses the rows.
    """
    url = sqlalchemy_url(found)
    engine = sa.create_engine(url, hide_parameters=True, poolclass=sa.NullPool, connect_args=_patience(url))
    try:
        with engine.begin() as connection:
            _limit(connection)
            return _replace(connection, target, columns_of(target, entries))
    except DBAPIError as error:
        raise _explained(error, target) from None
    except NoSuchTableError:
        raise _no_table(target) from None
    except SQLAlchemyError as error:
        what = f"the rows cannot be written ({type(error).__name__})"
        raise Terminal("ECQS-7134", what, where=target.table, hint=_SHAPE) from None
    finally:
        engine.dispose()


def _patience(url: sa.URL) -> dict[str, Any]:
    return {"timeout": _WAIT_SECONDS} if url.get_backend_name() == "sqlite" else {"connect_timeout": _WAIT_SECONDS}


def _limit(connection: sa.Connection) -> None:
    """Bound the wait for locks; SQLite takes its write lock here, so that what is compared is what is changed."""
    name = connection.dialect.name
    if name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'")
    elif name in {"mysql", "mariadb"}:
        connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {_WAIT_SECONDS}")
        connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {_WAIT_SECONDS}")
    elif name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _replace(connection: sa.Connection, target: InspectorTable, wanted: pl.DataFrame) -> dict[str, int]:
    table = _reflected(connection, target)
    key = next(column for column, name in target.columns.items() if name == "number")
    columns = [table.c[name] for name in target.columns]
    rows = connection.execute(sa.select(*columns)).all()
    texts = [tuple(None if value is None else str(value) for value in row) for row in rows]
    there = pl.DataFrame(texts, schema=dict.fromkeys(wanted.columns, pl.String()), orient="row")
    wanted = wanted.select(_fitting(pl.col(column.name), column.type) for column in columns)
    new, changed, gone = _compared(wanted, there, key)
    if gone:
        leave = sa.delete(table).where(table.c[key] == sa.bindparam("gone_key"))
        connection.execute(leave, [{"gone_key": number} for number in gone])
    if changed.height:
        values: dict[str, sa.BindParameter[Any]] = {
            name: sa.bindparam(f"v_{place}") for place, name in enumerate(changed.columns)
        }
        change = sa.update(table).where(table.c[key] == sa.bindparam("changed_key")).values(values)
        connection.execute(change, [_bound(row, key) for row in changed.to_dicts()])
    if new.height:
        connection.execute(table.insert(), new.to_dicts())
    return {"entries": wanted.height, "inserted": new.height, "updated": changed.height, "deleted": len(gone)}


def _bound(row: Mapping[str, object], key: str) -> dict[str, object]:
    return {"changed_key": row[key], **{f"v_{place}": value for place, value in enumerate(row.values())}}


def _compared(
    wanted: pl.DataFrame, there: pl.DataFrame, key: str
) -> tuple[pl.DataFrame, pl.DataFrame, list[str | None]]:
    """Give rows to insert and to update, and keys to delete; a key that stands there twice is made anew."""
    twice = there.filter(pl.col(key).is_duplicated())[key].unique().implode()
    known = there.filter(~pl.col(key).is_in(twice)).with_columns(pl.lit(value=True).alias(_MARK))
    joined = wanted.join(known, on=key, how="left", suffix="\0")
    others = [name for name in wanted.columns if name != key]
    # A CHAR column gives its blanks back, a DATE column its own spelling: both are compared as the text they are.
    differs = pl.any_horizontal(
        [~_text(joined, name).eq_missing(pl.col(f"{name}\0").str.strip_chars_end()) for name in others]
        or [pl.lit(value=False)]
    )
    new = joined.filter(pl.col(_MARK).is_null()).select(wanted.columns)
    changed = joined.filter(pl.col(_MARK).is_not_null() & differs).select(wanted.columns)
    kept = wanted[key].implode()
    gone = there.filter(~pl.col(key).is_in(kept).fill_null(value=False) | pl.col(key).is_in(twice))[key].unique()
    return new, changed, gone.to_list()


def _fitting(value: pl.Expr, kind: sa.types.TypeEngine[Any]) -> pl.Expr:
    """Give a column of the list in the type its table column has."""
    if isinstance(kind, sa.DateTime):
        return value.cast(pl.String).str.slice(0, 10).str.to_date().cast(pl.Datetime("us"))
    if isinstance(kind, sa.Date):
        return value.cast(pl.String).str.slice(0, 10).str.to_date()
    return value.cast(pl.String) if isinstance(kind, sa.String) else value


def _text(frame: pl.DataFrame, name: str) -> pl.Expr:
    if isinstance(frame.schema[name], pl.Datetime):
        return pl.col(name).dt.to_string("%Y-%m-%d %H:%M:%S")
    return pl.col(name).cast(pl.String)


def _reflected(connection: sa.Connection, target: InspectorTable) -> sa.Table:
    """Describe the table by the names its database has; raises where it or a column is missing."""
    schema, _, name = target.table.rpartition(".")
    inspector = sa.inspect(connection)
    if not inspector.has_table(name, schema=schema or None):
        raise NoSuchTableError(target.table)
    known = {column["name"]: column["type"] for column in inspector.get_columns(name, schema=schema or None)}
    missing = [column for column in target.columns if column not in known]
    if missing:
        raise Misconfigured(
            "ECQS-7132",
            f"the table has no column {', '.join(missing)}",
            where=target.table,
            hint=f"add it to the table, or take it out of inspectors.columns; it has {', '.join(known)}",
        )
    columns = (sa.Column(sa.sql.quoted_name(column, quote=True), known[column]) for column in target.columns)
    return sa.Table(name, sa.MetaData(), *columns, schema=schema or None)


_SHAPE = "compare the columns' types and lengths with inspectors.columns of the connector"


def _no_table(target: InspectorTable) -> Misconfigured:
    hint = "ask the province to make it, and to let the account of this connection write it"
    return Misconfigured("ECQS-7131", "there is no such table, or it may not be seen", where=target.table, hint=hint)


def _explained(error: DBAPIError, target: InspectorTable) -> GatewayError:
    """Tell what may pass from what needs a person; a driver's own message may quote a row, so it is not shown."""
    name = type(error.orig).__name__
    text = str(error.orig).lower()
    passing = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or any(w in text for w in _LOCKED)
    if passing and "readonly" not in text and "denied" not in text:
        hint = "the list is kept, and the next run writes it; look for who holds the table"
        return Transient("ECQS-7133", f"the table is locked or does not answer ({name})", where=target.table, hint=hint)
    return Terminal("ECQS-7134", f"the database refuses the rows ({name})", where=target.table, hint=_SHAPE)
