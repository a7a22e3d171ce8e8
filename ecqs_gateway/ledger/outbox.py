"""The second of the two transactions: record versions and the batch that carries them appear together.

Sending reads only this outbox. The exact bytes of a package lie in the stage before the batch row is committed; a
resend is the same bytes under the same id.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway import __version__
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger import corrections, crossing, dead_letters, evidence, extractions, facts, lanes, runs
from ecqs_gateway.ledger.bulk import insert_frame
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.letter_keys import LetterKeys
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import attempt, batch, extraction, finding, lane, record_version

__all__ = [
    "Attempt",
    "Outgoing",
    "Prepared",
    "ToSend",
    "commit_prepared",
    "count_unsent",
    "count_unsettled",
    "insert_batches",
    "manifest_before",
    "record_attempt",
    "take_sequences",
    "to_send",
]

_UNSENT = "sealed"
_UNANSWERED = ("sent", "received", "validated")


@dataclass(frozen=True)
class Outgoing:
    """A sealed batch: what the ledger must know to send it, and to check its receipts."""

    id: str
    sequence: int
    records: int
    destination: str
    manifest: bytes
    manifest_digest: bytes
    parts: str
    package: StagedFile


@dataclass(frozen=True)
class Prepared:
    """Everything that one extraction turned into, to be committed at once.

    ``versions`` has ``key``, ``sequence``, ``digest`` and ``previous`` (hex), ``position``, ``ordering``,
    ``source_row`` and ``source_key``, and may have ``facts`` (JSON of what rules look back at) and ``link``
    (certificate the case replaces), and for the report ``fact`` and ``replaced`` (labels of the fact classes of the
    version and of the one it replaces); ``findings`` has ``key``, ``sequence``, ``rule``, ``field``, ``message``;
    ``letters`` has the columns of ``dead_letters.SCHEMA``; ``counts`` says what became of the other rows.
    """

    extraction_id: int
    batches: tuple[Outgoing, ...]
    versions: pl.DataFrame
    findings: pl.DataFrame
    letters: pl.DataFrame
    counts: runs.Counts
    passed: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"source_key": pl.String, "digest": pl.String})
    )
    """``source_key`` and ``digest`` of all rows that are good now, sent or unchanged: they resolve old letters."""


def commit_prepared(
    database: Database,
    lease: Lease,
    current: Run,
    prepared: Prepared,
    vault: Vault = dead_letters.PLAIN,
    keys: LetterKeys | None = None,
) -> runs.Counts:
    """Commit batches, record versions, dead letters and findings of one extraction; give the final counts.

    The payloads of new letters are sealed by the vault; ``keys`` remembers from commit to commit of one run what the
    lane's letters are about. Raises Conflict ECQS-3010 (lease lost), ECQS-3014 (sequence
    already used) or ECQS-3030 (a row is unaccounted for): then nothing is written.
    """
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        take_sequences(connection, lease, prepared.batches)
        insert_batches(connection, lease, current, prepared.batches)
        constant = (pl.lit(lease.lane_id).alias("lane_id"), pl.lit(prepared.extraction_id).alias("extraction_id"))
        columns = ["key", "sequence", "digest", "previous", "position", "ordering", "source_row"]
        columns += ["facts"] if "facts" in prepared.versions.columns else []
        booked = facts.book(connection, lease.lane_id, prepared.versions)
        counted = ("fact",) if "fact" in booked.columns else ()
        # In the order of the batches, which is the table's own: only the index by key is written all over.
        insert_frame(connection, record_version, booked.select_seq(*columns, *counted, *constant))
        insert_frame(connection, finding, prepared.findings.with_columns_seq(constant[0]))
        crossing.note_uses(connection, lease.lane_id, prepared.versions)
        new, known, told = _letters(connection, lease, current, prepared, vault, keys)
        known += prepared.counts.dead_known  # rows whose record headquarters refused before: their letter stands
        counts = replace(prepared.counts, dead_new=new, dead_known=known).proven()
        if connection.execute(_PROCESSED, {"number": prepared.extraction_id}).rowcount != 1:
            raise Conflict(
                "ECQS-3015", f"extraction {prepared.extraction_id} was processed already; nothing was written"
            )
        runs.add_counts(connection, current.id, lease.lane_id, replace(counts, extracted=0))
        said = {"counts": {k: v for k, v in counts.__dict__.items() if v}, **told}
        # Last of all: whoever appends makes other workers' appends wait for the commit.
        for sealed in prepared.batches:
            evidence.append(connection, "sealed", sealed.id, _sealed(sealed, prepared), clock=current.clock)
        subject = f"{lease.unit}/{lease.kind}/{prepared.extraction_id}"
        evidence.append(connection, "prepared", subject, said, clock=current.clock)
    return counts


def _letters(
    connection: sa.Connection,
    lease: Lease,
    current: Run,
    prepared: Prepared,
    vault: Vault,
    keys: LetterKeys | None,
) -> tuple[int, int, dict[str, int]]:
    """Book what becomes of dead letters by this extraction: how many are new, how many known, and what to tell."""
    cause = extractions.cause_of(connection, prepared.extraction_id)
    if cause == "correction":
        rows = corrections.Rows(prepared.versions, prepared.passed, prepared.letters)
        told = corrections.book(connection, prepared.extraction_id, rows, current)
        return 0, prepared.letters.height, told
    keys = keys or LetterKeys(lease.lane_id)
    new, known = dead_letters.store(connection, keys, prepared.letters, current, vault=vault, cause=cause)
    refused = prepared.letters["source_key"]
    resolved = dead_letters.resolve(
        connection, keys, prepared.passed, refused=refused, clock=current.clock, cause=cause
    )
    withdrawn = corrections.withdraw_overtaken(connection, lease.lane_id, clock=current.clock)
    return new, known, {"resolved": resolved} | ({"withdrawn": withdrawn} if withdrawn else {})


def take_sequences(connection: sa.Connection, lease: Lease, batches: tuple[Outgoing, ...]) -> None:
    """Take the next sequences of the lane for these batches; raises Conflict ECQS-3014 when they are taken."""
    if not batches:
        return
    first = batches[0].sequence
    if [b.sequence for b in batches] != list(range(first, first + len(batches))):
        raise Conflict("ECQS-3014", "the batches of one commit do not follow one another; nothing was written")
    next_ones = {"next": first + len(batches), "last_manifest": batches[-1].manifest_digest}
    taken = connection.execute(_TAKE, {"lane": lease.lane_id, "first": first, **next_ones})
    if taken.rowcount != 1:
        raise Conflict(
            "ECQS-3014",
            f"sequence {first} of {lease.unit} {lease.kind} is not the next one; nothing was written",
            hint="if the ledger was restored from a backup, compare it with headquarters before sending again",
        )


def insert_batches(connection: sa.Connection, lease: Lease, current: Run, batches: tuple[Outgoing, ...]) -> None:
    """Put sealed batches into the outbox, inside the caller's transaction."""
    rows = [
        {
            "id": sealed.id,
            "lane_id": lease.lane_id,
            "sequence": sealed.sequence,
            "run_id": current.id,
            "records": sealed.records,
            "destination": sealed.destination,
            "bundle": current.bundle,
            "engine": __version__,
            "manifest": sealed.manifest,
            "manifest_digest": sealed.manifest_digest,
            "parts": sealed.parts,
            "package": sealed.package.name,
            "package_digest": bytes.fromhex(sealed.package.digest),
            "package_size": sealed.package.size,
            "state": "sealed",
            "sealed_at": current.clock().isoformat(),
        }
        for sealed in batches
    ]
    if rows:
        connection.execute(batch.insert(), rows)


