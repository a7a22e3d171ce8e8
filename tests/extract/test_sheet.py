"""Days and times of workbooks as Chinese Excel writes them: by the number of a format nothing in the file describes."""

from __future__ import annotations

import re
import zipfile

import openpyxl
import pytest

from ecqs_gateway.extract.sheet import read_sheet
from ecqs_gateway.extract.sheet_faults import faulty_cells

TIMES = (32, 33, 34, 35, 55, 56)


def workbook(path, value, old, new, *, described=False):
    """Make a sheet of one cell, and give its number format another number."""
    made = openpyxl.Workbook()
    made.active["A1"] = value
    made.active["A1"].number_format = {14: "mm-dd-yy", 21: "h:mm:ss"}[old]
    made.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    styles = parts["xl/styles.xml"]
    assert f'numFmtId="{old}"'.encode() in styles
    styles = styles.replace(f'numFmtId="{old}"'.encode(), f'numFmtId="{new}"'.encode())
    if described:
        own = f'<numFmts count="1"><numFmt numFmtId="{new}" formatCode="0.0"/></numFmts><fonts'.encode()
        styles = re.sub(rb"<numFmts[^>]*/>", b"", styles).replace(b"<fonts", own, 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (parts | {"xl/styles.xml": styles}).items():
            archive.writestr(name, data)
    return path.read_bytes()


@pytest.mark.parametrize("number", [*range(27, 37), *range(50, 59)])
def test_dates_and_times_in_the_formats_of_chinese_excel_are_dates_and_times(tmp_path, number):
    time_of_day = number in TIMES
    value, old, shown = (0.4375, 21, "10:30:00") if time_of_day else (43835, 14, "2020-01-05")
    data = workbook(tmp_path / "a.xlsx", value, old, number)
    assert read_sheet(data, 0, place="a.xlsx").rows() == [(shown,)]


def test_a_format_the_workbook_describes_itself_stays_what_it_says(tmp_path):
    data = workbook(tmp_path / "a.xlsx", 43835, 14, 31, described=True)
    assert read_sheet(data, 0, place="a.xlsx").rows() == [("43835",)]


def test_cells_of_errors_and_of_formulas_without_a_result_are_named(tmp_path):
    path = tmp_path / "a.xlsx"
    made = openpyxl.Workbook()
    other = made.create_sheet("明细 & 附")
    for place, value in {"A1": "n", "A2": "=VLOOKUP(1,B:C,2)", "B2": "#REF!", "C2": "text", "D2": 1.5}.items():
        other[place] = value
    other["E2"].value, other["E2"].data_type = "#N/A", "e"
    for row in range(3, 60_000):
        other.cell(row, 1, row)
    other["B59999"].value, other["B59999"].data_type = "#DIV/0!", "e"
    made.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet2.xml"
    # A formula that was computed to the empty text, one to a number, one shared without a text of its own.
    computed = (
        b'<row r="70000"><c r="A70000" t="str"><f>B1&amp;""</f><v></v></c><c r="B70000"><f>1+1</f><v>2</v></c>'
        b'<c r="C70000"><f t="shared" si="0"/></c></row></sheetData>'
    )
    parts[sheet] = parts[sheet].replace(b"</sheetData>", computed)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    data = path.read_bytes()
    assert faulty_cells(data, "明细 & 附") == ["A2", "B2", "E2", "B59999", "C70000"]
    assert faulty_cells(data, 1) == faulty_cells(data, "明细 & 附")
    assert faulty_cells(data, 0) == []
    assert faulty_cells(data, 2) == []
