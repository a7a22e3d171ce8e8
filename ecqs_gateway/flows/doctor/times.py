"""Clocks: ours against the past we wrote down, against the database server's, and against headquarters'."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, check
from ecqs_gateway.ledger.tables import batch, evidence, receipt, run

__all__: list[str] = []

_TOLERATED = timedelta(seconds=2)
_TOO_FAR = timedelta(seconds=30)
_HEADQUARTERS = timedelta(seconds=60)
_LAST_RECEIPTS = 50
_STEP = "set this machine's clock by NTP (`timedatectl status`), then look again"


@check("clock.past")
def past(context: Context) -> Iterator[Finding]:
    """Nothing we wrote down may lie in the future: then the clock was wrong, or is wrong now."""
    with context.ledger() as ledger:
        latest = {
            "a run started": ledger.execute(sa.select(sa.func.max(run.c.started_at))).scalar(),
            "evidence was written": ledger.execute(sa.select(sa.func.max(evidence.c.at))).scalar(),
            "a batch was sealed": ledger.execute(sa.select(sa.func.max(batch.c.sealed_at))).scalar(),
        }
    now = context.clock()
    ahead = {what: at for what, at in latest.items() if at and datetime.fromisoformat(at) > now + _TOLERATED}
    for what, at in ahead.items():
        text = f"{what} at {at}, which lies in the future: the clock was ahead then, or is behind now"
        yield Finding("clock.past", Verdict.PROBLEM, text, next=_STEP)
    if not ahead:
        yield Finding("clock.past", Verdict.OK, "nothing in the ledger lies in the future")


@check("clock.database")
def database(context: Context) -> Iterator[Finding]:
    """A PostgreSQL server's clock agrees with ours: several workers compare times through it."""
    with context.ledger(newest=False) as ledger:
        if ledger.dialect.name != "postgresql":
            raise NotChecked("a SQLite ledger has no clock of its own")
        before = context.clock()
        seconds = float(ledger.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        after = context.clock()
    theirs = datetime.fromtimestamp(seconds, UTC)
    # Our clock is read to the second, so the answer lies anywhere up to one second behind what it said last.
    apart = max(before - theirs, theirs - (after + timedelta(seconds=1)), timedelta(0))
    verdict = Verdict.OK if apart <= _TOLERATED else Verdict.PROBLEM if apart > _TOO_FAR else Verdict.WARNING
    text = f"this machine and the database server are {apart.total_seconds():.0f} s apart"
    step = "" if verdict is Verdict.OK else "set both clocks by the same NTP server: leases are given by the clock"
    yield Finding("clock.database", verdict, text, next=step)


@check("clock.headquarters")
def headquarters(context: Context) -> Iterator[Finding]:
    """Headquarters signs a receipt after we sent and before we took it: what its clock says must lie in between."""
    wanted = (
        sa.select(receipt.c.issued_at, receipt.c.taken_at, batch.c.sealed_at)
        .join(batch, batch.c.id == receipt.c.batch_id)
        .where(receipt.c.verdict == "accepted", receipt.c.issued_at.is_not(None))
        .order_by(receipt.c.id.desc())
        .limit(_LAST_RECEIPTS)
    )
    with context.ledger() as ledger:
        rows = ledger.execute(wanted).all()
    if not rows:
        raise NotChecked("no receipt has come yet")
    spans = [[datetime.fromisoformat(text) for text in row] for row in rows]
    ahead = max(issued - taken for issued, taken, _ in spans)
    behind = max(sealed - issued for issued, _, sealed in spans)
    if max(ahead, behind) <= _HEADQUARTERS:
        yield Finding("clock.headquarters", Verdict.OK, f"the last {len(rows)} receipts fit our clock")
        return
    way, apart = ("ahead of", ahead) if ahead > behind else ("behind", behind)
    text = f"headquarters' clock is at least {apart.total_seconds():.0f} s {way} ours, by its own receipts"
    yield Finding("clock.headquarters", Verdict.WARNING, text, next=f"{_STEP}; if ours is right, tell headquarters")
