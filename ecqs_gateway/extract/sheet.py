"""XLSX sheets as rows of text, as near to what a person sees in the cells as the file tells."""

from __future__ import annotations

import io
import re
import zipfile  # noqa: TID251 - counts inflated bytes and keeps nothing; doors.archive reads our own packages
import zlib

import polars as pl

from ecqs_gateway.errors import Misconfigured, Terminal

__all__ = ["read_sheet"]

_LARGEST_FILE = 128_000_000
_LARGEST_INFLATED = 300_000_000  # a sheet is read whole, and takes about twice this in memory
_MOST_MEMBERS = 10_000
_PIECE = 1 << 20
_STYLES = "xl/styles.xml"
_USED = re.compile(rb"""(<(?:\w+:)?xf\b[^>]*?\bnumFmtId=["'])([0-9]{1,9})(["'])""")
_DESCRIBED = re.compile(rb"""<(?:\w+:)?numFmt\b[^>]*?\bnumFmtId=["']([0-9]{1,9})["']""")
_DAY, _TIME_OF_DAY = 14, 21
_CHINESE = dict.fromkeys((*range(27, 37), *range(50, 59)), _DAY) | dict.fromkeys((32, 33, 34, 35, 55, 56), _TIME_OF_DAY)


def read_sheet(data: bytes, sheet: int | str, *, place: str) -> pl.DataFrame:
    """Give all cells of a sheet as text, the first row of the frame being row 1 of the sheet; empty cells are null.

    Whole numbers have no decimals, days no time; a formula gives its stored result. Raises Terminal ECQS-2025 (no
    readable XLSX), 2028 (too large), Misconfigured ECQS-2026 (no such sheet).
    """
    import fastexcel  # noqa: PLC0415 - only where XLSX is read

    _check_size(data, place)
    try:
        book = fastexcel.read_excel(_with_known_dates(data))
    except fastexcel.FastExcelError as error:
        raise _unreadable(place) from error
    names = book.sheet_names
    if (isinstance(sheet, int) and sheet >= len(names)) or (isinstance(sheet, str) and sheet not in names):
        raise Misconfigured(
            "ECQS-2026",
            f"the file has no sheet {sheet!r}",
            where=place,
            hint=f"set sheet to a position from 0 or one of these names: {', '.join(names)}",
        )
    try:
        cells: pl.DataFrame = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise _unreadable(place) from error
    return cells.with_columns(_as_shown(name) for name in cells.columns)


def _as_shown(name: str) -> pl.Expr:
    """Take off what a cell with a day or a time of day alone has been given."""
    day = pl.col(name).str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00$", "${1}")
    return day.str.replace(r"^1899-12-3[01] ([0-9]{2}:[0-9]{2}:[0-9]{2})$", "${1}")


def _check_size(data: bytes, place: str) -> None:
    """Inflate everything once and count, since a header may say anything."""
    if len(data) > _LARGEST_FILE:
        raise _too_large(place)
    left = _LARGEST_INFLATED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_MEMBERS:
                raise _too_large(place)
            for entry in entries:
                with archive.open(entry) as member:
                    while piece := member.read(_PIECE):
                        left -= len(piece)
                        if left < 0:
                            raise _too_large(place)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise _unreadable(place) from error


def _with_known_dates(data: bytes) -> bytes:
    """Give a workbook in which the date and time formats of Chinese Excel have the numbers the reader knows.

    Formats 27 to 36 and 50 to 58 belong to the language (ECMA-376 part 1, 18.8.30): no file describes them, and their
    cells would come as serial numbers. Only the part of the styles is written anew, behind the others.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if _STYLES not in archive.NameToInfo:
            return data
        styles = archive.read(_STYLES)
    own = {int(found) for found in _DESCRIBED.findall(styles)}
    known = {number: format_ for number, format_ in _CHINESE.items() if number not in own}
    changed = _USED.sub(lambda met: met[1] + str(known.get(int(met[2]), int(met[2]))).encode() + met[3], styles)
    if changed == styles:
        return data
    room = io.BytesIO(data)
    with zipfile.ZipFile(room, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.filelist.remove(archive.NameToInfo.pop(_STYLES))
        archive.writestr(_STYLES, changed)
    return room.getvalue()


def _unreadable(place: str) -> Terminal:
    hint = "open it in a spreadsheet program and save it as .xlsx without a password; .xls is not read"
    return Terminal("ECQS-2025", "the file is no readable XLSX file", where=place, hint=hint)


def _too_large(place: str) -> Terminal:
    message = "the XLSX file is too large, or inflates to too much, to be read safely"
    return Terminal("ECQS-2028", message, where=place, hint="have it delivered as CSV, or in several files")
