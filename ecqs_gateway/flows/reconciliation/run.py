"""A whole reconciliation: unit by unit side by side, each lane against headquarters and, if asked, its source."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial

from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.crew import side_by_side
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.progress import Step
from ecqs_gateway.flows.reconciliation.asking import Asking, Connect, way_to
from ecqs_gateway.flows.reconciliation.compare import Lane, LaneFound, bring_forward, compare, lanes_of
from ecqs_gateway.flows.reconciliation.repair import repair
from ecqs_gateway.flows.reconciliation.result import LaneResult, Options, Repaired, Result
from ecqs_gateway.flows.reconciliation.sweep import Swept, sweep
from ecqs_gateway.ledger import differences, query, runs
from ecqs_gateway.ledger.differences import Compared, Kept
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.reconcile.differences import Action, Difference

__all__ = ["FLOW", "close", "reconcile", "reconcile_unit"]

FLOW = "reconciliation"


@dataclass
class _UnitWork:
    """One unit's comparison: what it covers, and what it came to so far."""

    gateway: Gateway
    run: Run
    options: Options
    lanes: list[LaneResult] = field(default_factory=list)
    errors: dict[int, GatewayError] = field(default_factory=dict)

    def begin(self, number: int) -> None:
        """Note a lane; whatever ends its comparison, also a killed process, the ledger says it did not go through."""
        runs.note_error(self.gateway.database, self.run.id, number, FLOW, "did not finish")

    def fail(self, number: int, error: GatewayError) -> None:
        """Keep why a lane could not be compared; the first reason counts."""
        self.errors.setdefault(number, error)

    def end(self, number: int) -> None:
        """Note what became of a lane."""
        error = self.errors.get(number)
        runs.note_error(self.gateway.database, self.run.id, number, FLOW, str(error) if error else None)


def reconcile(gateway: Gateway, options: Options, *, connect: Connect | None = None) -> Result:
    """Compare all units side by side; a unit's failure is told and stops no other.

    ``connect`` makes another way to ask headquarters than the national settings name.
    """
    units = gateway.units(options.units)
    gateway.keep_content()
    run = runs.start(gateway.database, FLOW, gateway.content.digest, clock=gateway.clock)
    work = {unit: _UnitWork(gateway, run, options) for unit in units}
    jobs = {unit: partial(_unit, gateway, run, unit, connect, work[unit]) for unit in units}
    try:
        crashes = side_by_side(jobs, gateway.limits.interrupt)
    finally:
        failed = close(gateway, run, units, options.kinds)
    for error in crashes.values():
        raise error
    found = tuple(lane for each in work.values() for lane in each.lanes)
    interrupted = gateway.limits.interrupt.message() if gateway.limits.interrupt else None
    return Result(run.id, found, failed, interrupted)


def close(gateway: Gateway, run: Run, units: Sequence[str], kinds: Sequence[str] = ()) -> dict[str, str]:
    """Close the run in the ledger, and give the lanes of these units that could not be compared, with why."""
    told = {(row["unit"], row["kind"]): row["error"] for row in query.run_counts(gateway.database, run.id)}
    lanes = [(unit, kind) for unit in units for _, kind in lanes_of(gateway, unit, kinds)]
    failed = {f"{unit} {kind}": told.get((unit, kind), "was not compared") for unit, kind in lanes}
    failed = {lane: why for lane, why in failed.items() if why is not None}
    if gateway.limits.interrupt:
        runs.interrupt(gateway.database, run, gateway.limits.interrupt.message())
    else:
        runs.finish(gateway.database, run, failed=bool(failed), message="; ".join(failed) or None)
    return failed


def reconcile_unit(
    gateway: Gateway, run: Run, unit: str, options: Options, *, connect: Connect | None = None
) -> list[LaneResult]:
    """Compare one unit; raises its first error after its other lanes were tried, a terminal one before others."""
    work = _UnitWork(gateway, run, options)
    _unit(gateway, run, unit, connect, work)
    for error in sorted(work.errors.values(), key=lambda each: each.retry):
        raise error
    return work.lanes


