"""Which national fields differ between two bodies of one record."""

from __future__ import annotations

from collections.abc import Collection

from ecqs_gateway.doors.xml import Element, local_name, parse

__all__ = ["different_fields"]


def different_fields(ours: str, theirs: str, *, lists: Collection[str]) -> tuple[str, ...]:
    """Give the paths of the fields that differ, such as ``holder.name`` or ``products[2].model``; never a value.

    ``lists`` names the elements that hold a list.
    Raises Terminal ECQS-400x when headquarters' body is no well-formed XML.
    """
    here, there = (_flat(parse(text.encode(), where="record body"), lists) for text in (ours, theirs))
    return tuple(sorted(path for path in here.keys() | there.keys() if here.get(path) != there.get(path)))


def _flat(root: Element, lists: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    _walk(root, "", found, lists)
    return found


def _walk(element: Element, path: str, found: dict[str, str], lists: Collection[str]) -> None:
    children = list(element)
    if not children:
        found[path] = element.text or ""
    for number, child in enumerate(children, 1):
        # The items of a list are told by the list's name: products[2], not products.product.
        step = f"{path}[{number}]" if path in lists else f"{path}.{local_name(child)}".strip(".")
        _walk(child, step, found, lists)
