"""Rows of a database driver to columns: one call per column and batch, cell by cell only where something is odd.

Drivers give Python objects (psycopg, most SQLAlchemy dialects), or text as bytes (SQLite and MariaDB here, which is
faster and survives bytes that are no text). A cell that does not fit its column becomes null, or keeps U+FFFD where
only some of its bytes are no text, and is named with the reason; its row is never lost and never stops the others.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.extract.catalogue import Column, ColumnKind
from ecqs_gateway.extract.chunk import BAD_CELLS

__all__ = ["Batch", "Decoder", "dtype_of", "from_single"]

_DTYPES: Mapping[ColumnKind, pl.DataType] = {
    "text": pl.String(),
    "int": pl.Int64(),
    "unsigned": pl.UInt64(),
    "float": pl.Float64(),
    "decimal": pl.String(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "bytes": pl.Binary(),
    "other": pl.String(),
}

_NO_DAY = "0000-00-00"


def dtype_of(kind: ColumnKind, zone: ZoneInfo) -> pl.DataType:
    """Give the Polars type a column of that kind is read as; times with zone are shown in the source's."""
    return pl.Datetime("us", zone.key) if kind == "zoned" else _DTYPES[kind]


@dataclass(frozen=True)
class Batch:
    """Rows in columns, and the cells that could not be read (``chunk.BAD_CELLS``)."""

    frame: pl.DataFrame
    bad_cells: pl.DataFrame


@dataclass(frozen=True)
class _Cell:
    row: int
    column: str
    reason: str


class Decoder:
    """Turns rows of known columns into a frame whose types never change from batch to batch."""

    def __init__(self, columns: Sequence[Column], zone: ZoneInfo) -> None:
        """Fix the columns, in the order the rows have them."""
        self._columns = tuple(columns)
        self._zone = zone

    def batch(self, rows: Sequence[Sequence[Any]]) -> Batch:
        """Decode some rows; no rows give an empty frame with the right types."""
        cells: list[_Cell] = []
        values = zip(*rows, strict=True) if rows else (() for _ in self._columns)
        read = ((column, self._series(column, cell, cells)) for column, cell in zip(self._columns, values, strict=True))
        series = [from_single(found) if column.single else found for column, found in read]
        bad = [(cell.row, cell.column, cell.reason) for cell in cells]
        return Batch(pl.DataFrame(series), pl.DataFrame(bad, schema=dict(BAD_CELLS), orient="row"))

    def _series(self, column: Column, values: Sequence[Any], cells: list[_Cell]) -> pl.Series:
        dtype = dtype_of(column.kind, self._zone)
        try:
            first = next((value for value in values if value is not None), None)
            if isinstance(first, bytes) and column.kind != "bytes":
                return _from_bytes(column, values, dtype)
            if isinstance(first, str) and dtype != pl.String:
                return _from_text(column, pl.Series(column.name, values, dtype=pl.String, strict=True), dtype)
            return pl.Series(column.name, values, dtype=dtype, strict=True)
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            # The bulk conversion says that something is odd, not which cell.
            return self._one_by_one(column, values, dtype, cells)

    def _one_by_one(self, column: Column, values: Sequence[Any], dtype: pl.DataType, cells: list[_Cell]) -> pl.Series:
        read = _READERS[column.kind]
        found: list[Any] = []
        for row, value in enumerate(values):
            cell, reason = (None, None) if value is None else _read(read, value, column)
            found.append(cell)
            if reason is not None:
                cells.append(_Cell(row, column.name, reason))
        if isinstance(dtype, pl.Datetime) and dtype.time_zone:
            found = [v.replace(tzinfo=self._zone) if v is not None and v.tzinfo is None else v for v in found]
        return pl.Series(column.name, found, dtype=dtype, strict=True)


def from_single(column: pl.Series) -> pl.Series:
    """Give numbers of single precision as their shortest decimals: 1234.56 and not 1234.56005859375."""
    return column.cast(pl.Float32).cast(pl.String).cast(pl.Float64)


