"""The files ``schemas/sources/<unit>.json``: which tables and columns were seen at a unit's source.

They are written from ``ecqs_gateway.extract.source.describe`` and read by the checks, which can then say that a column
a mapping names does not exist, and which one was probably meant. Before each sync the source is compared with them:
structure always, and where rows were looked at also how often columns are filled and which codes stand in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict, Field

from ecqs_gateway.content.models_connector import ContentModel, Stream, UnitCode
from ecqs_gateway.content.scalars import Flag, Integer, Name, Text

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SourceColumn", "SourceFile", "SourceTable", "column_dtype", "observed_text"]

_NO_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_INTEGER = re.compile(r"(TINY|SMALL|MEDIUM|BIG)?INT(EGER)?\b|(SMALL|BIG)?SERIAL\b|INT[248]\b")
_FLOAT = re.compile(r"FLOAT|DOUBLE|REAL\b|BINARY_(FLOAT|DOUBLE)")
_BYTES = re.compile(r".*(BLOB|BYTEA|BINARY|RAW|IMAGE)\b")
_MOMENT = re.compile(r"TIMESTAMP|DATETIME")
_ZONED = re.compile(r"WITH (LOCAL )?TIME ZONE|TIMESTAMPTZ|DATETIMEOFFSET")


def column_dtype(words: str, dialect: str, time_zone: str = "Asia/Shanghai") -> pl.DataType:
    """Give the Polars type a column is read as, from its type in the source's own words.

    Decimals are text, to stay exact, and so is whatever is not known; SQLite goes by affinity: it keeps dates as text.
    """
    import polars as pl  # noqa: PLC0415  models are imported without Polars for speed

    upper = words.strip().upper()
    if dialect == "sqlite" and upper.startswith("BOOL"):
        return pl.Int64()
    if _INTEGER.match(upper):
        return pl.UInt64() if "UNSIGNED" in upper and dialect != "sqlite" else pl.Int64()
    if _FLOAT.match(upper):
        return pl.Float64()
    if _BYTES.match(upper):
        return pl.Binary()
    if dialect == "sqlite":
        return pl.String()
    return _with_time(upper, dialect, time_zone)


def _with_time(upper: str, dialect: str, time_zone: str) -> pl.DataType:
    import polars as pl  # noqa: PLC0415  see column_dtype

    if upper.startswith("BOOL"):
        return pl.Boolean()
    if _ZONED.search(upper):
        return pl.Datetime("us", time_zone)
    if _MOMENT.match(upper) or (upper == "DATE" and dialect == "oracle"):
        return pl.Datetime("us")
    return pl.Date() if upper == "DATE" else pl.String()


class SourceColumn(ContentModel):
    """One column."""

    name: Text
    """Name of the column."""
    type: str
    """Type in the source's own words."""
    nullable: Flag
    """Whether it may be empty."""
    comment: str = ""
    """What the source says of it."""
    filled: Annotated[Integer, Field(ge=0)] | None = None
    """How many of the table's ``rows`` had something in it."""
    codes: tuple[str, ...] = ()
    """Values seen in a column the mapping translates by a code file."""


class SourceTable(ContentModel):
    """One table, or the files of one glob."""

    comment: str = ""
    """What the source says of it."""
    key: tuple[str, ...] = ()
    """Its primary key."""
    rows: Annotated[Integer, Field(ge=0)] | None = None
    """Rows that were looked at for what stands in the columns; without them only the structure is known."""
    parents: Annotated[Integer, Field(ge=0)] | None = None
    """For a child table: rows of the parent table that were looked at with them."""
    columns: Annotated[tuple[SourceColumn, ...], Field(min_length=1)]
    """Its columns in order."""

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the columns."""
        return tuple(column.name for column in self.columns)


class SourceFile(ContentModel):
    """A file schemas/sources/<unit>.json: what was seen at one unit's source."""

    model_config = ConfigDict(title="schemas/sources/<unit>.json")

    unit: UnitCode
    """Six digits of the reporting unit; the same as the file name."""
    type: Literal["sql", "files", "http"]
    """What the source is."""
    dialect: Text
    """Which database, or files, or http."""
    streams: Mapping[Name, tuple[Text, ...]]
    """For each record kind the tables (or globs, or paths) it reads."""
    tables: Mapping[str, SourceTable]
    """The tables by name."""

    def table(self, stream: Stream) -> SourceTable | None:
        """Give the table (or the files) a stream reads, if it was seen."""
        return self.tables.get(stream.origin)

    def dtypes(self, table: SourceTable, time_zone: str) -> dict[str, pl.DataType]:
        """Give the columns of a table with the Polars types they are read as."""
        return {column.name: column_dtype(column.type, self.dialect, time_zone) for column in table.columns}


def observed_text(description: Mapping[str, object]) -> str:
    """Write what ``extract.source.describe`` gave as the text of the file: the same until the source changes.

    The file is read by the YAML reader, to which some signs JSON leaves as they are mean a line end or nothing.
    """
    text = json.dumps(description, ensure_ascii=False, indent=2)
    return _NO_YAML.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n"
