"""Sending a lane: in order, within a budget, stoppable, and never the wrong kind of retry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.deliver.send import LaneReport, Outcome, Pace, Result, Retry, Sendable, send_lane
from ecqs_gateway.deliver.sftp import SftpTransport
from ecqs_gateway.deliver.transport import Delivered
from ecqs_gateway.errors import Conflict, GatewayError, Terminal, Transient

START = datetime.fromisoformat("2026-11-23T02:30:00+08:00")
DOWN = Transient("ECQS-5001", "down")
REFUSED = Terminal("ECQS-5012", "refused")


class Box:
    """An outbox in memory."""

    def __init__(self, count: int = 3, first: int = 1) -> None:
        self.batches = [
            Sendable(f"320000-certificate-{number:08d}", "320000", "certificate", number)
            for number in range(first, first + count)
        ]
        self.log: list[tuple[int, Outcome]] = []

    def waiting(self) -> Sequence[Sendable]:
        sent = {number for number, outcome in self.log if outcome.result is Result.SENT}
        return [batch for batch in self.batches if batch.sequence not in sent]

    def load(self, batch: Sendable) -> bytes:
        return batch.id.encode()

    def record(self, batch: Sendable, outcome: Outcome) -> None:
        self.log.append((batch.sequence, outcome))

    @property
    def results(self) -> list[tuple[int, str]]:
        return [(number, outcome.result.value) for number, outcome in self.log]


class Road:
    """A transport that fails as told: a list of errors (None for success) by attempt."""

    def __init__(self, *errors: GatewayError | None, already: bool = False) -> None:
        self.errors = list(errors)
        self.arrived: list[tuple[str, bytes]] = []
        self.already = already

    def put(self, name: str, unit: str, data: bytes) -> Delivered:
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.arrived.append((name, data))
        return Delivered(name, len(data), already=self.already)


class World:
    """A clock that moves only by sleeping."""

    def __init__(self, stop_after: float | None = None, chance: float = 1.0) -> None:
        self.seconds = 0.0
        self.stop_after = stop_after
        self.chance = chance

    def pace(self) -> Pace:
        return Pace(lambda: START + timedelta(seconds=self.seconds), self.sleep, lambda: self.chance, self.stopped)

    def sleep(self, seconds: float) -> None:
        assert seconds <= 1
        self.seconds += seconds

    def stopped(self) -> bool:
        return self.stop_after is not None and self.seconds >= self.stop_after


def run(box: Box, road: Road, world: World | None = None, **retry: Any) -> LaneReport:
    return send_lane(box, road, retry=Retry(**retry), pace=(world or World()).pace())  # type: ignore[arg-type]


def test_everything_goes_in_the_order_of_the_sequence() -> None:
    box, road = Box(), Road()
    report = run(box, road)
    assert [name for name, _ in road.arrived] == [f"{batch.id}.zip" for batch in box.batches]
    assert box.results == [(1, "sent"), (2, "sent"), (3, "sent")]
    assert (report.sent, report.left, report.attempts, report.error) == (3, 0, 3, None)


def test_an_empty_outbox_is_no_work() -> None:
    assert run(Box(0), Road()) == LaneReport()


def test_a_transient_error_is_tried_again_with_the_same_bytes() -> None:
    box, road, world = Box(1), Road(DOWN, DOWN), World()
    report = run(box, road, world)
    assert road.arrived == [("320000-certificate-00000001.zip", b"320000-certificate-00000001")]
    assert box.results == [(1, "transient"), (1, "transient"), (1, "sent")]
    assert world.seconds == pytest.approx(2 + 4)
    assert report.attempts == 3


def test_the_budget_ends_the_lane_and_later_batches_wait_their_turn() -> None:
    box, road = Box(3), Road(None, *[DOWN] * 4)
    report = run(box, road, attempts=4)
    assert box.results == [(1, "sent"), *[(2, "transient")] * 4]
    assert (report.sent, report.left, report.batch, report.error) == (1, 2, "320000-certificate-00000002", DOWN)


def test_each_batch_has_a_budget_of_its_own() -> None:
    report = run(Box(2), Road(DOWN, DOWN, None, DOWN, DOWN, None), attempts=3)
    assert (report.sent, report.attempts) == (2, 6)


@pytest.mark.parametrize("error", [REFUSED, Conflict("ECQS-5030", "other bytes")])
def test_what_a_person_must_look_at_is_not_tried_again(error: GatewayError) -> None:
    box, world = Box(2), World()
    report = run(box, Road(error), world)
    assert box.results == [(1, "terminal")]
    assert (report.error, report.left, world.seconds) == (error, 2, 0)


def test_a_package_that_cannot_be_loaded_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    box, road = Box(1), Road()

    def gone(batch: Sendable) -> bytes:
        raise Terminal("ECQS-3003", "the stage has lost it")

    monkeypatch.setattr(box, "load", gone)
    assert run(box, road).error is not None
    assert road.arrived == []
    assert box.results == [(1, "terminal")]


def test_the_next_attempt_is_announced() -> None:
    box = Box(1)
    run(box, Road(DOWN), World(chance=0.0))
    assert box.log[0][1] == Outcome(Result.TRANSIENT, str(DOWN), "2026-11-23T02:30:01+08:00")


def test_the_stop_switch_is_read_before_the_first_attempt() -> None:
    box, road = Box(2), Road()
    report = run(box, road, World(stop_after=0))
    assert road.arrived == []
    assert box.results == [(1, "stopped")]
    assert (report.stopped, report.left, report.attempts) == (True, 2, 0)


def test_the_stop_switch_is_read_between_two_batches() -> None:
    world = World()
    box = Box(3)

    class Stopping(Road):
        def put(self, name: str, unit: str, data: bytes) -> Delivered:
            world.stop_after = 0
            return super().put(name, unit, data)

    report = run(box, Stopping(), world)
    assert box.results == [(1, "sent"), (2, "stopped")]
    assert report.stopped


def test_the_stop_switch_ends_a_long_wait_within_a_second() -> None:
    world = World(stop_after=5)
    box = Box(1)
    report = run(box, Road(*[DOWN] * 6), world, first_delay=300)
    assert world.seconds <= 6
    assert box.results == [(1, "transient"), (1, "stopped")]
    assert report.stopped


def test_what_lay_there_already_is_sent_and_counted() -> None:
    report = run(Box(2), Road(already=True))
    assert (report.sent, report.already) == (2, 2)


@pytest.mark.parametrize("order", [[2, 1], [1, 1], [1, 3, 2]])
def test_an_outbox_out_of_order_is_not_sent(order: list[int]) -> None:
    box, road = Box(3), Road()
    box.batches = [box.batches[number - 1] for number in order]
    with pytest.raises(Conflict, match="ECQS-4093"):
        run(box, road)
    assert road.arrived == []


def test_two_lanes_in_one_outbox_are_not_sent() -> None:
    box = Box(1)
    box.batches.append(Sendable("210000-certificate-00000002", "210000", "certificate", 2))
    with pytest.raises(Conflict, match="ECQS-4093"):
        run(box, Road())


def test_errors_of_the_ledger_come_out(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(1)

    def lost(batch: Sendable, outcome: Outcome) -> None:
        raise Conflict("ECQS-3010", "lease lost")

    monkeypatch.setattr(box, "record", lost)
    with pytest.raises(Conflict, match="ECQS-3010"):
        run(box, Road())


@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0.01, 60), st.floats(60, 3600))
@settings(deadline=None)
def test_delays_double_stay_below_the_longest_and_never_come_at_once(
    attempt: int, chance: float, first: float, longest: float
) -> None:
    delay = Retry(first_delay=first, longest_delay=longest).delay(attempt, chance)
    full = min(longest, first * 2 ** min(attempt - 1, 60))
    assert full / 2 <= delay <= full


def test_a_run_that_was_cut_goes_on_where_it_stopped() -> None:
    box, road = Box(4), Road(None, REFUSED)
    run(box, road)
    report = run(box, road)
    assert (report.sent, report.left) == (3, 0)
    assert [name[-12:-4] for name, _ in road.arrived] == ["00000001", "00000002", "00000003", "00000004"]


@pytest.mark.openssh
def test_a_lane_reaches_a_real_server(sshd: Any) -> None:
    box = Box(5)
    transport = SftpTransport(sshd.endpoint)
    report = send_lane(box, transport, pace=World().pace())
    transport.close()
    assert report.sent == 5
    folder: Path = sshd.root / "inbox/320000"
    assert sorted(path.name for path in folder.iterdir()) == [f"{batch.id}.zip" for batch in box.batches]


def test_a_server_that_dies_in_the_middle_costs_one_attempt(fake: Any) -> None:
    box = Box(3)
    transport = SftpTransport(fake.endpoint())
    fake.behaviour.disconnect_at = "rename"
    report = send_lane(box, transport, pace=World().pace())
    transport.close()
    assert (report.sent, report.attempts) == (3, 4)
    assert len(fake.files) == 3
