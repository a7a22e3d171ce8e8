"""Child rows come with their parents, from the same snapshot, in the same order every time."""

# ruff: noqa: DTZ001 - sources write times without a zone

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from ecqs_gateway.content.models import ChildTable
from ecqs_gateway.errors import Misconfigured

NOW = datetime(2026, 11, 23, 12)
CHILD = {"cp": {"table": "t_cp", "parent_key": ["zsid"], "key": ["zsid"], "order_by": ["xh"]}}


def fill(lab, parents=7, each=3):
    lab.run(
        f"CREATE TABLE t_zs (zsid VARCHAR(32) PRIMARY KEY, gxsj {lab.time})",
        f"CREATE TABLE t_cp (zsid VARCHAR(32), xh INT, cpmc VARCHAR(40), gxsj {lab.time})",
        "CREATE INDEX t_cp_zsid ON t_cp (zsid)",
    )
    rows = [{"z": f"Z{n:03d}", "g": lab.stamp(NOW - timedelta(hours=parents - n))} for n in range(parents)]
    lab.run("INSERT INTO t_zs VALUES (:z, :g)", rows=rows)
    lines = [{"z": row["z"], "x": x, "c": f"水泥{x}", "g": row["g"]} for row in rows for x in range(each, 0, -1)]
    lab.run("INSERT INTO t_cp VALUES (:z, :x, :c, :g)", rows=lines)


def source(lab, **stream):
    return lab.source("t_zs", ["zsid"], now=NOW, changed_at="gxsj", **{"children": CHILD, **stream})


def test_each_chunk_brings_the_child_rows_of_exactly_its_parents_in_order(lab):
    fill(lab)
    chunks = lab.read(source(lab, batch_rows=3))
    assert [chunk.frame.height for chunk in chunks] == [3, 3, 1]
    for chunk in chunks:
        child = chunk.children["cp"]
        assert (child.parent_key, child.key) == (("zsid",), ("zsid",))
        wanted = [(z, x) for z in chunk.frame["zsid"] for x in (1, 2, 3)]
        assert list(child.frame.select("zsid", "xh").iter_rows()) == wanted
        assert child.frame["cpmc"].to_list()[:3] == ["水泥1", "水泥2", "水泥3"]


def test_parents_without_child_rows_get_an_empty_frame_with_the_right_types(lab):
    fill(lab, each=0)
    (chunk,) = lab.read(source(lab))
    assert chunk.children["cp"].frame.schema["xh"] == pl.Int64
    assert chunk.children["cp"].frame.is_empty()


def test_child_rows_follow_a_key_of_several_columns(lab):
    lab.run(
        "CREATE TABLE t_p (a VARCHAR(9), b BIGINT, PRIMARY KEY (a, b))",
        "CREATE TABLE t_c (pa VARCHAR(9), pb BIGINT, mc VARCHAR(9))",
        "INSERT INTO t_p VALUES ('x', 1), ('x', 2), ('y', 1)",
        "INSERT INTO t_c VALUES ('x', 2, 'x2'), ('y', 1, 'y1'), ('y', 2, 'nobody'), ('x', NULL, 'nobody')",
    )
    child = {"c": {"table": "t_c", "parent_key": ["pa", "pb"], "key": ["a", "b"]}}
    opened = lab.source("t_p", ["a", "b"], children=child)
    (chunk,) = lab.read(opened)
    assert chunk.children["c"].frame["mc"].to_list() == ["x2", "y1"]
    assert [note.code for note in opened.notes.items] == ["ECQS-2052"]


def test_a_number_here_and_its_digits_there_still_meet(lab):
    lab.run(
        "CREATE TABLE t_p (id BIGINT PRIMARY KEY)",
        "CREATE TABLE t_c (pid VARCHAR(9), mc VARCHAR(9))",
        "INSERT INTO t_p VALUES (1), (2)",
        "INSERT INTO t_c VALUES ('1', 'a'), ('2', 'b')",
    )
    (chunk,) = lab.read(
        lab.source("t_p", ["id"], children={"c": {"table": "t_c", "parent_key": ["pid"], "key": ["id"]}})
    )
    frame = chunk.children["c"].frame
    assert frame.schema["pid"] == pl.Int64
    assert frame.rows() == [(1, "a"), (2, "b")]


