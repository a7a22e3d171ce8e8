"""Dossiers in the ledger: the papers a province adds, and what is sealed and sent in answer to a request.

What is to be sent is stored first, byte for byte, and sent from there however often it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock
from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables_audits import audit_message, audit_paper, audit_request

__all__ = ["Outgoing", "Paper", "answers", "keep_paper", "mark_failed", "mark_sent", "papers", "seal", "seal_answer"]
__all__ += ["unsent"]


@dataclass(frozen=True)
class Outgoing:
    """A message to headquarters and the stage file that holds its exact bytes; ``number`` 0 acknowledges."""

    request: str
    kind: str
    number: int
    file: StagedFile


@dataclass(frozen=True)
class Paper:
    """A demanded or further paper of a case: a file, or with ``absent`` the reason why there is none."""

    number: int
    type: str
    title: str | None = None
    media: str | None = None
    file: StagedFile | None = None
    absent: str | None = None


def keep_paper(database: Database, request: str, paper: Paper, by: str, *, clock: Clock) -> bool:
    """Enter a paper in the place of one of the same case and type; False when exactly this one was there.

    Raises Conflict ECQS-7041 when the request is not open any more.
    """
    mine = sa.and_(
        audit_paper.c.request_id == request, audit_paper.c.number == paper.number, audit_paper.c.type == paper.type
    )
    values = _values(paper) | {"request_id": request, "added_by": by, "added_at": clock().isoformat()}
    with database.write() as connection:
        evidence.lock(connection)
        _require_open(connection, request)
        before = connection.execute(sa.select(audit_paper).where(mine)).first()
        if before is not None and all(_same(getattr(before, n), values[n]) for n in ("digest", "absent", "title")):
            return False
        connection.execute(sa.delete(audit_paper).where(mine))
        connection.execute(audit_paper.insert(), values)
        facts: dict[str, Any] = {"case": paper.number, "type": paper.type, "by": by}
        facts["file"] = paper.file.digest if paper.file else None
        evidence.append(connection, "audit paper", request, facts, clock=clock)
    return True


def _same(one: Any, other: Any) -> bool:
    return bool((bytes(one) if isinstance(one, memoryview) else one) == other)


def _values(paper: Paper) -> dict[str, Any]:
    file = paper.file
    return {
        "number": paper.number,
        "type": paper.type,
        "title": paper.title,
        "media": paper.media,
        "digest": bytes.fromhex(file.digest) if file else None,
        "size": file.size if file else None,
        "file": file.name if file else None,
        "absent": paper.absent,
    }


def papers(database: Database, request: str) -> list[Paper]:
    """List the papers of a request by case and type."""
    order = (audit_paper.c.number, audit_paper.c.type)
    wanted = sa.select(audit_paper).where(audit_paper.c.request_id == request).order_by(*order)
    with database.read() as connection:
        return [
            Paper(
                *(row.number, row.type, row.title, row.media),
                file=StagedFile(row.file, bytes(row.digest).hex(), row.size) if row.file else None,
                absent=row.absent,
            )
            for row in connection.execute(wanted)
        ]


def answers(database: Database, request: str) -> int:
    """Count the answers that were sealed for a request."""
    mine = (audit_message.c.request_id == request, audit_message.c.kind == "answer")
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).where(*mine)).scalar_one())


def seal(connection: sa.Connection, message: Outgoing, *, clock: Clock) -> None:
    """Put a message into the outbox, inside the caller's transaction."""
    values = {
        "request_id": message.request,
        "kind": message.kind,
        "number": message.number,
        "digest": bytes.fromhex(message.file.digest),
        "file": message.file.name,
        "size": message.file.size,
        "state": "sealed",
        "sealed_at": clock().isoformat(),
    }
    connection.execute(audit_message.insert(), values)


def seal_answer(database: Database, message: Outgoing, counts: Mapping[str, int], by: str, *, clock: Clock) -> None:
    """Seal an answer and close the request for further papers; raises Conflict ECQS-7041 when it is not open."""
    with database.write() as connection:
        evidence.lock(connection)
        _require_open(connection, message.request)
        seal(connection, message, clock=clock)
        mine = audit_request.c.id == message.request
        connection.execute(sa.update(audit_request).where(mine).values(state="answered"))
        facts = {"answer": message.number, "package": message.file.digest, "by": by, "counts": dict(counts)}
        evidence.append(connection, "audit answered", message.request, facts, clock=clock)


def _require_open(connection: sa.Connection, request: str) -> None:
    state = connection.execute(sa.select(audit_request.c.state).where(audit_request.c.id == request)).scalar()
    if state not in ("received", "routed", "again"):
        raise Conflict(
            "ECQS-7041",
            f"the request is {state}, so nothing can be added to it or answered",
            where=request,
            hint="`ecqs audits show` says where it stands; it opens again when headquarters asks for more",
        )


def unsent(database: Database, unit: str) -> list[Outgoing]:
    """List what is sealed and not sent of a unit, oldest first."""
    wanted = (
        sa.select(audit_message)
        .join(audit_request, audit_request.c.id == audit_message.c.request_id)
        .where(audit_request.c.unit == unit, audit_message.c.state == "sealed")
        .order_by(audit_message.c.id)
    )
    with database.read() as connection:
        return [
            Outgoing(row.request_id, row.kind, row.number, StagedFile(row.file, bytes(row.digest).hex(), row.size))
            for row in connection.execute(wanted)
        ]


def _mine(message: Outgoing) -> sa.ColumnElement[bool]:
    return sa.and_(
        audit_message.c.request_id == message.request,
        audit_message.c.kind == message.kind,
        audit_message.c.number == message.number,
        audit_message.c.state == "sealed",
    )


def mark_sent(database: Database, message: Outgoing, *, clock: Clock) -> None:
    """Note that headquarters' server has a message; a second note changes nothing."""
    values = {"state": "sent", "sent_at": clock().isoformat(), "last_error": None}
    values["attempts"] = audit_message.c.attempts + 1  # type: ignore[assignment]  # SQL, not a text
    with database.write() as connection:
        evidence.lock(connection)
        if connection.execute(sa.update(audit_message).where(_mine(message)).values(values)).rowcount:
            facts = {"message": message.kind, "answer": message.number, "package": message.file.digest}
            evidence.append(connection, "audit sent", message.request, facts, clock=clock)


def mark_failed(database: Database, message: Outgoing, error: str) -> None:
    """Keep why an attempt failed; the message stays in the outbox."""
    with database.write() as connection:
        values = {"attempts": audit_message.c.attempts + 1, "last_error": error}
        connection.execute(sa.update(audit_message).where(_mine(message)).values(values))
