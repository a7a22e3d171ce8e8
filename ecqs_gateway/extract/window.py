"""Which rows a run reads, and how far each chunk moves the watermark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.extract.catalogue import Column, Table
from ecqs_gateway.extract.readers import RowReader
from ecqs_gateway.extract.stamps import DayStamp, DigitsStamp, EpochStamp, Native, Stamp, TimeStamp, recognise
from ecqs_gateway.model.watermark import Watermark

__all__ = ["Mark", "find_stamp", "lowest_of", "restated"]

_SAMPLE = 200


def find_stamp(reader: RowReader, table: Table, name: str, zone: ZoneInfo, *, place: str) -> Stamp | None:
    """Find out how a column holds times of change; None while it holds nothing at all.

    Raises Misconfigured ECQS-2013 when its values are no times.
    """
    column = table[name]
    if column.kind in {"timestamp", "zoned"}:
        return TimeStamp(zone, aware=column.kind == "zoned")
    if column.kind == "date":
        return DayStamp(zone)
    cell = table.clause.c[name]
    values = reader.values(sa.select(cell).where(cell.is_not(None)).limit(_SAMPLE))
    stamp = recognise([_sampled(value, column) for value in values], zone)
    if stamp is None and values:
        raise Misconfigured(
            "ECQS-2013",
            f"changed_at: column {name!r} ({column.type}) of {table.full_name} holds nothing that reads as a time",
            where=place,
            hint="name a column with the time of the last change, or leave changed_at out to read the whole table",
        )
    if isinstance(stamp, EpochStamp | DigitsStamp) and column.kind in {"text", "decimal"}:
        return replace(stamp, as_text=True)
    return stamp


def _sampled(value: Any, column: Column) -> object:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if column.kind in {"int", "unsigned", "float", "decimal"}:
        try:
            return Decimal(str(text))
        except InvalidOperation:
            return None
    return text


def restated(stamp: Stamp, after: Watermark | None, *, place: str) -> Watermark | None:
    """Give a stored watermark in the column's present spelling, should the column have got another type since.

    Raises Terminal ECQS-2015 when it means nothing that could be compared with the column.
    """
    if after is None or after.changed_at is None or stamp.means(after.changed_at):
        return after
    text = after.changed_at
    number = recognise([Decimal(text)], stamp.zone) if text.replace(".", "", 1).isdecimal() else None
    for former in (TimeStamp(stamp.zone), DayStamp(stamp.zone), number, recognise([text], stamp.zone)):
        if former is not None and former.means(text):
            return replace(after, changed_at=stamp.write(stamp.native(former.instant(text))), key=())
    raise Terminal(
        "ECQS-2015",
        "the stored watermark does not fit the column changed_at names",
        where=place,
        hint="correct changed_at, or have the watermark of this stream reset and read the source from the beginning",
    )


def lowest_of(stamp: Stamp, after: Watermark | None, since: date | None, overlap: timedelta) -> Native | None:
    """Give the lowest time of change to read; None reads everything.

    ``since`` can only add rows: without a watermark reading begins there, with one it goes back further.
    """
    start = None if since is None else stamp.start_of(since)
    if after is None or after.changed_at is None:
        return start
    lowest = stamp.lowest(after.changed_at, overlap)
    return lowest if start is None else min(start, lowest)


@dataclass(frozen=True)
class Mark:
    """The watermark as it moves through the window, chunk by chunk, and never back."""

    stamp: Stamp
    column: str
    key: Sequence[str]
    ceiling: Native
    """The source's clock at the snapshot: rows stamped later are handed over, but do not move the watermark."""
    current: Watermark | None

    def moved(self, frame: pl.DataFrame) -> Mark:
        """Give the mark after a chunk of the window."""
        place = frame[list(dict.fromkeys((self.column, *self.key)))]
        inside = place.filter(self.stamp.sort_key(pl.col(self.column)) <= self.ceiling)
        for row in range(inside.height - 1, -1, -1):
            value = inside.item(row, self.column)
            if self.stamp.readable(value):
                return self._to(value, inside.slice(row, 1))
        return self

    def _to(self, value: Native, row: pl.DataFrame) -> Mark:
        text = self.stamp.write(value)
        if self.current is not None and self.current.changed_at is not None:
            before = self.current.changed_at
            if self.stamp.instant(before) > self.stamp.instant(text):
                return self
        key = tuple(str(row.item(0, name)) for name in self.key)
        children = self.current.children if self.current is not None else {}
        return replace(self, current=Watermark(text, key, children=children))

    def ahead(self, frame: pl.DataFrame) -> int:
        """Count the rows stamped later than the clock."""
        return int(frame.select_seq((self.stamp.sort_key(pl.col(self.column)) > self.ceiling).sum()).item())
