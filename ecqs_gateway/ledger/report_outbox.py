"""Reports on their way to headquarters: stored first, sent as the same bytes, settled by a receipt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables_report import report_message

__all__ = ["Message", "add", "attempted", "last", "listed", "one", "settled", "waiting"]

_UNANSWERED = ("sealed", "sent")


@dataclass(frozen=True)
class Message:
    """One edition of a month's report of a unit."""

    id: str
    unit: str
    month: str
    edition: int
    data_digest: bytes
    records: int
    manifest_digest: bytes
    parts: tuple[tuple[str, str, str], ...]
    package: StagedFile
    state: str = "sealed"
    last_error: str | None = None
    sealed_at: str = ""
    sent_at: str | None = None
    settled_at: str | None = None


def add(database: Database, message: Message, *, clock: Clock = now) -> None:
    """Keep a sealed report; raises Conflict ECQS-8111 when somebody else has just sealed this edition."""
    values = {
        "id": message.id,
        "unit": message.unit,
        "month": message.month,
        "edition": message.edition,
        "data_digest": message.data_digest,
        "records": message.records,
        "manifest_digest": message.manifest_digest,
        "parts": json.dumps(message.parts),
        "package": message.package.name,
        "package_digest": bytes.fromhex(message.package.digest),
        "package_size": message.package.size,
        "state": "sealed",
        "sealed_at": clock().isoformat(),
    }
    facts = {"manifest": message.manifest_digest.hex(), "package": message.package.digest}
    facts |= {"data": message.data_digest.hex()}
    with database.write() as connection:
        same = sa.select(report_message.c.id).where(report_message.c.id == message.id)
        if connection.execute(same).first() is not None:
            hint = "nothing was written; run the same command again"
            raise Conflict("ECQS-8111", "this edition of the report was sealed already", where=message.id, hint=hint)
        connection.execute(report_message.insert(), values)
        evidence.append(connection, "report sealed", message.id, facts, clock=clock)


def waiting(database: Database, unit: str) -> list[Message]:
    """List a unit's reports headquarters has not answered, oldest first."""
    return _read(database, report_message.c.unit == unit, report_message.c.state.in_(_UNANSWERED))


def last(database: Database, unit: str, month: str) -> Message | None:
    """Give the last edition of a month."""
    found = _read(database, report_message.c.unit == unit, report_message.c.month == month)
    return found[-1] if found else None


def one(database: Database, message_id: str) -> Message | None:
    """Give a report by its id."""
    found = _read(database, report_message.c.id == message_id)
    return found[0] if found else None


def listed(database: Database, months: Sequence[str] = ()) -> list[Message]:
    """List all reports, of some months or of all."""
    return _read(database, *((report_message.c.month.in_(months),) if months else ()))


def _read(database: Database, *where: sa.ColumnElement[bool]) -> list[Message]:
    wanted = sa.select(report_message).where(*where).order_by(report_message.c.id)
    with database.read() as connection:
        rows = connection.execute(wanted).all()
    return [
        Message(
            *(
                row.id,
                row.unit,
                row.month,
                row.edition,
                bytes(row.data_digest),
                row.records,
                bytes(row.manifest_digest),
            ),
            tuple((name, algorithm, digest) for name, algorithm, digest in json.loads(row.parts)),
            StagedFile(row.package, bytes(row.package_digest).hex(), row.package_size),
            *(row.state, row.last_error, row.sealed_at, row.sent_at, row.settled_at),
        )
        for row in rows
    ]


def attempted(database: Database, message: Message, error: str | None, *, clock: Clock = now) -> None:
    """Keep what an attempt to send came to; without an error headquarters' server has the package."""
    moment = clock().isoformat()
    mine = report_message.c.id == message.id
    values: dict[str, object] = {"attempts": report_message.c.attempts + 1}
    values["last_error"] = redactor.mask(error) if error else None
    with database.write() as connection:
        connection.execute(sa.update(report_message).where(mine).values(values))
        if error is not None:
            return
        sent = sa.update(report_message).where(mine, report_message.c.state.in_(_UNANSWERED))
        connection.execute(sent.values(state="sent", sent_at=moment))
        evidence.append(connection, "report sent", message.id, {"package": message.package.digest}, clock=clock)


def settled(
    database: Database, message: Message, *, level: str, reason: str | None, file: StagedFile, clock: Clock = now
) -> bool:
    """Book a verified receipt, once; ``level`` is received or rejected. False when it was booked before."""
    values: dict[str, object] = {
        "state": level,
        "settled_at": clock().isoformat(),
        "last_error": redactor.mask(reason) if reason else None,
    }
    values |= {"receipt": file.name, "receipt_digest": bytes.fromhex(file.digest)}
    with database.write() as connection:
        open_ = (report_message.c.id == message.id, report_message.c.state.in_(_UNANSWERED))
        if connection.execute(sa.update(report_message).where(*open_).values(values)).rowcount != 1:
            return False
        facts = {"level": level, "receipt": file.digest, "code": evidence.code_of(reason)}
        told = {name: value for name, value in facts.items() if value}
        evidence.append(connection, "report receipt", message.id, told, clock=clock)
    return True
