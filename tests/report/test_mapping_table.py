"""The table bureaux sign says what the mapping does, survives hostile names, and can be read back and compared."""

from __future__ import annotations

import io
import re
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from ecqs_gateway.content.load import load
from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.report.mapping_compare import compare_table, read_table
from ecqs_gateway.report.mapping_html import mapping_html
from ecqs_gateway.report.mapping_table import FIELD_COLUMNS, Table, mapping_table
from ecqs_gateway.report.mapping_xlsx import mapping_xlsx

MADE = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)
MAP = "mappings/320000/certificate.yaml"
ZT = "mappings/320000/codes/zt.csv"
HOSTILE = [
    '=HYPERLINK("http://example.invalid/";"x")', "+1+1", "-2+3", "@SUM(A1)", "＝1", "\t=1", "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>", "&lt;b&gt;", "长" * 300, "'=1", "_x0041_", "a\u202eb",
    '" onmouseover="x',
]  # fmt: skip


def table_of(root: Path) -> Table:
    content = load(root, today=date(2026, 11, 23))
    assert not [p for p in content.problems if p.blocking], content.problems
    return mapping_table(content, content.compiled["320000", "certificate"])


def change(root: Path, file: str, was: str, now: str) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert text.count(was) == 1, text
    path.write_text(text.replace(was, now), encoding="utf-8")


def cells(table: Table, path: str) -> dict[str, str]:
    line = next(line for line in table.fields if line.cells[1] == path)
    return dict(zip(FIELD_COLUMNS, line.cells, strict=True))


def hostile(root: Path) -> None:
    lines = "".join(
        '"' + one.replace('"', '""') + '",01,"' + one.replace('"', '""') + '"\n'
        for one in HOSTILE
        if one.strip() == one
    )
    (root / ZT).write_text(f"source,national,note\n{lines}", encoding="utf-8")
    owner = HOSTILE[0].replace("'", "''")
    text = (root / MAP).read_text(encoding="utf-8")
    (root / MAP).write_text(re.sub("owner: .*", f"owner: '{owner}'", text, count=1), encoding="utf-8")


def test_every_field_is_there_with_what_the_mapping_does(bundle):
    table = table_of(bundle)
    assert cells(table, "issue_date") == {
        "序号": cells(table, "issue_date")["序号"], "字段代码": "issue_date", "字段名称": "发证日期", "类型": "日期",
        "长度": "10", "约束条件": "M", "字段出处": "条例第28条", "对应情况": "直接对应", "来源表": "T_XK_ZS",
        "来源字段": "FZRQ",
        "转换规则": "取 FZRQ；只认日期格式 %Y%m%d", "代码对照表": "",
    }  # fmt: skip
    assert cells(table, "status")["代码对照表"] == "zt"
    assert [line.cells[0] for line in table.fields] == [str(n) for n in range(1, len(table.fields) + 1)]
    assert {one.name for one in table.codes} == {"zt"}


def test_a_table_read_back_differs_in_nothing(bundle):
    table = table_of(bundle)
    signed = read_table(mapping_xlsx(table, made=MADE), place="t.xlsx")
    assert (signed.unit, signed.kind, signed.digest) == ("320000", "certificate", table.digest)
    assert compare_table(signed, table) == []


def test_a_table_saved_by_another_program_differs_in_nothing(bundle):
    table = table_of(bundle)
    book = openpyxl.load_workbook(io.BytesIO(mapping_xlsx(table, made=MADE)))
    book["对照表"].insert_rows(1, 2)
    book["对照表"]["A1"] = "签署时加的一行"
    saved = io.BytesIO()
    book.save(saved)
    assert compare_table(read_table(saved.getvalue(), place="t.xlsx"), table) == []


