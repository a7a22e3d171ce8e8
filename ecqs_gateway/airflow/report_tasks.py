"""What the tasks of the monthly report do: list the units, make and send one unit's report."""

from __future__ import annotations

from typing import TypedDict

from ecqs_gateway.airflow.connections import resolve
from ecqs_gateway.airflow.tasks import alone, log
from ecqs_gateway.errors import Terminal, Transient
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.flows.report.context import Context
from ecqs_gateway.flows.report.send import send_unit

__all__ = ["ReportJob", "ReportOutcome", "plan", "send"]


class ReportJob(TypedDict):
    """One unit's report of a month."""

    unit: str
    month: str


class ReportOutcome(TypedDict):
    """What became of it."""

    unit: str
    report: str
    state: str


@alone
def plan() -> list[ReportJob]:
    """List the units that report: every one that has a connector; the month is the one before this."""
    with open_gateway(connections=resolve) as gateway:
        month = Context.of(gateway, None).month
        return [ReportJob(unit=unit, month=month) for unit in gateway.units()]


@alone
def send(job: ReportJob) -> ReportOutcome:
    """Make, seal and send a unit's report, and wait for the receipt.

    Raises Terminal ECQS-8112 when headquarters refused it, Transient ECQS-8113 while there is no receipt.
    """
    with open_gateway(connections=resolve) as gateway:
        done = send_unit(gateway, job["unit"], job["month"])
        stopped = done.state == "sealed" and done.error is not None
    if done.state == "rejected":
        hint = "`ecqs report --month … --send` makes and sends the next edition once the cause is mended"
        raise Terminal("ECQS-8112", f"headquarters refused the report: {done.error}", where=done.id, hint=hint)
    if stopped:
        log.warning("stopped by order, which is no failure: %s: %s", done.id, done.error)
    elif done.state != "received":
        hint = "it is asked for again by sending the same bytes once more"
        raise Transient("ECQS-8113", "headquarters has not answered the report yet", where=done.id, hint=hint)
    return ReportOutcome(unit=done.unit, report=done.id, state=done.state)
