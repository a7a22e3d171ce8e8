"""Checks of single files against what stands around them: names, units, kinds, streams, child tables, columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ecqs_gateway.content.models import (
    CaseFile,
    ConnectorFile,
    FieldMapping,
    FileStream,
    MappingFile,
    SqlStream,
    Stream,
)
from ecqs_gateway.content.models_sources import SourceFile
from ecqs_gateway.content.places import Loaded
from ecqs_gateway.content.problems import Problem, Severity, did_you_mean
from ecqs_gateway.content.todos import is_todo
from ecqs_gateway.content.yaml_reader import Path
from ecqs_gateway.model.kinds import KINDS

__all__ = [
    "Surroundings",
    "at",
    "check_case",
    "check_connector",
    "check_mapping",
    "check_newest",
    "check_source",
    "used_codes",
]


@dataclass(frozen=True)
class Surroundings:
    """What single files are checked against."""

    units: Mapping[str, str]
    connectors: Mapping[str, ConnectorFile]
    connector_files: frozenset[str]
    """Units with a connector file, readable or not."""
    mapping_files: frozenset[tuple[str, str]]
    """Units and names of mapping files, readable or not."""
    sources: Mapping[str, SourceFile]


def at(
    file: Loaded, path: Path, code: str, message: str, hint: str | None = None, *, severity: Severity = "error"
) -> Problem:
    """Make a problem at a place of a file: at the value where there is one, else at the key or what is above it."""
    if file.document is None:
        return Problem(file.path, 1, 1, severity, code, message, hint)
    mark = file.document.mark(path)
    at_key = mark.text is None or code in _ABOUT_KEYS
    line, column = (mark.key_line, mark.key_column) if at_key else (mark.line, mark.column)
    text = str(path[-1]) if code in _ABOUT_KEYS and path else mark.text
    return Problem(file.path, line, column, severity, code, message, hint, text)


_ABOUT_KEYS = frozenset({"ECQS-1030", "ECQS-1034"})
"""Problems of a key, not of its value: a national field that does not exist, or is a list."""


def check_connector(file: Loaded, connector: ConnectorFile, around: Surroundings) -> Iterator[Problem]:
    """Check a connector file: unit, kinds, mappings, and the columns it names where they are known."""
    yield from _unit(file, connector.unit, around)
    for kind, stream in connector.streams.items():
        path: Path = ("streams", kind)
        unknown = _unknown_kind(kind)
        if unknown is not None:
            yield at(file, path, "ECQS-1022", *unknown)
            continue
        if (connector.unit, kind) not in around.mapping_files:
            message = f"nothing maps the stream {kind}"
            hint = f"write mappings/{connector.unit}/{kind}.yaml, or take the stream out"
            yield at(file, path, "ECQS-1023", message, hint, severity="warning")
        source = around.sources.get(file.place.unit)
        if source is not None:
            yield from _stream_columns(file, path, stream, source)


def _stream_columns(file: Loaded, path: Path, stream: Stream, source: SourceFile) -> Iterator[Problem]:
    seen = source.table(stream)
    if seen is not None:
        yield from _columns(file, (*path, "key"), stream.key, seen.names)
    if isinstance(stream, FileStream):
        return
    if seen is not None and stream.changed_at is not None and stream.changed_at not in seen.names:
        yield _no_column(file, (*path, "changed_at"), stream.changed_at, seen.names)
    for name, child in stream.children.items() if isinstance(stream, SqlStream) else ():
        below = (*path, "children", name)
        if seen is not None:
            yield from _columns(file, (*below, "key"), child.key, seen.names)
        rows = source.tables.get(child.table)
        if rows is not None:
            yield from _columns(file, (*below, "parent_key"), child.parent_key, rows.names)
            yield from _columns(file, (*below, "order_by"), child.order_by, rows.names)


def _columns(file: Loaded, path: Path, names: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    known = list(known)
    for place, name in enumerate(names):
        if name not in known and not name.startswith("__"):
            yield _no_column(file, (*path, place), name, known)


def _no_column(file: Loaded, path: Path, name: str, known: Iterable[str]) -> Problem:
    return at(file, path, "ECQS-1050", f"there is no source column {name!r}", did_you_mean(name, known, listed=40))


def check_mapping(file: Loaded, mapping: MappingFile, around: Surroundings) -> Iterator[Problem]:
    """Check a mapping file's unit, kind and stream; its fields are the compiler's affair."""
    yield from _unit(file, mapping.unit, around)
    unknown = _unknown_kind(mapping.kind)
    if unknown is not None:
        yield at(file, ("kind",), "ECQS-1022", *unknown)
    elif mapping.kind != file.place.name:
        message = f"kind is {mapping.kind}, but the file is named {file.place.name}.yaml"
        yield at(file, ("kind",), "ECQS-1020", message, "make the two agree")
    else:
        yield from _stream_of(file, mapping, around)


def _stream_of(file: Loaded, mapping: MappingFile, around: Surroundings) -> Iterator[Problem]:
    unit, kind = file.place.unit, mapping.kind
    if unit not in around.connector_files:
        message = f"the unit {unit} has no connector, so this mapping is never used"
        hint = f"write connectors/provinces/{unit}.yaml"
        yield at(file, ("unit",), "ECQS-1023", message, hint, severity="warning")
        return
    connector = around.connectors.get(unit)
    if connector is None:
        return
    stream = connector.streams.get(kind)
    if stream is None:
        message = f"the connector of {unit} has no stream {kind}"
        yield at(file, ("kind",), "ECQS-1024", message, f"its streams: {', '.join(connector.streams)}")
        return
    used = {given.child for given in mapping.children.values()}
    for name in stream.children:
        if name not in used:
            message = f"the child table {name} of the connector is read, but nothing here uses it"
            hint = "map it under children, or take it out of the connector"
            yield at(file, ("children",), "ECQS-1036", message, hint, severity="warning")


def check_newest(
    file: Loaded, mapping: MappingFile, key: str, stream: Stream, columns: Collection[str]
) -> Iterator[Problem]:
    """Ask which row counts where a business key may stand in several; ``columns`` are those it is made of.

    Two such rows, read in two chunks, go out by turns as long as both are read again. ``newest_by``, even an empty one,
    is an answer; so is a business key made of the whole key of the stream: then it repeats no more than that does.
    """
    made = mapping.fields.get(key)
    if made is None or "newest_by" in mapping.model_fields_set or any(is_todo(name) for name in stream.key):
        return
    if made.split is None and set(stream.key) <= set(columns):
        return
    message = f"the business key {key} is not made of the stream's key ({', '.join(stream.key)}): several rows may "
    message += "carry the same one, and nothing says which of them counts"
    changed = None if isinstance(stream, FileStream) else stream.changed_at
    known = changed is not None and not is_todo(changed)
    how = f"newest_by: [{changed}]" if known else "newest_by with the columns that tell the newest row"
    hint = f"add {how}, or newest_by: [] if no two rows ever carry the same one"
    yield at(file, ("fields", key), "ECQS-1052", message, hint, severity="warning")


def check_source(file: Loaded, source: SourceFile, around: Surroundings) -> Iterator[Problem]:
    """Check an observed source schema's unit."""
    yield from _unit(file, source.unit, around)