def test_what_the_database_takes_for_equal_is_not_lost_by_comparing_exactly(mariadb_lab):
    mariadb_lab.run(
        "CREATE TABLE t_p (id VARCHAR(9) PRIMARY KEY)",
        "CREATE TABLE t_c (pid VARCHAR(9), mc VARCHAR(9))",
        "INSERT INTO t_p VALUES ('Ab1'), ('x')",
        "INSERT INTO t_c VALUES ('ab1 ', 'a'), ('X', 'b'), ('x', 'c')",
    )
    child = {"c": {"table": "t_c", "parent_key": ["pid"], "key": ["id"]}}
    (chunk,) = mariadb_lab.read(mariadb_lab.source("t_p", ["id"], children=child))
    assert sorted(chunk.children["c"].frame.rows()) == [("Ab1", "a"), ("x", "b"), ("x", "c")]


def test_many_parents_in_one_chunk_are_all_served(lab):
    lab.run("CREATE TABLE t_p (id BIGINT PRIMARY KEY)", "CREATE TABLE t_c (pid BIGINT PRIMARY KEY)")
    lab.run("INSERT INTO t_p VALUES (:i)", rows=[{"i": n} for n in range(12_000)])
    lab.run("INSERT INTO t_c VALUES (:i)", rows=[{"i": n} for n in range(12_000)])
    (chunk,) = lab.read(
        lab.source(
            "t_p", ["id"], children={"c": {"table": "t_c", "parent_key": ["pid"], "key": ["id"]}}, batch_rows=20_000
        )
    )
    assert chunk.children["c"].frame["pid"].to_list() == list(range(12_000))


def test_parents_and_children_come_from_one_snapshot(lab):
    fill(lab, parents=4)
    seen = []
    with source(lab, batch_rows=1) as opened:
        for chunk in opened.chunks():
            seen.append(chunk)
            if chunk.number == 1:
                lab.run(
                    "DELETE FROM t_cp",
                    "UPDATE t_zs SET zsid = 'Z999' WHERE zsid = 'Z003'",
                    "INSERT INTO t_zs VALUES ('ZZ', NULL)",
                )
    assert lab.column(seen, "zsid") == ["Z000", "Z001", "Z002", "Z003"]
    assert [chunk.children["cp"].frame.height for chunk in seen] == [3, 3, 3, 3]


def test_a_missing_child_table_or_column_is_named(lab):
    fill(lab)
    for change in ({"table": "t_cpp"}, {"parent_key": ["zsidd"]}, {"key": ["zs"]}, {"order_by": ["xuhao"]}):
        with pytest.raises(Misconfigured, match=r"ECQS-201[12]") as caught:
            lab.read(source(lab, children={"cp": {**CHILD["cp"], **change}}))
        assert caught.value.where == "connectors/provinces/320000.yaml: streams.certificate.children.cp"


class StampedChild(ChildTable):
    """A child table with a time of change of its own."""

    changed_at: str | None = None


def stamped(lab, **stream):
    opened = source(lab, **stream)
    child = StampedChild(changed_at="gxsj", **CHILD["cp"])
    opened._stream = opened._stream.model_copy(update={"children": {"cp": child}})
    return opened


def test_a_changed_child_row_brings_its_parent_although_the_parent_did_not_change(lab):
    fill(lab, parents=6)
    chunks = lab.read(stamped(lab, overlap="0s", batch_rows=4))
    assert [sorted(c.watermark.children) for c in chunks] == [[], ["cp"]]
    after = chunks[-1].watermark
    assert lab.column(lab.read(stamped(lab, overlap="0s"), after), "zsid") == ["Z005"]
    lab.run(
        "UPDATE t_cp SET cpmc = '特种水泥', gxsj = :g WHERE zsid = 'Z001'",
        rows=[{"g": lab.stamp(NOW - timedelta(minutes=5))}],
    )
    again = lab.read(stamped(lab, overlap="0s"), after)
    assert lab.column(again, "zsid") == ["Z001", "Z005"]
    assert again[0].children["cp"].frame["cpmc"].to_list() == ["特种水泥"] * 3
    assert again[-1].watermark.changed_at == after.changed_at
    assert lab.column(lab.read(stamped(lab, overlap="0s"), again[-1].watermark), "zsid") == ["Z001", "Z005"]
    lab.run("UPDATE t_cp SET gxsj = :g WHERE zsid = 'Z002'", rows=[{"g": lab.stamp(NOW - timedelta(minutes=1))}])
    third = lab.read(stamped(lab, overlap="0s"), again[-1].watermark)
    assert lab.column(third, "zsid") == ["Z001", "Z002", "Z005"]
    assert lab.column(lab.read(stamped(lab, overlap="0s"), third[-1].watermark), "zsid") == ["Z002", "Z005"]


