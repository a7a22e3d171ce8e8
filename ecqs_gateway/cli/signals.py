"""Ctrl-C and a polite kill: a run ends soon, at the end of a step, and gives back what it holds."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from ecqs_gateway.flows.limits import Interrupt

__all__ = ["Told", "ends_when_told"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Told:
    """The signal that ended the run; 0 while there was none."""

    number: int = 0

    def exit(self) -> None:
        """End the process as one ended by that signal, with whatever still waits in it; does nothing without one."""
        if self.number:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(128 + self.number)  # a thread that waits for a silent source would hold up a plain exit


@contextmanager
def ends_when_told(interrupt: Interrupt) -> Iterator[Told]:
    """Turn the first signal into an order to end soon; a second one ends the process at once."""
    told = Told()

    def heed(number: int, _frame: FrameType | None) -> None:
        if told.number:
            os._exit(128 + number)
        told.number = number
        interrupt.set(f"by {signal.Signals(number).name}")

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    # What was told to ignore a signal (nohup) goes on doing so.
    mine = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in mine:
        signal.signal(number, heed)
    try:
        yield told
    finally:
        for number in mine:
            signal.signal(number, before[number])
