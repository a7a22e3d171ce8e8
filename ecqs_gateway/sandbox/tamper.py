"""Losing, ageing, altering and doubling what headquarters holds, on command: what reconciliation has to find.

Each act stands in the ledger, for the judge, in the same transaction; so the digest trees kept in memory are made
anew. Runs beside a running headquarters.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox.holdings import Holdings
from ecqs_gateway.sandbox.home import Home
from ecqs_gateway.sandbox.store import Store, connect

__all__ = ["ACTS", "held_keys", "tamper"]

_TEXT = re.compile(r">([^<>]+)</(name|address)>")


def _lose(db: sqlite3.Connection, unit: str, kind: str, key: str, _body: str | None) -> None:
    db.execute("DELETE FROM holdings WHERE unit = ? AND kind = ? AND key = ?", (unit, kind, key))


def _age(db: sqlite3.Connection, unit: str, kind: str, key: str, _body: str | None) -> None:
    """Put the version before in its place, as a restored backup would."""
    versions = "SELECT version, package, product, month FROM versions WHERE unit = ? AND kind = ? AND key = ?"
    versions += " AND outcome = 'loaded' AND action = 'upsert' ORDER BY id DESC LIMIT 1 OFFSET 1"
    found = db.execute(versions, (unit, kind, key)).fetchone()
    if found is None:
        raise _unknown(f"{key} has no version before the one that is held")
    setting = "UPDATE holdings SET version = ?, package = ?, product = ?, month = ?"
    db.execute(f"{setting} WHERE unit = ? AND kind = ? AND key = ?", (*found, unit, kind, key))


def _alter(db: sqlite3.Connection, unit: str, kind: str, key: str, body: str | None) -> None:
    """Change the first name or address in the body, and the version with it."""
    found = _TEXT.search(body or "")
    if body is None or found is None:
        raise _unknown(f"{key} has no body with a name to alter")
    changed = f"{body[: found.start(1)]}{found[1]}改{body[found.end(1) :]}"
    version = hashlib.sha256(changed.encode()).hexdigest()
    db.execute("INSERT OR REPLACE INTO altered (version, body) VALUES (?, ?)", (version, changed))
    db.execute("UPDATE holdings SET version = ? WHERE unit = ? AND kind = ? AND key = ?", (version, unit, kind, key))


def _double(db: sqlite3.Connection, unit: str, kind: str, key: str, _body: str | None) -> None:
    db.execute(
        "INSERT INTO doubles (kind, key, unit, version, product, month) SELECT kind, key, unit, version,"
        " coalesce(product, '-'), coalesce(month, '-') FROM holdings WHERE unit = ? AND kind = ? AND key = ?",
        (unit, kind, key),
    )


def _respell(db: sqlite3.Connection, unit: str, kind: str, key: str, _body: str | None) -> None:
    """Hold it under its key with a blank behind, as a system does that pads its columns."""
    setting = "UPDATE holdings SET key = key || ' ' WHERE unit = ? AND kind = ? AND key = ?"
    db.execute(setting, (unit, kind, key))


ACTS: dict[str, Callable[[sqlite3.Connection, str, str, str, str | None], None]] = {
    "lose": _lose,
    "age": _age,
    "alter": _alter,
    "double": _double,
    "respell": _respell,
}


def tamper(home: Path, act: str, unit: str, kind: str, keys: Sequence[str]) -> None:
    """Do one of ``ACTS`` to records that are held; raises Misconfigured ECQS-8060 for a key that is not held."""
    bodies = _bodies(home, unit, kind, keys) if act == "alter" else {}
    with closing(connect(Home(home).database)) as db:
        db.execute("BEGIN IMMEDIATE")
        try:
            for key in keys:
                _require_held(db, unit, kind, key)
                ACTS[act](db, unit, kind, key, bodies.get(key))
                db.execute("INSERT INTO acts (at, act, detail) VALUES (?, ?, ?)", (time.time(), act, f"{kind} {key}"))
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def _require_held(db: sqlite3.Connection, unit: str, kind: str, key: str) -> None:
    held = "SELECT 1 FROM holdings WHERE unit = ? AND kind = ? AND key = ? AND valid"
    if db.execute(held, (unit, kind, key)).fetchone() is None:
        raise _unknown(f"headquarters holds no {kind} {key} of {unit}")


def _bodies(home: Path, unit: str, kind: str, keys: Sequence[str]) -> dict[str, str | None]:
    with closing(Store(Home(home).database)) as store:
        holdings = Holdings(Home(home), store)
        return {key: body for key in keys for _, body in holdings.record(unit, kind, key)[:1]}


def held_keys(home: Path, unit: str, kind: str, number: int) -> list[str]:
    """Give so many keys that are held, spread over all of them."""
    with closing(connect(Home(home).database, read_only=True)) as db:
        held = "SELECT key FROM holdings WHERE unit = ? AND kind = ? AND valid ORDER BY key"
        keys = [row["key"] for row in db.execute(held, (unit, kind))]
    step = max(1, len(keys) // max(1, number))
    return keys[::step][:number]


def _unknown(text: str) -> Misconfigured:
    return Misconfigured("ECQS-8060", text, hint="`ecqs sandbox show` says what headquarters holds")
