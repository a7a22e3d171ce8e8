"""Tells OpenLineage, where Airflow has it configured, which national field is made of which source column.

One event a task, with the tables a unit's record kinds are read from and one output dataset for each kind, whose
column lineage names for every national field the source columns and what is done to them. Names and words of the
mapping go out, never a value of a row, and no credential of a connection. Without the provider, without a transport,
or where anything goes wrong, nothing happens to the task.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ecqs_gateway.content.models import FilesSource, HttpSource
from ecqs_gateway.doors.connections import Connection, folder, sqlalchemy_url
from ecqs_gateway.doors.web import base_url
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.lineage import FieldLineage, LaneLineage, lines_of

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import column_lineage_dataset
    from sqlalchemy import URL

__all__ = ["NAMESPACE", "Place", "emit", "input_place", "inputs", "output"]

log = logging.getLogger(__name__)

NAMESPACE = "ecqs"
"""Namespace of what the gateway makes; datasets in it are named ``<unit>.<kind>``."""

_PORTS = {"postgresql": ("postgres", 5432), "mysql": ("mysql", 3306), "mariadb": ("mysql", 3306)}
_PORTS |= {"oracle": ("oracle", 1521), "mssql": ("sqlserver", 1433)}


class Place(NamedTuple):
    """Where a source table is, by OpenLineage's naming rules."""

    namespace: str
    name: str


def emit(gateway: Gateway, unit: str) -> None:
    """Emit the lineage of a unit's record kinds from inside a task; never raises."""
    try:
        from airflow.providers.openlineage.api import emit_dataset_lineage, is_openlineage_active  # noqa: PLC0415
    except ImportError:
        return
    try:
        if not is_openlineage_active():
            return
        lanes = list(_lanes(gateway, unit))
        if lanes:
            found = {
                place: each for lane, lines, at in lanes for place, each in inputs(gateway, lane, lines, at).items()
            }
            outputs = [output(lane, lines, at) for lane, lines, at in lanes]
            emit_dataset_lineage(inputs=list(found.values()), outputs=outputs)
    except Exception as error:  # noqa: BLE001  what tells of the work must not stop the work
        log.warning("the lineage of %s could not be told to OpenLineage (%s)", unit, type(error).__name__)


def _lanes(gateway: Gateway, unit: str) -> Iterator[tuple[LanePlan, LaneLineage, Connection]]:
    for kind in gateway.kinds(unit):
        try:
            lane = gateway.lane(unit, kind)
            yield lane, lines_of(gateway.content, lane), gateway.resolve(lane.connector.source.connection)
        except GatewayError as error:  # the task itself tells of it
            log.debug("no lineage of %s %s: %s", unit, kind, error)


def input_place(lane: LanePlan, table: str, connection: Connection) -> Place:
    """Name a source table, the files of a glob or the list of an API, without login or password."""
    if isinstance(lane.connector.source, FilesSource):
        return Place("file", f"{folder(connection)}/{table}")
    if isinstance(lane.connector.source, HttpSource):
        protocol, _, host = base_url(connection).partition("://")
        return Place(f"{protocol}://{host.rpartition('@')[2]}", table)
    return _table_place(sqlalchemy_url(connection), table)


def _table_place(url: URL, table: str) -> Place:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return Place("file", f"{url.database}/{table}")
    scheme, port = _PORTS.get(backend, (backend, 0))
    database = url.database or str(url.query.get("service_name", ""))
    default = {"postgresql": "public", "mssql": "dbo", "oracle": (url.username or "").upper()}.get(backend, "")
    full = table if "." in table or not default else f"{default}.{table}"
    name = full if backend in {"mysql", "mariadb"} and "." in table else f"{database}.{full}"
    at = url.port or port
    return Place(f"{scheme}://{url.host or 'localhost'}{f':{at}' if at else ''}", name)


def inputs(gateway: Gateway, lane: LanePlan, lines: LaneLineage, connection: Connection) -> dict[Place, InputDataset]:
    """Give the source tables of a lane with the columns that are known of them."""
    from openlineage.client.event_v2 import InputDataset  # noqa: PLC0415
    from openlineage.client.facet_v2 import schema_dataset  # noqa: PLC0415

    source = gateway.content.sources.get(lane.unit)
    found: dict[Place, InputDataset] = {}
    for table in lines.tables.values():
        seen = source.tables.get(table) if source is not None else None
        columns = [
            schema_dataset.SchemaDatasetFacetFields(name=c.name, type=c.type or None, description=c.comment or None)
            for c in (seen.columns if seen is not None else ())
        ]
        place = input_place(lane, table, connection)
        facets = {"schema": schema_dataset.SchemaDatasetFacet(fields=columns)} if columns else {}
        found[place] = InputDataset(namespace=place.namespace, name=place.name, facets=facets)
    return found


def output(lane: LanePlan, lines: LaneLineage, connection: Connection) -> OutputDataset:
    """Give what a lane makes: its national fields, and the columns each of them is made of."""
    from openlineage.client.event_v2 import OutputDataset  # noqa: PLC0415
    from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset  # noqa: PLC0415

    fields = {
        one.field: column_lineage_dataset.Fields(inputFields=made)
        for one in lines.fields
        if (made := _made_of(lane, lines, one, connection))
    }
    schema = [
        schema_dataset.SchemaDatasetFacetFields(name=one.field, description=one.title)
        for one in lines.fields
        if one.group not in {"absent", "open"}
    ]
    lineage = column_lineage_dataset.ColumnLineageDatasetFacet(
        fields=fields, dataset=list(_of_rows(lane, lines, connection))
    )
    return OutputDataset(
        namespace=NAMESPACE,
        name=f"{lane.unit}.{lane.kind}",
        facets={"schema": schema_dataset.SchemaDatasetFacet(fields=schema), "columnLineage": lineage},
    )


def _made_of(
    lane: LanePlan, lines: LaneLineage, one: FieldLineage, connection: Connection
) -> list[column_lineage_dataset.InputField]:
    kind = ("DIRECT", "IDENTITY" if one.unchanged else "TRANSFORMATION")
    return [
        _input(lane, lines, column, connection, kind, one.how) for column in one.columns if lines.table_of(column)[1]
    ]


def _of_rows(lane: LanePlan, lines: LaneLineage, connection: Connection) -> Iterator[column_lineage_dataset.InputField]:
    """Give the columns that decide which rows there are, whatever their fields are made of."""
    if lane.stream.changed_at is not None:
        yield _input(lane, lines, lane.stream.changed_at, connection, ("INDIRECT", "FILTER"), "rows changed since")
    for column in lane.mapping.mapping.newest_by:
        yield _input(lane, lines, column, connection, ("INDIRECT", "WINDOW"), "the newest row of a business key")


def _input(
    lane: LanePlan, lines: LaneLineage, column: str, connection: Connection, kind: tuple[str, str], words: str
) -> column_lineage_dataset.InputField:
    from openlineage.client.facet_v2 import column_lineage_dataset  # noqa: PLC0415

    table, name = lines.table_of(column)
    place = input_place(lane, table, connection)
    how = column_lineage_dataset.Transformation(type=kind[0], subtype=kind[1], description=words, masking=False)
    return column_lineage_dataset.InputField(
        namespace=place.namespace, name=place.name, field=name, transformations=[how]
    )