def _sealed(sealed: Outgoing, prepared: Prepared) -> dict[str, object]:
    return {
        "manifest": sealed.manifest_digest.hex(),
        "package": sealed.package.digest,
        "records": sealed.records,
        "extraction": prepared.extraction_id,
    }


@dataclass(frozen=True)
class ToSend:
    """A batch that waits in the outbox."""

    id: str
    lane_id: int
    unit: str
    kind: str
    sequence: int
    records: int
    destination: str
    package: StagedFile
    attempts: int
    next_attempt_at: str | None


def to_send(database: Database, lane_number: int, *, silent_since: str | None = None) -> list[ToSend]:
    """List the batches of a lane that have not reached headquarters, in sequence order.

    With ``silent_since`` (ISO time) also those sent before that moment which headquarters has not settled: sending
    the same bytes again is how the gateway asks for a receipt that was lost.
    """
    # No time is before the empty text.
    values = {"lane": lane_number, "silent_since": silent_since or ""}
    with database.read() as connection:
        found = connection.execute(_WAITING, values).all()
    return [_to_send(f) for f in found]


def manifest_before(database: Database, lane_number: int, sequence: int) -> str | None:
    """Give the digest (hex) of the manifest of the batch before this sequence; None before the first."""
    wanted = sa.select(batch.c.manifest_digest).where(batch.c.lane_id == lane_number, batch.c.sequence == sequence - 1)
    with database.read() as connection:
        found = connection.execute(wanted).scalar()
    return bytes(found).hex() if found is not None else None


