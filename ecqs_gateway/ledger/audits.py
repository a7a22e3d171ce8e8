"""Random inspections as the ledger keeps them: what came, what it asks for, where it stands.

A request is entered once, with its cases and the acknowledgement that will be sent, in one transaction; a file that was
taken before changes nothing. What was not believed is kept apart, with the code of the check it failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.dossiers import Outgoing, seal
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables_audits import audit_arrival, audit_case, audit_message, audit_request

__all__ = [
    "OPEN",
    "Arrival",
    "Entered",
    "Row",
    "cases",
    "enter",
    "find",
    "keep_receipt",
    "last_answers",
    "listed",
    "mark_overdue",
]
__all__ += ["mark_routed", "mark_seen", "quarantine", "quarantined", "seen", "to_route", "unanswered"]

OPEN = ("received", "routed", "again")
"""States in which the province has something to do."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """A file out of a unit's audit folder, kept byte for byte, and what was thought of it."""

    unit: str
    name: str
    file: StagedFile
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Entered:
    """What is kept of a request: facts as columns of ``audit_request``, and its cases as those of ``audit_case``."""

    facts: Mapping[str, Any]
    cases: Sequence[Mapping[str, Any]]


def seen(database: Database, unit: str, name: str, digest: str) -> bool:
    """Say whether exactly this file was taken before."""
    same = (audit_arrival.c.unit == unit, audit_arrival.c.name == name, audit_arrival.c.digest == bytes.fromhex(digest))
    with database.read() as connection:
        return connection.execute(sa.select(audit_arrival.c.id).where(*same)).first() is not None


def enter(database: Database, entered: Entered, arrival: Arrival, acknowledgement: Outgoing, *, clock: Clock) -> bool:
    """Enter a request with its cases and its acknowledgement; False when it was entered before and nothing changed."""
    request = str(entered.facts["id"])
    with database.write() as connection:
        evidence.lock(connection)  # two workers may have fetched the same file
        if connection.execute(sa.select(audit_request.c.id).where(audit_request.c.id == request)).first() is not None:
            return False
        connection.execute(audit_request.insert(), dict(entered.facts))
        connection.execute(audit_case.insert(), [{"request_id": request, **case} for case in entered.cases])
        _arrive(connection, arrival, "refused" if arrival.code else "accepted", request, clock)
        seal(connection, acknowledgement, clock=clock)
        facts = {
            "request": arrival.file.digest,
            "verdict": "refused" if arrival.code else "accepted",
            "code": arrival.code,
            "cases": len(entered.cases),
            "unknown": sum(case["unknown"] is not None for case in entered.cases),
            "acknowledgement": acknowledgement.file.digest,
        }
        evidence.append(connection, "audit received", request, facts, clock=clock)
    return True


def quarantine(database: Database, arrival: Arrival, *, clock: Clock) -> None:
    """Keep a file that is not believed; it changes nothing else."""
    with database.write() as connection:
        evidence.lock(connection)
        if not _new(connection, arrival):
            return
        _arrive(connection, arrival, "quarantined", None, clock)
        facts = {"file": arrival.file.digest, "code": arrival.code}
        evidence.append(connection, "audit quarantined", arrival.unit, facts, clock=clock)


def keep_receipt(database: Database, request: str, arrival: Arrival, said: Mapping[str, Any], *, clock: Clock) -> bool:
    """Book a receipt: ``said`` has outcome, number, due and remarks. False when it was booked before.

    A receipt for an answer that is not the last one is kept and changes no state.
    """
    closed = said["outcome"] == "closed"
    last = sa.select(sa.func.max(audit_message.c.number)).where(audit_message.c.request_id == request)
    with database.write() as connection:
        evidence.lock(connection)
        if not _new(connection, arrival):
            return False
        _arrive(connection, arrival, "accepted", request, clock)
        values: Row = {"remarks": json.dumps(said["remarks"], ensure_ascii=False)}
        values |= {"state": "closed", "closed_at": clock().isoformat()} if closed else {"state": "again"}
        values |= {} if closed else {"due": said["due"], "reckoned_due": None, "overdue_at": None, "routed_at": None}
        current = connection.execute(last).scalar() == said["number"]
        if current:
            mine = sa.and_(audit_request.c.id == request, audit_request.c.state == "answered")
            connection.execute(sa.update(audit_request).where(mine).values(values))
        facts = {"receipt": arrival.file.digest, "answer": said["number"], "outcome": said["outcome"]}
        evidence.append(connection, "audit receipt", request, facts, clock=clock)
    return True


def _new(connection: sa.Connection, arrival: Arrival) -> bool:
    same = (
        audit_arrival.c.unit == arrival.unit,
        audit_arrival.c.name == arrival.name,
        audit_arrival.c.digest == bytes.fromhex(arrival.file.digest),
    )
    return connection.execute(sa.select(audit_arrival.c.id).where(*same)).first() is None


def _arrive(connection: sa.Connection, arrival: Arrival, verdict: str, request: str | None, clock: Clock) -> None:
    values = {
        "unit": arrival.unit,
        "name": arrival.name,
        "digest": bytes.fromhex(arrival.file.digest),
        "file": arrival.file.name,
        "verdict": verdict,
        "code": arrival.code,
        "reason": arrival.reason,
        "request_id": request,
        "taken_at": clock().isoformat(),
    }
    connection.execute(audit_arrival.insert(), values)


# -- Routing and deadlines


def to_route(database: Database, unit: str) -> list[Row]:
    """List the requests of a unit the province has not been told of yet, or not that headquarters asks again."""
    return _requests(database, audit_request.c.unit == unit, _untold())


def _untold() -> sa.ColumnElement[bool]:
    return sa.and_(audit_request.c.state.in_(("received", "again")), audit_request.c.routed_at.is_(None))