def _from_bytes(column: Column, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    """Convert what came over the wire as text; raises where a cell does not fit."""
    if codec_of(column.charset) != "utf-8":
        raise ValueError("text in a character set of its own")
    return _from_text(column, pl.Series(column.name, values, dtype=pl.Binary, strict=True).cast(pl.String), dtype)


def _from_text(column: Column, text: pl.Series, dtype: pl.DataType) -> pl.Series:
    if dtype == pl.String:
        return text
    if column.kind in {"date", "timestamp", "zoned"}:
        # MySQL and MariaDB keep 0000-00-00 where there is no date: that is null, and not a bad date.
        text = text.to_frame().select(pl.when(~pl.first().str.starts_with(_NO_DAY)).then(pl.first())).to_series()
    if column.kind == "date":
        return text.str.to_date("%Y-%m-%d")
    if column.kind == "timestamp":
        return text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
    if column.kind == "zoned":
        return text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", time_zone="UTC").cast(dtype)
    return text.cast(dtype)


_CODECS = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf8": "utf-8",
    "ascii": "utf-8",
    "latin1": "cp1252",
    "gb2312": "gb18030",
}
_CODECS |= {"gbk": "gb18030", "ucs2": "utf-16-be", "utf16": "utf-16-be", "utf16le": "utf-16-le", "utf32": "utf-32-be"}


def codec_of(charset: str | None) -> str:
    """Give Python's name for a character set of MariaDB or MySQL; GB18030 reads all that GBK and GB2312 do."""
    name = _CODECS.get(charset or "utf8", charset or "utf-8")
    try:
        codecs.lookup(name)
    except LookupError:  # a character set Python does not know: bytes outside ASCII become bad cells
        return "ascii"
    return name


class _Unfit(Exception):
    """Why a cell does not fit its column; carries what can be kept of it."""

    def __init__(self, reason: str, kept: Any = None) -> None:
        super().__init__(reason)
        self.reason, self.kept = reason, kept


def _read(read: Callable[[Any], Any], value: Any, column: Column) -> tuple[Any, str | None]:
    try:
        if isinstance(value, bytes | bytearray | memoryview) and column.kind != "bytes":
            value = _decoded(bytes(value), column)
        return read(value), None
    except _Unfit as unfit:
        return unfit.kept, unfit.reason
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        return None, _MEANING[column.kind]


_MEANING: Mapping[ColumnKind, str] = {
    "text": "不是文本",
    "int": "不是 64 位整数",
    "unsigned": "不是 64 位非负整数",
    "float": "不是数",
    "decimal": "不是数",
    "bool": "不是布尔值",
    "date": "不是公历 1 至 9999 年间的日期",
    "timestamp": "不是公历 1 至 9999 年间的时间",
    "zoned": "不是公历 1 至 9999 年间的时间",
    "bytes": "不是二进制数据",
    "other": "不能转为文本",
}


def _decoded(value: bytes, column: Column) -> str:
    codec = codec_of(column.charset)
    try:
        return value.decode(codec)
    except UnicodeDecodeError:
        if column.kind == "other":
            return value.hex()  # geometry and the like: never text
        if column.kind != "text":
            raise
        raise _Unfit(f"含有不能按 {codec} 解码的字节", value.decode(codec, "replace")) from None


def _text(value: Any) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            kept = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            raise _Unfit("含有不能解码的字节", kept) from None
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return format(value, "f") if isinstance(value, Decimal) and value.is_finite() else str(value)


def _whole(value: Any) -> int:
    number = int(value) if isinstance(value, int | bool | str) else Decimal(str(value))
    if number != int(number) or not -(2**63) <= number < 2**63:
        raise ValueError
    return int(number)


def _unsigned(value: Any) -> int:
    number = int(value)
    if not 0 <= number < 2**64:
        raise ValueError
    return number


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        if value.time() != datetime.min.time():
            raise ValueError
        return value.date()
    if isinstance(value, date):
        return value
    return None if str(value).startswith(_NO_DAY) else date.fromisoformat(str(value))


def _time(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the source's own naive local time
    return None if str(value).startswith(_NO_DAY) else datetime.fromisoformat(str(value))


def _flag(value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in {"t", "f", "true", "false", "1", "0"}:
        return value.strip().lower() in {"t", "true", "1"}
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise ValueError


def _raw(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _other(value: Any) -> str:
    if isinstance(value, timedelta):
        return str(value)
    return _text(value)


_READERS: Mapping[ColumnKind, Callable[[Any], Any]] = {
    "text": _text,
    "int": _whole,
    "unsigned": _unsigned,
    "float": float,
    "decimal": lambda value: _text(value) if isinstance(value, str | int | float | Decimal) else _text(Decimal(value)),
    "bool": _flag,
    "date": _day,
    "timestamp": _time,
    "zoned": _time,
    "bytes": _raw,
    "other": _other,
}
