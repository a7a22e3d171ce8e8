"""The nightly sync: for each unit collect what changed, deliver it, settle the receipts. Used by CLI and DAG alike.

A unit's failure is kept with its lane and told at the end; it stops no other unit, and what its other record kinds
can still do is done. All units run at once: one that waits for its source or for headquarters delays no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Self

from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows import keyring
from ecqs_gateway.flows.collect import collect, rehearse
from ecqs_gateway.flows.crew import side_by_side
from ecqs_gateway.flows.deliver import Delivery, unit_budget
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.held import retry_held
from ecqs_gateway.flows.progress import Step
from ecqs_gateway.ledger import lanes, query, runs
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Counts, Run

__all__ = ["EVERYTHING", "FLOW", "Options", "Summary", "close", "collect_unit", "deliver_unit", "stopped", "sync"]

FLOW = "nightly"


@dataclass(frozen=True)
class Options:
    """What a run covers; empty means everything."""

    units: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: date | None = None
    dry_run: bool = False


EVERYTHING = Options()


@dataclass(frozen=True)
class Summary:
    """What a run came to: counts per unit and kind, and why lanes failed (``320000 certificate`` → message).

    ``stopped`` names the lanes an operator's order kept from sending, which is no failure; ``interrupted`` says why
    the run ended early.
    """

    run_id: str
    rows: list[dict[str, Any]]
    failed: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False
    stopped: dict[str, str] = field(default_factory=dict)
    interrupted: str | None = None

    def sentence(self) -> str:
        """Say in one sentence how it went."""
        if self.interrupted is not None:
            return (
                f"Not done: {self.interrupted}. Nothing is lost: the next `ecqs sync` continues where this one ended."
            )
        if self.failed:
            return (
                f"{len(self.failed)} failed, the rest went through. Nothing is lost: run `ecqs sync` again when mended."
            )
        if self.dry_run:
            total = sum(row["batched"] for row in self.rows)
            return f"{total} records would be sent."
        sent = sum(row["sent"] for row in self.rows)
        if self.stopped:
            return f"{sent} records sent; {len(self.stopped)} stopped by order. `ecqs resume` lifts an order."
        return f"{sent} records sent." if sent else self._nothing_sent()

    def _nothing_sent(self) -> str:
        dead = sum(row["dead_new"] + row["dead_known"] for row in self.rows)
        if dead:
            rows = "1 row is a dead letter" if dead == 1 else f"{dead} of the rows read are dead letters"
            return f"Nothing new was sent: {rows}; `ecqs dead-letters list --by rule` says why."
        return "Nothing new: every record headquarters should have was sent before."


def sync(gateway: Gateway, options: Options) -> Summary:
    """Sync all units side by side; collecting and delivering of a unit overlap.

    ``gateway.limits.interrupt`` ends it early: leases are given back, and the run is marked as interrupted.
    """
    units = gateway.units(options.units)
    gateway.require_kinds(units, options.kinds)
    if options.dry_run:
        return _rehearse(gateway, units, options)
    gateway.keep_content()
    keyring.warn_unsealed(gateway.settings.keys)
    run = runs.start(gateway.database, FLOW, gateway.content.digest, clock=gateway.clock)
    with suppress(GatewayError):  # compiled once here instead of by all at once; each lane tells what is wrong with it
        _ = gateway.schema
    try:
        crashes = side_by_side(
            {unit: partial(_sync_unit, gateway, run, unit, options) for unit in units}, gateway.limits.interrupt
        )
    finally:
        interrupted = _give_back(gateway)
        failed = close(gateway, run)
    for error in crashes.values():
        raise error
    counts = query.run_counts(gateway.database, run.id)
    return Summary(run.id, counts, failed, stopped=stopped(gateway, run), interrupted=interrupted)


def _give_back(gateway: Gateway) -> str | None:
    """Give back the leases of what was left behind by an interrupted run, and say why it was; None when it was not."""
    for lease in tuple(gateway.limits.leases):
        # From here on the thread that still waits in the lane can write nothing: its lease is gone.
        lanes.release(gateway.database, lease)
    return gateway.limits.interrupt.message() if gateway.limits.interrupt else None


def _sync_unit(gateway: Gateway, run: Run, unit: str, options: Options) -> None:
    """Collect and deliver one unit at the same time, one record kind after the other."""
    budget = unit_budget(gateway)
    for kind in gateway.kinds(unit, options.kinds):
        if gateway.limits.interrupt:
            return
        retry_held(gateway, run, unit, kind)
        with _Lane(gateway, run, unit, kind) as lane:
            if lane.lease is None:
                continue
            delivery = Delivery(gateway, run, lane.lease, budget)
            with delivery.in_background(), lane.phase("collect"):
                collect(gateway, run, lane.lease, since=options.since, committed=delivery.wake)
            with lane.phase("deliver"):
                delivery.result()
            lane.note_stop(delivery.stopped)


def collect_unit(gateway: Gateway, run: Run, unit: str, options: Options = EVERYTHING) -> dict[str, Counts]:
    """Collect all record kinds of one unit; raises the first error after the other kinds were tried."""
    gateway.keep_content()
    counts: dict[str, Counts] = {}
    errors: list[GatewayError] = []
    for kind in gateway.kinds(unit, options.kinds):
        retry_held(gateway, run, unit, kind)
        with _Lane(gateway, run, unit, kind, errors) as lane, lane.phase("collect"):
            if lane.lease is not None:
                counts[kind] = collect(gateway, run, lane.lease, since=options.since)
    _raise_first(errors)
    return counts


def deliver_unit(gateway: Gateway, run: Run, unit: str, options: Options = EVERYTHING) -> dict[str, Counts]:
    """Send the outbox of all record kinds of one unit and settle the receipts; raises like ``collect_unit``."""
    counts: dict[str, Counts] = {}
    errors: list[GatewayError] = []
    budget = unit_budget(gateway)
    for kind in gateway.kinds(unit, options.kinds):
        with _Lane(gateway, run, unit, kind, errors) as lane, lane.phase("deliver"):
            if lane.lease is not None:
                delivery = Delivery(gateway, run, lane.lease, budget)
                counts[kind] = delivery.to_the_end()
                lane.note_stop(delivery.stopped)
    _raise_first(errors)
    return counts


def _raise_first(errors: Sequence[GatewayError]) -> None:
    """Raise what went wrong; a terminal error goes before a transient one, for trying again would not help it."""
    for error in sorted(errors, key=lambda e: e.retry):
        raise error


def close(gateway: Gateway, run: Run) -> dict[str, str]:
    """Close a run and give the lanes that failed in it, with why."""
    failed = _told(gateway, run, "error")
    if gateway.limits.interrupt:
        runs.interrupt(gateway.database, run, gateway.limits.interrupt.message())
        return failed
    told = [*failed, *(f"{lane}: {why}" for lane, why in stopped(gateway, run).items())]
    runs.finish(gateway.database, run, failed=bool(failed), message="; ".join(told) or None)
    return failed


def stopped(gateway: Gateway, run: Run) -> dict[str, str]:
    """Give the lanes that an operator's order kept from sending in a run, with by whom and why."""
    return _told(gateway, run, "stopped")


