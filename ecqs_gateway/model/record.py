"""How a record kind is defined, and the specification the engine reads from that definition.

A record kind is a pydantic model in ``ecqs_gateway.model.kinds``: readable, checked by mypy, and the oracle of what
is valid. The engine never walks records with it on the bulk path: ``kind_spec`` turns the model into a tree of
``Leaf``, ``Group`` and ``Repeated`` nodes once, and mapping, checks, XML, XSD and the reference are derived from
that tree. Adding a kind means writing one model and registering it in ``kinds``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ecqs_gateway.model.types.base import FieldType

__all__ = ["Group", "KindSpec", "Leaf", "Part", "Record", "Repeated", "column", "kind_spec"]


class Part(BaseModel):
    """A piece of a record that belongs together, such as the holder with name and credit code."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Record(Part):
    """One national object of one record kind."""

    kind: ClassVar[str]
    """The kind's name in design.md §2, also the XML element of the body."""
    title: ClassVar[str]
    """The Chinese name of the kind."""
    key: ClassVar[str]
    """Path of the field that is the business key."""
    date: ClassVar[str]
    """Path of the date field by which rules and code tables are chosen unless they say otherwise."""


def column(title: str, source: str, *, doc: str = "", personal: bool = False, **kwargs: Any) -> Any:
    """Describe one field of a kind: Chinese title, where the field comes from (clause, standard, facts section).

    ``personal`` marks personal data, which is masked wherever a person or a log can see it.
    """
    extra: dict[str, Any] = {"source": source, "personal": personal}
    return Field(title=title, description=doc, json_schema_extra=extra, **kwargs)


@dataclass(frozen=True)
class Leaf:
    """One field: dotted path, type, whether it must be there, and its documentation."""

    path: str
    name: str
    title: str
    type: FieldType
    required: bool
    source: str
    doc: str
    personal: bool


@dataclass(frozen=True)
class Group:
    """Fields that belong together in one XML element; left out when all of them are empty and it is optional."""

    path: str
    name: str
    title: str
    required: bool
    nodes: tuple[Leaf | Group, ...]
    doc: str = ""

    def leaves(self) -> Iterator[Leaf]:
        """Walk the fields below, in document order."""
        for node in self.nodes:
            if isinstance(node, Leaf):
                yield node
            else:
                yield from node.leaves()


@dataclass(frozen=True)
class Repeated:
    """A list of equal groups: ``<products><product>…</product></products>``; left out when empty and optional.

    Paths of the leaves below are relative to one item (``products`` has leaves ``name``, ``variety`` …).
    """

    path: str
    name: str
    item: str
    title: str
    required: bool
    nodes: tuple[Leaf | Group, ...]
    doc: str = ""

    def leaves(self) -> Iterator[Leaf]:
        """Walk the fields of one item, in document order."""
        yield from Group(self.path, self.name, self.title, self.required, self.nodes).leaves()


@dataclass(frozen=True)
class KindSpec:
    """Everything the engine needs to know of a record kind, in document order."""

    kind: str
    title: str
    key: str
    date: str
    model: type[Record]
    nodes: tuple[Leaf | Group | Repeated, ...]

    def leaves(self) -> Iterator[Leaf]:
        """Walk the fields that occur once per record; their paths are the column names of a mapped frame."""
        for node in self.nodes:
            if isinstance(node, Leaf):
                yield node
            elif isinstance(node, Group):
                yield from node.leaves()

    def repeated(self) -> Iterator[Repeated]:
        """Walk the lists."""
        return (node for node in self.nodes if isinstance(node, Repeated))


def kind_spec(model: type[Record]) -> KindSpec:
    """Read the specification off a pydantic model; raises TypeError for a field the engine cannot handle."""
    return KindSpec(model.kind, model.title, model.key, model.date, model, tuple(_nodes(model, "", lists=True)))


def _nodes(model: type[BaseModel], prefix: str, *, lists: bool) -> Iterator[Any]:
    hints = typing.get_type_hints(model, include_extras=True)
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        hint, required = _without_none(hints[name])
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        title, doc = info.title or name, info.description or ""
        if typing.get_origin(hint) is list:
            if not lists:
                raise TypeError(f"{model.__name__}.{name}: a list may only stand at the top of a kind")
            item = typing.get_args(hint)[0]
            wanted = any(getattr(m, "min_length", 0) for m in info.metadata)
            yield Repeated(path, name, _singular(name), title, wanted, tuple(_nodes(item, "", lists=False)), doc)
        elif isinstance(hint, type) and issubclass(hint, BaseModel):
            yield Group(path, name, title, required, tuple(_nodes(hint, f"{path}.", lists=False)), doc)
        else:
            field_type = _field_type(hint, model, name)
            personal = bool(extra.get("personal", False))
            yield Leaf(path, name, title, field_type, required, str(extra.get("source", "")), doc, personal)


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Strip ``| None`` and any ``Annotated`` around it, and say whether a value is required."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        args = [a for a in typing.get_args(hint) if a is not type(None)]
        if len(args) == 1:
            return args[0], False
    return hint, True


def _field_type(hint: Any, model: type[BaseModel], name: str) -> FieldType:
    for mark in typing.get_args(hint)[1:]:
        if isinstance(mark, FieldType):
            return mark
    raise TypeError(f"{model.__name__}.{name} has no field type in its annotation")


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith("sses"):
        return name[:-2]
    return name.removesuffix("s")
