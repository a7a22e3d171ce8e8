"""The window above the watermark, on every database."""

# ruff: noqa: DTZ001 - sources write times without a zone

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.extract.zones import in_shanghai
from ecqs_gateway.model.watermark import Watermark

NOW = datetime(2026, 11, 23, 12)
MINUTE = timedelta(minutes=1)


def fill(lab, stamps, table="T_ZS"):
    """Rows with ids from 1 and these times of change (None: null)."""
    quote = "`" if lab.dialect == "mariadb" else '"'
    name = f"{quote}{table}{quote}"
    lab.run(
        f"CREATE TABLE {name} ({quote}ID{quote} BIGINT PRIMARY KEY, "
        f"{quote}MC{quote} VARCHAR(40), {quote}GXSJ{quote} {lab.time})"
    )
    insert(lab, [(n, stamp) for n, stamp in enumerate(stamps, start=1)], table)


def insert(lab, pairs, table="T_ZS"):
    quote = "`" if lab.dialect == "mariadb" else '"'
    if not pairs:
        return
    rows = [{"i": n, "m": f"企业{n}", "g": None if s is None else lab.stamp(s)} for n, s in pairs]
    lab.run(f"INSERT INTO {quote}{table}{quote} VALUES (:i, :m, :g)", rows=rows)


def source(lab, **stream):
    return lab.source("T_ZS", ["ID"], now=NOW, changed_at="GXSJ", **stream)


def test_the_first_run_reads_everything_in_order_and_each_chunk_moves_the_watermark(lab):
    fill(lab, [NOW - MINUTE * n for n in range(1, 8)])
    chunks = lab.read(source(lab, batch_rows=3))
    assert lab.column(chunks, "ID") == [7, 6, 5, 4, 3, 2, 1]
    assert [chunk.number for chunk in chunks] == [1, 2, 3]
    assert [chunk.watermark.key for chunk in chunks] == [("5",), ("2",), ("1",)]
    assert chunks[0].origin == "T_ZS"
    assert chunks[0].frame.schema["ID"] == pl.Int64
    assert chunks[0].frame["MC"].to_list() == ["企业7", "企业6", "企业5"]


def test_a_run_continues_from_the_watermark_of_any_chunk_and_reads_the_overlap_again(lab):
    fill(lab, [NOW - timedelta(hours=n) for n in range(1, 8)])
    chunks = lab.read(source(lab, batch_rows=3, overlap="0s"))
    again = lab.read(source(lab, overlap="0s"), chunks[0].watermark)
    assert lab.column(again, "ID") == [5, 4, 3, 2, 1]
    wider = lab.read(source(lab, overlap="1h"), chunks[0].watermark)
    assert lab.column(wider, "ID") == [6, 5, 4, 3, 2, 1]


def test_rows_with_equal_times_are_never_split_away(lab):
    fill(lab, [NOW - MINUTE] * 10)
    first = lab.read(source(lab, batch_rows=4))
    assert lab.column(first, "ID") == list(range(1, 11))
    insert(lab, [(0, NOW - MINUTE)])
    again = lab.read(source(lab, overlap="0s"), first[0].watermark)
    assert lab.column(again, "ID") == list(range(11))


def test_microseconds_survive_in_the_watermark(lab):
    moment = datetime(2026, 11, 23, 8, 30, 0, 123457)
    fill(lab, [moment, moment + timedelta(microseconds=1)])
    (chunk,) = lab.read(source(lab))
    assert chunk.watermark.changed_at.endswith("08:30:00.123458")
    stored = Watermark.from_json(chunk.watermark.to_json())
    assert lab.column(lab.read(source(lab, overlap="0s"), stored), "ID")[-1] == 2


def test_a_row_without_time_is_read_in_every_run_and_moves_nothing(lab):
    fill(lab, [None, NOW - MINUTE, None])
    opened = source(lab)
    chunks = lab.read(opened)
    assert lab.column(chunks, "ID") == [1, 3, 2]
    assert chunks[0].watermark is None
    assert opened.tally.unstamped == 2
    assert "ECQS-2051" in [note.code for note in opened.notes.items]
    assert lab.column(lab.read(source(lab, overlap="0s"), chunks[-1].watermark), "ID") == [1, 3, 2]


