"""The evidence chain: an append-only log in which each entry holds the hash of the one before.

hash = SHA-256 over ``previous hash || length-prefixed UTF-8 of sequence, at, event, subject, facts``. Length
prefixes (8 bytes, big endian) keep two neighbouring texts from being read as one another. An entry is appended in
the same transaction as the step it speaks of, so neither can exist without the other. Which events there are, and
what their facts mean, stands in ``ledger.events``.

A chain proves order and completeness only as far as someone else holds a later hash of it: whoever owns the database
can cut its end off, or write it anew from some entry on. Therefore each batch manifest carries the head, an *anchor*
which headquarters keeps, and ``flaws`` holds a chain against such anchors.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger.tables import evidence

__all__ = ["GENESIS", "Anchor", "Entry", "Walked"]
__all__ += ["append", "code_of", "entries", "entry_hash", "flaws", "head", "line", "lock", "verify", "walk"]

GENESIS = hashlib.sha256(b"ecqs-gateway evidence chain").digest()
"""What the first entry names as its predecessor."""

_CHAIN_LOCK = 7_205_001
"""PostgreSQL advisory lock: appends from several workers happen one after the other."""
_AT_ONCE = 1000
_CODE = re.compile(r"(?:ECQS-[0-9]{4}|HQ-[0-9]{3})(?![0-9])", re.ASCII)


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


@dataclass(frozen=True)
class Anchor:
    """What headquarters holds of a chain: its head when a batch was sealed, and the batch's manifest.

    ``entry`` is None in manifests that were written before they carried it.
    """

    batch: str
    manifest: str
    entry: int | None
    head: str


def entry_hash(entry: Entry) -> bytes:
    """Recompute an entry's hash from its content and its predecessor's hash."""
    digest = hashlib.sha256(entry.previous)
    for text in (str(entry.sequence), entry.at, entry.event, entry.subject, entry.facts):
        data = text.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def code_of(text: str | None) -> str | None:
    """Give the first error code in a message: the one part of it that may stand among the facts."""
    found = _CODE.search(text or "")
    return found[0] if found else None


def lock(connection: sa.Connection) -> None:
    """Let no other worker append until the caller's transaction ends; a write on SQLite excludes them already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})


def append(
    connection: sa.Connection, event: str, subject: str, facts: Mapping[str, object], *, clock: Clock = now
) -> bytes:
    """Append one entry inside the caller's transaction and give its hash, the new head of the chain.

    From here on other workers' appends wait for the commit: append last, after the bulk of the work.
    """
    lock(connection)
    sequence, previous = head(connection)
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    draft = Entry(sequence + 1, clock().isoformat(), event, subject, text, previous, b"")
    values = {**draft.__dict__, "hash": entry_hash(draft)}
    connection.execute(_INSERT, values)
    return bytes(values["hash"])


# Building a statement anew costs several times what running it does, and these run for every step of a batch.
_INSERT = evidence.insert()
_LAST = sa.select(evidence.c.sequence, evidence.c.hash).order_by(evidence.c.sequence.desc()).limit(1)


def head(connection: sa.Connection) -> tuple[int, bytes]:
    """Give the last sequence number and hash; ``(0, GENESIS)`` for an empty chain."""
    last = connection.execute(_LAST).first()
    return (int(last.sequence), bytes(last.hash)) if last else (0, GENESIS)


def entries(connection: sa.Connection) -> Iterator[Entry]:
    """Walk the chain from its first entry, a thousand entries in memory at a time."""
    wanted = sa.select(evidence).order_by(evidence.c.sequence).execution_options(yield_per=_AT_ONCE)
    with connection.execute(wanted) as rows:  # closed also when the walk ends at a bad entry
        for row in rows:
            yield Entry(row.sequence, row.at, row.event, row.subject, row.facts, bytes(row.previous), bytes(row.hash))


