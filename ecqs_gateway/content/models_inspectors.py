"""The part ``inspectors`` of a connector: where and in which columns the national list is written back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ecqs_gateway.content.models_base import ConnectionId, ContentModel, TableName, refuse, relative
from ecqs_gateway.content.models_tables import encoding_name
from ecqs_gateway.content.scalars import Text

__all__ = ["InspectorFile", "InspectorTable", "ListColumn"]

ListColumn = Literal[
    "number", "unit", "unit_name", "name", "employer", "authority", "authority_uscc", "regime", "regime_name", "level",
    "level_name", "scopes", "scope_names", "issue_date", "valid_from", "valid_until", "status", "status_name",
    "status_date", "status_note", "version", "issued",
]  # fmt: skip
"""What the list says of an inspector. ``scopes`` are codes joined by , and ``scope_names`` names joined by ；; both are
empty where the inspector may verify every class. ``version`` and ``issued`` are those of the list."""

Columns = Annotated[Mapping[Text, ListColumn], Field(min_length=1)]


class _Target(ContentModel):
    columns: Columns
    """Columns of the table or file, each with what of the list stands in it; one of them must be number."""

    @model_validator(mode="after")
    def _has_number(self) -> _Target:
        if list(self.columns.values()).count("number") != 1:
            raise refuse("columns must hold number exactly once: it tells one inspector from every other")
        return self


class InspectorTable(_Target):
    """A table of the unit's own that holds the national list and nothing else."""

    type: Literal["table"]
    """The list goes into a database table."""
    connection: ConnectionId
    """Airflow connection id of an account that may write this table."""
    table: TableName
    """Name of the table, or schema.table; rows the list does not have are deleted from it."""


class InspectorFile(_Target):
    """A file of the unit's own that is replaced as a whole."""

    type: Literal["file"]
    """The list goes into a file."""
    connection: ConnectionId
    """Airflow connection id of type fs whose extra holds the folder as path."""
    file: Annotated[Text, AfterValidator(relative)]
    """Name of the file below the folder."""
    format: Literal["csv", "xlsx"]
    """Form of the file."""
    encoding: Annotated[Text, AfterValidator(encoding_name)] = "utf-8"
    """Text encoding of a CSV file, such as utf-8 or gb18030."""

    @model_validator(mode="after")
    def _fits_format(self) -> InspectorFile:
        if self.format == "xlsx" and "encoding" in self.model_fields_set:
            raise refuse("encoding only has a meaning for format: csv")
        return self
