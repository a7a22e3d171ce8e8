"""The mapping table as a workbook: every cell is text, nothing is a formula, and it prints on landscape A4."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ecqs_gateway.doors.workbook import LONGEST, neutral, sheet_name
from ecqs_gateway.report.mapping_table import CODE_COLUMNS, FIELD_COLUMNS, Line, Table

__all__ = ["ABSENT_COLUMNS", "ABSENT_SHEET", "CODES_PREFIX", "COVER", "FIELDS_SHEET", "cell_text", "mapping_xlsx"]

COVER, FIELDS_SHEET, ABSENT_SHEET, CODES_PREFIX = "封面", "对照表", "缺项", "代码 "
ABSENT_COLUMNS = ("字段代码", "字段名称", "没有的原因", "负责人", "复核期限")
_FIELD_WIDTHS = (6, 30, 18, 14, 9, 8, 20, 11, 18, 24, 48, 12)
_CODE_WIDTHS = (6, 28, 12, 24, 14, 12, 12, 40)
_ABSENT_WIDTHS = (34, 22, 50, 20, 14)
_SIGNERS = ("填报单位", "审核人", "国家侧接收人")


def cell_text(text: str) -> str:
    """Give a text as one cell holds it: never a formula, never longer than a cell can be."""
    text = neutral(text)
    return text if len(text) < LONGEST else text[: LONGEST - 2] + "…"


def mapping_xlsx(table: Table, *, made: datetime) -> bytes:
    """Write the workbook: cover with signatures, fields, absent fields, and a sheet for each code file."""
    import xlsxwriter  # noqa: PLC0415  only where a workbook is written

    target = io.BytesIO()
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target, {"in_memory": True, **as_text})
    book.set_properties({"title": cell_text(table.title), "created": made.replace(tzinfo=None)})
    formats = _formats(book)
    _cover(book.add_worksheet(COVER), table, made, formats)
    taken = [COVER]
    sheets: list[tuple[str, Sequence[str], Sequence[int], Sequence[Line]]] = [
        (FIELDS_SHEET, FIELD_COLUMNS, _FIELD_WIDTHS, table.fields),
        (ABSENT_SHEET, ABSENT_COLUMNS, _ABSENT_WIDTHS, table.absent),
        *((f"{CODES_PREFIX}{one.name}", CODE_COLUMNS, _CODE_WIDTHS, one.lines) for one in table.codes),
    ]
    for name, columns, widths, lines in sheets:
        taken.append(sheet_name(name, taken))
        _lines(book.add_worksheet(taken[-1]), table, (columns, widths), lines, formats)
    book.close()
    return target.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    shape = {"num_format": "@", "valign": "top", "text_wrap": True, "border": 1, "font_size": 9}
    return {
        "cell": book.add_format(shape),
        "head": book.add_format({**shape, "bold": True, "bg_color": "#DDE6F0", "align": "center"}),
        "title": book.add_format({"bold": True, "font_size": 16, "num_format": "@", "text_wrap": True}),
        "plain": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
        "blank": book.add_format({"num_format": "@", "border": 1}),
    }


def _print_setup(page: Any, table: Table) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    # & begins a code in a footer; digests and codes hold none.
    page.set_footer(f"&L{table.unit} {table.kind}&C{table.digest[:26]}&R&P / &N")


def _cover(page: Any, table: Table, made: datetime, formats: dict[str, Any]) -> None:
    _print_setup(page, table)
    page.set_column(0, 0, 18)
    page.set_column(1, 1, 90)
    page.write_string(0, 0, cell_text(table.title), formats["title"])
    row = 2
    for name, value in (*table.facts, ("生成时间", made.strftime("%Y-%m-%d %H:%M"))):
        page.write_string(row, 0, name, formats["head"])
        page.write_string(row, 1, cell_text(value), formats["cell"])
        row += 1
    notes = (
        "约束条件：M 必填；O 可选；C 所在的组或列表项出现时必填。"
        "本表由映射文件生成；签署后可用 ecqs mapping docs --compare 核对。"
    )
    page.merge_range(row + 1, 0, row + 1, 1, notes, formats["plain"])
    row += 3
    for signer in _SIGNERS:
        page.write_string(row, 0, signer, formats["head"])
        page.write_string(
            row, 1, "（签字、盖章）                                        年    月    日", formats["blank"]
        )
        page.set_row(row, 42)
        row += 1


def _lines(
    page: Any, table: Table, shape: tuple[Sequence[str], Sequence[int]], lines: Sequence[Line], formats: dict[str, Any]
) -> None:
    columns, widths = shape
    _print_setup(page, table)
    page.repeat_rows(0)
    page.freeze_panes(1, 2)
    for place, (name, width) in enumerate(zip(columns, widths, strict=True)):
        page.set_column(place, place, width)
        page.write_string(0, place, name, formats["head"])
    for number, line in enumerate(lines, 1):
        for place, text in enumerate(line.cells):
            page.write_string(number, place, cell_text(text), formats["cell"])
    if lines:
        page.autofilter(0, 0, len(lines), len(columns) - 1)
