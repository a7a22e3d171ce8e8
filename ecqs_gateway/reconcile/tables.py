"""Two PostgreSQL tables compared by digests of sorted leaves, made where the rows are.

For a front database (前置库), whose content is a table and not a tree: headquarters' copy and ours, on one server or
on two. A leaf is the SHA-256 over key and row, the key counted off; a bucket is the SHA-256 over its sorted leaves, not
a sum of them. Only the digests of buckets leave the servers, and key and leaf of the buckets that differ. Each side is
one statement a step, and one snapshot; the two sides work at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.errors import Misconfigured

__all__ = ["TableDifference", "TableSide", "compare_tables"]

_PER_BUCKET = 64
"""Rows a bucket should hold; few, so that little has to be looked at where one row differs."""
_FEWEST, _MOST = 256, 1 << 20
_FIRST_OWN_TYPE = 16_384
"""Numbers of types from here on are given anew in each database."""
_SETTINGS = (
    "work_mem = '256MB'",  # the digests of a million rows are sorted in memory
    "jit = off",  # compiling the statement takes longer than it saves
    "TimeZone = 'UTC'",
    "DateStyle = 'ISO'",
    "extra_float_digits = 1",
)


@dataclass(frozen=True)
class TableSide:
    """One of the tables: its database, its name, the columns of its key, and the columns that are compared."""

    engine: sa.Engine
    table: str
    key: Sequence[str]
    columns: Sequence[str]


@dataclass(frozen=True)
class TableDifference:
    """What two tables differ in: keys by class, and what it took to find out.

    A key of several columns is told as a JSON list of texts, one of a single column as ``=`` and the text.

    ``buckets`` digests and ``pairs`` of key and leaf left the servers, both sides counted together.
    """

    missing_there: tuple[str, ...]
    missing_here: tuple[str, ...]
    different: tuple[str, ...]
    duplicated: tuple[str, ...]
    rows: tuple[int, int]
    buckets: int
    pairs: int


def compare_tables(here: TableSide, there: TableSide) -> TableDifference:
    """Compare two tables row by row without moving them.

    Raises Misconfigured ECQS-8080 for another database than PostgreSQL, ECQS-8081 where the sides name other numbers
    of columns.
    """
    for side in (here, there):
        if side.engine.dialect.name != "postgresql":
            raise Misconfigured("ECQS-8080", "tables can be compared in PostgreSQL only", where=side.table)
    if (len(here.key), len(here.columns)) != (len(there.key), len(there.columns)):
        raise Misconfigured("ECQS-8081", "the two sides name different numbers of columns", where=there.table)
    with ExitStack() as stack:
        sides = [stack.enter_context(_snapshot(side)) for side in (here, there)]
        pool = stack.enter_context(ThreadPoolExecutor(2))
        types = [side.types() for side in sides]
        for each in sides:
            each.write_rows(binary=bool(types[0]) and types[0] == types[1])
        counts = _both(pool, sides, _Side.size)
        number = _number(max(counts))
        ours, theirs = _both(pool, sides, lambda side: side.buckets(number))
        apart = ours.join(theirs, on="bucket", how="full", coalesce=True, suffix="_there")
        same = pl.col("digest").eq_missing(pl.col("digest_there"))
        bad = apart.filter(~same)["bucket"].sort().to_list()
        leaves = _both(pool, sides, lambda side: side.leaves(number, bad)) if bad else [_NO_LEAVES, _NO_LEAVES]
    rows = (int(ours["count"].sum()), int(theirs["count"].sum()))
    return _found(leaves[0], leaves[1], rows, ours.height + theirs.height)


_NO_LEAVES = pl.DataFrame(schema={"key": pl.String, "leaf": pl.Binary})


def _number(rows: int) -> int:
    """Give the number of buckets, a power of two."""
    number = _FEWEST
    while number * _PER_BUCKET < rows and number < _MOST:
        number *= 2
    return number


def _both(pool: ThreadPoolExecutor, sides: Sequence[_Side], work: Callable[[_Side], Any]) -> list[Any]:
    return [future.result() for future in [pool.submit(work, side) for side in sides]]


class _Side:
    """One table seen in one snapshot."""

    def __init__(self, side: TableSide, connection: sa.Connection) -> None:
        self._connection, self._side = connection, side
        quote = connection.dialect.identifier_preparer.quote
        names = [f"{quote(name)}::text" for name in side.key]
        self._table = ".".join(quote(piece) for piece in side.table.split("."))
        # Of several columns a JSON list: (1, 11) and (11, 1) read differently, and so do NULL and ''.
        several = f"json_build_array({', '.join(names)})::text"
        self._key = several if len(names) > 1 else f"coalesce('=' || {names[0]}, 'NULL')"
        row = ", ".join(quote(name) for name in side.columns)
        self._row = f"ROW({row})"
        self._leaf = ""

    def types(self) -> list[str]:
        """Give the types of the columns that are compared; empty where one is not PostgreSQL's own."""
        wanted = sa.text(
            "SELECT atttypid FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) AND attname = :column"
        )
        found = [
            int(self._connection.execute(wanted, {"name": self._table, "column": name}).scalar_one())
            for name in self._side.columns
        ]
        return [str(oid) for oid in found] if max(found) < _FIRST_OWN_TYPE else []

    def write_rows(self, *, binary: bool) -> None:
        """Say how rows are written before they are digested; in both ways rows of other values read differently.

        The binary form takes half the time and holds the types, so it is for two tables of the same types.
        """
        row = f"record_send({self._row})" if binary else f"convert_to({self._row}::text, 'UTF8')"
        self._leaf = f"sha256(convert_to(octet_length(k) || ':' || k, 'UTF8') || {row})"

    def size(self) -> int:
        """Estimate the number of rows; only the number of buckets depends on it."""
        wanted = sa.text("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = CAST(:name AS regclass)")
        return int(self._connection.execute(wanted, {"name": self._table}).scalar_one())

    def buckets(self, number: int) -> pl.DataFrame:
        """Give ``bucket``, ``count`` and ``digest`` of all buckets."""
        rows = self._connection.exec_driver_sql(
            f"SELECT b, count(*), sha256(string_agg(leaf, ''::bytea ORDER BY leaf)) FROM ("  # noqa: S608  quoted names
            # OFFSET 0: leaves are made before rows are sorted into buckets, or whole rows would be sorted.
            f"SELECT {_bucket(number)} AS b, {self._leaf} AS leaf FROM {self._keyed()} OFFSET 0) AS leaves GROUP BY b"
        ).all()
        columns: Any = list(zip(*rows, strict=True)) if rows else [[], [], []]
        schema = {"bucket": pl.Int64, "count": pl.Int64, "digest": pl.Binary}
        return pl.DataFrame(dict(zip(schema, (list(c) for c in columns), strict=True)), schema=schema)

    def leaves(self, number: int, wanted: Sequence[int]) -> pl.DataFrame:
        """Give ``key`` and ``leaf`` of the rows of some buckets."""
        rows = self._connection.exec_driver_sql(
            f"SELECT k, {self._leaf} FROM {self._keyed()} WHERE {_bucket(number)} = ANY(%s)",  # noqa: S608
            (list(wanted),),
        ).all()
        columns: Any = list(zip(*rows, strict=True)) if rows else [[], []]
        return pl.DataFrame({"key": list(columns[0]), "leaf": list(columns[1])}, schema=_NO_LEAVES.schema)

    def _keyed(self) -> str:
        return f"(SELECT {self._key} AS k, * FROM {self._table}) AS keyed"  # noqa: S608  quoted names


