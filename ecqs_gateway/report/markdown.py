"""The little Markdown the notes of a month may use, as HTML that holds nothing else.

Headings, paragraphs, lists, quotes, bold, italic and code. Everything is escaped first and tags are only ever added
here, so that markup, links, pictures and scripts in the text come out as the characters they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

__all__ = ["lines_of", "to_html"]

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"\s*(?:[-*+]|(\d{1,4})[.、)])\s+(.*)")
_QUOTE = re.compile(r">\s?(.*)")
_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\*([^*\s](?:[^*]*[^*\s])?)\*"), r"<em>\1</em>"),
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def _inline(text: str) -> str:
    text = escape(text)
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return text


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Give blocks as (kind, text): ``h``, ``ul``, ``ol``, ``quote``, ``p``; lines of one paragraph are joined."""
    paragraph: list[str] = []
    for line in [*_CONTROL.sub("", text).splitlines(), ""]:
        found = next(((kind, match) for kind, match in _marked(line) if match), None)
        if found is None and line.strip():
            paragraph.append(line.strip())
            continue
        if paragraph:
            yield "p", " ".join(paragraph)
            paragraph = []
        if found is not None:
            kind, match = found
            if kind == "item":
                yield ("ol" if match[1] else "ul"), match[2]
            else:
                yield kind, match[match.re.groups]


def _marked(line: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    yield "h", _HEADING.fullmatch(line.strip())
    yield "item", _ITEM.fullmatch(line)
    yield "quote", _QUOTE.fullmatch(line.strip())


def to_html(text: str) -> str:
    """Write the notes as HTML."""
    parts: list[str] = []
    inside = ""
    for kind, content in _blocks(text):
        listed = kind if kind in ("ul", "ol") else ""
        if inside and inside != listed:
            parts.append(f"</{inside}>")
        if listed and inside != listed:
            parts.append(f"<{listed}>")
        inside = listed
        tag = {"h": "h4", "p": "p", "quote": "blockquote"}.get(kind, "li")
        parts.append(f"<{tag}>{_inline(content)}</{tag}>")
    if inside:
        parts.append(f"</{inside}>")
    return "\n".join(parts)


def lines_of(text: str) -> list[tuple[bool, str]]:
    """Give the notes as lines for a workbook: whether it is a heading, and its text without marks."""
    marks = {"ul": "· ", "ol": "· ", "quote": "｜"}
    return [(kind == "h", marks.get(kind, "") + re.sub(r"\*\*|`", "", content)) for kind, content in _blocks(text)]
