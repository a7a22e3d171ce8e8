"""What differs between two contents for one lane, in words: which field, code, rule or setting says what now.

Only what ``content.fingerprint`` counts is told, so a lane without edits has the same fingerprint on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecqs_gateway.content.fingerprint import lane_facts
from ecqs_gateway.content.yaml_reader import Document, read_yaml

if TYPE_CHECKING:
    from ecqs_gateway.content.load import Content

__all__ = ["Edit", "field_places", "lane_edits"]

_SILENT: Mapping[str, Any] = {"inexact": "pass"}
"""Settings that say nothing when they have this value."""


@dataclass(frozen=True)
class Edit:
    """One thing that is said otherwise; ``before`` is None for what is new, ``after`` for what is gone."""

    what: str
    before: str | None
    after: str | None
    place: str
    """File, and line where the new content has one."""


def field_places(content: Content, unit: str, kind: str) -> dict[str, str]:
    """Give file and line of each national field the mapping names; fields of lists as ``products.name``."""
    file = f"mappings/{unit}/{kind}.yaml"
    document = _document(content, file)
    mapping = content.mappings.get((unit, kind))
    if document is None or mapping is None:
        return {}
    paths: dict[str, tuple[str, ...]] = {name: ("fields", name) for name in mapping.fields}
    for path, given in mapping.children.items():
        paths[path] = ("children", path)
        paths |= {f"{path}.{name}": ("children", path, "fields", name) for name in given.fields}
    marks = document.marks
    return {name: f"{file}:{marks[path].key_line}" for name, path in paths.items() if path in marks}


def _document(content: Content, file: str) -> Document | None:
    raw = content.files.get(file)
    return read_yaml(file, raw)[0] if raw is not None else None


def lane_edits(before: Content, after: Content, unit: str, kind: str) -> tuple[Edit, ...]:
    """Give every edit; both sides must have the lane's mapping and connector read without mistakes."""
    old, new = lane_facts(before, unit, kind), lane_facts(after, unit, kind)
    places = field_places(after, unit, kind)
    found: list[Edit] = []
    for part in sorted({*old, *new}, key=_order):
        mine, theirs = old.get(part), new.get(part)
        if mine != theirs:
            found.extend(_edits(part, mine, theirs, _Places(unit, kind, places, after)))
    return tuple(found)


def _order(part: str) -> tuple[int, str]:
    words = ("mapping", "codes", "stream", "rule", "national", "calendar", "schema")
    return words.index(part.split(" ", maxsplit=1)[0]), part


@dataclass(frozen=True)
class _Places:
    unit: str
    kind: str
    fields: Mapping[str, str]
    content: Content

    def field(self, name: str) -> str:
        return self.fields.get(name, f"mappings/{self.unit}/{self.kind}.yaml")

    def code(self, table: str, source: str) -> str:
        known = self.content.local_codes.get(self.unit, {}).get(table)
        line = next((one.line for one in known.codes if one.source == source), None) if known is not None else None
        file = f"mappings/{self.unit}/codes/{table}.csv"
        return f"{file}:{line}" if line is not None else file

    def rule(self, name: str) -> str:
        for file, catalogue in self.content.rules.items():
            if any(rule.id == name for rule in catalogue.rules):
                return file
        return "schemas/rules"


def _edit(what: str, sides: Iterable[str | None], place: str) -> Edit:
    before, after = sides
    return Edit(what, before, after, place)


