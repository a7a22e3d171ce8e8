"""Believing headquarters: a receipt counts only when everything in it fits what was sent.

Checked are, in this order: the package, the signature by a pinned key, the document, who issued it, which batch it is
about, the digest of the manifest, the digest of each part, the counts, the records it names, the digest of what was
loaded, and whether its level may come now. What is read is what the signature covers, and nothing else. A receipt
that fails any check changes nothing and is kept as evidence with its reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.deliver.receipt_xml import read_receipt
from ecqs_gateway.deliver.signing import Trust, Verified
from ecqs_gateway.deliver.transport import RemoteReceipt
from ecqs_gateway.doors.archive import ArchiveLimits, read_zip
from ecqs_gateway.doors.xml_schema import Schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import BatchState
from ecqs_gateway.model.receipt import RECEIPT_FILE, RECEIPT_SIGNATURE_FILE, Level, Receipt, follows

__all__ = ["Believed", "RefusedReceipt", "Sent", "VerifiedReceipt", "open_receipt", "verify_receipt"]

_LIMITS = ArchiveLimits(archive=64_000_000, entries=2, inflated=64_000_000)


@dataclass(frozen=True)
class Sent:
    """What was sent, from our own ledger: the truth a receipt is held against.

    ``parts`` are (name, digest algorithm, digest); ``versions`` gives a frame of ``key`` and ``version`` in the order
    of the batch; ``held`` the receipts accepted so far: level → SHA-256 of the receipt's package (or document).
    """

    id: str
    unit: str
    kind: str
    sequence: int
    records: int
    manifest_digest: str
    parts: frozenset[tuple[str, str, str]]
    versions: Callable[[], pl.DataFrame]
    state: BatchState = BatchState.SENT
    held: Mapping[str, str] = field(default_factory=dict)
    last_number: int = 0
    """The highest number headquarters gave one of the receipts accepted so far; 0 before the first."""


@dataclass(frozen=True)
class Believed:
    """Whom we believe, from our own settings: keys, algorithms, and the name headquarters signs with."""

    trust: Trust
    issuer: str
    schema: Schema | None = None
    """The receipt's XSD; the document is read strictly without it too."""


@dataclass(frozen=True)
class VerifiedReceipt:
    """A receipt that fits in everything; ``repeat`` when it was accepted before and changes nothing."""

    receipt: Receipt
    digest: str
    """SHA-256 of ``receipt.xml``."""
    repeat: bool = False


@dataclass(frozen=True)
class RefusedReceipt:
    """A receipt that is not believed, and why; ``wait`` when it may fit later, once an earlier level has come."""

    code: str
    reason: str
    wait: bool = False


class _Refused(Exception):
    def __init__(self, code: str, reason: str, *, wait: bool = False) -> None:
        super().__init__(reason)
        self.refused = RefusedReceipt(code, reason, wait)


def verify_receipt(
    data: bytes, name: RemoteReceipt, sent: Sent | None, *, believed: Believed
) -> VerifiedReceipt | RefusedReceipt:
    """Judge a receipt's exact bytes; ``sent`` is what our ledger knows of the batch its name says, None if nothing.

    Codes: ECQS-5101 package, 5102 envelope, 5103 algorithm, 5104 key, 5105 signature, 5106 document, 5107 issuer,
    5108 another batch, 5109 manifest, 5110 parts, 5111 counts, 5112 loaded digest, 5113 level too early, 5114 another
    receipt of this level (or the opposite one) is held, 5115 a record we did not send, 5116 name and content differ,
    5117 issued before the level it follows.
    """
    try:
        verified = _opened(data, believed.trust)
        receipt = _document(verified, believed.schema)
        sent = _about(receipt, name, sent, believed.issuer)
        _parts(receipt, sent)
        _records(receipt, sent)
        digest = hashlib.sha256(verified.data).hexdigest()
        repeat = _level(receipt, sent, {digest, hashlib.sha256(data).hexdigest()})
    except _Refused as refusal:
        return refusal.refused
    return VerifiedReceipt(receipt, digest, repeat)


def open_receipt(data: bytes, name: RemoteReceipt, *, believed: Believed) -> Receipt | RefusedReceipt:
    """Judge a receipt by itself, without the batch it is about: signature, document, issuer, and what its name says.

    For a ledger that was restored: it proves what headquarters has seen, and settles nothing. Codes as above.
    """
    try:
        receipt = _document(_opened(data, believed.trust), believed.schema)
    except _Refused as refusal:
        return refusal.refused
    if receipt.issuer != believed.issuer:
        return RefusedReceipt("ECQS-5107", "the receipt is issued by someone else than headquarters")
    if (receipt.batch, receipt.level) != (str(name.batch), name.level):
        return RefusedReceipt("ECQS-5116", "the receipt's file name says something else than the receipt")
    return receipt


