"""What of the content decides what one lane's rows become, and a digest of just that.

A change of anything else (comments, owners, reasons, columns ignored, another unit's files, another kind's rules, the
order of lines) leaves the fingerprint as it is, so that nobody is asked about it. Files are compared by what they say
after reading, not by their bytes.

Counted are: the mapping's fields and lists, the code files it uses (without notes), national code tables of the kind's
fields and those its expressions name (without names, sources and notes), the rules of the kind (without titles,
messages, clauses and examples), the calendar where an expression counts working days, what the connector says of the
rows and of their form, and the version of the exchange schema. Not counted is the version of the gateway.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecqs_gateway.content.cross import used_codes
from ecqs_gateway.content.models import MappingFile, Rule, SqlStream
from ecqs_gateway.model import kinds
from ecqs_gateway.model.batch import SCHEMA_VERSION
from ecqs_gateway.model.types import Code

if TYPE_CHECKING:
    from ecqs_gateway.content.load import Content

__all__ = ["Parts", "fingerprint", "lane_facts", "lane_parts", "shape_facts"]

Parts = Mapping[str, str]
"""Digest (SHA-256, hex) of each part, such as ``mapping``, ``codes zt`` or ``rule CERT-001``."""

_UNITS = "units"
"""Certificate numbers and area codes are read by it, whatever the kind."""
_IN_WORDS = ("name", "source", "note")
_WORKING_DAYS = "working_days_between"


def lane_parts(content: Content, unit: str, kind: str) -> Parts:
    """Give the digest of each part; the lane's mapping and connector must have been read without mistakes."""
    return {name: _digest(facts) for name, facts in lane_facts(content, unit, kind).items()}


def fingerprint(parts: Parts) -> str:
    """Give the lane's fingerprint, ``sha256:`` and 64 hex digits."""
    return f"sha256:{_digest(sorted(parts.items()))}"


def lane_facts(content: Content, unit: str, kind: str) -> dict[str, Any]:
    """Give what is digested, by part: plain lists, tables and texts."""
    mapping = content.mappings[unit, kind]
    connector = content.connectors[unit]
    rules = [rule for file in content.rules.values() for rule in file.rules if rule.kind == kind]
    texts = [rule.expr for rule in rules] + list(_expressions(mapping))
    facts: dict[str, Any] = {"schema": SCHEMA_VERSION, "mapping": _mapping(mapping)}
    facts["stream"] = {**shape_facts(connector.streams[kind]), "time_zone": connector.source.time_zone}
    tables = content.local_codes.get(unit, {})
    for name in sorted(used_codes(mapping) & set(tables)):
        lines = ((c.source, c.national, c.equivalence, c.valid_from, c.valid_until) for c in tables[name].codes)
        facts[f"codes {name}"] = sorted(
            ([None if one is None else str(one) for one in line] for line in lines), key=str
        )
    for name in sorted(_tables(content, kind, texts)):
        rows = content.codes[name].rows
        kept = rows.select(sorted(set(rows.columns) - set(_IN_WORDS)))
        facts[f"national codes {name}"] = sorted(kept.write_csv().splitlines())
    for rule in rules:
        facts[f"rule {rule.id}"] = _rule(rule)
    if any(_WORKING_DAYS in text for text in texts):
        years = content.calendar.years
        facts["calendar"] = {str(year): sorted(day.isoformat() for day in years[year]) for year in sorted(years)}
    return facts


def shape_facts(stream: Any) -> dict[str, Any]:
    """Give what a stream says of which rows are read and how, not when or how many at once."""
    when = {"changed_at", "overlap", "batch_rows", "settle", "since", "pages", "success"}
    facts: dict[str, Any] = stream.model_dump(mode="json", exclude=when)
    if isinstance(stream, SqlStream):
        for child in facts["children"].values():
            child.pop("changed_at")
    return facts


def _mapping(mapping: MappingFile) -> Any:
    told = mapping.model_dump(mode="json", by_alias=True, include={"newest_by", "fields", "children"})
    told["fields"] = _without_words(told["fields"])
    told["children"] = _without_words(told["children"])
    for given in told["children"].values():
        given["fields"] = _without_words(given["fields"])
    return told


def _without_words(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out declarations of absence, which give nothing as a missing line does, and the reason of a default."""
    kept = {name: one for name, one in given.items() if one["absent"] is None}
    for one in kept.values():
        codes = one.get("codes")
        if codes and isinstance(codes["unmapped"], dict):
            codes["unmapped"].pop("reason")
    return kept


def _expressions(mapping: MappingFile) -> Iterator[str]:
    given = [*mapping.fields.values(), *(one for part in mapping.children.values() for one in part.fields.values())]
    yield from (one.expr for one in given if one.expr is not None)


def _tables(content: Content, kind: str, texts: list[str]) -> set[str]:
    """Give the national code tables the kind's fields are read by, and those an expression names in quotes."""
    spec = kinds.spec(kind)
    leaves = [*spec.leaves(), *(leaf for node in spec.repeated() for leaf in node.leaves())]
    wanted = {leaf.type.table for leaf in leaves if isinstance(leaf.type, Code)} | {_UNITS}
    wanted |= {name for name in content.codes if any(f"'{name}'" in text for text in texts)}
    return wanted & set(content.codes)


def _rule(rule: Rule) -> Any:
    return rule.model_dump(mode="json", by_alias=True, include={"severity", "fields", "effective", "products", "expr"})


def _digest(facts: Any) -> str:
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
