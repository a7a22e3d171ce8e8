"""Receipts: what headquarters says about a batch, on which level, and in which order the levels may come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import PACKAGE_SUFFIX, BatchId, BatchState, parse_batch_id

__all__ = [
    "RECEIPT_FILE",
    "RECEIPT_SIGNATURE_FILE",
    "Counts",
    "Level",
    "Receipt",
    "ReceiptPart",
    "Rejection",
    "follows",
    "parse_receipt_name",
    "receipt_name",
]

RECEIPT_FILE = "receipt.xml"
RECEIPT_SIGNATURE_FILE = "receipt.sig"

_NAME = re.compile(r"(?P<batch>[^./]+)\.(?P<level>[a-z]+)\.zip", re.ASCII)


class Level(StrEnum):
    """How far headquarters has come with a batch."""

    RECEIVED = "received"
    VALIDATED = "validated"
    LOADED = "loaded"
    REJECTED = "rejected"

    @property
    def state(self) -> BatchState:
        """Give the state a batch has once this receipt is settled."""
        return BatchState(self.value)


_AFTER: dict[BatchState, frozenset[Level]] = {
    # A gateway that died between upload and commit still believes the batch is sealed.
    BatchState.SEALED: frozenset({Level.RECEIVED, Level.REJECTED}),
    BatchState.SENT: frozenset({Level.RECEIVED, Level.REJECTED}),
    BatchState.RECEIVED: frozenset({Level.VALIDATED, Level.REJECTED}),
    BatchState.VALIDATED: frozenset({Level.LOADED}),
    BatchState.LOADED: frozenset(),
    BatchState.REJECTED: frozenset(),
}


def follows(state: BatchState, level: Level) -> bool:
    """Say whether a receipt of this level may come next.

    The order is received → validated → loaded, or rejected instead of received or validated.
    """
    return level in _AFTER[state]


@dataclass(frozen=True)
class ReceiptPart:
    """A part headquarters received, with the digest it computed itself."""

    name: str
    digest_algorithm: str
    digest: str


@dataclass(frozen=True)
class Counts:
    """How many records of the batch; on level validated valid + invalid, on loaded loaded + rejected, give records."""

    records: int
    valid: int | None = None
    invalid: int | None = None
    loaded: int | None = None
    rejected: int | None = None


@dataclass(frozen=True)
class Rejection:
    """One refused record (with key and version) or, without them, the whole batch; ``code`` is ``HQ-nnn``."""

    code: str
    reason: str
    key: str | None = None
    version: str | None = None
    field: str | None = None


@dataclass(frozen=True)
class Receipt:
    """One receipt as headquarters signed it.

    ``number`` is headquarters' own gap-free count of receipts; ``manifest`` the SHA-256 of the manifest.xml it
    received (absent when it could read none); ``loaded_digest`` the SHA-256 over the version digests it loaded, in
    the order of the batch.
    """

    id: str
    level: Level
    batch: str
    unit: str
    kind: str
    sequence: int
    issued: datetime
    issuer: str
    manifest: str | None
    signature: str
    key: str
    number: int
    parts: tuple[ReceiptPart, ...] = ()
    counts: Counts | None = None
    loaded_digest: str | None = None
    rejections: tuple[Rejection, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a receipt that contradicts itself (``Terminal`` ECQS-5191)."""
        if parse_batch_id(self.batch) != BatchId(self.unit, self.kind, self.sequence):
            raise Terminal("ECQS-5191", "the batch id does not fit unit, kind and sequence", where=self.id)
        if self.issued.tzinfo is None:
            raise Terminal("ECQS-5191", "the time of issue has no time zone", where=self.id)
        problem = _CHECKS[self.level](self)
        if problem:
            raise Terminal("ECQS-5191", f"a receipt of level {self.level}: {problem}", where=self.id)


def _received(receipt: Receipt) -> str | None:
    if receipt.counts or receipt.loaded_digest or receipt.rejections:
        return "says more than that the package arrived"
    return _named(receipt)


def _validated(receipt: Receipt) -> str | None:
    counts = receipt.counts
    if counts is None or counts.valid is None or counts.invalid is None:
        return "does not count valid and invalid records"
    if counts.valid + counts.invalid != counts.records:
        return "counts that do not add up"
    return _named(receipt)


def _loaded(receipt: Receipt) -> str | None:
    counts = receipt.counts
    if counts is None or counts.loaded is None or counts.rejected is None:
        return "does not count loaded and rejected records"
    if counts.loaded + counts.rejected != counts.records or counts.rejected != len(receipt.rejections):
        return "counts that do not add up"
    if receipt.loaded_digest is None:
        return "has no digest of what was loaded"
    if any(item.key is None or item.version is None for item in receipt.rejections):
        return "refuses a record without naming it"
    return _named(receipt)


def _rejected(receipt: Receipt) -> str | None:
    if not receipt.rejections:
        return "gives no reason"
    if receipt.loaded_digest is not None:
        return "refuses the batch and loads it"
    return None


def _named(receipt: Receipt) -> str | None:
    if receipt.manifest is None or not receipt.parts:
        return "does not name the manifest and the parts it is about"
    return None


_CHECKS = {
    Level.RECEIVED: _received,
    Level.VALIDATED: _validated,
    Level.LOADED: _loaded,
    Level.REJECTED: _rejected,
}


def receipt_name(batch: str, level: Level) -> str:
    """Give the file name of a receipt: ``<batch id>.<level>.zip``."""
    return f"{parse_batch_id(batch)}.{level}{PACKAGE_SUFFIX}"


def parse_receipt_name(name: str) -> tuple[BatchId, Level]:
    """Read a receipt's file name strictly; raises ``Terminal`` (ECQS-5191) for any other name."""
    found = _NAME.fullmatch(name)
    if found is None or found["level"] not in set(Level):
        raise Terminal("ECQS-5191", "this is not the file name of a receipt")
    return parse_batch_id(found["batch"]), Level(found["level"])
