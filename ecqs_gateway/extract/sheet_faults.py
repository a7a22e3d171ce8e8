"""Cells of a workbook that show an error or a formula nobody has computed: their reader gives them as empty."""

from __future__ import annotations

import io
import re
import zipfile  # noqa: TID251 - what is read here was counted by ``sheet`` before
from collections.abc import Iterator
from html import unescape
from typing import IO

__all__ = ["faulty_cells"]

_PIECE = 1 << 20
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^<>]*>")
_SHEET_SAYS = re.compile(rb"""\b(name|id)=(?:"([^"]*)"|'([^']*)')""")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^<>]*>")
_ATTRIBUTE = re.compile(rb"""\b(Id|Target)=["']([^"']*)["']""")
# No tag holds "<", so that none is looked for beyond the next one.
_CELL = re.compile(
    rb"""<(?:\w+:)?c\b(?P<told>[^<>]*)>\s*(?:<(?:\w+:)?f\b[^<>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*)"""
    rb"""(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"""
    rb"""|<(?:\w+:)?c\b(?P<error>[^<>]*\bt=["']e["'][^<>]*)>"""
)
_SUSPECT = (b"<f", b":f", b'="e"', b"='e'")
"""What a piece without such cells and without formulas does not hold: far quicker to look for."""
_PLACE = re.compile(rb"""\br=["']([A-Z]{1,3}[0-9]{1,7})["']""")
_EMPTY_TEXT = re.compile(rb"""\bt=["']str["']""")


def faulty_cells(data: bytes, sheet: int | str) -> list[str]:
    """Give the places (``C7``) of such cells of a sheet, by position from 0 or by name, in the order of the sheet.

    A formula whose stored result is the empty text is none. A workbook whose parts are not where they usually are
    gives none: its cells are read all the same.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = _part(archive, sheet)
        if name is None:
            return []
        with archive.open(name) as member:
            suspect = (rows for rows in _rows(member) if any(mark in rows for mark in _SUSPECT))
            found = [_place(met) for rows in suspect for met in _CELL.finditer(rows)]
    return [place for place in found if place is not None]


def _place(met: re.Match[bytes]) -> str | None:
    told = met["error"] if met["error"] is not None else met["told"]
    place = _PLACE.search(told)
    empty_text = met["error"] is None and _EMPTY_TEXT.search(told)
    return place[1].decode("ascii") if place and not empty_text else None


def _rows(member: IO[bytes]) -> Iterator[bytes]:
    """Give the XML of whole rows, about a megabyte at a time."""
    held = b""
    while piece := member.read(_PIECE):
        held += piece
        end = held.rfind(b"row>") + 4
        if end > 3:
            yield held[:end]
            held = held[end:]
    yield held


def _part(archive: zipfile.ZipFile, sheet: int | str) -> str | None:
    names = set(archive.namelist())
    workbook, relations = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if not {workbook, relations} <= names:
        return None
    sheets = [
        {name: unescape((one or two).decode("utf-8", "replace")) for name, one, two in _SHEET_SAYS.findall(told)}
        for told in _SHEET.findall(archive.read(workbook))
    ]
    fitting = [told for place, told in enumerate(sheets) if sheet in (place, told.get(b"name"))]
    targets: dict[bytes, bytes] = {}
    for relation in _RELATION.findall(archive.read(relations)):
        told = dict(_ATTRIBUTE.findall(relation))
        targets[told.get(b"Id", b"")] = told.get(b"Target", b"")
    wanted = fitting[0].get(b"id", "").encode() if fitting else b""
    target = targets.get(wanted, b"").decode("utf-8", "replace")
    name = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return name if name in names else None
