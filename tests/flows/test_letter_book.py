"""Lists of dead letters as workbooks: what goes out comes back unharmed, and of a file only its wishes are believed."""

from __future__ import annotations

import io
import json
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.doors import workbook
from ecqs_gateway.doors.workbook import Column, Sheet, holds, neutral, plain, read_book, sheet_name, write_book
from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows import approvals, letter_import
from ecqs_gateway.flows.letter_book import NOT_HERE, export
from ecqs_gateway.ledger import corrections, evidence
from ecqs_gateway.ledger.events import EVENTS
from ecqs_gateway.ledger.letters import Filter, find

UNIT = "320000"
SHEET = f"{UNIT} certificate"
HOSTILE = (
    "=cmd|' /C calc'!A0", "+1+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "'=1", "''-1", "'plain", "007", "2024-03-01",
    "2024-03-01 00:00:00", "1e5", "TRUE", "<b>&amp;</b>", "长" * 300, "两\n行", "两\r\n行", " 前后 ",
    "_x000D_", "a\x07b", "http://example.org/", "𠮷野家", "x" * 40_000,
)  # fmt: skip


def _book(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def _saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _exported(world, **wanted) -> bytes:
    with world.gateway() as gateway:
        return export(gateway, find(gateway.database, Filter(**wanted)))


def _taken(world, data: bytes, **given):
    with world.gateway() as gateway:
        return letter_import.take_back(gateway, data, author="张三", **{"reason": "依档案", **given})


def _cell(book: openpyxl.Workbook, row: int, heading: str):
    page = book[SHEET]
    column = next(cell.column for cell in page[1] if cell.value == heading)
    return page.cell(row, column)


def test_whatever_the_source_holds_comes_back_as_no_change(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, n, qymc=text, fzrq="昨天") for n, text in enumerate(HOSTILE, 1)])
    world.sync()
    data = _exported(world)
    for again in (data, _saved(_book(data))):
        report = _taken(world, again)
        assert report.mistakes == ()
        assert report.done == ()
    page = _book(data)[SHEET]
    assert all(cell.data_type == "s" for row in page.iter_rows(min_row=2) for cell in row if cell.value is not None)
    values = {row[9].value for row in page.iter_rows(min_row=2)} | {row[10].value for row in page.iter_rows(min_row=2)}
    assert {"'=cmd|' /C calc'!A0", "'-1", "007", "2024-03-01", "长" * 300, NOT_HERE} <= values
    assert not any(str(value).startswith(("=", "+", "-", "@", "\t", "＝")) for value in values)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text().filter(lambda text: text and holds(text)), min_size=1, max_size=8))
def test_any_text_a_cell_can_hold_survives_the_workbook(texts: list[str], w) -> None:
    sheet = Sheet("s", (Column("列"),), [[text] for text in texts])
    back = read_book(write_book([sheet], made=w.START), place="here")["s"]
    lines = [(row[0] or "").replace("\r\n", "\n").replace("\r", "\n") for row in back[1:]]
    wanted = [neutral(text).replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    assert lines == wanted
    assert [plain(neutral(text)) for text in texts] == texts


def test_sheet_names_are_short_unique_and_without_forbidden_characters() -> None:
    long = "320000 " + "x" * 40
    first = sheet_name(long)
    second = sheet_name(long, [first])
    assert len(first) == len(second) == 31
    assert first != second
    assert sheet_name("a/b[c]:*?\\") == "a_b_c_____"
    assert sheet_name("History") != "History"


def test_edits_become_proposals_and_the_rest_is_done(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, n, fzrq="昨天") for n in range(1, 5)] + [w.licence(UNIT, 5, zt="吊销")])
    world.sync()
    world.write(f"mappings/{UNIT}/codes/zt.csv", "source,national,note\n有效,01,\n吊销,03,\n")
    book = _book(_exported(world))
    _cell(book, 2, "fzrq").value = "2024-03-01"
    _cell(book, 3, "fzrq").value = "2024-03-02"
    _cell(book, 3, "理由").value = "电话核实"
    _cell(book, 4, "处理").value = "放弃"
    _cell(book, 6, "处理").value = "重试"
    data = _saved(book)
    report = _taken(world, data)
    assert report.mistakes == ()
    assert [(row["row"], row["did"]) for row in report.done] == [
        (2, "proposed"), (3, "proposed"), (4, "discarded"), (6, "retried"),
    ]  # fmt: skip
    with world.gateway() as gateway:
        proposals = corrections.find(gateway.database, gateway.vault)
        assert [(p.letter, p.changes, p.reason, p.author) for p in proposals] == [
            (1, {"fzrq": "2024-03-01"}, "依档案", "张三"),
            (2, {"fzrq": "2024-03-02"}, "电话核实", "张三"),
        ]
    assert _taken(world, data).before is not None, "the very file was imported before"
    book.properties.creator = "someone who saved it again"
    again = _taken(world, _saved(book))
    assert again.mistakes == ()
    assert again.counts == {"known": 2}, "nothing is proposed, discarded or retried twice"
    with world.gateway() as gateway:
        assert len(corrections.find(gateway.database, gateway.vault)) == 2
        approvals.approve(gateway, [1, 2], by="李四")
    world.sync()
    assert world.held().keys() == {w.key(UNIT, n) for n in (1, 2, 5)}
    with world.gateway() as gateway:
        states = [letter.state for letter in find(gateway.database, Filter())]
    assert states == ["corrected", "corrected", "discarded", "open", "resolved"]
    assert _taken(world, _saved(book)).counts == {}, "what was approved is not proposed again"
    with world.gateway() as gateway, gateway.database.read() as connection:
        entries = list(evidence.entries(connection))
    assert {"correction proposed", "letters corrected", "letters discarded", "letters retried", "letters imported"} <= {
        entry.event for entry in entries
    }
    for entry in entries:
        assert set(json.loads(entry.facts)) <= set(EVENTS[entry.event].facts), entry
        assert not any(value in entry.facts for value in ("2024-03-0", "昨天", "电话核实", "有限公司")), entry