def _unit(gateway: Gateway, run: Run, unit: str, connect: Connect | None, work: _UnitWork) -> None:
    lanes: list[Lane] = []
    numbers = lanes_of(gateway, unit, work.options.kinds)
    for number, kind in numbers:
        work.begin(number)
        try:
            lanes.append(bring_forward(gateway, number, unit, kind, full=work.options.full))
        except GatewayError as error:
            work.fail(number, error)
    with closing(Asking(gateway, unit, connect or way_to(gateway))) as asking:
        found = _compared(gateway, lanes, asking, work)
        for lane in lanes:
            if gateway.limits.interrupt:
                return
            _lane(gateway, run, lane, found.get(lane.kind), asking, work)
    for number, _ in numbers:
        work.end(number)


def _compared(gateway: Gateway, lanes: Sequence[Lane], asking: Asking, work: _UnitWork) -> dict[str, LaneFound]:
    """Compare with headquarters; where that fails the source can still be compared."""
    try:
        return {found.lane.kind: found for found in compare(gateway, lanes, asking)}
    except GatewayError as error:
        for lane in lanes:
            work.fail(lane.number, error)
        return {}


def _lane(gateway: Gateway, run: Run, lane: Lane, found: LaneFound | None, asking: Asking, work: _UnitWork) -> None:
    swept: Swept | None = None
    try:
        if work.options.source:
            swept = sweep(gateway, lane)
    except GatewayError as error:
        work.fail(lane.number, error)
    if found is None and swept is None:
        return
    result = _kept(gateway, run, lane, found, swept)
    if work.options.repair and result.differences:
        try:
            result = _repaired(gateway, run, lane, result, swept, asking)
        except GatewayError as error:
            work.fail(lane.number, error)
            result = replace(result, repaired=Repaired(problem=str(error)))
    work.lanes.append(result)
    gateway.progress(Step(lane.unit, lane.kind, "reconciled", {"differences": len(result.differences)}))


def _kept(gateway: Gateway, run: Run, lane: Lane, found: LaneFound | None, swept: Swept | None) -> LaneResult:
    """Keep in the ledger what was found, and give it as a result."""
    told = (*(found.differences if found else ()), *(swept.differences if swept else ()))
    read = swept.read if swept is not None and not _unread(swept) else None
    scope = ("both" if read is not None else "headquarters") if found is not None else "source"
    compared = Compared(
        scope, lane.progress.sequence, lane.progress.cutoff, lane.progress.records, lane.digest,
        found.records_there if found else None, found.digest_there if found else None, read,
        found.questions if found else 0, found.requests if found else 0,
    )  # fmt: skip
    kept = [_as_kept(each) for each in told]
    number = differences.store(gateway.database, run, lane.number, compared, kept, clock=gateway.clock)
    return LaneResult(
        lane.unit, lane.kind, number, compared.sequence, compared.cutoff, compared.records_here,
        compared.digest_here, compared.records_there, compared.digest_there, read, compared.questions,
        compared.requests, found.pairs if found else 0, told, notes=tuple(swept.notes) if swept else (),
    )  # fmt: skip


def _unread(swept: Swept) -> bool:
    """Say whether the source was not swept at all, so that nothing it would have found is settled."""
    return swept.read == 0 and bool(swept.notes)


def _as_kept(each: Difference) -> Kept:
    return Kept(each.side, str(each.kind_of), each.key, each.here, each.there, str(each.action), each.fields, each.note)


def _repaired(
    gateway: Gateway, run: Run, lane: Lane, result: LaneResult, swept: Swept | None, asking: Asking
) -> LaneResult:
    """Mend what may be mended, and ask headquarters once more about what was sent again."""
    done = repair(gateway, run, lane, result.number, result.differences, swept.rows if swept else ())
    if not done.batches:
        return replace(result, repaired=done)
    again = bring_forward(gateway, lane.number, lane.unit, lane.kind)
    [after] = compare(gateway, [again], asking)
    _kept(gateway, run, again, after, None)
    confirmed = not any(each.action is Action.RESEND for each in after.differences)
    return replace(result, repaired=done, confirmed=confirmed and done.stopped is None)
