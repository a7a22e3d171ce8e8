"""Source columns of any type as text, and which text counts as no value at all.

Field types read text. ``read_expr`` of every field type also takes a column of another type and turns it into text
by the rules of ``as_text`` first; dates, times, numbers and flags take columns of their own type as they are.
"""

from __future__ import annotations

import polars as pl

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.types.clean import BLANKS, INVISIBLE

__all__ = ["as_text", "blank_to_null", "text_series"]

SHANGHAI = "Asia/Shanghai"

_BLANK = "^[" + "".join(f"\\x{{{code:x}}}" for code in sorted([0x20, *BLANKS, *INVISIBLE])) + "]*$"


def as_text(column: pl.Expr, dtype: pl.DataType, zone: str = SHANGHAI) -> pl.Expr:
    """Give a column of that type as text, spelt so that every field type reads it.

    Dates and times become ISO text, times in Shanghai local time: an aware time is converted, a naive one is taken
    to be in ``zone`` (one that the zone's clock skipped becomes null). Whole floats lose their point (spreadsheets
    hold every number as a float), NaN and infinities become null, booleans become true/false.
    Raises Misconfigured ECQS-1299 for a type that has no text form (lists, structs, binary).
    """
    if dtype == pl.String:
        return column
    if isinstance(dtype, pl.Datetime):
        local = column if dtype.time_zone or zone == SHANGHAI else _localise(column, zone)
        if dtype.time_zone or zone != SHANGHAI:
            local = local.dt.convert_time_zone(SHANGHAI)
        return local.dt.strftime("%Y-%m-%dT%H:%M:%S")
    if dtype.is_float():
        whole = (column == column.round(0)) & (column.abs() < 1e15)
        text = (
            pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column.cast(pl.String))
        )
        return pl.when(column.is_finite()).then(text)
    if dtype.is_numeric() or dtype in (pl.Boolean, pl.Date, pl.Time, pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String)
    raise Misconfigured(
        "ECQS-1299",
        f"a source column of type {dtype} has no text form",
        hint="cast it in the source query or view, or map its members one by one",
    )


def _localise(column: pl.Expr, zone: str) -> pl.Expr:
    return column.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")


def text_series(series: pl.Series) -> pl.Series:
    """Give a column as text by the rules of ``as_text``; a text column is given back as it is."""
    if series.dtype == pl.String:
        return series
    return series.to_frame("x").select(as_text(pl.col("x"), series.dtype)).to_series().alias(series.name)


def blank_to_null(text: pl.Expr) -> pl.Expr:
    """Give null where a text is empty or holds only blanks and invisible characters, as no field type would read it."""
    return pl.when(~text.str.contains(_BLANK)).then(text)
