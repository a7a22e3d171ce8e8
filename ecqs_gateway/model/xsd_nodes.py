"""A schema document as a small tree, written always in the same way: two blanks of indent, attributes as given."""

from __future__ import annotations

from dataclasses import dataclass

from ecqs_gateway.model.batch import NAMESPACE, SCHEMA_VERSION
from ecqs_gateway.model.types.base import XsdType

__all__ = ["Node", "annotation", "complex_type", "document", "local", "node", "simple_type"]

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


@dataclass(frozen=True)
class Node:
    """One XML element with either child elements or a text."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Node, ...] = ()
    text: str = ""

    def lines(self, indent: str = "") -> list[str]:
        """Write the element and what is in it, one element a line."""
        start = "".join([f"{indent}<{self.tag}", *(f' {k}="{v.translate(_ATTRIBUTE)}"' for k, v in self.attributes)])
        if self.children:
            inner = [line for child in self.children for line in child.lines(f"{indent}  ")]
            return [f"{start}>", *inner, f"{indent}</{self.tag}>"]
        if self.text:
            return [f"{start}>{self.text.translate(_TEXT)}</{self.tag}>"]
        return [f"{start}/>"]


def node(tag: str, *children: Node | None, **attributes: str) -> Node:
    """Make an element of the XSD language; children that are None are left out."""
    return Node(f"xs:{tag}", tuple(attributes.items()), tuple(child for child in children if child is not None))


def annotation(text: str) -> Node:
    """Make the Chinese documentation of a component."""
    documentation = Node("xs:documentation", (("xml:lang", "zh-CN"),), text=text)
    return node("annotation", documentation)


def local(name: str) -> str:
    """Give the qualified name of one of our own types or elements."""
    return f"e:{name}"


def simple_type(xsd: XsdType, title: str, items: dict[str, str] | None = None) -> Node:
    """Declare a named simple type; ``items`` documents enumerated values."""
    facets = []
    for facet, value in xsd.facets:
        described = (items or {}).get(value) if facet == "enumeration" else None
        facets.append(node(facet, annotation(described) if described else None, value=value))
    return node("simpleType", annotation(title), node("restriction", *facets, base=xsd.base), name=xsd.name)


def complex_type(*children: Node, mixed: str | None = None) -> Node:
    """Declare an anonymous complex type."""
    return node("complexType", *children, **({"mixed": mixed} if mixed else {}))


def document(title: str, includes: tuple[str, ...], body: list[Node]) -> str:
    """Write a schema document of the exchange namespace."""
    root = Node(
        "xs:schema",
        (
            ("xmlns:xs", "http://www.w3.org/2001/XMLSchema"),
            ("xmlns:e", NAMESPACE),
            ("targetNamespace", NAMESPACE),
            ("elementFormDefault", "qualified"),
            ("attributeFormDefault", "unqualified"),
            ("version", SCHEMA_VERSION),
        ),
        (annotation(title), *(node("include", schemaLocation=name) for name in includes), *body),
    )
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *root.lines(), ""])
