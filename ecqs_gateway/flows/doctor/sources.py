"""Sources: is each unit's there, and does it still have the tables and columns connector and mapping name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from ecqs_gateway.content.models import SqlSource
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.extract import open_source
from ecqs_gateway.extract.describe import TableDescription
from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, check

__all__: list[str] = []

_LONGEST = timedelta(seconds=10)
_NO_FILES = "ECQS-2029"


def _units(context: Context) -> Iterable[str]:
    return context.units()


@check("source", online=True, parts=_units)
def source(context: Context, unit: str) -> Iterator[Finding]:
    """Open every stream of a unit and compare its columns; only structure is read, no rows."""
    connector = context.the_content.connectors.get(unit)
    if connector is None:
        raise NotChecked("its connector cannot be read")
    connection = context.resolve(connector.source.connection)
    if connection.password:
        redactor.add(connection.password.reveal())
    if isinstance(connector.source, SqlSource):
        settings = connector.source.model_copy(update={"statement_timeout": _LONGEST})
        connector = connector.model_copy(update={"source": settings})
    bad = False
    for kind in connector.streams:
        try:
            with open_source(connector, kind, connection) as opened:
                described = opened.describe()
        except GatewayError as error:
            bad = True
            verdict = Verdict.WARNING if error.code == _NO_FILES else Verdict.PROBLEM
            yield Finding("source", verdict, f"{kind}: {error.code} {error.message}", unit, error.hint or "")
            continue
        missing = _missing(context, _Stream(unit, kind, described))
        if missing:
            bad = True
            text = f"{kind}: the mapping reads {', '.join(missing[:5])}, which the source does not have"
            step = f"compare with the unit's staff, then correct mappings/{unit}/{kind}.yaml"
            yield Finding("source", Verdict.PROBLEM, text, unit, step)
    if not bad:
        text = f"reachable; tables and columns of {', '.join(connector.streams)} are there"
        yield Finding("source", Verdict.OK, text, unit)


@dataclass(frozen=True)
class _Stream:
    unit: str
    kind: str
    described: dict[str, TableDescription] | object


def _missing(context: Context, stream: _Stream) -> list[str]:
    """List columns the mapping reads and the source lacks; those of child tables as ``child.COLUMN``."""
    compiled = context.the_content.compiled.get((stream.unit, stream.kind))
    if compiled is None or not isinstance(stream.described, dict):
        return []
    settings = context.the_content.connectors[stream.unit].streams[stream.kind]
    tables = {name: {c["name"] for c in table["columns"]} for name, table in stream.described.items()}
    places = {"": settings.origin} | {name: child.table for name, child in settings.children.items()}
    missing = []
    for column in sorted(compiled.used_columns):
        child, dot, name = column.partition(".")
        there = tables.get(places.get(child, "")) if dot and child in places else None
        wanted = name if there is not None else column
        there = there if there is not None else tables.get(places[""])
        if there is not None and wanted not in there and not wanted.startswith("__"):
            missing.append(column)
    return missing
