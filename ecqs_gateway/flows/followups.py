"""Follow-ups: what is to be done after records were sent, by when, and what is overdue.

What is due is read out of the batches that were sent, once each, so that the nightly run does nothing for it; what is
kept is derived, and made anew when the follow-ups of the content change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import polars as pl

from ecqs_gateway.content.models_followups import FollowUp
from ecqs_gateway.deliver.record_columns import record_columns
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.ledger import audits, scans
from ecqs_gateway.ledger import followups as ledger
from ecqs_gateway.ledger.tables_followups import followup_scan
from ecqs_gateway.mapping.expr import ExprContext
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.rules.followups import DUE, MET, CompiledFollowUps, compile_followups

__all__ = ["AUDIT", "PROVIDERS", "ROWS", "FollowUps", "duties", "find", "overdue", "scan"]

ROWS = {
    "unit": pl.String(), "rule": pl.String(), "title": pl.String(), "subject": pl.String(), "key": pl.String(),
    "due": pl.Date(), "days": pl.Int64(), "state": pl.String(), "met": pl.Date(), "message": pl.String(),
}  # fmt: skip
"""Columns of ``FollowUps.rows``: ``days`` left (negative when overdue), ``state`` due, overdue, met or late."""

Provider = Callable[[Gateway, date, date], pl.DataFrame]
"""Gives further things to be done, as ``ROWS``: asked with today's date and the last day that is of interest."""

AUDIT = "AUDIT"
"""The rule of answers to random inspections, which no follow-up of the content is."""

_AT_ONCE = 200_000
_OWED = "在期限前答复总局随机抽查：先 `ecqs audits assemble`，再 `ecqs audits answer`。"


def _audits(gateway: Gateway, today: date, last: date) -> pl.DataFrame:
    """Give the answers to random inspections that are owed by a day; an answer that has not got out is owed still."""
    rows = []
    for request in audits.unanswered(gateway.database):
        due = date.fromisoformat(request["due"])
        state, key = "overdue" if due < today else "due", request["id"]
        if due <= last:
            rows.append((request["unit"], AUDIT, "随机抽查答复", key, key, due, (due - today).days, state, None, _OWED))
    return pl.DataFrame(rows, schema=ROWS, orient="row")


PROVIDERS: list[Provider] = [_audits]
"""What does not come out of batches: deadlines of audit requests."""


@dataclass(frozen=True)
class FollowUps:
    """What is to be done, the most urgent first; ``unread`` batches were removed before anybody looked into them."""

    rows: pl.DataFrame
    on: date
    unread: int


def scan(gateway: Gateway) -> int:
    """Look through the batches not looked through yet, and give how many there were.

    Raises Terminal ECQS-3012 or Conflict ECQS-3011 where bytes are missing or not those that were sent.
    """
    files = gateway.content.followups
    compiled = compile_followups(files.values(), ExprContext(gateway.content.codes, gateway.content.calendar))
    rules = _digest(gateway)
    ledger.forget(gateway.database, rules)
    seen = 0
    waiting = scans.unread(gateway.database, followup_scan, compiled.kinds)
    for lane_id, batches in groupby(waiting, key=lambda one: one.lane_id):
        for found in _pieces(gateway, batches, (compiled, rules)):
            ledger.keep(gateway.database, lane_id, found)
        seen += 1
    return seen


def _digest(gateway: Gateway) -> str:
    """Give the digest of the follow-ups as they are written; another one has everything looked through again."""
    digest = hashlib.sha256()
    for path in sorted(gateway.content.followups):
        digest.update(gateway.content.files[path])
    return digest.hexdigest()


