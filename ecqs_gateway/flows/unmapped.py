"""Values without a national code, of one lane: in open dead letters, in findings, and in the newest rows.

Reasons and findings name rules and fields but hold no values, so the rows they speak of are looked at again with the
mapping as it is now: a value that got its line since is no longer listed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import polars as pl

from ecqs_gateway.content.problems import Problem
from ecqs_gateway.doors.personal import mask_numbers
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows import bench_rows
from ecqs_gateway.flows.bench import open_bench
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.ledger import samples
from ecqs_gateway.ledger.samples import Place
from ecqs_gateway.mapping import faults
from ecqs_gateway.mapping.preview import Cells, of_rows
from ecqs_gateway.mapping.unmapped import Counts, Suggestion, count_unmapped, suggest

__all__ = ["UnmappedLane", "UnmappedValue", "unmapped"]

_REFUSED = frozenset({faults.UNMAPPED, faults.NO_EQUIVALENT, faults.OUT_OF_PERIOD})
_FLAGGED = frozenset({faults.PASSED_ON, faults.DEFAULTED})


@dataclass(frozen=True)
class UnmappedValue:
    """One value of one field, how often it was met and where, and the line that would give it a code."""

    field: str
    value: str
    cause: str
    letters: int
    findings: int
    rows: int
    """In the newest stored or live rows."""
    suggestion: Suggestion


@dataclass(frozen=True)
class UnmappedLane:
    """All of one lane; ``origin`` says which rows were looked at, ``gone`` how many refused rows are not stored."""

    unit: str
    kind: str
    values: tuple[UnmappedValue, ...]
    origin: str
    gone: int
    problems: tuple[Problem, ...]


def unmapped(gateway: Gateway, unit: str, kind: str, *, live: bool, rows: int) -> UnmappedLane:
    """Look at the ledger and at rows; raises Unusable where the mapping is broken."""
    bench = open_bench(gateway.content, unit, kind)
    lane = bench.lane
    letters = [place for place in samples.places_of_letters(gateway.database, unit, kind) if _about_codes(place)]
    findings = samples.places_of_findings(gateway.database, unit, kind, _FLAGGED)
    in_letters, gone = _counted(gateway, lane, letters)
    in_findings, lost = _counted(gateway, lane, findings)
    in_rows, origin = _sample(gateway, lane, live=live, rows=rows)
    tables = gateway.content.local_codes.get(unit, {})
    values = []
    for path, value, cause in sorted({*in_letters, *in_findings, *in_rows}):
        name = _table_of(lane, path)
        line = suggest(lane.mapping, path, value, tables[name], gateway.content.codes)
        mine = path, value, cause
        shown = mask_numbers(value)
        values.append(
            UnmappedValue(path, shown, cause, in_letters[mine], in_findings[mine], in_rows[mine],
                          replace(line, text=mask_numbers(line.text)))
        )  # fmt: skip
    values.sort(key=lambda one: (one.field, -max(one.letters + one.findings, one.rows), one.value))
    return UnmappedLane(unit, kind, tuple(values), origin, gone + lost, bench.problems)


def _about_codes(place: Place) -> bool:
    return any(reason.get("rule") in _REFUSED for reason in json.loads(place.reasons))


def _table_of(lane: LanePlan, path: str) -> str:
    plans = [*lane.mapping.record.plans]
    found = next((plan for plan in plans if plan.path == path), None)
    for one in lane.mapping.lists:
        found = found or next((plan for plan in one.fields.plans if f"{one.path}.{plan.path}" == path), None)
    return found.codes.name if found is not None and found.codes is not None else ""


def _counted(gateway: Gateway, lane: LanePlan, places: Iterable[Place]) -> tuple[Counts, int]:
    """Count the values in the rows at these places, extraction by extraction; also how many are no longer stored."""
    wanted: dict[int, list[int]] = {}
    gone = 0
    for place in places:
        if place.extraction_id is None or place.source_row is None:
            gone += 1
        else:
            wanted.setdefault(place.extraction_id, []).append(place.source_row)
    found = Counts()
    for number, cells in bench_rows.cells_of(gateway, lane, list(wanted)):
        rows = wanted.pop(number)
        found.update(count_unmapped(lane.mapping, _only(cells, rows)))
    return found, gone + sum(map(len, wanted.values()))


def _only(cells: Cells, rows: Collection[int]) -> Cells:
    frame = cells.frame[pl.Series(sorted(set(rows)), dtype=pl.UInt32).to_list()]
    few = Cells(frame, cells.children)
    return Cells(frame, of_rows(few))


def _sample(gateway: Gateway, lane: LanePlan, *, live: bool, rows: int) -> tuple[Counts, str]:
    found = Counts()
    if live:
        pieces, origin = bench_rows.live_sample(gateway, lane, rows=rows), f"{lane.table}, read now"
    else:
        try:
            chosen, pieces = bench_rows.stored_sample(gateway, lane, rows=rows)
        except GatewayError as error:
            return found, f"no rows ({error.message})"
        origin = f"{len(chosen)} stored extraction(s) since {chosen[-1].created_at[:10]}"
    seen = 0
    for cells in pieces:
        seen += cells.frame.height
        found.update(count_unmapped(lane.mapping, cells))
    return found, f"{seen} rows of {origin}"