def mark_routed(database: Database, request: str, place: str, *, clock: Clock) -> None:
    """Note that the province has been told, and where."""
    waiting = sa.and_(audit_request.c.id == request, _untold())
    state = sa.case((audit_request.c.state == "received", "routed"), else_=audit_request.c.state)
    values = {"state": state, "routed_at": clock().isoformat(), "routed_to": place}
    with database.write() as connection:
        evidence.lock(connection)
        if connection.execute(sa.update(audit_request).where(waiting).values(values)).rowcount:
            evidence.append(connection, "audit routed", request, {"to": place.partition(" ")[0]}, clock=clock)


def mark_overdue(database: Database, unit: str | None, today: date, *, clock: Clock) -> list[Row]:
    """Give the requests whose last day has passed with no answer sent; each is kept as evidence the first time."""
    late = (_owed(), audit_request.c.due < today.isoformat())
    mine = (audit_request.c.unit == unit,) if unit is not None else ()
    found = _requests(database, *late, *mine)
    for request in found:
        fresh = sa.and_(audit_request.c.id == request["id"], audit_request.c.overdue_at.is_(None), *late)
        if request["overdue_at"] is None:
            with database.write() as connection:
                evidence.lock(connection)
                noted = sa.update(audit_request).where(fresh).values(overdue_at=clock().isoformat())
                if connection.execute(noted).rowcount:
                    evidence.append(connection, "audit overdue", request["id"], {"due": request["due"]}, clock=clock)
    return found


def _owed() -> sa.ColumnElement[bool]:
    """Say that no answer was made, or that the one made has not got out."""
    waiting = sa.exists().where(
        audit_message.c.request_id == audit_request.c.id,
        audit_message.c.kind == "answer",
        audit_message.c.state == "sealed",
    )
    return sa.or_(audit_request.c.state.in_(OPEN), sa.and_(audit_request.c.state == "answered", waiting))


# -- Reading


def unanswered(database: Database) -> list[Row]:
    """List the requests whose answer is owed, by due date."""
    return _requests(database, _owed())


def listed(database: Database, unit: str | None = None, *, open_only: bool = False) -> list[Row]:
    """List requests by due date, with the number of cases and what is still to be sent of them."""
    where = [audit_request.c.unit == unit] if unit is not None else []
    where += [audit_request.c.state.in_(OPEN)] if open_only else []
    return _requests(database, *where)


def last_answers(database: Database) -> dict[str, str | None]:
    """Give by request when its last answer was sent; None while that one has not got out."""
    table = audit_message.c
    wanted = sa.select(table.request_id, table.sent_at).where(table.kind == "answer").order_by(table.number)
    with database.read() as connection:
        return {row.request_id: row.sent_at for row in connection.execute(wanted)}


def find(database: Database, request: str) -> Row | None:
    """Give a request with its messages; None where there is none of that id."""
    found = _requests(database, audit_request.c.id == request)
    if not found:
        return None
    wanted = sa.select(audit_message).where(audit_message.c.request_id == request).order_by(audit_message.c.id)
    with database.read() as connection:
        found[0]["messages"] = [_plain(row) for row in connection.execute(wanted)]
    return found[0]


def cases(database: Database, request: str) -> list[Row]:
    """List the drawn cases of a request in order."""
    wanted = sa.select(audit_case).where(audit_case.c.request_id == request).order_by(audit_case.c.number)
    with database.read() as connection:
        return [_plain(row) for row in connection.execute(wanted)]


def quarantined(database: Database, unit: str | None = None) -> list[Row]:
    """List the files nobody believed and nobody has looked into yet."""
    wanted = sa.select(audit_arrival).where(audit_arrival.c.verdict == "quarantined", audit_arrival.c.seen_at.is_(None))
    wanted = wanted if unit is None else wanted.where(audit_arrival.c.unit == unit)
    with database.read() as connection:
        return [_plain(row) for row in connection.execute(wanted.order_by(audit_arrival.c.id))]


def mark_seen(database: Database, number: int, by: str, *, clock: Clock) -> bool:
    """Note that a person has looked into a quarantined file; False when there is none of that number."""
    mine = sa.and_(
        audit_arrival.c.id == number, audit_arrival.c.verdict == "quarantined", audit_arrival.c.seen_at.is_(None)
    )
    noted = sa.update(audit_arrival).where(mine).values(seen_at=clock().isoformat())
    with database.write() as connection:
        evidence.lock(connection)
        done = connection.execute(noted.returning(audit_arrival.c.unit, audit_arrival.c.digest)).first()
        if done is not None:
            facts = {"file": bytes(done.digest).hex(), "by": by}
            evidence.append(connection, "audit quarantine seen", done.unit, facts, clock=clock)
    return done is not None


def _requests(database: Database, *where: sa.ColumnElement[bool]) -> list[Row]:
    drawn = sa.select(sa.func.count()).where(audit_case.c.request_id == audit_request.c.id).scalar_subquery()
    unsent = (
        sa.select(sa.func.count())
        .where(audit_message.c.request_id == audit_request.c.id, audit_message.c.state == "sealed")
        .scalar_subquery()
    )
    wanted = sa.select(audit_request, drawn.label("cases"), unsent.label("unsent"))
    with database.read() as connection:
        found = connection.execute(wanted.where(*where).order_by(audit_request.c.due, audit_request.c.id))
        return [_plain(row) for row in found]


def _plain(row: sa.Row[Any]) -> Row:
    """Give a row as a plain mapping, digests as hex text."""
    return {k: bytes(v).hex() if isinstance(v, bytes | memoryview) else v for k, v in row._mapping.items()}  # noqa: SLF001
