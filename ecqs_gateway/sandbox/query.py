"""Asking headquarters' ledger: for judges in tests, and for ``ecqs sandbox show``. Reads only, from any process."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox import anchors, numbers
from ecqs_gateway.sandbox.home import Home
from ecqs_gateway.sandbox.receipts import receipt_id
from ecqs_gateway.sandbox.store import connect

__all__ = ["Act", "Alarm", "Batch", "Gap", "HeldRecord", "HeldVersion", "IssuedReceipt", "Query"]


@dataclass(frozen=True)
class HeldRecord:
    """What headquarters holds of one business key now; ``valid`` is false once it was invalidated."""

    unit: str
    kind: str
    key: str
    version: str
    valid: bool
    batch: str


@dataclass(frozen=True)
class HeldVersion:
    """One version of a business key that ever came, with what became of it.

    ``outcome``: valid (checked, not loaded yet), loaded, repeated (it was held already), refused, or batch_refused.
    """

    batch: str
    position: int
    unit: str
    kind: str
    key: str
    version: str
    previous: str | None
    action: str
    flags: int
    outcome: str
    code: str | None
    field: str | None


@dataclass(frozen=True)
class IssuedReceipt:
    """A receipt headquarters issued, with its exact bytes; ``issues`` counts how often it was answered with."""

    number: int
    id: str
    batch: str
    level: str
    code: str
    issued: str
    issues: int
    digest: str
    bytes: bytes


@dataclass(frozen=True)
class Batch:
    """A package that came; ``bound`` when it holds the batch id, ``submissions`` how often the same bytes came."""

    batch: str
    unit: str
    kind: str
    sequence: int
    state: str
    code: str | None
    bound: bool
    records: int | None
    manifest: str | None
    digest: str
    submissions: int


@dataclass(frozen=True)
class Gap:
    """Batches that wait for one before them: ``missing`` is the sequence headquarters wants, ``held`` those it has."""

    unit: str
    kind: str
    missing: int
    held: tuple[int, ...]


@dataclass(frozen=True)
class Act:
    """Something headquarters did wrong on command."""

    act: str
    batch: str | None
    level: str | None
    detail: str


@dataclass(frozen=True)
class Alarm:
    """Something headquarters' operator should know: a conflict, a gap, a strange file."""

    code: str
    batch: str | None
    detail: str


