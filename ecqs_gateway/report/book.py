"""The report as a workbook: one sheet a section with native charts; numbers are numbers, and no text is a formula."""

from __future__ import annotations

import io
import re
from typing import Any

from ecqs_gateway.doors.workbook import LONGEST, neutral, sheet_name
from ecqs_gateway.report.charts import COLOURS
from ecqs_gateway.report.data import Column, Proof, Report, Row, Section, Table
from ecqs_gateway.report.markdown import lines_of
from ecqs_gateway.report.numbers import DASH, written
from ecqs_gateway.report.page import SAID, heading, headline

__all__ = ["book"]

_BLUE, _PALE = "#1f4e79", "#eef3f8"
_FIRST, _OTHER = 34, 13
_UNPLAIN = re.compile(r"[^\w、 ]")
_MOST = 1_000_000
"""Rows of a sheet; a table that is longer is cut, and says so."""


def book(report: Report, *, language: str = "zh") -> bytes:
    """Write the workbook in ``zh`` or ``en``."""
    import xlsxwriter  # noqa: PLC0415  only where a workbook is written

    target = io.BytesIO()
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    made = xlsxwriter.Workbook(target, {"in_memory": True, **as_text})
    made.set_properties({"title": _text(heading(report, language)), "created": report.created.replace(tzinfo=None)})
    writer = _Writer(made, language)
    writer.cover(report)
    for section in report.sections:
        writer.section(section)
    writer.proofs(report)
    made.close()
    return target.getvalue()


def _text(text: str) -> str:
    """Give a text as one cell holds it: never a formula, never longer than a cell can be."""
    text = neutral(text)
    return text if len(text) < LONGEST else text[: LONGEST - 2] + "…"


