"""The SELECT statements of extraction, built with SQLAlchemy from names the catalogue knows; values are bound.

A stream is read in up to four series, each in an order that is the same in every run:

1. *keyless*: rows with a null in their key; they have no place in any order and no children.
2. *unstamped*: rows without a readable time of change, read in every run.
3. *by child*: rows below the window of which a child row changed inside it.
4. *window*: rows at or above the lowest time of change, in the order (changed_at, key).

Only the last one moves the watermark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ecqs_gateway.extract.catalogue import MYSQL, Column, Table
from ecqs_gateway.extract.stamps import Native, Stamp

__all__ = ["ChildQuery", "Query", "StreamQueries", "bindable"]

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Query:
    """One statement, the columns it gives, and the columns it is ordered by."""

    statement: sa.Select[Any]
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    source: sa.TableClause
    unique: bool
    """Whether no two rows have the same place in the order."""

    def behind(self, place: Sequence[object] | None, limit: int) -> sa.Select[Any]:
        """Give the next rows behind a place in the order (None: the first ones); the order must be unique."""
        statement = self.statement
        if place is not None:
            statement = statement.where(_behind([self.source.c[name] for name in self.order], place))
        return statement.limit(limit)

    def part(self, skipped: int, limit: int) -> sa.Select[Any]:
        """Give some rows of an order that all columns together make unique: slow, but no row is lost or doubled."""
        rest = [c.name for c in self.columns if c.name not in self.order and c.kind != "bytes"]
        ordered = self.statement.order_by(*(self.source.c[name] for name in rest))
        return ordered.limit(limit).offset(skipped)


def _behind(columns: Sequence[sa.ColumnClause[Any]], place: Sequence[object]) -> Condition:
    """Say (a, b) > (x, y) as ``a >= x and (a > x or (a = x and b > y))``, which every optimiser serves by an index."""
    first, value = columns[0], place[0]
    if len(columns) == 1:
        return first > value
    return sa.and_(first >= value, sa.or_(first > value, sa.and_(first == value, _behind(columns[1:], place[1:]))))


@dataclass(frozen=True)
class ChildQuery:
    """A child table: how its rows are found for given parents."""

    name: str
    table: Table
    parent_key: tuple[str, ...]
    key: tuple[str, ...]
    order_by: tuple[str, ...]
    dialect: str
    stamp: tuple[str, Stamp] | None = None
    """Column with the time of change of a child row, and how it is written."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Give all columns of the child table."""
        return self.table.columns

    def rows_of(self, keys: Sequence[tuple[object, ...]]) -> sa.Select[Any]:
        """Give the child rows of these parents, in no order."""
        clause = self.table.clause
        columns = [clause.c[name] for name in self.parent_key]
        statement = sa.select(*_chosen(clause, self.columns, self.dialect))
        if self.dialect == "postgresql":
            return statement.where(self._in_arrays(columns, keys))
        if len(columns) == 1:
            return statement.where(columns[0].in_([key[0] for key in keys]))
        if self.dialect in _TUPLE_IN:
            return statement.where(sa.tuple_(*columns).in_(keys))
        pairs = (zip(columns, key, strict=True) for key in keys)
        return statement.where(sa.or_(*(sa.and_(*(column == value for column, value in pair)) for pair in pairs)))

    def _in_arrays(self, columns: Sequence[sa.ColumnClause[Any]], keys: Sequence[tuple[object, ...]]) -> Condition:
        """Compare with arrays of text cast to the columns' types: one parameter a column, whatever the types are."""
        left: list[sa.ColumnElement[Any]] = []
        arrays: list[sa.ColumnElement[Any]] = []
        for name, column, values in zip(self.parent_key, columns, zip(*keys, strict=True), strict=True):
            texts = sa.bindparam(None, [str(value) for value in values], type_=postgresql.ARRAY(sa.Text()))
            kind = self.table[name].sql_type
            unknown = isinstance(kind, sa.types.NullType)
            left.append(sa.cast(column, sa.Text()) if unknown else column)
            arrays.append(texts if unknown else sa.cast(texts, postgresql.ARRAY(kind)))
        if len(left) == 1:
            return left[0] == sa.any_(arrays[0])
        wanted = sa.func.unnest(*arrays).table_valued(*(f"k{n}" for n in range(len(left)))).render_derived()
        return sa.tuple_(*left).in_(sa.select(*wanted.c))

    def newest(self, ceiling: Native) -> sa.Select[Any] | None:
        """Give the newest readable time of change that is not later than the ceiling."""
        if self.stamp is None:
            return None
        name, stamp = self.stamp
        column = self.table.clause.c[name]
        return sa.select(sa.func.max(column)).where(column >= stamp.floor, column <= ceiling, *_sorted(column, stamp))


_TUPLE_IN = frozenset({"mysql", "mariadb", "sqlite", "oracle"})