def _edits(part: str, old: Any, new: Any, places: _Places) -> Iterator[Edit]:
    kind, _, name = part.partition(" ")
    if kind == "mapping":
        yield from _mapping(old, new, places)
    elif kind == "codes":
        yield from _codes(name, old or [], new or [], places)
    elif kind == "stream":
        file = f"connectors/provinces/{places.unit}.yaml"
        yield from _settings(old, new, file)
    elif kind == "rule":
        yield from _whole(f"rule {name}", old, new, places.rule(name))
    elif kind == "national":
        yield from _lines(name.removeprefix("codes "), old or [], new or [])
    elif kind == "calendar":
        years = {*(old or {}), *(new or {})}
        for year in sorted(one for one in years if (old or {}).get(one) != (new or {}).get(one)):
            sides = ("working days" if year in (side or {}) else None for side in (old, new))
            yield _edit(f"calendar {year}", sides, f"schemas/calendar/{year}.csv")
    else:
        yield Edit("exchange schema", str(old), str(new), "schemas/ecqs")


def _mapping(old: Any, new: Any, places: _Places) -> Iterator[Edit]:
    if old["newest_by"] != new["newest_by"]:
        yield _edit("newest_by", (", ".join(side["newest_by"]) or None for side in (old, new)), places.field(""))
    yield from _named(old["fields"], new["fields"], "", places)
    lists = [{name: {**one, "fields": None} for name, one in side["children"].items()} for side in (old, new)]
    yield from _named(lists[0], lists[1], "", places)
    for path in dict.fromkeys([*old["children"], *new["children"]]):
        sides = [side["children"].get(path, {}).get("fields", {}) for side in (old, new)]
        yield from _named(sides[0], sides[1], f"{path}.", places)


def _named(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str, places: _Places) -> Iterator[Edit]:
    for name in dict.fromkeys([*new, *old]):
        if old.get(name) != new.get(name):
            sides = (_short(side[name]) if name in side else None for side in (old, new))
            yield _edit(f"{prefix}{name}", sides, places.field(f"{prefix}{name}"))


def _codes(table: str, old: list[list[Any]], new: list[list[Any]], places: _Places) -> Iterator[Edit]:
    gone, come = ([line for line in side if line not in other] for side, other in ((old, new), (new, old)))
    before, after = ({line[0]: line for line in side} for side in (gone, come))
    for source in dict.fromkeys([*after, *before]):
        sides = (_code(side[source]) if source in side else None for side in (before, after))
        yield _edit(f"codes {table}: {source}", sides, places.code(table, source))


def _code(line: list[Any]) -> str:
    _, national, equivalence, first, last = line
    words = [national or "no national code"] + ([equivalence] if equivalence not in {"equal", "none"} else [])
    return " ".join([*words, *([f"from {first}"] if first else []), *([f"until {last}"] if last else [])])


def _settings(old: Mapping[str, Any], new: Mapping[str, Any], file: str) -> Iterator[Edit]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield Edit(f"stream {name}", _short(old.get(name)), _short(new.get(name)), file)


def _whole(name: str, old: Any, new: Any, file: str) -> Iterator[Edit]:
    if old is None or new is None:
        yield _edit(name, (side["expr"] if side is not None else None for side in (old, new)), file)
        return
    for key in sorted(new):
        if old.get(key) != new[key]:
            yield Edit(f"{name} {key}", _short(old.get(key)), _short(new[key]), file)


def _lines(table: str, old: list[str], new: list[str]) -> Iterator[Edit]:
    file = f"schemas/codes/{table}.csv"
    yield from (Edit(f"national codes {table}", line, None, file) for line in old if line not in new)
    yield from (Edit(f"national codes {table}", None, line, file) for line in new if line not in old)


def _short(given: Any) -> str | None:
    """Write a setting as a person would have: without what says nothing, a bare column where it is only that."""
    if given is None or isinstance(given, str):
        return given
    plain = _without_silence(given)
    if isinstance(plain, dict) and set(plain) == {"from"}:
        return str(plain["from"])
    return json.dumps(plain, ensure_ascii=False)


def _without_silence(given: Any) -> Any:
    if isinstance(given, dict):
        kept = {name: _without_silence(one) for name, one in given.items() if one not in (None, [], {}, ())}
        return {name: one for name, one in kept.items() if _SILENT.get(name) != one}
    return [_without_silence(one) for one in given] if isinstance(given, list) else given
