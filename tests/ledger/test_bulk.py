"""What is inserted as a frame stands in the database as it stood in the frame, in every dialect."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.ledger import packed
from ecqs_gateway.ledger.bulk import insert_frame
from ecqs_gateway.ledger.database import Database

THINGS = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("count", sa.BigInteger),
    sa.Column("title", sa.Text),
    sa.Column("digest", sa.LargeBinary),
)
LARGEST = 2**63 - 1

counts = st.one_of(
    st.integers(-3, 3),
    st.integers(10**17, 10**18),
    st.integers(-LARGEST, LARGEST),
    st.sampled_from([7, LARGEST, -LARGEST - 1]),
)
titles = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.text("甲乙", min_size=2, max_size=2),
    st.sampled_from(["", "12", "NULL", "'", '"', "\\x00", "a,b\nc"]),
)
digests = st.one_of(st.binary(max_size=8), st.binary(min_size=32, max_size=32))


def columns(of: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    """Columns with nulls, without, with nothing else, and of one value."""
    return st.one_of(
        st.lists(st.none() | of, min_size=1, max_size=30),
        st.lists(of, min_size=1, max_size=30),
        st.lists(st.none(), min_size=1, max_size=3),
        of.flatmap(lambda one: st.integers(1, 9).map(lambda times: [one] * times)),
    )


def inserted(database: Database, frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """Insert a frame into the empty table and read the table, in order of its numbers."""
    with database.write() as connection:
        connection.execute(sa.delete(THINGS))
        insert_frame(connection, THINGS, frame)
        names = [THINGS.c[name] for name in frame.columns]
        return [tuple(row) for row in connection.execute(sa.select(*names).order_by(THINGS.c.number))]


@pytest.fixture
def things(database: Database) -> Database:
    """Give a database with a table of one column of each type."""
    with database.write() as connection:
        THINGS.create(connection)
    return database


@given(columns(counts), columns(titles), columns(digests), st.integers(-5, 5))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])  # it empties its table
def test_a_frame_stands_in_the_table_as_it_was(
    things: Database, some: list[int], words: list[str], bytes_: list[bytes | None], first: int
) -> None:
    rows = min(len(some), len(words), len(bytes_))
    numbers = range(first, first + rows)
    hexed = [None if one is None else one.hex() for one in bytes_[:rows]]
    frame = pl.DataFrame(
        {"count": some[:rows], "number": numbers, "digest": hexed, "title": words[:rows]},
        schema={"count": pl.Int64, "number": pl.Int64, "digest": pl.String, "title": pl.String},
    )
    expected = list(zip(some[:rows], numbers, bytes_[:rows], words[:rows], strict=True))
    assert inserted(things, frame) == expected
    with pytest.MonkeyPatch.context() as patch:  # few rows are bound one by one in SQLite, unless they count as many
        patch.setattr(packed, "_FEW", 0)
        assert inserted(things, frame) == expected


@pytest.mark.parametrize("rows", [1, 199, 200, 4_999, 5_000, 5_001, 12_345])
def test_many_rows_keep_their_neighbours(things: Database, rows: int) -> None:
    frame = pl.select(
        number=pl.int_range(rows),
        count=pl.int_range(rows) * 7 % 1_000,
        title=pl.when(pl.int_range(rows) % 3 == 0).then(pl.int_range(rows).cast(pl.String) + "号"),
        digest=pl.int_range(rows).cast(pl.String).str.zfill(8),
    )
    expected = [(n, n * 7 % 1_000, f"{n}号" if n % 3 == 0 else None, bytes.fromhex(f"{n:08d}")) for n in range(rows)]
    assert inserted(things, frame) == expected


@pytest.mark.parametrize("rows", [1, 300])
def test_numbers_that_are_no_whole_ones_are_refused_before_anything_is_written(tmp_path: Path, rows: int) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite")
    with database.write() as connection:
        THINGS.create(connection)
    with pytest.raises(TypeError, match="count"), database.write() as connection:
        insert_frame(connection, THINGS, pl.DataFrame({"number": range(rows), "count": [0.5] * rows}))
    database.dispose()