def test_what_changed_since_is_told_with_its_line(bundle):
    signed = read_table(mapping_xlsx(table_of(bundle), made=MADE), place="t.xlsx")
    change(bundle, MAP, 'issue_date: {from: FZRQ, parse: ["%Y%m%d"]}', "issue_date: FZRQ")
    (bundle / ZT).write_text("source,national,note,equivalence\n有效,05,,narrower\n停,,,none\n", encoding="utf-8")
    now = table_of(bundle)
    assert now.digest != signed.digest
    found = {
        (one.subject, one.what): (one.signed, one.mapping, f"{one.file}:{one.line}")
        for one in compare_table(signed, now)
    }
    assert found["issue_date", "转换规则"] == (
        "取 FZRQ；只认日期格式 %Y%m%d",
        "取 FZRQ",
        f"{MAP}:{line_of(bundle, 'issue_date')}",
    )
    assert found["代码对照表 zt 有效", "国家代码"] == ("01", "05", f"{ZT}:2")
    assert found["代码对照表 zt 有效", "对应关系"] == ("等同", "国家代码更窄", f"{ZT}:2")
    assert found["代码对照表 zt 停", "代码"] == (None, "无对应", f"{ZT}:3")
    gone = [one for one in compare_table(signed, now) if one.mapping is None]
    assert {one.subject for one in gone} == {"代码对照表 zt 注销"}


def line_of(root: Path, field: str) -> int:
    lines = (root / MAP).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(f"{field}:"))


def test_a_comment_in_the_mapping_is_no_difference(bundle):
    signed = read_table(mapping_xlsx(table_of(bundle), made=MADE), place="t.xlsx")
    change(bundle, MAP, "version: 1", "# looked at\nversion: 1")
    assert table_of(bundle).digest != signed.digest
    assert compare_table(signed, table_of(bundle)) == []


def test_hostile_names_are_text_in_the_workbook_and_come_back(bundle):
    hostile(bundle)
    table = table_of(bundle)
    data = mapping_xlsx(table, made=MADE)
    book = openpyxl.load_workbook(io.BytesIO(data))
    texts = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type in {"s", "n"} for sheet in book for row in sheet.iter_rows() for cell in row)
    assert not [text for text in texts if isinstance(text, str) and text.startswith(("=", "+", "-", "@", "\t", "＝"))]
    assert "长" * 300 in texts
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert compare_table(read_table(data, place="t.xlsx"), table) == []


class Page(HTMLParser):
    """Collects tags, attributes and text as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_one_file_that_runs_nothing(bundle):
    hostile(bundle)
    page = Page()
    text = mapping_html(table_of(bundle), made=MADE)
    page.feed(text)
    assert not {"script", "img", "link", "iframe", "a", "form"} & set(page.tags)
    assert not [name for name in page.attributes if name.startswith("on") or name in {"src", "href"}]
    assert "url(" not in text
    assert "<script>alert(1)</script>" in "".join(page.text)
    assert "长" * 300 in "".join(page.text)
    assert "签字、盖章" in "".join(page.text)


def other_workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active["A1"] = "x"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"%PDF", other_workbook()])
def test_a_file_that_is_no_table_is_refused_with_a_next_step(data):
    with pytest.raises(GatewayError) as found:
        read_table(data, place="t.xlsx")
    assert found.value.hint


def test_a_table_without_a_column_is_refused(bundle):
    book = openpyxl.load_workbook(io.BytesIO(mapping_xlsx(table_of(bundle), made=MADE)))
    book["对照表"].delete_cols(11)
    target = io.BytesIO()
    book.save(target)
    with pytest.raises(Misconfigured, match="转换规则"):
        read_table(target.getvalue(), place="t.xlsx")


def test_the_tables_of_all_sample_units_come_back(project_root):
    content = load(project_root)
    for compiled in content.compiled.values():
        table = mapping_table(content, compiled)
        assert compare_table(read_table(mapping_xlsx(table, made=MADE), place="t.xlsx"), table) == []
        assert len(mapping_html(table, made=MADE)) < 200_000
