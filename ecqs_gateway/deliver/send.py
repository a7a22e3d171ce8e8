"""Sending what waits in the outbox of one lane (unit and kind), in the order of its sequence.

Pure logic: outbox, transport, clock, sleep, chance and stop switch are handed in. A lane stops at the first batch that
does not go, because headquarters takes a lane's batches in order; other lanes are not concerned. The bytes are those
that were stored when the batch was sealed, at every attempt.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from ecqs_gateway.deliver.budget import Budget
from ecqs_gateway.deliver.package import package_name
from ecqs_gateway.deliver.transport import Transport
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Conflict, GatewayError

__all__ = ["LaneReport", "Outbox", "Outcome", "Pace", "Result", "Retry", "Sendable", "send_lane"]

_STOP_IS_READ_EVERY = 1.0


class Result(StrEnum):
    """What one attempt came to."""

    SENT = "sent"
    TRANSIENT = "transient"
    TERMINAL = "terminal"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Sendable:
    """A sealed batch that waits to be sent."""

    id: str
    unit: str
    kind: str
    sequence: int


@dataclass(frozen=True)
class Outcome:
    """What one attempt came to, to be kept: the error as a person reads it, and when the next attempt is due."""

    result: Result
    error: str | None = None
    next_attempt_at: str | None = None


class Outbox(Protocol):
    """The outbox of one lane, as the ledger keeps it."""

    def waiting(self) -> Sequence[Sendable]:
        """List the sealed batches that are to be sent, by sequence."""

    def load(self, batch: Sendable) -> bytes:
        """Give the package's exact bytes as they were stored."""

    def record(self, batch: Sendable, outcome: Outcome) -> None:
        """Keep what an attempt came to; after ``SENT`` the batch is not listed any more."""


@dataclass(frozen=True)
class Retry:
    """How often and how far apart one batch is tried in one run."""

    attempts: int = 6
    first_delay: float = 2
    """Seconds before the second attempt; each further one waits twice as long."""
    longest_delay: float = 300

    def delay(self, attempt: int, chance: float) -> float:
        """Give the seconds to wait after that many attempts: at most the doubled delay, at least half of it.

        ``chance`` lies between 0 and 1; without it all lanes of all provinces would come back at one moment.
        """
        doubled = self.first_delay * 2.0 ** min(attempt - 1, 60)
        return min(self.longest_delay, doubled) * (0.5 + chance / 2)


@dataclass(frozen=True)
class Pace:
    """Time, chance and the stop switch."""

    clock: Clock = now
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = field(default=secrets.SystemRandom().random)
    stopped: Callable[[], bool] = field(default=lambda: False)
    """Read before every attempt and every second of waiting."""

    def wait(self, seconds: float) -> bool:
        """Wait, unless the stop switch is thrown; say whether the whole time passed."""
        while seconds > 0:
            if self.stopped():
                return False
            step = min(seconds, _STOP_IS_READ_EVERY)
            self.sleep(step)
            seconds -= step
        return True


@dataclass
class LaneReport:
    """What became of a lane: how much went, what is left, and why the rest stays."""

    sent: int = 0
    already: int = 0
    """Of those sent, how many lay at headquarters before."""
    attempts: int = 0
    left: int = 0
    stopped: bool = False
    batch: str | None = None
    """The batch that did not go."""
    error: GatewayError | None = None


def send_lane(
    outbox: Outbox,
    transport: Transport,
    *,
    retry: Retry | None = None,
    pace: Pace | None = None,
    budget: Budget | None = None,
) -> LaneReport:
    """Send what waits, in order, until all is gone, one batch does not go, or the stop switch is thrown.

    Transient errors are tried again within the attempts of a batch and the budget of its unit, which failures of
    other lanes may have used up (Transient ECQS-5065); Terminal and Conflict are not. What fails is in the
    report and in the outbox, not raised; only the outbox's own errors are (such as a lost lease), and Conflict
    ECQS-4093 when the waiting batches do not follow one another.
    """
    retry, pace = retry or Retry(), pace or Pace()
    budget = Budget() if budget is None else budget
    waiting = list(outbox.waiting())
    _require_order(waiting)
    report = LaneReport(left=len(waiting))
    for batch in waiting:
        if not _send(batch, _Lane(outbox, transport, retry, pace, budget, report)):
            break
        report.left -= 1
    return report


def _require_order(waiting: Sequence[Sendable]) -> None:
    for one, following in pairwise(waiting):
        if (one.unit, one.kind) != (following.unit, following.kind) or one.sequence >= following.sequence:
            raise Conflict(
                "ECQS-4093",
                "the outbox does not list one lane in the order of its sequence",
                where=following.id,
                hint="nothing was sent; the ledger is damaged or two lanes were mixed",
            )


@dataclass(frozen=True)
class _Lane:
    outbox: Outbox
    transport: Transport
    retry: Retry
    pace: Pace
    budget: Budget
    report: LaneReport


def _send(batch: Sendable, lane: _Lane) -> bool:
    """Send one batch within its budget; say whether it went."""
    for attempt in range(1, lane.retry.attempts + 1):
        if lane.pace.stopped():
            return _stop(batch, lane)
        if not lane.budget:
            return _give_up(batch, lane, lane.budget.used_up(batch.id))
        error = _attempt(batch, lane)
        if error is None:
            return True
        delay = lane.retry.delay(attempt, lane.pace.chance())
        _record_failure(batch, lane, error, delay)
        if not error.retry or attempt == lane.retry.attempts or not lane.budget:
            return _give_up(batch, lane, error)
        if not lane.pace.wait(delay):
            return _stop(batch, lane)
    return False


def _record_failure(batch: Sendable, lane: _Lane, error: GatewayError, delay: float) -> None:
    if not error.retry:
        lane.outbox.record(batch, Outcome(Result.TERMINAL, str(error)))
        return
    lane.budget.spend()
    due = (lane.pace.clock() + timedelta(seconds=delay)).isoformat()
    lane.outbox.record(batch, Outcome(Result.TRANSIENT, str(error), due))


def _give_up(batch: Sendable, lane: _Lane, error: GatewayError) -> bool:
    lane.report.batch, lane.report.error = batch.id, error
    return False


def _attempt(batch: Sendable, lane: _Lane) -> GatewayError | None:
    lane.report.attempts += 1
    try:
        delivered = lane.transport.put(package_name(batch.id), batch.unit, lane.outbox.load(batch))
    except GatewayError as error:
        return error
    lane.outbox.record(batch, Outcome(Result.SENT))
    lane.report.sent += 1
    lane.report.already += delivered.already
    return None


def _stop(batch: Sendable, lane: _Lane) -> bool:
    lane.outbox.record(batch, Outcome(Result.STOPPED))
    lane.report.batch, lane.report.stopped = batch.id, True
    return False