def _pieces(
    gateway: Gateway, batches: Iterable[scans.Unread], by: tuple[CompiledFollowUps, str]
) -> Iterator[ledger.Kept]:
    """Look through the batches of one lane; what they say is given in pieces, so that memory stays bounded."""
    compiled, rules = by
    due, met, rows, gone, last = [_empty(DUE)], [_empty(MET)], 0, 0, 0
    for batch in batches:
        last = batch.sequence
        frame = _columns(gateway, batch, compiled)
        if frame is None:
            gone += 1
            continue
        wanted, settled = compiled.of(batch.kind, frame)
        number = pl.lit(batch.sequence, pl.Int64).alias("sequence")
        due.append(wanted.with_columns(number))
        met.append(settled.with_columns(number))
        rows += frame.height
        if rows >= _AT_ONCE:
            yield ledger.Kept(pl.concat(due), pl.concat(met), last, gone, rules)
            due, met, rows, gone = [_empty(DUE)], [_empty(MET)], 0, 0
    yield ledger.Kept(pl.concat(due), pl.concat(met), last, gone, rules)


def _empty(shape: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(schema={**shape, "sequence": pl.Int64()})


def _columns(gateway: Gateway, batch: scans.Unread, compiled: CompiledFollowUps) -> pl.DataFrame | None:
    package = scans.package_of(gateway.stage, batch)
    return None if package is None else record_columns(package, spec(batch.kind), compiled.columns(batch.kind))


def find(
    gateway: Gateway, *, within: timedelta, units: Sequence[str] = (), on: date | None = None, met: bool = False
) -> FollowUps:
    """Give what is overdue, or due within a time; with ``met`` also what was done, and whether in time."""
    scan(gateway)
    today = on if on is not None else gateway.clock().date()
    last = today + within
    same = tuple(one.id for one in _all(gateway) if one.met_by.unit == "same")
    found = ledger.open_ones(gateway.database, ledger.Asked(today, last, tuple(units), same), met=met)
    rows = pl.concat([_told(gateway, found, today), *(one(gateway, today, last) for one in PROVIDERS)])
    if units:
        rows = rows.filter(pl.col("unit").is_in(list(units)))
    return FollowUps(
        rows.sort("due", "unit", "subject", "rule"), today, scans.unread_before(gateway.database, followup_scan)
    )


def overdue(gateway: Gateway, on: date | None = None, units: Sequence[str] = ()) -> pl.DataFrame:
    """Give what the units should have done before a day and have not, as ``ROWS``; enterprises' duties are left out."""
    found = find(gateway, within=timedelta(0), units=units, on=on).rows
    others = [one.id for one in _all(gateway) if one.bearer != "unit"]
    return found.filter((pl.col("state") == "overdue") & ~pl.col("rule").is_in(others))


def duties(gateway: Gateway) -> dict[str, str]:
    """Give the follow-ups that are the units' own duty, with their titles; enterprises' are left out."""
    return {one.id: one.title for one in _all(gateway) if one.bearer == "unit"}


def _all(gateway: Gateway) -> Iterator[FollowUp]:
    for file in gateway.content.followups.values():
        yield from file.followups


def _told(gateway: Gateway, found: pl.DataFrame, today: date) -> pl.DataFrame:
    """Add the words of the follow-ups and what became of each."""
    known: dict[str, FollowUp] = {one.id: one for one in _all(gateway)}
    words = pl.DataFrame(
        {
            "rule": list(known),
            "title": [one.title for one in known.values()],
            "message": [one.message.zh for one in known.values()],
        },
        schema={"rule": pl.String(), "title": pl.String(), "message": pl.String()},
    )
    late, past = pl.col("met") > pl.col("due"), pl.col("due") < today
    state = (
        pl.when(late).then(pl.lit("late")).when(pl.col("met").is_not_null()).then(pl.lit("met"))
        .when(past).then(pl.lit("overdue")).otherwise(pl.lit("due"))
    )  # fmt: skip
    days = (pl.col("due") - pl.lit(today)).dt.total_days().alias("days")
    return found.join(words, on="rule", how="inner").with_columns(state.alias("state"), days).select(list(ROWS))
