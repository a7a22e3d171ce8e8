"""The files under ``connectors/``: where a unit's records are read, and how batches reach headquarters."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ecqs_gateway.content.models_retention import RetentionSettings
from ecqs_gateway.content.scalars import INTEGER, Duration, Flag, Integer, Name, Pattern, Sheet, Text

__all__ = [
    "BatchSettings",
    "ChildTable",
    "ConnectionId",
    "ConnectorFile",
    "ContentModel",
    "FileStream",
    "FilesSource",
    "FourEyes",
    "NationalFile",
    "ReceiptSettings",
    "RetrySettings",
    "SftpTransport",
    "SignatureSettings",
    "SqlSource",
    "SqlStream",
    "UnitCode",
    "Version",
    "refuse",
]


class ContentModel(BaseModel):
    """Base of everything written in our YAML files: unknown keys are errors, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)


def refuse(message: str) -> PydanticCustomError:
    """Make the error of a check of our own; the message is shown to the reader as it stands."""
    return PydanticCustomError("content", "{message}", {"message": message})


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise refuse("is not a known time zone; provinces use Asia/Shanghai") from None
    return name


def _encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        text_encoding = "".encode(name) is not None and known is not None
    except (LookupError, ValueError):
        text_encoding = False
    if not text_encoding:
        raise refuse("is not a known text encoding; usual ones are utf-8, gb18030 and gbk")
    return name


def _relative(name: str) -> str:
    if name.startswith(("/", "\\")) or ":" in name or "\\" in name or ".." in name.split("/"):
        raise refuse("must stay inside the folder of the connection: no leading /, no \\, no .. and no drive")
    return name


def _per_unit(folder: str) -> str:
    _relative(folder)
    if "{unit}" not in folder or folder.count("{") != 1 or folder.count("}") != 1:
        raise refuse("must name the unit once as {unit} and hold no other braces")
    return folder


Version = Annotated[Literal[1], INTEGER]
UnitCode = Annotated[
    str, *Pattern(r"[0-9]{6}", "must be the six digits of a reporting unit, such as 320000").annotate()
]
ConnectionId = Annotated[
    str, *Pattern(r"[A-Za-z_][A-Za-z0-9_]*", "must be letters, digits and _ (it becomes AIRFLOW_CONN_<ID>)").annotate()
]
TableName = Annotated[
    str,
    *Pattern(r"[^\s.;'\"`\[\]]+(\.[^\s.;'\"`\[\]]+)?", "must be a table, or schema.table, without quotes").annotate(),
]


class SqlSource(ContentModel):
    """A database reached through an Airflow connection."""

    type: Literal["sql"]
    """The source is a database."""
    connection: ConnectionId
    """Airflow connection id, without credentials here; without Airflow it is read from AIRFLOW_CONN_<ID>."""
    time_zone: Annotated[Text, AfterValidator(_time_zone)] = "Asia/Shanghai"
    """Time zone of the source's timestamps that carry none."""
    statement_timeout: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=300)
    """Longest time one statement may run before the database is asked to stop it."""


class FilesSource(ContentModel):
    """A folder of CSV or XLSX files, reached through an Airflow connection of type fs."""

    type: Literal["files"]
    """The source is a folder of files."""
    connection: ConnectionId
    """Airflow connection id of type fs whose extra holds the folder as path."""
    time_zone: Annotated[Text, AfterValidator(_time_zone)] = "Asia/Shanghai"
    """Time zone of the files' timestamps that carry none."""


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
    """How far below the last watermark reading starts again, so that late commits are not missed."""
    batch_rows: Annotated[Integer, Field(ge=1, le=1_000_000)] = 20_000
    """Rows read and mapped at once; bounds the memory."""
    children: Mapping[Name, ChildTable] = Field(default_factory=dict)
    """Child tables, by the name the mapping uses for them."""

    @model_validator(mode="after")
    def _overlap_needs_time(self) -> SqlStream:
        if self.changed_at is None and "overlap" in self.model_fields_set:
            raise refuse("overlap has no meaning without changed_at: name the column or leave overlap out")
        return self


_CSV_ONLY = ("encoding", "delimiter", "quote")


class FileStream(ContentModel):
    """One record kind read from files of a folder."""

    files: Annotated[Text, AfterValidator(_relative)]
    """Names of the files, with * and ? as wildcards, such as jilin-*.csv."""
    format: Literal["csv", "xlsx"]
    """Form of the files."""
    encoding: Annotated[Text, AfterValidator(_encoding)] = "utf-8"
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
    batch_rows: Annotated[Integer, Field(ge=1, le=1_000_000)] = 20_000
    """Rows read and mapped at once; bounds the memory."""
    settle: Duration = timedelta(seconds=5)
    """How long a file must have been left alone before it is read; a younger one is left for the next run."""

    @model_validator(mode="after")
    def _fits_format(self) -> FileStream:
        given = self.model_fields_set
        if self.format == "xlsx" and (odd := [name for name in _CSV_ONLY if name in given]):
            raise refuse(f"{' and '.join(odd)} only have a meaning for format: csv")
        if self.format == "csv" and "sheet" in given:
            raise refuse("sheet only has a meaning for format: xlsx")
        return self


