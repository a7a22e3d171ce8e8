"""Units side by side, each in a thread of its own: none waits for another, and all end soon when told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from ecqs_gateway.flows.limits import Interrupt

__all__ = ["side_by_side"]

_GRACE = 8.0
"""Seconds an interrupted unit has to reach the end of a step; one that waits for a silent source is left behind."""
_LOOKS_EVERY = 0.2


def side_by_side(
    jobs: Mapping[str, Callable[[], None]], interrupt: Interrupt, *, grace: float = _GRACE
) -> dict[str, BaseException]:
    """Do all jobs at once and give what each defect was, by name; ends when all have ended.

    Once interrupted, it ends after ``grace`` seconds at the latest; threads that still wait then end with the process.
    An exception in the calling thread, such as KeyboardInterrupt, interrupts the jobs and is raised afterwards.
    """
    crashes: dict[str, BaseException] = {}

    def work(name: str, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001  a defect of one unit is told when the others are done
            crashes[name] = error

    threads = [
        threading.Thread(target=work, args=(name, job), name=f"unit-{name}", daemon=True) for name, job in jobs.items()
    ]
    for thread in threads:
        thread.start()
    try:
        _join(threads, interrupt, grace)
    except BaseException as error:
        interrupt.set(f"by {type(error).__name__}")
        _join(threads, interrupt, grace)
        raise
    return dict(crashes)


def _join(threads: list[threading.Thread], interrupt: Interrupt, grace: float) -> None:
    end: float | None = None
    for thread in threads:
        while thread.is_alive():
            thread.join(_LOOKS_EVERY)
            if interrupt and end is None:
                end = time.monotonic() + grace
            if end is not None and time.monotonic() >= end:
                return
