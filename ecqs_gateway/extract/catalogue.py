"""What a database says of its tables: columns with type and comment, keys and indexes, found before anything is read.

Names of tables and columns come from the connector only, are looked up here, and are quoted by the dialect; a name
that is not in the catalogue never reaches a statement.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import quoted_name

from ecqs_gateway.extract.problems import binary_key, no_such_column, no_such_table

__all__ = ["MYSQL", "Column", "ColumnKind", "Table", "read_table", "table_names"]

MYSQL = frozenset({"mysql", "mariadb"})

ColumnKind = Literal[
    "text", "int", "unsigned", "float", "decimal", "bool", "date", "timestamp", "zoned", "bytes", "other"
]
"""How a column is read; ``other`` (uuid, json, arrays, times of day …) becomes text, ``decimal`` too, to stay exact."""


@dataclass(frozen=True)
class Column:
    """One column as the catalogue describes it."""

    name: str
    type: str
    """Type in the database's own words, such as ``VARCHAR(60)``."""
    kind: ColumnKind
    nullable: bool
    comment: str
    charset: str | None = None
    """Character set of a text column (MariaDB, MySQL)."""
    sql_type: sa.types.TypeEngine[Any] = field(default_factory=sa.types.NullType, compare=False, repr=False)
    single: bool = False
    """Whether it holds numbers of single precision, which MariaDB and MySQL would show with six digits only."""


@dataclass(frozen=True)
class Table:
    """A table or view with its columns in order."""

    name: str
    schema: str | None
    columns: tuple[Column, ...]
    comment: str
    primary_key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    """Column sets that are unique, the primary key included."""
    indexes: tuple[tuple[str, ...], ...]
    """Columns of each index in order, unique ones and the primary key included."""
    engine: str = ""
    """Storage engine (MariaDB, MySQL)."""

    @property
    def full_name(self) -> str:
        """Give ``schema.table`` or ``table``, as the connector writes it."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def __getitem__(self, name: str) -> Column:
        """Give the column of that name; raises KeyError."""
        return self._by_name[name]

    def require(self, names: Iterable[str], place: str) -> None:
        """Check that the columns exist; raises Misconfigured ECQS-2012 with the nearest name."""
        for name in names:
            if name not in self._by_name:
                raise no_such_column(name, self.full_name, self._by_name, place)

    def require_key(self, names: Iterable[str], place: str) -> None:
        """Check that the columns exist and can tell rows apart by their text; also raises Misconfigured ECQS-2016."""
        names = tuple(names)
        self.require(names, place)
        for name in names:
            if self[name].kind == "bytes":
                raise binary_key(name, self[name].type, self.full_name, place)

    def is_unique(self, key: Sequence[str]) -> bool:
        """Say whether no two rows can have the same key and no part of it can be null."""
        within = set(key)
        never_null = all(not self[name].nullable for name in key)
        return never_null and any(set(columns) <= within for columns in self.unique)

    def has_index(self, columns: Sequence[str]) -> bool:
        """Say whether an index begins with these columns, in any order."""
        wanted = set(columns)
        return any(set(index[: len(wanted)]) == wanted for index in self.indexes)

    @cached_property
    def clause(self) -> sa.TableClause:
        """Give the table for statements, every name quoted; one object, so that it stands in FROM once."""
        schema = quoted_name(self.schema, quote=True) if self.schema else None
        columns = [sa.column(quoted_name(column.name, quote=True), _bound_as(column)) for column in self.columns]
        return sa.table(quoted_name(self.name, quote=True), *columns, schema=schema)


def _bound_as(column: Column) -> sa.types.TypeEngine[Any] | None:
    """Say as what a value is bound where Python's own type would be too narrow."""
    if column.kind == "zoned":
        return sa.DateTime(timezone=True)
    return sa.BigInteger() if column.kind == "int" else None


def read_table(connection: sa.Connection, full_name: str, place: str) -> Table:
    """Look a table or view up; raises Misconfigured ECQS-2011 with the nearest name where there is none."""
    schema, _, name = full_name.rpartition(".")
    inspector = sa.inspect(connection)
    within = schema or None
    with warnings.catch_warnings():
        # Types the dialect does not know (geometry …) are read as text; that is no news to anyone.
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        if not inspector.has_table(name, schema=within):
            raise no_such_table(full_name, table_names(connection, within), place)
        return _table(connection, inspector, name, within)


def table_names(connection: sa.Connection, schema: str | None) -> list[str]:
    """Give the tables and views of a schema as a connector would write them."""
    inspector = sa.inspect(connection)
    if schema is not None and schema not in inspector.get_schema_names():
        return []
    names = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
    return [f"{schema}.{name}" if schema else name for name in names]


