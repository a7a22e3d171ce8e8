"""Lets the gateway find credentials where Airflow keeps them: connections, environment or a secrets backend."""

from __future__ import annotations

from airflow.sdk import Connection as AirflowConnection
from airflow.sdk.exceptions import AirflowNotFoundException

from ecqs_gateway.doors.connections import Connection, from_uri
from ecqs_gateway.errors import Misconfigured

__all__ = ["resolve"]


def resolve(connection_id: str) -> Connection:
    """Look a connection up through Airflow; raises Misconfigured ECQS-1085 when there is none of that id."""
    try:
        found = AirflowConnection.get(connection_id)
    except AirflowNotFoundException as error:
        raise Misconfigured(
            "ECQS-1085",
            f"there is no connection {connection_id!r} in Airflow",
            where=connection_id,
            hint="add it under Admin → Connections, in the secrets backend, or as AIRFLOW_CONN_"
            + connection_id.upper(),
        ) from error
    return from_uri(connection_id, found.get_uri())
