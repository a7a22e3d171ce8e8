"""How a table is read every night: its key, its time of change, which of two rows counts, and the traps in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.content.models import FileStream, HttpStream
from ecqs_gateway.extract.stamps import recognise
from ecqs_gateway.extract.survey import Survey, Surveyed
from ecqs_gateway.flows.onboard.assign import Confidence
from ecqs_gateway.flows.onboard.profile import Profile
from ecqs_gateway.flows.onboard.tables import Reading
from ecqs_gateway.mapping.text import text_column

__all__ = ["Guess", "StreamPlan", "plan_stream"]

_SOON = timedelta(hours=1)
_ENOUGH = 5


@dataclass(frozen=True)
class Guess:
    """A proposed setting: columns, how sure, and why; no columns is a gap, or surely none."""

    columns: tuple[str, ...]
    confidence: Confidence
    why: str


@dataclass(frozen=True)
class StreamPlan:
    """The reading of one table."""

    key: Guess
    changed_at: Guess | None
    newest_by: Guess | None
    no_change_time: str = ""
    """Why there is no changed_at."""
    traps: tuple[str, ...] = field(default=())


def plan_stream(reading: Reading, profiles: Mapping[str, Profile], survey: Survey, zone: ZoneInfo) -> StreamPlan:
    """Propose key, changed_at and newest_by of a table, and tell its traps."""
    traps: list[str] = []
    key = _key(reading, profiles)
    changed, why_not = (None, "") if reading.table.stream else _changed_at(reading, profiles, (survey, zone), traps)
    if isinstance(reading.table.stream, HttpStream):
        traps.append("nobody can see whether the API can be asked for changes: if so, add changed_at and since")
    newest = _newest_by(reading, profiles, key, changed)
    marks = (deleted.column for deleted in reading.made.used("deleted"))
    traps += [f"{column} marks deleted rows: rows so marked are read and sent like all others" for column in marks]
    return StreamPlan(key, changed, newest, why_not, tuple(traps))


def _key(reading: Reading, profiles: Mapping[str, Profile]) -> Guess:
    table = reading.table
    if table.primary_key:
        return Guess(table.primary_key, "high", "primary key")
    nullable = {column.name: column.nullable for column in table.columns}
    for columns in sorted(table.unique, key=len):
        if not any(nullable.get(name, True) for name in columns):
            return Guess(columns, "high", "unique and never empty, says the database")
    named = [choice.column for choice in reading.made.used("key")]
    number = reading.made.column_of(reading.kind.key)
    for name in [*named, *([number] if number else []), *(column.name for column in table.columns)]:
        if name in profiles and profiles[name].unique and profiles[name].share("date") < 0.5:
            return Guess(
                (name,), "medium", f"no two of {profiles[name].rows} sampled rows are alike in it; not declared"
            )
    pair = ("published_date", "row_number")
    both = tuple(column for part in pair if (column := reading.made.column_of(part)) is not None)
    if len(both) == 2 and not table.sample.select(both).is_duplicated().any():
        return Guess(both, "medium", "no two sampled rows are alike in both")
    if isinstance(table.stream, FileStream):
        return Guess(("__file", "__line"), "medium", "no column tells the rows apart: place in the file")
    return Guess((), "low", "no key is declared and no column tells the sampled rows apart")


def _changed_at(
    reading: Reading, profiles: Mapping[str, Profile], source: tuple[Survey, ZoneInfo], traps: list[str]
) -> tuple[Guess | None, str]:
    choices = [one for one in reading.made.used("changed_at") if _is_time(reading.table, one.column, profiles)]
    created = [choice.column for choice in reading.made.used("created_at")]
    if not choices:
        what = "no column with a time of change was found: the whole table is read every run"
        if created:
            what += f" ({', '.join(created)} is set when a row is made, changes do not move it)"
        traps.append(what)
        return None, what
    best = choices[0]
    column = best.column
    reasons = [best.why]
    confidence: Confidence = "high" if best.score >= 0.7 and len(choices) == 1 else "medium"
    if len(choices) > 1:
        reasons.append(f"also possible: {', '.join(choice.column for choice in choices[1:])}")
    doubts = [*_doubts(reading.table, column, created), *_future(reading.table, column, source)]
    traps += doubts
    if not any(index[:1] == (column,) for index in reading.table.indexes):
        traps.append(f"{column} has no index: every run reads the whole table to find what changed")
    else:
        reasons.append("indexed")
    if any("in the future" in doubt or "never moves" in doubt for doubt in doubts):
        confidence = "medium"
    return Guess((column,), confidence, "; ".join([*reasons, *doubts])), ""


def _is_time(table: Surveyed, column: str, profiles: Mapping[str, Profile]) -> bool:
    declared = next((one.type.upper() for one in table.columns if one.name == column), "")
    profile = profiles[column]
    if profile.filled == 0:
        return "TIME" in declared
    return profile.share("date") >= 0.5 or profile.share("clock") >= 0.5


def _doubts(table: Surveyed, column: str, created: list[str]) -> list[str]:
    found = []
    values = table.sample[column] if column in table.sample.columns else pl.Series(dtype=pl.String)
    nulls = values.null_count()
    if nulls:
        found.append(f"{column} is empty in {nulls} of {len(values)} sampled rows: those are read in every run")
    elif next((one.nullable for one in table.columns if one.name == column), False) and table.stream is None:
        found.append(f"{column} may be empty, says the database: rows without it are read in every run")
    for other in created:
        pairs = table.sample.select(column, other).drop_nulls() if other in table.sample.columns else pl.DataFrame()
        same = pairs.height >= _ENOUGH and text_column(pairs[column]).equals(text_column(pairs[other]).alias(column))
        if same:
            found.append(f"{column} equals {other} in all sampled rows: perhaps it never moves when a row changes")
    return found


def _future(table: Surveyed, column: str, source: tuple[Survey, ZoneInfo]) -> list[str]:
    survey, zone = source
    newest, clock = survey.newest(table, column), survey.now()
    if newest is None:
        return []
    moment = _moment(newest, zone)
    if clock is None:
        from ecqs_gateway.doors.clock import now  # noqa: PLC0415 - where the source has no clock of its own

        clock = now()
    if moment is not None and moment > clock + _SOON:
        return [f"the newest {column} lies in the future: a wrong clock, another time zone, or a typing error"]
    return []


def _moment(value: object, zone: ZoneInfo) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    stamp = recognise([value], zone)
    try:
        return stamp.instant(stamp.write(value)) if stamp is not None else None  # type: ignore[arg-type]
    except (ValueError, ArithmeticError, TypeError):
        return None


def _newest_by(reading: Reading, profiles: Mapping[str, Profile], key: Guess, changed: Guess | None) -> Guess | None:
    """Say which of several rows with one business key counts, where there can be several."""
    number = reading.made.column_of(reading.kind.key)
    if number is None or key.columns == (number,):
        return None
    if any(set(one) == {number} for one in reading.table.unique):
        return Guess((), "high", f"{number} is unique, says the database")
    by = (*(changed.columns if changed else ()), *_dates(reading))
    if not by:
        return Guess((), "low", f"{number} is not declared unique, and no column tells which of its rows counts")
    profile = profiles[number]
    repeated = profile.filled - profile.distinct
    if repeated > 0:
        return Guess(by[:2], "medium", f"{number} repeats in the sample: which of its rows counts?")
    return Guess(by[:1], "high", f"{number} is not declared unique: should it repeat, the newest row counts")


def _dates(reading: Reading) -> list[str]:
    found = (reading.made.column_of(target) for target in ("valid_until", "issue_date", "decision_date"))
    return [column for column in found if column is not None]
