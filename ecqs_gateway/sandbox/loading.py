"""Loading a batch into the holdings: the checks that need the ledger, and what is held afterwards.

Runs inside the caller's transaction, so that what a batch finds is what it leaves changed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass

from ecqs_gateway.sandbox.judge import KEY_FIELDS
from ecqs_gateway.sandbox.receipts import RecordRefusal
from ecqs_gateway.sandbox.store import Package, Store

__all__ = ["Loaded", "load", "refusals"]

NATIONAL_KEYS = frozenset({"certificate", "inspector"})
"""Kinds whose business key is one of the whole country; case and result numbers are each unit's own."""

_CANDIDATES = """
SELECT v.position, v.key, v.version, v.previous, v.action, h.version AS held, h.valid,
    EXISTS (SELECT 1 FROM holdings o WHERE o.kind = v.kind AND o.key = v.key AND o.unit <> v.unit AND o.valid)
        AS foreign_held,
    v.previous IS NULL OR EXISTS (SELECT 1 FROM versions w WHERE w.kind = v.kind AND w.key = v.key
        AND w.unit = v.unit AND w.version = v.previous AND w.package <> v.package) AS linked
FROM versions v LEFT JOIN holdings h ON h.kind = v.kind AND h.key = v.key AND h.unit = v.unit
WHERE v.package = ? AND v.outcome = 'valid' ORDER BY v.position
"""
_UNKNOWN_PREVIOUS = ("HQ-203", "上一版本不是本业务主键已报送的版本")
_NO_PREVIOUS = ("HQ-203", "本业务主键已有版本，须注明上一版本")
_FOREIGN = ("HQ-205", "该编号由其他报送单位持有")
_NOTHING_HELD = ("HQ-206", "没有可作废的有效记录")


@dataclass(frozen=True)
class Loaded:
    """What came of a batch: how many records are loaded, and the digest over their versions in batch order."""

    count: int
    digest: str


def load(store: Store, package: Package) -> Loaded:
    """Move the valid records of a batch into the holdings, refusing those the ledger speaks against."""
    changes: list[tuple[object, ...]] = []
    versions: list[str] = []
    for row in store.rows(_CANDIDATES, package.id):
        outcome = _outcome(row, package.kind)
        if isinstance(outcome, tuple):
            field = KEY_FIELDS.get(package.kind) if outcome is _FOREIGN else None
            changes.append(("refused", *outcome, field, package.id, row["position"]))
            continue
        versions.append(row["version"])
        if outcome != "loaded":
            changes.append((outcome, None, None, None, package.id, row["position"]))
    store.write_many(
        "UPDATE versions SET outcome = ?, code = ?, reason = ?, field = ? WHERE package = ? AND position = ?", changes
    )
    store.write_many("UPDATE versions SET outcome = 'loaded' WHERE package = ? AND outcome = 'valid'", [(package.id,)])
    store.write_many(
        "INSERT INTO holdings (kind, key, unit, version, valid, package, product, month)"
        " SELECT kind, key, unit, version, action = 'upsert', package, product, month FROM versions"
        " WHERE package = ? AND outcome = 'loaded' ON CONFLICT (kind, key, unit)"
        " DO UPDATE SET version = excluded.version, valid = excluded.valid, package = excluded.package,"
        " product = excluded.product, month = excluded.month",
        [(package.id,)],
    )
    return Loaded(len(versions), hashlib.sha256("".join(versions).encode()).hexdigest())


def _outcome(row: sqlite3.Row, kind: str) -> str | tuple[str, str]:
    """Give ``loaded``, ``repeated`` (this version is held already: nothing changes), or code and reason."""
    if row["foreign_held"] and kind in NATIONAL_KEYS:
        return _FOREIGN
    if not row["linked"]:
        return _UNKNOWN_PREVIOUS
    if row["action"] == "invalidate":
        if not row["valid"]:
            return _NOTHING_HELD
        return "loaded" if row["previous"] else _NO_PREVIOUS
    if row["held"] == row["version"] and row["valid"]:
        return "repeated"
    return _NO_PREVIOUS if row["held"] and not row["previous"] else "loaded"


def refusals(store: Store, package: Package) -> tuple[RecordRefusal, ...]:
    """Give the records of a batch refused so far, in batch order."""
    rows = store.rows(
        "SELECT key, version, code, reason, field FROM versions WHERE package = ? AND outcome = 'refused'"
        " ORDER BY position",
        package.id,
    )
    return tuple(RecordRefusal(row["code"], row["reason"], row["key"], row["version"], row["field"]) for row in rows)
