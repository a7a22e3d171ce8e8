"""New values for columns of a source row, as a person writes them, put into the typed row that was extracted.

A place is a column (``QYMC``) or a column of a child row (``cp[2].CPMC``, counted from 1 in the order of the list). The
number after the last child row adds one. Null empties a column; null for ``cp[2]`` takes that child row away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.errors import Terminal
from ecqs_gateway.extract.chunk import ChildFrame, Chunk
from ecqs_gateway.flows.letter_rows import Piece
from ecqs_gateway.ledger.corrections import Changes
from ecqs_gateway.mapping.render import render

__all__ = ["changed", "current_texts", "parse_changes"]

_CHILD = re.compile(r"(?P<table>.+)\[(?P<item>[1-9][0-9]{0,5})\](?:\.(?P<column>.+))?", re.DOTALL)


@dataclass(frozen=True)
class _Place:
    """Where a value stands: a column of the row, or of the n-th row (from 1) of a child table."""

    column: str | None
    table: str | None = None
    item: int = 0


def parse_changes(sets: Iterable[str], nulls: Iterable[str], piece: Piece) -> dict[str, str | None]:
    """Read ``column=value`` and names of columns to empty; raises Terminal ECQS-6110 for a place that is none.

    A column may hold ``=`` in its name: the longest place that exists is meant.
    """
    found: dict[str, str | None] = {}
    for text in sets:
        cuts = [match.start() for match in re.finditer("=", text)]
        if not cuts:
            raise _no_place(text, piece.chunk, "write column=value, such as QYMC=… or cp[2].CPMC=…")
        places = [text[:cut] for cut in cuts]
        known = [place for place in places if _place(place, piece.chunk) is not None]
        if not known:
            raise _no_place(places[0], piece.chunk)
        found[known[-1]] = text[len(known[-1]) + 1 :]
    for text in nulls:
        if _place(text, piece.chunk) is None:
            raise _no_place(text, piece.chunk)
        found[text] = None
    return found


def _place(text: str, chunk: Chunk) -> _Place | None:
    if text in chunk.frame.columns:
        return _Place(text)
    match = _CHILD.fullmatch(text)
    if match is None or match["table"] not in chunk.children:
        return None
    column = match["column"]
    if column is not None and column not in chunk.children[match["table"]].frame.columns:
        return None
    return _Place(column, match["table"], int(match["item"]))


def _no_place(text: str, chunk: Chunk, hint: str | None = None) -> Terminal:
    children = [f"{name}[1].{column}" for name, child in chunk.children.items() for column in child.frame.columns]
    names = [name for name in (*chunk.frame.columns, *children) if not name.startswith("__")]
    near = did_you_mean(text, names, listed=40) or "`ecqs dead-letters show <id>` lists the columns of the row"
    return Terminal("ECQS-6110", "the source row has no such column", where=text, hint=hint or near)


def current_texts(piece: Piece) -> dict[str, str | None]:
    """Give every place of a piece of one row with its text now, child rows included."""
    texts: dict[str, str | None] = {}
    for series in piece.chunk.frame.get_columns():
        texts[series.name] = render(series)[0]
    for name, child in piece.chunk.children.items():
        for series in child.frame.get_columns():
            rendered = render(series).to_list()
            texts.update((f"{name}[{item}].{series.name}", text) for item, text in enumerate(rendered, 1))
    return texts


def changed(piece: Piece, changes: Changes) -> Piece:
    """Give a piece of one row with the changes in it.

    Raises Terminal: ECQS-6110 no such column, 6111 a value the column's type cannot hold, 6112 a column that must stay.
    """
    chunk = piece.chunk
    children: dict[str, dict[int, dict[str, str | None] | None]] = {}
    frame = chunk.frame
    for text, value in changes.items():
        place = _place(text, chunk)
        if place is None:
            raise _no_place(text, chunk)
        if place.table is None:
            name = str(place.column)
            _require_free(name, text, {column for child in chunk.children.values() for column in child.key})
            frame = frame.with_columns(pl.Series(name, [_cell(value, frame.schema[name], text)], frame.schema[name]))
        else:
            _note(children.setdefault(place.table, {}), place, value, text)
    tables = {
        name: _changed_child(name, child, children[name], frame) if name in children else child
        for name, child in chunk.children.items()
    }
    return replace(piece, chunk=replace(chunk, frame=frame, children=tables))


def _note(rows: dict[int, dict[str, str | None] | None], place: _Place, value: str | None, text: str) -> None:
    if place.column is None:
        if value is not None or rows.get(place.item):
            raise Terminal(
                "ECQS-6110", "a child row as a whole can only be taken away", where=text, hint=f"set {text}.<column>"
            )
        rows[place.item] = None
        return
    row = rows.setdefault(place.item, {})
    if row is None:
        raise Terminal("ECQS-6110", "this child row is taken away by the same correction", where=text)
    row[place.column] = value


def _require_free(column: str, text: str, linking: set[str]) -> None:
    if column.startswith("__") or column in linking:
        raise Terminal(
            "ECQS-6112",
            "this column says which row it is, and stays as it is",
            where=text,
            hint="correct the other columns; a row with a wrong key has to be mended at the source",
        )


def _changed_child(
    name: str, child: ChildFrame, rows: Mapping[int, Mapping[str, str | None] | None], parent: pl.DataFrame
) -> ChildFrame:
    records: list[dict[str, Any] | None] = list(child.frame.to_dicts())
    for item in sorted(rows):
        if item > len(records) + 1:
            raise Terminal(
                "ECQS-6110",
                f"there is no child row {item}: {name} has {len(records)}",
                where=f"{name}[{item}]",
                hint=f"{name}[{len(records) + 1}] adds one",
            )
        new = rows[item]
        if new is None:
            _take_away(records, name, item)
            continue
        if item == len(records) + 1:
            links = zip(child.parent_key, child.key, strict=True)
            records.append({own: _linked(parent, other, child.frame.schema[own]) for own, other in links})
        record = records[item - 1] or {}
        for column, value in new.items():
            place = f"{name}[{item}].{column}"
            _require_free(column, place, set(child.parent_key))
            record[column] = _cell(value, child.frame.schema[column], place)
    kept = [record for record in records if record is not None]
    return replace(child, frame=pl.DataFrame(kept, schema=child.frame.schema, orient="row"))


def _take_away(records: list[dict[str, Any] | None], name: str, item: int) -> None:
    if item > len(records):
        raise Terminal("ECQS-6110", "there is no such child row to take away", where=f"{name}[{item}]")
    records[item - 1] = None


def _linked(parent: pl.DataFrame, column: str, dtype: pl.DataType) -> object:
    return parent[column].cast(dtype, strict=False)[0]


def _cell(text: str | None, dtype: pl.DataType, place: str) -> object:
    """Read a text as a value of a source column; null stays null."""
    if text is None:
        return None
    try:
        value = _read(text.strip() if dtype != pl.String else text, dtype)
        held = pl.Series([value], dtype=dtype)
    except (ValueError, LookupError, ArithmeticError, TypeError, pl.exceptions.PolarsError):
        held = None
    if held is None or held[0] is None:
        raise Terminal(
            "ECQS-6111",
            f"the value does not fit the column, which holds {_FORMS.get(dtype.base_type(), str(dtype))}",
            where=place,
            hint="write it in that form; --null empties the column",
        )
    return held[0]


def _read(text: str, dtype: pl.DataType) -> object:
    if dtype.is_integer():
        return int(text)
    if dtype.is_float():
        return float(text)
    reader = _READERS.get(dtype.base_type())
    if reader is None:
        raise ValueError("no text makes a value of this type")
    return reader(text, dtype)


def _moment(text: str, dtype: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    if dtype.time_zone is None:
        return moment.replace(tzinfo=None)
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)
    return local.astimezone(ZoneInfo(dtype.time_zone))


def _decimal(text: str, dtype: Any) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("no number") from error
    if not value.is_finite() or value != round(value, dtype.scale):
        raise ValueError("more digits than the column holds")
    return value


_READERS: Mapping[Any, Callable[[str, pl.DataType], object]] = {
    pl.String: lambda text, _: text,
    pl.Binary: lambda text, _: text.encode(),
    pl.Boolean: lambda text, _: {"1": True, "0": False, "true": True, "false": False}[text.lower()],
    pl.Date: lambda text, _: date.fromisoformat(text),
    pl.Time: lambda text, _: time.fromisoformat(text),
    pl.Datetime: _moment,
    pl.Decimal: _decimal,
}

_FORMS: Mapping[Any, str] = {
    pl.Date: "days such as 2024-03-01",
    pl.Datetime: "times such as 2024-03-01 08:30:00",
    pl.Time: "times of day such as 08:30:00",
    pl.Decimal: "numbers of limited digits",
    pl.Float64: "numbers",
    pl.Int64: "whole numbers",
    pl.Int32: "whole numbers",
    pl.Int16: "whole numbers",
    pl.Boolean: "1 or 0",
}
