"""The product of a record as the package it went out in names it: drawn cases are held against it."""

from __future__ import annotations

from collections.abc import Collection

from ecqs_gateway.doors import xml
from ecqs_gateway.model.batch import NAMESPACE

__all__ = ["labels"]

_NS = f"{{{NAMESPACE}}}"


def labels(batch_xml: bytes, versions: Collection[str]) -> dict[str, str]:
    """Give by version digest the product of these records of a batch, as docs/reference/audits.md has it."""
    root = xml.parse(batch_xml, limits=None, where="stored batch")
    found = {}
    for record in root.iterfind(f"{_NS}record"):
        version = record.get("version", "")
        if version in versions and len(record):
            found[version] = _label(record[0])
    return found


def _label(body: xml.Element) -> str:
    first = body.find(f"{_NS}products/{_NS}product")
    if first is None:
        return "-"
    text = first.findtext(f"{_NS}product_class") or first.findtext(f"{_NS}name") or ""
    return " ".join(text.split()) or "-"
