"""Source against ledger: the whole source is read and mapped, and each record held against the version sent last.

This is what finds rows that slipped under the watermark (committed late, or changed without a new time of change) and
records that the source no longer has. What the next sync would read anyway is told apart: it waits, nothing is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

from ecqs_gateway.content.models import SqlStream
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.prepare import Draft, Known, prepare
from ecqs_gateway.flows.reconciliation.cause import by_content, keys_of
from ecqs_gateway.flows.reconciliation.compare import Lane
from ecqs_gateway.ledger import differences as ledger_differences
from ecqs_gateway.ledger import digest_trees, query, resends, versions
from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.model.watermark import Watermark
from ecqs_gateway.reconcile.differences import SOURCE, Action, Class, Difference

__all__ = ["Swept", "sweep"]

_MOST_QUEUED = 200_000
"""Rows that are kept in memory to be queued; where more slipped, reading again from a day is the better way."""


@dataclass
class Swept:
    """What a sweep came to; ``rows`` holds the source rows, with their child rows, that have to be mapped anew."""

    read: int = 0
    differences: list[Difference] = field(default_factory=list)
    rows: list[Chunk] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class _Seen:
    keys: list[pl.Series] = field(default_factory=list)
    unread: int = 0
    """Rows without a business key: unreadable, or refused before it could be made."""
    off: list[pl.DataFrame] = field(default_factory=list)
    letters: int = 0


def sweep(gateway: Gateway, lane: Lane) -> Swept:
    """Read a lane's whole source and compare it with the ledger; nothing is written.

    Raises what the content or the source raises.
    """
    plan = gateway.lane(lane.unit, lane.kind)
    _, mark = gateway.peek(lane.unit, lane.kind)
    if mark is None and getattr(plan.stream, "changed_at", None) is not None:
        return Swept(notes=["the source was never read whole: run `ecqs sync` first"])
    known = _known(gateway, lane)
    found, seen = Swept(), _Seen()
    with gateway.source(plan) as source:
        for raw in gateway.limits.share().each(source.chunks(None)):
            chunk = raw.set_aside(plan.mapping.used_columns)
            draft = gateway.limits.work(prepare, plan, chunk, known, extraction_id=0)
            _take(gateway, lane, chunk, draft, found, seen)
    coming = _coming(gateway, plan, known, mark)
    remapped = _changed(gateway, lane, plan, found, seen, coming)
    if isinstance(plan.stream, SqlStream):
        _deleted(gateway, lane, found, seen)
    else:
        found.notes.append("only of a database it can be told what was deleted: files and APIs may leave records out")
    found.rows = _without(plan, found.rows, coming | remapped)
    return found


def _known(gateway: Gateway, lane: Lane) -> Known:
    refused = frozenset(query.refused_versions(gateway.database, lane.number))
    corrected = frozenset(query.corrected_versions(gateway.database, lane.number))
    return Known(partial(versions.latest, gateway.database, lane.number), refused, (), corrected)


def _take(gateway: Gateway, lane: Lane, chunk: Chunk, draft: Draft, found: Swept, seen: _Seen) -> None:
    """Keep of one chunk what is needed at the end: keys, what is off, and the rows that would have to go."""
    found.read += chunk.frame.height + chunk.unreadable.height
    seen.keys += [draft.met["key"], draft.letters["key"].drop_nulls()]
    seen.unread += draft.letters["key"].null_count()
    off = draft.met.filter(pl.col("verdict").is_in(["fresh", "older"]))
    seen.off.append(off.select("key", "version", "previous", "verdict"))
    new = draft.letters.filter(~pl.col("identity").is_in(_letters(gateway, lane, draft.letters).implode()))
    places = [*off.filter(pl.col("verdict") == "fresh")[ROW], *new["source_row"].drop_nulls()]
    seen.letters += new.height
    if places and sum(kept.frame.height for kept in found.rows) + len(places) <= _MOST_QUEUED:
        found.rows.append(_subset(chunk, pl.Series(places, dtype=pl.UInt32)))


def _letters(gateway: Gateway, lane: Lane, letters: pl.DataFrame) -> pl.Series:
    """Give the identities among these letters that the ledger knows, in any state."""
    return resends.known_letters(gateway.database, lane.number, letters["identity"])


def _subset(chunk: Chunk, places: pl.Series) -> Chunk:
    rows = chunk.frame[places.unique().sort().to_list()]
    children = {
        name: replace(child, frame=child.frame.join(
            rows, left_on=list(child.parent_key), right_on=list(child.key), how="semi", maintain_order="left"
        ))
        for name, child in chunk.children.items()
    }  # fmt: skip
    return replace(chunk, frame=rows, children=children, unreadable=chunk.unreadable.clear(), watermark=None)


def _coming(gateway: Gateway, plan: LanePlan, known: Known, mark: str | None) -> frozenset[str]:
    """Give the keys that the next sync reads anyway. Read after the sweep, so that it holds all the sweep saw of it."""
    position = Watermark.from_json(mark) if mark else None
    keys: set[str] = set()
    with gateway.source(plan) as source:
        for raw in gateway.limits.share().each(source.chunks(position)):
            draft = prepare(plan, raw.set_aside(plan.mapping.used_columns), known, extraction_id=0)
            keys.update(draft.met["key"], draft.letters["key"].drop_nulls())
    return frozenset(keys)


def _changed(
    gateway: Gateway, lane: Lane, plan: LanePlan, found: Swept, seen: _Seen, coming: frozenset[str]
) -> frozenset[str]:
    """Say what is off in records the source has; gives those whose row is as it was, and only the content changed."""
    off = pl.concat(seen.off).unique("key", keep="last", maintain_order=True) if seen.off else pl.DataFrame()
    if off.is_empty():
        return frozenset()
    history = ledger_differences.history(gateway.database, lane.number, off["key"].to_list())
    queued = resends.stored_rows(gateway.database, lane.number) > 0
    known = off.filter((pl.col("verdict") == "fresh") & pl.col("previous").is_not_null())["key"].to_list()
    remapped = by_content(gateway, lane, plan, found.rows, [key for key in known if key not in coming])
    for key, version, previous, verdict in off.iter_rows():
        kind_of = Class.DIFFERENT if previous is not None else Class.MISSING_HERE
        action, note = Action.QUEUE, None
        if verdict == "older":
            kind_of, action, note = Class.SUPERSEDED, Action.PERSON, "the source has an older row than the one sent"
        elif key in coming or queued:
            kind_of, action = Class.WAITING, Action.WAIT
        elif key in remapped:
            action, note = (
                Action.PERSON,
                "the row is as it was sent: mapping or codes changed since (`ecqs sync --since`)",
            )
        elif version in history.versions.get(key, ()):
            kind_of = Class.SUPERSEDED
        found.differences.append(Difference(SOURCE, kind_of, key, previous, version, action, note=note))
    return remapped


def _deleted(gateway: Gateway, lane: Lane, found: Swept, seen: _Seen) -> None:
    """List what headquarters should hold and the source no longer has."""
    leaves = digest_trees.leaves_in(gateway.database, lane.number).select("key", "version")
    met = pl.DataFrame({"key": pl.concat(seen.keys) if seen.keys else pl.Series([], dtype=pl.String)})
    gone = leaves.join(met, on="key", how="anti").sort("key")
    if gone.is_empty():
        return
    corrected = resends.made_by(gateway.database, lane.number, gone["key"], "correction")
    note = f"{seen.unread} rows of the source have no readable key: it may be one of them" if seen.unread else None
    found.differences += [
        Difference(SOURCE, Class.DELETED_AT_SOURCE, key, version, None, Action.PERSON, note=note)
        for key, version in gone.iter_rows()
        if key not in corrected  # sent by a correction: the source still has the row under its wrong key
    ]


def _without(plan: LanePlan, rows: list[Chunk], left: frozenset[str]) -> list[Chunk]:
    """Leave out the rows of some keys: those the next sync reads anyway, and those that did not change."""
    if not left:
        return rows
    kept = []
    for chunk in rows:
        keys = keys_of(plan, chunk)
        wanted = keys.filter(~pl.col("key").is_in(list(left)) | pl.col("key").is_null())[ROW]
        if wanted.len():
            kept.append(_subset(chunk, wanted))
    return kept
