"""Documents to XML and back, by the same element definitions the XSD is written from.

Only for small documents: batches are written in columns (``deliver.xml``). What is read has been validated against
the XSD first, so its shape is known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ecqs_gateway.deliver.xml import attribute, moment
from ecqs_gateway.doors import xml
from ecqs_gateway.doors.xml_schema import Schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import NAMESPACE
from ecqs_gateway.model.xsd_messages import Element

__all__ = ["read_document", "write_document"]

_NS = f"{{{NAMESPACE}}}"
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_LIMITS = xml.Limits(document=64_000_000, depth=6, elements=1_000_000, attributes=24, text=4_000)
Model = TypeVar("Model", bound=BaseModel)


def write_document(spec: Element, document: BaseModel) -> bytes:
    """Give a document's XML; what is None is left out."""
    values = document.model_dump(mode="python", by_alias=True)
    body = _written(spec, values, f' xmlns="{NAMESPACE}"')
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()


def _written(spec: Element, values: Mapping[str, Any], start: str = "") -> str:
    given = ((a.name, values.get(a.name)) for a in spec.attributes)
    said = "".join(f' {name}="{attribute(_text(value))}"' for name, value in given if value is not None)
    inside = str(values["text"]).translate(_TEXT) if spec.text is not None else ""
    for child in spec.children:
        found = values.get(child.name) or ()
        inside += "".join(_written(child, one) for one in (found if child.many else (found,)) if one)
    return f"<{spec.name}{start}{said}>{inside}</{spec.name}>"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def read_document(data: bytes, spec: Element, model: type[Model], schema: Schema) -> Model:
    """Read a document of others; raises Terminal ECQS-7003 for what is not of the schema, ECQS-400x for dangerous XML.

    A document that contradicts itself is refused as well, with ECQS-7003.
    """
    root = xml.parse(data, limits=_LIMITS, where=f"{spec.name}.xml")
    if root.tag != f"{_NS}{spec.name}":
        raise _bad(spec, "its root is another element")
    if problems := schema.check_tree(root):
        raise _bad(spec, f"it is not valid against the schema ({problems[0].kind})")
    try:
        return model.model_validate(_read(root, spec))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise _bad(spec, f"{place + ': ' if place else ''}{first['msg']}") from None


def _read(element: xml.Element, spec: Element) -> dict[str, Any]:
    values: dict[str, Any] = {str(name): str(value) for name, value in element.attrib.items()}
    if spec.text is not None:
        values["text"] = (element.text or "").strip()
    for child in spec.children:
        found = [_read(one, child) for one in element.iterfind(f"{_NS}{child.name}")]
        if child.many:
            values[child.name] = found
        elif found:
            values[child.name] = found[0]
    return values


def _bad(spec: Element, why: str) -> Terminal:
    hint = "nothing of it was used; ask headquarters for a correct one"
    return Terminal("ECQS-7003", f"the document cannot be read: {why}", where=f"{spec.name}.xml", hint=hint)
