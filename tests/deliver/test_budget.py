"""The retry budget of a unit: failed attempts over all its lanes are bounded, successes cost nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.deliver.budget import Budget
from ecqs_gateway.deliver.send import LaneReport, Outcome, Pace, Result, Retry, Sendable, send_lane
from ecqs_gateway.deliver.transport import Delivered
from ecqs_gateway.errors import GatewayError, Terminal, Transient

DOWN, REFUSED = Transient("ECQS-5001", "down"), Terminal("ECQS-5012", "refused")


class Box:
    """The outbox of one lane, in memory."""

    def __init__(self, kind: str, count: int = 2) -> None:
        self._left = [Sendable(f"320000-{kind}-{n:08d}", "320000", kind, n) for n in range(1, count + 1)]
        self.outcomes: list[Outcome] = []

    def waiting(self) -> Sequence[Sendable]:
        return list(self._left)

    def load(self, batch: Sendable) -> bytes:
        return batch.id.encode()

    def record(self, batch: Sendable, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class Road:
    """Fails as told, then lets everything pass; or always fails."""

    def __init__(self, *errors: GatewayError | None, then: GatewayError | None = None) -> None:
        self._errors, self._then, self.calls = list(errors), then, 0

    def put(self, name: str, unit: str, data: bytes) -> Delivered:
        self.calls += 1
        error = self._errors.pop(0) if self._errors else self._then
        if error is not None:
            raise error
        return Delivered(name, len(data), already=False)


def _send(box: Box, road: Road, budget: Budget, attempts: int = 4) -> LaneReport:
    pace = Pace(sleep=lambda _: None)
    return send_lane(box, road, retry=Retry(attempts), pace=pace, budget=budget)  # type: ignore[arg-type]


def test_one_lane_that_fails_leaves_the_others_of_its_unit_what_is_left() -> None:
    road, budget = Road(then=DOWN), Budget(6)
    first, second, third = (_send(Box(kind), road, budget) for kind in ("a", "b", "c"))
    assert [report.attempts for report in (first, second, third)] == [4, 2, 0]
    assert (first.error, second.error) == (DOWN, DOWN)
    assert third.error is not None
    assert third.error.code == "ECQS-5065"
    assert third.error.retry
    assert third.error.hint
    assert (third.batch, third.left) == ("320000-c-00000001", 2)


def test_a_lane_that_was_not_tried_has_no_attempt_in_its_ledger() -> None:
    box = Box("a")
    _send(box, Road(), Budget(0))
    assert box.outcomes == []


def test_success_costs_nothing() -> None:
    budget = Budget(1)
    assert _send(Box("a", 50), Road(), budget).sent == 50
    assert budget


def test_a_terminal_error_is_not_tried_again_and_costs_nothing() -> None:
    road, budget = Road(then=REFUSED), Budget(3)
    assert _send(Box("a"), road, budget).attempts == 1
    assert budget


@given(
    roads=st.lists(st.lists(st.sampled_from([None, DOWN, REFUSED]), max_size=12), min_size=1, max_size=6),
    allowed=st.integers(0, 10),
    attempts=st.integers(1, 6),
)
def test_never_do_more_attempts_fail_for_a_unit_than_it_may(roads: list, allowed: int, attempts: int) -> None:
    budget, failed = Budget(allowed), 0
    for errors in roads:
        box = Box("a", 3)
        _send(box, Road(*errors), budget, attempts)
        failed += sum(outcome.result is Result.TRANSIENT for outcome in box.outcomes)
    assert failed <= allowed
