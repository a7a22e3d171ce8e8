"""The mapping table as one HTML page: nothing is loaded from anywhere, and it prints well on landscape A4."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from ecqs_gateway.report.mapping_table import CODE_COLUMNS, FIELD_COLUMNS, Line, Table
from ecqs_gateway.report.mapping_xlsx import ABSENT_COLUMNS

__all__ = ["mapping_html"]

_STYLE = """
:root { color-scheme: light; }
body { font: 13px/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif;
       color: #1b1f24; margin: 2rem auto; max-width: 1500px; padding: 0 1.5rem; }
h1 { font-size: 22px; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 2.2rem 0 .6rem; }
h3 { font-size: 13px; font-weight: 600; margin: 1.4rem 0 .4rem; break-after: avoid; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { border: 1px solid #9aa7b5; padding: .3rem .45rem; vertical-align: top; text-align: left;
         overflow-wrap: anywhere; white-space: pre-wrap; }
th { background: #e7edf4; font-weight: 600; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
.facts { width: auto; min-width: 60%; }
.facts th { width: 9em; }
.facts td, .code { font-family: ui-monospace, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; font-size: 12px; }
.absent td { background: #fbf3e4; }
.open td { color: #6b7785; }
.list td { background: #f3f6fa; font-weight: 600; }
.note { color: #4c5866; }
.signatures { margin-top: 2.5rem; break-inside: avoid; }
.signatures td { height: 4.2rem; width: 33%; color: #4c5866; }
@page { size: A4 landscape; margin: 12mm 10mm; }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 9.5px; } .facts td, .code { font-size: 9px; } }
"""
_FIELD_WIDTHS = (3, 17, 9, 8, 5, 5, 9, 6, 8, 9, 15, 6)
_CODE_WIDTHS = (5, 22, 9, 18, 10, 9, 9, 18)
_ABSENT_WIDTHS = (22, 15, 35, 15, 13)
_MONO = {"字段代码", "来源字段", "来源表", "本单位代码", "国家代码"}
_NOTES = (
    "约束条件：M 必填；O 可选；C 所在的组或列表项出现时必填。"
    "对应关系：等同；国家代码更宽（国家代码的含义多于本单位的值）；国家代码更窄；无对应。"
)


def mapping_html(table: Table, *, made: datetime) -> str:
    """Write the page; every text is escaped."""
    facts = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in (*table.facts, ("生成时间", made.strftime("%Y-%m-%d %H:%M")))
    )
    parts = [
        f"<h1>{escape(table.title)}</h1>",
        f'<table class="facts">{facts}</table>',
        f'<p class="note">{_NOTES}</p>',
        "<h2>一、数据项对照</h2>",
        _table(FIELD_COLUMNS, _FIELD_WIDTHS, table.fields, marked=True),
    ]
    if table.absent:
        parts += ["<h2>二、本单位没有的数据项</h2>", _table(ABSENT_COLUMNS, _ABSENT_WIDTHS, table.absent)]
    if table.codes:
        parts.append(f"<h2>{'三' if table.absent else '二'}、代码对照</h2>")
    for one in table.codes:
        parts.append(f'<h3><span class="code">{escape(one.name)}</span>（{escape(one.file)}）</h3>')
        parts.append(_table(CODE_COLUMNS, _CODE_WIDTHS, one.lines))
    signers = "".join(f"<td>{signer}（签字、盖章）：</td>" for signer in ("填报单位", "审核人", "国家侧接收人"))
    parts.append(f'<table class="signatures"><tr>{signers}</tr></table>')
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(table.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _table(columns: Sequence[str], widths: Iterable[int], lines: Iterable[Line], *, marked: bool = False) -> str:
    shape = "".join(f'<col style="width:{width}%">' for width in widths)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    rows = "".join(_row(columns, line, marked=marked) for line in lines)
    return f"<table><colgroup>{shape}</colgroup><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(columns: Sequence[str], line: Line, *, marked: bool) -> str:
    cells = "".join(
        f'<td class="code">{escape(text)}</td>' if name in _MONO else f"<td>{escape(text)}</td>"
        for name, text in zip(columns, line.cells, strict=True)
    )
    kind = ""
    if marked:
        by_name = dict(zip(columns, line.cells, strict=True))
        kind = {"本单位没有": "absent", "未对应": "open"}.get(by_name["对应情况"], "")
        kind = kind or ("list" if by_name["类型"] == "列表" else "")
    return f'<tr class="{kind}">{cells}</tr>' if kind else f"<tr>{cells}</tr>"
