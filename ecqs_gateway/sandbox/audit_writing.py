"""Writing what headquarters sends in a random inspection: the request with its population, and receipts for answers."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.sax.saxutils import escape

from ecqs_gateway.doors import clock
from ecqs_gateway.sandbox.audit_store import Audit
from ecqs_gateway.sandbox.draw import Drawn, Population, write_population
from ecqs_gateway.sandbox.keys import SigningKey
from ecqs_gateway.sandbox.package import NAMESPACE

__all__ = ["Remark", "RequestFacts", "Sealing", "pack", "write_receipt", "write_request"]

Remark = tuple[int | None, str, str]
"""Number of the case (None: the whole answer), code, text."""


@dataclass(frozen=True)
class Sealing:
    """Who signs: headquarters' key and its name."""

    key: SigningKey
    issuer: str


@dataclass(frozen=True)
class RequestFacts:
    """What a request states beside its draw."""

    id: str
    unit: str
    issued: datetime
    due: date
    days: int
    seed: str
    rate: int
    least: int
    demands: Mapping[str, Sequence[str]]


def write_request(facts: RequestFacts, population: Population, drawn: Drawn, sealing: Sealing) -> bytes:
    """Give the exact bytes of a request's package."""
    said = {
        "id": facts.id,
        "unit": facts.unit,
        "issued": facts.issued.isoformat(timespec="seconds"),
        "issuer": sealing.issuer,
        "due": facts.due.isoformat(),
        "working-days": str(facts.days),
        "method": "sha-256-order-1",
        "seed": facts.seed,
        "population": population.digest,
        "records": str(len(population.rows)),
        "rate": str(facts.rate),
        "least": str(facts.least),
        **_signed(sealing),
    }
    body = "".join(_request_body(facts, population, drawn))
    return pack("audit_request", said, body, sealing.key, [("population.tsv.gz", write_population(population))])


def _request_body(facts: RequestFacts, population: Population, drawn: Drawn) -> Iterable[str]:
    counts = {kind: sum(row.kind == kind for row in population.rows) for kind in population.cuts}
    for kind, sequence in sorted(population.cuts.items()):
        yield _element("lane", {"kind": kind, "sequence": str(sequence), "records": str(counts[kind])})
    for kind, product, records, rows in drawn.strata:
        said = {"kind": kind, "product": product, "records": str(records), "drawn": str(len(rows))}
        yield _element("stratum", said)
    for kind in sorted({row.kind for row in drawn.items}):
        for paper in facts.demands.get(kind, ()):
            yield _element("demand", {"kind": kind, "type": paper})
    for row in drawn.items:
        yield _element("item", {"kind": row.kind, "product": row.product, "key": row.key, "version": row.version})


def write_receipt(
    audit: Audit, number: int, answer: str, remarks: Sequence[Remark], due: date | None, sealing: Sealing
) -> bytes:
    """Give the exact bytes of a receipt for an answer; with a new due date it asks again, else it closes."""
    said = {
        "request": audit.id,
        "unit": audit.unit,
        "answer": answer,
        "number": str(number),
        "outcome": "again" if due else "closed",
        **({"due": due.isoformat()} if due else {}),
        "issued": clock.now().isoformat(timespec="seconds"),
        "issuer": sealing.issuer,
        **_signed(sealing),
    }
    body = "".join(
        _element("remark", ({"case": str(case)} if case is not None else {}) | {"code": code}, escape(text))
        for case, code, text in remarks
    )
    return pack("audit_receipt", said, body, sealing.key)


def _signed(sealing: Sealing) -> dict[str, str]:
    return {"signature": sealing.key.public.algorithm, "key": sealing.key.public.key_id}


def pack(
    root: str, said: Mapping[str, str], body: str, key: SigningKey, more: Sequence[tuple[str, bytes]] = ()
) -> bytes:
    """Write a document, sign it, and pack both with whatever else belongs to it; the same content is the same bytes."""
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(root, {"xmlns": NAMESPACE, **said}, body)}'.encode()
    signature = {
        "algorithm": key.public.algorithm,
        "key_id": key.public.key_id,
        "signature": base64.b64encode(key.sign(xml)).decode(),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in ((f"{root}.xml", xml), (f"{root}.sig", json.dumps(signature).encode()), *more):
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def _element(name: str, attributes: Mapping[str, str], content: str = "") -> str:
    quoted = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
    written = "".join(f' {key}="{escape(value, quoted)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"
