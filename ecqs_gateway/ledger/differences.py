"""What reconciliation found, as the ledger keeps it: each comparison with its counts, each difference until it is gone.

A difference that is found again is the same one; one that is no longer found is settled by the comparison that
looked for it in vain. Settled differences stay, so that a report can say what became of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.bulk import in_values
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.tables import batch, lane, record_version
from ecqs_gateway.ledger.tables_reconcile import difference, reconciliation

__all__ = ["Compared", "History", "Kept", "history", "last", "mark", "open_counts", "open_differences", "store"]

MOST_KEPT = 20_000
"""Differences of one comparison that are kept one by one; all are counted."""
_UNSETTLED = ("sealed", "sent", "received", "validated")


@dataclass(frozen=True)
class Compared:
    """One comparison of a lane's ledger with headquarters, its source, or both; digests are hex."""

    scope: str
    sequence: int
    cutoff: int
    records_here: int
    digest_here: str
    records_there: int | None = None
    digest_there: str | None = None
    source_rows: int | None = None
    questions: int = 0
    requests: int = 0


@dataclass(frozen=True)
class Kept:
    """A difference as it is kept; ``kind_of`` is its class."""

    side: str
    kind_of: str
    key: str
    here: str | None
    there: str | None
    action: str
    fields: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class History:
    """What was ever sent of some keys: by key the digests (hex), and the keys that are on their way now."""

    versions: Mapping[str, set[str]]
    waiting: set[str]


def history(database: Database, lane_number: int, keys: Sequence[str]) -> History:
    """Look up what was ever sent of these keys."""
    states = sa.select(record_version.c.key, record_version.c.digest, batch.c.state).join(
        batch, (batch.c.lane_id == record_version.c.lane_id) & (batch.c.sequence == record_version.c.sequence)
    )
    versions: dict[str, set[str]] = {}
    waiting: set[str] = set()
    with database.read() as connection:
        mine = (record_version.c.lane_id == lane_number, in_values(connection, record_version.c.key, keys))
        for key, digest, state in connection.execute(states.where(*mine)):
            versions.setdefault(key, set()).add(bytes(digest).hex())
            if state in _UNSETTLED:
                waiting.add(key)
    return History(versions, waiting)


def store(
    database: Database,
    current: Run,
    lane_number: int,
    compared: Compared,
    found: Sequence[Kept],
    *,
    clock: Clock = now,
) -> int:
    """Keep a comparison and what it found, settle what it no longer found, and give its number."""
    counts = Counter(f"{each.side}/{each.kind_of}" for each in found)
    sides = [side for side in ("headquarters", "source") if compared.scope in (side, "both")]
    moment = clock().isoformat()
    with database.write() as connection:
        number = int(connection.execute(_inserting(current, lane_number, compared, counts, moment)).scalar_one())
        for side in sides:
            _keep(connection, lane_number, number, moment, [each for each in found if each.side == side], side)
        names = connection.execute(sa.select(lane.c.unit, lane.c.kind).where(lane.c.id == lane_number)).one()
        facts: dict[str, object] = {
            "reconciliation": number, "scope": compared.scope, "sequence": compared.sequence,
            "cutoff": compared.cutoff, "records": compared.records_here, "here": compared.digest_here,
            "there": compared.digest_there, "differences": dict(sorted(counts.items())),
        }  # fmt: skip
        evidence.append(connection, "reconciled", f"{names.unit}/{names.kind}", facts, clock=clock)
    return number


def _inserting(
    current: Run, lane_number: int, compared: Compared, counts: Mapping[str, int], moment: str
) -> sa.sql.dml.ReturningInsert[Any]:
    there = compared.digest_there
    values: dict[str, object] = {
        **{name: value for name, value in vars(compared).items() if not name.startswith("digest")},
        "run_id": current.id,
        "lane_id": lane_number,
        "at": moment,
        "digest_here": bytes.fromhex(compared.digest_here),
        "digest_there": bytes.fromhex(there) if there is not None else None,
        "counts": json.dumps(dict(sorted(counts.items()))),
        "repaired": "{}",
    }
    return reconciliation.insert().values(values).returning(reconciliation.c.id)


def _keep(
    connection: sa.Connection, lane_number: int, number: int, moment: str, found: Sequence[Kept], side: str
) -> None:
    mine = (difference.c.lane_id == lane_number, difference.c.side == side, difference.c.state != "settled")
    known = {row.key: row for row in connection.execute(sa.select(difference).where(*mine))}
    kept = {each.key: each for each in found[:MOST_KEPT]}
    everything = {each.key for each in found}
    gone = [row.id for key, row in known.items() if key not in everything]
    _in_portions(connection, gone, {"state": "settled", "settled_at": moment, "settled_by": f"reconciliation {number}"})
    new = []
    for key, each in kept.items():
        values = _values(each) | {"last_found": number}
        if key in known:
            connection.execute(sa.update(difference).where(difference.c.id == known[key].id).values(values))
        else:
            head = {"lane_id": lane_number, "state": "open", "first_found": number, "found_at": moment}
            new.append(values | head)
    if new:
        connection.execute(difference.insert(), new)


