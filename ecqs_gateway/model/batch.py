"""A batch and its package: names, states and the facts a manifest states. No XML, no files.

A batch is what one unit sends of one kind at once. Its id says which (``320000-certificate-00000001``) and its
sequence is gap-free from 1 per unit and kind. On the wire it is one ZIP file, the package: ``manifest.xml``, the
signature over the manifest's exact bytes, and the compressed batch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ecqs_gateway.errors import Terminal

__all__ = [
    "BATCH_FILE",
    "DIGEST_ALGORITHMS",
    "MANIFEST_FILE",
    "MAX_SEQUENCE",
    "NAMESPACE",
    "PACKAGE_SUFFIX",
    "SCHEMA_VERSION",
    "SIGNATURE_FILE",
    "Action",
    "BatchHeader",
    "BatchId",
    "BatchState",
    "Manifest",
    "PackagePart",
    "Severity",
    "Signature",
    "make_batch_id",
    "parse_batch_id",
]

NAMESPACE = "urn:ecqs-gateway:exchange:1.0"
"""XML namespace of batch, manifest, receipt and every record."""
SCHEMA_VERSION = "1.0"
"""Version of the exchange schema, the folder of its XSDs under ``schemas/ecqs``."""
MAX_SEQUENCE = 99_999_999
"""Last sequence that fits the eight digits of a batch id."""

PACKAGE_SUFFIX = ".zip"
MANIFEST_FILE = "manifest.xml"
SIGNATURE_FILE = "manifest.sig"
BATCH_FILE = "batch.xml.gz"

DIGEST_ALGORITHMS = ("sha-256", "sm3")
"""Digest algorithms of package parts known to this version; both give 32 bytes, written as 64 hex digits."""

_BATCH_ID = re.compile(r"(?P<unit>[0-9]{6})-(?P<kind>[a-z]+(?:_[a-z]+)*)-(?P<sequence>[0-9]{8})", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CONTENT = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class Action(StrEnum):
    """What headquarters is to do with a record version."""

    UPSERT = "upsert"
    INVALIDATE = "invalidate"


class Severity(StrEnum):
    """What a finding means for its record."""

    REJECT = "reject"
    FLAG = "flag"


class BatchState(StrEnum):
    """How far a batch has come; the last four are the levels of receipts."""

    SEALED = "sealed"
    SENT = "sent"
    RECEIVED = "received"
    VALIDATED = "validated"
    LOADED = "loaded"
    REJECTED = "rejected"

    @property
    def final(self) -> bool:
        """Say whether nothing more can happen to the batch."""
        return self in {BatchState.LOADED, BatchState.REJECTED}


@dataclass(frozen=True, order=True)
class BatchId:
    """The parts of a batch id; ``str()`` gives the id as it is written everywhere."""

    unit: str
    kind: str
    sequence: int

    def __post_init__(self) -> None:
        """Refuse parts that could not be read back from the written id."""
        if not 1 <= self.sequence <= MAX_SEQUENCE:
            raise Terminal("ECQS-4091", f"a batch sequence lies between 1 and {MAX_SEQUENCE}")
        if not _BATCH_ID.fullmatch(str(self)):
            raise Terminal("ECQS-4091", "a batch id is made of a six-digit unit, a record kind and a sequence")

    def __str__(self) -> str:
        """Write the id."""
        return f"{self.unit}-{self.kind}-{self.sequence:08d}"


def make_batch_id(unit: str, kind: str, sequence: int) -> str:
    """Write the id of a batch; raises ``Terminal`` (ECQS-4091) for parts that make no id."""
    return str(BatchId(unit, kind, sequence))


def parse_batch_id(text: str) -> BatchId:
    """Read a batch id strictly: no blanks, no other digits than 0-9, sequence from 1; raises ``Terminal``."""
    found = _BATCH_ID.fullmatch(text)
    if found is None:
        hint = "an id looks like 320000-certificate-00000001"
        raise Terminal("ECQS-4091", "this is not a batch id", hint=hint)
    return BatchId(found["unit"], found["kind"], int(found["sequence"]))


@dataclass(frozen=True)
class BatchHeader:
    """What batch and manifest both state about the batch.

    ``created`` is an aware time; ``content`` is ``sha256:`` and the digest of the content bundle the records were
    mapped and checked with.
    """

    id: str
    unit: str
    kind: str
    sequence: int
    created: datetime
    content: str
    schema: str = SCHEMA_VERSION

    def __post_init__(self) -> None:
        """Refuse a header that contradicts itself."""
        if parse_batch_id(self.id) != BatchId(self.unit, self.kind, self.sequence):
            raise Terminal("ECQS-4092", "the batch id does not fit unit, kind and sequence")
        if self.created.tzinfo is None:
            raise Terminal("ECQS-4092", "the time of creation has no time zone", where="created")
        if not _CONTENT.fullmatch(self.content):
            raise Terminal("ECQS-4092", "the content digest is not sha256: and 64 hex digits", where="content")

    @classmethod
    def of(cls, batch: BatchId, *, created: datetime, content: str) -> BatchHeader:
        """Make the header of a new batch."""
        return cls(str(batch), batch.unit, batch.kind, batch.sequence, created, content)


@dataclass(frozen=True)
class PackagePart:
    """One file of a package: its digest and size as stored, and its size once inflated (bytes)."""

    name: str
    media: str
    digest_algorithm: str
    digest: str
    size: int
    inflated: int

    def __post_init__(self) -> None:
        """Refuse a digest that is none and sizes below zero."""
        if not _HEX.fullmatch(self.digest):
            raise Terminal("ECQS-4092", "a part's digest is not 64 lower-case hex digits", where=self.name)
        if self.size < 0 or self.inflated < 0:
            raise Terminal("ECQS-4092", "a part's size is below zero", where=self.name)


@dataclass(frozen=True)
class Manifest:
    """What a package states about itself; the signature is over the bytes this was written as.

    ``signature`` and ``key`` name the algorithm and the key. ``previous`` is the SHA-256 of the previous batch's
    ``manifest.xml`` of the same unit and kind. ``evidence`` is the head of the gateway's evidence chain when the batch
    was sealed and ``evidence_entry`` the number of that entry: an anchor, which headquarters keeps. Packages sealed
    before there were anchors have neither, or the head alone.
    """

    header: BatchHeader
    engine: str
    records: int
    signature: str
    key: str
    parts: tuple[PackagePart, ...] = field(default=())
    previous: str | None = None
    evidence: str | None = None
    evidence_entry: int | None = None

    def __post_init__(self) -> None:
        """Refuse links that are no digests, and parts of one name."""
        for name, digest in (("previous", self.previous), ("evidence", self.evidence)):
            if digest is not None and not _HEX.fullmatch(digest):
                raise Terminal("ECQS-4092", "this is not 64 lower-case hex digits", where=name)
        if len({part.name for part in self.parts}) != len(self.parts):
            raise Terminal("ECQS-4092", "two parts have one name", where="part")
        if self.records < 0:
            raise Terminal("ECQS-4092", "the number of records is below zero", where="records")
        if self.evidence_entry is not None and (self.evidence is None or self.evidence_entry < 0):
            raise Terminal("ECQS-4092", "the number of an evidence entry goes with its hash", where="evidence-entry")


@dataclass(frozen=True)
class Signature:
    """The content of ``manifest.sig`` and ``receipt.sig``: algorithm, key id, signature in Base64."""

    algorithm: str
    key_id: str
    signature: str