def count_unsettled(database: Database, lane_number: int) -> int:
    """Count the batches of a lane that headquarters has neither loaded nor refused."""
    return _count(database, lane_number, _COUNT_UNSETTLED)


def count_unsent(database: Database, lane_number: int) -> int:
    """Count the batches of a lane that were never sent, as far as is known."""
    return _count(database, lane_number, _COUNT_UNSENT)


def _count(database: Database, lane_number: int, wanted: sa.Select[int]) -> int:
    with database.read() as connection:
        return int(connection.execute(wanted, {"lane": lane_number}).scalar_one())


# Built once: a statement built anew costs several times what running it does, and these run for every batch.
_OF_LANE = batch.c.lane_id == sa.bindparam("lane")
_SILENT = sa.and_(batch.c.state.in_(_UNANSWERED), batch.c.sent_at < sa.bindparam("silent_since"))
_WAITING = (
    sa.select(batch, lane.c.unit, lane.c.kind)
    .join(lane, lane.c.id == batch.c.lane_id)
    .where(_OF_LANE, sa.or_(batch.c.state == _UNSENT, _SILENT))
    .order_by(batch.c.sequence)
)
_COUNT = sa.select(sa.func.count()).select_from(batch).where(_OF_LANE)
_COUNT_UNSENT = _COUNT.where(batch.c.state == _UNSENT)
_COUNT_UNSETTLED = _COUNT.where(batch.c.state.in_((_UNSENT, *_UNANSWERED)))
_PROCESSED = (
    sa.update(extraction)
    .where(extraction.c.id == sa.bindparam("number"), extraction.c.state == "stored")
    .values(state="processed")
)
_TAKE = (
    sa.update(lane)
    .where(lane.c.id == sa.bindparam("lane"), lane.c.next_sequence == sa.bindparam("first"))
    .values(next_sequence=sa.bindparam("next"), previous_manifest=sa.bindparam("last_manifest"))
)
_TRIED = (
    sa.update(batch)
    .where(batch.c.id == sa.bindparam("batch"))
    .values(
        attempts=batch.c.attempts + 1,
        last_error=sa.bindparam("why"),
        next_attempt_at=sa.bindparam("due"),
    )
)
_SENT_AGAIN = _TRIED.values(sent_at=sa.bindparam("moment"))
_SENT = _SENT_AGAIN.where(batch.c.state == _UNSENT).values(state="sent")


def _to_send(found: sa.Row[Any]) -> ToSend:
    package = StagedFile(found.package, bytes(found.package_digest).hex(), found.package_size)
    return ToSend(
        found.id,
        found.lane_id,
        found.unit,
        found.kind,
        found.sequence,
        found.records,
        found.destination,
        package,
        found.attempts,
        found.next_attempt_at,
    )


@dataclass(frozen=True)
class Attempt:
    """What one attempt to send came to: ``outcome`` is sent, transient, terminal or stopped."""

    outcome: str
    error: str | None = None
    next_attempt_at: str | None = None


def record_attempt(database: Database, lease: Lease, current: Run, waiting: ToSend, result: Attempt) -> None:
    """Keep what one attempt to send came to.

    A batch is counted as sent once, however often it is sent again; raises Conflict ECQS-3010 when the lease was lost.
    """
    moment = current.clock().isoformat()
    with database.write() as connection:
        lanes.guard(connection, lease, clock=current.clock)
        values: dict[str, object] = {"batch_id": waiting.id, "run_id": current.id, "at": moment}
        error = redactor.mask(result.error) if result.error else None
        values |= {"outcome": result.outcome, "error": error}
        connection.execute(attempt.insert(), values)
        if result.outcome == "stopped":
            return  # nothing was tried: neither the count nor the last error changes
        changes = {"batch": waiting.id, "why": error, "due": result.next_attempt_at}
        said: dict[str, object] = {"package": waiting.package.digest}
        if result.outcome != "sent":
            connection.execute(_TRIED, changes)
            if result.outcome == "terminal":
                said["code"] = evidence.code_of(result.error)
                evidence.append(connection, "attempt failed", waiting.id, said, clock=current.clock)
            return
        first = connection.execute(_SENT, changes | {"moment": moment}).rowcount == 1
        if first:
            runs.add_counts(connection, current.id, lease.lane_id, runs.Counts(sent=waiting.records))
        else:
            connection.execute(_SENT_AGAIN, changes | {"moment": moment})
        event = "sent" if first else "sent again"
        evidence.append(connection, event, waiting.id, said, clock=current.clock)