_STREAM_MODELS: Mapping[str, TypeAdapter[Any]] = {
    "sql": TypeAdapter(dict[Name, SqlStream]),
    "files": TypeAdapter(dict[Name, FileStream]),
}


class ConnectorFile(ContentModel):
    """A file connectors/provinces/<unit>.yaml: where one reporting unit's records are read."""

    model_config = ConfigDict(title="connectors/provinces/<unit>.yaml")

    version: Version
    """Version of this file format; 1."""
    unit: UnitCode
    """Six digits of the reporting unit; the same as the file name."""
    owner: Text
    """Office that answers for this file."""
    source: Annotated[SqlSource | FilesSource, Field(discriminator="type")]
    """What the unit's records are read from."""
    streams: Annotated[Mapping[Name, SqlStream | FileStream], Field(min_length=1)]
    """For each record kind, where it is read; a stream of a database names table, one of a folder names files."""

    @field_validator("streams", mode="wrap")
    @classmethod
    def _streams_of_the_source(cls, value: Any, handler: Any, info: ValidationInfo) -> Any:
        """Read the streams by the type of the source, so that messages speak of one kind of stream only."""
        source = info.data.get("source")
        if not isinstance(value, Mapping) or not value:
            return handler(value)
        if source is not None:
            kind = source.type
        else:
            kind = "files" if any(isinstance(s, Mapping) and "files" in s for s in value.values()) else "sql"
        return _STREAM_MODELS[kind].validate_python(value)


class SftpTransport(ContentModel):
    """Delivery as files over SFTP."""

    type: Literal["sftp"]
    """The transport is SFTP."""
    connection: ConnectionId
    """Airflow connection id of headquarters' SFTP server."""
    host_key: Text | None = None
    """Public host key of the server as in known_hosts (type and base64); left out, the connection's extra holds it."""
    inbox: Annotated[Text, AfterValidator(_per_unit)] = "inbox/{unit}"
    """Folder batches are uploaded to; {unit} stands for the reporting unit."""
    receipts: Annotated[Text, AfterValidator(_per_unit)] = "receipts/{unit}"
    """Folder receipts are fetched from; {unit} stands for the reporting unit."""


class SignatureSettings(ContentModel):
    """How batches are signed."""

    algorithm: Literal["ed25519", "sm2-sm3"] = "ed25519"
    """Signature algorithm; sm2-sm3 where commercial cryptography is required."""


class BatchSettings(ContentModel):
    """How records are put together."""

    records: Annotated[Integer, Field(ge=1, le=100_000)] = 5000
    """Most records in one batch."""
    compression: Literal["gzip"] = "gzip"
    """How the batch file is compressed."""


class ReceiptSettings(ContentModel):
    """Who answers, and how long a run waits; receipts that come later are fetched by the next run."""

    issuer: Text
    """Name headquarters issues its receipts under; a receipt with another name is refused."""
    wait: Duration = timedelta(seconds=60)
    """Longest time a run waits for the last receipt."""
    poll: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=1)
    """Pause between two looks into the receipts folder."""
    resend_after: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(hours=1)
    """How long a batch may stay without any receipt before the same bytes are sent again."""
    returned: tuple[Text, ...] = ("HQ-101", "HQ-102", "HQ-105")
    """Codes by which headquarters gives back a package it could not take for ours; its batch id stays free."""


class RetrySettings(ContentModel):
    """How often a failed delivery is tried again; each pause is twice the one before."""

    attempts: Annotated[Integer, Field(ge=1, le=100)] = 6
    """Most attempts for one batch in one run, the first included."""
    unit_attempts: Annotated[Integer, Field(ge=1, le=1000)] = 12
    """Most failed attempts of one reporting unit in one run, over all its record kinds; never less than attempts."""
    first_delay: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=2)
    """Pause after the first failure."""
    longest_delay: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(minutes=5)
    """Longest pause between two attempts."""

    @model_validator(mode="after")
    def _delays_rise(self) -> RetrySettings:
        if self.longest_delay < self.first_delay:
            raise refuse("longest_delay must not be shorter than first_delay")
        return self


class FourEyes(ContentModel):
    """Which decisions on dead letters take a second person."""

    corrections: Flag = True
    """Whether a correction of a source row takes effect only when someone other than its author approves it."""
    retries: Flag = False
    """Whether mapping stored source rows anew, as they are, takes a second person."""
    discards: Flag = False
    """Whether giving a dead letter up takes a second person."""


class NationalFile(ContentModel):
    """The file connectors/national.yaml: how batches reach headquarters and receipts come back."""

    model_config = ConfigDict(title="connectors/national.yaml")

    version: Version
    """Version of this file format; 1."""
    owner: Text
    """Office that answers for this file."""
    transport: SftpTransport
    """The way to headquarters."""
    receipts: ReceiptSettings
    """Who answers, and how long a run waits for it."""
    signature: SignatureSettings = SignatureSettings()
    """Algorithm batches are signed with."""
    batch: BatchSettings = BatchSettings()
    """Size and form of batches."""
    retry: RetrySettings = RetrySettings()
    """What happens when a delivery fails."""
    four_eyes: FourEyes = FourEyes()
    """Who has to agree before a decision on dead letters takes effect."""
    retention: RetentionSettings = RetentionSettings()
    """How long what is stored is kept."""
