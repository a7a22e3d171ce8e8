"""What the tasks of our DAGs do: open the gateway, call one flow, hand on a few numbers. Never rows."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import NotRequired, ParamSpec, TypedDict, TypeVar

from ecqs_gateway.airflow.connections import resolve
from ecqs_gateway.doors import redact
from ecqs_gateway.errors import GatewayError, Terminal
from ecqs_gateway.flows import keyring, nightly
from ecqs_gateway.flows.gateway import Gateway, open_gateway
from ecqs_gateway.ledger import runs

__all__ = ["Job", "Outcome", "alone", "close", "collect", "deliver", "plan"]

log = logging.getLogger(__name__)

redact.install()


class Job(TypedDict):
    """One unit's share of a run."""

    unit: str
    run: str
    bundle: str


class Outcome(TypedDict):
    """What became of one unit: counts by record kind, and by whom and why its lanes were stopped, if any was."""

    unit: str
    counts: dict[str, dict[str, int]]
    stopped: NotRequired[dict[str, str]]


_P = ParamSpec("_P")
_R = TypeVar("_R")


def alone(work: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let only our own errors out of a task, without what led to them.

    Airflow writes an exception and all its causes to its logs and its database by ways of its own, past our redactor,
    and a driver's message may quote a row.
    """

    @functools.wraps(work)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return work(*args, **kwargs)
        except GatewayError as error:
            log.debug("%s", redact.traceback_text(error))
            told = type(error)(error.code, error.message, where=error.where, hint=error.hint)
        except Exception as error:  # noqa: BLE001  a defect: told below
            log.error("ended by a defect\n%s", redact.traceback_text(error))  # noqa: TRY400  its own traceback is raw
            hint = "the lines above say where; it is tried again, and nothing is lost"
            told = GatewayError("ECQS-6083", f"ended by a defect ({type(error).__name__})", hint=hint)
        raise told  # here, where no other exception is being handled that Airflow would add

    return guarded


@alone
def plan() -> list[Job]:
    """Open a run and list the units to sync: every unit that has a connector, broken ones included."""
    with open_gateway(connections=resolve) as gateway:
        keyring.warn_unsealed(gateway.settings.keys)
        # The run goes on in other processes than this one, which ends with its task.
        run = runs.start(gateway.database, nightly.FLOW, gateway.content.digest, own=False)
        return [Job(unit=unit, run=run.id, bundle=run.bundle) for unit in gateway.units()]


@alone
def collect(job: Job) -> Outcome:
    """Take what changed out of a unit's system, map and check it, and put it into the outbox."""
    with open_gateway(connections=resolve) as gateway:
        return _outcome(job, nightly.collect_unit(gateway, _run(gateway, job), job["unit"]))


@alone
def deliver(job: Job) -> Outcome:
    """Send a unit's outbox and settle its receipts."""
    with open_gateway(connections=resolve) as gateway:
        run = _run(gateway, job)
        outcome = _outcome(job, nightly.deliver_unit(gateway, run, job["unit"]))
        stopped = {lane: why for lane, why in nightly.stopped(gateway, run).items() if lane.startswith(job["unit"])}
    _warn(stopped)
    return {**outcome, "stopped": stopped} if stopped else outcome


def _warn(stopped: dict[str, str]) -> None:
    for lane, why in stopped.items():
        log.warning("stopped by order, which is no failure: %s: %s", lane, why)


@alone
def close(jobs: Sequence[Job] | None) -> None:
    """Close the run; raises Terminal ECQS-6001 when a unit failed, so that the whole run is seen as failed.

    ``jobs`` is None when the run could not even be planned, which is no less a failure.
    """
    if jobs is None:
        raise Terminal("ECQS-6001", "the run could not be planned", hint="open the failed task plan: it says why")
    if not jobs:
        return
    with open_gateway(connections=resolve) as gateway:
        run = _run(gateway, jobs[0])
        failed = nightly.close(gateway, run)
        _warn(nightly.stopped(gateway, run))
    if failed:
        raise Terminal(
            "ECQS-6001",
            f"{len(failed)} of {len(jobs)} units could not be synced completely: {', '.join(sorted(failed))}",
            hint="open the failed tasks of these units, or run `ecqs status`",
        )


def _run(gateway: Gateway, job: Job) -> runs.Run:
    if job["bundle"] != gateway.content.digest:
        log.warning("the content changed since the run was planned: %s, now %s", job["bundle"], gateway.content.digest)
    return runs.Run(job["run"], gateway.content.digest)


def _outcome(job: Job, counts: dict[str, runs.Counts]) -> Outcome:
    plain = {kind: {name: value for name, value in vars(c).items() if value} for kind, c in counts.items()}
    return Outcome(unit=job["unit"], counts=plain)
