"""Reading large parts of a PostgreSQL table as Arrow batches over ADBC, inside the snapshot of another connection.

ADBC streams ``COPY (SELECT …) TO STDOUT (FORMAT binary)`` and keeps its connection busy while it does, so parents and
children are read over one connection each; both import the snapshot the session exported and see the same data.
The driver is used without its DB-API layer, whose import costs more than a nightly run reads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ecqs_gateway.doors.arrow import ArrowStream
from ecqs_gateway.extract.catalogue import Column
from ecqs_gateway.extract.chunk import no_bad_cells
from ecqs_gateway.extract.decode import Batch, Decoder, from_single
from ecqs_gateway.extract.problems import source_errors
from ecqs_gateway.extract.statements import ChildQuery, Query
from ecqs_gateway.model.columns import framed

__all__ = ["DIALECT", "ArrowReader", "Snapshot"]

_BATCH_BYTES = 4 << 20
_KEYS_AT_ONCE = 5_000
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31 in days since 1970
_DAY_US = 86_400_000_000
_OUTSIDE = "不是公历 1 至 9999 年间的日期或时间"


class Snapshot:
    """A snapshot to read in, and the way to stop one of its statements."""

    def __init__(self, connection: sa.Connection, settings: Mapping[str, str], timeout: float) -> None:
        """Export the snapshot of an open ``REPEATABLE READ`` transaction."""
        self.id = str(connection.scalar(sa.select(sa.func.pg_export_snapshot())))
        self.settings = dict(settings)
        self.timeout = timeout
        self._connection = connection

    def cancel(self, backend: int) -> None:
        """Stop what another connection of this account runs; when the server is gone, the reader notices itself."""
        with suppress(sa.exc.SQLAlchemyError):
            self._connection.execute(sa.select(sa.func.pg_cancel_backend(backend)))


class ArrowReader:
    """Reads statements as Arrow batches; a context manager, since it owns connections."""

    def __init__(self, uri: str, snapshot: Snapshot, zone: ZoneInfo, place: str) -> None:
        """Connect on first use."""
        self._uri, self._snapshot, self._zone, self._place = _watched(uri), snapshot, zone, place
        self._stack = ExitStack()
        self._lookups: _Connection | None = None

    def close(self) -> None:
        """Close the connections."""
        self._stack.close()

    def read(self, query: Query, rows: int, *, between: bool) -> Iterator[Batch]:
        """Give the rows in the query's order, about 4 MB at a time; child rows have a connection of their own."""
        del rows, between
        sql = str(query.statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
        shaper = _Shaper(query.columns, self._zone)
        with source_errors(self._place, reading=True):
            connection = self._connect()
            batches = connection.stream(sql)
            while (frame := next(batches, None)) is not None:
                yield shaper.batch(frame)
                del frame  # else it would be held while the next one is read
            connection.close()

    def children(self, child: ChildQuery, keys: Sequence[tuple[object, ...]]) -> list[Batch]:
        """Give all child rows of these parents, in no order."""
        shaper = _Shaper(child.columns, self._zone)
        found: list[Batch] = []
        with source_errors(self._place, reading=True):
            if self._lookups is None:
                self._lookups = self._connect()
            for start in range(0, len(keys), _KEYS_AT_ONCE):
                compiled = child.rows_of(keys[start : start + _KEYS_AT_ONCE]).compile(dialect=DIALECT)
                values = [compiled.params[name] for name in compiled.positiontup or ()]
                found += [shaper.batch(frame) for frame in self._lookups.stream(str(compiled), values)]
        return found

    def _connect(self) -> _Connection:
        connection = _Connection(self._uri, self._snapshot)
        self._stack.callback(connection.close)
        return connection


DIALECT = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def _watched(uri: str) -> str:
    """Add to an address what notices within a minute that the server has gone without a word."""
    wanted = {
        "application_name": "ecqs-gateway",
        "connect_timeout": "10",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
    }
    address, _, query = uri.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    return f"{address}?{urlencode({**wanted, **given}, quote_via=quote)}"


class _Connection:
    """One ADBC connection in the snapshot."""

    def __init__(self, uri: str, snapshot: Snapshot) -> None:
        import adbc_driver_manager as adbc  # noqa: PLC0415 - small runs do without it
        import adbc_driver_postgresql  # noqa: PLC0415

        self._adbc = adbc
        self._snapshot = snapshot
        self._stack = ExitStack()
        path = adbc_driver_postgresql._driver_path()  # noqa: SLF001 - what its own dbapi module calls
        database = self._stack.enter_context(adbc.AdbcDatabase(driver=path, uri=uri))
        self._connection = self._stack.enter_context(adbc.AdbcConnection(database))
        self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._run(f"SET TRANSACTION SNAPSHOT '{snapshot.id}'")
        for name, value in snapshot.settings.items():
            self._run(f"SET LOCAL \"{name}\" = '{value}'")
        (frame,) = self.stream("SELECT pg_backend_pid()")
        self._backend = int(frame.item())

    _backend: int | None = None

    def close(self) -> None:
        """Close the connection, also in the middle of a result."""
        self._stack.close()

    def _run(self, sql: str) -> None:
        with self._adbc.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(sql)
            statement.execute_update()

    def stream(self, sql: str, values: Sequence[Sequence[str]] = ()) -> Iterator[pl.DataFrame]:
        """Run a statement; ``values`` are bound as arrays of text."""
        with self._adbc.AdbcStatement(self._connection) as statement:
            statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            statement.set_sql_query(sql)
            if values:
                bound = [pl.Series(f"k{n}", [list(value)], pl.List(pl.String)) for n, value in enumerate(values)]
                statement.prepare()
                statement.bind_stream(pl.DataFrame(bound).__arrow_c_stream__())
            with self._in_time():
                handle, _ = statement.execute_query()
            with ArrowStream(handle) as batches:
                while True:
                    with self._in_time():
                        frame = batches.next()
                    if frame is None:
                        return
                    yield frame
                    del frame

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Stop a statement that lets us wait too long.

        The server's own ``statement_timeout`` would also count the time we take between two batches.
        """
        if self._backend is None:
            yield
            return
        timer = threading.Timer(self._snapshot.timeout, self._snapshot.cancel, [self._backend])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class _Shaper:
    """Gives batches the same names and types as the row reader does."""

    def __init__(self, columns: Sequence[Column], zone: ZoneInfo) -> None:
        self._types = Decoder(columns, zone).batch(()).frame.schema
        self._temporal = [c.name for c in columns if c.kind in {"date", "timestamp", "zoned"}]

    def batch(self, frame: pl.DataFrame) -> Batch:
        """Rename and cast; days and times outside the calendar become null and are named."""
        frame.columns = list(self._types)
        outside = [name for name in self._temporal if not _all_within(frame[name])]
        bad = self._outside(frame, outside)
        if bad.height:
            frame = frame.with_columns(
                pl.when(_within(name, frame.schema[name])).then(pl.col(name)).alias(name) for name in outside
            )
        wanted = zip(frame.get_columns(), self._types.values(), strict=True)
        return Batch(framed([_as(column, dtype) for column, dtype in wanted]), bad)

    def _outside(self, frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        found = []
        for name in names:
            rows = frame.select((~_within(name, frame.schema[name])).arg_true()).to_series()
            if rows.len():
                reason = "不是公历 1 至 9999 年间的日期或时间"
                found.append(
                    pl.DataFrame({"__row": rows}).select(
                        pl.col("__row").cast(pl.UInt32), pl.lit(name).alias("column"), pl.lit(reason).alias("reason")
                    )
                )
        return pl.concat(found).sort("__row", "column") if found else no_bad_cells()


def _as(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if column.dtype == dtype:
        return column
    return from_single(column) if column.dtype == pl.Float32 else column.cast(dtype)


def _all_within(column: pl.Series) -> bool:
    """Say whether all is well, which it nearly always is, by the least and the greatest alone."""
    numbers = column.cast(pl.Int64)
    least, greatest = numbers.min(), numbers.max()
    first, last = _bounds(column.dtype)
    return least is None or greatest is None or (first <= int(least) and int(greatest) <= last)  # type: ignore[arg-type]


def _within(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.col(name).to_physical().is_between(*_bounds(dtype))


def _bounds(dtype: pl.DataType) -> tuple[int, int]:
    scale = 1 if dtype == pl.Date else _DAY_US
    return _FIRST_DAY * scale, (_LAST_DAY + 1) * scale - 1
