"""What the units of one process share, so that all of them can run at once: cores, memory, and the order to end.

Every unit runs in a thread of its own, for most of what it does is waiting: for a source, for headquarters. Those that
wait hold up nobody. What costs is counted instead: at most a few chunks of rows are in memory over all units, and
mapping and validating take turns on the cores.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from ecqs_gateway.errors import Transient
from ecqs_gateway.ledger.lanes import Lease

__all__ = ["Chunks", "Interrupt", "Limits", "Share"]

P = ParamSpec("P")
T = TypeVar("T")

_CORES = os.cpu_count() or 1
_CHUNKS = max(3, _CORES + 1)
"""One lane alone keeps three: one is read, one mapped, one validated."""
_PATIENCE = 1.0
"""Seconds a source may give no rows before the place of its half-read chunk is lent to another unit."""
_LOOKS_EVERY = 0.2


class Interrupt:
    """The order to end soon, given once and seen by all threads."""

    def __init__(self) -> None:
        """Begin without an order."""
        self._event = threading.Event()
        self._reason = ""

    def set(self, reason: str) -> None:
        """Order the end; ``reason`` completes "the run was interrupted …", such as ``by SIGTERM``."""
        if not self._event.is_set():
            self._reason = reason
            self._event.set()

    def __bool__(self) -> bool:
        """Say whether the end was ordered."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until the end is ordered; say whether it was."""
        return self._event.wait(seconds)

    def message(self) -> str:
        """Say it as a sentence."""
        return f"the run was interrupted {self._reason}"

    def check(self) -> None:
        """Raise Transient ECQS-6020 once the end was ordered."""
        if self:
            raise Transient(
                "ECQS-6020", self.message(), hint="run `ecqs sync` again: it continues where this one ended"
            )


@dataclass(eq=False)
class _Place:
    """The place of one chunk; ``counted`` while it is among the few, ``since`` its source last gave rows."""

    counted: bool = False
    reading: bool = True
    since: float = 0.0


class Chunks:
    """The few places for chunks in memory, given out in the order they are asked for.

    A chunk takes its place when its first rows arrive, not when they are asked for: a source that lets wait holds
    none. When one stops giving rows half-way, its place goes to the next in line, and it waits for another before it
    reads on; what it has read till then is less than a chunk.
    """

    def __init__(self, number: int = _CHUNKS, *, patience: float = _PATIENCE) -> None:
        """Begin with all places free."""
        self._free, self._patience = number, patience
        self._changed = threading.Condition()
        self._line: deque[object] = deque()
        self._reading: set[_Place] = set()

    def arrived(self, place: _Place, check: Callable[[], bool]) -> None:
        """Note that rows have come; waits while all places are taken, and gives up when ``check`` says so."""
        with self._changed:
            place.since = time.monotonic()
            if place.counted:
                return
            ticket = object()
            self._line.append(ticket)
            try:
                while not (self._line[0] is ticket and self._take()):
                    if check():
                        return
                    self._changed.wait(_LOOKS_EVERY)
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()
            place.counted, place.since = True, time.monotonic()
            if place.reading:
                self._reading.add(place)

    def _take(self) -> bool:
        if self._free > 0:
            self._free -= 1
            return True
        slowest = min(self._reading, key=lambda place: place.since, default=None)
        if slowest is None or time.monotonic() - slowest.since < self._patience:
            return False
        self._reading.discard(slowest)
        slowest.counted = False
        return True

    def read(self, place: _Place) -> None:
        """Note that a chunk is read whole: from here on it is worked on, and its place is its own."""
        with self._changed:
            place.reading = False
            self._reading.discard(place)

    def leave(self, place: _Place) -> None:
        """Give a place back."""
        with self._changed:
            self._reading.discard(place)
            self._free += place.counted
            place.counted = False
            self._changed.notify_all()


class Share:
    """One lane's share of the places: taken while its chunks are read, given back one by one as they are done with."""

    def __init__(self, chunks: Chunks, interrupt: Interrupt, here: threading.local) -> None:
        """Begin without any."""
        self._chunks, self._interrupt, self._here = chunks, interrupt, here
        self._done: deque[_Place] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._place = _Place()

    def read(self, source: Iterator[T]) -> T | None:
        """Give the next chunk of a source, None at its end; raises Transient ECQS-6020 once the run is interrupted."""
        self._interrupt.check()
        self._place, self._here.share = _Place(), self
        try:
            chunk = next(source, None)
            if chunk is not None:
                self.arrived()
        except BaseException:
            self._chunks.leave(self._place)
            raise
        finally:
            self._here.share = None
        self._chunks.read(self._place)
        with self._lock:
            if chunk is None or self._closed:
                self._chunks.leave(self._place)
            else:
                self._done.append(self._place)
        return chunk

    def arrived(self) -> None:
        """Note that rows of the chunk that is being read have come; raises as ``read`` does."""
        if not self._closed:
            self._chunks.arrived(self._place, lambda: self._closed or bool(self._interrupt))
        self._interrupt.check()

    def each(self, source: Iterator[T]) -> Iterator[T]:
        """Give the chunks of a source one after the other; each is done with when the next is asked for."""
        while (chunk := self.read(source)) is not None:
            try:
                yield chunk
            finally:
                del chunk
                self.done()

    def done_after(self, work: Sequence[Future[T]]) -> None:
        """Give the place of the oldest chunk back once all this work on it has ended, however it ends."""
        left = len(work)
        if not left:
            self.done()

        def ended(_: Future[T]) -> None:
            nonlocal left
            with self._lock:
                left -= 1
                last = not left
            if last:
                self.done()

        for each in work:
            each.add_done_callback(ended)

    def done(self) -> None:
        """Give the place of the oldest chunk back."""
        with self._lock:
            if self._done:
                self._chunks.leave(self._done.popleft())

    def close(self) -> None:
        """Give everything back, and let no reader wait any more."""
        with self._lock:
            self._closed = True
            while self._done:
                self._chunks.leave(self._done.popleft())


@dataclass(frozen=True)
class Limits:
    """What all units of one process share."""

    chunks: Chunks = field(default_factory=Chunks)
    interrupt: Interrupt = field(default_factory=Interrupt)
    # One above the cores: mapping spends part of its time in Python, where it waits for the others' threads.
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_CORES + 1))
    leases: set[Lease] = field(default_factory=set)
    """Held by this process now: given back by whoever ends it before its threads have ended."""
    _here: threading.local = field(default_factory=threading.local)

    def share(self) -> Share:
        """Begin one lane's share."""
        return Share(self.chunks, self.interrupt, self._here)

    def arrived(self) -> None:
        """Be told by a source, in the thread that reads it, that rows have come; may wait, and may end the reading."""
        share: Share | None = getattr(self._here, "share", None)
        if share is not None:
            share.arrived()

    def work(self, task: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something that keeps a core busy, when it is one's turn."""
        with self.turns:
            return task(*args, **kwargs)

    def aside(self, wait: Callable[[], T]) -> T:
        """Wait, in the middle of ``work``, for what others do: the turn is theirs meanwhile."""
        self.turns.release()
        try:
            return wait()
        finally:
            self.turns.acquire()
