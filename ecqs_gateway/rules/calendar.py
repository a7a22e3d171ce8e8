"""The working-day calendar: which days are worked, per year, from content with its source document.

A year without a file is unknown: nothing is computed across it, because a guessed calendar gives wrong deadlines.
The files ``schemas/calendar/<year>.csv`` list only what differs from Monday to Friday, as the yearly notice of the
State Council's General Office does: days off, and weekend days that are worked instead.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import polars as pl

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.columns import Tabled

__all__ = ["COLUMNS", "WorkingCalendar", "load_calendar"]

COLUMNS = ("date", "worked", "name", "source")
"""Columns of a calendar file: the day, ``yes`` or ``no``, the holiday it belongs to, and the document that says so."""


@dataclass(frozen=True)
class WorkingCalendar:
    """The working days of each known year, make-up weekends included."""

    years: Mapping[int, frozenset[date]] = field(default_factory=dict)

    @cached_property
    def spans(self) -> tuple[tuple[date, date], ...]:
        """Give the runs of known years without a gap, as first and last day."""
        runs: list[tuple[date, date]] = []
        for year in sorted(self.years):
            first, last = date(year, 1, 1), date(year, 12, 31)
            if runs and runs[-1][1] + timedelta(days=1) == first:
                runs[-1] = (runs[-1][0], last)
            else:
                runs.append((first, last))
        return tuple(runs)

    @cached_property
    def counted(self) -> tuple[Tabled, Tabled]:
        """Give by the number of a day since 1970-01-01 the working days up to and with it, and its run.

        Working days between two days of one run are then a subtraction. A day of an unknown year has neither.
        """
        days = [(day, run) for run, (first, last) in enumerate(self.spans) for day in _days(first, last)]
        frame = pl.DataFrame(
            {"day": [day for day, _ in days], "run": [run for _, run in days]},
            schema={"day": pl.Date, "run": pl.Int64},
        ).with_columns(
            worked=pl.Series([self.worked(day) for day, _ in days], dtype=pl.Int64).cum_sum(),
            day=pl.col("day").to_physical().cast(pl.Int64),
        )
        first, last = (frame["day"][0], frame["day"][-1]) if days else (0, -1)
        every = pl.DataFrame({"day": range(first, last + 1)}, schema={"day": pl.Int64})
        table = every.join(frame, on="day", how="left", maintain_order="left")
        return Tabled(first, table["worked"]), Tabled(first, table["run"])

    def known(self, day: date) -> bool:
        """Say whether the day lies in a known year."""
        return day.year in self.years

    def missing(self, day: date) -> list[int]:
        """Give the years that must be known on a day and are not: its own, and from 1 December the next."""
        wanted = [day.year, day.year + 1] if day.month == 12 else [day.year]
        return [year for year in wanted if year not in self.years]

    def worked(self, day: date) -> bool:
        """Say whether the day is a working day; raises Misconfigured ECQS-1310 for an unknown year."""
        if day.year not in self.years:
            raise Misconfigured(
                "ECQS-1310",
                f"the working days of {day.year} are not known",
                hint=f"add schemas/calendar/{day.year}.csv from the State Council's notice of holidays",
            )
        return day in self.years[day.year]

    def between(self, start: date, end: date) -> int:
        """Count the working days after one day up to and including another; negative when the second is earlier."""
        if end < start:
            return -self.between(end, start)
        return sum(self.worked(day) for day in _days(start + timedelta(days=1), end))

    def deadline(self, start: date, working_days: int) -> date:
        """Give the last day of a period of so many working days that begins the day after ``start``."""
        day, left = start, working_days
        while left > 0:
            day += timedelta(days=1)
            left -= self.worked(day)
        return day


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def load_calendar(folder: Path) -> WorkingCalendar:
    """Load every ``<year>.csv`` of a folder; raises Misconfigured ECQS-1311 naming file and line of a mistake."""
    years = {}
    for path in sorted(folder.glob("*.csv")):
        if not (path.stem.isdecimal() and len(path.stem) == 4):
            raise _wrong(path, 0, "a calendar file is named by its year, such as 2026.csv")
        years[int(path.stem)] = _load_year(path, int(path.stem))
    return WorkingCalendar(years)


def _load_year(path: Path, year: int) -> frozenset[date]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise _wrong(path, 1, f"the columns must be {', '.join(COLUMNS)}")
        exceptions: dict[date, bool] = {}
        for row in reader:
            day, worked = _exception(path, reader.line_num, row, year)
            if day in exceptions:
                raise _wrong(path, reader.line_num, f"{day} stands twice")
            exceptions[day] = worked
    if not exceptions:
        raise _wrong(path, 1, "no holidays are listed: an empty calendar would count them as working days")
    return frozenset(
        day for day in _days(date(year, 1, 1), date(year, 12, 31)) if exceptions.get(day, day.weekday() < 5)
    )


def _exception(path: Path, line: int, row: dict[str, str], year: int) -> tuple[date, bool]:
    try:
        day = date.fromisoformat(row["date"])
    except (TypeError, ValueError):
        raise _wrong(path, line, "date must be written as YYYY-MM-DD") from None
    if day.year != year:
        raise _wrong(path, line, f"{day} is not a day of {year}")
    if row["worked"] not in {"yes", "no"}:
        raise _wrong(path, line, "worked must be yes or no")
    if not row["source"]:
        raise _wrong(path, line, "the source is missing: name the document the day comes from")
    return day, row["worked"] == "yes"


def _wrong(path: Path, line: int, message: str) -> Misconfigured:
    where = f"{path.name}:{line}" if line else path.name
    return Misconfigured("ECQS-1311", message, where=where)
