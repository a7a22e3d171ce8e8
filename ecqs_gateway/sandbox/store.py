"""Headquarters' ledger: one SQLite file in WAL mode, written by one process and readable by anyone meanwhile.

Every change of state is one transaction together with the receipt it gives rise to, so that after a kill there is
either neither or both. Receipt numbers are gap-free because a number is taken in the transaction that keeps it.
Queries for judges and screens are in ``query``; this module is what headquarters itself needs.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ecqs_gateway.sandbox.judge import RecordVerdict
from ecqs_gateway.sandbox.package import Arrival, Manifest, Part

__all__ = ["Package", "Pending", "Store", "connect"]

_TABLES = """
CREATE TABLE IF NOT EXISTS packages (
    id INTEGER PRIMARY KEY, batch TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL, sequence INTEGER NOT NULL,
    account TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, manifest TEXT, previous TEXT,
    part_algorithm TEXT, part_digest TEXT, records INTEGER, content TEXT, evidence TEXT,
    bound INTEGER NOT NULL, state TEXT NOT NULL, code TEXT, arrived REAL NOT NULL, settled REAL,
    submissions INTEGER NOT NULL DEFAULT 1);
CREATE UNIQUE INDEX IF NOT EXISTS one_package_per_batch ON packages (batch) WHERE bound;
CREATE UNIQUE INDEX IF NOT EXISTS one_package_per_sequence ON packages (unit, kind, sequence) WHERE bound;
CREATE INDEX IF NOT EXISTS packages_by_content ON packages (batch, digest);
CREATE INDEX IF NOT EXISTS packages_open ON packages (id) WHERE bound AND state IN ('received', 'validated');
CREATE TABLE IF NOT EXISTS versions (
    id INTEGER PRIMARY KEY, package INTEGER NOT NULL REFERENCES packages, position INTEGER NOT NULL,
    unit TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL, previous TEXT,
    action TEXT NOT NULL, flags INTEGER NOT NULL, outcome TEXT NOT NULL, code TEXT, field TEXT, reason TEXT,
    product TEXT, month TEXT);
