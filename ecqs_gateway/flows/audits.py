"""Random inspections of one unit: pull what is asked, tell the province, send what is sealed, see to due dates.

Every step can be done again: each goes on from what the ledger says, and a unit that fails stops no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.doors.ssh import Endpoint
from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.flows.audit_pull import Pull
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.inbound.audit_box import AuditBox
from ecqs_gateway.inbound.route import Notice, route
from ecqs_gateway.ledger import audits, dossiers, stops
from ecqs_gateway.ledger.dossiers import Outgoing
from ecqs_gateway.model.audits import AUDIT_KIND, Message, MessageName
from ecqs_gateway.rules.calendar import load_calendar

__all__ = ["UnitResult", "notice", "open_box", "run", "run_unit", "working_days_left"]


@dataclass
class UnitResult:
    """What became of one unit: new requests and receipts, files not believed, messages sent, ids that are overdue."""

    unit: str
    requests: int = 0
    receipts: int = 0
    quarantined: int = 0
    routed: int = 0
    sent: int = 0
    overdue: list[str] = field(default_factory=list)
    stopped: str | None = None
    """By whom and why sending was stopped while something waited."""
    errors: list[GatewayError] = field(default_factory=list)
    """What failed; the other steps were done all the same."""


def run(gateway: Gateway, units: Sequence[str] = ()) -> list[UnitResult]:
    """Do all there is to do for these units, or for all; raises Misconfigured for an unknown unit only."""
    return [run_unit(gateway, unit) for unit in gateway.units(units)]


def run_unit(gateway: Gateway, unit: str) -> UnitResult:
    """Do all there is to do for one unit; what fails is in the result, and never raised."""
    result = UnitResult(unit)
    with _kept(result), open_box(gateway) as box:
        with _kept(result):
            pull = Pull(gateway, unit, box)
            try:
                pull.run()
            finally:
                result.requests, result.receipts, result.quarantined = pull.requests, pull.receipts, pull.quarantined
        with _kept(result):
            _route(gateway, result)
        with _kept(result):
            _send(gateway, box, result)
    today = gateway.clock().astimezone(SHANGHAI).date()
    result.overdue = [r["id"] for r in audits.mark_overdue(gateway.database, unit, today, clock=gateway.clock)]
    return result


@contextmanager
def _kept(result: UnitResult) -> Iterator[None]:
    try:
        yield
    except GatewayError as error:
        result.errors.append(error)


@contextmanager
def open_box(gateway: Gateway) -> Iterator[AuditBox]:
    """Open the way to headquarters; nothing is contacted before it is used."""
    settings = gateway.national.transport
    endpoint = Endpoint.of(gateway.resolve(settings.connection), host_key=settings.host_key)
    box = AuditBox(endpoint, inbox=settings.inbox, audits=settings.audits)
    try:
        yield box
    finally:
        box.close()


def _route(gateway: Gateway, result: UnitResult) -> None:
    """Tell the province of what is new; without ``audits:`` in its connector only the commands show it."""
    waiting = audits.to_route(gateway.database, result.unit)
    if not waiting:
        return
    connector = gateway.connector(result.unit)
    if connector.audits is None:
        return
    found = gateway.resolve(connector.audits.connection or connector.source.connection)
    for request in waiting:
        place = route(connector.audits, found, notice(gateway, request))
        audits.mark_routed(gateway.database, request["id"], place, clock=gateway.clock)
        result.routed += 1


def notice(gateway: Gateway, request: audits.Row) -> Notice:
    """Make what a province is told: all cases the first time, then those headquarters has remarks on."""
    again = request["state"] == "again"
    remarks: dict[int | None, list[str]] = {}
    for remark in json.loads(request["remarks"] or "[]") if again else []:
        remarks.setdefault(remark["case"], []).append(f"{remark['code']} {remark['text']}")
    asked = 1 + (dossiers.answers(gateway.database, request["id"]) if again else 0)
    demands: dict[str, list[str]] = json.loads(request["demands"])
    rows: list[dict[str, Any]] = [
        {
            "request_id": request["id"],
            "round": asked,
            "case_no": case["number"],
            "unit": request["unit"],
            "kind": case["kind"],
            "business_key": case["key"],
            "product": case["product"],
            "version": case["version"],
            "papers": ",".join(demands.get(case["kind"], [])),
            "remark": "；".join([*remarks.get(case["number"], []), *remarks.get(None, [])]),
            "issued_at": request["issued_at"],
            "due_date": request["due"],
        }
        for case in audits.cases(gateway.database, request["id"])
        if not again or None in remarks or case["number"] in remarks
    ]
    return Notice(request["id"], asked, rows)


def _send(gateway: Gateway, box: AuditBox, result: UnitResult) -> None:
    """Send what is sealed, oldest first, the very bytes that were stored."""
    waiting = dossiers.unsent(gateway.database, result.unit)
    for position, message in enumerate(waiting):
        orders = stops.standing(gateway.database, result.unit, AUDIT_KIND)
        if orders:
            result.stopped = f"{len(waiting) - position} messages wait: {'; '.join(o.sentence() for o in orders)}"
            return
        try:
            box.put(_name(message), gateway.stage.get(message.file.name, message.file.digest))
        except GatewayError as error:
            dossiers.mark_failed(gateway.database, message, str(error))
            raise
        dossiers.mark_sent(gateway.database, message, clock=gateway.clock)
        result.sent += 1


def _name(message: Outgoing) -> MessageName:
    return MessageName(request=message.request, message=Message(message.kind), number=message.number or None)


def working_days_left(gateway: Gateway, due: str) -> int | None:
    """Count the working days from today to a due date, below zero when it has passed; None in an unknown year."""
    calendar = load_calendar(gateway.content.root / "schemas" / "calendar")
    try:
        return calendar.between(gateway.clock().astimezone(SHANGHAI).date(), date.fromisoformat(due))
    except Misconfigured:
        return None
