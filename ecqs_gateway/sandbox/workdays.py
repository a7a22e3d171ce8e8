"""Headquarters' own reckoning of working days, from the published holidays of each year."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

from ecqs_gateway.errors import Misconfigured

__all__ = ["last_day"]


def last_day(folder: Path, start: date, working_days: int) -> date:
    """Give the last of so many working days after ``start``; raises Misconfigured ECQS-7080 for an unknown year."""
    known: dict[int, dict[date, bool]] = {}
    day, left = start, working_days
    while left:
        day += timedelta(days=1)
        if day.year not in known:
            known[day.year] = _exceptions(folder / f"{day.year}.csv")
        left -= known[day.year].get(day, day.weekday() < 5)
    return day


def _exceptions(file: Path) -> dict[date, bool]:
    if not file.is_file():
        raise Misconfigured(
            "ECQS-7080",
            f"the working days of {file.stem} are not known, so no due date can be reckoned",
            where=str(file),
            hint="give the last day itself with --due YYYY-MM-DD, or add the calendar of that year",
        )
    with file.open(encoding="utf-8", newline="") as rows:
        return {date.fromisoformat(row["date"]): row["worked"] == "yes" for row in csv.DictReader(rows)}
