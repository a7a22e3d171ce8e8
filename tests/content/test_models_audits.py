"""The key ``audits:`` of a connector."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ecqs_gateway.content.models import AuditFolder, AuditTable, ConnectorFile

SQL = {"type": "sql", "connection": "ecqs_320000"}
FILES = {"type": "files", "connection": "drop"}
SQL_STREAM = {"certificate": {"table": "zs", "key": ["id"]}}
FILE_STREAM = {"certificate": {"files": "*.csv", "format": "csv", "key": ["id"]}}


def _connector(audits: Any, source: Any = SQL, streams: Any = SQL_STREAM) -> ConnectorFile:
    said = {"version": 1, "unit": "320000", "owner": "x", "source": source, "streams": streams, "audits": audits}
    return ConnectorFile.model_validate(said)


def test_requests_go_into_a_table_or_a_folder_or_nowhere() -> None:
    assert _connector({"type": "table", "table": "CC.T_CC"}).audits == AuditTable(type="table", table="CC.T_CC")
    folder = _connector({"type": "folder", "connection": "drop"}).audits
    assert folder == AuditFolder(type="folder", connection="drop", folder="audits")
    assert _connector(None).audits is None
    named = {"type": "table", "table": "T_CC", "connection": "ecqs_x"}
    assert _connector(named, FILES, FILE_STREAM).audits == AuditTable(type="table", table="T_CC", connection="ecqs_x")


@pytest.mark.parametrize(
    ("audits", "source", "streams"),
    [
        ({"type": "table", "table": "T_CC"}, FILES, FILE_STREAM),
        ({"type": "table", "table": "T_CC; DROP TABLE x"}, SQL, SQL_STREAM),
        ({"type": "folder", "connection": "drop", "folder": "../elsewhere"}, SQL, SQL_STREAM),
        ({"type": "folder", "folder": "audits"}, SQL, SQL_STREAM),
        ({"type": "mail", "to": "x"}, SQL, SQL_STREAM),
    ],
    ids=["no database", "more than a name", "outside", "no connection", "no such way"],
)
def test_what_cannot_be_written_to_is_refused(audits: Any, source: Any, streams: Any) -> None:
    with pytest.raises(ValidationError):
        _connector(audits, source, streams)