@dataclass(frozen=True)
class StreamQueries:
    """The statements of one stream."""

    table: Table
    key: tuple[str, ...]
    changed_at: str | None
    stamp: Stamp | None
    dialect: str

    def _select(self, order: tuple[str, ...], *conditions: Condition) -> Query:
        clause = self.table.clause
        columns = _chosen(clause, self.table.columns, self.dialect)
        statement = sa.select(*columns).where(*conditions).order_by(*(clause.c[name] for name in order))
        unique = bool(order) and self.table.is_unique(self.key)
        return Query(statement, self.table.columns, order, clause, unique)

    def _has_key(self) -> list[Condition]:
        clause = self.table.clause
        return [clause.c[name].is_not(None) for name in self.key if self.table[name].nullable]

    def keyless(self) -> Query | None:
        """Give the rows with a null in their key; None where the catalogue rules them out."""
        clause = self.table.clause
        nullable = [clause.c[name].is_(None) for name in self.key if self.table[name].nullable]
        return self._select((), sa.or_(*nullable)) if nullable else None

    def unstamped(self) -> Query | None:
        """Give the rows without a readable time of change, and every row ``window`` would not meet in a first run."""
        if self.changed_at is None or self.stamp is None:
            return None
        column, stamp = self.table.clause.c[self.changed_at], self.stamp
        without: list[Condition] = [column.is_(None)] if self.table[self.changed_at].nullable else []
        if stamp.mask is None:
            without.append(column < stamp.floor)
        else:
            # The inner statement needs nothing but an index on the column, however wide the table is.
            inner = self.table.clause.alias("unreadable").c[self.changed_at]
            unreadable = sa.or_(sa.not_(sa.and_(*_sorted(inner, stamp))), inner < stamp.floor)
            without.append(column.in_(sa.select(inner).where(unreadable)))
        return self._select(self.key, sa.or_(*without), *self._has_key())

    def window(self, lowest: Native | None) -> Query:
        """Give the rows at or above the lowest time of change (None: all of them), or the whole table by key."""
        if self.changed_at is None or self.stamp is None:
            return self._select(self.key, *self._has_key())
        column, floor = self.table.clause.c[self.changed_at], self.stamp.floor
        start = floor if lowest is None else max(floor, lowest)
        order = tuple(dict.fromkeys((self.changed_at, *self.key)))
        return self._select(order, column >= start, *_sorted(column, self.stamp), *self._has_key())

    def picked(self, where: Mapping[str, str]) -> Query:
        """Give the rows whose columns have these texts, in the order of the key; without any, all rows."""
        clause = self.table.clause
        conditions = [_has_text(clause.c[name], self._kind(name), text) for name, text in where.items()]
        return self._select(self.key, *conditions)

    def _kind(self, name: str) -> str:
        # A column of SQLite may hold a number whatever its type says.
        return "other" if self.dialect == "sqlite" else self.table[name].kind

    def by_child(self, lowest: Native, children: Mapping[str, tuple[ChildQuery, Native]]) -> Query | None:
        """Give the rows below the window with a child row at or above that child's own lowest time of change."""
        if self.changed_at is None or self.stamp is None or not children:
            return None
        clause = self.table.clause
        column = clause.c[self.changed_at]
        below = [column >= self.stamp.floor, column < lowest, *_sorted(column, self.stamp)]
        changed = [_has_changed_child(clause, child, since) for child, since in children.values()]
        return self._select(self.key, *below, sa.or_(*changed), *self._has_key())


def _sorted(column: sa.ColumnElement[Any], stamp: Stamp) -> list[Condition]:
    """Say that a text sorts in time; other types always do."""
    if stamp.mask is None:
        return []
    return [column.like(stamp.mask), *(column.not_like(pattern) for pattern in stamp.astray)]


def _has_text(column: sa.ColumnClause[Any], kind: str, text: str) -> Condition:
    """Compare a column of any type with what a person typed; text and whole numbers so that an index serves."""
    if kind == "text":
        return column == text
    if kind in {"int", "unsigned"} and text.isascii() and text.removeprefix("-").isdigit():
        number = int(text)
        if abs(number) < 2**63:
            return column == number
    return sa.cast(column, sa.Text()) == text


def _has_changed_child(parent: sa.TableClause, child: ChildQuery, since: Native) -> Condition:
    if child.stamp is None:
        raise ValueError("a child table without time of change")
    name, stamp = child.stamp
    clause = child.table.clause.alias("child")
    joined = [clause.c[own] == parent.c[other] for own, other in zip(child.parent_key, child.key, strict=True)]
    changed = [clause.c[name] >= since, *_sorted(clause.c[name], stamp)]
    return sa.exists(sa.select(sa.literal(1)).select_from(clause).where(*joined, *changed))


def _chosen(clause: sa.TableClause, columns: Sequence[Column], dialect: str) -> list[sa.ColumnElement[Any]]:
    """Name the columns, cast where the driver would give something that is no plain value."""
    if dialect == "postgresql":
        as_text = {"text", "decimal", "other"}
        return [
            sa.cast(clause.c[c.name], sa.Text()).label(c.name) if c.kind in as_text else clause.c[c.name]
            for c in columns
        ]
    if dialect in MYSQL:
        plain = {c.name: _as_number(clause.c[c.name], c) for c in columns}
        return [cell if cell is clause.c[name] else cell.label(name) for name, cell in plain.items()]
    return [clause.c[column.name] for column in columns]


def _as_number(cell: sa.ColumnClause[Any], column: Column) -> sa.ColumnElement[Any]:
    """Have MariaDB and MySQL show bits as a number, and numbers of single precision with all their digits."""
    if column.single:
        return cell + sa.literal_column("0e0")
    return cell + 0 if column.type.startswith("BIT") else cell


def bindable(value: object, column: Column) -> object:
    """Give a value read from a frame as it is bound again: decimals are read as text, to stay exact."""
    return Decimal(value) if column.kind == "decimal" and isinstance(value, str) else value
