"""From the outbox to settled receipts: one lane sent in order, and what headquarters answers verified and booked."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ecqs_gateway.content.models import RetrySettings
from ecqs_gateway.deliver.budget import Budget
from ecqs_gateway.deliver.send import Outcome, Pace, Result, Retry, Sendable, send_lane
from ecqs_gateway.deliver.sftp import Folders, SftpTransport
from ecqs_gateway.deliver.transport import Transport
from ecqs_gateway.doors.ssh import Endpoint
from ecqs_gateway.errors import GatewayError, Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.limits import Interrupt
from ecqs_gateway.flows.progress import Step
from ecqs_gateway.flows.settle import Settling
from ecqs_gateway.ledger import lanes, outbox, stops
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Counts, Run
from ecqs_gateway.ledger.stops import Order

__all__ = ["Delivery", "unit_budget"]

_log = logging.getLogger(__name__)

_WAIT_WHEN_STOPPED = 10.0
"""Seconds a stopped run still waits for the receipts of what it has sent."""


@dataclass(frozen=True)
class _LedgerOutbox:
    """The ledger's outbox of one lane, as the sender wants it."""

    gateway: Gateway
    run: Run
    lease: Lease
    silent_since: str | None
    _listed: dict[str, outbox.ToSend] = field(default_factory=dict)
    """What ``waiting`` listed: bytes and number of a sealed batch never change."""

    def waiting(self) -> Sequence[Sendable]:
        """List what is to be sent, refusing what was sealed for another destination."""
        found = outbox.to_send(self.gateway.database, self.lease.lane_id, silent_since=self.silent_since)
        here = self.gateway.national.transport.connection
        for waiting in found:
            if waiting.destination != here:
                raise Terminal(
                    "ECQS-5060",
                    f"batch {waiting.id} was sealed for {waiting.destination}; the way to headquarters is now {here}",
                    where="connectors/national.yaml",
                    hint=f"set transport.connection back to {waiting.destination} until its batches are settled",
                )
        self._listed.update((w.id, w) for w in found)
        return [Sendable(w.id, w.unit, w.kind, w.sequence) for w in found]

    def load(self, batch: Sendable) -> bytes:
        """Give the stored bytes; raises Conflict ECQS-3010 when another worker has the lane by now."""
        lanes.require(self.gateway.database, self.lease)
        package = self._listed[batch.id].package
        return self.gateway.stage.get(package.name, package.digest)

    def record(self, batch: Sendable, outcome: Outcome) -> None:
        """Keep what an attempt came to."""
        waiting = self._listed[batch.id]
        result = outbox.Attempt(str(outcome.result), outcome.error, outcome.next_attempt_at)
        outbox.record_attempt(self.gateway.database, self.lease, self.run, waiting, result)
        if outcome.result is Result.SENT:
            step = Step(self.lease.unit, self.lease.kind, "sent", {"sent": waiting.records})
            self.gateway.progress(step)


def unit_budget(gateway: Gateway) -> Budget:
    """Give a unit's retry budget for one run; one without national settings has none to spend."""
    settings = gateway.content.national.retry if gateway.content.national is not None else RetrySettings()
    return Budget(max(settings.attempts, settings.unit_attempts))


