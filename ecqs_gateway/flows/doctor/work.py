"""The work at hand: leases, runs, lanes that are held or stopped, what waits too long, what grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, age, check
from ecqs_gateway.ledger import owner as owners
from ecqs_gateway.ledger.lanes import LEASE_TIME, RESTORED
from ecqs_gateway.ledger.tables import batch, dead_letter, extraction, lane, run, run_count, stop_order
from ecqs_gateway.ledger.tables_drift import drift

__all__: list[str] = []

_LONG_RUN = timedelta(hours=12)
_LATE, _MUCH_TOO_LATE = timedelta(hours=36), timedelta(days=7)
_UNSETTLED_TOO_LONG = timedelta(hours=24)
_STORED_TOO_LONG = timedelta(hours=36)
_SUDDEN = 20
_UNSETTLED = ("sealed", "sent", "received", "validated")


def _rows(context: Context, statement: sa.Select[Any]) -> list[sa.Row[Any]]:
    with context.ledger() as ledger:
        return [row for row in ledger.execute(statement) if not hasattr(row, "unit") or _mine(context, row.unit)]


def _mine(context: Context, unit: str | None) -> bool:
    return unit is None or context.concerns(unit)


def _since(context: Context, text: str) -> timedelta:
    return context.clock() - datetime.fromisoformat(text)


@check("work.leases")
def leases(context: Context) -> Iterator[Finding]:
    """A lease outlives its worker by less than a minute; one that ends far in the future was given by a wrong clock."""
    taken = _rows(context, sa.select(lane).where(lane.c.lease_owner.is_not(None)))
    quiet = True
    for row in taken:
        place, until = f"{row.unit} {row.kind}", datetime.fromisoformat(row.lease_until)
        if until > context.clock() + 4 * LEASE_TIME:
            quiet = False
            text = f"its lease ends only at {row.lease_until}: the clock of the worker that took it was wrong"
            step = "set the clocks right; if that worker is gone the lease frees itself only then"
            yield Finding("work.leases", Verdict.PROBLEM, text, place, step)
        elif until <= context.clock() or owners.gone(row.lease_owner):
            quiet = False
            text = "its worker ended without giving the lease back"
            step = "nothing to do: the next run takes it at once and continues"
            yield Finding("work.leases", Verdict.WARNING, text, place, step)
    if quiet:
        yield Finding("work.leases", Verdict.OK, f"{len(taken)} lanes are being worked on, none is stuck")


@check("work.runs")
def runs(context: Context) -> Iterator[Finding]:
    """A run that says running is running."""
    found = _rows(context, sa.select(run).where(run.c.state == "running").order_by(run.c.started_at))
    quiet = True
    for row in found:
        old = _since(context, row.started_at)
        if row.owner is not None and owners.gone(row.owner):
            quiet = False
            step = "run it again: it continues where that one stopped, nothing is lost"
            yield Finding("work.runs", Verdict.WARNING, "it was killed, or its machine restarted", row.id, step)
        elif old > _LONG_RUN:
            quiet = False
            text = f"it has been running for {age(old)}, or was killed where that cannot be seen from here"
            step = "look at its log; if its process is gone, run again: it continues where that one stopped"
            yield Finding("work.runs", Verdict.WARNING, text, row.id, step)
    if quiet:
        yield Finding("work.runs", Verdict.OK, f"{len(found)} runs are going on, none has been left behind")


@check("work.held")
def held(context: Context) -> Iterator[Finding]:
    """No lane is held."""
    found = _rows(context, sa.select(lane).where(lane.c.held_reason.is_not(None)).order_by(lane.c.unit))
    for row in found:
        restored = row.held_reason.startswith(RESTORED)
        release = f"`ecqs release {row.unit} {row.kind} --reason …`"
        step = f"settle it with headquarters, then {release}; its batches wait, nothing is lost"
        step = "run `ecqs restore --reconcile`" if restored else step
        yield Finding("work.held", Verdict.PROBLEM, f"held: {row.held_reason}", f"{row.unit} {row.kind}", step)
    if not found:
        yield Finding("work.held", Verdict.OK, "no lane is held")


@check("work.drift")
def drifted(context: Context) -> Iterator[Finding]:
    """No record kind is held because its source has drifted."""
    on = sa.and_(lane.c.id == drift.c.lane_id, drift.c.state == "held")
    found = _rows(context, sa.select(drift, lane.c.unit, lane.c.kind).join(lane, on).order_by(lane.c.unit))
    for row in found:
        told = "; ".join(str(one["message"]) for one in json.loads(row.found))
        step = f"ask the unit, then `ecqs drift {row.unit} --kind {row.kind}`: it shows the lines and the way on"
        text = f"nothing is taken from its source since {row.held_at[:16]}: {told}"
        yield Finding("work.drift", Verdict.PROBLEM, text, f"{row.unit} {row.kind}", step)
    if not found:
        yield Finding("work.drift", Verdict.OK, "no source has drifted")


@check("work.stopped")
def stopped(context: Context) -> Iterator[Finding]:
    """Stop orders that stand are known to whoever is on duty."""
    found = _rows(context, sa.select(stop_order).where(stop_order.c.lifted_at.is_(None)).order_by(stop_order.c.id))
    for row in found:
        place = " ".join(part or every for part, every in ((row.unit, "every unit"), (row.kind, "every kind")))
        text = f"stopped since {row.at} by {row.by}: {row.reason}"
        yield Finding("work.stopped", Verdict.WARNING, text, place, "`ecqs resume` when the reason is gone")
    if not found:
        yield Finding("work.stopped", Verdict.OK, "no stop order stands")


@check("work.unsettled")
def unsettled(context: Context) -> Iterator[Finding]:
    """Batches are sent and answered in time."""
    first, count = sa.func.min(batch.c.sealed_at), sa.func.count()
    silent = sa.func.sum(
        sa.case((sa.and_(batch.c.state == "sent", batch.c.sent_at < _silent_since(context)), 1), else_=0)
    )
    unsent = sa.func.sum(sa.case((batch.c.state == "sealed", 1), else_=0))
    wanted = (
        sa.select(
            lane.c.unit,
            lane.c.kind,
            first.label("first"),
            count.label("n"),
            silent.label("silent"),
            unsent.label("unsent"),
        )
        .join(lane, lane.c.id == batch.c.lane_id)
        .where(batch.c.state.in_(_UNSETTLED))
        .group_by(lane.c.unit, lane.c.kind)
        .order_by(lane.c.unit, lane.c.kind)
    )
    quiet = True
    for row in _rows(context, wanted):
        old = _since(context, row.first)
        if old <= _patience(context):
            continue
        quiet = False
        text = f"{row.n} batches are not settled, the oldest is {age(old)} old; {row.unsent} were never sent"
        text += f", {row.silent} sent and not answered at all" if row.silent else ""
        step = "look at the last error with `ecqs status`; ask headquarters whether it has them if they were sent"
        verdict = Verdict.PROBLEM if old > _UNSETTLED_TOO_LONG else Verdict.WARNING
        yield Finding("work.unsettled", verdict, text, f"{row.unit} {row.kind}", step)
    if quiet:
        yield Finding("work.unsettled", Verdict.OK, "no batch has waited longer than it may")


def _patience(context: Context) -> timedelta:
    """Give how long a batch may stay without an answer before its bytes are sent again."""
    try:
        return context.national.receipts.resend_after
    except NotChecked:
        return timedelta(hours=1)


def _silent_since(context: Context) -> str:
    return (context.clock() - _patience(context)).isoformat()


@check("work.late")
def late(context: Context) -> Iterator[Finding]:
    """Every lane that is onboarded has gone through a run not long ago."""
    done = (
        sa.select(lane.c.unit, lane.c.kind, sa.func.max(run.c.started_at).label("at"))
        .join(run_count, run_count.c.lane_id == lane.c.id)
        .join(run, run.c.id == run_count.c.run_id)
        .where(run_count.c.error.is_(None), run.c.state != "running")
        .group_by(lane.c.unit, lane.c.kind)
    )
    last = {(row.unit, row.kind): row.at for row in _rows(context, done)}
    quiet = True
    for unit, kind in context.the_content.lanes():
        if not context.concerns(unit):
            continue
        at = last.get((unit, kind))
        old = _since(context, at) if at is not None else None
        if old is not None and old <= _LATE:
            continue
        quiet = False
        text = f"went through last {age(old)} ago" if old is not None else "has never gone through a run"
        verdict = Verdict.PROBLEM if old is not None and old > _MUCH_TOO_LATE else Verdict.WARNING
        step = f"run `ecqs sync --unit {unit}` and read what it says; check that the nightly job is scheduled"
        yield Finding("work.late", verdict, text, f"{unit} {kind}", step)
    if quiet:
        yield Finding("work.late", Verdict.OK, f"every lane went through within {age(_LATE)}")


@check("work.letters")
def letters(context: Context) -> Iterator[Finding]:
    """Open dead letters are few, or at least do not grow suddenly."""
    day, week = (context.clock() - timedelta(days=n) for n in (1, 8))
    recent = sa.func.sum(sa.case((dead_letter.c.created_at >= day.isoformat(), 1), else_=0))
    before = sa.func.sum(
        sa.case(
            (sa.and_(dead_letter.c.created_at < day.isoformat(), dead_letter.c.created_at >= week.isoformat()), 1),
            else_=0,
        )
    )
    wanted = (
        sa.select(lane.c.unit, lane.c.kind, sa.func.count().label("n"), recent.label("recent"), before.label("before"))
        .join(lane, lane.c.id == dead_letter.c.lane_id)
        .where(dead_letter.c.state == "open")
        .group_by(lane.c.unit, lane.c.kind)
        .order_by(lane.c.unit, lane.c.kind)
    )
    total, quiet = 0, True
    for row in _rows(context, wanted):
        total += row.n
        if row.recent > max(_SUDDEN, 5 * row.before / 7):
            quiet = False
            text = f"{row.recent} dead letters in the last day ({row.n} open): something at the source has changed"
            step = f"`ecqs dead-letters list --unit {row.unit} --by rule` groups them by reason"
            yield Finding("work.letters", Verdict.WARNING, text, f"{row.unit} {row.kind}", step)
    if quiet:
        yield Finding("work.letters", Verdict.OK, f"{total} dead letters are open, none came in numbers")


@check("work.extractions")
def extractions(context: Context) -> Iterator[Finding]:
    """Rows that were stored are processed by the next run at the latest."""
    wanted = (
        sa.select(
            lane.c.unit, lane.c.kind, sa.func.count().label("n"), sa.func.min(extraction.c.created_at).label("at")
        )
        .join(lane, lane.c.id == extraction.c.lane_id)
        .where(extraction.c.state == "stored")
        .group_by(lane.c.unit, lane.c.kind)
        .order_by(lane.c.unit, lane.c.kind)
    )
    found = _rows(context, wanted)
    quiet = True
    for row in found:
        old = _since(context, row.at)
        if old > _STORED_TOO_LONG:
            quiet = False
            text = f"{row.n} extractions were stored up to {age(old)} ago and not processed"
            step = f"run `ecqs sync --unit {row.unit}`: it takes them up first, and says what keeps it from doing so"
            yield Finding("work.extractions", Verdict.WARNING, text, f"{row.unit} {row.kind}", step)
    if quiet:
        yield Finding("work.extractions", Verdict.OK, f"{sum(row.n for row in found)} extractions wait, none for long")