def line(entry: Entry) -> str:
    """Write an entry as the one line of JSON it has in an exported chain, without line end."""
    values = {**entry.__dict__, "previous": entry.previous.hex(), "hash": entry.hash.hex()}
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class Walked:
    """What a walk along a chain came to: its length, and what is wrong with it, first things first."""

    length: int
    head: bytes
    flaws: tuple[str, ...]


def walk(chain: Iterable[Entry], anchors: Sequence[Anchor] = ()) -> Walked:
    """Walk a chain to its end, or to its first bad entry, and hold it against anchors.

    Raises nothing: what is wrong stands in ``flaws``, which names the first bad entry.
    """
    count, previous = 0, GENESIS
    wanted = {anchor.entry for anchor in anchors if anchor.entry is not None}
    loose = {anchor.head for anchor in anchors if anchor.entry is None}
    hashes = {0: GENESIS.hex()} if 0 in wanted else {}
    seen = {GENESIS.hex()} & loose
    sealed: dict[tuple[str, str], int] = {}
    for entry in chain:
        count += 1
        why = _why(entry, count, previous)
        if why is not None:
            return Walked(count - 1, previous, (f"entry {count} is the first bad one: {why}",))
        previous = entry.hash
        if count in wanted:
            hashes[count] = entry.hash.hex()
        if loose and entry.hash.hex() in loose:
            seen.add(entry.hash.hex())
        if anchors and entry.event == "sealed":
            sealed[entry.subject, json.loads(entry.facts).get("manifest", "")] = count
    return Walked(count, previous, tuple(flaws(anchors, hashes, seen, sealed, length=count)))


def _why(entry: Entry, count: int, previous: bytes) -> str | None:
    if entry.sequence != count:
        return f"entry {entry.sequence} stands at its place"
    if entry.previous != previous:
        return "it does not name the hash of the entry before it"
    if entry.hash != entry_hash(entry):
        return "its hash is not that of its content"
    return None


def flaws(
    anchors: Sequence[Anchor],
    hashes: Mapping[int, str],
    seen: set[str],
    sealed: Mapping[tuple[str, str], int],
    *,
    length: int,
) -> Iterator[str]:
    """Say what anchors have against a chain that holds in itself: a tail cut off, or another chain from some entry on.

    ``hashes`` are the chain's by entry number, ``seen`` the heads found of anchors without a number, ``sealed`` the
    entries that speak of a batch and its manifest. Only the first flaw of each sort is told.
    """
    good = 0
    for anchor in sorted(anchors, key=lambda a: (a.entry or 0, a.batch)):
        if anchor.entry is None:
            if anchor.head not in seen:
                yield f"the head that batch {anchor.batch} carried stands nowhere in this chain"
                return
        elif anchor.entry > length:
            yield (
                f"entry {length + 1} is missing: the chain ends at entry {length}, but batch {anchor.batch} "
                f"was sealed when it had {anchor.entry}"
            )
            return
        elif hashes[anchor.entry] != anchor.head:
            yield (
                f"entry {anchor.entry} is not the one batch {anchor.batch} was sealed on: the chain was written anew "
                f"from some entry between {good + 1} and {anchor.entry} on"
            )
            return
        else:
            good = max(good, anchor.entry)
    for anchor in anchors:
        at = sealed.get((anchor.batch, anchor.manifest))
        if at is None or at <= (anchor.entry or 0):
            yield (
                f"entry {length + 1} is missing, or the chain was written anew from some entry after {good} on: "
                f"nothing speaks of the sealing of batch {anchor.batch}, which headquarters has"
            )
            return


def verify(connection: sa.Connection, anchors: Sequence[Anchor] = ()) -> int:
    """Walk the whole chain and give its length; raises Conflict ECQS-3020 naming the first bad entry."""
    walked = walk(entries(connection), anchors)
    if walked.flaws:
        raise Conflict(
            "ECQS-3020",
            f"the evidence chain does not hold: {walked.flaws[0]}",
            hint="keep the database as it is, restore a backup beside it and compare the two",
        )
    return walked.length