def test_a_row_from_the_future_is_read_but_does_not_move_the_watermark_past_the_clock(lab):
    fill(lab, [NOW - MINUTE, datetime(2099, 1, 1)])
    opened = source(lab)
    chunks = lab.read(opened)
    assert lab.column(chunks, "ID") == [1, 2]
    assert chunks[-1].watermark.key == ("1",)
    assert opened.tally.ahead == 1
    insert(lab, [(3, NOW)])
    assert lab.column(lab.read(source(lab, overlap="0s"), chunks[-1].watermark), "ID") == [1, 3, 2]


def test_the_watermark_never_goes_back(lab):
    fill(lab, [NOW - MINUTE * 20, NOW - MINUTE * 10])
    after = lab.read(source(lab))[-1].watermark
    lab.run(sa.text(f"DELETE FROM {'`T_ZS`' if lab.dialect == 'mariadb' else chr(34) + 'T_ZS' + chr(34)}"))
    insert(lab, [(3, NOW - MINUTE * 25)])
    (chunk,) = lab.read(source(lab, overlap="30m"), after)
    assert chunk.frame["ID"].to_list() == [3]
    assert chunk.watermark is None or chunk.watermark == after


def test_since_adds_rows_and_never_takes_any_away(lab):
    fill(lab, [datetime(2026, 11, day) for day in (1, 10, 20, 22)])
    after = lab.read(source(lab))[-1].watermark
    assert lab.column(lab.read(source(lab), after, date(2026, 11, 10)), "ID") == [2, 3, 4]
    late = Watermark(after.changed_at.replace("11-22", "11-05"), ("9",))
    assert lab.column(lab.read(source(lab), late, date(2026, 11, 22)), "ID") == [2, 3, 4]


def test_since_without_a_watermark_sets_none_so_that_older_rows_still_come(lab):
    fill(lab, [datetime(2026, 11, day) for day in (1, 10, 20)])
    chunks = lab.read(source(lab), None, date(2026, 11, 10))
    assert lab.column(chunks, "ID") == [2, 3]
    assert [chunk.watermark for chunk in chunks] == [None]


def test_without_changed_at_the_whole_table_is_read_by_key_each_time(lab):
    fill(lab, [NOW, None, NOW - MINUTE])
    opened = lab.source("T_ZS", ["ID"], batch_rows=2)
    chunks = lab.read(opened, Watermark("2026-11-23T11:00:00", ("1",)))
    assert lab.column(chunks, "ID") == [1, 2, 3]
    assert [chunk.watermark for chunk in chunks] == [None, None]


def test_an_empty_table_gives_nothing_and_an_empty_window_gives_nothing(lab):
    fill(lab, [])
    assert lab.read(source(lab)) == []
    insert(lab, [(1, NOW - timedelta(days=2))])
    after = Watermark("2026-11-23T11:00:00.000000" if lab.dialect != "sqlite" else "2026-11-23 11:00:00", ("9",))
    assert lab.read(source(lab), after) == []


def test_rows_with_a_null_in_their_key_are_read_too(lab):
    quote = "`" if lab.dialect == "mariadb" else '"'
    lab.run(
        f"CREATE TABLE {quote}T_ZS{quote} ({quote}ID{quote} BIGINT, "
        f"{quote}MC{quote} VARCHAR(40), {quote}GXSJ{quote} {lab.time})"
    )
    insert(lab, [(None, NOW - MINUTE), (4, NOW - MINUTE), (4, NOW - MINUTE), (None, None)])
    opened = source(lab, batch_rows=1)
    assert sorted(map(str, lab.column(lab.read(opened), "ID"))) == ["4", "4", "None", "None"]
    assert opened.tally.keyless == 2


def test_a_key_of_several_columns_orders_and_pages_rightly(lab):
    lab.run(f"CREATE TABLE t_xm (a VARCHAR(9), b BIGINT, gxsj {lab.time}, PRIMARY KEY (a, b))")
    rows = [{"a": f"k{a}", "b": b, "g": lab.stamp(NOW - MINUTE)} for a in range(4) for b in range(4)]
    lab.run("INSERT INTO t_xm VALUES (:a, :b, :g)", rows=rows)
    chunks = lab.read(lab.source("t_xm", ["a", "b"], now=NOW, changed_at="gxsj", batch_rows=3))
    found = list(zip(lab.column(chunks, "a"), lab.column(chunks, "b"), strict=True))
    assert found == [(f"k{a}", b) for a in range(4) for b in range(4)]
    assert chunks[-1].watermark.key == ("k3", "3")


