"""The files under ``connectors/``: where a unit's records are read, and how batches reach headquarters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ecqs_gateway.content.models_audits import AuditFolder, AuditTable
from ecqs_gateway.content.models_base import ConnectionId, ContentModel, TableName, UnitCode, Version, refuse, relative
from ecqs_gateway.content.models_drift import DriftSettings
from ecqs_gateway.content.models_http import HttpSource, HttpStream
from ecqs_gateway.content.models_inspectors import InspectorFile, InspectorTable
from ecqs_gateway.content.models_retention import RetentionSettings
from ecqs_gateway.content.models_tables import ChildTable, FilesSource, FileStream, SqlSource, SqlStream
from ecqs_gateway.content.scalars import Duration, Flag, Integer, Name, Text

__all__ = [
    "BatchSettings",
    "ChangeSettings",
    "ChildTable",
    "ConnectionId",
    "ConnectorFile",
    "ContentModel",
    "FileStream",
    "FilesSource",
    "FourEyes",
    "HttpSource",
    "HttpStream",
    "NationalFile",
    "ReceiptSettings",
    "RetrySettings",
    "SftpTransport",
    "SignatureSettings",
    "SqlSource",
    "SqlStream",
    "Stream",
    "TableName",
    "UnitCode",
    "Version",
    "refuse",
]


def _per_unit(folder: str) -> str:
    relative(folder)
    if "{unit}" not in folder or folder.count("{") != 1 or folder.count("}") != 1:
        raise refuse("must name the unit once as {unit} and hold no other braces")
    return folder


Stream = SqlStream | FileStream | HttpStream
"""What one record kind is read from: each names its ``origin`` and its ``children``."""


_STREAM_MODELS: Mapping[str, Any] = {
    "sql": dict[Name, SqlStream],
    "files": dict[Name, FileStream],
    "http": dict[Name, HttpStream],
}
_MARKS = {"files": "files", "path": "http"}
"""The key by which a stream is told apart where the source cannot be read."""


@cache
def _streams(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(_STREAM_MODELS[kind])


class ChangeSettings(ContentModel):
    """What a change of a mapping, a code table or a rule takes before records are mapped by it."""

    accept: Literal["required", "free"] = "free"
    """required: somebody must have accepted `ecqs mapping plan` first; free: the next run uses it."""


class UnitChangeSettings(ContentModel):
    """What changes of one unit's mappings take where that is more than national.yaml asks for."""

    accept: Literal["required"]
    """Somebody must have accepted `ecqs mapping plan` first; what national.yaml asks for cannot be taken back here."""


class ConnectorFile(ContentModel):
    """A file connectors/provinces/<unit>.yaml: where one reporting unit's records are read."""

    model_config = ConfigDict(title="connectors/provinces/<unit>.yaml")

    version: Version
    """Version of this file format; 1."""
    unit: UnitCode
    """Six digits of the reporting unit; the same as the file name."""
    owner: Text
    """Office that answers for this file."""
    source: Annotated[SqlSource | FilesSource | HttpSource, Field(discriminator="type")]
    """What the unit's records are read from."""
    streams: Annotated[Mapping[Name, Stream], Field(min_length=1)]
    """For each record kind, where it is read; a database's stream names table, a folder's files, an API's path."""
    changes: UnitChangeSettings | None = None
    """What changes of this unit's mappings take; left out, what national.yaml says."""
    drift: DriftSettings = DriftSettings()
    """What is done where the source no longer looks as schemas/sources/<unit>.json says."""
    audits: Annotated[AuditTable | AuditFolder, Field(discriminator="type")] | None = None
    """Where headquarters' audit requests are written to; left out, they are shown by `ecqs audits list` only."""

    @field_validator("audits")
    @classmethod
    def _a_table_needs_a_database(
        cls, value: AuditTable | AuditFolder | None, info: ValidationInfo
    ) -> AuditTable | AuditFolder | None:
        source = info.data.get("source")
        if isinstance(value, AuditTable) and value.connection is None and source and source.type != "sql":
            raise refuse("must name the connection of a database, for the source of this unit is none")
        return value

    inspectors: Annotated[InspectorTable | InspectorFile, Field(discriminator="type")] | None = None
    """Where the national list of inspectors is written back; left out, it is not."""

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
            marks = [mark for mark in _MARKS for s in value.values() if isinstance(s, Mapping) and mark in s]
            kind = _MARKS[marks[0]] if marks else "sql"
        return _streams(kind).validate_python(value)


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
    audits: Annotated[Text, AfterValidator(_per_unit)] = "audits/{unit}"
    """Folder audit requests are fetched from; {unit} stands for the reporting unit."""
    questions: Annotated[Text, AfterValidator(_per_unit)] = "questions/{unit}"
    """Folder questions about what headquarters holds are put into, for reconciliation."""
    answers: Annotated[Text, AfterValidator(_per_unit)] = "answers/{unit}"
    """Folder the answers to such questions are fetched from."""
    inspectors: Annotated[Text, AfterValidator(relative)] = "lists/inspectors"
    """Folder the national list of inspectors is fetched from; the same for all units."""


class EnquirySettings(ContentModel):
    """How headquarters is asked about certificates of other provinces; proposed by this project."""

    folder: Annotated[Text, AfterValidator(_per_unit)] = "enquiries/{unit}"
    """Folder enquiries are uploaded to; {unit} stands for the reporting unit."""
    answers: Annotated[Text, AfterValidator(_per_unit)] = "replies/{unit}"
    """Folder answers are fetched from; {unit} stands for the reporting unit."""
    offered: Flag = True
    """Whether headquarters answers at all; where it does not, rules judge by this ledger and nothing is held."""
    wait: Duration = timedelta(seconds=10)
    """How long a run waits for an answer; records are held when it is over."""
    poll: Duration = timedelta(milliseconds=250)
    """How often it looks."""


class SignatureSettings(ContentModel):
    """How batches are signed."""

    algorithm: Literal["ed25519", "sm2-sm3"] = "ed25519"
    """Signature algorithm; sm2-sm3 where commercial cryptography is required."""


class BatchSettings(ContentModel):
    """How records are put together."""

    records: Annotated[Integer, Field(ge=1, le=100_000)] = 8_000
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
    """Longest pause between two attempts; not shorter than first_delay."""

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
    enquiries: EnquirySettings = EnquirySettings()
    """How headquarters is asked about certificates."""
    signature: SignatureSettings = SignatureSettings()
    """Algorithm batches are signed with."""
    batch: BatchSettings = BatchSettings()
    """Size and form of batches."""
    retry: RetrySettings = RetrySettings()
    """What happens when a delivery fails."""
    four_eyes: FourEyes = FourEyes()
    """Who has to agree before a decision on dead letters takes effect."""
    changes: ChangeSettings = ChangeSettings()
    """What a change of a mapping, a code table or a rule takes."""
    retention: RetentionSettings = RetentionSettings()
    """How long what is stored is kept."""