_SIGNATURE_CODES = {
    "ECQS-4021": ("ECQS-5103", "the signature's algorithm is not one we accept"),
    "ECQS-4023": ("ECQS-5102", "the signature file is not a signature envelope"),
    "ECQS-4024": ("ECQS-5104", "the signature's key is not one we trust"),
    "ECQS-4025": ("ECQS-5105", "the signature does not fit the receipt"),
}


def _opened(data: bytes, trust: Trust) -> Verified:
    try:
        members = read_zip(data, (RECEIPT_FILE, RECEIPT_SIGNATURE_FILE), limits=_LIMITS)
    except Terminal as error:
        raise _Refused("ECQS-5101", error.message) from error
    if len(members) != 2:
        raise _Refused("ECQS-5101", "the package lacks the receipt or its signature")
    try:
        return trust.verify(members[RECEIPT_FILE], members[RECEIPT_SIGNATURE_FILE])
    except Terminal as error:
        raise _Refused(*_SIGNATURE_CODES[error.code]) from error


def _document(verified: Verified, schema: Schema | None) -> Receipt:
    try:
        receipt = read_receipt(verified.data, schema=schema)
    except Terminal as error:
        raise _Refused("ECQS-5106", error.message) from error
    if (receipt.signature, receipt.key) != (verified.algorithm, verified.key_id):
        raise _Refused("ECQS-5105", "the receipt names another key than the one that signed it")
    return receipt


def _about(receipt: Receipt, name: RemoteReceipt, sent: Sent | None, issuer: str) -> Sent:
    if sent is None:
        raise _Refused("ECQS-5108", "we have sent no batch of this id")
    if receipt.issuer != issuer:
        raise _Refused("ECQS-5107", "the receipt is issued by someone else than headquarters")
    if (receipt.batch, receipt.unit, receipt.kind, receipt.sequence) != (
        sent.id,
        sent.unit,
        sent.kind,
        sent.sequence,
    ):
        raise _Refused("ECQS-5108", "the receipt is about another batch")
    if (receipt.batch, receipt.level) != (str(name.batch), name.level):
        raise _Refused("ECQS-5116", "the receipt's file name says something else than the receipt")
    return sent


def _parts(receipt: Receipt, sent: Sent) -> None:
    # A package headquarters could not open has neither manifest nor parts to name; nothing else may be silent on them.
    unread = receipt.level is Level.REJECTED and receipt.manifest is None and not receipt.parts
    if unread:
        return
    if receipt.manifest != sent.manifest_digest:
        raise _Refused("ECQS-5109", "the receipt is about another manifest than the one we sent")
    pairs = {(part.name, part.digest_algorithm, part.digest) for part in receipt.parts}
    if pairs != sent.parts or len(receipt.parts) != len(sent.parts):
        raise _Refused("ECQS-5110", "the receipt's parts and digests are not those we sent")


def _records(receipt: Receipt, sent: Sent) -> None:
    counts, named = receipt.counts, [item for item in receipt.rejections if item.key is not None]
    if counts is not None and counts.records != sent.records:
        raise _Refused("ECQS-5111", "the receipt counts another number of records than we sent")
    if receipt.level is Level.VALIDATED and counts is not None and len(named) not in (0, counts.invalid):
        raise _Refused("ECQS-5111", "the receipt names another number of invalid records than it counts")
    if not named and receipt.level is not Level.LOADED:
        return
    versions = sent.versions()
    refused = pl.DataFrame(
        {"key": [item.key for item in named], "version": [item.version for item in named]},
        schema={"key": pl.String, "version": pl.String},
    )
    # A record named twice matches one row only, so it fails here too.
    if versions.join(refused, on=["key", "version"], how="semi").height != len(named):
        raise _Refused("ECQS-5115", "the receipt refuses a record that is not in the batch, or one twice")
    if receipt.level is not Level.LOADED:
        return
    loaded = versions.join(refused, on=["key", "version"], how="anti", maintain_order="left")["version"]
    if hashlib.sha256("".join(loaded.to_list()).encode("ascii")).hexdigest() != receipt.loaded_digest:
        raise _Refused("ECQS-5112", "the digest of what was loaded is not that of the records we sent")


def _level(receipt: Receipt, sent: Sent, digests: set[str]) -> bool:
    """Say whether this is a receipt we have already; refuse it when it contradicts one, or comes too early.

    Headquarters numbers its receipts without gaps: one that is right in all else but has no higher number than the
    level it follows was made before that level was reached.
    """
    level = receipt.level
    if level in sent.held:
        if sent.held[level] in digests:
            return True
        raise _Refused("ECQS-5114", "another receipt of this level was accepted before")
    if follows(sent.state, level):
        if receipt.number <= sent.last_number:
            raise _Refused("ECQS-5117", "the receipt was issued before the one of the level before it")
        return False
    if sent.state.final or level in (Level.RECEIVED, Level.REJECTED):
        raise _Refused("ECQS-5114", f"the batch is {sent.state} already")
    raise _Refused("ECQS-5113", "the receipt of the level before has not come yet", wait=True)
