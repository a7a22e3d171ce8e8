"""The generators: repeatable, the same everywhere, invented, and dirty exactly as they say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import sqlalchemy as sa
from stdnum.cn import uscc
from stdnum.iso7064 import mod_37_36

from ecqs_gateway.content.load import load
from ecqs_gateway.content.models_sources import observed_text
from ecqs_gateway.doors.connections import from_json
from ecqs_gateway.extract.source import describe
from ecqs_gateway.sandbox.provinces import GENERATED, Manifest, generate, mutate
from ecqs_gateway.sandbox.provinces.firm import AS_OF
from ecqs_gateway.sandbox.provinces.load import append, create, sandbox_engine

ROOT = Path(__file__).resolve().parents[2]
TABLES = {
    "320000": ("T_XK_ZS", "T_XK_ZS_CP", "T_XK_ZS_DZ", "T_XK_BJ", "T_XK_BJ_CL", "T_XK_BJ_HC", "T_XK_HCRY"),
    "370000": ("sc_xkz_hl",),
}
KEYS = {"T_XK_ZS": "ZSID", "sc_xkz_hl": "certid"}


def sqlite(folder: Path, name: str) -> str:
    return f"sqlite:///{folder / name}.sqlite"


def rows(url: str, table: str) -> list[tuple]:
    """Give the rows of a table by its primary key, with Python's own values."""
    engine = sa.create_engine(url)
    try:
        found = sa.Table(table, sa.MetaData(), autoload_with=engine)
        # By code point in every database, whatever its collation.
        with engine.connect() as connection:
            return sorted(tuple(row) for row in connection.execute(sa.select(found)))
    finally:
        engine.dispose()


def everything(url: str, unit: str) -> Mapping[str, list[tuple]]:
    return {table: rows(url, table) for table in TABLES[unit]}


def column(url: str, table: str, name: str) -> list:
    engine = sa.create_engine(url)
    try:
        found = sa.Table(table, sa.MetaData(), autoload_with=engine)
        with engine.connect() as connection:
            return list(connection.execute(sa.select(found.c[name])).scalars())
    finally:
        engine.dispose()


@pytest.mark.parametrize("unit", GENERATED)
def test_same_seed_same_data_and_other_seed_other_data(tmp_path, unit):
    first = generate(unit, sqlite(tmp_path, "a"), rows=150, seed=7)
    again = generate(unit, sqlite(tmp_path, "b"), rows=150, seed=7)
    other = generate(unit, sqlite(tmp_path, "c"), rows=150, seed=8)
    assert first == again
    assert everything(sqlite(tmp_path, "a"), unit) == everything(sqlite(tmp_path, "b"), unit)
    assert everything(sqlite(tmp_path, "a"), unit) != everything(sqlite(tmp_path, "c"), unit)
    assert other.seed == 8


@pytest.mark.parametrize("unit", GENERATED)
def test_a_large_table_begins_with_the_small_one(tmp_path, unit):
    generate(unit, sqlite(tmp_path, "small"), rows=120)
    generate(unit, sqlite(tmp_path, "large"), rows=480)
    table = TABLES[unit][0]
    small, large = rows(sqlite(tmp_path, "small"), table), rows(sqlite(tmp_path, "large"), table)
    assert (len(small), len(large)) == (120, 480)
    assert large[:120] == small


@pytest.mark.parametrize("unit", GENERATED)
def test_generating_again_replaces_what_was_there(tmp_path, unit):
    generate(unit, sqlite(tmp_path, "a"), rows=300, seed=1)
    made = generate(unit, sqlite(tmp_path, "a"), rows=100, seed=2)
    assert {table: len(found) for table, found in everything(sqlite(tmp_path, "a"), unit).items()} == made.tables
    assert made.tables[TABLES[unit][0]] == 100


@pytest.mark.parametrize("unit", GENERATED)
def test_postgresql_holds_what_sqlite_holds(tmp_path, postgresql_url, unit):
    assert generate(unit, postgresql_url, rows=200) == generate(unit, sqlite(tmp_path, "a"), rows=200)
    assert everything(postgresql_url, unit) == everything(sqlite(tmp_path, "a"), unit)


