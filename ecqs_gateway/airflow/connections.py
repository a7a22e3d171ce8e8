"""Lets the gateway find credentials where Airflow keeps them: connections, environment or a secrets backend."""

from __future__ import annotations

from airflow.sdk import Connection as AirflowConnection

from ecqs_gateway.doors.connections import Connection, from_uri

__all__ = ["resolve"]


def resolve(connection_id: str) -> Connection:
    """Look a connection up through Airflow; raises Airflow's own error when there is none of that id."""
    found = AirflowConnection.get(connection_id)
    return from_uri(connection_id, found.get_uri())