class _Writer:
    """Writes sheet by sheet; each table stands below the one before, with its chart beside or below."""

    def __init__(self, made: Any, language: str) -> None:
        self._book, self._language = made, language
        self._names: list[str] = []
        edge = {"border": 1, "border_color": "#cfd7df", "valign": "top", "font_size": 10}
        self._formats = {
            "title": made.add_format({"bold": True, "font_size": 18, "font_color": _BLUE}),
            "h2": made.add_format({"bold": True, "font_size": 13, "font_color": _BLUE}),
            "head": made.add_format({**edge, "bold": True, "bg_color": _PALE, "text_wrap": True, "num_format": "@"}),
            "text": made.add_format({**edge, "text_wrap": True, "num_format": "@"}),
            "count": made.add_format({**edge, "num_format": "#,##0"}),
            "share": made.add_format({**edge, "num_format": "0.0%"}),
            "count_sum": made.add_format({**edge, "num_format": "#,##0", "bold": True, "top": 2, "top_color": _BLUE}),
            "share_sum": made.add_format({**edge, "num_format": "0.0%", "bold": True, "top": 2, "top_color": _BLUE}),
            "text_sum": made.add_format({**edge, "bold": True, "top": 2, "top_color": _BLUE, "num_format": "@"}),
            "dash": made.add_format({**edge, "align": "right", "font_color": "#8a95a0"}),
            "note": made.add_format({"text_wrap": True, "valign": "top", "font_color": "#5a6673", "font_size": 9}),
            "plain": made.add_format({"text_wrap": True, "valign": "top", "num_format": "@"}),
            "bold": made.add_format({"text_wrap": True, "valign": "top", "num_format": "@", "bold": True}),
            "big": made.add_format({"bold": True, "font_size": 16, "num_format": "@", "align": "right"}),
        }

    def _sheet(self, title: str, *, wide: bool = False) -> Any:
        # Charts name sheets in references, where other characters could end them.
        self._names.append(sheet_name(_UNPLAIN.sub("_", title), self._names))
        page = self._book.add_worksheet(self._names[-1])
        page.set_column(0, 0, _FIRST)
        page.set_column(1, 60, _OTHER)
        page.set_paper(9)
        if wide:
            page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_footer("&C&P / &N")
        page.hide_gridlines(2)
        return page

    def cover(self, report: Report) -> None:
        """Write title, units and the figures of the summary."""
        page = self._sheet(SAID["summary"].said(self._language))
        page.write_string(0, 0, _text(heading(report, self._language)), self._formats["title"])
        units = "、".join(unit.name for unit in report.units) or DASH
        page.merge_range(1, 0, 1, 6, "", self._formats["plain"])
        page.write_string(1, 0, _text(f"{SAID['for'].said(self._language)}: {units}"), self._formats["plain"])
        page.set_row(1, 15 * (1 + len(units) // 60))
        made = f"{SAID['created'].said(self._language)}: {report.created:%Y-%m-%d %H:%M}"
        page.write_string(2, 0, made, self._formats["plain"])
        for number, figure in enumerate(headline(report), 4):
            page.write_string(number, 0, _text(figure.title.said(self._language)), self._formats["text"])
            self._value(page, (number, 1), figure.value, figure.kind)

    def section(self, section: Section) -> None:
        """Write a section on a sheet of its own."""
        many = max((len(table.columns) for table in section.tables), default=0) > 9
        title = section.title.said(self._language)
        page = self._sheet(title, wide=many)
        page.write_string(0, 0, _text(title), self._formats["title"])
        line = 2
        if section.note:
            line = self._wrapped(page, line, section.note.said(self._language), "plain")
        for figure in section.figures:
            page.write_string(line, 0, _text(figure.title.said(self._language)), self._formats["text"])
            self._value(page, (line, 1), figure.value, figure.kind)
            line += 1
        for table in section.tables:
            line = self._table(page, table, line + 1)
        for bold, text in lines_of(section.text or ""):
            line = self._wrapped(page, line, text, "bold" if bold else "plain")

    def _wrapped(self, page: Any, line: int, text: str, form: str) -> int:
        page.merge_range(line, 0, line, 7, "", self._formats[form])
        page.write_string(line, 0, _text(text), self._formats[form])
        page.set_row(line, min(400, 14 * (1 + len(text) // 62)))
        return line + 1

    def _table(self, page: Any, table: Table, line: int) -> int:
        page.write_string(line, 0, _text(table.title.said(self._language)), self._formats["h2"])
        head = line + 1
        for place, title in enumerate((table.first, *(column.title for column in table.columns))):
            page.write_string(head, place, _text(title.said(self._language)), self._formats["head"])
        rows = table.rows[:_MOST]
        for number, row in enumerate(rows, head + 1):
            self._row(page, number, row, table.columns)
        line = head + len(rows)
        if table.total:
            line += 1
            self._row(page, line, table.total, table.columns, total=True)
        means = f"{SAID['means'].said(self._language)}: {table.definition.said(self._language)}"
        if len(rows) < len(table.rows):
            means = f"{len(rows)} / {len(table.rows)}. {means}"
        line = self._wrapped(page, line + 1, means, "note")
        if table.chart and rows:
            line = self._chart(page, table, (head, head + len(rows)), line)
        return line + 1

    def _row(self, page: Any, line: int, row: Row, columns: tuple[Column, ...], *, total: bool = False) -> None:
        end = "_sum" if total else ""
        page.write_string(line, 0, _text(row.title.said(self._language)), self._formats[f"text{end}"])
        for place, column in enumerate(columns, 1):
            self._value(page, (line, place), row.cells.get(column.id), column.kind, end)

    def _value(self, page: Any, place: tuple[int, int], value: Any, kind: str, end: str = "") -> None:
        if value is None:
            page.write_string(*place, "" if kind == "text" else DASH, self._formats["dash"])
        elif kind in ("count", "share") and not isinstance(value, str):
            page.write_number(*place, value, self._formats[f"{kind}{end}"])
        else:
            page.write_string(*place, _text(written(value, kind)), self._formats[f"text{end}"])

    def _chart(self, page: Any, table: Table, rows: tuple[int, int], line: int) -> int:
        """Put a native chart below the table, drawn from its cells."""
        wanted = table.chart
        if wanted is None or not wanted.columns:  # a report on nothing has nothing to draw
            return line
        kinds = {"bars": {"type": "bar"}, "stacked": {"type": "bar", "subtype": "stacked"}, "line": {"type": "line"}}
        chart = self._book.add_chart(kinds[wanted.form])
        sheet, (head, last) = self._names[-1], rows
        places = {column.id: place for place, column in enumerate(table.columns, 1)}
        for number, name in enumerate(wanted.columns):
            place, colour = places[name], COLOURS[number % len(COLOURS)]
            series: dict[str, Any] = {
                "name": [sheet, head, place],
                "categories": [sheet, head + 1, 0, last, 0],
                "values": [sheet, head + 1, place, last, place],
                "fill": {"color": colour},
                "gap": 45,
            }
            if wanted.form == "line":
                series |= {"line": {"color": colour, "width": 2.25}, "marker": {"type": "circle", "size": 6}}
                del series["fill"], series["gap"]
            chart.add_series(series)
        share = any(column.kind == "share" for column in table.columns if column.id in wanted.columns)
        axis = {"num_format": "0%", "min": 0, "max": 1} if share else {"num_format": "#,##0", "min": 0}
        axis["major_gridlines"] = {"visible": True, "line": {"color": "#dfe5ea"}}
        # XlsxWriter takes a title for a reference to a cell where it finds "!" before something like A1.
        title = _text(wanted.title.said(self._language)).replace("!", "！")
        chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
        if wanted.form == "line":
            chart.set_y_axis(axis)
        else:
            chart.set_x_axis(axis)
            chart.set_y_axis({"reverse": True, "major_gridlines": {"visible": False}})
        chart.set_legend({"position": "bottom"} if len(wanted.columns) > 1 else {"none": True})
        high = 260 if wanted.form == "line" else min(900, 110 + 22 * (last - head))
        chart.set_size({"width": 760, "height": high})
        page.insert_chart(line, 0, chart, {"x_offset": 6, "y_offset": 6})
        return line + high // 20 + 2

    def proofs(self, report: Report) -> None:
        """Write the digests."""
        title = SAID["proofs"].said(self._language)
        page = self._sheet(title)
        page.set_column(1, 1, 72)
        page.write_string(0, 0, title, self._formats["title"])
        own = Proof(id="data", title=SAID["data"], value=report.digest)
        for line, proof in enumerate((own, *report.proofs), 2):
            page.write_string(line, 0, _text(proof.title.said(self._language)), self._formats["text"])
            page.write_string(line, 1, _text(proof.value), self._formats["text"])
        page.write_string(4 + len(report.proofs), 0, SAID["numbers"].said(self._language), self._formats["plain"])
