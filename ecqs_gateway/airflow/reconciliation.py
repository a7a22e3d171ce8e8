"""What the tasks of the reconciliation DAG do: open the gateway, call the flow, hand on a few numbers. Never rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from ecqs_gateway.airflow.connections import resolve
from ecqs_gateway.airflow.tasks import alone
from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.flows.reconciliation import run as flow
from ecqs_gateway.flows.reconciliation.result import Options
from ecqs_gateway.ledger import differences, runs

__all__ = ["Job", "Outcome", "close", "compare", "plan"]

log = logging.getLogger(__name__)
_SUNDAY = 6


class Job(TypedDict):
    """One unit's share of a reconciliation."""

    unit: str
    run: str
    bundle: str
    source: bool
    repair: bool


class Outcome(TypedDict):
    """What one unit came to: differences found by record kind and class, what was repaired, how many are left open."""

    unit: str
    found: dict[str, dict[str, int]]
    resent: int
    queued: int
    open: int


@alone
def plan(params: Mapping[str, Any] | None, day: datetime | None) -> list[Job]:
    """Open a run and list the units to compare; the sources are swept on Sundays (of ``day``), or as ``params`` say."""
    given = dict(params or {})
    source = given.get("source")
    if source is None:
        source = day is not None and day.astimezone(SHANGHAI).weekday() == _SUNDAY
    with open_gateway(connections=resolve) as gateway:
        gateway.keep_content()
        run = runs.start(gateway.database, flow.FLOW, gateway.content.digest, own=False)
        shared = {
            "run": run.id,
            "bundle": run.bundle,
            "source": bool(source),
            "repair": bool(given.get("repair", True)),
        }
        return [Job(unit=unit, **shared) for unit in gateway.units()]  # type: ignore[typeddict-item]


@alone
def compare(job: Job) -> Outcome:
    """Compare one unit; raises when a lane of it could not be compared."""
    options = Options(source=job["source"], repair=job["repair"])
    with open_gateway(connections=resolve) as gateway:
        run = runs.Run(job["run"], gateway.content.digest)
        lanes = flow.reconcile_unit(gateway, run, job["unit"], options)
    for lane in lanes:
        for each in lane.open:
            log.warning("open: %s %s, %s at the %s", lane.unit, lane.kind, each.kind_of, each.side)
    return Outcome(
        unit=job["unit"],
        found={lane.kind: lane.counts for lane in lanes},
        resent=sum(lane.repaired.resent for lane in lanes),
        queued=sum(lane.repaired.queued for lane in lanes),
        open=sum(len(lane.open) for lane in lanes),
    )


@alone
def close(jobs: Sequence[Job] | None) -> None:
    """Close the run; raises Terminal ECQS-8070 when a unit could not be compared.

    Differences that need a person fail nothing: they stand in the ledger, in `ecqs status` and in the report.
    """
    if jobs is None:
        raise Terminal("ECQS-8070", "the run could not be planned", hint="open the failed task plan: it says why")
    if not jobs:
        return
    with open_gateway(connections=resolve) as gateway:
        run = runs.Run(jobs[0]["run"], jobs[0]["bundle"])
        failed = flow.close(gateway, run, [job["unit"] for job in jobs])
        left = sum(sum(n.values()) for n in differences.open_counts(gateway.database).values())
    if left:
        log.warning("%d differences are open: `ecqs reconcile --list` names them", left)
    if failed:
        raise Terminal(
            "ECQS-8070",
            f"not everything could be compared: {', '.join(sorted(failed))}",
            hint="open the failed tasks of these units, or run `ecqs reconcile`",
        )
