"""Answers of an API in JSON turned into columns of text: every number exactly as it was written.

JSON's numbers are read as the text they are, so that 12.30 stays 12.30 and a long id loses no digit. Objects inside a
row become columns joined by ``_``; lists inside a row stay JSON text, or are taken out as child rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.extract.chunk import BAD_CELLS, UNREADABLE, no_bad_cells, no_unreadable

__all__ = ["Json", "JsonFrames", "JsonRows", "JsonTable", "at_place", "read_json"]

Json = Any
"""What an answer holds: dict, list, str, bool or None; numbers are str."""

_DEEPEST = 20
_SHOWN = 2_000
_BROKEN = "\ufffd"
_UNDECODABLE = "含有无法解码的字节"
_AMBIGUOUS = "两处内容不同的字段摊平后同名"


def read_json(body: bytes, charset: str | None, place: str) -> Json:
    """Read an answer; bytes that are no text become U+FFFD. Raises Terminal ECQS-2065 when it is no JSON."""
    try:
        text = body.decode(charset or "utf-8", "replace").removeprefix("\ufeff")
    except LookupError:
        text = body.decode("utf-8", "replace")
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno} column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        hint = "look at the address in a browser: an HTML page often means that the login has run out"
        raise Terminal("ECQS-2065", f"the answer is no JSON{line}", where=place, hint=hint) from None


def _no_number(word: str) -> str:
    raise ValueError(f"{word} is no JSON")


def at_place(answer: Json, path: str | None, place: str, *, optional: bool = False) -> Json:
    """Give what stands at a path such as ``data.list``; raises Misconfigured ECQS-2066 where nothing does."""
    found, walked = answer, ""
    for step in path.split(".") if path else ():
        if not isinstance(found, dict) or step not in found:
            if optional:
                return None
            there = ", ".join(sorted(found)[:20]) if isinstance(found, dict) else "no object"
            message = f"the answer has nothing at {path!r}: {walked or 'its top'} holds {there}"
            raise Misconfigured("ECQS-2066", message, where=place, hint="correct this path in the connector")
        found, walked = found[step], f"{walked}.{step}".lstrip(".")
    return found


@dataclass(frozen=True)
class JsonTable:
    """How rows are cut: the key, lists that become child rows (name to place), columns that are always there."""

    key: tuple[str, ...]
    items: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class JsonFrames:
    """Rows in columns: ``children`` by name, cells that were no text (``BAD_CELLS``), rows that were none."""

    frame: pl.DataFrame
    children: Mapping[str, pl.DataFrame]
    bad_cells: pl.DataFrame
    unreadable: pl.DataFrame


class _Columns:
    """Names in the order they are first seen; a frame always has all names seen until then."""

    def __init__(self, first: Iterable[str]) -> None:
        self.names = dict.fromkeys(first)

    def frame(self, rows: Sequence[Mapping[str, str | None]]) -> pl.DataFrame:
        for row in rows:
            self.names.update(dict.fromkeys(row))
        texts = pl.String()
        return pl.DataFrame([pl.Series(name, [row.get(name) for row in rows], dtype=texts) for name in self.names])


class JsonRows:
    """Turns the rows of one stream into frames, answer by answer."""

    def __init__(self, table: JsonTable, origin: str, place: str) -> None:
        """Begin with the columns that are always there."""
        self._table, self._origin, self._place = table, origin, place
        self._columns = _Columns([*table.key, *table.columns])
        parents = [f"__parent_{name}" for name in table.key]
        self._below = {name: _Columns(parents) for name in table.items}
        self._lists = frozenset(path.replace(".", "_") for path in table.items.values())

    def frames(self, rows: Sequence[Json]) -> JsonFrames:
        """Turn rows into columns; what is no object, or has no list where one should be, is unreadable."""
        bad: list[tuple[int, str, str]] = []
        flat: list[dict[str, str | None]] = []
        aside: list[tuple[Json, str]] = []
        below: dict[str, list[dict[str, str | None]]] = {name: [] for name in self._table.items}
        for row in rows:
            lists = self._lists_of(row)
            if isinstance(lists, str):
                aside.append((row, lists))
                continue
            cells, twice = self._cells(row)
            keys = {f"__parent_{name}": cells.get(name) for name in self._table.key}
            number = len(flat)
            flat.append(cells)
            bad += [(number, name, _UNDECODABLE) for name in _broken(cells)]
            bad += [(number, name, _AMBIGUOUS) for name in twice]
            for name, items in lists.items():
                for item in items:
                    child, twice = self._item(item)
                    below[name].append(keys | child)
                    bad += [(number, f"{name}.{column}", _UNDECODABLE) for column in _broken(below[name][-1])]
                    bad += [(number, f"{name}.{column}", _AMBIGUOUS) for column in twice]
        children = {name: self._below[name].frame(items) for name, items in below.items()}
        return JsonFrames(self._columns.frame(flat), children, _bad(bad), self._unreadable(aside))

    def _lists_of(self, row: Json) -> dict[str, list[Json]] | str:
        """Give the lists that become child rows by name, or why the row is none."""
        if not isinstance(row, dict):
            return "不是一个对象"
        found: dict[str, list[Json]] = {}
        for name, place in self._table.items.items():
            items = at_place(row, place, self._place, optional=True)
            if items is not None and not isinstance(items, list):
                return f"{place} 应为数组"
            found[name] = items or []
        return found

    def _item(self, item: Json) -> tuple[dict[str, str | None], list[str]]:
        return self._cells(item) if isinstance(item, dict) else ({"value": _text(item)}, [])

    def _cells(self, row: Mapping[str, Json]) -> tuple[dict[str, str | None], list[str]]:
        """Give the cells of a row, and the names under which it says two things, as ``a_b`` and ``b`` within ``a``."""
        cells: dict[str, str | None] = {}
        twice = [name for name, text in self._flat(row) if cells.setdefault(name, text) != text]
        return cells, twice

    def _flat(self, row: Mapping[str, Json], before: str = "", depth: int = 0) -> Iterator[tuple[str, str | None]]:
        """Give the cells of a row; the lists that become child rows are left out."""
        for name, value in row.items():
            full = before + name
            if isinstance(value, dict) and depth < _DEEPEST:
                yield from self._flat(value, f"{full}_", depth + 1)
            elif full not in self._lists:
                yield full, _text(value)

    def _unreadable(self, aside: Sequence[tuple[Json, str]]) -> pl.DataFrame:
        if not aside:
            return no_unreadable()
        texts = [json.dumps(row, ensure_ascii=False)[:_SHOWN] for row, _ in aside]
        told = pl.DataFrame({"reason": [why for _, why in aside], "text": texts}).with_columns(
            pl.lit(self._origin).alias("__file"), pl.lit(None).alias("__line"), pl.lit(None).alias("key")
        )
        return told.select(pl.col(name).cast(dtype) for name, dtype in UNREADABLE.items())


def _broken(cells: Mapping[str, str | None]) -> list[str]:
    return [name for name, text in cells.items() if text is not None and _BROKEN in text]


def _bad(cells: Sequence[tuple[int, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(cells, schema=dict(BAD_CELLS), orient="row") if cells else no_bad_cells()


def _text(value: Json) -> str | None:
    """Give a value as text; numbers are texts already."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
