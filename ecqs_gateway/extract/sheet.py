"""XLSX sheets as rows of text, as near to what a person sees in the cells as the file tells."""

from __future__ import annotations

import io
import zipfile  # noqa: TID251 - counts inflated bytes and keeps nothing; doors.archive reads our own packages
import zlib

import polars as pl

from ecqs_gateway.errors import Misconfigured, Terminal

__all__ = ["read_sheet"]

_LARGEST_FILE = 128_000_000
_LARGEST_INFLATED = 300_000_000  # a sheet is read whole, and takes about twice this in memory
_MOST_MEMBERS = 10_000
_PIECE = 1 << 20


def read_sheet(data: bytes, sheet: int | str, *, place: str) -> pl.DataFrame:
    """Give all cells of a sheet as text, the first row of the frame being row 1 of the sheet; empty cells are null.

    Whole numbers have no decimals, days no time; a formula gives its stored result. Raises Terminal ECQS-2025 (no
    readable XLSX), 2028 (too large), Misconfigured ECQS-2026 (no such sheet).
    """
    import fastexcel  # noqa: PLC0415 - only where XLSX is read

    _check_size(data, place)
    try:
        book = fastexcel.read_excel(data)
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


def _unreadable(place: str) -> Terminal:
    hint = "open it in a spreadsheet program and save it as .xlsx without a password; .xls is not read"
    return Terminal("ECQS-2025", "the file is no readable XLSX file", where=place, hint=hint)


def _too_large(place: str) -> Terminal:
    message = "the XLSX file is too large, or inflates to too much, to be read safely"
    return Terminal("ECQS-2028", message, where=place, hint="have it delivered as CSV, or in several files")