def _told(gateway: Gateway, run: Run, what: str) -> dict[str, str]:
    return {
        f"{row['unit']} {row['kind']}": row[what] for row in query.run_counts(gateway.database, run.id) if row[what]
    }


def _rehearse(gateway: Gateway, units: Sequence[str], options: Options) -> Summary:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    failed: dict[str, str] = {}

    def one(unit: str) -> None:
        for kind in gateway.kinds(unit, options.kinds):
            try:
                counts = rehearse(gateway, unit, kind, since=options.since)
            except GatewayError as error:
                failed[f"{unit} {kind}"] = str(error)
            else:
                rows[unit, kind] = {"unit": unit, "kind": kind, "error": None, "stopped": None, **vars(counts)}

    crashes = side_by_side({unit: partial(one, unit) for unit in units}, gateway.limits.interrupt)
    for error in crashes.values():
        raise error
    interrupted = gateway.limits.interrupt.message() if gateway.limits.interrupt else None
    found = [rows[place] for place in sorted(rows)]
    return Summary("", found, dict(sorted(failed.items())), dry_run=True, interrupted=interrupted)


class _Lane:
    """One lane's lease for the time of its work; errors are kept with the lane, so that the next one goes on."""

    def __init__(
        self, gateway: Gateway, run: Run, unit: str, kind: str, errors: list[GatewayError] | None = None
    ) -> None:
        self._gateway, self._run, self._unit, self._kind = gateway, run, unit, kind
        self._number = lanes.lane_id(gateway.database, unit, kind)
        self._errors = errors if errors is not None else []
        self._open = ExitStack()
        self.lease: Lease | None = None
        """None while another run works on this lane."""

    def __enter__(self) -> Self:
        database, clock = self._gateway.database, self._gateway.clock
        with self.phase("lease"):
            self.lease = lanes.acquire(database, self._unit, self._kind, clock=clock)
            self._open.callback(self._release, self.lease)
            self._gateway.limits.leases.add(self.lease)
            self._open.enter_context(lanes.kept(database, self.lease, clock=clock))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _release(self, lease: Lease) -> None:
        self._gateway.limits.leases.discard(lease)
        lanes.release(self._gateway.database, lease)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Do one phase of the lane's work; a gateway error is kept and told later, a defect goes through.

        Whatever ends the phase, also a killed process, the ledger says that it did not go through.
        """
        self._note(name, "did not finish")
        try:
            yield
        except GatewayError as error:
            self._errors.append(error)
            self._note(name, str(error))
            self._gateway.progress(Step(self._unit, self._kind, "failed", {}))
        except BaseException as error:
            with suppress(GatewayError):
                self._note(name, f"ended by a defect ({type(error).__name__}); the log has the rest")
            raise
        else:
            self._note(name, None)

    def note_stop(self, message: str | None) -> None:
        """Keep by whom and why the lane was stopped from sending; None when it was not."""
        self._note(runs.STOPPED, message)

    def _note(self, phase: str, message: str | None) -> None:
        runs.note_error(self._gateway.database, self._run.id, self._number, phase, message)
