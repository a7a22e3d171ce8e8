"""Source values to text: the one canonical text of every Polars type.

What a mapping sees of a source value is always this text, whatever driver it came through:

* text as it is; bytes are read as UTF-8, else as GB18030; what neither can read becomes U+FFFD, which field types
  refuse;
* whole numbers plain (``3``), also when a spreadsheet says ``3.0``; other numbers without trailing zeros; NaN is
  empty;
* dates ``2026-11-23``; times ``10:30:00``; timestamps ``2026-11-23 10:30:00`` with fraction only where it is not
  zero, and with offset ``+08:00`` where the source knows the zone;
* true ``1``, false ``0``; lists and structures as JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time
from functools import cache, lru_cache

import polars as pl

from ecqs_gateway.model.columns import framed

__all__ = ["number_text", "render", "render_columns", "render_expr"]

_FEW = 1000
"""Below so many rows the tables of dates and times are not worth building."""
_FIRST_DAY = date(1900, 1, 1)
_EPOCH_OFFSET = (_FIRST_DAY - date(1970, 1, 1)).days
_DAY_US = 86_400_000_000
_SETTLED_US = 694_224_000_000_000
"""1992-01-01: from then on Asia/Shanghai is UTC+8 all year; summer time was observed until 1991."""


def render(source: pl.Series) -> pl.Series:
    """Give a column of any type as text, not yet tidied; never raises, whatever the column holds."""
    return render_columns([source])[source.name]


def render_columns(sources: Iterable[pl.Series]) -> dict[str, pl.Series]:
    """Give columns of one length as text, all of them in one pass; never raises, whatever they hold."""
    texts: dict[str, pl.Series] = {}
    together: dict[str, pl.Series] = {}
    for source in sources:
        if source.dtype == pl.String:
            texts[source.name] = source
        elif source.dtype == pl.Binary:
            texts[source.name] = _decoded(source)
        else:
            together[source.name] = source
    if together:
        texts.update(_rendered(together))
    return texts


def _rendered(sources: Mapping[str, pl.Series]) -> Iterator[tuple[str, pl.Series]]:
    # Columns go by number inside: a header of a spreadsheet may be "*", which Polars takes for all columns.
    numbered = {str(place): source for place, source in enumerate(sources.values())}
    frame = framed([source.alias(place) for place, source in numbered.items()])
    try:
        found = frame.select_seq(_quick(place, source) for place, source in numbered.items())
    except pl.exceptions.PolarsError:
        if len(sources) > 1:
            for name, source in sources.items():
                yield from _rendered({name: source})
        else:
            yield from ((name, _one_by_one(source)) for name, source in sources.items())
        return
    for place, (name, source) in enumerate(sources.items()):
        text = found.to_series(place)
        if text.null_count() != source.null_count() and not source.dtype.is_float():
            # Outside the tables of days and seconds: the slower way knows every date.
            text = frame.select(render_expr(pl.col(str(place)), source.dtype)).to_series()
        yield name, text.alias(name)


def _one_by_one(source: pl.Series) -> pl.Series:
    return pl.Series(source.name, [_any_text(value) for value in source.to_list()], dtype=pl.String)


def _quick(place: str, source: pl.Series) -> pl.Expr:
    """Look dates and whole-second timestamps up in tables of all texts: 10 to 50 ns a value against 90 to 200.

    Gives null where a value lies outside the tables.
    """
    dtype = source.dtype
    if len(source) < _FEW or not isinstance(dtype, pl.Date | pl.Datetime):
        return _plainly(place, dtype)
    return _from_tables(pl.col(place), dtype).alias(place)


@lru_cache(256)
def _plainly(place: str, dtype: pl.DataType) -> pl.Expr:
    """Make the expression of a column's place and type once: few rows are rendered in less time than that takes."""
    return render_expr(pl.col(place), dtype).alias(place)