def check_case(
    file: Loaded, case: CaseFile, mapping: MappingFile | None, connector: ConnectorFile | None
) -> Iterator[Problem]:
    """Check a case file: unit, kind, and that the rows it names are there."""
    if case.unit != file.place.unit:
        message = f"unit is {case.unit}, but the file lies below mappings/{file.place.unit}/"
        yield at(file, ("unit",), "ECQS-1020", message, "make the two agree")
    unknown = _unknown_kind(case.kind)
    if unknown is not None:
        yield at(file, ("kind",), "ECQS-1022", *unknown)
    elif mapping is None:
        message = f"there is no usable mapping mappings/{file.place.unit}/{case.kind}.yaml for this case"
        yield at(file, ("kind",), "ECQS-1023", message, severity="warning")
    for place, problem in enumerate(case.expect.problems):
        if problem.row > len(case.rows):
            message = f"row {problem.row} is expected to have a problem, but there are {len(case.rows)} rows"
            yield at(file, ("expect", "problems", place, "row"), "ECQS-1014", message)
    stream = connector.streams.get(case.kind) if connector is not None else None
    known = list(stream.children) if stream is not None else []
    for name in case.children if stream is not None else ():
        if name not in known:
            message = f"the connector has no child table {name!r}"
            yield at(file, ("children", name), "ECQS-1035", message, did_you_mean(name, known))


def used_codes(mapping: MappingFile) -> set[str]:
    """Give the code files a mapping uses."""
    fields: list[FieldMapping] = [*mapping.fields.values()]
    for given in mapping.children.values():
        fields.extend(given.fields.values())
    return {one.codes.table for one in fields if one.codes is not None}


def _unit(file: Loaded, unit: str, around: Surroundings) -> Iterator[Problem]:
    where = file.place.unit
    if unit != where:
        message = f"unit is {unit}, but the file lies at {file.path}"
        yield at(file, ("unit",), "ECQS-1020", message, "make the two agree")
    elif around.units and unit not in around.units:
        message = f"{unit} is no reporting unit"
        yield at(file, ("unit",), "ECQS-1021", message, _unit_hint(unit, around.units))


def _unit_hint(unit: str, units: Mapping[str, str]) -> str:
    same_province = next((code for code in units if code[:2] == unit[:2]), None)
    if same_province is not None:
        return f"did you mean {same_province!r} ({units[same_province]})?"
    return did_you_mean(unit, units, listed=0) or "the reporting units stand in schemas/codes/units.csv"


def _unknown_kind(kind: str) -> tuple[str, str | None] | None:
    if kind in KINDS:
        return None
    return f"there is no record kind {kind!r}", did_you_mean(kind, KINDS)
