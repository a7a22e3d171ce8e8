"""What cross-record rules ask of the ledger: certificates by number, cases that replace them, headquarters' answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import batch, lane, record_version
from ecqs_gateway.ledger.tables_rules import certificate_answer, certificate_use, enquiry

__all__ = ["Answered", "Asked", "answers", "certificates", "note_uses", "open_enquiries", "refuse", "settle"]
__all__ += ["store_asked", "uses"]

_CERTIFICATE = "certificate"


def note_uses(connection: sa.Connection, lane_number: int, versions: pl.DataFrame) -> None:
    """Keep which certificate the cases of one commit replace; a newer version of a case takes the place of the older.

    ``versions`` has ``key``, ``sequence`` and, where the kind names certificates, ``link``. What is there of any of
    these keys goes, for a version whose batch was refused as a whole is nobody's previous one.
    """
    if "link" not in versions.columns or versions.is_empty() or versions["link"].dtype != pl.String:
        return
    older = in_values(connection, certificate_use.c.key, versions["key"].to_list())
    connection.execute(sa.delete(certificate_use).where(certificate_use.c.lane_id == lane_number, older))
    if versions["link"].null_count() == versions.height:
        return
    linked = versions.filter(pl.col("link").is_not_null()).unique("key", keep="last", maintain_order=True)
    columns = ("key", pl.col("link").alias("number"), "sequence", pl.lit(lane_number).alias("lane_id"))
    insert_frame(connection, certificate_use, linked.select(columns))


def certificates(database: Database, numbers: Sequence[str]) -> pl.DataFrame:
    """Give the last version this ledger knows of each certificate: ``number`` and ``facts`` (JSON or null)."""
    rv = record_version.c
    with database.read() as connection:
        wanted = (
            sa.select(rv.key, rv.facts)
            .join(lane, lane.c.id == rv.lane_id)
            .join(batch, sa.and_(batch.c.lane_id == rv.lane_id, batch.c.sequence == rv.sequence))
            .where(lane.c.kind == _CERTIFICATE, batch.c.state != "rejected", in_values(connection, rv.key, numbers))
            .order_by(rv.key, batch.c.sealed_at, rv.sequence)
        )
        found = dict(tuple(row) for row in connection.execute(wanted))
    return pl.DataFrame(
        {"number": list(found), "facts": list(found.values())}, schema=dict.fromkeys(("number", "facts"), pl.String)
    )


def uses(database: Database, numbers: Sequence[str]) -> pl.DataFrame:
    """Give every case of this ledger that replaces one of these certificates: ``number``, ``unit``, ``case``."""
    use = certificate_use.c
    with database.read() as connection:
        wanted = (
            sa.select(use.number, lane.c.unit, use.key)
            .join(lane, lane.c.id == use.lane_id)
            .where(in_values(connection, use.number, numbers))
        )
        found = connection.execute(wanted).all()
    return pl.DataFrame(
        [tuple(row) for row in found], schema=dict.fromkeys(("number", "unit", "case"), pl.String), orient="row"
    )


@dataclass(frozen=True)
class Answered:
    """What headquarters said of one certificate for one case; ``facts`` None where it knows no such certificate."""

    number: str
    case: str
    facts: str | None
    uses: tuple[tuple[str, str], ...] = ()
    """Unit and case of every case that replaces it, as headquarters knows it."""


@dataclass(frozen=True)
class Asked:
    """An enquiry that was sent: its id, digest (hex) and what it is about, as number and case."""

    id: str
    unit: str
    digest: str
    about: tuple[tuple[str, str], ...]


def answers(database: Database, unit: str, cases: Sequence[str]) -> list[Answered]:
    """Give what headquarters has said for these cases of a unit."""
    table = certificate_answer.c
    with database.read() as connection:
        wanted = sa.select(table.number, table.case_key, table.facts, table.uses).where(
            table.unit == unit, in_values(connection, table.case_key, cases)
        )
        found = connection.execute(wanted).all()
    return [Answered(row.number, row.case_key, row.facts, _pairs(row.uses)) for row in found]


def store_asked(database: Database, asked: Asked, *, clock: Clock = now) -> None:
    """Keep that headquarters is asked, before it is: an answer to an unknown enquiry is not believed."""
    values = {
        "id": asked.id,
        "unit": asked.unit,
        "asked_at": clock().isoformat(),
        "digest": bytes.fromhex(asked.digest),
        "about": json.dumps(asked.about, ensure_ascii=False),
    }
    with database.write() as connection:
        connection.execute(enquiry.insert(), values)
        facts = {"enquiry": asked.digest, "about": len(asked.about)}
        evidence.append(connection, "enquiry sent", asked.id, facts, clock=clock)


def open_enquiries(database: Database, unit: str) -> dict[str, Asked]:
    """Give the enquiries of a unit that have no answer yet, by id."""
    wanted = sa.select(enquiry).where(enquiry.c.unit == unit, enquiry.c.answered_at.is_(None))
    with database.read() as connection:
        found = connection.execute(wanted).all()
    return {row.id: Asked(row.id, row.unit, bytes(row.digest).hex(), _pairs(row.about)) for row in found}


def settle(database: Database, asked: Asked, told: Iterable[Answered], file: StagedFile, *, clock: Clock = now) -> None:
    """Keep an answer that is believed; what was said for the same case before is replaced."""
    at = clock().isoformat()
    rows = [
        {
            "unit": asked.unit,
            "case_key": one.case,
            "number": one.number,
            "facts": one.facts,
            "uses": json.dumps(one.uses, ensure_ascii=False),
            "enquiry_id": asked.id,
            "answered_at": at,
        }
        for one in told
    ]
    closed = {"answered_at": at, "answer": file.name, "answer_digest": bytes.fromhex(file.digest)}
    table = certificate_answer.c
    with database.write() as connection:
        for row in rows:
            mine = (table.unit == row["unit"], table.case_key == row["case_key"], table.number == row["number"])
            connection.execute(sa.delete(certificate_answer).where(*mine))
        if rows:
            connection.execute(certificate_answer.insert(), rows)
        connection.execute(sa.update(enquiry).where(enquiry.c.id == asked.id).values(closed))
        evidence.append(connection, "enquiry answered", asked.id, {"answer": file.digest}, clock=clock)


def refuse(database: Database, asked: Asked, code: str, file: StagedFile, *, clock: Clock = now) -> None:
    """Keep as evidence that an answer was not believed; the enquiry stays open, for the true one may still come."""
    with database.write() as connection:
        facts = {"answer": file.digest, "reason": code}
        evidence.append(connection, "answer refused", asked.id, facts, clock=clock)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(first), str(second)) for first, second in json.loads(text))
