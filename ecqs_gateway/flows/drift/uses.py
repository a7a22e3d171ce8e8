"""What uses a source column, and where that is written: mapping entries first, else the connector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecqs_gateway.content.load import Content
from ecqs_gateway.content.yaml_reader import Path
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.lineage import document_of, entry_mark, place_text
from ecqs_gateway.mapping.in_words import field_lines

__all__ = ["Use", "connector_columns", "uses_of"]


@dataclass(frozen=True)
class Use:
    """National fields a column feeds (or ``key of the stream``), and the first line that says so."""

    fields: tuple[str, ...]
    place: str | None
    """file:line:column."""

    def words(self) -> str:
        """Say it for a message."""
        return f"used by {', '.join(self.fields)}" + (f" at {self.place}" if self.place else "")


def uses_of(content: Content, lane: LanePlan) -> dict[str, Use]:
    """Give what uses each source column of a lane; columns of child tables as ``cp.CPMC``, child tables as ``cp``."""
    fields: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    file = f"mappings/{lane.unit}/{lane.kind}.yaml"
    document = document_of(content, file)
    for line in field_lines(lane.mapping):
        for column in line.columns:
            fields.setdefault(column, []).append(line.key)
            places.setdefault(column, place_text(file, entry_mark(document, line)))
    for name, (words, at) in _mapping_needs(lane).items():
        if name not in fields:
            fields[name] = [words]
            places[name] = place_text(file, document.marks.get(at) if document is not None else None)
    connector = f"connectors/provinces/{lane.unit}.yaml"
    own = document_of(content, connector)
    for name, (words, at) in connector_columns(lane).items():
        fields.setdefault(name, []).append(words)
        places.setdefault(name, place_text(connector, own.marks.get(at) if own is not None else None))
    return {name: Use(tuple(dict.fromkeys(found)), places.get(name)) for name, found in fields.items()}


def connector_columns(lane: LanePlan) -> dict[str, tuple[str, Path]]:
    """Give the columns the connector itself reads by, each with what for and its place in the connector file."""
    return dict(_connector_columns(lane))


def _connector_columns(lane: LanePlan) -> Iterator[tuple[str, tuple[str, Path]]]:
    base: Path = ("streams", lane.kind)
    for place, name in enumerate(lane.stream.key):
        if not name.startswith("__"):
            yield name, ("the key of the stream", (*base, "key", place))
    if lane.stream.changed_at is not None:
        yield lane.stream.changed_at, ("changed_at of the stream", (*base, "changed_at"))
    for child, table in lane.stream.children.items():
        below: Path = (*base, "children", child)
        for words, names in (("parent_key", table.parent_key), ("order_by", table.order_by)):
            for place, name in enumerate(names):
                if name.startswith("__"):  # made by reading a list inside a row
                    continue
                yield f"{child}.{name}", (f"{words} of {child}", (*below, words, place))
        if table.changed_at is not None:
            yield f"{child}.{table.changed_at}", (f"changed_at of {child}", (*below, "changed_at"))


def _mapping_needs(lane: LanePlan) -> dict[str, tuple[str, Path]]:
    """Give columns the mapping needs for no field: ``newest_by``, and what lists are made by."""
    found: dict[str, tuple[str, Path]] = {}
    for name, users in lane.mapping.wanted.items():
        at: Path = ("newest_by",) if "newest_by" in users else ("fields",)
        found[name] = (", ".join(users), at)
    for one in lane.mapping.lists:
        if one.origin == "child":
            found |= {f"{one.source}.{n}": (one.path, ("children", one.path)) for n in one.wanted}
    return found
