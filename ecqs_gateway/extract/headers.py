"""Column names of a spreadsheet as people write them, made into names that can be relied on.

Headers drift from year to year: a stray blank inside a Chinese word, a line break, a name used twice, an empty cell
over a filled column. Each is mended in one fixed way and remarked on, so that a mapping keeps working.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.notes import Notes
from ecqs_gateway.extract.problems import meant

__all__ = ["header_names", "require_columns"]

_INVISIBLE = re.compile("[\ufeff\u200b-\u200f\u2060\u00ad]")
_CJK = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef（）、。，；：]"
_BLANK_BESIDE_CJK = re.compile(rf"(?<={_CJK})\s+|\s+(?={_CJK})")
_OWN = ("__file", "__line")


def header_names(cells: Sequence[str | None], *, row: int, place: str, notes: Notes) -> list[str]:
    """Give one usable name per column; raises Misconfigured ECQS-2023 when the row is no header.

    Blanks beside Chinese characters and at the ends go, other runs of blanks become one; a second ``名称`` becomes
    ``名称__2``; a column without name becomes ``__column5``, counted from 1.
    """
    cells, width = list(cells), len(cells)
    while cells and not _cleaned(cells[-1]):
        cells.pop()
    filled = [cell for cell in cells if _cleaned(cell)]
    if not filled or (len(filled) == 1 and width > 1):
        raise _no_header(row, place)
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = _unique(_cleaned(cell) or f"__column{number}", names)
        if name != cell and _INVISIBLE.sub("", cell or "") != name:
            shown = "an empty cell" if not _cleaned(cell) else f"{cell!r}"
            notes.add("ECQS-2055", place, f"header row {row}, column {number}: {shown} is read as {name!r}")
        names.append(name)
    return names


def _cleaned(cell: str | None) -> str:
    text = _INVISIBLE.sub("", cell or "").strip()
    return re.sub(r"\s+", " ", _BLANK_BESIDE_CJK.sub("", text))


def _unique(name: str, taken: Sequence[str]) -> str:
    if name in _OWN:
        name = f"{name}__source"
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}__{number}"
    return unique


def _no_header(row: int, place: str) -> Misconfigured:
    return Misconfigured(
        "ECQS-2023",
        f"row {row} is no header: it has no names, or a title in one cell only",
        where=place,
        hint="set header_row in the connector to the row with the column names, counted from 1",
    )


def require_columns(key: Sequence[str], names: Sequence[str], *, place: str) -> None:
    """Check that the key's columns are in the header; raises Misconfigured ECQS-2024 with the nearest name."""
    for name in key:
        if name not in names and name not in _OWN:
            hint = meant(name, names, "columns")
            message = f"the key's column {name!r} is not in the header"
            raise Misconfigured("ECQS-2024", message, where=place, hint=f"{hint}; or set header_row or encoding")
