"""The files ``schemas/sources/<unit>.json``: which tables and columns were seen at a unit's source, and when.

They are written by the gateway (``observed_text``) and read by the checks, which can then say that a column a mapping
names does not exist, and which one was probably meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, ConfigDict, Field

from ecqs_gateway.content.models_connector import ContentModel, UnitCode, Version, refuse
from ecqs_gateway.content.scalars import Day, Name, Text

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SourceFile", "SourceStream", "SourceTable", "observed_text", "read_dtype", "write_dtype"]

_SIMPLE = (
    *("String", "Boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"),
    *("Float32", "Float64", "Date", "Time", "Binary", "Null"),
)
_DECIMAL = re.compile(r"Decimal\(([0-9]{1,2}),([0-9]{1,2})\)")
_DATETIME = re.compile(r"Datetime(?:\[([A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*)\])?")


def _known_type(text: str) -> str:
    if text in _SIMPLE or _DECIMAL.fullmatch(text) or _DATETIME.fullmatch(text):
        return text
    raise refuse("is not a column type; known are String, Int64, Float64, Decimal(18,2), Date, Datetime, …")


@cache
def read_dtype(text: str) -> pl.DataType:
    """Give the Polars type a column type of the file stands for; raises ValueError for one that is not known."""
    import polars as pl  # noqa: PLC0415  models are imported without Polars for speed

    if text in _SIMPLE:
        simple: pl.DataType = getattr(pl, text)()
        return simple
    if (decimal := _DECIMAL.fullmatch(text)) is not None:
        return pl.Decimal(int(decimal[1]), int(decimal[2]))
    if (moment := _DATETIME.fullmatch(text)) is not None:
        return pl.Datetime("us", moment[1])
    raise ValueError(f"{text!r} is not a column type")


def write_dtype(dtype: pl.DataType) -> str:
    """Give the column type as the file writes it; types the file does not know are seen as text."""
    import polars as pl  # noqa: PLC0415  see read_dtype

    if isinstance(dtype, pl.Decimal):
        return f"Decimal({dtype.precision or 38},{dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        return f"Datetime[{dtype.time_zone}]" if dtype.time_zone else "Datetime"
    name = str(dtype)
    return name if name in _SIMPLE else "String"


class SourceTable(ContentModel):
    """The columns of one table."""

    columns: Annotated[Mapping[str, Annotated[Text, AfterValidator(_known_type)]], Field(min_length=1)]
    """Columns by name, each with its type."""

    def dtypes(self) -> dict[str, pl.DataType]:
        """Give the columns with their Polars types."""
        return {name: read_dtype(text) for name, text in self.columns.items()}


class SourceStream(SourceTable):
    """What one record kind is read from."""

    children: Mapping[Name, SourceTable] = Field(default_factory=dict)
    """Child tables, by the connector's name for them."""


class SourceFile(ContentModel):
    """A file schemas/sources/<unit>.json: what was seen at one unit's source."""

    model_config = ConfigDict(title="schemas/sources/<unit>.json")

    version: Version
    """Version of this file format; 1."""
    unit: UnitCode
    """Six digits of the reporting unit; the same as the file name."""
    observed: Day
    """Day the source was looked at."""
    streams: Mapping[Name, SourceStream]
    """For each record kind, the columns that were seen."""


Columns = Mapping[str, "pl.DataType"]


def observed_text(unit: str, day: date, streams: Mapping[str, tuple[Columns, Mapping[str, Columns]]]) -> str:
    """Write the file: for each record kind the columns of its table and those of its child tables."""
    data = {
        "version": 1,
        "unit": unit,
        "observed": day.isoformat(),
        "streams": {
            kind: {"columns": _types(columns), "children": {name: {"columns": _types(c)} for name, c in below.items()}}
            for kind, (columns, below) in streams.items()
        },
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _types(columns: Columns) -> dict[str, str]:
    return {name: write_dtype(dtype) for name, dtype in columns.items()}
