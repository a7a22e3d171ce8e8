"""Lists written as JSON into one column, such as ``[{"lx": "01", "mc": "营业执照"}]``.

Cells are parsed one by one in Python, on purpose: it is the only reader at hand that keeps numbers as they are written,
names the cell that is bad, refuses a key that is there twice, and cannot be brought down by depth. Measured: 2 to 3 µs
an item, paid only by mappings that use ``json``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.mapping.render import number_text
from ecqs_gateway.mapping.text import tidy_column

__all__ = ["DEEPEST", "JsonItems", "MemberError", "member_path", "read_cells"]

DEEPEST = 4
"""Members a path may go down; deeper structure is a table of its own."""
_LONGEST = 1_000_000
_MOST = 10_000


class MemberError(ValueError):
    """A member path such as ``$.a.b`` is not one."""


class _Refused(ValueError):
    """A cell is not what the mapping expects; the text says why, without the value."""


@dataclass(frozen=True)
class JsonItems:
    """The items of a chunk.

    ``frame`` has ``__row`` and one text column per member path; ``refused`` says which rows hold no usable array, and
    why.
    """

    frame: pl.DataFrame
    refused: list[tuple[int, str]]


def member_path(text: str) -> tuple[str, ...]:
    """Read ``$.a.b`` (or ``$`` for the item itself); raises MemberError."""
    if text == "$":
        return ()
    names = text.removeprefix("$.").split(".")
    if not text.startswith("$.") or not all(name and name == name.strip() for name in names):
        raise MemberError("a member of a JSON item is written $.name or $.name.name; $ is the item itself")
    if len(names) > DEEPEST:
        raise MemberError(f"a member may lie at most {DEEPEST} levels deep")
    return tuple(names)


def read_cells(cells: pl.Series, members: Sequence[str]) -> JsonItems:
    """Read a column of JSON texts; null cells have no items."""
    paths = [member_path(member) for member in members]
    rows: list[int] = []
    columns: list[list[str | None]] = [[] for _ in members]
    refused: list[tuple[int, str]] = []
    for row, cell in enumerate(cells.to_list()):
        if cell is None:
            continue
        try:
            items = _items(cell, objects=any(paths))
        except _Refused as reason:
            refused.append((row, str(reason)))
            continue
        rows.extend([row] * len(items))
        for path, column in zip(paths, columns, strict=True):
            column.extend(_text(_member(item, path)) for item in items)
    data = [pl.Series(ROW, rows, dtype=pl.UInt32)]
    data += [tidy_column(_column(name, column)) for name, column in zip(members, columns, strict=True)]
    return JsonItems(pl.DataFrame(data), refused)


def _column(name: str, values: list[str | None]) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=pl.String)
    except UnicodeEncodeError:
        # A lone surrogate escape is no character: it becomes the mark that field types refuse as damaged.
        sound = [value and value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for value in values]
        return pl.Series(name, sound, dtype=pl.String)


def _items(cell: str, *, objects: bool) -> list[object]:
    items = [item for item in _array(cell) if item is not None]
    if objects and not all(isinstance(item, dict) for item in items):
        raise _Refused("数组的元素不是对象")
    return items


def _array(cell: str) -> list[object]:
    if len(cell) > _LONGEST:
        raise _Refused("JSON 过长")
    try:
        value = _decoder.decode(cell)
    except _Refused:
        raise
    except (ValueError, RecursionError):
        raise _Refused("不是合法的 JSON") from None
    if not isinstance(value, list):
        raise _Refused("不是 JSON 数组")
    if len(value) > _MOST:
        raise _Refused(f"JSON 数组超过 {_MOST} 项")
    return value


def _member(item: object, path: tuple[str, ...]) -> object:
    for name in path:
        if not isinstance(item, dict):
            return None
        item = item.get(name)
    return item


class _Number(str):
    """A number as written: told apart from a text, which is never changed."""

    __slots__ = ()


def _text(value: object) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, _Number):
        return number_text(value)
    if isinstance(value, bool):
        return "1" if value else "0"
    return json.dumps(value, ensure_ascii=False)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("JSON 对象中有重复的键")
    return members


def _constant(_: str) -> object:
    raise _Refused("JSON 中有 NaN 或 Infinity")


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_constant, strict=False
)