class Query:
    """A reader of the ledger in one home; use as a context manager, or ``close``."""

    def __init__(self, home: Path) -> None:
        """Open the ledger; raises Misconfigured ECQS-6056 where no headquarters has ever run."""
        self._home = Home(home)
        if not self._home.database.is_file():
            raise Misconfigured(
                "ECQS-6056",
                "there is no stand-in headquarters in this folder",
                where=str(home),
                hint="set ECQS_SANDBOX to its folder (the demo: `. .demo/env`), or start one: `ecqs sandbox run`",
            )
        self._db = connect(self._home.database, read_only=True)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the ledger."""
        self.close()

    def close(self) -> None:
        """Close the ledger."""
        self._db.close()

    def holdings(self, unit: str | None = None, kind: str | None = None) -> list[HeldRecord]:
        """Give what is held now, by kind, key and unit; of one unit or kind where given."""
        rows = self._rows(
            "SELECT h.unit, h.kind, h.key, h.version, h.valid, p.batch FROM holdings h JOIN packages p"
            " ON p.id = h.package WHERE coalesce(?, h.unit) = h.unit AND coalesce(?, h.kind) = h.kind"
            " ORDER BY h.kind, h.key, h.unit",
            *(unit, kind),
        )
        return [HeldRecord(r["unit"], r["kind"], r["key"], r["version"], bool(r["valid"]), r["batch"]) for r in rows]

    def history(self, key: str, kind: str | None = None) -> list[HeldVersion]:
        """Give every version of a business key that ever came, the refused ones too, in the order they were judged."""
        return self._versions("v.key = ? AND coalesce(?, v.kind) = v.kind", key, kind)

    def look_up(self, key: str) -> list[HeldVersion]:
        """Give the history of a key as a person types it: a certificate number may be spelt in any way."""
        found = self.history(key)
        other = numbers.canonical(key)
        return found if found or other is None else self.history(other)

    def versions(self, batch: str) -> list[HeldVersion]:
        """Give the records of a batch and what became of them, in batch order."""
        return self._versions("p.batch = ?", batch)

    def repeated(self) -> list[HeldVersion]:
        """Give the versions that came a second time in another batch; a gateway that keeps its promise leaves none."""
        return self._versions("v.outcome = 'repeated'")

    def batches(self, unit: str | None = None, kind: str | None = None) -> list[Batch]:
        """Give every package that came, refused ones too, in order of arrival."""
        rows = self._rows(
            "SELECT * FROM packages WHERE coalesce(?, unit) = unit AND coalesce(?, kind) = kind ORDER BY id", unit, kind
        )
        return [
            Batch(
                *(r["batch"], r["unit"], r["kind"], r["sequence"], r["state"], r["code"], bool(r["bound"])),
                *(r["records"], r["manifest"], r["digest"], r["submissions"]),
            )
            for r in rows
        ]

    def receipts(self, batch: str | None = None) -> list[IssuedReceipt]:
        """Give the receipts of a batch, or all, by number."""
        rows = self._rows(
            "SELECT r.*, p.batch FROM receipts r JOIN packages p ON p.id = r.package"
            " WHERE coalesce(?, p.batch) = p.batch ORDER BY r.number",
            batch,
        )
        return [
            IssuedReceipt(
                *(r["number"], receipt_id(r["number"]), r["batch"], r["level"], r["code"], r["issued"], r["issues"]),
                *(r["digest"], bytes(r["bytes"])),
            )
            for r in rows
        ]

    def forgeries(self) -> dict[tuple[str, str], str]:
        """Give what it published that was not the true receipt: (file name, SHA-256) → name of the batch."""
        rows = self._rows(
            "SELECT p.batch, coalesce(x.level, r.level) AS level, x.payload FROM publications x"
            " JOIN receipts r ON r.number = x.receipt JOIN packages p ON p.id = x.package"
            " WHERE x.payload IS NOT NULL AND x.done IS NOT NULL"
        )
        return {(f"{r['batch']}.{r['level']}.zip", hashlib.sha256(r["payload"]).hexdigest()): r["batch"] for r in rows}

    def package(self, batch: str) -> bytes | None:
        """Give the exact bytes that hold a batch id, as they came."""
        rows = self._rows("SELECT digest FROM packages WHERE batch = ? AND bound", batch)
        return self._home.package(rows[0]["digest"]).read_bytes() if rows else None

    def counts(self) -> dict[tuple[str, str, str], int]:
        """Count record versions per (unit, kind, outcome)."""
        rows = self._rows("SELECT unit, kind, outcome, count(*) AS n FROM versions GROUP BY unit, kind, outcome")
        return {(r["unit"], r["kind"], r["outcome"]): r["n"] for r in rows}

    def gaps(self) -> list[Gap]:
        """Give the sequences that wait for a missing batch."""
        rows = self._rows(
            "SELECT p.unit, p.kind, p.sequence, (SELECT coalesce(max(q.sequence), 0) FROM packages q WHERE q.bound AND"
            " q.unit = p.unit AND q.kind = p.kind AND q.state IN ('loaded', 'rejected')) + 1 AS missing"
            " FROM packages p WHERE p.bound AND p.state = 'received' ORDER BY p.unit, p.kind, p.sequence"
        )
        held: dict[tuple[str, str, int], list[int]] = {}
        for row in rows:
            held.setdefault((row["unit"], row["kind"], row["missing"]), []).append(row["sequence"])
        return [Gap(*lane, tuple(found)) for lane, found in held.items() if lane[2] not in found]

    def acts(self, act: str | None = None) -> list[Act]:
        """Give what headquarters did wrong on command, in order."""
        rows = self._rows("SELECT * FROM acts WHERE coalesce(?, act) = act ORDER BY id", act)
        return [Act(r["act"], r["batch"], r["level"], r["detail"]) for r in rows]

    def alarms(self, code: str | None = None) -> list[Alarm]:
        """Give the alarms, in order."""
        rows = self._rows("SELECT * FROM alarms WHERE coalesce(?, code) = code ORDER BY id", code)
        return [Alarm(r["code"], r["batch"], r["detail"]) for r in rows]

    def anchors(self, unit: str | None = None) -> list[dict[str, object]]:
        """Give what headquarters holds of the gateways' evidence chains, in order of arrival, as its export has it."""
        rows = [{name: row[name] for name in anchors.COLUMNS} for row in self._rows(anchors.SELECT, unit)]
        return [row | {"arrived": anchors.moment(row["arrived"])} for row in rows]

    def digest(self) -> str:
        """Give one SHA-256 over all valid holdings: equal for two headquarters that hold the same."""
        total = hashlib.sha256()
        for row in self._db.execute("SELECT * FROM holdings WHERE valid ORDER BY kind, key, unit"):
            # The key is counted off by its length, so that no two different holdings can read the same.
            line = f"{row['kind']} {row['unit']} {row['version']} {len(row['key'])} {row['key']}\n"
            total.update(line.encode())
        return total.hexdigest()

    def faults(self) -> list[str]:
        """Check the ledger against itself; an empty list means that nothing is lost, doubled or half-done."""
        return [text for text, sql in _CHECKS.items() if self._rows(sql)]

    def _versions(self, where: str, *values: object) -> list[HeldVersion]:
        rows = self._rows(
            "SELECT p.batch, v.* FROM versions v JOIN packages p ON p.id = v.package"  # noqa: S608  # our own text
            f" WHERE {where} ORDER BY v.id",
            *values,
        )
        return [HeldVersion(*(row[name] for name in HeldVersion.__dataclass_fields__)) for row in rows]

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()


