"""Where a unit wants to be told of headquarters' audit requests: a key of its connector."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from ecqs_gateway.content.models_base import ConnectionId, ContentModel, TableName, relative
from ecqs_gateway.content.scalars import Text

__all__ = ["AuditFolder", "AuditTable"]


class AuditTable(ContentModel):
    """Audit requests are written into a table of the province: one row for each drawn case."""

    type: Literal["table"]
    """They go into a table."""
    table: TableName
    """Name of the table, or schema.table; its columns stand in docs/how-to/answer-audits.md."""
    connection: ConnectionId | None = None
    """Airflow connection id of an account that may insert there; left out, that of the source (a database only)."""


class AuditFolder(ContentModel):
    """Audit requests are written into a folder of the province, which puts its papers there, too."""

    type: Literal["folder"]
    """They go into a folder."""
    connection: ConnectionId
    """Airflow connection id of type fs whose extra holds the folder as path."""
    folder: Annotated[Text, AfterValidator(relative)] = "audits"
    """Folder below that of the connection; each request gets one of its own in it."""
