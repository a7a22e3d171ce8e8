"""The report as one HTML page: nothing is loaded from anywhere, nothing runs, and it prints well on A4."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from ecqs_gateway.report.charts import drawn
from ecqs_gateway.report.data import Column, Figure, Proof, Report, Row, Section, Table, Words
from ecqs_gateway.report.markdown import to_html
from ecqs_gateway.report.numbers import DASH, written

__all__ = ["NUMERALS", "SAID", "heading", "headline", "page"]

NUMERALS = "一二三四五六七八九十"
SAID = {
    "over": Words(zh="全国工业产品生产许可证　审批数据报送", en="Production licences: data sent to headquarters"),
    "title": Words(zh="工业产品生产许可证审批与数据报送月报", en="Monthly report on production licences"),
    "for": Words(zh="报送范围", en="Units"),
    "created": Words(zh="生成时间", en="Made at"),
    "summary": Words(zh="本月概况", en="At a glance"),
    "means": Words(zh="口径", en="What it means"),
    "proofs": Words(zh="存证与核对", en="Proof"),
    "data": Words(zh="报告数据（JSON）摘要", en="Digest of the report's data (JSON)"),
    "numbers": Words(
        zh="本报告的全部数字由同一份数据生成，生成前已核对：各合计等于所列各项之和。每个数字背后的记录可用 "
        "ecqs report list --cell 表.行.列 列出。",
        en="All numbers come from one set of data; that every total is the sum of what it shows was proven "
        "before anything was written. `ecqs report list --cell table.row.column` lists the records behind a number.",
    ),
    "proposed": Words(
        zh="报送格式、产品类别代码等未见官方公开规定的，由本项目拟定。",
        en="What no public source prescribes, such as formats and codes, is proposed by this project.",
    ),
    "nothing": Words(zh="无。", en="None."),
    "signed": Words(zh="填报|审核|签发", en="Prepared by|Checked by|Issued by"),
    "colon": Words(zh="：", en=": "),
}
_SHOWN_IN_SUMMARY = 8
_MANY = 12
"""Columns from which a table has a landscape page of its own in print."""


def heading(report: Report, language: str) -> str:
    """Give the report's title with its month."""
    month = f"{report.month[:4]}年{int(report.month[5:])}月 " if language == "zh" else f"{report.month}: "
    return month + SAID["title"].said(language)


def headline(report: Report) -> list[Figure]:
    """Give the figures of the summary: the first two of each section that has some."""
    chosen = [figure for section in report.sections for figure in section.figures[:2]]
    first = [section.figures[0] for section in report.sections if section.figures]
    return [*first, *(figure for figure in chosen if figure not in first)][:_SHOWN_IN_SUMMARY]


def page(report: Report, *, language: str = "zh") -> str:
    """Write the page in ``zh`` or ``en``; every text is escaped."""
    style = files("ecqs_gateway.report").joinpath("page.css").read_text(encoding="utf-8")
    title = escape(heading(report, language))
    body = "\n".join(_body(report, language))
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _body(report: Report, language: str) -> Iterator[str]:
    units = (
        "、".join(unit.name for unit in report.units) if language == "zh" else ", ".join(u.name for u in report.units)
    )
    facts = ((SAID["for"], units or DASH), (SAID["created"], report.created.strftime("%Y-%m-%d %H:%M")))
    colon = SAID["colon"].said(language)
    said = "".join(f"<p>{escape(name.said(language))}{colon}{escape(value)}</p>" for name, value in facts)
    over = escape(SAID["over"].said(language))
    yield f'<header><div class="over">{over}</div><h1>{escape(heading(report, language))}</h1>{said}</header>'
    yield f"<h2>{escape(SAID['summary'].said(language))}</h2>{_cards(headline(report), language)}"
    yield "".join(drawn(table, language) for table in report.tables() if table.id == "trend")
    for number, section in enumerate(report.sections):
        yield from _section(section, number, language)
    yield from _proofs(report, len(report.sections), language)


