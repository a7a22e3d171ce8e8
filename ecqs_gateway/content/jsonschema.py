"""The JSON Schemas of our YAML files: what editors complete and underline by (``# yaml-language-server: $schema=…``).

Made from the pydantic models, so that editor and ``ecqs check`` say the same. ``python -m
ecqs_gateway.content.jsonschema`` writes them to schemas/content/; a test keeps the committed files up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

from ecqs_gateway.content.field_docs import field_docs
from ecqs_gateway.content.models import (
    CaseFile,
    ConnectorFile,
    FileStream,
    HttpStream,
    MappingFile,
    NationalFile,
    RulesFile,
    SqlStream,
)
from ecqs_gateway.content.models_clauses import ClausesFile
from ecqs_gateway.content.models_followups import FollowUpsFile
from ecqs_gateway.content.models_vocabulary import VocabularyFile
from ecqs_gateway.content.scalars import duration_text
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import Group, Leaf, Repeated, demands

__all__ = ["SCHEMAS", "generate", "main"]

SCHEMAS: Mapping[str, type[BaseModel]] = {
    "connector": ConnectorFile,
    "national": NationalFile,
    "mapping": MappingFile,
    "rules": RulesFile,
    "followups": FollowUpsFile,
    "clauses": ClausesFile,
    "case": CaseFile,
    "vocabulary": VocabularyFile,
}
"""The models of the files people write, by the name of their schema."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generate() -> dict[str, str]:
    """Give the text of every schema, by file name; the same text each time."""
    return {f"{name}.schema.json": _text(model) for name, model in SCHEMAS.items()}


def _text(model: type[BaseModel]) -> str:
    schema: dict[str, Any] = {"$schema": _DIALECT, **model.model_json_schema(schema_generator=_Documented)}
    if model is ConnectorFile:
        _streams_by_source(schema)
    if model is MappingFile:
        schema["allOf"] = [_fields_of(kind) for kind in sorted(KINDS)]
    return json.dumps(_tidy(schema), ensure_ascii=False, indent=2) + "\n"


class _Documented(GenerateJsonSchema):
    """Writes JSON Schemas with the texts below the fields as descriptions."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """Give the schema of a model with a description at each field that has one."""
        written = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        docs = field_docs(model)
        for name, info in model.model_fields.items():
            declared: dict[str, Any] | None = written.get("properties", {}).get(info.alias or name)
            if declared is not None and name in docs:
                declared.setdefault("description", docs[name])
        return written


def _streams_by_source(schema: dict[str, Any]) -> None:
    """Offer only the keys of the stream that fits the source's type, and the record kinds there are."""
    streams = schema["properties"]["streams"]
    del streams["patternProperties"]
    streams["propertyNames"] = {"enum": sorted(KINDS)}

    def of(name: str) -> dict[str, Any]:
        return {"properties": {"streams": {"additionalProperties": {"$ref": f"#/$defs/{name}"}}}}

    def source(kind: str) -> dict[str, Any]:
        is_kind = {"properties": {"type": {"const": kind}}, "required": ["type"]}
        return {"properties": {"source": is_kind}, "required": ["source"]}

    http = {"if": source("http"), "then": of(HttpStream.__name__), "else": of(SqlStream.__name__)}
    schema |= {"if": source("files"), "then": of(FileStream.__name__), "else": http}


def _fields_of(kind: str) -> dict[str, Any]:
    """Offer the national fields of one record kind, with their Chinese titles, once the file says its kind."""
    found = spec(kind)
    lists = {
        node.path: {**_titled(node, "（必填）" if node.required else ""), "properties": {"fields": _fields(node.nodes)}}
        for node in found.repeated()
    }
    return {
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {
            "properties": {
                "fields": _fields(found.nodes),
                "children": {"properties": lists, "additionalProperties": False},
            }
        },
    }


def _fields(nodes: Iterable[Leaf | Group | Repeated]) -> dict[str, Any]:
    nodes = tuple(nodes)
    needs = {leaf.path: "（同组字段有值时必填）" if others else "（必填）" for leaf, others in demands(nodes)}
    below = (leaf for node in nodes if not isinstance(node, Repeated) for leaf in _leaves(node))
    return {
        "properties": {leaf.path: _titled(leaf, needs.get(leaf.path, "")) for leaf in below},
        "additionalProperties": False,
    }


def _leaves(node: Leaf | Group) -> Iterable[Leaf]:
    return (node,) if isinstance(node, Leaf) else node.leaves()


def _titled(node: Leaf | Repeated, need: str) -> dict[str, Any]:
    return {"title": f"{node.title}{need}", **({"description": node.doc} if node.doc else {})}


_KEYWORDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
"""pydantic's words for limits on types of our own, which JSON Schema does not know."""
_ISO = TypeAdapter(timedelta)


def _tidy(node: Any) -> Any:
    """Close tables whose keys have a form, and drop the titles pydantic makes from field names: they say nothing."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {_KEYWORDS.get(key, key): _tidy(value) for key, value in node.items()}
    if isinstance(tidied.get("default"), str) and tidied["default"].startswith("PT") and "pattern" in tidied:
        tidied["default"] = duration_text(_ISO.validate_python(tidied["default"]))
    if "patternProperties" in tidied:
        tidied.setdefault("additionalProperties", False)
    declared = tidied.get("properties")
    for name, schema in declared.items() if isinstance(declared, dict) else ():
        if isinstance(schema, dict) and schema.get("title") == name.replace("_", " ").title():
            del schema["title"]
    return tidied


def main(arguments: list[str] | None = None) -> int:
    """Write the schemas below the folder given (default: schemas/content of the current folder)."""
    given = sys.argv[1:] if arguments is None else arguments
    folder = Path(given[0]) if given else Path("schemas/content")
    for name, text in generate().items():
        write_atomic(folder / name, text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
