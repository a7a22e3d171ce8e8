"""Column names of a spreadsheet as people write them, made into names that can be relied on.

Headers drift from year to year: a stray blank inside a Chinese word, a line break, a name used twice, an empty cell
over a filled column. Each is mended in one fixed way and remarked on, so that a mapping keeps working.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.notes import Notes

__all__ = ["header_names"]

_INVISIBLE = re.compile("[\ufeff\u200b-\u200f\u2060\u00ad]")
_CJK = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef（）、。，；：]"
_BLANK_BESIDE_CJK = re.compile(rf"(?<={_CJK})\s+|\s+(?={_CJK})")
_OWN = ("__file", "__line")


def header_names(
    cells: Sequence[str | None], *, row: int, place: str, notes: Notes, key: Sequence[str] = ()
) -> list[str]:
    """Give one usable name per column; raises Misconfigured ECQS-2023 when the row is no header.

    Raises Misconfigured ECQS-2024 when a column of the key is not in it. Before that nothing of the row is told to
    anybody: where header_row is wrong it is a row of data.

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
    remarks: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = _unique(_cleaned(cell) or f"__column{number}", names)
        if name != cell and _INVISIBLE.sub("", cell or "") != name:
            shown = "an empty cell" if not _cleaned(cell) else f"{cell!r}"
            remarks.append(f"header row {row}, column {number}: {shown} is read as {name!r}")
        names.append(name)
    _require(key, names, row, place)
    for remark in remarks:
        notes.add("ECQS-2055", place, remark)
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


def _require(key: Sequence[str], names: Sequence[str], row: int, place: str) -> None:
    """Check that the key's columns are in the header; raises Misconfigured ECQS-2024 with the nearest name."""
    for name in key:
        if name not in names and name not in _OWN:
            near = difflib.get_close_matches(name.casefold(), [each.casefold() for each in names], n=1, cutoff=0.6)
            hint = (
                f"is {near[0]!r} meant? Or set header_row (now {row}) or encoding"
                if near
                else (f"row {row} has {len(names)} columns and none of this name: correct key, header_row or encoding")
            )
            message = f"the key's column {name!r} is not in the header"
            raise Misconfigured("ECQS-2024", message, where=place, hint=hint)
