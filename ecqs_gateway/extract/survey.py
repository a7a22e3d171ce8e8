"""A first look at a source nobody has described yet: its tables or files, some rows of each, how often values occur.

Bounded and read-only throughout: a few hundred rows of a table, short statements, one session a table, so that what
one table refuses (no right to read it, too slow) is a remark and does not hide the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from ecqs_gateway.content.models_connector import FileStream, HttpStream, TableName
from ecqs_gateway.doors.clock import now
from ecqs_gateway.errors import GatewayError, Transient
from ecqs_gateway.extract.catalogue import Column, Table, read_table, table_names
from ecqs_gateway.extract.describe import TableDescription, table_description
from ecqs_gateway.extract.problems import source_errors
from ecqs_gateway.extract.rows import joined
from ecqs_gateway.extract.sessions import Session, open_session
from ecqs_gateway.extract.statements import ChildQuery, Query, StreamQueries, bindable

__all__ = ["DatabaseSurvey", "ForeignKey", "Survey", "Surveyed", "SurveyedColumn"]

_TIMEOUT = timedelta(seconds=30)
_MOST_TABLES = 300
_PLACE = "ecqs onboard"


@dataclass(frozen=True)
class SurveyedColumn:
    """One column, with what the source says of it."""

    name: str
    type: str
    comment: str = ""
    nullable: bool = True


@dataclass(frozen=True)
class ForeignKey:
    """Columns that point at another table."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class Surveyed:
    """One table, the files of one name, or one list of an API, with some of its rows."""

    name: str
    columns: tuple[SurveyedColumn, ...]
    sample: pl.DataFrame
    comment: str = ""
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    whole: bool = False
    """Whether the sample is all there is."""
    stream: FileStream | HttpStream | None = None
    """How files, or lists of an API, are read; None for a table."""
    description: TableDescription | None = None


class Survey(Protocol):
    """A source being looked at."""

    type: str
    remarks: list[str]
    """What could not be looked at, and why."""

    @property
    def dialect(self) -> str:
        """Name the database's dialect; ``files`` for a folder, ``http`` for an API."""

    def tables(self, wanted: Sequence[str] = ()) -> list[Surveyed]:
        """Look at the tables or files, all of them or those of these names."""

    def counts(self, table: Surveyed, column: str, most: int) -> list[tuple[object, int]]:
        """Give the values of a column with how often each occurs, most frequent first, at most ``most``."""

    def newest(self, table: Surveyed, column: str) -> object | None:
        """Give the greatest value of a column; None where it cannot be told."""

    def below(self, child: Surveyed, parent_key: str, parents: pl.Series) -> pl.DataFrame:
        """Give rows of a child table that point at these parents."""

    def now(self) -> datetime | None:
        """Give the source's own clock; None where it has none."""


class Sampled:
    """What is known of rows that were read once: no source can be asked again."""

    def counts(self, table: Surveyed, column: str, most: int) -> list[tuple[object, int]]:
        """Count the values of a column in what was read."""
        return _sample_counts(table, column, most)

    def newest(self, table: Surveyed, column: str) -> object | None:
        """Give nothing: only a database can be asked."""
        del table, column
        return None

    def below(self, child: Surveyed, parent_key: str, parents: pl.Series) -> pl.DataFrame:
        """Give nothing: files and lists have no child tables."""
        del parent_key, parents
        return child.sample.clear()

    def now(self) -> datetime | None:
        """Give this machine's clock."""
        return now()


