"""The one clock: aware times in Asia/Shanghai, the zone of every business date in this project."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

__all__ = ["SHANGHAI", "Clock", "now", "today"]

SHANGHAI = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]
"""Gives the current time, aware; handed in wherever time matters, so that tests can set it."""


def now() -> datetime:
    """Give the current time in Asia/Shanghai, to the second: nothing we exchange is finer."""
    return datetime.now(SHANGHAI).replace(microsecond=0)


def today(clock: Clock = now) -> date:
    """Give the current business date in Asia/Shanghai."""
    return clock().astimezone(SHANGHAI).date()
