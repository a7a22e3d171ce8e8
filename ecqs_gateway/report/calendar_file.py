"""Things to be done as a calendar file (RFC 5545), for the calendar of whoever has to do them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

__all__ = ["Entry", "calendar_file"]

_PRODUCT = "-//ecqs-gateway//followups//ZH"
_DAYS_BEFORE = 7


@dataclass(frozen=True)
class Entry:
    """One whole day with something to be done; ``id`` stays the same, so that a second import changes the first."""

    id: str
    day: date
    title: str
    text: str


def calendar_file(name: str, entries: Iterable[Entry], *, made: datetime) -> bytes:
    """Write a calendar of whole days, each with a reminder a week before; nothing in it is personal data."""
    from icalendar import Alarm, Calendar, Event  # noqa: PLC0415 - only where a calendar is wanted

    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.id}@ecqs-gateway")
        event.add("dtstamp", made)
        event.add("dtstart", entry.day)
        event.add("dtend", entry.day + timedelta(days=1))
        event.add("summary", entry.title)
        event.add("description", entry.text)
        event.add("transp", "TRANSPARENT")
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.title)
        alarm.add("trigger", timedelta(days=-_DAYS_BEFORE))
        event.add_component(alarm)
        calendar.add_component(event)
    data: bytes = calendar.to_ical()
    return data
