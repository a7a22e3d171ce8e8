"""Connector models of databases and folders of files: what is read from them, and how."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ecqs_gateway.content.models_base import ConnectionId, ContentModel, TableName, TimeZone, refuse, relative
from ecqs_gateway.content.scalars import Duration, Flag, Integer, Name, Sheet, Text

__all__ = ["ChildTable", "FileStream", "FilesSource", "SqlSource", "SqlStream", "encoding_name"]


def encoding_name(name: str) -> str:
    """Refuse a name that is no text encoding."""
    try:
        known = codecs.lookup(name)
        text_encoding = "".encode(name) is not None and known is not None
    except (LookupError, ValueError):
        text_encoding = False
    if not text_encoding:
        raise refuse("is not a known text encoding; usual ones are utf-8, gb18030 and gbk")
    return name


class SqlSource(ContentModel):
    """A database reached through an Airflow connection."""

    type: Literal["sql"]
    """The source is a database."""
    connection: ConnectionId
    """Airflow connection id, without credentials here; without Airflow it is read from AIRFLOW_CONN_<ID>."""
    time_zone: TimeZone = "Asia/Shanghai"
    """Time zone of columns of a time type that carry none; they are read as times of Shanghai after it.

    Texts and numbers that hold times keep the day they are written with: only `changed_at` is read by this zone there.
    """
    statement_timeout: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=300)
    """Longest time one statement may run before the database is asked to stop it."""


class FilesSource(ContentModel):
    """A folder of CSV or XLSX files, reached through an Airflow connection of type fs."""

    type: Literal["files"]
    """The source is a folder of files."""
    connection: ConnectionId
    """Airflow connection id of type fs whose extra holds the folder as path."""
    time_zone: TimeZone = "Asia/Shanghai"
    """Time zone `--since` is meant in; times in the files keep the day they are written with."""


class ChildTable(ContentModel):
    """A table that holds several rows for one row of the stream's table, such as the products of a certificate."""

    table: TableName
    """Name of the child table, or schema.table."""
    parent_key: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Columns of the child table that point at the parent; the first goes with the first of key, and so on."""
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Columns of the stream's table that parent_key points at."""
    order_by: tuple[Text, ...] = ()
    """Columns of the child table that give the order of the items."""
    changed_at: Text | None = None
    """Column of the child table with the time of its last change: a row of it that changed brings its parent along."""

    @model_validator(mode="after")
    def _pairs(self) -> ChildTable:
        if len(self.parent_key) != len(self.key):
            raise refuse("parent_key and key must name the same number of columns")
        return self


class SqlStream(ContentModel):
    """One record kind read from a database table."""

    table: TableName
    """Name of the table or view, or schema.table."""
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Columns that tell one row from every other; rows with equal changed_at are read in the order of the key."""
    changed_at: Text | None = None
    """Column with the time of a row's last change; left out, the whole table is read each run."""
    overlap: Duration = timedelta(minutes=30)
    """How far below the last watermark reading starts again, for late commits; only goes with changed_at."""
    batch_rows: Annotated[Integer, Field(ge=1, le=1_000_000)] = 8_000
    """Rows read and mapped at once; bounds the memory."""
    children: Mapping[Name, ChildTable] = Field(default_factory=dict)
    """Child tables, by the name the mapping uses for them."""

    @property
    def origin(self) -> str:
        """What the rows come from, as the ledger and schemas/sources name it."""
        return self.table

    @model_validator(mode="after")
    def _overlap_needs_time(self) -> SqlStream:
        if self.changed_at is None and "overlap" in self.model_fields_set:
            raise refuse("overlap has no meaning without changed_at: name the column or leave overlap out")
        return self


_CSV_ONLY = ("encoding", "delimiter", "quote")


class FileStream(ContentModel):
    """One record kind read from files of a folder."""

    files: Annotated[Text, AfterValidator(relative)]
    """Names of the files, with * and ? as wildcards, such as jilin-*.csv."""
    format: Literal["csv", "xlsx"]
    """Form of the files."""
    encoding: Annotated[Text, AfterValidator(encoding_name)] = "utf-8"
    """Text encoding of CSV files, such as utf-8 or gb18030."""
    header_row: Annotated[Integer, Field(ge=1, le=1000)] = 1
    """Line that holds the column names, counted from 1; lines above it are skipped."""
    sheet: Sheet = 0
    """Sheet of an XLSX file: its position from 0, or its name."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """Character between the fields of a CSV line."""
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    """Character around CSV fields that hold delimiters or line breaks."""
    skip_empty: Flag = True
    """Whether lines without any value are passed over (they are counted)."""
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Columns that tell one row from every other; __file and __line may be used."""
    batch_rows: Annotated[Integer, Field(ge=1, le=1_000_000)] = 8_000
    """Rows read and mapped at once; bounds the memory."""
    settle: Duration = timedelta(seconds=5)
    """How long a file must have been left alone before it is read; a younger one is left for the next run."""

    @property
    def origin(self) -> str:
        """What the rows come from, as the ledger and schemas/sources name it."""
        return self.files

    @property
    def children(self) -> Mapping[str, ChildTable]:
        """Files have no child tables."""
        return {}

    @property
    def changed_at(self) -> None:
        """Lines of files carry no time of change: files do."""
        return

    @model_validator(mode="after")
    def _fits_format(self) -> FileStream:
        given = self.model_fields_set
        if self.format == "xlsx" and (odd := [name for name in _CSV_ONLY if name in given]):
            raise refuse(f"{' and '.join(odd)} only have a meaning for format: csv")
        if self.format == "csv" and "sheet" in given:
            raise refuse("sheet only has a meaning for format: xlsx")
        return self
