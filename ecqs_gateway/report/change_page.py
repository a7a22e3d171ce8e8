"""The forecast of a change as one file to hand round: HTML that loads nothing from anywhere, or Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

from ecqs_gateway.mapping.forecast import LaneForecast
from ecqs_gateway.report.change_sections import Line, Section, headline, lines, sections

__all__ = ["change_html", "change_markdown"]

_STYLE = """
:root { color-scheme: light dark; --line: #9aa7b5; --head: #e7edf4; --alarm: #b3261e; --good: #1d6b3a; }
@media (prefers-color-scheme: dark) { :root { --line: #4a5563; --head: #26303b; --alarm: #ff8a80; --good: #7bd69a; }
  body { background: #14181d; color: #e3e8ee; } }
body { font: 13px/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif;
       margin: 2rem auto; max-width: 1400px; padding: 0 1.5rem; }
h1 { font-size: 21px; } h2 { font-size: 16px; margin: 2.4rem 0 .4rem; } h3 { font-size: 13px; margin: 1.2rem 0 .3rem; }
table { border-collapse: collapse; max-width: 100%; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; vertical-align: top; text-align: left;
         overflow-wrap: anywhere; }
th { background: var(--head); } td.number { text-align: right; white-space: nowrap; }
.alarm { color: var(--alarm); font-weight: 600; } .good { color: var(--good); }
thead { display: table-header-group; } tr { break-inside: avoid; }
@page { size: A4 landscape; margin: 12mm 10mm; }
"""
_TITLE = "What a change of the mapping would do"
_NUMBER = '<td class="number">'
_MARKS = re.compile(r"([\\`*_{}\[\]<>|#])")


def change_html(found: Sequence[LaneForecast], *, made: datetime) -> str:
    """Write the page; every text is escaped."""
    body = "\n".join([f"<h1>{_TITLE}</h1>", f"<p>{escape(_facts(found, made))}</p>", *_html_lanes(found)])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_TITLE}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def change_markdown(found: Sequence[LaneForecast], *, made: datetime) -> str:
    """Write the same as Markdown; signs that mean something there are escaped."""
    parts = [f"# {_TITLE}", _plain(_facts(found, made))]
    for one in found:
        parts += [f"## {_plain(headline(one).text)}"]
        parts += [f"**{_plain(line.text)}**" if line.tone == "alarm" else _plain(line.text) for line in lines(one)]
        for section in sections(one):
            parts += [f"### {_plain(section.title)}"] if section.title else []
            parts.append("\n".join(_markdown_table(section)))
    return "\n\n".join(parts) + "\n"


def _facts(found: Sequence[LaneForecast], made: datetime) -> str:
    bundle = found[0].bundle if found else "none"
    return f"Content bundle {bundle}; made {made:%Y-%m-%d %H:%M}. Personal data is masked."


def _html_lanes(found: Sequence[LaneForecast]) -> Iterator[str]:
    for one in found:
        yield f"<h2{_tone(headline(one))}>{escape(headline(one).text)}</h2>"
        for line in lines(one):
            yield f"<p{_tone(line)}>{escape(line.text)}</p>"
        for section in sections(one):
            yield f"<h3>{escape(section.title)}</h3>{_html_table(section)}" if section.title else _html_table(section)


def _tone(line: Line) -> str:
    return f' class="{line.tone}"' if line.tone in {"alarm", "good"} else ""


def _html_table(section: Section) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in section.columns.values())
    rows = []
    for row in section.rows:
        cells = (
            f"{_NUMBER if key in section.numbers else '<td>'}{escape(_cell(row.get(key)))}</td>"
            for key in section.columns
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _markdown_table(section: Section) -> Iterator[str]:
    yield "| " + " | ".join(_plain(heading) or " " for heading in section.columns.values()) + " |"
    yield "|" + "|".join("---:" if key in section.numbers else "---" for key in section.columns) + "|"
    for row in section.rows:
        yield "| " + " | ".join(_plain(_cell(row.get(key))) for key in section.columns) + " |"


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _plain(text: str) -> str:
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
