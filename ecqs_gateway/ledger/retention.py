"""What the retention may remove and what not, as the ledger knows it.

The ledger says first that something is gone, in a small transaction with its entry in the evidence chain; the files go
after it. Whatever is unsettled is not touched: rows that were not processed, whose records are on their way, were
refused with their batch and are still owed, or that an open dead letter points to; and everything of a lane that is
held. Record versions, accepted receipts, manifests and evidence have no place here.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import (
    attempt,
    batch,
    content_bundle,
    correction,
    dead_letter,
    extraction,
    lane,
    receipt,
    record_version,
    run,
    run_count,
)
from ecqs_gateway.ledger.tables_audits import audit_arrival, audit_message, audit_paper
from ecqs_gateway.ledger.tables_rules import enquiry

__all__ = ["CLASSES", "Class", "Doomed", "live_files", "prune_some", "pruned_files", "removed_at"]

_UNSETTLED = ("sealed", "sent", "received", "validated")
_LETTERS_DONE = ("resolved", "corrected", "discarded")


@dataclass(frozen=True)
class Doomed:
    """One thing that may go: its key in the ledger, its files in the stage, and a text that stands for it in proofs."""

    key: Any
    files: tuple[str, ...]
    stands_for: str


@dataclass(frozen=True)
class Class:
    """One class of the retention; ``before`` is always an ISO time, in the zone the ledger writes."""

    doomed: Callable[[sa.Connection, str, int], list[Doomed]]
    """Gives at most so many things of before that time that may go."""
    mark: Callable[[sa.Connection, Sequence[Doomed], str], None]
    """Writes into the ledger that they are gone."""
    kept: Callable[[sa.Connection, str], Counter[str]]
    """Counts what is as old and stays, by why."""


def prune_some(database: Database, name: str, before: str, limit: int, *, clock: Clock) -> list[Doomed]:
    """Mark at most ``limit`` things of a class as gone, in one transaction with their evidence, and give them.

    Their files still lie there. Gives nothing when there is nothing left to do.
    """
    chosen = CLASSES[name]
    with database.write() as connection:
        found = chosen.doomed(connection, before, limit)
        if found:
            chosen.mark(connection, found, clock().isoformat())
            listed = "\n".join(sorted(each.stands_for for each in found))
            facts = {"count": len(found), "before": before, "digest": hashlib.sha256(listed.encode()).hexdigest()}
            evidence.append(connection, "pruned", name.replace("_", " "), facts, clock=clock)
    return found


def removed_at(database: Database, name: str) -> str | None:
    """Give when the file of that name was removed from the stage under the retention; None where it was not."""
    quoted = json.dumps(name, ensure_ascii=False)
    marks = extraction.c.files.contains(quoted, autoescape=True)
    wanted = (
        sa.select(extraction.c.pruned_at).where(marks, extraction.c.pruned_at.is_not(None)),
        sa.select(batch.c.pruned_at).where(batch.c.package == name, batch.c.pruned_at.is_not(None)),
    )
    with database.read() as connection:
        for statement in wanted:
            found = connection.execute(statement).scalar()
            if found is not None:
                return str(found)
    return None


def live_files(connection: sa.Connection) -> set[str]:
    """Name every file of the stage that a row of the ledger still stands for."""
    names = {name for name, _ in _files_of(connection, extraction.c.pruned_at.is_(None))}
    names |= set(connection.execute(sa.select(batch.c.package).where(batch.c.pruned_at.is_(None))).scalars())
    names |= set(connection.execute(sa.select(receipt.c.file)).scalars())
    for column in (audit_arrival.c.file, audit_message.c.file, audit_paper.c.file):
        names |= set(connection.execute(sa.select(column).where(column.is_not(None))).scalars())
    names |= set(connection.execute(sa.select(enquiry.c.answer).where(enquiry.c.answer.is_not(None))).scalars())
    return names | set(connection.execute(sa.select(content_bundle.c.file)).scalars())


def pruned_files(connection: sa.Connection) -> set[str]:
    """Name the files that should be gone: what a crash between ledger and stage left is removed by the next run."""
    names = {name for name, _ in _files_of(connection, extraction.c.pruned_at.is_not(None))}
    return names | set(connection.execute(sa.select(batch.c.package).where(batch.c.pruned_at.is_not(None))).scalars())


def _files_of(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Iterator[tuple[str, str]]:
    for (text,) in connection.execute(sa.select(extraction.c.files).where(where)):
        for file in StagedFile.many_from_json(text).values():
            yield file.name, file.content


_OF_BATCH = sa.and_(batch.c.lane_id == record_version.c.lane_id, batch.c.sequence == record_version.c.sequence)


def _owed() -> sa.ColumnElement[bool]:
    """Say of a record version in a refused batch that nothing newer of its record was sent: a release needs it."""
    newer = record_version.alias()
    return ~sa.exists().where(
        newer.c.lane_id == record_version.c.lane_id,
        newer.c.key == record_version.c.key,
        newer.c.sequence > record_version.c.sequence,
    )


def _held(lane_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return lane_id.in_(sa.select(lane.c.id).where(lane.c.held_reason.is_not(None)))


def _why_rows_stay() -> dict[str, sa.ColumnElement[bool]]:
    """Give the conditions under which the rows of an extraction are still needed."""
    versions = sa.select(record_version.c.extraction_id).join(batch, _OF_BATCH)
    letters = sa.select(dead_letter.c.extraction_id).where(dead_letter.c.extraction_id.is_not(None))
    proposed = sa.select(correction.c.dead_letter_id).where(correction.c.state == "proposed")
    return {
        "not processed": extraction.c.state == "stored",
        "lane held": _held(extraction.c.lane_id),
        "batch not settled": extraction.c.id.in_(versions.where(batch.c.state.in_(_UNSETTLED))),
        "refused and not released": extraction.c.id.in_(versions.where(batch.c.state == "rejected", _owed())),
        "open dead letters": extraction.c.id.in_(letters.where(dead_letter.c.state == "open")),
        "correction proposed": extraction.c.id.in_(letters.where(dead_letter.c.id.in_(proposed))),
    }


def _old_rows(before: str) -> sa.ColumnElement[bool]:
    return sa.and_(extraction.c.created_at < before, extraction.c.pruned_at.is_(None))


def _doomed_rows(connection: sa.Connection, before: str, limit: int) -> list[Doomed]:
    wanted = sa.select(extraction.c.id, extraction.c.files).where(
        _old_rows(before), *(~stays for stays in _why_rows_stay().values())
    )
    found = []
    for number, text in connection.execute(wanted.order_by(extraction.c.id).limit(limit)):
        files = StagedFile.many_from_json(text).values()
        found.append(Doomed(number, tuple(f.name for f in files), f"{number} {' '.join(f.content for f in files)}"))
    return found


def _mark_rows(connection: sa.Connection, found: Sequence[Doomed], moment: str) -> None:
    mine = extraction.c.id.in_([each.key for each in found])
    connection.execute(sa.update(extraction).where(mine).values(pruned_at=moment))


def _kept_rows(connection: sa.Connection, before: str) -> Counter[str]:
    return _first_reasons(connection, sa.select(extraction.c.id).where(_old_rows(before)), _why_rows_stay())


def _first_reasons(
    connection: sa.Connection, old: sa.Select[Any], reasons: dict[str, sa.ColumnElement[bool]]
) -> Counter[str]:
    """Count old things by the first reason for which they stay."""
    first = sa.case(*((stays, sa.literal(why)) for why, stays in reasons.items()), else_=None).label("why")
    inner = old.with_only_columns(first).subquery()
    counted = sa.select(inner.c.why, sa.func.count()).where(inner.c.why.is_not(None)).group_by(inner.c.why)
    return Counter({str(why): int(count) for why, count in connection.execute(counted)})


def _why_packages_stay() -> dict[str, sa.ColumnElement[bool]]:
    owed = sa.exists().where(_OF_BATCH, _owed())
    return {
        "lane held": _held(batch.c.lane_id),
        "not settled": batch.c.state.in_(_UNSETTLED),
        "refused and not released": sa.and_(batch.c.state == "rejected", owed),
    }


def _old_packages(before: str) -> sa.ColumnElement[bool]:
    return sa.and_(sa.func.coalesce(batch.c.settled_at, batch.c.sealed_at) < before, batch.c.pruned_at.is_(None))


def _doomed_packages(connection: sa.Connection, before: str, limit: int) -> list[Doomed]:
    wanted = sa.select(batch.c.id, batch.c.package, batch.c.package_digest).where(
        _old_packages(before), batch.c.settled_at.is_not(None), *(~stays for stays in _why_packages_stay().values())
    )
    return [
        Doomed(number, (name,), f"{number} {bytes(digest).hex()}")
        for number, name, digest in connection.execute(wanted.order_by(batch.c.settled_at, batch.c.id).limit(limit))
    ]


def _mark_packages(connection: sa.Connection, found: Sequence[Doomed], moment: str) -> None:
    mine = batch.c.id.in_([each.key for each in found])
    connection.execute(sa.update(batch).where(mine).values(pruned_at=moment))


def _kept_packages(connection: sa.Connection, before: str) -> Counter[str]:
    return _first_reasons(connection, sa.select(batch.c.id).where(_old_packages(before)), _why_packages_stay())


def _doomed_receipts(connection: sa.Connection, before: str, limit: int) -> list[Doomed]:
    columns = (receipt.c.id, receipt.c.file, receipt.c.digest)
    wanted = sa.select(*columns).where(receipt.c.verdict == "refused", receipt.c.taken_at < before)
    found = connection.execute(wanted.order_by(receipt.c.id).limit(limit)).all()
    numbers = [each.id for each in found]
    # The same bytes may have come under another name, and been believed.
    others = sa.select(receipt.c.file).where(receipt.c.id.not_in(numbers), receipt.c.file.in_([f.file for f in found]))
    shared = set(connection.execute(others).scalars())
    return [
        Doomed(each.id, () if each.file in shared else (each.file,), f"{each.id} {bytes(each.digest).hex()}")
        for each in found
    ]


def _mark_receipts(connection: sa.Connection, found: Sequence[Doomed], moment: str) -> None:
    del moment  # the line itself goes; the evidence chain keeps that it was refused, and why
    connection.execute(sa.delete(receipt).where(receipt.c.id.in_([each.key for each in found])))


def _doomed_letters(connection: sa.Connection, before: str, limit: int) -> list[Doomed]:
    wanted = sa.select(dead_letter.c.id, dead_letter.c.identity).where(
        dead_letter.c.state.in_(_LETTERS_DONE), _old_letters(before), ~_proposed()
    )
    return [
        Doomed(number, (), f"{number} {identity}")
        for number, identity in connection.execute(wanted.order_by(dead_letter.c.id).limit(limit))
    ]


def _old_letters(before: str) -> sa.ColumnElement[bool]:
    payload = sa.or_(dead_letter.c.source.is_not(None), dead_letter.c.mapped.is_not(None))
    return sa.and_(sa.func.coalesce(dead_letter.c.resolved_at, dead_letter.c.created_at) < before, payload)


def _proposed() -> sa.ColumnElement[bool]:
    proposed = sa.select(correction.c.dead_letter_id).where(correction.c.state == "proposed")
    return dead_letter.c.id.in_(proposed)


def _mark_letters(connection: sa.Connection, found: Sequence[Doomed], moment: str) -> None:
    del moment
    numbers = [each.key for each in found]
    connection.execute(sa.update(dead_letter).where(dead_letter.c.id.in_(numbers)).values(source=None, mapped=None))
    decided = sa.and_(correction.c.dead_letter_id.in_(numbers), correction.c.state != "proposed")
    connection.execute(sa.update(correction).where(decided).values(changes="{}"))


def _kept_letters(connection: sa.Connection, before: str) -> Counter[str]:
    reasons = {"open": dead_letter.c.state == "open", "correction proposed": _proposed()}
    return _first_reasons(connection, sa.select(dead_letter.c.id).where(_old_letters(before)), reasons)


def _doomed_attempts(connection: sa.Connection, before: str, limit: int) -> list[Doomed]:
    wanted = (
        sa.select(attempt.c.id, attempt.c.batch_id, attempt.c.at, attempt.c.outcome)
        .join(batch, batch.c.id == attempt.c.batch_id)
        .where(attempt.c.at < before, batch.c.state.not_in(_UNSETTLED))
        .order_by(attempt.c.id)
        .limit(limit)
    )
    return [Doomed(each.id, (), " ".join(map(str, each))) for each in connection.execute(wanted)]


def _mark_attempts(connection: sa.Connection, found: Sequence[Doomed], moment: str) -> None:
    del moment
    connection.execute(sa.delete(attempt).where(attempt.c.id.in_([each.key for each in found])))


def _kept_attempts(connection: sa.Connection, before: str) -> Counter[str]:
    old = sa.select(attempt.c.id).join(batch, batch.c.id == attempt.c.batch_id).where(attempt.c.at < before)
    return _first_reasons(connection, old, {"batch not settled": batch.c.state.in_(_UNSETTLED)})


def _doomed_runs(connection: sa.Connection, before: str, limit: int) -> list[Doomed]:
    counted = sa.exists().where(run_count.c.run_id == run.c.id)
    wanted = sa.select(run.c.id).where(run.c.ended_at < before, run.c.state != "running", counted)
    found = connection.execute(wanted.order_by(run.c.id).limit(limit)).scalars().all()
    lines: dict[str, list[str]] = {number: [] for number in found}
    for line in connection.execute(sa.select(run_count).where(run_count.c.run_id.in_(found))):
        lines[line.run_id].append(" ".join(str(value) for value in line[:-1]))  # the last one is the error's text
    return [Doomed(number, (), "; ".join(sorted(each))) for number, each in lines.items()]


def _mark_runs(connection: sa.Connection, found: Sequence[Doomed], moment: str) -> None:
    del moment
    connection.execute(sa.delete(run_count).where(run_count.c.run_id.in_([each.key for each in found])))


def _kept_runs(connection: sa.Connection, before: str) -> Counter[str]:
    return _first_reasons(
        connection, sa.select(run.c.id).where(run.c.started_at < before), {"not finished": run.c.state == "running"}
    )


def _nothing(connection: sa.Connection, before: str) -> Counter[str]:
    del connection, before
    return Counter()


CLASSES: dict[str, Class] = {
    "extractions": Class(_doomed_rows, _mark_rows, _kept_rows),
    "packages": Class(_doomed_packages, _mark_packages, _kept_packages),
    "receipts": Class(_doomed_receipts, _mark_receipts, _nothing),
    "dead_letters": Class(_doomed_letters, _mark_letters, _kept_letters),
    "attempts": Class(_doomed_attempts, _mark_attempts, _kept_attempts),
    "runs": Class(_doomed_runs, _mark_runs, _kept_runs),
}
"""The classes of the retention that live in the ledger, by their names in connectors/national.yaml."""
