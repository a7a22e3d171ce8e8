"""Believing an audit message: signed by headquarters, of the schema, for this unit, and its draw reproducible.

A file that is not headquarters' own is worth nothing and is only kept apart. A request that is headquarters' own and
whose draw does not come out again is another matter: it is entered as refused, and headquarters is told why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ecqs_gateway.deliver.signing import Trust, Verified
from ecqs_gateway.doors.archive import ArchiveLimits, gunzip, read_zip
from ecqs_gateway.doors.xml_schema import Schema, load_schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.inbound.codec import read_document
from ecqs_gateway.model.audits import (
    POPULATION_FILE,
    RECEIPT_FILES,
    REQUEST_FILES,
    AuditReceipt,
    AuditRequest,
    MessageName,
)
from ecqs_gateway.model.xsd_audits import RECEIPT, REQUEST

__all__ = ["Believed", "OpenedRequest", "load_audit_schema", "open_receipt", "open_request"]

_LIMITS = ArchiveLimits(archive=128_000_000, entries=3, inflated=256_000_000)


@dataclass(frozen=True)
class Believed:
    """Whom we believe, and by which schema."""

    trust: Trust
    issuer: str
    schema: Schema


@dataclass(frozen=True)
class OpenedRequest:
    """A request of headquarters for this unit; ``population`` is still compressed and unchecked."""

    request: AuditRequest
    population: bytes = field(repr=False)

    def population_text(self) -> bytes:
        """Inflate the population; raises Terminal ECQS-4013 or ECQS-4014."""
        return gunzip(self.population)


def load_audit_schema(folder: Path) -> Schema:
    """Load the schema of the four audit messages."""
    return load_schema(folder / "audits.xsd")


def open_request(data: bytes, name: MessageName, unit: str, believed: Believed) -> OpenedRequest:
    """Open a request that lay in a unit's folder under that name.

    Raises Terminal: ECQS-401x and ECQS-402x for package and signature, ECQS-7002 a member is missing, ECQS-7003 not of
    the schema, ECQS-7004 for another unit or under another name, ECQS-7006 of another issuer.
    """
    names = (*REQUEST_FILES, POPULATION_FILE)
    members, verified = _verified(data, names, believed)
    request = read_document(verified.data, REQUEST, AuditRequest, believed.schema)
    _check(request.id, request.unit, name, unit)
    _check_sealing(request.issuer, (request.signature, request.key), verified, believed)
    return OpenedRequest(request, members[POPULATION_FILE])


def open_receipt(data: bytes, name: MessageName, unit: str, believed: Believed) -> AuditReceipt:
    """Open a receipt for an answer; raises like ``open_request``."""
    _, verified = _verified(data, RECEIPT_FILES, believed)
    receipt = read_document(verified.data, RECEIPT, AuditReceipt, believed.schema)
    _check(receipt.request, receipt.unit, name, unit)
    _check_sealing(receipt.issuer, (receipt.signature, receipt.key), verified, believed)
    if receipt.number != name.number:
        raise _elsewhere("it is about another answer than its name says")
    return receipt


def _verified(data: bytes, names: tuple[str, ...], believed: Believed) -> tuple[dict[str, bytes], Verified]:
    members = read_zip(data, names, limits=_LIMITS)
    missing = [each for each in names if each not in members]
    if missing:
        raise Terminal("ECQS-7002", f"the package has no {missing[0]}", hint="ask headquarters for a correct one")
    return members, believed.trust.verify(members[names[0]], members[names[1]])


def _check(request: str, said_unit: str, name: MessageName, unit: str) -> None:
    if said_unit != unit or name.unit != unit:
        raise _elsewhere("it is for another reporting unit than the folder it lay in")
    if request != name.request:
        raise _elsewhere("it is about another request than its name says")


def _check_sealing(issuer: str, said: tuple[str, str], verified: Verified, believed: Believed) -> None:
    if issuer != believed.issuer:
        hint = "receipts.issuer in connectors/national.yaml says who is believed"
        raise Terminal("ECQS-7006", "it was issued under another name than headquarters'", hint=hint)
    if said != (verified.algorithm, verified.key_id):
        raise Terminal("ECQS-7006", "it names another key than the one that signed it")


def _elsewhere(why: str) -> Terminal:
    return Terminal("ECQS-7004", why, hint="nothing of it was used; ask headquarters how it came here")
