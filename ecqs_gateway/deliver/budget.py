"""The retry budget of one unit in one run, over all its record kinds."""

from __future__ import annotations

import sys
import threading

from ecqs_gateway.errors import Transient

__all__ = ["Budget"]


class Budget:
    """Counts the attempts that failed, from any thread; when none is left, nothing is tried again in this run.

    A line that is dead costs each lane its first attempt and the unit this many in all; the batches wait in the outbox
    for the next run. An attempt that succeeds costs nothing.
    """

    def __init__(self, attempts: int = sys.maxsize) -> None:
        """Allow so many failed attempts; any number unless told."""
        self._allowed, self._left = attempts, attempts
        self._lock = threading.Lock()

    def spend(self) -> None:
        """Note that an attempt failed."""
        with self._lock:
            self._left -= 1

    def __bool__(self) -> bool:
        """Say whether there may be another attempt."""
        return self._left > 0

    def used_up(self, where: str) -> Transient:
        """Give the error of a batch that was not even tried."""
        return Transient(
            "ECQS-5065",
            f"not tried: {self._allowed} attempts of this unit have failed in this run, which is its budget",
            where=where,
            hint="see the failures of the unit's other record kinds; the next run begins with a new budget"
            " (retry.unit_attempts in connectors/national.yaml)",
        )