@pytest.mark.parametrize(
    ("sql_type", "values", "texts"),
    [
        ("VARCHAR(20)", ["20261122100000", "20261123090000", "无", "", None], ["20261122100000", "20261123090000"]),
        ("VARCHAR(30)", ["2026-11-22 10:00:00", "2026-11-23 09:00:00.5", "2026年11月23日"], None),
        ("VARCHAR(30)", ["2026-11-22T10:00:00+08:00", "2026-11-23T09:00:00+08:00"], None),
        ("CHAR(8)", ["20261120", "20261122"], ["20261120", "20261122"]),
        ("BIGINT", [1795312800, 1795395600], ["1795312800", "1795395600"]),
        ("BIGINT", [1795312800123, 1795395600456], ["1795312800123", "1795395600456"]),
        ("BIGINT", [20261122100000, 20261123090000], ["20261122100000", "20261123090000"]),
        ("DECIMAL(20,0)", [1795312800123, 1795395600456], ["1795312800123", "1795395600456"]),
        ("DATE", [date(2026, 11, 21), date(2026, 11, 22)], ["2026-11-21", "2026-11-22"]),
    ],
)  # fmt: skip
def test_every_form_of_a_time_of_change_is_understood(lab, sql_type, values, texts):
    if lab.dialect == "sqlite":
        values = [value.isoformat() if isinstance(value, date) else value for value in values]
    lab.run(f"CREATE TABLE t_form (id BIGINT PRIMARY KEY, gxsj {sql_type})")
    lab.run("INSERT INTO t_form VALUES (:i, :g)", rows=[{"i": n, "g": value} for n, value in enumerate(values)])

    def opened():
        return lab.source("t_form", ["id"], now=NOW, changed_at="gxsj", overlap="1h", batch_rows=1)

    chunks = lab.read(opened())
    odd = list(range(2, len(values)))
    assert lab.column(chunks, "id") == [*odd, 0, 1]
    assert [chunk.watermark and chunk.watermark.changed_at for chunk in chunks][len(odd) :] == (texts or values[:2])
    assert lab.column(lab.read(opened(), chunks[len(odd)].watermark), "id") == [*odd, 0, 1]
    assert lab.column(lab.read(opened(), chunks[-1].watermark), "id") == [*odd, 1] or sql_type == "DATE"


UNREADABLE = {
    "time": [
        ("mariadb", "DATETIME NOT NULL", "0000-00-00 00:00:00"),
        ("mariadb", "DATETIME", "1900-01-01 00:00:00"),
        ("core", "DATETIME(6) NOT NULL", "0000-00-00 00:00:00"),
        ("postgresql", "TIMESTAMP", "-infinity"),
        ("arrow", "TIMESTAMP", "-infinity"),
        ("sqlite", "TEXT", "0000-00-00 00:00:00"),
        ("postgresql", "TEXT", "1899-13-30 00:00:00"),
        ("arrow", "VARCHAR(30)", "2026-11-21T04:00:00Z"),
        ("mariadb", "VARCHAR(30)", "2026-11-21 04:00:00+08:00"),
    ],
    "day": [("mariadb", "DATE", "0000-00-00"), ("arrow", "DATE", "-infinity"), ("sqlite", "DATE", "1900-01-01")],
    "digits": [
        ("sqlite", "INTEGER", 0),
        ("mariadb", "BIGINT", 20261121),
        ("sqlite", "TEXT", "2026-11-22 10:00:00"),
        ("postgresql", "DECIMAL(14,0)", 0),
    ],
    "epoch": [("postgresql", "BIGINT", 0), ("arrow", "NUMERIC(20,3)", 5), ("mariadb", "DOUBLE", -1)],
    "zoned": [
        ("sqlite", "TEXT", "2026-11-21T04:00:00Z"),
        ("arrow", "TEXT", "2026-11-22T04:00:00Z"),
        ("arrow", "TIMESTAMPTZ", "1970-01-01 08:00:00+08"),
    ],
}
READABLE = {
    "time": ("2026-11-20 09:00:00", "2026-11-23 09:00:00"),
    "day": ("2026-11-20", "2026-11-23"),
    "digits": (20261120090000, 20261123090000),
    "epoch": (1795136400, 1795395600),
    "zoned": ("2026-11-20T09:00:00+08:00", "2026-11-23T09:00:00+08:00"),
}


