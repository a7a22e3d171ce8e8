"""How a record kind is defined, and the specification the engine reads from that definition.

A record kind is a pydantic model in ``ecqs_gateway.model.kinds``: readable, checked by mypy, and the oracle of what
is valid. The engine never walks records with it on the bulk path: ``kind_spec`` turns the model into a tree of
``Leaf``, ``Group`` and ``Repeated`` nodes once, and mapping, checks, XML, XSD and the reference are derived from
that tree. Adding a kind means writing one model and registering it in ``kinds``.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

from ecqs_gateway.model.types.base import FieldType

__all__ = [
    "Group",
    "KindSpec",
    "Leaf",
    "Part",
    "Record",
    "Repeated",
    "column",
    "demands",
    "kind_spec",
    "optional",
    "several",
]


class Part(BaseModel):
    """A piece of a record that belongs together, such as the holder with name and credit code."""

    # The gateway reads how a record is declared and validates none with it.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        """Treat null as "not there" everywhere, as the frames and the XML do."""
        return {k: v for k, v in data.items() if v is not None} if isinstance(data, Mapping) else data


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


def optional(title: str, source: str, *, doc: str = "", personal: bool = False) -> Any:
    """Describe a field or group that may be absent; its annotation ends in ``| None``."""
    return column(title, source, doc=doc, personal=personal, default=None)


def several(title: str, source: str, *, doc: str = "", at_least: int = 0) -> Any:
    """Describe a list; it may be empty unless ``at_least`` says how many items there must be."""
    if at_least:
        return column(title, source, doc=doc, min_length=at_least)
    return column(title, source, doc=doc, default_factory=list)


@dataclass(frozen=True)
class Leaf:
    """One field: dotted path, type, whether it must be there, and its documentation.

    ``required`` holds inside its group: in an optional group it means "when the group is there" (see ``demands``).
    """

    path: str
    name: str
    title: str
    type: FieldType
    required: bool
    source: str
    doc: str
    personal: bool

    @cached_property
    def written(self) -> pl.Expr:
        """The XML text of the canonical column of this path, not yet escaped; made once, for every chunk wants it."""
        return self.type.write_expr(pl.col(self.path))


@dataclass(frozen=True)
class Group:
    """Fields that belong together in one XML element; left out when all of them are empty and it is optional."""

    path: str
    name: str
    title: str
    required: bool
    nodes: tuple[Leaf | Group, ...]
    doc: str = ""
    source: str = ""

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
    source: str = ""

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


def demands(
    nodes: tuple[Leaf | Group | Repeated, ...], _group: Group | None = None
) -> Iterator[tuple[Leaf, tuple[str, ...]]]:
    """Walk the required fields, each with the paths that make it required: one of them filled is enough.

    No paths means always. ``nodes`` are those of a kind, or of a list for the fields of its items.
    """
    for node in nodes:
        if isinstance(node, Group):
            yield from demands(node.nodes, _group if node.required else node)
        elif isinstance(node, Leaf) and node.required:
            yield node, tuple(leaf.path for leaf in _group.leaves() if leaf is not node) if _group else ()


def kind_spec(model: type[Record]) -> KindSpec:
    """Read the specification off a pydantic model; raises TypeError for a shape the engine cannot handle."""
    for name in ("kind", "title", "key", "date"):
        if not isinstance(getattr(model, name, None), str):
            raise TypeError(f"{model.__name__} does not say its {name}")
    spec = KindSpec(model.kind, model.title, model.key, model.date, model, tuple(_nodes(model, "", top=True)))
    leaves = {leaf.path: leaf for leaf in spec.leaves()}
    if not leaves.keys() >= {spec.key} or not leaves[spec.key].required or "." in spec.key:
        raise TypeError(f"{model.__name__}: the key {spec.key} must be a required field at the top")
    if spec.date not in leaves or leaves[spec.date].type.dtype != pl.Date():
        raise TypeError(f"{model.__name__}: {spec.date} is not a date field that occurs once per record")
    return spec


_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_DEEPEST = 4
"""Dots a path may have: deeper nesting is a mistake (or a model that contains itself)."""


def _nodes(model: type[BaseModel], prefix: str, *, top: bool) -> Iterator[Any]:
    if prefix.count(".") > _DEEPEST:
        raise TypeError(f"{model.__name__} is nested too deeply, or contains itself")
    hints = typing.get_type_hints(model, include_extras=True)
    for name, info in model.model_fields.items():
        where = f"{model.__name__}.{name}"
        hint, required = _without_none(hints[name])
        _require_description(info, name, where)
        if typing.get_origin(hint) is list:
            yield _repeated(hint, info, name, where, allowed=top and required)
            continue
        if required != info.is_required() or (not required and info.get_default() is not None):
            raise TypeError(f"{where}: `| None` and the default null belong together, and no other default is allowed")
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            yield _group(hint, info, f"{prefix}{name}", required=required)
        else:
            yield _leaf(_field_type(hint, where), info, f"{prefix}{name}", required=required)


def _leaf(field_type: FieldType, info: FieldInfo, path: str, *, required: bool) -> Leaf:
    source, personal = _extra(info)
    name = path.rpartition(".")[2]
    return Leaf(path, name, info.title or name, field_type, required, source, info.description or "", personal)


def _group(model: type[BaseModel], info: FieldInfo, path: str, *, required: bool) -> Group:
    nodes = tuple(_nodes(model, f"{path}.", top=False))
    if required and not any(node.required for node in nodes):
        raise TypeError(f"{path} is required, but nothing in it is: make it `| None`")
    name = path.rpartition(".")[2]
    return Group(path, name, info.title or name, required, nodes, info.description or "", _extra(info)[0])


def _repeated(hint: Any, info: FieldInfo, name: str, where: str, *, allowed: bool) -> Repeated:
    if not allowed:
        raise TypeError(f"{where}: a list may only stand at the top of a kind, and is empty rather than null")
    item = typing.get_args(hint)[0]
    if not (isinstance(item, type) and issubclass(item, BaseModel)):
        raise TypeError(f"{where}: a list holds parts, not {item}")
    singular = _singular(name)
    if singular == name:
        raise TypeError(f"{where}: the name of a list is a plural, so that its items can have the singular")
    wanted = any(getattr(m, "min_length", 0) for m in info.metadata)
    nodes = tuple(_nodes(item, "", top=False))
    if not any(node.required for node in nodes):
        raise TypeError(f"{where}: an item needs a required field, or it could be empty")
    return Repeated(name, name, singular, info.title or name, wanted, nodes, info.description or "", _extra(info)[0])


def _require_description(info: FieldInfo, name: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise TypeError(f"{where}: a field name is written in lower-case words joined by _")
    if not info.title or not _extra(info)[0]:
        raise TypeError(f"{where} has no title or no source: describe it with column(), optional() or several()")


def _extra(info: FieldInfo) -> tuple[str, bool]:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return str(extra.get("source", "")), bool(extra.get("personal", False))


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Strip ``| None``, and say whether a value is required."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        args = [a for a in typing.get_args(hint) if a is not type(None)]
        if len(args) == 1:
            return args[0], False
    return hint, True


def _field_type(hint: Any, where: str) -> FieldType:
    for mark in typing.get_args(hint)[1:]:
        if isinstance(mark, FieldType):
            return mark
    raise TypeError(f"{where} has no field type in its annotation")


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith("sses"):
        return name[:-2]
    return name.removesuffix("s")