@dataclass
class DatabaseSurvey:
    """Looks at a database; the URL holds a password and is not shown."""

    url: sa.URL = field(repr=False)
    zone: ZoneInfo
    rows: int = 400
    remarks: list[str] = field(default_factory=list)
    type: str = "sql"
    _tables: dict[str, Table] = field(default_factory=dict, repr=False)

    @property
    def dialect(self) -> str:
        """Name the database's dialect."""
        return self.url.get_backend_name()

    def _session(self, stack: ExitStack) -> Session:
        return open_session(self.url, self.zone, _TIMEOUT, _PLACE, stack)

    def tables(self, wanted: Sequence[str] = ()) -> list[Surveyed]:
        """Look at the tables and views of the default schema, or at these; raises Misconfigured ECQS-2011."""
        with ExitStack() as stack, source_errors(_PLACE):
            connection = self._session(stack).connection
            names = list(wanted) or sorted(table_names(connection, None))
            for name in wanted:
                read_table(connection, name, _PLACE)
        usable = [name for name in names if self._usable(name)]
        if len(usable) > _MOST_TABLES:
            left = len(usable) - _MOST_TABLES
            self.remarks.append(f"{left} of {len(usable)} tables were not looked at: name the right ones with --table")
        return [found for name in usable[:_MOST_TABLES] if (found := self._look(name)) is not None]

    def _usable(self, name: str) -> bool:
        try:
            TypeAdapter(TableName).validate_python(name)
        except ValidationError:
            shown = ascii(name[:60])
            self.remarks.append(f"the table {shown} was passed over: a connector cannot name it; ask for a view")
            return False
        return True

    def _look(self, name: str) -> Surveyed | None:
        try:
            with ExitStack() as stack, source_errors(_PLACE, reading=True):
                session = self._session(stack)
                table = read_table(session.connection, name, _PLACE)
                keys = _foreign_keys(session.connection, table)
                session.catalogue_done()
                sample = self._sample(session, table)
        except Transient:
            raise
        except GatewayError as error:
            self.remarks.append(f"the table {name} was passed over: {error.message}")
            return None
        self._tables[name] = table
        return Surveyed(
            name,
            tuple(SurveyedColumn(c.name, c.type, c.comment, c.nullable) for c in table.columns),
            sample,
            table.comment,
            table.primary_key,
            table.unique,
            table.indexes,
            keys,
            sample.height < self.rows,
            description=table_description(table),
        )

    def _sample(self, session: Session, table: Table) -> pl.DataFrame:
        """Read rows from both ends of the primary key: old rows and new ones are often written differently."""
        columns = tuple(column for column in table.columns if column.kind != "bytes")
        if not columns:
            return pl.DataFrame()
        query = StreamQueries(_only(table, columns), (), None, None, session.connection.dialect.name).window(None)
        key = [table.clause.c[name] for name in table.primary_key]
        half = self.rows // 2 if key else self.rows
        first = self._read(session, query, query.statement.order_by(*key).limit(half), columns)
        if not key or first.height < half:
            return first
        last = query.statement.order_by(*(part.desc() for part in key)).limit(half)
        both = pl.concat([first, self._read(session, query, last, columns).reverse()])
        return both.unique(subset=list(table.primary_key), maintain_order=True)

    def _read(
        self, session: Session, query: Query, statement: sa.Select[Any], columns: tuple[Column, ...]
    ) -> pl.DataFrame:
        plain = Query(statement, columns, (), query.source, unique=False)
        batches = list(session.reader.read(plain, self.rows, between=False))
        if batches:
            return joined(batches).frame
        from ecqs_gateway.extract.decode import Decoder  # noqa: PLC0415 - only for an empty table

        return Decoder(columns, self.zone).batch(()).frame

    def counts(self, table: Surveyed, column: str, most: int) -> list[tuple[object, int]]:
        """Count the values of a column in the whole table; of the sample only, where that takes too long."""
        found = self._tables[table.name]
        cell = found.clause.c[column]
        number = sa.func.count().label("n")
        statement = sa.select(cell, number).where(cell.is_not(None)).group_by(cell).order_by(number.desc()).limit(most)
        try:
            with ExitStack() as stack, source_errors(_PLACE, reading=True):
                session = self._session(stack)
                session.catalogue_done()
                columns = (found[column], Column("n", "BIGINT", "int", nullable=False, comment=""))
                query = Query(statement, columns, (), found.clause, unique=False)
                frame = self._read(session, query, statement, columns)
            return [(value, int(count)) for value, count in frame.iter_rows()]
        except GatewayError as error:
            self.remarks.append(f"{table.name}.{column}: values were counted in the sample only ({error.message})")
            return _sample_counts(table, column, most)

    def newest(self, table: Surveyed, column: str) -> object | None:
        """Ask for the greatest value; None where that takes too long or the value cannot be read."""
        found = self._tables[table.name]
        statement = sa.select(sa.func.max(found.clause.c[column]))
        try:
            with ExitStack() as stack, source_errors(_PLACE, reading=True):
                session = self._session(stack)
                query = Query(statement, (found[column],), (), found.clause, unique=False)
                frame = self._read(session, query, statement, (found[column],))
            return frame.item() if frame.height == 1 else None
        except GatewayError:
            return None

    def below(self, child: Surveyed, parent_key: str, parents: pl.Series) -> pl.DataFrame:
        """Read the child rows of the sampled parents; an empty frame where the keys cannot be compared."""
        found = self._tables[child.name]
        columns = tuple(column for column in found.columns if column.kind != "bytes")
        query = ChildQuery("child", _only(found, columns), (parent_key,), (parent_key,), (), self.dialect)
        keys = [(bindable(value, found[parent_key]),) for value in parents.drop_nulls().unique(maintain_order=True)]
        try:
            with ExitStack() as stack, source_errors(_PLACE, reading=True):
                session = self._session(stack)
                session.catalogue_done()
                batches = session.reader.children(query, keys[: self.rows])
        except (GatewayError, ArithmeticError):
            return child.sample.clear()
        return joined(batches).frame if batches else child.sample.clear()

    def now(self) -> datetime | None:
        """Give the database's clock."""
        with ExitStack() as stack, source_errors(_PLACE):
            return self._session(stack).clock()


def _only(table: Table, columns: tuple[Column, ...]) -> Table:
    """Give the table with some of its columns: scans and files in it stay where they are."""
    return Table(
        table.name, table.schema, columns, table.comment, table.primary_key, table.unique, table.indexes, table.engine
    )


def _foreign_keys(connection: sa.Connection, table: Table) -> tuple[ForeignKey, ...]:
    found = sa.inspect(connection).get_foreign_keys(table.name, schema=table.schema)
    return tuple(_foreign_key(dict(one), table.schema) for one in found if one.get("referred_table"))


def _foreign_key(one: dict[str, Any], schema: str | None) -> ForeignKey:
    within = one.get("referred_schema") or schema
    name = f"{within}.{one['referred_table']}" if within and schema else one["referred_table"]
    return ForeignKey(tuple(one["constrained_columns"]), name, tuple(one.get("referred_columns") or ()))


def _sample_counts(table: Surveyed, column: str, most: int) -> list[tuple[object, int]]:
    values = table.sample[column].drop_nulls()
    if values.is_empty():
        return []
    counted = values.alias("v").value_counts(sort=True).head(most)
    rows: Iterable[tuple[object, int]] = counted.iter_rows()
    return list(rows)
