"""Corrections of typed columns and of child rows, and what is not to be corrected."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.errors import Terminal
from ecqs_gateway.extract.chunk import ChildFrame, Chunk
from ecqs_gateway.flows import approvals, corrections, record, retry
from ecqs_gateway.flows.changes import changed, current_texts, parse_changes
from ecqs_gateway.flows.corrections import Wish
from ecqs_gateway.flows.letter_rows import Piece
from ecqs_gateway.ledger.letters import Filter, find

UNIT = "320000"
CHILD = "    children: {cp: {table: cp, parent_key: [zid], key: [id], order_by: [xh]}}\n"


def _piece(frame: pl.DataFrame, child: pl.DataFrame | None = None) -> Piece:
    children = {} if child is None else {"cp": ChildFrame(child, ("zid",), ("id",))}
    return Piece(None, Chunk(UNIT, "certificate", 0, frame, children, None, "zs"), ())  # type: ignore[arg-type]


TYPES = {
    "text": (pl.String, "０１２ ", "０１２ "),
    "whole": (pl.Int64, "17", 17),
    "float": (pl.Float64, "1.5", 1.5),
    "decimal": (pl.Decimal(10, 2), "12.30", Decimal("12.30")),
    "day": (pl.Date, "2024-03-01", date(2024, 3, 1)),
    "moment": (pl.Datetime("us"), "2024-03-01 08:30:00", datetime(2024, 3, 1, 8, 30)),  # noqa: DTZ001
    "zoned": (
        pl.Datetime("us", "Asia/Shanghai"), "2024-03-01 08:30:00", datetime(2024, 3, 1, 8, 30, tzinfo=SHANGHAI),
    ),
    "clock": (pl.Time, "08:30:00", time(8, 30)),
    "truth": (pl.Boolean, "1", True),
    "bytes": (pl.Binary, "证", "证".encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_a_text_becomes_a_value_of_the_columns_own_type(name: str) -> None:
    dtype, text, value = TYPES[name]
    row = pl.DataFrame({name: [None], "other": [1]}, schema={name: dtype, "other": pl.Int64})
    after = changed(_piece(row), {name: text}).chunk.frame
    assert after.schema == row.schema
    assert after[name][0] == value
    assert changed(_piece(after), {name: None}).chunk.frame[name][0] is None


@pytest.mark.parametrize(
    ("name", "text"),
    [("whole", "1.5"), ("whole", "x"), ("decimal", "1.234"), ("decimal", "NaN"), ("day", "2024-02-30"),
     ("day", "03/01/2024"), ("moment", "gestern"), ("clock", "25:00"), ("truth", "yes"), ("whole", str(2**70))],
)  # fmt: skip
def test_a_value_the_column_cannot_hold_is_refused_without_being_quoted(name: str, text: str) -> None:
    row = pl.DataFrame({name: [None]}, schema={name: TYPES[name][0]})
    with pytest.raises(Terminal) as caught:
        changed(_piece(row), {name: text})
    assert caught.value.code == "ECQS-6111"
    assert caught.value.where == name
    assert text not in caught.value.message


FRAME = pl.DataFrame({"id": [7], "a=b": ["x"], "名": ["远"]})
CHILDREN = pl.DataFrame({"zid": [7, 7], "xh": [1, 2], "mc": ["甲", "乙"]})


def test_child_rows_are_changed_added_and_taken_away() -> None:
    piece = _piece(FRAME, CHILDREN)
    after = changed(piece, {"cp[2].mc": "丙", "cp[3].mc": "丁", "cp[1]": None}).chunk.children["cp"].frame
    assert after.rows() == [(7, 2, "丙"), (7, None, "丁")]
    assert after.schema == CHILDREN.schema
    assert piece.chunk.children["cp"].frame.equals(CHILDREN)
    assert current_texts(piece)["cp[2].mc"] == "乙"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"cp[4].mc": "丁"}, "6110"), ({"cp[9]": None}, "6110"), ({"cp[1]": "x"}, "6110"), ({"dz[1].mc": "x"}, "6110"),
     ({"cp[1].md": "x"}, "6110"), ({"cp[0].mc": "x"}, "6110"), ({"cp[1].zid": "8"}, "6112"), ({"id": "8"}, "6112")],
)  # fmt: skip
def test_a_place_that_is_none_or_must_stay_is_refused(changes, code: str) -> None:
    with pytest.raises(Terminal) as caught:
        changed(_piece(FRAME, CHILDREN), changes)
    assert caught.value.code == f"ECQS-{code}"


def test_what_is_typed_is_read_by_the_longest_column_there_is() -> None:
    piece = _piece(FRAME, CHILDREN)
    assert parse_changes(["a=b=c=d", "名=", "cp[1].mc=1=2"], ["cp[2]"], piece) == {
        "a=b": "c=d", "名": "", "cp[1].mc": "1=2", "cp[2]": None,
    }  # fmt: skip
    for sets, nulls in ((["名"], []), (["nein=1"], []), ([], ["cp[1].nein"])):
        with pytest.raises(Terminal) as caught:
            parse_changes(sets, nulls, piece)
        assert caught.value.code == "ECQS-6110"


@given(text=st.text())
def test_any_text_is_kept_as_it_is_in_a_text_column(text: str) -> None:
    after = changed(_piece(pl.DataFrame({"a": ["x"]})), {"a": text}).chunk.frame
    assert after["a"][0] == text


def _family(world, w) -> None:
    """Two certificates whose products lie in a child table; one product of each has no name."""
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2)])
    connector = world.content / f"connectors/provinces/{UNIT}.yaml"
    connector.write_text(
        connector.read_text("utf-8").replace("certificate: {", "certificate:\n    {").replace(
            "batch_rows: 100}", "batch_rows: 100,\n     children: {cp: {table: cp, parent_key: [zid], key: [id], "
            "order_by: [xh]}}}"), "utf-8",
    )  # fmt: skip
    mapping = world.content / f"mappings/{UNIT}/certificate.yaml"
    text = mapping.read_text("utf-8").replace('split: {from: cpmc, by: "[;；]"}, fields: {name: item}',
                                             "child: cp, fields: {name: mc, model: xhao}")  # fmt: skip
    mapping.write_text(text.replace("ignore: [id, gxsj]", "ignore: [id, gxsj, cpmc]"), "utf-8")
    with world.table(UNIT) as source:
        source.execute("CREATE TABLE cp (zid INTEGER, xh INTEGER, mc TEXT, xhao TEXT)")
        source.execute("CREATE INDEX cp_zid ON cp (zid)")
        rows = [(1, 1, "架空绞线", None), (1, 2, None, "A"), (2, 1, None, "B"), (2, 2, "电力电缆", None)]
        source.executemany("INSERT INTO cp VALUES (?, ?, ?, ?)", rows)


def test_corrections_of_several_letters_keep_each_rows_own_children(world, w) -> None:
    _family(world, w)
    assert w.counts(world.sync())["dead_new"] == 2
    with world.gateway() as gateway:
        first, second = find(gateway.database, Filter())
        assert {reason["field"] for reason in second.reasons} >= {"products[1].name"}
        wishes = [
            Wish(second.id, {"cp[1].mc": "控制电缆"}, "补名称"),
            Wish(first.id, {"cp[2]": None}, "多余的行"),
        ]
        outcomes = corrections.propose(gateway, wishes, author="张三")
        assert [outcome.verdict.outcome for outcome in outcomes] == ["passes", "passes"]
        [queued] = approvals.approve(gateway, [o.correction for o in outcomes], by="李四")
        assert set(queued.letters) == {first.id, second.id}
    world.sync()
    with world.gateway() as gateway:
        assert {letter.state for letter in find(gateway.database, Filter())} == {"corrected"}
        bodies = {n: record.describe(gateway, w.key(UNIT, n))["versions"][0]["body"] for n in (1, 2)}
    assert bodies[1].count("<product>") == 1
    assert "架空绞线" in bodies[1]
    assert bodies[2].count("<product>") == 2
    assert bodies[2].index("控制电缆") < bodies[2].index("电力电缆")
    w.judged_faultless(world, {UNIT: 2})


def test_a_retry_takes_the_children_along(world, w) -> None:
    _family(world, w)
    world.sync()
    mapping = world.content / f"mappings/{UNIT}/certificate.yaml"
    named = mapping.read_text("utf-8").replace(
        "{name: mc, model: xhao}", '{name: {expr: "coalesce(mc, xhao)"}, model: xhao}'
    )
    mapping.write_text(named, "utf-8")
    with world.gateway() as gateway:
        planned = retry.plan(gateway, find(gateway.database, Filter()))
        assert planned.counts == {"passes": 2}, planned.summary()
        assert len(retry.put_in_line(gateway, planned)) == 1
    with world.table(UNIT) as source:
        source.execute("DELETE FROM zs")
        source.execute("DELETE FROM cp")
    world.sync()
    assert world.held().keys() == {w.key(UNIT, 1), w.key(UNIT, 2)}