def _bucket(number: int) -> str:
    return f"(hashtextextended(k, 0) & {number - 1})"


@contextmanager
def _snapshot(side: TableSide) -> Iterator[_Side]:
    """Give a table in one read-only snapshot."""
    with side.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        for setting in _SETTINGS:
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        yield _Side(side, connection)
        connection.rollback()


def _found(here: pl.DataFrame, there: pl.DataFrame, rows: tuple[int, int], buckets: int) -> TableDifference:
    pairs = here.height + there.height
    ours, theirs = (side.group_by("key").agg(pl.col("leaf").sort(), pl.len().alias("times")) for side in (here, there))
    both = ours.join(theirs, on="key", how="full", coalesce=True, suffix="_there").sort("key")
    several = (pl.col("times") > 1) | (pl.col("times_there") > 1)
    uneven = ~pl.col("leaf").eq_missing(pl.col("leaf_there"))
    apart = both.filter(uneven).with_columns(several.fill_null(value=False).alias("several"))

    def keys(condition: pl.Expr) -> tuple[str, ...]:
        return tuple(apart.filter(condition)["key"])

    once, mine, other = ~pl.col("several"), pl.col("leaf").is_not_null(), pl.col("leaf_there").is_not_null()
    return TableDifference(
        keys(once & ~other),
        keys(once & ~mine),
        keys(once & mine & other),
        keys(pl.col("several")),
        rows,
        buckets,
        pairs,
    )
