"""Columns over Arrow's C interface: bytes of text as they are, no copies, errors told, and other threads go on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from itertools import pairwise

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import numpy as np
import polars as pl
import pytest

from ecqs_gateway.doors.arrow import ArrowStream, ArrowStreamError, text_bytes, text_column

LONG = "一个超过十二个字节的文本"
COLUMNS = {
    "short and long": pl.Series(["a", "", LONG, None, "x" * 300, "中文"]),
    "no rows": pl.Series([], dtype=pl.String),
    "nothing but nulls": pl.Series([None, None], dtype=pl.String),
    "several pieces": pl.concat([pl.Series(["a", None]), pl.Series([LONG]), pl.Series(["b"])], rechunk=False),
    "a slice": pl.Series([f"{LONG}{n}" if n % 3 else None for n in range(1000)])[13:777],
    "a filter": pl.Series([f"{n}{LONG}" for n in range(1000)]).gather_every(7),
    "an odd name": pl.Series("a\0b", ["x", LONG]),
    "a zero byte": pl.Series(["a\0", "\0b"]),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_the_bytes_are_exactly_those_of_the_texts(column: pl.Series) -> None:
    data, places, there = text_bytes(column)
    assert bytes(data) == "".join(column.drop_nulls()).encode()
    texts = [bytes(data[a:b]).decode() for a, b in pairwise(places)]
    known = [True] * len(column) if there is None else there.tolist()
    assert [text if one else None for text, one in zip(texts, known, strict=True)] == column.to_list()
    assert (there is None) == (column.null_count() == 0)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["bytes", "places", "nulls"])
def test_each_part_outlives_its_column_and_the_others(part: int) -> None:
    kept = []
    for size in range(1, 400):
        one = text_bytes(pl.Series([None, *(f"{LONG}{n}" for n in range(size % 40))]))[part]
        kept.append((one, one.tolist()))
        _noise = [text_bytes(pl.Series(["q" * 30] * few)) for few in range(3)]  # takes what was given back too early
    assert all(one.tolist() == was for one, was in kept)


def test_a_made_column_outlives_its_bytes() -> None:
    kept = []
    for size in range(1, 400):
        texts = [f"{LONG}{n}" for n in range(size % 40)]
        data, places, _ = text_bytes(pl.Series(texts, dtype=pl.String))
        kept.append((text_column(data.copy(), places.copy()), text_column(data, places), texts))
        del data, places
        text_bytes(pl.Series(["q" * 30] * (size % 40)))
        np.full(30 * size, 0, np.uint8)
    assert all(one.to_list() == other.to_list() == texts for one, other, texts in kept)


def test_a_column_is_made_of_bytes_and_places() -> None:
    data = np.frombuffer(f"ab{LONG}中skipped".encode(), np.uint8)
    size = len(LONG.encode())
    made = text_column(data, np.array([0, 2, 2, 2 + size, 5 + size], np.int64))
    del data
    assert made.to_list() == ["ab", "", LONG, "中"]
    assert made.dtype == pl.String
    assert text_column(np.zeros(0, np.uint8), np.zeros(1, np.int64)).to_list() == []


def test_a_stream_gives_its_batches_one_by_one() -> None:
    frame = pl.DataFrame({"a": [f"{LONG}{n}" for n in range(3000)], "b": [["x", None, LONG]] * 3000, "c": range(3000)})
    with ArrowStream(frame) as stream:
        assert stream.next().equals(frame)  # views and lists, which a copy by nanoarrow would not survive
        assert stream.next() is None
        assert stream.next() is None


@pytest.fixture
def adbc_statement(postgresql_url):
    """Run a statement by ADBC in small batches."""

    @contextmanager
    def run(sql: str):
        path = adbc_driver_postgresql._driver_path()
        uri = postgresql_url.replace("+psycopg", "")
        with (
            adbc.AdbcDatabase(driver=path, uri=uri) as database,
            adbc.AdbcConnection(database) as connection,
            adbc.AdbcStatement(connection) as statement,
        ):
            statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": "1000"})
            statement.set_sql_query(sql)
            handle, _ = statement.execute_query()
            yield handle

    return run


def test_an_error_in_the_middle_is_told(adbc_statement) -> None:
    breaks_late = "SELECT repeat('x', 1000), 1 / (5000 - n) FROM generate_series(1, 9000) n"
    with adbc_statement(breaks_late) as handle, ArrowStream(handle) as stream:
        assert stream.next().height > 0
        with pytest.raises(ArrowStreamError, match="division by zero"):
            while stream.next() is not None:
                pass


def test_other_threads_go_on_while_a_batch_is_waited_for(adbc_statement) -> None:
    ticks = []
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.01):
            ticks.append(time.perf_counter())

    slow = "SELECT repeat('x', 1000000), pg_sleep(0.25)::text FROM generate_series(1, 4)"
    with adbc_statement(slow) as handle, ArrowStream(handle) as stream:
        other = threading.Thread(target=tick)
        other.start()
        started = time.perf_counter()
        while stream.next() is not None:
            pass
        waited = time.perf_counter() - started
        done.set()
        other.join()
    assert waited > 0.3
    assert len(ticks) > 10


def test_a_run_needs_no_large_arrow_library() -> None:
    code = "import sys; sys.modules['pyarrow'] = None; import ecqs_gateway.flows.nightly, ecqs_gateway.extract.arrow"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
