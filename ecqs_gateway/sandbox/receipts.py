"""Writing receipts: the XML, headquarters' seal over its exact bytes, and the ZIP both travel in."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from ecqs_gateway.sandbox.keys import SigningKey
from ecqs_gateway.sandbox.package import NAMESPACE, Part

__all__ = ["LEVELS", "ReceiptFacts", "RecordRefusal", "pack", "receipt_id", "seal", "unseal", "write_receipt"]

LEVELS = ("received", "validated", "loaded", "rejected")


@dataclass(frozen=True)
class RecordRefusal:
    """One refused record, or with key None the refused batch."""

    code: str
    reason: str
    key: str | None = None
    version: str | None = None
    field: str | None = None


@dataclass(frozen=True)
class ReceiptFacts:
    """What one receipt says: counts on levels ``validated`` and ``loaded``, ``loaded_digest`` on ``loaded`` only."""

    level: str
    batch: str
    unit: str
    kind: str
    sequence: int
    manifest: str | None
    parts: tuple[Part, ...]
    counts: Mapping[str, int] | None = None
    loaded_digest: str | None = None
    refusals: tuple[RecordRefusal, ...] = ()


def receipt_id(number: int) -> str:
    """Give the id of the receipt with that gap-free number."""
    return f"HQ{number:010d}"


def write_receipt(facts: ReceiptFacts, *, number: int, issued: datetime, issuer: str, key: SigningKey) -> bytes:
    """Give the exact bytes of a receipt's ZIP."""
    attributes: dict[str, str | None] = {
        "xmlns": NAMESPACE,
        "id": receipt_id(number),
        "level": facts.level,
        "batch": facts.batch,
        "unit": facts.unit,
        "kind": facts.kind,
        "sequence": str(facts.sequence),
        "issued": issued.isoformat(timespec="seconds"),
        "issuer": issuer,
        "manifest": facts.manifest,
        "signature": key.public.algorithm,
        "key": key.public.key_id,
        "number": str(number),
    }
    body = "".join(_inside(facts))
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n{_element("receipt", attributes, body)}'
    return seal(xml.encode(), key)


def _inside(facts: ReceiptFacts) -> Iterable[str]:
    for part in facts.parts:
        yield _element("part", {"name": part.name, "digest-algorithm": part.algorithm, "digest": part.digest})
    if facts.counts is not None:
        yield _element("counts", {name: str(count) for name, count in facts.counts.items()})
    if facts.loaded_digest is not None:
        yield _element("loaded", {"digest": facts.loaded_digest})
    for refusal in facts.refusals:
        place = {"key": refusal.key, "version": refusal.version, "code": refusal.code, "field": refusal.field or None}
        yield _element("rejection", place, escape(refusal.reason))


def _element(name: str, attributes: Mapping[str, str | None], content: str = "") -> str:
    written = "".join(
        f' {key}="{escape(value, {chr(34): "&quot;"})}"' for key, value in attributes.items() if value is not None
    )
    return f"<{name}{written}>{content}</{name}>"


def seal(
    xml: bytes,
    key: SigningKey,
    *,
    claim: str | None = None,
    names: tuple[str, str] = ("receipt.xml", "receipt.sig"),
) -> bytes:
    """Sign a document and pack it; ``claim`` names another key id than the one that signs (misbehaviour only)."""
    signature = {
        "algorithm": key.public.algorithm,
        "key_id": claim or key.public.key_id,
        "signature": base64.b64encode(key.sign(xml)).decode(),
    }
    return pack(xml, json.dumps(signature).encode(), names)


def pack(xml: bytes, signature: bytes, names: tuple[str, str] = ("receipt.xml", "receipt.sig")) -> bytes:
    """Put document and signature into one ZIP: stored, with a fixed time: same content, same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in zip(names, (xml, signature), strict=True):
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def unseal(package: bytes) -> tuple[bytes, bytes]:
    """Give receipt.xml and receipt.sig of one of our own receipts."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return archive.read("receipt.xml"), archive.read("receipt.sig")