def _table(connection: sa.Connection, inspector: sa.Inspector, name: str, schema: str | None) -> Table:
    dialect = connection.dialect.name
    options = inspector.get_table_options(name, schema=schema) if dialect in MYSQL else {}
    charsets = _charsets(connection, name, schema) if dialect in MYSQL else {}
    columns = tuple(
        Column(
            found["name"],
            _type_text(found["type"], inspector.dialect),
            _kind(found["type"], dialect),
            bool(found.get("nullable", True)),
            found.get("comment") or "",
            charsets.get(found["name"]),
            found["type"],
            dialect in MYSQL and type(found["type"]).__name__ == "FLOAT",
        )
        for found in inspector.get_columns(name, schema=schema)
    )
    primary = tuple(inspector.get_pk_constraint(name, schema=schema).get("constrained_columns") or ())
    unique = [tuple(c["column_names"]) for c in inspector.get_unique_constraints(name, schema=schema)]
    indexes: list[tuple[str, ...]] = []
    for index in inspector.get_indexes(name, schema=schema):
        names = tuple(c for c in index["column_names"] if c is not None)
        if len(names) == len(index["column_names"]) and not _partial(cast("dict[str, object]", index)):
            indexes.append(names)
            unique += [names] if index.get("unique") else []
    unique += [primary] if primary else []
    comment = _comment(inspector, name, schema, dialect)
    engine = str(options.get(f"{dialect}_engine", ""))
    return Table(name, schema, columns, comment, primary, tuple(unique), (*indexes, *unique), engine)


def _partial(index: dict[str, object]) -> bool:
    """Say whether an index covers only some rows, so that it neither proves uniqueness nor serves a scan."""
    options = index.get("dialect_options")
    return isinstance(options, dict) and any(name.endswith("_where") and value for name, value in options.items())


def _comment(inspector: sa.Inspector, name: str, schema: str | None, dialect: str) -> str:
    if dialect == "sqlite":
        return ""
    try:
        return inspector.get_table_comment(name, schema=schema).get("text") or ""
    except NotImplementedError:
        return ""


def _type_text(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
    if isinstance(kind, sa.types.NullType):
        return ""
    try:
        return kind.compile(dialect=dialect)
    except sa.exc.CompileError:
        return type(kind).__name__.upper()


_KINDS: tuple[tuple[type[sa.types.TypeEngine[Any]], ColumnKind], ...] = (
    (sa.types.Boolean, "bool"),
    (sa.types.Integer, "int"),
    (sa.types.Float, "float"),
    (sa.types.Numeric, "decimal"),
    (sa.types.Date, "date"),
    (sa.types.LargeBinary, "bytes"),
    (sa.types._Binary, "bytes"),  # noqa: SLF001 - the base of BINARY and VARBINARY has no public name
    (sa.types.Uuid, "other"),
    (sa.types.JSON, "other"),
    (sa.types.Enum, "text"),
    (sa.types.String, "text"),
)


def _kind(found: sa.types.TypeEngine[Any], dialect: str) -> ColumnKind:
    if dialect == "sqlite":
        return _sqlite_kind(found)
    base = _below_domains(found)
    if isinstance(base, sa.types.DateTime | sa.types.Date):
        found = base  # a time of change under a name of the province's own is one all the same
    if isinstance(found, sa.types.DateTime):
        return "zoned" if found.timezone else "timestamp"
    kind: ColumnKind = next((kind for cls, kind in _KINDS if isinstance(found, cls)), "other")
    if kind == "int" and getattr(found, "unsigned", False):
        return "unsigned"
    if kind == "text" and dialect == "postgresql" and isinstance(found, sa.types.CHAR):
        return "other"  # cast to text, which takes the padding blanks off
    return kind


def _below_domains(found: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    while isinstance(found, postgresql.DOMAIN):
        found = found.data_type
    return found


def _sqlite_kind(found: sa.types.TypeEngine[Any]) -> ColumnKind:
    """Go by affinity: SQLite keeps whatever was written, so dates and times are the text or number they are."""
    if isinstance(found, sa.types.Integer | sa.types.Boolean):
        return "int"
    if isinstance(found, sa.types.Float):
        return "float"
    if isinstance(found, sa.types.Numeric):
        return "decimal"
    return "bytes" if isinstance(found, sa.types.LargeBinary) else "text"


def _charsets(connection: sa.Connection, name: str, schema: str | None) -> dict[str, str]:
    """Give the character set of each column of text of MariaDB or MySQL, those of views included."""
    columns = sa.text(
        "SELECT column_name, character_set_name FROM information_schema.columns"
        " WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name AND character_set_name IS NOT NULL"
    )
    return {row[0]: row[1] for row in connection.execute(columns, {"schema": schema, "name": name})}