def test_a_binary_key_is_refused_with_what_to_do_and_its_text_is_taken(lab):
    binary, text = {
        "mariadb": ("BINARY(16)", "HEX(id)"),
        "sqlite": ("BLOB", "hex(id)"),
        "postgresql": ("BYTEA", "encode(id, 'hex')"),
    }[lab.dialect]
    lab.run(
        f"CREATE TABLE t_b (id {binary} NOT NULL PRIMARY KEY, mc VARCHAR(9))",
        "CREATE TABLE t_t (id VARCHAR(32) NOT NULL PRIMARY KEY)",
        f"CREATE VIEW v_b AS SELECT {text} AS id, mc FROM t_b",
    )
    ids = [b"\x11" * 15 + bytes([last]) for last in (1, 2, 0xFF)]
    lab.run(sa.text("INSERT INTO t_b VALUES (:i, 'x')"), rows=[{"i": each} for each in ids])
    for parent, child in (("t_b", None), ("t_t", "t_b")):
        below = {"cp": {"table": child, "parent_key": ["id"], "key": ["id"]}} if child else {}
        with pytest.raises(Misconfigured, match="ECQS-2016") as caught:
            lab.read(lab.source(parent, ["id"], children=below))
        assert "'id'" in str(caught.value)
        assert "t_b" in str(caught.value)
        assert "hex" in caught.value.hint
        assert caught.value.where.endswith("children.cp" if child else "streams.certificate")
    children = {"cp": {"table": "v_b", "parent_key": ["id"], "key": ["id"]}}
    (chunk,) = lab.read(lab.source("v_b", ["id"], children=children))
    assert chunk.frame["id"].str.to_lowercase().to_list() == [each.hex() for each in ids]
    assert chunk.children["cp"].frame["id"].to_list() == chunk.frame["id"].to_list()


@pytest.mark.parametrize(
    ("parent", "child", "keys"),
    [
        ("VARCHAR(9)", "INTEGER", {"'007'": "7", "'12'": "12"}),
        ("NUMERIC(10,0)", "NUMERIC(12,2)", {"7": "7", "100": "100"}),
        ("INTEGER", "NUMERIC(12,2)", {"7": "7", "100": "100", "-3": "-3"}),
        ("NUMERIC(10,1)", "NUMERIC(12,3)", {"7.5": "7.5", "0": "0", "-1.2": "-1.2"}),
    ],
)
def test_numbers_that_are_equal_and_spelled_otherwise_find_their_parents(lab, parent, child, keys):
    if lab.dialect == "sqlite" and "NUMERIC" in parent:
        parent, child = "DECIMAL(9,2)", "DOUBLE"
    lab.run(f"CREATE TABLE p (id {parent} NOT NULL PRIMARY KEY)", f"CREATE TABLE c (pid {child}, xh INT)")
    for own, other in keys.items():
        lab.run(f"INSERT INTO p VALUES ({own})", f"INSERT INTO c VALUES ({other}, 1)")
    wanted = {"c": {"table": "c", "parent_key": ["pid"], "key": ["id"], "order_by": ["xh"]}}
    (chunk,) = lab.read(lab.source("p", ["id"], children=wanted))
    assert sorted(chunk.children["c"].frame["pid"]) == sorted(chunk.frame["id"])


def test_a_number_that_may_be_two_parents_is_given_to_neither_and_told(mariadb_lab, caplog):
    mariadb_lab.run(
        "CREATE TABLE p (id VARCHAR(9) PRIMARY KEY)",
        "CREATE TABLE c (pid INT, xh INT, KEY (pid))",
        "INSERT INTO p VALUES ('007'), ('07'), ('8')",
        "INSERT INTO c VALUES (7, 1), (8, 1)",
    )
    wanted = {"c": {"table": "c", "parent_key": ["pid"], "key": ["id"], "order_by": ["xh"]}}
    with caplog.at_level("WARNING"):
        (chunk,) = mariadb_lab.read(mariadb_lab.source("p", ["id"], children=wanted))
    assert chunk.children["c"].frame["pid"].to_list() == ["7", "8"]
    assert [line for line in caplog.messages if "ECQS-2084" in line and "child table c are left out" in line]
