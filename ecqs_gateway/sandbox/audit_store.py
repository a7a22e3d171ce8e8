"""What headquarters keeps of its random inspections: requests, drawn cases, acknowledgements, answers, receipts."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from datetime import date

from ecqs_gateway.sandbox.draw import Drawn
from ecqs_gateway.sandbox.store import Store

__all__ = ["Audit", "AuditStore", "Item"]

_TABLES = (
    """CREATE TABLE IF NOT EXISTS audits (
        id TEXT PRIMARY KEY, unit TEXT NOT NULL, account TEXT NOT NULL, issued TEXT NOT NULL, due TEXT NOT NULL,
        days INTEGER NOT NULL, state TEXT NOT NULL, bytes BLOB NOT NULL, digest TEXT NOT NULL, published REAL,
        demands TEXT NOT NULL, closed TEXT)""",
    """CREATE TABLE IF NOT EXISTS audit_items (
        audit TEXT NOT NULL REFERENCES audits, number INTEGER NOT NULL, kind TEXT NOT NULL, product TEXT NOT NULL,
        key TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (audit, number)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS audit_acknowledgements (
        audit TEXT PRIMARY KEY REFERENCES audits, digest TEXT NOT NULL, verdict TEXT NOT NULL, code TEXT,
        draw TEXT NOT NULL, population TEXT NOT NULL, bytes BLOB NOT NULL, arrived REAL NOT NULL,
        submissions INTEGER NOT NULL DEFAULT 1)""",
    """CREATE TABLE IF NOT EXISTS audit_answers (
        audit TEXT NOT NULL REFERENCES audits, number INTEGER NOT NULL, digest TEXT NOT NULL, outcome TEXT NOT NULL,
        remarks TEXT NOT NULL, bytes BLOB NOT NULL, receipt BLOB NOT NULL, published REAL, arrived REAL NOT NULL,
        submissions INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (audit, number))""",
)


@dataclass(frozen=True)
class Item:
    """A drawn case as headquarters keeps it."""

    number: int
    kind: str
    product: str
    key: str
    version: str


@dataclass(frozen=True)
class Audit:
    """A random inspection; ``state``: open, acknowledged, refused, again, closed."""

    id: str
    unit: str
    account: str
    due: str
    days: int
    state: str
    digest: str
    demands: str
    """JSON: record kind → codes of papers."""


class AuditStore:
    """The tables of random inspections in headquarters' ledger; callers hold the transaction."""

    def __init__(self, store: Store) -> None:
        self.store = store
        for table in _TABLES:
            store.rows(table)

    def next_id(self, unit: str) -> str:
        """Give the id of the unit's next inspection; keep it in the same transaction."""
        found = self.store.rows("SELECT count(*) AS n FROM audits WHERE unit = ?", unit)
        return f"{unit}-audit-{found[0]['n'] + 1:08d}"

    def account_of(self, unit: str) -> str | None:
        """Give the account that brought the unit's last package."""
        found = self.store.rows("SELECT account FROM packages WHERE unit = ? AND bound ORDER BY id DESC LIMIT 1", unit)
        return str(found[0]["account"]) if found else None

    def units(self) -> list[str]:
        """List the units something is held of."""
        return [row["unit"] for row in self.store.rows("SELECT DISTINCT unit FROM holdings WHERE valid ORDER BY unit")]

    def add(self, audit: Audit, *, issued: str, data: bytes, drawn: Drawn) -> None:
        """Keep a request with the exact bytes it is published as."""
        head = (audit.id, audit.unit, audit.account, issued, audit.due, audit.days, audit.state)
        self.store.write_many(
            "INSERT INTO audits (id, unit, account, issued, due, days, state, bytes, digest, demands)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*head, data, audit.digest, audit.demands)],
        )
        items = enumerate(drawn.items, 1)
        self.store.write_many(
            "INSERT INTO audit_items (audit, number, kind, product, key, version) VALUES (?, ?, ?, ?, ?, ?)",
            [(audit.id, number, row.kind, row.product, row.key, row.version) for number, row in items],
        )

    def find(self, audit: str) -> Audit | None:
        """Give an inspection by its id."""
        found = self.store.rows("SELECT * FROM audits WHERE id = ?", audit)
        return _audit(found[0]) if found else None

    def all(self, unit: str | None = None) -> list[Audit]:
        """List the inspections, of one unit or of all."""
        rows = self.store.rows("SELECT * FROM audits WHERE coalesce(?, unit) = unit ORDER BY id", unit)
        return [_audit(row) for row in rows]

    def items(self, audit: str) -> list[Item]:
        """List the drawn cases in order."""
        rows = self.store.rows("SELECT * FROM audit_items WHERE audit = ? ORDER BY number", audit)
        return [Item(row["number"], row["kind"], row["product"], row["key"], row["version"]) for row in rows]

    def move(self, audit: str, state: str, *, due: date | None = None) -> None:
        """Give an inspection its next state, and where it is asked for again its new due date."""
        day = due.isoformat() if due else None
        self.store.write_many("UPDATE audits SET state = ?, due = coalesce(?, due) WHERE id = ?", [(state, day, audit)])

    def acknowledgement(self, audit: str) -> sqlite3.Row | None:
        """Give what the unit acknowledged."""
        found = self.store.rows("SELECT * FROM audit_acknowledgements WHERE audit = ?", audit)
        return found[0] if found else None

    def acknowledge(self, audit: str, said: dict[str, str], digest: str, data: bytes) -> None:
        """Keep the first acknowledgement."""
        values = (said["verdict"], said.get("code"), said["draw"], said["population"])
        self.store.write_many(
            "INSERT INTO audit_acknowledgements (audit, digest, verdict, code, draw, population, bytes, arrived)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(audit, digest, *values, data, time.time())],
        )

    def answer(self, audit: str, number: int) -> sqlite3.Row | None:
        """Give the answer of that number."""
        found = self.store.rows("SELECT * FROM audit_answers WHERE audit = ? AND number = ?", audit, number)
        return found[0] if found else None

    def answers(self, audit: str) -> list[sqlite3.Row]:
        """List the answers to a request."""
        return self.store.rows("SELECT * FROM audit_answers WHERE audit = ? ORDER BY number", audit)

    def add_answer(self, values: tuple[str, int, str, str, str], data: bytes, receipt: bytes) -> None:
        """Keep an answer (audit, number, digest, outcome, remarks as JSON) with the receipt it gets."""
        self.store.write_many(
            "INSERT INTO audit_answers (audit, number, digest, outcome, remarks, bytes, receipt, arrived)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(*values, data, receipt, time.time())],
        )

    def came_again(self, table: str, audit: str, number: int | None = None) -> None:
        """Count that the same bytes came once more; a receipt for them is published once more."""
        again = "submissions = submissions + 1" + (", published = NULL" if number is not None else "")
        which = "audit = ?" if number is None else "audit = ? AND number = ?"
        values = (audit,) if number is None else (audit, number)
        self.store.write_many(f"UPDATE {table} SET {again} WHERE {which}", [values])  # noqa: S608  our own words

    def unpublished(self) -> list[tuple[str, str, str, int, bytes]]:
        """List requests (number 0) and receipts that have still to appear: account, unit, request, number, bytes."""
        rows = self.store.rows(
            "SELECT account, unit, id, 0 AS number, bytes FROM audits WHERE published IS NULL UNION ALL"
            " SELECT a.account, a.unit, a.id, x.number, x.receipt FROM audit_answers x JOIN audits a ON a.id = x.audit"
            " WHERE x.published IS NULL"
        )
        return [(r["account"], r["unit"], r["id"], r["number"], bytes(r["bytes"])) for r in rows]

    def published(self, audit: str, number: int) -> None:
        """Note that a request or a receipt has appeared."""
        if number:
            sql, values = "UPDATE audit_answers SET published = ? WHERE audit = ? AND number = ?", (audit, number)
            self.store.write_many(sql, [(time.time(), *values)])
        else:
            self.store.write_many("UPDATE audits SET published = ? WHERE id = ?", [(time.time(), audit)])


def _audit(row: sqlite3.Row) -> Audit:
    return Audit(
        *(row["id"], row["unit"], row["account"], row["due"], row["days"], row["state"], row["digest"], row["demands"])
    )
