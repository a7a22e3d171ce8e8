"""Anchors: what headquarters holds of the gateways' evidence chains, so that none of them can be rewritten unseen.

Each verified manifest names the head of its gateway's chain: the hash of the last entry and that entry's number. A
chain only grows, so along one lane the number never falls, and one number under one signing key always goes with one
hash. Where that is not so, the gateway's ledger was cut, restored from a backup or written anew: headquarters takes
the batch all the same, for its records are signed, and raises an alarm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.sandbox.store import Package, Store

__all__ = ["COLUMNS", "SELECT", "export", "keep", "moment"]

_FORMAT = "ecqs-anchors/1"
COLUMNS = ("unit", "kind", "sequence", "batch", "manifest", "key", "entry", "head", "arrived")
SELECT = (
    "SELECT p.unit, p.kind, p.sequence, p.batch, p.manifest, a.key, a.entry, a.head, p.arrived FROM anchors a"
    " JOIN packages p ON p.id = a.package WHERE coalesce(?, p.unit) = p.unit ORDER BY a.package"
)
"""All anchors in order of arrival, of one unit or (with null) of all."""

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def keep(store: Store, package: Package, said: Mapping[str, str]) -> None:
    """Keep the anchor of a package whose signature holds, inside the transaction that takes the package."""
    head, written = said.get("evidence"), said.get("evidence-entry", "")
    if head is None:
        return
    entry = int(written) if _NUMBER.fullmatch(written) else None
    if entry is not None:
        _hold_against_lane(store, package, entry)
        _hold_against_key(store, package, said["key"], entry, head)
    row = (package.id, said["key"], entry, head)
    store.write_many("INSERT INTO anchors (package, key, entry, head) VALUES (?, ?, ?, ?)", [row])


def _hold_against_lane(store: Store, package: Package, entry: int) -> None:
    """Compare with the nearest batches of the lane before and behind; packages may arrive out of order."""
    lane = (package.unit, package.kind, package.sequence)
    before = store.rows(_NEIGHBOUR.format(side="<", order="DESC"), *lane)
    behind = store.rows(_NEIGHBOUR.format(side=">", order="ASC"), *lane)
    if (before and before[0]["entry"] > entry) or (behind and behind[0]["entry"] < entry):
        other = (before if before and before[0]["entry"] > entry else behind)[0]
        detail = f"entry {entry} of the evidence chain, but batch {other['batch']} was sealed on entry {other['entry']}"
        store.alarm("evidence-backwards", detail, batch=package.batch)


_NEIGHBOUR = (
    "SELECT a.entry, p.batch FROM anchors a JOIN packages p ON p.id = a.package WHERE p.unit = ? AND p.kind = ?"
    " AND p.sequence {side} ? AND a.entry IS NOT NULL ORDER BY p.sequence {order} LIMIT 1"
)


def _hold_against_key(store: Store, package: Package, key: str, entry: int, head: str) -> None:
    """One gateway, one chain: what one key signed cannot name two hashes for one entry."""
    found = store.rows(
        "SELECT p.batch FROM anchors a JOIN packages p ON p.id = a.package"
        " WHERE a.key = ? AND a.entry = ? AND a.head <> ? LIMIT 1",
        *(key, entry, head),
    )
    if found:
        detail = f"entry {entry} of the evidence chain has another hash than the one batch {found[0]['batch']} carried"
        store.alarm("evidence-fork", detail, batch=package.batch)


def export(rows: list[dict[str, object]]) -> dict[str, object]:
    """Give anchors as the document an auditor takes along."""
    return {"format": _FORMAT, "anchors": rows}


def moment(seconds: float) -> str:
    """Write a time of the ledger as everywhere: Beijing time."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(SHANGHAI).isoformat(timespec="seconds")