class Delivery:
    """Delivers one lane: sends what waits, fetches and settles receipts, alone or while more is being collected."""

    def __init__(self, gateway: Gateway, run: Run, lease: Lease, budget: Budget | None = None) -> None:
        """Prepare; nothing is contacted yet. ``budget`` is what the unit's lanes share in this run."""
        self._gateway, self._run, self._lease = gateway, run, lease
        self._budget = unit_budget(gateway) if budget is None else budget
        self._more = threading.Event()
        self._finished = threading.Event()
        self._error: GatewayError | None = None
        self._receipts = Settling(gateway, run, lease)
        self._troubles, self._quiet_until = 0, 0.0
        self._orders: Sequence[Order] = ()
        self.stopped: str | None = None
        """By whom and why sending was stopped while something waited; None when nothing was held back."""

    def wake(self) -> None:
        """Say that there is something new in the outbox."""
        self._more.set()

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Deliver in a thread of its own while the caller fills the outbox; ends when all is settled or time is up."""
        crash: list[BaseException] = []

        def work() -> None:
            try:
                self._deliver()
            except GatewayError as error:
                self._error = error
            except BaseException as error:  # noqa: BLE001  a defect is raised in the caller's thread below
                crash.append(error)

        thread = threading.Thread(target=work, name=f"deliver-{self._lease.unit}-{self._lease.kind}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._finished.set()
            self._more.set()
            thread.join()
        if crash:
            raise crash[0]

    def result(self) -> Counts:
        """Give what was sent and settled; raises what stopped the delivery."""
        if self._error is not None:
            raise self._error
        return self._receipts.counts

    def to_the_end(self) -> Counts:
        """Deliver what is in the outbox now, in the calling thread."""
        self._finished.set()
        self._deliver()
        return self._receipts.counts

    def _deliver(self) -> None:
        # Nothing is contacted before there is something to send; a commit may have brought no batch.
        while True:
            last = self._finished.is_set()  # read first: what is committed after it would be overlooked
            if self._unsettled():
                break
            if last:
                self._require_free()
                return
            self._more.wait()
            self._more.clear()
        transport = self._transport()
        try:
            while not self._finished.is_set() and not self._interrupt:
                self._more.clear()
                if self._unsettled():
                    self._settle_and_send(transport)
                self._more.wait(timeout=self._poll)
            self._interrupt.check()
            self._settle_and_send(transport)
            self._await_receipts(transport)
        finally:
            transport.close()
            self._note_stop()
        self._interrupt.check()
        self._require_free()
        if not self._orders:
            self._receipts.require_whole()
        self._gateway.progress(Step(self._lease.unit, self._lease.kind, "delivered", {}))

    @property
    def _poll(self) -> float:
        return self._gateway.national.receipts.poll.total_seconds()

    @property
    def _interrupt(self) -> Interrupt:
        return self._gateway.limits.interrupt

    @property
    def _retry(self) -> Retry:
        settings = self._gateway.national.retry
        return Retry(settings.attempts, settings.first_delay.total_seconds(), settings.longest_delay.total_seconds())

    def _transport(self) -> Transport:
        settings = self._gateway.national.transport
        endpoint = Endpoint.of(self._gateway.resolve(settings.connection), host_key=settings.host_key)
        return SftpTransport(endpoint, Folders(settings.inbox, settings.receipts))

    def _require_free(self) -> None:
        """Raise Terminal ECQS-5061 while the lane is held, so that every run says so until someone has looked."""
        reason = self._held()
        if reason is not None:
            unit, kind = self._lease.unit, self._lease.kind
            raise Terminal(
                "ECQS-5061",
                f"{unit} {kind} is held: {reason}",
                hint=f"mend the cause with headquarters, then `ecqs release {unit} {kind} --reason …`;"
                " until then its batches wait and nothing is lost",
            )

    def _held(self) -> str | None:
        return lanes.state(self._gateway.database, self._lease).held_reason

    def _halted(self) -> bool:
        """Say whether nothing may be sent now: by an operator's order, a hold, or because the run is to end."""
        self._orders = stops.standing(self._gateway.database, self._lease.unit, self._lease.kind)
        return bool(self._orders) or bool(self._interrupt) or self._held() is not None

    def _note_stop(self) -> None:
        """Keep by whom sending was stopped, when that is why something still waits."""
        waiting = self._unsent() if self._orders else 0
        if waiting:
            orders = "; ".join(order.sentence() for order in self._orders)
            self.stopped = f"{waiting} {'batch waits' if waiting == 1 else 'batches wait'}: {orders}"
            self._gateway.progress(Step(self._lease.unit, self._lease.kind, "stopped", {}))

    def _settle_and_send(self, transport: Transport) -> None:
        """Book what has arrived, then send: receipts count whatever becomes of the rest.

        A line that fails is told by sending, which has the retry budget; other trouble with receipts is raised after.
        """
        trouble: GatewayError | None = None
        try:
            self._settle_in_time(transport)
        except GatewayError as error:
            trouble = error
        self._send(transport)
        if trouble is not None and not (trouble.retry and self._orders):
            raise trouble

    def _settle_in_time(self, transport: Transport) -> None:
        """Take the receipts there are; a line that fails is given time, and given up when the attempts are used up."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            self._receipts.settle(transport)
        except GatewayError as error:
            self._troubles += 1
            self._budget.spend()
            if not error.retry or self._troubles >= self._retry.attempts or not self._budget:
                raise
            self._quiet_until = time.monotonic() + self._retry.delay(self._troubles, Pace().chance())
        else:
            self._troubles = 0

    def _send(self, transport: Transport) -> None:
        self._require_free()
        if self._halted():
            return  # said once, in the summary; not an attempt at every look
        silent = self._gateway.clock() - self._gateway.national.receipts.resend_after
        box = _LedgerOutbox(self._gateway, self._run, self._lease, silent.isoformat())
        pace = Pace(clock=self._gateway.clock, stopped=self._halted)
        report = send_lane(box, transport, retry=self._retry, pace=pace, budget=self._budget)
        if report.error is not None:
            raise report.error

    def _await_receipts(self, transport: Transport) -> None:
        """Fetch receipts until every batch that was sent is settled or the time for it is up; soon under an order."""
        start = time.monotonic()
        while True:
            self._settle_patiently(transport)
            wait = self._gateway.national.receipts.wait.total_seconds()
            if self._halted():
                wait = min(wait, _WAIT_WHEN_STOPPED)
            elif self._unsent():
                self._send(transport)  # an order was lifted meanwhile
            if not self._unanswered() or time.monotonic() - start >= wait or self._interrupt.wait(self._poll):
                return

    def _settle_patiently(self, transport: Transport) -> None:
        try:
            self._settle_in_time(transport)
        except GatewayError as error:
            if not (error.retry and self._orders):
                raise

    def _unsettled(self) -> bool:
        return outbox.count_unsettled(self._gateway.database, self._lease.lane_id) > 0

    def _unsent(self) -> int:
        return outbox.count_unsent(self._gateway.database, self._lease.lane_id)

    def _unanswered(self) -> bool:
        return outbox.count_unsettled(self._gateway.database, self._lease.lane_id) > self._unsent()
