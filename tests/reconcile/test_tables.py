"""Two tables on a real PostgreSQL server: every planted difference is found, in its class, and nothing else."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.reconcile import tables
from ecqs_gateway.reconcile.tables import TableSide, compare_tables

COLUMNS = ("one", "two", "name", "day")


@pytest.fixture
def sides(postgresql_url: str):
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as connection:
        for table in ("ours", "theirs"):
            connection.exec_driver_sql(f"CREATE TABLE {table} (one text, two text, name text, day date)")
            connection.exec_driver_sql(
                f"INSERT INTO {table} SELECT mod(n, 40)::text, n::text, '企业' || n, date '2024-01-01' + mod(n, 90)"
                " FROM generate_series(1, 4000) AS n"
            )
        connection.exec_driver_sql("ANALYZE")
    yield [TableSide(engine, table, ("one", "two"), COLUMNS) for table in ("ours", "theirs")]
    engine.dispose()


def test_equal_tables_move_nothing_but_digests_of_buckets(sides) -> None:
    found = compare_tables(*sides)
    assert (found.missing_there, found.missing_here, found.different, found.duplicated) == ((), (), (), ())
    assert found.rows == (4000, 4000)
    assert found.pairs == 0
    assert found.buckets <= 512


def test_every_planted_difference_is_found_in_its_class(sides) -> None:
    with sides[0].engine.begin() as connection:
        for statement in (
            "DELETE FROM theirs WHERE two = '7'",
            "UPDATE theirs SET name = '企业9 ' WHERE two = '9'",
            "UPDATE theirs SET name = NULL WHERE two = '10'",
            "UPDATE ours SET name = '' WHERE two = '10'",
            "INSERT INTO theirs SELECT * FROM theirs WHERE two = '12' UNION ALL SELECT * FROM theirs WHERE two = '12'",
            "UPDATE theirs SET name = CASE two WHEN '13' THEN '企业14' ELSE '企业13' END WHERE two IN ('13', '14')",
            "INSERT INTO ours VALUES ('1', '11', 'x', NULL)",
            "INSERT INTO theirs VALUES ('11', '1', 'x', NULL)",
            "UPDATE theirs SET two = '１５' WHERE two = '15'",
        ):
            connection.exec_driver_sql(statement)
    found = compare_tables(*sides)
    assert {json.loads(key)[1] for key in found.missing_there} == {"7", "15", "11"}
    assert {tuple(json.loads(key)) for key in found.missing_here} == {("11", "1"), ("15", "１５")}
    assert {json.loads(key)[1] for key in found.different} == {"9", "10", "13", "14"}
    assert {json.loads(key)[1] for key in found.duplicated} == {"12"}
    assert found.pairs < 1000


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("one = 'ab', name = 'c'", "one = 'a', name = 'bc'"),
        ("name = NULL", "name = ''"),
        ("one = NULL, name = 'x'", "one = 'x', name = NULL"),
        ("one = '', name = NULL", "one = NULL, name = ''"),
        ("name = 'x'", "name = 'x '"),
        ("name = '12'", "name = '１２'"),
        ("name = 'a,b'", "name = '\"a,b\"'"),
        ("day = '2024-01-02'", "day = '2024-02-01'"),
        ("day = NULL", "day = '2024-02-01'"),
    ],
)
def test_a_row_that_reads_otherwise_is_found(sides, ours: str, theirs: str) -> None:
    """Each column is hashed by itself: what moves from one into the next is seen."""
    with sides[0].engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE ours SET {ours} WHERE two = '9'")
        connection.exec_driver_sql(f"UPDATE theirs SET {theirs} WHERE two = '9'")
    found = compare_tables(*(TableSide(side.engine, side.table, ("two",), COLUMNS) for side in sides))
    assert (found.different, found.missing_there, found.missing_here, found.duplicated) == (("=9",), (), (), ())


def test_rows_held_an_even_number_of_times_too_often_are_found(sides) -> None:
    """An exclusive-or of hashes sees none of them."""
    with sides[0].engine.begin() as connection:
        for _ in range(2):
            connection.exec_driver_sql("INSERT INTO theirs SELECT * FROM ours WHERE two = '12'")
            connection.exec_driver_sql("INSERT INTO theirs VALUES ('0', 'stranger', 'x', NULL)")
    found = compare_tables(*sides)
    assert {json.loads(key)[1] for key in found.duplicated} == {"12", "stranger"}
    assert (found.different, found.missing_there, found.missing_here) == ((), (), ())


def test_values_that_swapped_their_rows_are_found_within_one_bucket(sides) -> None:
    """Whatever buckets rows lie in: all of them change, each takes the value of the row after it."""
    with sides[0].engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE theirs SET name = '企业' || (CASE two WHEN '4000' THEN 1 ELSE two::int + 1 END)"
        )
    found = compare_tables(*sides)
    assert len(found.different) == 4000


def test_servers_that_hash_otherwise_are_compared_all_the_same(sides, monkeypatch) -> None:
    """Byte order and encoding change PostgreSQL's own hashes; then a slower one is used that is the same everywhere."""
    answers = iter([("UTF8", 1), ("UTF8", 2)])
    monkeypatch.setattr(tables._Side, "probe", lambda *_: next(answers))
    with sides[0].engine.begin() as connection:
        connection.exec_driver_sql("UPDATE theirs SET name = NULL WHERE two = '10'")
        connection.exec_driver_sql("UPDATE ours SET name = '' WHERE two = '10'")
        connection.exec_driver_sql("INSERT INTO theirs SELECT * FROM theirs WHERE two = '12'")
        connection.exec_driver_sql("DELETE FROM theirs WHERE two = '7'")
    found = compare_tables(*sides)
    told = (found.missing_there, found.different, found.duplicated)
    assert [[json.loads(key)[1] for key in keys] for keys in told] == [["7"], ["10"], ["12"]]
    assert found.missing_here == ()
    assert 0 < found.pairs < 1000


