"""Receipts settle the ledger: what headquarters said of a batch, kept byte for byte, and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.ledger import corrections, dead_letters, evidence, lanes, runs
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.letter_keys import LetterKeys
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import batch, dead_letter, extraction, receipt, record_version

__all__ = ["RETURNED", "Awaited", "Refusal", "Taken", "awaited", "last_number", "levels_taken", "settle"]
__all__ += ["store_refused"]

RETURNED = "returned"
"""Verdict on a true receipt by which headquarters gave a package back: it says nothing of the batch yet."""

_RANK = {"sealed": 0, "sent": 1, "received": 2, "validated": 3, "loaded": 4, "rejected": 4}


@dataclass(frozen=True)
class Awaited:
    """What a receipt for a batch is checked against."""

    id: str
    lane_id: int
    sequence: int
    records: int
    manifest_digest: bytes
    parts: str
    state: str


@dataclass(frozen=True)
class Refusal:
    """A record, or with an empty key the whole batch, that headquarters refused."""

    key: str
    version: str
    code: str
    field: str | None
    reason: str
    source_key: str | None = None
    """Key of the row the record was made of, where that row is still at hand."""


@dataclass(frozen=True)
class Taken:
    """A verified receipt: the facts it states and the stage file that holds its exact bytes."""

    batch_id: str
    level: str
    receipt_id: str
    number: int
    issued_at: str
    name: str
    file: StagedFile
    refusals: Sequence[Refusal] = ()
    returned: bool = False
    """Headquarters gave the package back without taking its batch id, so the batch is still to come."""


def awaited(database: Database, batch_id: str) -> Awaited | None:
    """Give what is known of a batch of ours; None when there is no such batch."""
    names = (batch.c.id, batch.c.lane_id, batch.c.sequence, batch.c.records, batch.c.manifest_digest, batch.c.parts)
    with database.read() as connection:
        found = connection.execute(sa.select(*names, batch.c.state).where(batch.c.id == batch_id)).first()
    if found is None:
        return None
    digest = bytes(found.manifest_digest)
    return Awaited(found.id, found.lane_id, found.sequence, found.records, digest, found.parts, found.state)


def levels_taken(database: Database, batch_id: str) -> dict[str, str]:
    """Give the accepted receipts of a batch: level → hex digest of the receipt's bytes."""
    accepted = (receipt.c.batch_id == batch_id, receipt.c.verdict == "accepted")
    with database.read() as connection:
        found = connection.execute(sa.select(receipt.c.level, receipt.c.digest).where(*accepted)).all()
    return {f.level: bytes(f.digest).hex() for f in found}


def last_number(database: Database, batch_id: str) -> int:
    """Give the highest number headquarters gave an accepted receipt of this batch; 0 where there is none."""
    accepted = (receipt.c.batch_id == batch_id, receipt.c.verdict == "accepted")
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.max(receipt.c.number)).where(*accepted)).scalar() or 0)


def settle(database: Database, lease: Lease, current: Run, taken: Taken) -> runs.Counts:
    """Book a verified receipt: move the batch's state forward, turn national rejections into dead letters.

    A receipt that was booked before changes nothing. A whole batch that headquarters refused holds its lane until a
    person has looked; one it gave back without taking it waits in the outbox again, as the same bytes. Gives what was
    loaded and rejected by this receipt.
    """
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        owner = connection.execute(sa.select(batch).where(batch.c.id == taken.batch_id)).one()
        digest = bytes.fromhex(taken.file.digest)
        # What was given back and has not gone out since cannot have been given back again.
        back = (receipt.c.verdict == RETURNED) & (receipt.c.digest == digest) & (owner.state == "sealed")
        known = (receipt.c.verdict == "accepted") | back
        again = sa.select(receipt.c.id).where(
            receipt.c.batch_id == taken.batch_id, receipt.c.level == taken.level, known
        )
        if connection.execute(again).first() is not None:
            return runs.Counts()
        verdict = RETURNED if taken.returned else "accepted"
        connection.execute(receipt.insert(), _values(taken, lease.unit, verdict, None, current.clock))
        counts = runs.Counts()
        if _RANK[taken.level] > _RANK[owner.state]:
            counts = _advance(connection, lease, current, owner, taken)
        facts = {"level": taken.level, "receipt": taken.file.digest, "number": taken.number}
        evidence.append(connection, "receipt", taken.batch_id, facts, clock=current.clock)
    return counts


def _advance(connection: sa.Connection, lease: Lease, current: Run, owner: sa.Row[Any], taken: Taken) -> runs.Counts:
    changes: dict[str, object] = {"state": taken.level, "last_error": None, "next_attempt_at": None}
    counts = runs.Counts(sent=owner.records if owner.state == "sealed" else 0)
    if taken.level == "loaded":
        refused = _letters(connection, lease.lane_id, owner.sequence, taken)
        dead_letters.store(connection, LetterKeys(lease.lane_id), refused, current)
        _resolve_replaced(connection, lease.lane_id, owner, current)
        if refused.height:
            _resolve_overtaken(connection, lease.lane_id, owner, current)
        changes |= {"rejected": refused.height, "settled_at": current.clock().isoformat()}
        counts += runs.Counts(loaded=owner.records - refused.height, rejected=refused.height)
    elif taken.level == "rejected":
        first = taken.refusals[0] if taken.refusals else None
        reason = f"{first.code} {first.reason[:200]}" if first else "no reason given"
        changes |= {"last_error": reason}
        counts += runs.Counts(rejected=owner.records)
        lanes.hold(
            connection, lease.lane_id, f"headquarters refused batch {taken.batch_id}: {reason}", clock=current.clock
        )
        if taken.returned:
            changes |= {"state": "sealed", "sent_at": None}
        else:
            changes |= {"rejected": owner.records, "settled_at": current.clock().isoformat()}
    connection.execute(sa.update(batch).where(batch.c.id == taken.batch_id).values(**changes))
    runs.add_counts(connection, current.id, lease.lane_id, counts)
    return counts


