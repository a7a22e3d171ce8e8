"""The report's rendering: numbers that tie out or nothing, hostile names, native charts, nothing from outside."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.doors.workbook import plain
from ecqs_gateway.errors import Terminal
from ecqs_gateway.report.book import book
from ecqs_gateway.report.data import Chart, Column, Figure, Proof, Report, Row, Section, Table, Tie, Unit, Words
from ecqs_gateway.report.markdown import to_html
from ecqs_gateway.report.page import page

ROOT = Path(__file__).resolve().parents[2]
EVIL = (
    "=cmd|'/C calc'!A0",
    "@SUM(A1:A9)",
    "+1+1",
    "-2",
    "＝1＋1",
    "\t=1",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]></style><svg onload=alert(1)>",
    "名" * 300,
    "{{7*7}}",
    "http://evil.example/",
    "\x00\x07\ud800"[:2],
)
hostile = st.sampled_from(EVIL) | st.text(max_size=60).filter(lambda t: not re.search("[\ud800-\udfff]", t))


def _report(names: list[str], note: str = "") -> Report:
    columns = [
        Column(id="all", title=Words.same(names[0]), sum_of=("good", "bad")),
        Column(id="good", title=Words(zh="好", en="Good")),
        Column(id="bad", title=Words(zh="坏", en="Bad")),
        Column(id="share", title=Words(zh="率", en="Share"), kind="share", part="good", whole="all"),
        Column(id="said", title=Words(zh="文字", en="Text"), kind="text"),
    ]
    rows = [
        Row(id=f"r{n}", title=Words.same(name), cells={"good": n, "bad": 2, "all": n + 2, "said": name})
        for n, name in enumerate(names)
    ]
    title = Words.same(names[-1])
    table = Table.summed(
        id="t", title=title, definition=title, columns=columns, rows=rows,
        chart=Chart(form="stacked", columns=("good", "bad"), title=title),
    )  # fmt: skip
    line = Table.summed(
        id="l", title=title, definition=title, columns=columns, rows=rows,
        chart=Chart(form="line", columns=("share",), title=title),
    )  # fmt: skip
    whole = sum(range(len(names))) + 2 * len(names)
    figure = Figure(id="f", title=title, value=whole, cells=("t.total.all",))
    return Report(
        month="2026-11",
        units=(Unit(code="320000", name=names[0]),),
        created=datetime(2026, 12, 3, 6, 0, tzinfo=SHANGHAI),
        engine="0",
        sections=(
            Section(id="s", title=title, figures=(figure,), tables=(table, line), text=note),
            Section(id="n", title=title, state="absent", note=Words.same(names[0])),
        ),
        ties=(Tie(what=title, left=("t.total.all",), right=("l.total.all",)),),
        proofs=(Proof(id="p", title=title, value="ab" * 32),),
    ).proven()


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@settings(max_examples=40, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=4), hostile)
def test_no_name_becomes_markup_in_the_page(names: list[str], note: str) -> None:
    tame = _Tags(page(_report(["x"] * len(names))))
    found = _Tags(page(_report(names, note)))
    noted = {"h4", "p", "ul", "ol", "li", "blockquote", "div", "strong", "em", "code"}
    assert [t for t in found.tags if t not in noted] == [t for t in tame.tags if t not in noted]
    assert found.attributes <= tame.attributes | {"class"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_loads_nothing_and_runs_nothing(language: str) -> None:
    text = page(_report(list(EVIL), "![x](http://evil.example/x.png)"), language=language)
    tags = _Tags(text)
    assert not {"script", "img", "link", "iframe", "object", "base", "form", "a"} & set(tags.tags)
    assert not {"src", "href", "onload", "onerror", "style"} & tags.attributes
    assert "default-src 'none'" in text
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert _report(list(EVIL), "![x](http://evil.example/x.png)").digest in text


@settings(max_examples=25, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=4), hostile)
def test_no_name_becomes_a_formula_in_the_workbook(names: list[str], note: str) -> None:
    opened = openpyxl.load_workbook(io.BytesIO(book(_report(names, note))))
    cells = [cell for sheet in opened.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    dangerous = tuple("=+-@\t\r\n＝＋－＠")
    assert not [cell for cell in cells if isinstance(cell.value, str) and cell.value.startswith(dangerous)]
    printable = [n for n in names if n and n.isprintable() and len(n) < 200]
    assert set(printable) <= {plain(cell.value) for cell in cells if isinstance(cell.value, str)}


def test_numbers_are_numbers_and_charts_are_native() -> None:
    opened = openpyxl.load_workbook(io.BytesIO(book(_report(["甲", "乙", "丙"]))))
    sheet = next(sheet for sheet in opened.worksheets if sheet._charts)
    assert len(sheet._charts) == 2
    assert {type(chart).__name__ for chart in sheet._charts} == {"BarChart", "LineChart"}
    numbers = [
        cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "n" and cell.value is not None
    ]
    assert 9 in numbers
    assert round(3 / 9, 6) in numbers


def _mutations(report: Report) -> list[tuple[str, Report]]:
    """Change each number of the first section by one, each alone."""
    data = json.loads(report.json_bytes())
    found = []
    for t, table in enumerate(data["sections"][0]["tables"]):
        for r, row in enumerate([*table["rows"], table["total"]]):
            for name, value in row["cells"].items():
                if isinstance(value, int | float):
                    changed = json.loads(report.json_bytes())
                    into = changed["sections"][0]["tables"][t]
                    target = into["total"] if r == len(table["rows"]) else into["rows"][r]
                    target["cells"][name] = value + 1
                    found.append((f"{table['id']}.{row['id']}.{name}", Report.model_validate(changed)))
    changed = json.loads(report.json_bytes())
    changed["sections"][0]["figures"][0]["value"] += 1
    return [*found, ("figure", Report.model_validate(changed))]


def test_any_number_that_is_off_by_one_is_found() -> None:
    report = _report(["甲", "乙", "丙"])
    changed = _mutations(report)
    assert len(changed) > 30
    for what, wrong in changed:
        with pytest.raises(Terminal) as caught:
            wrong.proven()
        assert caught.value.code == "ECQS-8100", what


def test_headquarters_own_code_finds_the_same() -> None:
    from ecqs_gateway.sandbox.reports import _faults

    report = _report(["甲", "乙", "丙"])
    assert list(_faults(json.loads(report.json_bytes()))) == []
    missed = [what for what, wrong in _mutations(report) if not list(_faults(json.loads(wrong.json_bytes())))]
    assert missed == []


def test_the_data_are_of_the_schema_and_the_same_each_time() -> None:
    schema = json.loads((ROOT / "schemas" / "report" / "report.schema.json").read_text(encoding="utf-8"))
    report = _report(list(EVIL[:-1]))
    jsonschema.validate(json.loads(report.json_bytes()), schema)
    again = Report.model_validate_json(report.json_bytes())
    assert again.json_bytes() == report.json_bytes()
    assert book(again) == book(report)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="#*->`[]()!<&\"' \n1.名a", max_size=80))
def test_notes_never_bring_more_than_a_few_plain_tags(text: str) -> None:
    tags = _Tags(to_html(text))
    assert set(tags.tags) <= {"h4", "p", "ul", "ol", "li", "blockquote", "strong", "em", "code"}
    assert tags.attributes == set()


def test_notes_are_read_as_people_write_them() -> None:
    html = to_html("# 问题\n\n一段\n两行 **重** *斜* `码`\n\n1. 甲\n2. 乙\n- 丙\n\n> 引")
    assert html.split("\n") == [
        "<h4>问题</h4>",
        "<p>一段 两行 <strong>重</strong> <em>斜</em> <code>码</code></p>",
        *("<ol>", "<li>甲</li>", "<li>乙</li>", "</ol>", "<ul>", "<li>丙</li>", "</ul>"),
        "<blockquote>引</blockquote>",
    ]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_workbook(tmp_path: Path) -> None:
    (tmp_path / "r.xlsx").write_bytes(book(_report(list(EVIL))))
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", tmp_path, tmp_path / "r.xlsx"], check=True, capture_output=True, timeout=120)
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
