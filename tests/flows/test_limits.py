"""Places for chunks: few over all units, none held by who only waits, and none lost however a lane ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from ecqs_gateway.errors import Transient
from ecqs_gateway.flows.crew import side_by_side
from ecqs_gateway.flows.limits import Chunks, Interrupt, Limits

PATIENCE = 0.2


def _limits(places: int = 2) -> Limits:
    return Limits(Chunks(places, patience=PATIENCE))


def _until(true: Callable[[], bool], *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def _source(limits: Limits, chunks: int, *, before: Callable[[int], object] = lambda n: None) -> Iterator[int]:
    """Give chunks of two pieces; ``before`` runs before the second piece comes."""
    for number in range(chunks):
        limits.arrived()
        before(number)
        limits.arrived()
        yield number


def _started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_never_are_more_chunks_in_memory_than_there_are_places() -> None:
    limits, lock = _limits(3), threading.Lock()
    now, most = 0, 0

    def lane() -> None:
        nonlocal now, most
        share = limits.share()
        for _ in share.each(_source(limits, 20)):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.001)
            with lock:
                now -= 1

    lanes = [_started(lane) for _ in range(32)]
    for each in lanes:
        each.join(60)
        assert not each.is_alive()
    assert 2 <= most <= 3


def test_sources_that_hang_before_their_first_row_hold_no_place() -> None:
    limits, open_ = _limits(1), threading.Event()

    def hangs() -> Iterator[int]:
        open_.wait()
        yield 1

    hanging = [_started(lambda: limits.share().read(hangs())) for _ in range(10)]
    assert list(limits.share().each(_source(limits, 5))) == list(range(5))
    open_.set()
    del hanging


def test_sources_that_hang_half_way_lend_their_places_and_read_on_when_there_is_room() -> None:
    limits, open_ = _limits(2), threading.Event()
    done: list[list[int]] = []

    def lane() -> None:
        done.append(list(limits.share().each(_source(limits, 3, before=lambda _: open_.wait()))))

    hanging = [_started(lane) for _ in range(6)]
    assert list(limits.share().each(_source(limits, 5))) == list(range(5))
    assert done == []
    open_.set()
    for each in hanging:
        each.join(30)
    assert done == [[0, 1, 2]] * 6


def test_a_chunk_that_is_worked_on_keeps_its_place_however_long_that_takes() -> None:
    limits = _limits(1)
    slow, other = limits.share(), limits.share()
    assert slow.read(_source(limits, 1)) == 0
    got: list[int | None] = []
    _started(lambda: got.append(other.read(_source(limits, 1))))
    time.sleep(4 * PATIENCE)
    assert got == []
    slow.done()
    _until(lambda: got == [0])


def test_places_are_given_in_the_order_they_are_asked_for() -> None:
    limits, order = _limits(1), []
    first = limits.share()
    first.read(_source(limits, 1))
    for name in range(5):
        share = limits.share()

        def lane(name: int = name, share=share) -> None:
            share.read(_source(limits, 1))
            order.append(name)
            share.done()

        _started(lane)
        _until(lambda name=name: len(limits.chunks._line) == name + 1)
    first.done()
    _until(lambda: len(order) == 5)
    assert order == list(range(5))


def test_a_lane_that_fails_gives_everything_back_and_lets_its_reader_go() -> None:
    limits = _limits(1)
    share = limits.share()
    source = _source(limits, 3)
    share.read(source)
    reader = _started(lambda: share.read(source))
    _until(lambda: len(limits.chunks._line) == 1)
    share.close()
    reader.join(10)
    assert not reader.is_alive()
    assert list(limits.share().each(_source(limits, 2))) == [0, 1]


@pytest.mark.parametrize("where", ["before a row", "half-way", "in the work"])
def test_an_error_leaves_no_place_taken(where: str) -> None:
    limits = _limits(1)

    def fails() -> Iterator[int]:
        if where == "before a row":
            raise ZeroDivisionError
        limits.arrived()
        if where == "half-way":
            raise ZeroDivisionError
        yield 1

    def use() -> None:
        for _ in limits.share().each(fails()):
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            use()
    assert list(limits.share().each(_source(limits, 2))) == [0, 1]


def test_an_interrupt_reaches_a_reader_that_waits_for_room_and_one_that_gets_rows() -> None:
    limits = _limits(1)
    limits.share().read(_source(limits, 1))
    caught: list[str] = []

    def lane() -> None:
        try:
            limits.share().read(_source(limits, 1))
        except Transient as error:
            caught.append(error.code)

    reader = _started(lane)
    _until(lambda: len(limits.chunks._line) == 1)
    limits.interrupt.set("by a test")
    reader.join(10)
    lane()
    assert caught == ["ECQS-6020", "ECQS-6020"]


def test_work_on_the_cores_is_limited_over_all_units() -> None:
    limits, lock = Limits(turns=threading.Semaphore(2)), threading.Lock()
    now, most = 0, 0

    def heavy() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1

    side_by_side({str(n): lambda: limits.work(heavy) for n in range(20)}, limits.interrupt)
    assert most == 2


def test_a_defect_of_one_unit_is_told_when_the_others_are_done() -> None:
    done: list[str] = []

    def breaks() -> None:
        raise ZeroDivisionError

    def works() -> None:
        time.sleep(0.2)
        done.append("works")

    crashes = side_by_side({"a": breaks, "b": works}, Interrupt())
    assert done == ["works"]
    assert [type(error) for error in crashes.values()] == [ZeroDivisionError]


def test_units_that_do_not_end_when_told_to_are_left_behind() -> None:
    interrupt, never = Interrupt(), threading.Event()
    threading.Timer(0.1, interrupt.set, ["by a test"]).start()
    started = time.monotonic()
    assert side_by_side({"hangs": never.wait, "ends": lambda: interrupt.wait(60)}, interrupt, grace=0.3) == {}
    assert time.monotonic() - started < 20
    never.set()


def test_a_place_is_given_back_when_the_last_work_on_its_chunk_ends_however_that_ends() -> None:
    limits = _limits(1)
    share, other = limits.share(), limits.share()
    source = _source(limits, 3)
    assert share.read(source) == 0
    good, bad = Future[None](), Future[None]()
    share.done_after([good, bad])
    waiting = _started(lambda: other.read(_source(limits, 1)))
    good.set_result(None)
    time.sleep(0.1)
    assert waiting.is_alive()
    bad.set_exception(ValueError())
    waiting.join(20)
    assert not waiting.is_alive()
    other.done()
    assert share.read(source) == 1
    share.done_after([])
    assert share.read(source) == 2
    cancelled = Future[None]()
    share.done_after([cancelled])
    cancelled.cancel()
    assert other.read(_source(limits, 1)) == 0