def _resolve_replaced(connection: sa.Connection, lane_number: int, owner: sa.Row[Any], current: Run) -> None:
    """Resolve what headquarters refused of records that a later batch has now brought.

    A letter that was corrected waits for the source itself: only a version made of a row read there resolves it.
    """
    mine = (record_version.c.lane_id == lane_number, record_version.c.sequence == owner.sequence)
    here = sa.select(record_version.c.key).where(*mine)
    from_source = here.join(extraction, extraction.c.id == record_version.c.extraction_id)
    earlier = sa.select(batch.c.id).where(batch.c.lane_id == lane_number, batch.c.sequence < owner.sequence)
    before = (
        dead_letter.c.lane_id == lane_number,
        dead_letter.c.origin == "headquarters",
        dead_letter.c.batch_id.in_(earlier),
    )
    note = {"state": "resolved", "resolved_at": current.clock().isoformat(), "resolved_by": f"batch {owner.id}"}
    for state, keys in (("open", here), ("corrected", from_source.where(extraction.c.cause == "source"))):
        loaded = sa.update(dead_letter).where(*before, dead_letter.c.state == state, dead_letter.c.key.in_(keys))
        connection.execute(loaded.values(note))
    corrections.withdraw_overtaken(connection, lane_number, clock=current.clock)


def _resolve_overtaken(connection: sa.Connection, lane_number: int, owner: sa.Row[Any], current: Run) -> None:
    """Resolve what headquarters refused of records that a later batch had brought, whose receipt came first."""
    later = sa.select(batch.c.id, batch.c.sequence).where(
        batch.c.lane_id == lane_number, batch.c.sequence > owner.sequence, batch.c.state == "loaded"
    )
    for number, sequence in connection.execute(later.order_by(batch.c.sequence)).all():
        mine = (record_version.c.lane_id == lane_number, record_version.c.sequence == sequence)
        refused = (dead_letter.c.batch_id == owner.id, dead_letter.c.origin == "headquarters")
        note = {"state": "resolved", "resolved_at": current.clock().isoformat(), "resolved_by": f"batch {number}"}
        brought = dead_letter.c.key.in_(sa.select(record_version.c.key).where(*mine))
        connection.execute(sa.update(dead_letter).where(*refused, dead_letter.c.state == "open", brought).values(note))


def _letters(connection: sa.Connection, lane_number: int, sequence: int, taken: Taken) -> pl.DataFrame:
    """Make dead letters of the records headquarters refused, each pointing back to its stored source row."""
    if not taken.refusals:
        return dead_letters.empty()
    mine = (record_version.c.lane_id == lane_number, record_version.c.sequence == sequence)
    names = (record_version.c.key, record_version.c.extraction_id, record_version.c.source_row)
    places = {f.key: (f.extraction_id, f.source_row) for f in connection.execute(sa.select(*names).where(*mine))}
    source_keys = {refusal.key: refusal.source_key for refusal in taken.refusals}
    by_record: dict[tuple[str, str], list[dict[str, str | None]]] = {}
    for refusal in taken.refusals:
        reason = {
            "field": refusal.field,
            "column": None,
            "rule": refusal.code,
            "clause": None,
            "message": refusal.reason,
        }
        by_record.setdefault((refusal.key, refusal.version), []).append(reason)
    letters = [
        {
            "identity": version,
            "origin": "headquarters",
            "key": key,
            "source_key": source_keys.get(key),
            "version": version,
            "batch_id": taken.batch_id,
            "extraction_id": places.get(key, (None, None))[0],
            "source_row": places.get(key, (None, None))[1],
            "reasons": json.dumps(reasons, ensure_ascii=False),
        }
        for (key, version), reasons in by_record.items()
    ]
    return pl.DataFrame(letters, schema=dead_letters.SCHEMA)


def store_refused(
    database: Database, unit: str, taken: Taken, reason: str, *, known_batch: bool, clock: Clock = now
) -> None:
    """Keep a receipt that was not believed, with the reason, as evidence; it changes no state."""
    values = _values(taken, unit, "refused", reason, clock)
    with database.write() as connection:
        same = sa.select(receipt.c.id).where(receipt.c.digest == values["digest"], receipt.c.name == taken.name)
        if connection.execute(same).first() is not None:
            return
        connection.execute(receipt.insert(), values if known_batch else values | {"batch_id": None})
        facts = {"receipt": taken.file.digest, "reason": evidence.code_of(reason)}
        evidence.append(connection, "receipt refused", taken.batch_id or unit, facts, clock=clock)


def _values(taken: Taken, unit: str, verdict: str, reason: str | None, clock: Clock) -> dict[str, object]:
    return {
        "batch_id": taken.batch_id,
        "unit": unit,
        "level": taken.level or None,
        "receipt_id": taken.receipt_id or None,
        "number": taken.number or None,
        "issued_at": taken.issued_at or None,
        "name": taken.name,
        "digest": bytes.fromhex(taken.file.digest),
        "file": taken.file.name,
        "verdict": verdict,
        "reason": reason,
        "taken_at": clock().isoformat(),
    }