@pytest.mark.parametrize(
    ("path", "sql_type", "form", "value"),
    [(path, sql_type, form, value) for form, cases in UNREADABLE.items() for path, sql_type, value in cases],
)
def test_a_row_whose_time_is_none_comes_in_every_run_however_it_sorts(path, sql_type, form, value, request):
    lab = request.getfixturevalue(f"{path}_lab")
    sane = [str(each) if sql_type == "TEXT" else each for each in READABLE[form]]
    lab.run(f"CREATE TABLE t_form (id BIGINT PRIMARY KEY, gxsj {sql_type})")

    def add(*rows):
        loose = ["SET SESSION sql_mode = ''"] if lab.dialect == "mariadb" else []
        lab.run(*loose, "INSERT INTO t_form VALUES (:i, :g)", rows=[{"i": i, "g": g} for i, g in rows])

    def read(after=None):
        opened = lab.source("t_form", ["id"], now=NOW, changed_at="gxsj", overlap="1h")
        return lab.read(opened, after), opened.tally

    add(*((n, sane[0]) for n in (1, 2, 3)), (5, sane[1]), (4, value))
    chunks, tally = read()
    assert (lab.column(chunks, "id"), tally.unstamped) == ([4, 1, 2, 3, 5], 1)
    add((6, value), (7, sane[1]))
    chunks, tally = read(chunks[-1].watermark)
    assert (lab.column(chunks, "id"), tally.unstamped) == ([4, 6, 5, 7], 2)


def test_a_child_row_whose_time_is_none_sets_no_watermark(lab):
    lab.run(
        f"CREATE TABLE t_p (id BIGINT PRIMARY KEY, gxsj {lab.time})",
        f"CREATE TABLE t_c (pid BIGINT, gxsj {lab.time})",
        "INSERT INTO t_p VALUES (1, '2026-11-23 09:00:00')",
        "INSERT INTO t_c VALUES (1, '1900-01-01 00:00:00')",
    )
    child = {"c": {"table": "t_c", "parent_key": ["pid"], "key": ["id"], "changed_at": "gxsj"}}
    (chunk,) = lab.read(lab.source("t_p", ["id"], now=NOW, changed_at="gxsj", children=child))
    assert chunk.watermark.children == {}


def test_a_time_zone_of_the_column_is_kept(arrow_lab, postgresql_lab):
    for lab in (postgresql_lab, arrow_lab):
        lab.clear()
        lab.run("CREATE TABLE t_tz (id INT PRIMARY KEY, gxsj TIMESTAMPTZ)")
        lab.run("INSERT INTO t_tz VALUES (1, '2026-11-23 01:00:00.000001+00'), (2, '2026-11-23 10:30:00+08')")
        chunks = lab.read(lab.source("t_tz", ["id"], now=NOW, changed_at="gxsj"))
        assert chunks[0].frame.schema["gxsj"] == pl.Datetime("us", "Asia/Shanghai")
        assert [str(v) for v in lab.column(chunks, "gxsj")] == [
            "2026-11-23 09:00:00.000001+08:00",
            "2026-11-23 10:30:00+08:00",
        ]
        assert chunks[-1].watermark.changed_at == "2026-11-23T10:30:00.000000+08:00"
        again = lab.read(lab.source("t_tz", ["id"], now=NOW, changed_at="gxsj", overlap="1h"), chunks[-1].watermark)
        assert lab.column(again, "id") == [2]


@pytest.mark.parametrize("sql_type", ["TIMESTAMP", "TIMESTAMPTZ", "DATE"])
def test_a_time_of_change_may_have_a_domain_of_postgresql_as_its_type(arrow_lab, postgresql_lab, sql_type):
    for lab in (postgresql_lab, arrow_lab):
        lab.clear()
        lab.run(f"CREATE DOMAIN d_inner AS {sql_type}", "CREATE DOMAIN d_sj AS d_inner")
        lab.run("CREATE TABLE t_dom (id INT PRIMARY KEY, gxsj d_sj)")
        lab.run("INSERT INTO t_dom VALUES (1, '2026-11-20'), (2, '2026-11-22'), (3, NULL)")
        chunks = lab.read(lab.source("t_dom", ["id"], now=NOW, changed_at="gxsj"))
        assert lab.column(chunks, "id") == [3, 1, 2]
        again = lab.read(lab.source("t_dom", ["id"], now=NOW, changed_at="gxsj"), chunks[-1].watermark)
        assert lab.column(again, "id") == [3, 2]


def test_a_column_that_changed_its_type_keeps_its_watermark(lab):
    fill(lab, [NOW - timedelta(hours=5), NOW - timedelta(hours=1)])
    for former in ("20261123103000", "1795401000", "2026-11-23T10:30:00.000000", "2026-11-23"):
        found = lab.column(lab.read(source(lab), Watermark(former, ("1",))), "ID")
        assert found == ([2] if former != "2026-11-23" else [1, 2])
    with pytest.raises(Terminal, match="ECQS-2015"):
        lab.read(source(lab), Watermark("garbage", ("1",)))