@pytest.mark.parametrize("unit", GENERATED)
def test_mariadb_holds_what_sqlite_holds(tmp_path, mariadb_url, unit):
    assert generate(unit, mariadb_url, rows=200) == generate(unit, sqlite(tmp_path, "a"), rows=200)
    assert everything(mariadb_url, unit) == everything(sqlite(tmp_path, "a"), unit)


AWKWARD = ["a\\b", "\\N", "NULL", "", 'x"y', "a\nb", "a\r\nb", "a,b", "\\", None, "'", "\u3000\x07"]


@pytest.mark.parametrize("service", ["sqlite", "postgresql_url", "mariadb_url"])
def test_awkward_texts_arrive_as_they_are(tmp_path, request, service):
    engine = sandbox_engine(sqlite(tmp_path, "a") if service == "sqlite" else request.getfixturevalue(service))
    metadata = sa.MetaData()
    table = sa.Table("t", metadata, sa.Column("i", sa.Integer, primary_key=True), sa.Column("s", sa.String(20)))
    create(engine, metadata)
    append(engine, table, [pl.DataFrame({"i": range(1, len(AWKWARD) + 1), "s": AWKWARD})])
    with engine.connect() as connection:
        assert list(connection.execute(sa.select(table.c.s).order_by(table.c.i)).scalars()) == AWKWARD
    engine.dispose()


@pytest.mark.parametrize("unit", GENERATED)
def test_every_kind_of_dirt_is_there_from_the_smallest_table_on(tmp_path, unit):
    small = generate(unit, sqlite(tmp_path, "small"), rows=100)
    large = generate(unit, sqlite(tmp_path, "large"), rows=5_000)
    kinds = {one.dirt for one in large.dirty if one.kind == "certificate"}
    assert {one.dirt for one in small.dirty if one.kind == "certificate"} == kinds


@pytest.mark.parametrize("unit", GENERATED)
def test_the_share_of_dirt_is_as_asked_for(tmp_path, unit):
    made = generate(unit, sqlite(tmp_path, "a"), rows=5_000, dirty=0.3)
    dirty = sum(len(made.keys("certificate", one)) for one in ("reject", "flag", "cleaned"))
    assert 0.2 < dirty / 5_000 < 0.35


@pytest.mark.parametrize("unit", GENERATED)
def test_without_dirt_nothing_is_promised(tmp_path, unit):
    assert generate(unit, sqlite(tmp_path, "a"), rows=1_000, dirty=0.0).dirty == ()


def test_no_row_has_two_kinds_of_dirt(tmp_path):
    made = generate("320000", sqlite(tmp_path, "a"), rows=5_000)
    for kind in ("certificate", "approval"):
        keys = [key for one in made.dirty if one.kind == kind for key in one.keys]
        assert len(keys) == len(set(keys))


def test_numbers_owned_by_jiangsu_are_in_both_provinces(tmp_path):
    made = generate("370000", sqlite(tmp_path, "shandong"), rows=100, seed=3)
    generate("320000", sqlite(tmp_path, "jiangsu"), rows=100, seed=9)
    (foreign,) = made.of("certificate", "headquarters")
    theirs = set(column(sqlite(tmp_path, "jiangsu"), "T_XK_ZS", "ZSBH"))
    mine = dict(row[:2] for row in rows(sqlite(tmp_path, "shandong"), "sc_xkz_hl"))
    numbers = {mine[int(key)] for key in foreign.keys}
    assert len(numbers) == 4
    assert numbers <= theirs
    assert all(number.startswith("(苏)") for number in numbers)


@pytest.mark.parametrize(
    ("unit", "table", "name"), [("320000", "T_XK_ZS", "TYSHXYDM"), ("370000", "sc_xkz_hl", "orgcode")]
)
def test_enterprises_are_invented_and_their_codes_hold(tmp_path, unit, table, name):
    generate(unit, sqlite(tmp_path, "a"), rows=1_000, dirty=0.0)
    codes = column(sqlite(tmp_path, "a"), table, name)
    assert all(uscc.is_valid(code) for code in codes)
    # An organisation code that begins with Y is not assigned to anyone.
    assert {code[8] for code in codes} == {"Y"}
    assert all(
        "示例" in one for one in column(sqlite(tmp_path, "a"), table, "QYMC" if unit == "320000" else "companyname")
    )


