"""Charts as SVG inside the page: bars, stacked bars and a line, drawn from a table of the report. No script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from ecqs_gateway.report.data import Column, Row, Table
from ecqs_gateway.report.numbers import written

__all__ = ["COLOURS", "drawn"]

COLOURS = ("#1f4e79", "#c8963e", "#5b8c5a", "#8a5a83", "#6b7785", "#a6423b")
"""Told apart in print and by colour-blind readers by their lightness."""
_WIDTH, _LEFT, _RIGHT, _LINE = 720, 168, 76, 22
_MOST_BARS = 40
_LONGEST = 13.0
"""Width of a bar's name, counted in Chinese characters."""


def drawn(table: Table, language: str, *, caption: bool = True) -> str:
    """Draw a table's chart, with its name above it; nothing where there is nothing to draw."""
    chart = table.chart
    if chart is None or not table.rows:
        return ""
    columns = [column for name in chart.columns for column in table.columns if column.id == name]
    rows = [row for row in table.rows if any(row.cells.get(column.id) is not None for column in columns)]
    if not rows:
        return ""
    # A line keeps its months, known or not: a gap is something to see.
    body, height = _line(table.rows, columns) if chart.form == "line" else _bars(rows[:_MOST_BARS], columns, language)
    legend = _legend(columns, language) if len(columns) > 1 else ""
    title = escape(chart.title.said(language), quote=True)
    named = f"<figcaption>{escape(chart.title.said(language))}</figcaption>" if caption else ""
    return (
        f'<figure>{named}{legend}<svg role="img" '
        f'aria-label="{title}" viewBox="0 0 {_WIDTH} {height}" xmlns="http://www.w3.org/2000/svg">{body}</svg></figure>'
    )


def _legend(columns: Sequence[Column], language: str) -> str:
    marks = "".join(
        f'<span><i class="k{n % len(COLOURS)}"></i>{escape(column.title.said(language))}</span>'
        for n, column in enumerate(columns)
    )
    return f'<div class="legend">{marks}</div>'


def _top(most: float, *, share: bool) -> float:
    """Give a round upper end of an axis."""
    if share:
        return 1.0
    if most <= 4:
        return 4.0
    step = 10 ** math.floor(math.log10(most))
    return float(next(step * factor for factor in (1, 2, 4, 5, 8, 10) if step * factor >= most))


def _bars(rows: Sequence[Row], columns: Sequence[Column], language: str) -> tuple[str, int]:
    """Draw lying bars, the parts of one row end to end, with its sum behind."""
    share = columns[0].kind == "share"
    values = [[float(row.cells.get(column.id) or 0) for column in columns] for row in rows]
    top = _top(max(sum(each) for each in values), share=share)
    width, height = _WIDTH - _LEFT - _RIGHT, len(rows) * _LINE + 26
    parts = list(_grid(top, width, height, share=share))
    for number, (row, each) in enumerate(zip(rows, values, strict=True)):
        y, x = number * _LINE + 4, float(_LEFT)
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 12}" class="t e">{escape(_cut(row.title.said(language)))}</text>')
        for place, value in enumerate(each):
            wide = width * value / top
            colour = COLOURS[place % len(COLOURS)]
            parts.append(f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="15" fill="{colour}"/>')
            x += wide
        known = any(row.cells.get(column.id) is not None for column in columns)
        shown = written(sum(each) if known else None, "share" if share else "count")
        parts.append(f'<text x="{x + 5:.1f}" y="{y + 12}" class="t">{shown}</text>')
    return "".join(parts), height


def _grid(top: float, width: int, height: int, *, share: bool) -> list[str]:
    parts = []
    for quarter in range(5):
        x = _LEFT + width * quarter / 4
        value = top * quarter / 4
        label = f"{value * 100:.0f}%" if share else _short(value)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 20}" class="g"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" class="a m">{label}</text>')
    return parts


def _line(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[str, int]:
    """Draw shares over months; a month without one interrupts the line."""
    height, left, right = 210, 74, 34
    width, tall = _WIDTH - left - right, height - 44
    step = width / max(1, len(rows) - 1)
    parts = []
    for quarter in range(5):
        y = 12 + tall * (4 - quarter) / 4
        parts.append(f'<line x1="{left - 22}" x2="{_WIDTH - right + 22}" y1="{y:.1f}" y2="{y:.1f}" class="g"/>')
        parts.append(f'<text x="{left - 28}" y="{y + 4:.1f}" class="a e">{quarter * 25}%</text>')
    for number, row in enumerate(rows):
        parts.append(f'<text x="{left + number * step:.1f}" y="{height - 8}" class="a m">{escape(row.title.zh)}</text>')
    for place, column in enumerate(columns):
        colour = COLOURS[place % len(COLOURS)]
        for (x1, y1), (x2, y2) in _segments(rows, column, (left, step, tall)):
            parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" class="l"/>')
        for x, y, value in _points(rows, column, (left, step, tall)):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="{colour}"/>')
            shown = y - 8 if y > 24 else y + 16
            parts.append(f'<text x="{x:.1f}" y="{shown:.1f}" class="a m">{written(value, "share")}</text>')
    return "".join(parts), height


_Place = tuple[float, float, float]


def _points(rows: Sequence[Row], column: Column, place: _Place) -> list[tuple[float, float, float]]:
    left, step, tall = place
    found = []
    for number, row in enumerate(rows):
        value = row.cells.get(column.id)
        if value is not None:
            found.append((left + number * step, 12 + tall * (1 - float(value)), float(value)))
    return found


def _segments(
    rows: Sequence[Row], column: Column, place: _Place
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    found, step = [], place[1]
    points = _points(rows, column, place)
    for (x1, y1, _), (x2, y2, _) in pairwise(points):
        if x2 - x1 < step * 1.5:
            found.append(((x1, y1), (x2, y2)))
    return found


def _short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _wide(text: str) -> float:
    return sum(1.0 if ord(letter) > 0x2E80 else 0.58 for letter in text)


def _cut(text: str) -> str:
    """Shorten in the middle, for products differ at the start and articles of the law at the end."""
    if _wide(text) <= _LONGEST:
        return text
    head, tail = text[:1], ""
    for letter in text[::-1]:
        if _wide(tail) + _wide(letter) > _LONGEST * 0.45:
            break
        tail = letter + tail
    for letter in text[1:]:
        if _wide(head) + _wide(letter) + _wide(tail) + 1 > _LONGEST:
            break
        head += letter
    return f"{head}…{tail}"