def _numbered(number: int, language: str) -> str:
    if language == "en":
        return f"{number + 1}. "
    tens, ones = divmod(number, 10)
    return f"{'十' * tens}{NUMERALS[ones]}、"


def _cards(figures: list[Figure] | tuple[Figure, ...], language: str) -> str:
    cards = "".join(
        f'<div class="card"><b>{escape(written(figure.value, figure.kind))}</b>'
        f"<span>{escape(figure.title.said(language))}</span></div>"
        for figure in figures
    )
    return f'<div class="cards">{cards}</div>' if cards else ""


def _section(section: Section, number: int, language: str) -> Iterator[str]:
    yield f'<section id="{escape(section.id, quote=True)}">'
    yield f"<h2>{_numbered(number, language)}{escape(section.title.said(language))}</h2>"
    if section.note:
        yield f'<p class="none">{escape(section.note.said(language))}</p>'
    yield _cards(section.figures, language)
    for table in section.tables:
        yield _table(table, language)
    if section.text:
        yield f'<div class="notes">{to_html(section.text)}</div>'
    yield "</section>"


def _table(table: Table, language: str) -> str:
    many = len(table.columns) > _MANY
    definition = (
        f'<p class="def"><b>{escape(SAID["means"].said(language))}{SAID["colon"].said(language)}</b>'
        f"{escape(table.definition.said(language))}</p>"
    )
    title = f"<h3>{escape(table.title.said(language))}</h3>"
    if not table.rows:
        return f"{title}<p>{escape(SAID['nothing'].said(language))}</p>{definition}"
    head = f"<th>{escape(table.first.said(language))}</th>" + "".join(
        _head(c, language, many=many) for c in table.columns
    )
    rows = "".join(_row(row, table, language) for row in table.rows)
    rows += _row(table.total, table, language, kind="sum") if table.total else ""
    shape = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    body = f'<div class="wide">{shape}</div>' if many else shape
    caption = table.chart is not None and table.chart.title != table.title
    whole = f"{title}{drawn(table, language, caption=caption)}{body}{definition}"
    return f'<div class="landscape">{whole}</div>' if many else f"<div>{whole}</div>"


def _head(column: Column, language: str, *, many: bool) -> str:
    title = escape(column.title.said(language))
    if column.kind == "text":
        return f'<th class="txt">{title}</th>'
    return f'<th class="v"><span>{title}</span></th>' if many else f"<th>{title}</th>"


def _row(row: Row, table: Table, language: str, *, kind: str = "") -> str:
    cells = [f"<td>{escape(row.title.said(language))}</td>"]
    for column in table.columns:
        value = row.cells.get(column.id)
        named = "txt" if column.kind == "text" else "zero" if value in (0, None) else ""
        missing = value is None and column.kind == "text"
        text = "" if missing else escape(written(value, column.kind))
        cells.append(f'<td class="{named}">{text}</td>' if named else f"<td>{text}</td>")
    return f'<tr class="{kind}">{"".join(cells)}</tr>' if kind else f"<tr>{''.join(cells)}</tr>"


def _proofs(report: Report, number: int, language: str) -> Iterator[str]:
    own = Proof(id="data", title=SAID["data"], value=report.digest)
    rows = "".join(
        f"<tr><th>{escape(proof.title.said(language))}</th><td>{escape(proof.value)}</td></tr>"
        for proof in (own, *report.proofs)
    )
    yield f"<section><h2>{_numbered(number, language)}{escape(SAID['proofs'].said(language))}</h2>"
    yield f'<table class="proofs">{rows}</table>'
    yield f'<p class="def">{escape(SAID["numbers"].said(language))}{escape(SAID["proposed"].said(language))}</p>'
    signers = SAID["signed"].said(language).split("|")
    colon = SAID["colon"].said(language)
    yield '<div class="signed">' + "".join(f"<div>{escape(one)}{colon}</div>" for one in signers) + "</div></section>"
