"""The evidence chain: an append-only log in which each entry holds the hash of the one before.

hash = SHA-256 over ``previous hash || length-prefixed UTF-8 of sequence, at, event, subject, facts``. Length
prefixes (8 bytes, big endian) keep two neighbouring texts from being read as one another. An entry is appended in
the same transaction as the step it speaks of, so neither can exist without the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger.tables import evidence

__all__ = ["GENESIS", "Entry", "append", "entry_hash", "head", "verify"]

GENESIS = hashlib.sha256(b"ecqs-gateway evidence chain").digest()
"""What the first entry names as its predecessor."""

_CHAIN_LOCK = 7_205_001
"""PostgreSQL advisory lock: appends from several workers happen one after the other."""


@dataclass(frozen=True)
class Entry:
    """One line of the chain; ``facts`` is canonical JSON of digests and counts."""

    sequence: int
    at: str
    event: str
    subject: str
    facts: str
    previous: bytes
    hash: bytes


def entry_hash(entry: Entry) -> bytes:
    """Recompute an entry's hash from its content and its predecessor's hash."""
    digest = hashlib.sha256(entry.previous)
    for text in (str(entry.sequence), entry.at, entry.event, entry.subject, entry.facts):
        data = text.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def append(
    connection: sa.Connection, event: str, subject: str, facts: Mapping[str, object], *, clock: Clock = now
) -> bytes:
    """Append one entry inside the caller's transaction and give its hash, the new head of the chain."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
    sequence, previous = head(connection)
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    draft = Entry(sequence + 1, clock().isoformat(), event, subject, text, previous, b"")
    values = {**draft.__dict__, "hash": entry_hash(draft)}
    connection.execute(evidence.insert(), values)
    return bytes(values["hash"])


def head(connection: sa.Connection) -> tuple[int, bytes]:
    """Give the last sequence number and hash; ``(0, GENESIS)`` for an empty chain."""
    last = connection.execute(
        sa.select(evidence.c.sequence, evidence.c.hash).order_by(evidence.c.sequence.desc()).limit(1)
    ).first()
    return (int(last.sequence), bytes(last.hash)) if last else (0, GENESIS)


def entries(connection: sa.Connection) -> Iterator[Entry]:
    """Walk the chain from its first entry."""
    for found in connection.execute(sa.select(evidence).order_by(evidence.c.sequence)):
        yield Entry(
            found.sequence, found.at, found.event, found.subject, found.facts, bytes(found.previous), bytes(found.hash)
        )


def verify(connection: sa.Connection) -> int:
    """Walk the whole chain and give its length; raises Conflict ECQS-3020 naming the first bad entry."""
    count, previous = 0, GENESIS
    for entry in entries(connection):
        count += 1
        if entry.sequence != count or entry.previous != previous or entry.hash != entry_hash(entry):
            raise Conflict(
                "ECQS-3020",
                f"the evidence chain does not hold at entry {entry.sequence}, where entry {count} was expected",
                hint="keep the database as it is, restore a backup beside it and compare the two",
            )
        previous = entry.hash
    return count
