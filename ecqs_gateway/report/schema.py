"""The JSON Schema of the report's data, so that headquarters can read it by machine."""

from __future__ import annotations

import json
from typing import Any

from ecqs_gateway.report.data import Report

__all__ = ["FILE", "generate"]

FILE = "report.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generate() -> str:
    """Give the text of the schema; the same text each time."""
    schema: dict[str, Any] = {"$schema": _DIALECT, **Report.model_json_schema(mode="serialization")}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
