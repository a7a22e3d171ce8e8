"""The forecast of one lane: its rows mapped and checked by the content in use and by the new one, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from ecqs_gateway.content.edits import field_places, lane_edits
from ecqs_gateway.content.load import Content
from ecqs_gateway.content.problems import Problem
from ecqs_gateway.doors.personal import mask_numbers
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.bench import Unusable, open_bench
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.planned.base import Base, lane_fingerprint
from ecqs_gateway.flows.planned.gate import asked
from ecqs_gateway.flows.planned.rows import Piece, Rows, live_rows, stored_rows
from ecqs_gateway.flows.previews import lane_keys
from ecqs_gateway.ledger import plans, samples
from ecqs_gateway.mapping.compare import Verdicts, compare, judge
from ecqs_gateway.mapping.forecast import LaneForecast
from ecqs_gateway.mapping.masking import Veil, veil
from ecqs_gateway.mapping.tally import Tally

__all__ = ["LIVE_ROWS", "STORED_ROWS", "Wish", "forecast_lane"]

STORED_ROWS, LIVE_ROWS = 1_000_000, 10_000
"""Rows looked at unless somebody says otherwise."""


@dataclass(frozen=True)
class Wish:
    """Which rows are looked at, and how many rows of each sort are shown."""

    live: bool = False
    limit: int | None = None
    examples: int = 3


def forecast_lane(gateway: Gateway, unit: str, kind: str, base: Base | None, wish: Wish) -> LaneForecast:
    """Forecast one lane; raises Unusable for a broken mapping.

    Raises Misconfigured where these rows cannot answer (ECQS-1411, 1412) or the base is broken (1405). What sources,
    stage and ledger raise goes through.
    """
    new, problems = _lane(gateway.content, unit, kind)
    mine = lane_fingerprint(gateway.content, unit, kind)
    found = LaneForecast(unit, kind, "first", None, None, None, gateway.content.digest, mine, problems=problems)
    old: LanePlan | None = None
    theirs = lane_fingerprint(base.content, unit, kind) if base is not None else None
    if base is not None and theirs is not None:
        found = replace(found, base=base.name, base_bundle=base.content.digest, base_fingerprint=theirs)
        if theirs == mine:
            return replace(found, verdict="same")
        edits = lane_edits(base.content, gateway.content, unit, kind)
        found = replace(found, edits=edits, asked=asked(gateway.content, unit), accepted=_accepted(gateway, found))
        old = _old_lane(base, unit, kind)
    elif not wish.live and not samples.stored(gateway.database, unit, kind):
        return found
    return _with_rows(gateway, found, old, new, wish)


def _accepted(gateway: Gateway, found: LaneForecast) -> str | None:
    if found.base_fingerprint is None or found.fingerprint is None:
        return None
    change = (found.base_fingerprint, found.fingerprint)
    known = plans.accepted(gateway.database, found.unit, found.kind, *change)
    return f"plan {known.id}, by {known.by} on {known.at[:10]}: {known.reason}" if known is not None else None


def _lane(content: Content, unit: str, kind: str) -> tuple[LanePlan, tuple[Problem, ...]]:
    """Make a lane ready; here rules that do not compile stop it, too: without them the forecast would be wrong."""
    bench = open_bench(content, unit, kind)
    broken = [one for one in bench.problems if one.blocking]
    if broken:
        raise Unusable(broken, where=f"{unit}/{kind}")
    return bench.lane, bench.problems


def _old_lane(base: Base, unit: str, kind: str) -> LanePlan:
    try:
        return _lane(base.content, unit, kind)[0]
    except Unusable as error:
        first = error.problems[0]
        raise Misconfigured(
            "ECQS-1405",
            f"the content to compare with cannot be used ({len(error.problems)} mistakes, first {first.code}: "
            f"{first.message})",
            where=f"{base.name}: {first.file}:{first.line}",
            hint="compare with another one: --base DIGEST or --base-path FOLDER",
        ) from None


def _with_rows(gateway: Gateway, found: LaneForecast, old: LanePlan | None, new: LanePlan, wish: Wish) -> LaneForecast:
    rows = _rows(gateway, new, wish)
    places = field_places(gateway.content, new.unit, new.kind)
    notes = [*rows.notes, *_notes(found, wish)]
    tally = Tally(new.spec, wish.examples)
    with ThreadPoolExecutor(1, thread_name_prefix="before") as pool:
        for piece in rows.pieces:
            before = pool.submit(_judge_old, old, piece, notes) if old is not None else None
            after = _judge_new(new, piece, places, live=wish.live)
            was = before.result() if before is not None else None
            if was is None:
                old = None
                tally.add_alone(after, piece.keys)
            else:
                tally.add(was, after, compare(was, after), piece.keys)
    counted = tally.forecast(places).shown(partial(_shown, _hidden(old, new)))
    verdict = "changes" if counted.changes else "nothing"
    verdict = verdict if counted.before is not None or not counted.rows else "first"
    return replace(found, verdict=verdict, forecast=counted, origin=rows.origin, notes=tuple(notes))


def _rows(gateway: Gateway, lane: LanePlan, wish: Wish) -> Rows:
    if wish.live:
        return live_rows(gateway, lane, rows=wish.limit or LIVE_ROWS)
    return stored_rows(gateway, lane, rows=wish.limit or STORED_ROWS)


def _notes(found: LaneForecast, wish: Wish) -> list[str]:
    streams = [edit for edit in found.edits if edit.what.startswith("stream ")]
    if streams and not wish.live:
        return [
            "The connector reads other rows, or reads them otherwise, than when these were stored: see --live, too."
        ]
    if streams:
        return ["Both sides were tried on the rows as the connector reads them now."]
    return []


def _judge(lane: LanePlan, piece: Piece) -> Verdicts:
    bad = piece.bad_cells
    return judge(lane.mapping, lane.rules, piece.frame, piece.children, table=lane.table, bad_cells=bad)


def _judge_old(lane: LanePlan, piece: Piece, notes: list[str]) -> Verdicts | None:
    """Judge by the content in use; None where these rows lack what it reads, which is then said once."""
    gap = _gap(lane, piece)
    if gap is not None:
        notes.append(f"No comparison: these rows lack {gap[0]}, which the content in use reads.")
        return None
    return _judge(lane, piece)


def _judge_new(lane: LanePlan, piece: Piece, places: Mapping[str, str], *, live: bool) -> Verdicts:
    """Judge by the new content; raises Misconfigured ECQS-1412 where these rows lack what it reads."""
    gap = _gap(lane, piece)
    if gap is None:
        return _judge(lane, piece)
    what, field = gap
    where = places.get(field, f"mappings/{lane.unit}/{lane.kind}.yaml")
    if live:
        message, hint = f"the source has no {what}", "ask the unit what became of it, or correct the mapping"
    else:
        message, hint = f"the stored rows have no {what}", "only the source can answer: --live"
    raise Misconfigured("ECQS-1412", f"{message} (used by {field})", where=where, hint=hint)


def _gap(lane: LanePlan, piece: Piece) -> tuple[str, str] | None:
    """Give the first column or child table a mapping reads that rows lack, and the field or list that reads it."""
    for name, users in lane.mapping.wanted.items():
        if name not in piece.frame.columns:
            return f"column {name}", users[0]
    for plan in lane.mapping.lists:
        if plan.origin != "child":
            continue
        child = piece.children.get(plan.source)
        if child is None:
            return f"child table {plan.source}", plan.path
        for name, users in plan.wanted.items():
            if name not in child.frame.columns:
                return f"column {plan.source}.{name}", users[0]
    return None


def _hidden(*lanes: LanePlan | None) -> frozenset[str]:
    """Give the national paths whose values are veiled: personal by the contract, or made of personal columns."""
    found: set[str] = set()
    for lane in lanes:
        if lane is None:
            continue
        found |= {leaf.path for leaf in lane.spec.leaves() if leaf.personal}
        found |= {f"{n.path}.{leaf.path}" for n in lane.spec.repeated() for leaf in n.leaves() if leaf.personal}
        known = Veil.of(lane.mapping, lane_keys(lane))
        for path, columns in lane.mapping.lineage().items():
            if any(known.cell(name, "x") != "x" for name in columns):
                found.add(path)
    return frozenset(found)


def _shown(hidden: frozenset[str], path: str, text: str | None) -> str | None:
    if text is None:
        return None
    return veil(text) if path in hidden else mask_numbers(text)