_CHECKS = {
    "receipt numbers have a gap": """
        SELECT 1 FROM (SELECT count(*) AS n, coalesce(max(number), 0) AS top FROM receipts) WHERE n <> top""",
    "a settled batch lacks a receipt or has one too many": """
        SELECT 1 FROM (SELECT p.id, p.state, (SELECT coalesce(group_concat(level), '') FROM (
            SELECT r.level FROM receipts r WHERE r.package = p.id ORDER BY r.number)) AS levels
            FROM packages p WHERE p.bound)
        WHERE levels <> CASE state WHEN 'received' THEN 'received' WHEN 'validated' THEN 'received,validated'
            WHEN 'loaded' THEN 'received,validated,loaded' ELSE levels END
        OR state = 'rejected' AND levels NOT IN ('rejected', 'received,rejected')""",
    "a loaded batch has another number of records than its manifest says": """
        SELECT 1 FROM packages p WHERE p.state = 'loaded'
        AND p.records <> (SELECT count(*) FROM versions v WHERE v.package = p.id)""",
    "a record of a loaded batch is undecided": """
        SELECT 1 FROM versions v JOIN packages p ON p.id = v.package
        WHERE p.state = 'loaded' AND v.outcome NOT IN ('loaded', 'repeated', 'refused')""",
    "what is held is not the last version loaded": """
        SELECT 1 FROM holdings h WHERE h.version <> (SELECT v.version FROM versions v WHERE v.kind = h.kind
        AND v.key = h.key AND v.unit = h.unit AND v.outcome = 'loaded' ORDER BY v.id DESC LIMIT 1)""",
    "a loaded key is not held": """
        SELECT 1 FROM versions v WHERE v.outcome = 'loaded' AND NOT EXISTS (
        SELECT 1 FROM holdings h WHERE h.kind = v.kind AND h.key = v.key AND h.unit = v.unit)""",
}