CREATE INDEX IF NOT EXISTS versions_by_key ON versions (kind, key);
CREATE INDEX IF NOT EXISTS versions_by_package ON versions (package, position);
CREATE TABLE IF NOT EXISTS holdings (
    kind TEXT NOT NULL, key TEXT NOT NULL, unit TEXT NOT NULL, version TEXT NOT NULL, valid INTEGER NOT NULL,
    package INTEGER NOT NULL REFERENCES packages, product TEXT, month TEXT,
    PRIMARY KEY (kind, key, unit)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS doubles (
    kind TEXT NOT NULL, key TEXT NOT NULL, unit TEXT NOT NULL, version TEXT NOT NULL, product TEXT NOT NULL,
    month TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS altered (version TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipts (
    number INTEGER PRIMARY KEY, package INTEGER NOT NULL REFERENCES packages, level TEXT NOT NULL,
    code TEXT NOT NULL DEFAULT '', bytes BLOB NOT NULL, digest TEXT NOT NULL, issued TEXT NOT NULL,
    issues INTEGER NOT NULL DEFAULT 0, UNIQUE (package, level, code));
CREATE INDEX IF NOT EXISTS receipts_by_digest ON receipts (digest);
CREATE TABLE IF NOT EXISTS publications (
    id INTEGER PRIMARY KEY, receipt INTEGER NOT NULL REFERENCES receipts, package INTEGER NOT NULL,
    payload BLOB, due REAL NOT NULL, after_taken INTEGER NOT NULL DEFAULT 0, reversed INTEGER NOT NULL DEFAULT 0,
    done REAL, level TEXT);
CREATE INDEX IF NOT EXISTS publications_open ON publications (due) WHERE done IS NULL;
CREATE TABLE IF NOT EXISTS acts (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, act TEXT NOT NULL, batch TEXT, level TEXT, detail TEXT, orders TEXT);
CREATE TABLE IF NOT EXISTS alarms (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, code TEXT NOT NULL, batch TEXT, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS anchors (
    package INTEGER PRIMARY KEY REFERENCES packages, key TEXT NOT NULL, entry INTEGER, head TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS anchors_by_entry ON anchors (key, entry);
CREATE TABLE IF NOT EXISTS uses (
    package INTEGER NOT NULL REFERENCES packages, unit TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
    number TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS uses_by_number ON uses (number);
CREATE TABLE IF NOT EXISTS enquiries (
    id TEXT PRIMARY KEY, unit TEXT NOT NULL, digest TEXT NOT NULL, asked INTEGER NOT NULL, answered TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS packages_of_inspectors ON packages (id) WHERE kind = 'inspector' AND state = 'loaded';
CREATE TABLE IF NOT EXISTS inspector_lists (
    version INTEGER PRIMARY KEY, issued TEXT NOT NULL, digest TEXT NOT NULL, chain TEXT NOT NULL,
    entries TEXT NOT NULL, "full" BLOB NOT NULL, changes BLOB NOT NULL);
"""


_PLACE = ("product", "month")


@dataclass(frozen=True)
class Package:
    """A package as the ledger knows it; ``bound`` when its batch id is taken by exactly these bytes."""

    id: int
    batch: str
    unit: str
    kind: str
    sequence: int
    account: str
    digest: str
    manifest: str | None
    previous: str | None
    parts: tuple[Part, ...]
    bound: bool
    state: str
    code: str | None
    submissions: int

    @property
    def final(self) -> bool:
        """True when nothing more can happen to it."""
        return self.state in {"loaded", "rejected"}


@dataclass(frozen=True)
class Pending:
    """A receipt that has to appear in an account's folder; ``payload`` is what will appear, true or forged."""

    id: int
    receipt: int
    package: Package
    level: str
    payload: bytes
    after_taken: bool
    reversed: bool


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the ledger. A reader never waits for headquarters nor holds it up."""
    uri = f"{path.resolve().as_uri()}{'?mode=ro' if read_only else ''}"
    connection = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


_PACKAGE = "id, batch, unit, kind, sequence, account, digest, manifest, previous, part_algorithm, part_digest"
_PACKAGE = ", ".join(f"p.{name.strip()}" for name in f"{_PACKAGE}, bound, state, code, submissions".split(","))


class Store:
    """The ledger, opened for writing. One thread at a time is in a transaction; others wait."""

    def __init__(self, path: Path) -> None:
        self._db = connect(path)
        self._lock = threading.RLock()
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # as in home.replace_file: for kills, not for power cuts
        self._db.executescript(_TABLES)
        # A home made before receipts could appear under another level's name, or before there were digest trees.
        for table, columns in {"publications": ("level",), "versions": _PLACE, "holdings": _PLACE}.items():
            names = {row["name"] for row in self._db.execute(f"PRAGMA table_info({table})")}
            for column in set(columns) - names:
                self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column} TEXT")

    def close(self) -> None:
        """Close the ledger."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything inside or nothing; an exception undoes it."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # Packages

    def find(self, batch: str, digest: str) -> Package | None:
        """Give the package of that batch id and these bytes; the bound one where there are several."""
        return self._one("p.batch = ? AND p.digest = ? ORDER BY p.bound DESC, p.id", batch, digest)

    def refused(self, batch: str, digest: str, code: str) -> Package | None:
        """Give the package of these bytes that was refused for that reason before."""
        return self._one("p.batch = ? AND p.digest = ? AND p.code = ? AND p.state = 'rejected'", batch, digest, code)

    def bound(self, batch: str) -> Package | None:
        """Give the package that holds the batch id."""
        return self._one("p.batch = ? AND p.bound", batch)

    def predecessor(self, package: Package) -> Package | None:
        """Give the bound package just before this one in its sequence."""
        return self._one(
            "p.unit = ? AND p.kind = ? AND p.sequence = ? AND p.bound", package.unit, package.kind, package.sequence - 1
        )

    def next_ready(self) -> Package | None:
        """Give the oldest package that can go a step further: its predecessor is settled or it is the first."""
        return self._one(
            "p.bound AND p.state IN ('received', 'validated') AND (p.sequence = 1 OR EXISTS (SELECT 1 FROM packages q"
            " WHERE q.bound AND q.unit = p.unit AND q.kind = p.kind AND q.sequence = p.sequence - 1"
            " AND q.state IN ('loaded', 'rejected'))) ORDER BY p.id"
        )

    def add_package(self, arrival: Arrival, manifest: Manifest, *, bound: bool, code: str | None = None) -> Package:
        """Enter a package that arrived: ``received`` without a code, ``rejected`` with one."""
        said, part = manifest.attributes, manifest.parts[0] if manifest.parts else None
        now = time.time()
        records = said.get("records", "")
        row = (
            *(arrival.batch, arrival.unit, arrival.kind, arrival.sequence, arrival.account),
            *(arrival.digest, len(arrival.data), manifest.digest, said.get("previous")),
            *(part.algorithm if part else None, part.digest if part else None),
            *(int(records) if records.isdecimal() else None, said.get("content"), said.get("evidence")),
            *(bound, "rejected" if code else "received", code, now, now if code else None),
        )
        cursor = self._db.execute(
            "INSERT INTO packages (batch, unit, kind, sequence, account, digest, size, manifest, previous,"
            " part_algorithm, part_digest, records, content, evidence, bound, state, code, arrived, settled)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        package = self._one("p.id = ?", cursor.lastrowid)
        if package is None:
            raise sqlite3.IntegrityError("the package just entered is not there")
        return package

    def came_again(self, package: Package, account: str) -> None:
        """Count that the same bytes were submitted once more, and where the answer is to go."""
        self._db.execute(
            "UPDATE packages SET submissions = submissions + 1, account = ? WHERE id = ?", (account, package.id)
        )

    def move(self, package: Package, state: str, *, code: str | None = None) -> Package:
        """Give a package its next state."""
        settled = time.time() if state in {"loaded", "rejected"} else None
        self._db.execute(
            "UPDATE packages SET state = ?, code = ?, settled = ? WHERE id = ?", (state, code, settled, package.id)
        )
        return self._one("p.id = ?", package.id) or package

    def _one(self, where: str, *values: object) -> Package | None:
        with self._lock:
            row = self._db.execute(f"SELECT {_PACKAGE} FROM packages p WHERE {where} LIMIT 1", values).fetchone()  # noqa: S608
        return _package(row) if row else None

    # Records

    def add_verdicts(self, package: Package, verdicts: Sequence[RecordVerdict], *, outcome: str = "valid") -> None:
        """Keep what each record of a batch is; the refused ones with code and reason."""
        head = (package.id, package.unit, package.kind)
        self._db.executemany(
            "INSERT INTO versions (package, unit, kind, position, key, version, previous, action, flags, outcome,"
            " code, field, reason, product, month) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *(*head, v.position, v.key, v.version, v.previous, v.action, v.flags),
                    *("refused" if v.code else outcome, v.code, v.field, v.reason, v.product, v.month),
                )
                for v in verdicts
            ),
        )

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Run a query of headquarters' own modules."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def write_many(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Run a statement once per row, inside the transaction at hand."""
        self._db.executemany(sql, rows)

    # Receipts

    def next_number(self) -> int:
        """Give the number of the next receipt; keep it in the same transaction, or it is given again."""
        found = self.rows("SELECT coalesce(max(number), 0) + 1 AS number FROM receipts")
        return int(found[0]["number"])

    def add_receipt(
        self, package: Package, level: str, data: bytes, *, number: int, facts: tuple[str, str, str]
    ) -> None:
        """Keep the exact bytes of a receipt; ``facts``: SHA-256, time of issue, code of the refusal (or empty)."""
        digest, issued, code = facts
        self._db.execute(
            "INSERT INTO receipts (number, package, level, bytes, digest, issued, code) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, package.id, level, data, digest, issued, code),
        )

    def receipts_of(self, package: Package) -> list[sqlite3.Row]:
        """Give the receipts of a package (number, level, code, bytes, issues), oldest first."""
        return self.rows("SELECT * FROM receipts WHERE package = ? ORDER BY number", package.id)

    def receipt_like(self, package: Package, level: str, *, own_unit: bool = False) -> bytes | None:
        """Give some receipt of that level about another batch, of another (or its own) unit where there is one."""
        found = self.rows(
            "SELECT r.bytes FROM receipts r JOIN packages p ON p.id = r.package WHERE p.batch <> ? AND r.level = ?"
            " ORDER BY (p.unit = ?) <> ?, r.number LIMIT 1",
            *(package.batch, level, package.unit, own_unit),
        )
        return bytes(found[0]["bytes"]) if found else None

    def is_receipt(self, digest: str, batch: str, level: str) -> bool:
        """Say whether these are the bytes of a receipt headquarters issued on that level of that batch."""
        found = self.rows(
            "SELECT 1 FROM receipts r JOIN packages p ON p.id = r.package"
            " WHERE r.digest = ? AND p.batch = ? AND r.level = ?",
            *(digest, batch, level),
        )
        return bool(found)

    # Publications: receipts on their way into a folder

    def count_issue(self, number: int) -> int:
        """Count one more issue of a receipt and say which it is, from 1."""
        found = self.rows("UPDATE receipts SET issues = issues + 1 WHERE number = ? RETURNING issues", number)
        return int(found[0]["issues"])

    def latest_due(self, package: Package) -> float:
        """Give the time before which no further receipt of the package may appear, to keep the levels in order."""
        found = self.rows(
            "SELECT coalesce(max(due), 0) AS due FROM publications WHERE package = ? AND done IS NULL"
            " AND NOT after_taken",
            package.id,
        )
        return float(found[0]["due"])

    def publish(self, package: Package, number: int, payload: bytes | None, *, due: float, how: str = "") -> None:
        """Queue a receipt.

        ``how`` is "", "after_taken" (once the first copy has gone), "reversed", or a level under whose name it appears.
        """
        level = how if how in ("validated", "loaded") else None
        self._db.execute(
            "INSERT INTO publications (receipt, package, payload, due, after_taken, reversed, level)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, package.id, payload, due, how == "after_taken", how == "reversed", level),
        )

    def release(self) -> None:
        """Let everything that was put off appear at once."""
        with self._lock:
            self._db.execute("UPDATE publications SET due = 0 WHERE done IS NULL")

    def due(self, now: float) -> list[Pending]:
        """Give what has to appear now, in the order of issue, reversed batches the other way round once settled."""
        rows = self.rows(
            f"SELECT {_PACKAGE}, x.id AS publication, x.receipt, x.after_taken, x.reversed,"  # noqa: S608
            " coalesce(x.level, r.level) AS level, coalesce(x.payload, r.bytes) AS payload"
            " FROM publications x JOIN receipts r ON r.number = x.receipt"
            " JOIN packages p ON p.id = x.package WHERE x.done IS NULL AND x.due <= ?"
            " AND (NOT x.reversed OR p.state IN ('loaded', 'rejected'))"
            " ORDER BY x.after_taken, CASE WHEN x.reversed THEN -x.receipt ELSE x.receipt END, x.id LIMIT 100",
            now,
        )
        return [
            Pending(
                *(row["publication"], row["receipt"], _package(row), row["level"], bytes(row["payload"])),
                *(bool(row["after_taken"]), bool(row["reversed"])),
            )
            for row in rows
        ]

    def published(self, pending: Pending, *, pause: float = 0.0) -> None:
        """Note that a receipt has appeared; the others of its batch wait for ``pause`` seconds."""
        now = time.time()
        with self.transaction():
            self._db.execute("UPDATE publications SET done = ? WHERE id = ?", (now, pending.id))
            if pause:
                self._db.execute(
                    "UPDATE publications SET due = max(due, ?) WHERE package = ? AND done IS NULL",
                    (now + pause, pending.package.id),
                )

    # What went wrong, and what was done wrong on purpose

    def alarm(self, code: str, detail: str, *, batch: str | None = None) -> None:
        """Keep an alarm for the operator of headquarters."""
        self._db.execute(
            "INSERT INTO alarms (at, code, batch, detail) VALUES (?, ?, ?, ?)", (time.time(), code, batch, detail)
        )

    def log_act(
        self, act: str, *, orders: str, batch: str | None = None, level: str | None = None, detail: str = ""
    ) -> None:
        """Keep what was done wrong on purpose, and under which orders."""
        with self._lock:
            self._db.execute(
                "INSERT INTO acts (at, act, batch, level, detail, orders) VALUES (?, ?, ?, ?, ?, ?)",
                (time.time(), act, batch, level, detail, orders),
            )

    def open_publications(self) -> int:
        """Count the receipts that have still to appear, those waiting for a first copy to be taken left out."""
        return int(self.rows("SELECT count(*) AS n FROM publications WHERE done IS NULL AND NOT after_taken")[0]["n"])

    def count_acts(self, act: str, orders: str) -> int:
        """Count how often an act was done under the orders of that digest."""
        found = self.rows("SELECT count(*) AS n FROM acts WHERE act = ? AND orders = ?", act, orders)
        return int(found[0]["n"])


def _package(row: sqlite3.Row) -> Package:
    parts = (Part("batch.xml.gz", row["part_algorithm"], row["part_digest"]),) if row["part_digest"] else ()
    return Package(
        *(row["id"], row["batch"], row["unit"], row["kind"], row["sequence"], row["account"], row["digest"]),
        *(row["manifest"], row["previous"], parts, bool(row["bound"]), row["state"], row["code"], row["submissions"]),
    )
