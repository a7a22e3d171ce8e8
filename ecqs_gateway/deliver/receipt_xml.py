"""Reading ``receipt.xml``: exactly the elements and attributes of the contract, in their order, or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.doors.xml import Element, Limits, parse
from ecqs_gateway.doors.xml_schema import Schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import NAMESPACE
from ecqs_gateway.model.receipt import Counts, Level, Receipt, ReceiptPart, Rejection

__all__ = ["read_receipt"]

_LIMITS = Limits(document=64_000_000, depth=4, elements=1_000_000, attributes=16, text=4_000)
_REQUIRED = ("id", "level", "batch", "unit", "kind", "sequence", "issued", "issuer", "signature", "key", "number")
_ORDER = ("part", "counts", "loaded", "rejection")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def read_receipt(data: bytes, *, schema: Schema | None = None) -> Receipt:
    """Read a receipt; raises Terminal ECQS-5190 for anything that is not one, ECQS-400x for dangerous XML.

    A receipt that contradicts itself raises Terminal ECQS-5191, from the model.
    """
    root = parse(data, limits=_LIMITS, where="receipt.xml")
    if schema is not None and (problems := schema.check_tree(root)):
        raise _bad(f"it is not valid against the schema ({problems[0].kind})")
    if root.tag != f"{{{NAMESPACE}}}receipt" or _text(root).strip():
        raise _bad("its root is not a receipt")
    facts = _attributes(root, _REQUIRED, ("manifest",))
    children = _children(root)
    if facts["level"] not in set(Level):
        raise _bad("its level is unknown")
    return Receipt(
        id=facts["id"],
        level=Level(facts["level"]),
        batch=facts["batch"],
        unit=facts["unit"],
        kind=facts["kind"],
        sequence=_number(facts["sequence"]),
        issued=_moment(facts["issued"]),
        issuer=facts["issuer"],
        manifest=facts.get("manifest"),
        signature=facts["signature"],
        key=facts["key"],
        number=_number(facts["number"]),
        parts=tuple(_part(element) for element in children["part"]),
        counts=_counts(children["counts"]),
        loaded_digest=_loaded(children["loaded"]),
        rejections=tuple(_rejection(element) for element in children["rejection"]),
    )


def _children(root: Element) -> Mapping[str, list[Element]]:
    found: dict[str, list[Element]] = {name: [] for name in _ORDER}
    last = 0
    for element in root:
        name = str(element.tag).removeprefix(f"{{{NAMESPACE}}}")
        if name == element.tag or name not in _ORDER or _ORDER.index(name) < last:
            raise _bad("it has an element that is unknown or out of order")
        if len(element) or (element.tail or "").strip():
            raise _bad("it has content where none belongs")
        last = _ORDER.index(name)
        found[name].append(element)
    return found


def _part(element: Element) -> ReceiptPart:
    facts = _attributes(element, ("name", "digest-algorithm", "digest"))
    _require_empty(element)
    return ReceiptPart(facts["name"], facts["digest-algorithm"], facts["digest"])


def _counts(elements: list[Element]) -> Counts | None:
    if not elements:
        return None
    if len(elements) > 1:
        raise _bad("it counts twice")
    _require_empty(elements[0])
    facts = _attributes(elements[0], ("records",), ("valid", "invalid", "loaded", "rejected"))
    return Counts(**{name: _number(value) for name, value in facts.items()})


def _loaded(elements: list[Element]) -> str | None:
    if not elements:
        return None
    if len(elements) > 1:
        raise _bad("it says twice what was loaded")
    _require_empty(elements[0])
    return _attributes(elements[0], ("digest",))["digest"]


def _rejection(element: Element) -> Rejection:
    facts = _attributes(element, ("code",), ("key", "version", "field"))
    if ("key" in facts) != ("version" in facts):
        raise _bad("it refuses half a record")
    reason = _text(element).strip()
    if not reason:
        raise _bad("it refuses without a reason")
    # Reasons are shown, listed and kept in the clear, and headquarters may quote a record's values in them.
    return Rejection(facts["code"], redactor.mask(reason), facts.get("key"), facts.get("version"), facts.get("field"))


def _attributes(element: Element, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, str]:
    facts = {str(name): str(value) for name, value in element.attrib.items()}
    if not set(required) <= facts.keys() <= {*required, *optional}:
        raise _bad("it has an attribute too few or too many")
    return facts


def _require_empty(element: Element) -> None:
    if _text(element).strip():
        raise _bad("it has text where none belongs")


def _text(element: Element) -> str:
    return element.text or ""


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _bad("a number in it is not one")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _bad("its time of issue is not one") from None


def _bad(why: str) -> Terminal:
    return Terminal("ECQS-5190", f"the receipt cannot be read: {why}", where="receipt.xml")
