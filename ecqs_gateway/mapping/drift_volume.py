"""How many rows a run of a lane should bring, by what its former runs brought.

Median and median deviation, so that one odd night among them changes nothing. The band is wide on purpose: a source
that was away for a week brings seven nights at once, and a holiday brings nothing. Only orders of magnitude alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Band", "band"]

_TIMES = 10
_DEVIATIONS = 8 * 1.4826
"""Median deviations, scaled to the standard deviation of a normal distribution."""
_SMALL = 1_000
"""No number of rows up to this alarms for being many."""
_TELLING = 100
"""Below this median a small number says nothing."""


@dataclass(frozen=True)
class Band:
    """Fewest and most rows of a run with rows, and what that is said by; ``most`` None has no upper end."""

    least: int
    most: int | None
    runs: int
    median: int

    def words(self) -> str:
        """Say what the band rests on."""
        return f"{self.runs} former runs brought {self.median} rows in the middle" if self.runs else "it is declared so"


def band(counts: Sequence[int], *, needed: int, least: int | None = None, most: int | None = None) -> Band | None:
    """Give the band by the rows of former runs, oldest first; None while there are too few of them.

    Runs without rows do not count, and the first run with rows neither: it brought the whole table. ``least`` and
    ``most`` are declared and win.
    """
    with_rows = [count for count in counts if count > 0][1:]
    if len(with_rows) < needed:
        return None if least is None and most is None else Band(least or 0, most, 0, 0)
    middle = median(with_rows)
    spread = median(abs(count - middle) for count in with_rows)
    upper = max(_TIMES * middle, middle + _DEVIATIONS * spread, 1.5 * max(with_rows), _SMALL)
    lower = min(middle / _TIMES, min(with_rows) / 2) if middle >= _TELLING else 0
    return Band(
        int(lower) if least is None else least, int(upper) if most is None else most, len(with_rows), int(middle)
    )
