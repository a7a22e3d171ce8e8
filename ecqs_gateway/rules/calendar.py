"""The working-day calendar: which days are worked, per year, from content with its source document.

A year without a file is unknown: nothing is computed across it, because a guessed calendar gives wrong deadlines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

__all__ = ["WorkingCalendar"]


@dataclass(frozen=True)
class WorkingCalendar:
    """The working days of each known year (make-up weekends included)."""

    years: Mapping[int, frozenset[date]]
