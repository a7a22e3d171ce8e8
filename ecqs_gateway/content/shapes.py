"""What is known of a unit's source without opening it: columns and types of the tables one record kind reads."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ecqs_gateway.content.models import ConnectorFile, FileStream
from ecqs_gateway.content.models_sources import SourceFile
from ecqs_gateway.mapping.compile import Columns

__all__ = ["seen"]


def seen(
    connector: ConnectorFile, source: SourceFile | None, kind: str
) -> tuple[Columns | None, Mapping[str, Columns | None] | None]:
    """Give the columns of the stream's table where they were observed, and which child tables the connector has."""
    stream = connector.streams.get(kind)
    if stream is None:
        return None, None
    zone = connector.source.time_zone
    table = source.table(stream) if source is not None else None
    columns = source.dtypes(table, zone) if source is not None and table is not None else None
    children: dict[str, Columns | None] = {}
    for name, child in stream.children.items():
        rows = source.tables.get(child.table) if source is not None else None
        children[name] = source.dtypes(rows, zone) if source is not None and rows is not None else None
    if columns is not None and isinstance(stream, FileStream):
        columns |= {"__file": pl.String(), "__line": pl.UInt32()}
    return columns, children
