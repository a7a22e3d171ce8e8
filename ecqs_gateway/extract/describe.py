"""The observed shape of a source, in a form that changes only when the source does: schemas/sources/<unit>.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from ecqs_gateway.extract.catalogue import Table

__all__ = ["ColumnDescription", "SourceDescription", "TableDescription", "table_description", "text_description"]


class ColumnDescription(TypedDict):
    """One column; ``type`` in the source's own words."""

    name: str
    type: str
    nullable: bool
    comment: str
    filled: NotRequired[int]
    """Rows of those looked at that have something in it."""


class TableDescription(TypedDict):
    """One table, or the files of one glob."""

    comment: str
    key: list[str]
    rows: NotRequired[int]
    """Rows that were looked at, where any were."""
    columns: list[ColumnDescription]


class SourceDescription(TypedDict):
    """Everything the streams of one unit read."""

    unit: str
    type: str
    dialect: str
    streams: dict[str, list[str]]
    """Record kind to the tables (or globs) it reads, its own first."""
    tables: dict[str, TableDescription]


def table_description(table: Table) -> TableDescription:
    """Describe a table of a database."""
    return {
        "comment": table.comment,
        "key": list(table.primary_key),
        "columns": [
            {"name": c.name, "type": c.type, "nullable": c.nullable, "comment": c.comment} for c in table.columns
        ],
    }


def text_description(names: Sequence[str], key: Sequence[str] = ()) -> TableDescription:
    """Describe fields that are all of text, as an API gives them; only those of the key are never empty."""
    columns: list[ColumnDescription] = [
        {"name": name, "type": "TEXT", "nullable": name not in key, "comment": ""} for name in names
    ]
    return {"comment": "", "key": list(key), "columns": columns}