def test_columns_may_be_named_as_they_like_and_be_of_any_type(sides) -> None:
    """A column named like one of ours or like a placeholder; types whose equal values read differently."""
    with sides[0].engine.begin() as connection:
        for table, number in (("ours", "1.0"), ("theirs", "1.00")):
            connection.exec_driver_sql(
                f'CREATE TABLE any_{table} (k text, r json, "b%%s" numeric, h char(5), "Ü""x" float, e bytea, i int[])'
            )
            connection.exec_driver_sql(
                f"INSERT INTO any_{table} SELECT n, json_build_array(n), {number}, 'x', n / 3.0, 'b', ARRAY[n, NULL]"
                " FROM generate_series(1, 300) AS n"
            )
            connection.exec_driver_sql(f"UPDATE any_{table} SET \"b%%s\" = 2 WHERE k <> '5'")
    columns = ("k", "r", "b%s", "h", 'Ü"x', "e", "i")
    found = compare_tables(*(TableSide(s.engine, f"any_{s.table}", ("k",), columns) for s in sides))
    assert (found.different, found.missing_here, found.missing_there) == (("=5",), (), ())


def test_a_very_wide_table_is_compared(sides) -> None:
    """Hashes are taken one inside the other: as deep as PostgreSQL has columns."""
    names = [f"c{n}" for n in range(1500)]
    with sides[0].engine.begin() as connection:
        for table in ("ours", "theirs"):
            connection.exec_driver_sql(f"CREATE TABLE wide_{table} (id int, {', '.join(f'{n} text' for n in names)})")
            connection.exec_driver_sql(f"INSERT INTO wide_{table} (id, c7) VALUES (1, 'x'), (2, 'y')")
        connection.exec_driver_sql("UPDATE wide_theirs SET c1499 = '' WHERE id = 2")
    found = compare_tables(*(TableSide(s.engine, f"wide_{s.table}", ("id",), ["id", *names]) for s in sides))
    assert found.different == ("=2",)


def test_tables_whose_columns_have_other_types_are_compared_as_texts(sides) -> None:
    with sides[0].engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE theirs ALTER COLUMN name TYPE varchar(100)")
        connection.exec_driver_sql("UPDATE theirs SET name = 'x' WHERE two = '9'")
    found = compare_tables(*sides)
    assert [json.loads(key)[1] for key in found.different] == ["9"]
    assert (found.missing_there, found.missing_here) == ((), ())


def test_a_key_of_one_column_may_be_null(sides) -> None:
    with sides[0].engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM theirs WHERE two = '21'")
        connection.exec_driver_sql("INSERT INTO theirs VALUES ('1', NULL, 'x', NULL)")
    by_two = [TableSide(side.engine, side.table, ("two",), COLUMNS) for side in sides]
    found = compare_tables(*by_two)
    assert (found.missing_there, found.missing_here, found.different) == (("=21",), ("NULL",), ())


def test_other_databases_and_other_columns_are_refused(sides, tmp_path) -> None:
    other = TableSide(sa.create_engine("sqlite://"), "ours", ("one",), ("one",))
    with pytest.raises(Misconfigured, match="ECQS-8080"):
        compare_tables(sides[0], other)
    with pytest.raises(Misconfigured, match="ECQS-8081"):
        compare_tables(sides[0], TableSide(sides[0].engine, "theirs", ("one",), COLUMNS))