def test_electronic_licence_ids_have_good_check_characters(tmp_path):
    made = generate("320000", sqlite(tmp_path, "a"), rows=1_000)
    (wrong,) = (one for one in made.dirty if one.dirt == "licence_check")
    engine = sa.create_engine(sqlite(tmp_path, "a"))
    with engine.connect() as connection:
        found = connection.execute(sa.text('SELECT "ZSID", "DZZZBS" FROM "T_XK_ZS" WHERE "DZZZBS" IS NOT NULL')).all()
    engine.dispose()
    assert len(found) > 300
    for key, number in found:
        assert mod_37_36.is_valid("".join(number.split(".")[5:])) == (key not in wrong.keys)


@pytest.mark.parametrize("service", ["sqlite", "postgresql_url", "mariadb_url"])
@pytest.mark.parametrize("unit", GENERATED)
def test_a_night_changes_as_many_clean_rows_as_asked(tmp_path, request, service, unit):
    url = sqlite(tmp_path, "a") if service == "sqlite" else request.getfixturevalue(service)
    table = TABLES[unit][0]
    made = generate(unit, url, rows=600)
    before = {row[0]: row for row in rows(url, table)}
    at = datetime(2026, 11, 22, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
    night = mutate(unit, url, 25, at=at)
    changed = {str(key) for key, row in {row[0]: row for row in rows(url, table)}.items() if row != before[key]}
    assert changed == night.keys("certificate", "changed")
    assert len(changed) == 25
    assert night.tables == {table: 25}
    promised = {key for one in made.dirty if one.kind == "certificate" for key in one.keys}
    assert not changed & promised
    name = "GXSJ" if unit == "320000" else "gxsj"
    assert column(url, table, name).count(at.replace(tzinfo=None)) == 25
    assert mutate(unit, url, 25, at=at, seed=5).keys("certificate", "changed") != changed


def test_change_times_are_shared_and_past(tmp_path):
    generate("320000", sqlite(tmp_path, "a"), rows=5_000)
    times = pl.Series(column(sqlite(tmp_path, "a"), "T_XK_ZS", "GXSJ"))
    assert times.value_counts()["count"].max() > 100
    assert times.max() <= datetime.combine(AS_OF, time(18))


@pytest.mark.parametrize("bad", [{"rows": 99}, {"rows": 1_000_001}, {"dirty": 0.7}, {"dirty": -0.1}])
def test_sizes_outside_the_promise_are_refused(tmp_path, bad):
    with pytest.raises(ValueError, match="from"):
        generate("320000", sqlite(tmp_path, "a"), **bad)


def test_unknown_units_and_too_many_changes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="220000"):
        generate("220000", sqlite(tmp_path, "a"))
    generate("370000", sqlite(tmp_path, "a"), rows=100)
    with pytest.raises(ValueError, match="can be changed"):
        mutate("370000", sqlite(tmp_path, "a"), 50)


def test_a_manifest_is_readable_in_another_process(tmp_path):
    made = generate("370000", sqlite(tmp_path, "a"), rows=100)
    data = json.loads(made.to_json())
    assert data["tables"] == {"sc_xkz_hl": 100}
    assert isinstance(made, Manifest)
    assert {one["dirt"] for one in data["dirty"]} == {one.dirt for one in made.dirty}


@pytest.mark.parametrize("unit", GENERATED)
def test_the_observed_source_schema_is_what_the_generator_makes(tmp_path, unit):
    generate(unit, sqlite(tmp_path, unit), rows=100)
    connection = from_json("ecqs_test", json.dumps({"conn_type": "sqlite", "host": str(tmp_path / f"{unit}.sqlite")}))
    described = describe(load(ROOT).connectors[unit], connection)
    assert (ROOT / "schemas" / "sources" / f"{unit}.json").read_text(encoding="utf-8") == observed_text(described)


def test_every_case_of_every_mapping_comes_out_as_promised():
    content = load(ROOT, cases=True)
    assert [f"{p.file}:{p.line} {p.message}" for p in content.problems] == []
    for lane in (("320000", "certificate"), ("320000", "approval"), ("320000", "inspector"), ("370000", "certificate")):
        assert len(content.cases[lane]) >= 3