def _values(each: Kept) -> dict[str, object]:
    binary = {
        name: bytes.fromhex(text) if text else None for name, text in (("here", each.here), ("there", each.there))
    }
    plain = {"side": each.side, "class": each.kind_of, "key": each.key, "action": each.action, "note": each.note}
    return {**plain, **binary, "fields": json.dumps(each.fields, ensure_ascii=False)}


def _in_portions(connection: sa.Connection, numbers: Sequence[int], values: Mapping[str, object]) -> None:
    for start in range(0, len(numbers), 500):
        some = difference.c.id.in_(numbers[start : start + 500])
        connection.execute(sa.update(difference).where(some).values(**values))


def mark(
    connection: sa.Connection, lane_number: int, side: str, keys: Sequence[str], *, number: int, done: str
) -> None:
    """Note that differences are being repaired; ``done`` is ``resent``, ``queued`` or ``invalidated``."""
    found = connection.execute(sa.select(reconciliation.c.repaired).where(reconciliation.c.id == number)).scalar()
    repaired = json.loads(found or "{}")
    repaired[done] = repaired.get(done, 0) + len(keys)
    changed = sa.update(reconciliation).where(reconciliation.c.id == number)
    connection.execute(changed.values(repaired=json.dumps(repaired)))
    wanted = set(keys)
    mine = (difference.c.lane_id == lane_number, difference.c.side == side, difference.c.state == "open")
    rows = connection.execute(sa.select(difference.c.id, difference.c.key).where(*mine))
    _in_portions(connection, [row.id for row in rows if row.key in wanted], {"state": "repairing"})


def open_differences(database: Database, *, unit: str | None = None, kind: str | None = None) -> list[dict[str, Any]]:
    """List what is open, by lane and key: columns of ``difference`` with ``unit`` and ``kind``; digests are hex."""
    where = [column == value for column, value in ((lane.c.unit, unit), (lane.c.kind, kind)) if value is not None]
    wanted = (
        sa.select(lane.c.unit, lane.c.kind, *difference.c)
        .join(lane, lane.c.id == difference.c.lane_id)
        .where(difference.c.state != "settled", *where)
        .order_by(lane.c.unit, lane.c.kind, difference.c.side, difference.c.key)
    )
    with database.read() as connection:
        rows = [dict(row._mapping) for row in connection.execute(wanted)]  # noqa: SLF001  the way to a row's names
    for row in rows:
        row["fields"] = json.loads(row["fields"])
        for name in ("here", "there"):
            row[name] = bytes(row[name]).hex() if row[name] is not None else None
    return rows


def open_counts(database: Database) -> dict[tuple[str, str], dict[str, int]]:
    """Count what is open by lane and class; what waits for the next run by itself is left out."""
    wanted = (
        sa.select(lane.c.unit, lane.c.kind, difference.c["class"], sa.func.count())
        .join(lane, lane.c.id == difference.c.lane_id)
        .where(difference.c.state != "settled", difference.c.action != "wait")
        .group_by(lane.c.unit, lane.c.kind, difference.c["class"])
        .order_by(lane.c.unit, lane.c.kind, difference.c["class"])
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    with database.read() as connection:
        for unit, kind, name, count in connection.execute(wanted):
            found.setdefault((unit, kind), {})[name] = int(count)
    return found


def last(database: Database, *, with_source: bool = False) -> list[dict[str, Any]]:
    """Give the newest comparison of each lane with headquarters (or one with its source), with ``unit`` and ``kind``.

    ``counts`` and ``repaired`` are read; digests are hex. This is what a report shows.
    """
    scopes = ("source", "both") if with_source else ("headquarters", "both")
    newest = (
        sa.select(sa.func.max(reconciliation.c.id))
        .where(reconciliation.c.scope.in_(scopes))
        .group_by(reconciliation.c.lane_id)
    )
    wanted = (
        sa.select(lane.c.unit, lane.c.kind, *reconciliation.c)
        .join(lane, lane.c.id == reconciliation.c.lane_id)
        .where(reconciliation.c.id.in_(newest))
        .order_by(lane.c.unit, lane.c.kind)
    )
    with database.read() as connection:
        rows = [dict(row._mapping) for row in connection.execute(wanted)]  # noqa: SLF001  the way to a row's names
    for row in rows:
        row["counts"], row["repaired"] = json.loads(row["counts"]), json.loads(row["repaired"])
        for name in ("digest_here", "digest_there"):
            row[name] = bytes(row[name]).hex() if row[name] is not None else None
    return rows
