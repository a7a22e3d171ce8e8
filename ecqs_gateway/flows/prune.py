"""Removing what is older than the retention allows, and never what is unsettled.

Small transactions: the ledger says that something is gone, with its entry in the evidence chain, then its files go. A
crash in between leaves files the next prune removes. It may run beside a sync.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ecqs_gateway.doors.files import half_written
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.ledger import evidence, retention
from ecqs_gateway.ledger.stage import Stored

__all__ = ["CLASSES", "STRAY", "Pruned", "prune"]

STRAY = "stray"
CLASSES = (*retention.CLASSES, STRAY)

_AT_ONCE = 200
_PRECIOUS = ("outbox/", "receipts/", "answers/", "content/", "audits/", "papers/")
_PRECIOUS_FOR = timedelta(days=30)
"""A package nothing names may be the only copy, where a ledger was restored from an older backup."""


@dataclass(frozen=True)
class Pruned:
    """What became of one class: how many things and bytes went, or would go, and how many as old stay, by why."""

    name: str
    before: str
    removed: int
    size: int
    kept: Counter[str] = field(default_factory=Counter)
    half_written: int = 0
    """How many of the files nothing names a killed process had not written whole."""


def prune(gateway: Gateway, classes: Sequence[str] = (), *, dry_run: bool = False) -> list[Pruned]:
    """Remove what the retention no longer covers, of these classes or of all.

    Raises Misconfigured ECQS-6084 for an unknown class, Terminal ECQS-3018 where a file cannot be removed.
    """
    unknown = sorted(set(classes) - set(CLASSES))
    if unknown:
        hint = f"the classes are {', '.join(CLASSES)}"
        raise Misconfigured("ECQS-6084", f"there is no class {', '.join(unknown)}", hint=hint)
    wanted = [name for name in CLASSES if not classes or name in classes]
    moment = gateway.clock()
    sizes = {file.name: file.size for file in gateway.stage.files()}
    done = []
    for name in wanted:
        before = moment - getattr(gateway.national.retention, name)
        if name == STRAY:
            done.append(_stray(gateway, before, dry_run=dry_run))
        else:
            done.append(_class(gateway, name, before.isoformat(), sizes, dry_run=dry_run))
    return done


def _class(gateway: Gateway, name: str, before: str, sizes: dict[str, int], *, dry_run: bool) -> Pruned:
    chosen = retention.CLASSES[name]
    with gateway.database.read() as connection:
        kept = chosen.kept(connection, before)
        if dry_run:
            found = chosen.doomed(connection, before, -1 if gateway.database.sqlite else 2**31 - 1)
            files = {file for each in found for file in each.files}
            return Pruned(name, before, len(found), sum(sizes.get(file, 0) for file in files), kept)
        left = sorted(retention.pruned_files(connection) & sizes.keys()) if name in ("extractions", "packages") else []
    size = sum(gateway.stage.remove(file) for file in left)  # marked by a run that did not come to the end
    removed = 0
    while found := retention.prune_some(gateway.database, name, before, _AT_ONCE, clock=gateway.clock):
        removed += len(found)
        size += sum(gateway.stage.remove(file) for each in found for file in each.files)
    return Pruned(name, before, removed, size, kept)


def _stray(gateway: Gateway, before: datetime, *, dry_run: bool) -> Pruned:
    # Files first, names after: what is committed in between is named.
    there = list(gateway.stage.files())
    with gateway.database.read() as connection:
        live = retention.live_files(connection)
    precious_before = min(before, gateway.clock() - _PRECIOUS_FOR)
    kept: Counter[str] = Counter()
    found: list[Stored] = []
    for file in there:
        if file.name in live:
            continue
        # What was not written whole never was the only copy of anything.
        precious = file.name.startswith(_PRECIOUS) and not half_written(file.name)
        limit = precious_before if precious else before
        if file.changed < limit.timestamp():
            found.append(file)
        elif file.changed < before.timestamp():
            kept["package or receipt younger than 30 days"] += 1
    size = sum(file.size for file in found)
    if found and not dry_run:
        digest = hashlib.sha256("\n".join(sorted(file.name for file in found)).encode()).hexdigest()
        facts = {"count": len(found), "before": before.isoformat(), "digest": digest}
        with gateway.database.write() as connection:
            evidence.append(connection, "pruned", STRAY, facts, clock=gateway.clock)
        size = sum(gateway.stage.remove(file.name) for file in found)
    torn = sum(half_written(file.name) for file in found)
    return Pruned(STRAY, before.isoformat(), len(found), size, kept, torn)