def test_all_mistakes_are_told_at_once_with_their_place_and_nothing_is_done(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, n, fzrq="昨天") for n in range(1, 9)])
    world.sync()
    book = _book(_exported(world))
    page = book[SHEET]
    page["A2"].value = "99"
    page["A3"].value = page["A4"].value
    _cell(book, 5, "fzrq").value = "前天"
    _cell(book, 6, "处理").value = "更正"
    _cell(book, 7, "处理").value = "随便"
    _cell(book, 8, "处理").value = "放弃"
    _cell(book, 8, "fzrq").value = "2024-03-01"
    _cell(book, 9, "处理").value = "重试"
    page.cell(1, page.max_column + 1).value = "没有的列"
    page.cell(4, page.max_column).value = "x"
    report = _taken(world, _saved(book), reason="")
    found = {(m.row, m.column): m.message for m in report.mistakes}
    assert (2, "A") in found
    assert "校验" in found[3, "B"]
    assert "没有这一列" in found[4, openpyxl.utils.get_column_letter(page.max_column)]
    assert found.keys() >= {(6, "G"), (7, "G"), (9, "G")}
    assert any(row == 8 and "只能取一" in text for (row, _), text in found.items())
    assert (5, "H") in found, "no reason was given"
    assert {m.sheet for m in report.mistakes} == {SHEET}
    report = _taken(world, _saved(book))
    assert any(m.row == 5 and "ECQS-6114" in m.message for m in report.mistakes), "it would still be refused"
    with world.gateway() as gateway:
        assert corrections.find(gateway.database, gateway.vault) == []
        assert {letter.state for letter in find(gateway.database, Filter())} == {"open"}


def test_a_file_of_another_ledger_or_with_changed_headings_is_refused(world, w, tmp_path) -> None:
    world.province(UNIT, [w.licence(UNIT, 1, fzrq="昨天")])
    world.sync()
    book = _book(_exported(world))
    del book["_ecqs"]
    with pytest.raises(Terminal) as foreign:
        _taken(world, _saved(book))
    assert foreign.value.code == "ECQS-6123"
    book = _book(_exported(world))
    book["_ecqs"]["B3"].value = "0" * 64
    with pytest.raises(Terminal) as other:
        _taken(world, _saved(book))
    assert other.value.code == "ECQS-6123"
    book = _book(_exported(world))
    book[SHEET]["A1"].value = "号"
    assert [(m.row, m.column) for m in _taken(world, _saved(book)).mistakes] == [(1, "A")]


def _with(data: bytes, name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry.filename, old.read(entry))
        new.writestr(name, content)
    return target.getvalue()


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("xl/workbook.xml", BOMB, "6122"),
        ("xl/workbook.xml", BOMB.decode().encode("utf-16"), "6122"),
        ("xl/worksheets/sheet1.xml", b" " * (1 << 20) + BOMB, "6122"),
        ("xl/vbaProject.bin", b"x", "6122"),
        ("xl/externalLinks/externalLink1.xml", b"<x/>", "6122"),
        ("xl/workbook.xml", b"<not xml", "6121"),
    ],
)
def test_a_dangerous_workbook_is_refused_before_it_is_read(w, name: str, content: bytes, code: str) -> None:
    data = write_book([Sheet("s", (Column("列"),), [["x"]])], made=w.START)
    with pytest.raises(Terminal) as caught:
        read_book(_with(data, name, content), place="here")
    assert caught.value.code == f"ECQS-{code}"


def test_a_workbook_that_inflates_to_too_much_is_refused_while_it_is_read(w, monkeypatch) -> None:
    monkeypatch.setattr(workbook, "_LARGEST_INFLATED", 3_000_000)
    data = write_book([Sheet("s", (Column("列"),), [["x"]])], made=w.START)
    assert read_book(data, place="here")["s"] == [["列"], ["x"]]
    with pytest.raises(Terminal) as caught:
        read_book(_with(data, "xl/media/zeros.bin", bytes(4_000_000)), place="here")
    assert caught.value.code == "ECQS-6122"
    assert "inflates" in caught.value.message


@pytest.mark.parametrize("data", [b"", b"no workbook", b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + bytes(18)])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(Terminal) as caught:
        read_book(data, place="here")
    assert caught.value.code == "ECQS-6121"


def test_formulas_somebody_wrote_into_a_cell_are_text_to_us(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, 1, fzrq="昨天")])
    world.sync()
    book = _book(_exported(world))
    _cell(book, 2, "qymc").value = '=HYPERLINK("http://example.org","x")'
    report = _taken(world, _saved(book))
    assert report.done == ()
    assert [m.row for m in report.mistakes] == [2], "a formula without a stored result empties the cell"
