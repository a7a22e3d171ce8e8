"""Two tables on a real PostgreSQL server: every planted difference is found, in its class, and nothing else."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Misconfigured
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
    assert (found.pairs, found.buckets) == (0, 512)


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