def _from_tables(column: pl.Expr, dtype: pl.Date | pl.Datetime) -> pl.Expr:
    if isinstance(dtype, pl.Date):
        return _looked_up(_days(), column.to_physical().cast(pl.Int64) - _EPOCH_OFFSET)
    whole = column.cast(pl.Datetime("us", dtype.time_zone)).to_physical()
    if dtype.time_zone is not None:
        whole = pl.when(whole >= _SETTLED_US).then(whole + 8 * 3_600_000_000)
    whole = pl.when(whole % 1_000_000 == 0).then(whole)
    text = _looked_up(_days(), whole // _DAY_US - _EPOCH_OFFSET) + _looked_up(_seconds(), whole % _DAY_US // 1_000_000)
    return text + pl.lit("+08:00") if dtype.time_zone is not None else text


def _looked_up(table: pl.Series, index: pl.Expr) -> pl.Expr:
    inside = pl.when(index.is_between(0, len(table) - 1)).then(index)
    return pl.lit(table).gather(inside)


def _decoded(source: pl.Series) -> pl.Series:
    try:
        return source.cast(pl.String)
    except pl.exceptions.PolarsError:
        # Bytes that are no UTF-8: GBK text behind a driver that hands out bytes (facts §8.6).
        return pl.Series(source.name, [_bytes_text(value) for value in source.to_list()], dtype=pl.String)


def _bytes_text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("gb18030", errors="replace")


def _any_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, pl.Series):
        value = value.to_list()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value).encode("utf-8", "replace").decode("utf-8")


def render_expr(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Give the text of a column of that type, not yet tidied."""
    if dtype == pl.String:
        return column
    for matches, renderer in _RENDERERS:
        if matches(dtype):
            return renderer(column, dtype)
    if dtype.is_nested():
        # A structure of one member is the shortest way to JSON; its wrapping {"":…} is cut off again.
        wrapped = pl.struct(column.alias("")).struct.json_encode()
        return pl.when(column.is_not_null()).then(wrapped.str.slice(4, wrapped.str.len_chars() - 5))
    return column.cast(pl.String)


def _float_text(column: pl.Expr, _: pl.DataType) -> pl.Expr:
    # Beyond 2**53 a float no longer holds every whole number: it keeps its exponent, so no identifier reads from it.
    whole = column.is_finite() & (column == column.floor()) & (column.abs() < 2**53)
    return (
        pl.when(column.is_nan())
        .then(None)
        .when(whole)
        .then(pl.when(whole).then(column).cast(pl.Int64).cast(pl.String))
        .otherwise(column.cast(pl.String).str.replace(r"\.0$", ""))
    )


def _decimal_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    text = column.cast(pl.String)
    return text.str.replace(r"\.?0+$", "") if isinstance(dtype, pl.Decimal) and dtype.scale else text


def _datetime_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        local = column.dt.convert_time_zone("Asia/Shanghai")
        return _without_zero_fraction(local.dt.replace_time_zone(None)) + local.dt.strftime("%:z")
    return _without_zero_fraction(column)


def _without_zero_fraction(column: pl.Expr) -> pl.Expr:
    return column.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%d %H:%M:%S%.6f").str.replace(r"\.?0+$", "")


_RENDERERS: tuple[tuple[Callable[[pl.DataType], bool], Callable[[pl.Expr, pl.DataType], pl.Expr]], ...] = (
    (lambda dtype: dtype.is_float(), _float_text),
    (lambda dtype: dtype.is_decimal(), _decimal_text),
    (lambda dtype: dtype == pl.Boolean, lambda column, _: column.cast(pl.Int8).cast(pl.String)),
    (lambda dtype: dtype == pl.Date, lambda column, _: column.dt.strftime("%Y-%m-%d")),
    (lambda dtype: isinstance(dtype, pl.Datetime), _datetime_text),
    (lambda dtype: dtype == pl.Time, lambda column, _: column.dt.strftime("%H:%M:%S")),
)


@cache
def _days() -> pl.Series:
    return pl.date_range(_FIRST_DAY, date(2100, 12, 31), eager=True).dt.strftime("%Y-%m-%d")


@cache
def _seconds() -> pl.Series:
    midnight = pl.Series([time(0)]).cast(pl.Int64).new_from_index(0, 86_400)
    return (midnight + pl.int_range(86_400, eager=True) * 1_000_000_000).cast(pl.Time).dt.strftime(" %H:%M:%S")


def number_text(literal: str) -> str:
    """Give a JSON number the text a number column of a database would have: ``3.0`` is ``3``, ``3.10`` is ``3.1``."""
    if "e" in literal or "E" in literal or "." not in literal:
        return literal
    return literal.rstrip("0").rstrip(".")
