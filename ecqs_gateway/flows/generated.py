"""All files that are made from the code: XSDs, JSON Schemas of our YAML files, the reference pages."""

from __future__ import annotations

from pathlib import Path

from ecqs_gateway.content import connector_reference, jsonschema
from ecqs_gateway.flows import evidence_reference, rules_reference
from ecqs_gateway.flows.report import reference as report_reference
from ecqs_gateway.mapping import expr_reference, reference
from ecqs_gateway.model import generate
from ecqs_gateway.report import schema

__all__ = ["files"]


def files(root: Path) -> dict[str, str]:
    """Give the text of every generated file by its path below the checkout."""
    made = {path.relative_to(root).as_posix(): text for path, text in generate.expected(root).items()}
    made |= {f"schemas/content/{name}": text for name, text in jsonschema.generate().items()}
    made[f"schemas/report/{schema.FILE}"] = schema.generate()
    made |= connector_reference.generate()
    made["docs/reference/expressions.md"] = expr_reference.generate()
    made["docs/reference/evidence.md"] = evidence_reference.generate()
    made["docs/reference/report.md"] = report_reference.generate()
    made["docs/reference/mapping.md"] = reference.generate()
    made |= rules_reference.generate(root)
    return made
