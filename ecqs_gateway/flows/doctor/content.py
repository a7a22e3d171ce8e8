"""Content: is it free of errors, and what in it ends soon (calendar years, codes, rules, declarations of absence)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from ecqs_gateway.doors.clock import today
from ecqs_gateway.flows.doctor.core import Context, Finding, Verdict, check

__all__: list[str] = []

_SOON = timedelta(days=30)


@check("content.files")
def files(context: Context) -> Iterator[Finding]:
    """Say what `ecqs check` would say, in one line a unit."""
    content = context.the_content
    step = "run `ecqs check`: it names file, line and what was meant"
    shared = [p for p in content.shared_problems if p.blocking]
    if shared:
        first = f"{shared[0].file}:{shared[0].line} {shared[0].code} {shared[0].message}"
        text = f"{len(shared)} errors in files every unit needs; the first: {first}"
        yield Finding("content.files", Verdict.PROBLEM, text, next=step)
    broken = [unit for unit in context.units() if content.broken(unit)]
    for unit in broken:
        blocking = [p for p in content.unit_problems(unit) if p.blocking]
        first = f"{blocking[0].file}:{blocking[0].line} {blocking[0].code} {blocking[0].message}"
        yield Finding("content.files", Verdict.PROBLEM, f"{len(blocking)} errors; the first: {first}", unit, step)
    if content.national is None:
        text = "connectors/national.yaml is missing or cannot be read"
        yield Finding("content.files", Verdict.PROBLEM, text, "connectors/national.yaml", step)
    if not (shared or broken) and content.national is not None:
        text = f"{len(content.onboarded)} units, {len(content.lanes())} lanes can run; content {content.digest[:19]}…"
        yield Finding("content.files", Verdict.OK, text)


@check("content.calendar")
def calendar(context: Context) -> Iterator[Finding]:
    """Working days must be known: of this year, and from December on of the next."""
    day = today(context.clock)
    known = context.the_content.calendar
    missing = known.missing(day)
    for year in missing:
        late = year == day.year or day.day >= 25
        yield Finding(
            "content.calendar",
            Verdict.PROBLEM if late else Verdict.WARNING,
            f"the working days of {year} are not known: rules on periods only say so, deadlines cannot be computed",
            f"schemas/calendar/{year}.csv",
            "add the file from the State Council's yearly notice of holidays",
        )
    if not missing:
        told = f"the working days up to {max(known.years)} are known"
        yield Finding("content.calendar", Verdict.OK, told)


@check("content.ending")
def ending(context: Context) -> Iterator[Finding]:
    """Codes, rules and declarations of absence that end within a month, or just did."""
    day = today(context.clock)
    soon = [*_codes(context, day), *_rules(context, day), *_absences(context, day)]
    yield from soon
    if not soon:
        text = f"no code, rule or declaration of absence ends within {_SOON.days} days"
        yield Finding("content.ending", Verdict.OK, text)


def _codes(context: Context, day: date) -> Iterator[Finding]:
    for name, table in context.the_content.codes.items():
        last = table.rows.group_by("code").agg(
            pl.col("valid_until").is_null().any().alias("open"), pl.col("valid_until").max().alias("until")
        )
        ends = last.filter(~pl.col("open") & pl.col("until").is_between(day, day + _SOON)).sort("code")
        if ends.height:
            codes = ", ".join(ends["code"].head(5).to_list())
            yield Finding(
                "content.ending",
                Verdict.WARNING,
                f"{ends.height} codes end within {_SOON.days} days and nothing follows: {codes}",
                f"schemas/codes/{name}.csv",
                "ask headquarters for the codes that follow, or prolong them with their source",
            )


def _rules(context: Context, day: date) -> Iterator[Finding]:
    for file, catalogue in context.the_content.rules.items():
        for rule in catalogue.rules:
            until = rule.effective.until
            if until is not None and day <= until <= day + _SOON:
                text = f"rule {rule.id} ends on {until}"
                step = "add the rule that follows, or move until with its source"
                yield Finding("content.ending", Verdict.WARNING, text, file, step)


def _absences(context: Context, day: date) -> Iterator[Finding]:
    for (unit, kind), mapping in context.the_content.mappings.items():
        if not context.concerns(unit):
            continue
        declared = [*mapping.fields.items(), *mapping.children.items()]
        until = {
            name: absent.until
            for name, found in declared
            if (absent := getattr(found, "absent", None)) is not None and absent.until <= day + _SOON
        }
        if until:
            names = ", ".join(sorted(until)[:5])
            yield Finding(
                "content.ending",
                Verdict.WARNING,
                f"{len(until)} declarations of absence end by {max(until.values())}: {names}",
                f"mappings/{unit}/{kind}.yaml",
                "ask the unit whether it can give these fields now, then map them or move until",
            )
