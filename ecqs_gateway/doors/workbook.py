"""The only door to XLSX files that people edit and hand back: written so that nothing runs, read with suspicion.

Every cell is text: dates stay as they are written, zeros in front stay, and nothing is a formula. A text that a
spreadsheet program might take for one (it begins with ``= + - @``, a tab or a line end, also in full width) gets an
apostrophe in front, which ``plain`` takes off again. Reading counts inflated bytes, refuses DOCTYPEs and macros, and
gives cells as text.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ecqs_gateway.errors import Terminal

__all__ = ["LONGEST", "MOST_ROWS", "Column", "Sheet", "column_name", "holds", "neutral", "plain", "read_book"]
__all__ += ["sheet_name", "write_book"]

MOST_ROWS = 100_000
"""Rows of one sheet; more is no list for people."""
LONGEST = 32_767
"""Characters a cell can hold."""

_DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
_NEEDS_ESCAPE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LARGEST_FILE = 64_000_000
_LARGEST_INFLATED = 300_000_000
_MOST_MEMBERS = 2_000
_PIECE = 1 << 20
_DOCTYPE = (b"<!DOCTYPE", b"<!ENTITY", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))
_MACROS = ("vbaproject.bin", "macrosheets/", "externallinks/")


@dataclass(frozen=True)
class Column:
    """One column: its heading, width in characters, and whether people may write into it."""

    title: str
    width: int = 16
    editable: bool = False
    choices: tuple[str, ...] = ()
    """Words a cell may hold, offered as a list."""


@dataclass(frozen=True)
class Sheet:
    """One sheet of text cells; null is an empty cell."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str | None]]
    hidden: bool = False


def holds(text: str) -> bool:
    """Say whether a cell can hold a text and give it back as it was."""
    return len(text) < LONGEST and _NEEDS_ESCAPE.search(text) is None


def neutral(text: str) -> str:
    """Give a text that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) or (text[:1] == "'" and text[1:].startswith(_DANGEROUS)) else text


def plain(text: str) -> str:
    """Take off what ``neutral`` put in front."""
    inside = text[1:]
    marked = inside.startswith(_DANGEROUS) or (inside[:1] == "'" and inside[1:].startswith(_DANGEROUS))
    return inside if text[:1] == "'" and marked else text


def sheet_name(wanted: str, taken: Sequence[str] = ()) -> str:
    """Give a name a sheet may have: at most 31 characters, none that is forbidden, unlike those taken."""
    base = _NO_SHEET_NAME.sub("_", wanted).strip("' ")[:31] or "_"
    folded = {name.casefold() for name in taken}
    name, number = base, 1
    while name.casefold() in folded or name.casefold() == "history":
        number += 1
        name = f"{base[: 31 - len(str(number)) - 1]}~{number}"
    return name


def column_name(place: int) -> str:
    """Give the letters of a column, counted from 0."""
    from xlsxwriter.utility import xl_col_to_name  # noqa: PLC0415

    return str(xl_col_to_name(place))


def write_book(sheets: Sequence[Sheet], *, made: datetime) -> bytes:
    """Write a workbook; texts are neutralised here, what a cell cannot hold is the caller's business."""
    import xlsxwriter  # noqa: PLC0415  only where a workbook is written

    target = io.BytesIO()
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target, {"in_memory": True, **as_text})
    book.set_properties({"created": made.replace(tzinfo=None)})
    shape = {"num_format": "@", "valign": "top", "text_wrap": True}
    formats = {
        True: book.add_format({**shape, "locked": False}),
        False: book.add_format({**shape, "locked": True, "font_color": "#555555"}),
    }
    head = book.add_format({**shape, "bold": True, "bg_color": "#DDE6F0", "locked": True})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, column.width, formats[column.editable])
            page.write_string(0, place, neutral(column.title), head)
            if column.choices and sheet.rows:
                rule = {"validate": "list", "source": list(column.choices), "ignore_blank": True}
                page.data_validation(1, place, len(sheet.rows), place, rule)
        for number, row in enumerate(sheet.rows, 1):
            for place, (text, column) in enumerate(zip(row, sheet.columns, strict=True)):
                if text is None:
                    page.write_blank(number, place, None, formats[column.editable])
                else:
                    page.write_string(number, place, neutral(text), formats[column.editable])
        _finish(page, sheet)
    book.close()
    return target.getvalue()


def _finish(page, sheet: Sheet) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  the library has no types
    page.freeze_panes(1, 0)
    if sheet.rows:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    page.protect("", {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True})
    if sheet.hidden:
        page.very_hidden()


def read_book(data: bytes, *, place: str) -> dict[str, list[list[str | None]]]:
    """Give the cells of every sheet as text, by sheet; empty cells are null, a formula gives its stored result.

    Raises Terminal ECQS-6121 for a file that is no such workbook, ECQS-6122 for one too large or with macros, links to
    other files or a DOCTYPE in it.
    """
    import fastexcel  # noqa: PLC0415  only where a workbook is read

    _inspect(data, place)
    try:
        book = fastexcel.read_excel(data)
        found: dict[str, list[list[str | None]]] = {}
        for name in book.sheet_names:
            frame = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
            found[name] = [list(row) for row in frame.rows()]
    except fastexcel.FastExcelError as error:
        raise _unreadable(place) from error
    return found


def _inspect(data: bytes, place: str) -> None:
    """Inflate everything once and look at it, since a header may say anything."""
    if len(data) > _LARGEST_FILE:
        raise _refused(place, "is too large")
    left = _LARGEST_INFLATED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_MEMBERS:
                raise _refused(place, "has too many members")
            for entry in entries:
                if any(word in entry.filename.casefold() for word in _MACROS):
                    raise _refused(place, "holds macros or links to other files")
                for piece in _pieces(archive, entry):
                    left -= len(piece)
                    if left < 0:
                        raise _refused(place, "inflates to too much")
                    if any(mark in piece for mark in _DOCTYPE):
                        raise _refused(place, "holds a DOCTYPE")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise _unreadable(place) from error


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Give a member piece by piece, each with the end of the one before, so that no word is cut in two unseen."""
    tail = b""
    with archive.open(entry) as member:
        while piece := member.read(_PIECE):
            yield tail + piece
            tail = piece[-32:]


def _unreadable(place: str) -> Terminal:
    hint = "save it in a spreadsheet program as .xlsx without a password"
    return Terminal("ECQS-6121", "the file is no readable XLSX workbook", where=place, hint=hint)


def _refused(place: str, why: str) -> Terminal:
    return Terminal("ECQS-6122", f"the workbook {why}; nothing of it was used", where=place, hint="export it anew")
