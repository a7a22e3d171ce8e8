"""What the tasks of the DAG of inspectors do: pull the list, write it back to one unit, look at how it went."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ecqs_gateway.airflow.connections import resolve
from ecqs_gateway.airflow.tasks import alone
from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows import inspector_visits, inspectors
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.ledger import inspectors as ledger

__all__ = ["Target", "close", "plan", "pull", "write_back"]

log = logging.getLogger(__name__)


class Target(TypedDict):
    """A unit the list is written back to, and the version it is to have."""

    unit: str
    version: int


@alone
def pull() -> dict[str, Any]:
    """Fetch and verify what headquarters published; raises Terminal ECQS-7124 where it is not believed."""
    with open_gateway(connections=resolve) as gateway:
        pulled = inspectors.pull(gateway)
    pulled.require()
    return {"version": pulled.version, "before": pulled.before}


@alone
def plan() -> list[Target]:
    """List the units that do not have the newest version we hold, whatever became of the pull."""
    with open_gateway(connections=resolve) as gateway:
        taken = ledger.newest(gateway.database)
        if taken is None:
            return []
        has = ledger.written(gateway.database)
        units = [unit for unit in inspectors.targets(gateway) if has.get(unit) != taken.version]
    return [Target(unit=unit, version=taken.version) for unit in units]


@alone
def write_back(job: Target) -> dict[str, Any]:
    """Write the newest list back to one unit; raises what went wrong, so that the unit's own task fails."""
    with open_gateway(connections=resolve) as gateway:
        done = inspectors.write_back(gateway, job["unit"])
    if done.error is not None:
        raise done.error
    return {"unit": done.unit, "version": done.version, "counts": dict(done.counts)}


@alone
def close(pulled: Mapping[str, Any] | None) -> None:
    """Read the visits of new batches, and raise Terminal ECQS-7129 when the pull or a unit failed."""
    with open_gateway(connections=resolve) as gateway:
        found = inspector_visits.scan(gateway)
        taken = ledger.newest(gateway.database)
        has = ledger.written(gateway.database)
        behind = [unit for unit in inspectors.targets(gateway) if taken and has.get(unit) != taken.version]
    log.info("%d visits were read out of new batches", found)
    failed: Sequence[str] = [*(["the list was not pulled"] if pulled is None else []), *behind]
    if failed:
        raise Terminal(
            "ECQS-7129",
            f"the list of inspectors did not get everywhere: {', '.join(failed)}",
            hint="open the failed tasks, or run `ecqs inspectors list`: what was held before stays in force",
        )
