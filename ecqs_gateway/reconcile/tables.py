"""Two PostgreSQL tables compared by digests of sorted hashes, made where the rows are.

For a front database (前置库), whose content is a table and not a tree: headquarters' copy and ours, on one server or
on two. First each row is hashed to 64 bits under a seed drawn for this one comparison, and a bucket is the SHA-256
over its sorted hashes, not a sum of them. Then the rows of the buckets that differ are told apart by leaves, the
SHA-256 over key and row, the key counted off. Only digests of buckets leave the servers, and key and leaf of the
buckets that differ. Each side is one statement a step, and one snapshot; the two sides work at the same time.
"""

from __future__ import annotations

import secrets
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
_SETTINGS = (
    "work_mem = '256MB'",  # the hashes of a million rows are sorted in memory
    "jit = off",  # compiling the statement takes longer than it saves
    "TimeZone = 'UTC'",
    "DateStyle = 'ISO'",
    "IntervalStyle = 'postgres'",
    "bytea_output = 'hex'",
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
    """Compare two tables row by row without moving them; values are compared as the texts PostgreSQL writes them as.

    A row that differs is overlooked with a probability below 1 in 10^17, drawn anew for each comparison.

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
        draw = _Draw(secrets.token_hex(16), secrets.randbits(62), secrets.randbits(62))
        fast = len({side.probe(draw) for side in sides}) == 1
        for each in sides:
            each.hash_rows(draw, fast=fast)
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


@dataclass(frozen=True)
class _Draw:
    """What is drawn for one comparison, so that nobody can choose rows by what they will hash to."""

    null: str
    """What stands for NULL while a row is hashed; a text nobody can have stored."""
    places: int
    rows: int


class _Side:
    """One table seen in one snapshot."""

    def __init__(self, side: TableSide, connection: sa.Connection) -> None:
        self._connection = connection
        quote = connection.dialect.identifier_preparer.quote
        self._keys, self._columns = ([f"{quote(name)}::text" for name in names] for names in (side.key, side.columns))
        self._table = ".".join(quote(piece) for piece in side.table.split("."))
        # Of several columns a JSON list: (1, 11) and (11, 1) read differently, and so do NULL and ''.
        several = f"json_build_array({', '.join(self._keys)})::text"
        self._key = several if len(self._keys) > 1 else f"coalesce('=' || {self._keys[0]}, 'NULL')"
        self._place = self._hash = ""

    def probe(self, draw: _Draw) -> tuple[str, int]:
        """Give encoding and hash of a text; servers of other encoding, byte order or version hash otherwise."""
        hashed = _chain([f"'{draw.null}'"], draw, draw.rows)
        encoding, found = self._connection.exec_driver_sql(f"SELECT current_setting('server_encoding'), {hashed}").one()
        return str(encoding), int(found)

    def hash_rows(self, draw: _Draw, *, fast: bool) -> None:
        """Say how keys are given their places and rows are hashed."""
        way = _chain if fast else _md5
        self._place = way(self._keys, draw, draw.places)
        self._hash = way([*self._keys, *self._columns], draw, draw.rows)

    def size(self) -> int:
        """Estimate the number of rows; only the number of buckets depends on it."""
        wanted = sa.text("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = CAST(:name AS regclass)")
        return int(self._connection.execute(wanted, {"name": self._table}).scalar_one())

    def buckets(self, number: int) -> pl.DataFrame:
        """Give ``bucket``, ``count`` and ``digest`` of all buckets."""
        rows = self._connection.exec_driver_sql(
            "SELECT b, count(*), sha256(array_send(array_agg(h ORDER BY h))) FROM ("  # noqa: S608  quoted names
            # OFFSET 0: rows are hashed before they are sorted into buckets, or whole rows would be sorted.
            f"SELECT {self._bucket(number)} AS b, {self._hash} AS h FROM {self._table} OFFSET 0) AS hashes GROUP BY b"
        ).all()
        columns: Any = list(zip(*rows, strict=True)) if rows else [[], [], []]
        schema = {"bucket": pl.Int64, "count": pl.Int64, "digest": pl.Binary}
        return pl.DataFrame(dict(zip(schema, (list(c) for c in columns), strict=True)), schema=schema)

    def leaves(self, number: int, wanted: Sequence[int]) -> pl.DataFrame:
        """Give ``key`` and ``leaf`` of the rows of some buckets."""
        places = ",".join(str(each) for each in wanted)
        rows = self._connection.exec_driver_sql(
            "SELECT k, sha256(convert_to(octet_length(convert_to(k, 'UTF8')) || ':' || k || r, 'UTF8')) FROM ("  # noqa: S608
            f"SELECT {self._key} AS k, ROW({', '.join(self._columns)})::text AS r FROM {self._table}"
            f" WHERE {self._bucket(number)} = ANY('{{{places}}}'::bigint[])) AS keyed"
        ).all()
        columns: Any = list(zip(*rows, strict=True)) if rows else [[], []]
        return pl.DataFrame({"key": list(columns[0]), "leaf": list(columns[1])}, schema=_NO_LEAVES.schema)

    def _bucket(self, number: int) -> str:
        return f"({self._place} & {number - 1})"


def _chain(texts: Sequence[str], draw: _Draw, seed: int) -> str:
    """Hash texts one after the other, each under the hash of those before it: no text can reach into its neighbour.

    Nothing is put together or copied, which is what costs most of the time a digest of a row takes. The last link is
    the same for all rows: it mixes what the last column left.
    """
    found = str(seed)
    for text in (*(f"coalesce({text}, '{draw.null}')" for text in texts), f"'{draw.null}'"):
        # COLLATE: under a collation of its own a column may hash texts alike that it takes for equal.
        found = f'hashtextextended({text} COLLATE "C", {found})'
    return found


def _md5(texts: Sequence[str], draw: _Draw, seed: int) -> str:
    """Hash texts in a way that is the same on all servers, and takes four times as long."""
    row = f"'{draw.null}{seed}' || ROW({', '.join(texts)})::text"
    return f"('x' || left(md5(convert_to({row}, 'UTF8')), 16))::bit(64)::bigint"


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