def test_a_counter_is_not_taken_for_a_time(lab):
    lab.run("CREATE TABLE t_n (id BIGINT PRIMARY KEY, banben BIGINT)", "INSERT INTO t_n VALUES (1, 17), (2, 18)")
    with pytest.raises(Misconfigured, match="ECQS-2013") as caught:
        lab.read(lab.source("t_n", ["id"], changed_at="banben"))
    assert caught.value.where == "connectors/provinces/320000.yaml: streams.certificate"


def test_a_missing_table_or_column_is_named_with_the_nearest_one(lab):
    fill(lab, [NOW])
    with pytest.raises(Misconfigured, match="ECQS-2011") as caught:
        lab.read(lab.source("T_ZSS", ["ID"]))
    assert "'T_ZS' meant" in caught.value.hint
    for key, changed_at in ((["IDD"], None), (["ID"], "GXSI")):
        with pytest.raises(Misconfigured, match="ECQS-2012") as caught:
            lab.read(lab.source("T_ZS", key, changed_at=changed_at))
        assert "meant" in caught.value.hint
        assert caught.value.where.startswith("connectors/provinces/320000.yaml")


def test_a_column_searched_by_every_run_without_index_is_remarked_on(lab):
    fill(lab, [NOW - MINUTE])
    opened = source(lab)
    lab.read(opened)
    assert [note.code for note in opened.notes.items] == ["ECQS-2052"]


@pytest.mark.parametrize("database", ["mariadb_lab", "postgresql_lab", "arrow_lab"])
def test_times_without_a_zone_are_moved_to_shanghai_and_the_watermark_stays_the_sources(request, database):
    lab = request.getfixturevalue(database)
    lab.run(
        f"CREATE TABLE t (id INT PRIMARY KEY, fzrq {lab.time}, rq DATE, gxsj {lab.time})",
        f"CREATE TABLE c (id INT, xh INT, sj {lab.time})",
        "CREATE INDEX c_id ON c (id)",
    )
    evening, stamp = datetime(2022, 3, 4, 16, 30), datetime(2026, 11, 22, 20)
    lab.run("INSERT INTO t VALUES (1, :f, '2022-03-04', :g)", rows=[{"f": evening, "g": stamp}])
    lab.run("INSERT INTO c VALUES (1, 1, :f)", rows=[{"f": evening}])
    child = {"c": {"table": "c", "parent_key": ["id"], "key": ["id"], "order_by": ["xh"]}}
    given = {"changed_at": "gxsj", "children": child, "now": NOW}
    read = {zone: lab.read(lab.source("t", ["id"], zone=zone, **given)) for zone in ("Asia/Shanghai", "UTC")}
    (here,), (utc,) = read["Asia/Shanghai"], read["UTC"]
    assert here.frame["fzrq"][0] == evening
    assert utc.frame["fzrq"][0] == datetime(2022, 3, 5, 0, 30)
    assert utc.children["c"].frame["sj"][0] == datetime(2022, 3, 5, 0, 30)
    assert utc.frame["rq"][0] == here.frame["rq"][0] == date(2022, 3, 4)
    assert utc.frame.schema == here.frame.schema
    later, before = stamp + timedelta(hours=1), stamp - timedelta(hours=1)
    lab.run("INSERT INTO t VALUES (2, :f, '2022-03-04', :g)", rows=[{"f": evening, "g": later}])
    lab.run("INSERT INTO t VALUES (3, :f, '2022-03-04', :g)", rows=[{"f": evening, "g": before}])
    again = lab.read(lab.source("t", ["id"], zone="UTC", overlap="30m", **given), after=utc.watermark)
    assert [row for chunk in again for row in chunk.frame["id"]] == [1, 2]


def test_an_hour_a_clock_skipped_or_had_twice_loses_nothing():
    frame = pl.DataFrame(
        {"t": [datetime(2024, 3, 31, 2, 30), datetime(2024, 10, 27, 2, 30), None], "d": ["x", "y", "z"]}
    )
    moved, _ = in_shanghai(frame, {}, ZoneInfo("Europe/Berlin"))
    assert moved["t"].to_list() == [datetime(2024, 3, 31, 2, 30), datetime(2024, 10, 27, 8, 30), None]
