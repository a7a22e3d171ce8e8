"""Random inspections: what is overdue, what nobody was told of, what was not believed, what does not get out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.flows.doctor.core import Context, Finding, Verdict, check
from ecqs_gateway.ledger.audits import OPEN
from ecqs_gateway.ledger.tables_audits import audit_arrival, audit_message, audit_request

__all__: list[str] = []

_SOON, _FRESH = timedelta(days=3), timedelta(days=30)


@check("audits.due")
def due(context: Context) -> Iterator[Finding]:
    """No request is overdue, refused, or told to nobody."""
    wanted = sa.select(audit_request).where(audit_request.c.state != "closed").order_by(audit_request.c.due)
    with context.ledger() as ledger:
        found = [row for row in ledger.execute(wanted) if context.concerns(row.unit)]
    told = [finding for row in found if (finding := _about(context, row)) is not None]
    yield from told
    if not told:
        yield Finding("audits.due", Verdict.OK, "nothing headquarters asks for is late, refused, or told to nobody")


def _about(context: Context, row: sa.Row[Any]) -> Finding | None:
    """Say what is wrong with one request; None where nothing is."""
    today, place = context.clock().astimezone(SHANGHAI).date(), f"{row.unit} {row.id}"
    if row.state == "refused":
        # Told long enough; it stays in the list and in the evidence.
        fresh = datetime.fromisoformat(row.received_at) >= context.clock() - _FRESH
        text = f"it was refused, because its draw cannot be reproduced: {row.code} {row.reason}"
        step = "ask headquarters how the cases were drawn"
        return Finding("audits.due", Verdict.PROBLEM, text, place, step) if fresh else None
    if row.state in OPEN and row.due < today.isoformat():
        step = f"`ecqs audits show {row.id}` says what is lacking; answer, and tell headquarters why it is late"
        return Finding("audits.due", Verdict.PROBLEM, f"its answer was due {row.due}", place, step)
    if row.state in OPEN and row.due <= (today + _SOON).isoformat():
        step = f"`ecqs audits assemble {row.id}`, then `ecqs audits answer {row.id}`"
        return Finding("audits.due", Verdict.WARNING, f"its answer is due {row.due}", place, step)
    connector = context.content.connectors.get(row.unit) if context.content is not None else None
    if row.state == "received" and connector is not None and connector.audits is None:
        step = "write audits: into its connector, or tell the province of it by other means"
        return Finding("audits.due", Verdict.WARNING, "its connector does not say where it goes", place, step)
    return None


@check("audits.believed")
def believed(context: Context) -> Iterator[Finding]:
    """Whatever lies in headquarters' audit folder is headquarters' own, and what we answer gets there."""
    strange = sa.select(audit_arrival).where(
        audit_arrival.c.verdict == "quarantined", audit_arrival.c.seen_at.is_(None)
    )
    stuck = (
        sa.select(audit_message, audit_request.c.unit)
        .join(audit_request, audit_request.c.id == audit_message.c.request_id)
        .where(audit_message.c.state == "sealed", audit_message.c.last_error.is_not(None))
    )
    with context.ledger() as ledger:
        files = [row for row in ledger.execute(strange) if context.concerns(row.unit)]
        messages = [row for row in ledger.execute(stuck) if context.concerns(row.unit)]
    for row in files:
        step = f"ask headquarters through another channel, then `ecqs audits seen {row.id} --by NAME`"
        text = f"a file was not believed: {row.code} {row.reason}"
        yield Finding("audits.believed", Verdict.PROBLEM, text, f"{row.unit} no. {row.id}", step)
    for row in messages:
        text = f"its {row.kind} did not get out in {row.attempts} attempts: {row.last_error}"
        step = "`ecqs audits pull` tries again"
        yield Finding("audits.believed", Verdict.WARNING, text, f"{row.unit} {row.request_id}", step)
    if not files and not messages:
        yield Finding("audits.believed", Verdict.OK, "every file was believed, and nothing is stuck")
