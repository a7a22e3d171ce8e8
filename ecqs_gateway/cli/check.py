"""`ecqs check`: every mistake in the content folders, at once, with file, line and column."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Annotated

import typer

from ecqs_gateway.cli.output import errors, print_json, say

__all__ = ["register"]

_STYLE = {"error": "red", "warning": "yellow", "todo": "cyan"}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(check)


def check(
    unit: Annotated[str | None, typer.Option(help="Only problems of this reporting unit, such as 320000.")] = None,
    content: Annotated[
        Path | None, typer.Option(help="Folder that holds connectors/, mappings/ and schemas/.", exists=True)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Check connectors, mappings, code tables, rules and schemas, and run the sample cases.

    Reports all problems with file, line, column, what is wrong and what was probably meant.
    Exit code 0: no errors (warnings may remain). 1: errors. Nothing is contacted: sources are not opened.
    """
    with errors():
        from ecqs_gateway.content.load import load  # noqa: PLC0415
        from ecqs_gateway.doors.clock import today  # noqa: PLC0415
        from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
        from ecqs_gateway.flows.keyring import unsealed_warning  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        started = time.perf_counter()
        settings = load_settings()
        bundle = load(content.resolve() if content else settings.content, cases=True)
        unsealed = unsealed_warning(settings.keys)
        missing = bundle.calendar.missing(today()) if bundle.calendar.years else []
        seconds = time.perf_counter() - started
        if unit is not None and unit not in bundle.onboarded:
            raise Misconfigured(
                "ECQS-6002",
                f"no connector for {unit}",
                where="connectors/provinces",
                hint=f"units that have one: {', '.join(bundle.onboarded) or 'none'}",
            )
    found = bundle.problems if unit is None else (*bundle.shared_problems, *bundle.unit_problems(unit))
    wrong = [problem for problem in found if problem.blocking]
    warnings = ([unsealed] if unsealed else []) + [_no_calendar(year) for year in missing]
    if as_json:
        problems = [dataclasses.asdict(problem) for problem in found]
        print_json({"digest": bundle.digest, "problems": problems, "warnings": warnings})
    else:
        for problem in found:
            place = f"{problem.file}:{problem.line}:{problem.column}"
            say(f"{place}: {problem.severity} {problem.code} {problem.message}", style=_STYLE[problem.severity])
            if problem.hint:
                say(f"    {problem.hint}")
        lanes = len(bundle.lanes())
        undecided = sum(problem.severity == "todo" for problem in found)
        decide = f", {undecided} to decide" if undecided else ""
        errors_ = _count(len(wrong) - undecided, "error")
        counted = f"{errors_}{decide}, {_count(len(found) - len(wrong), 'warning')}"
        say(f"{len(bundle.onboarded)} units, {lanes} mappings ready, {counted}.")
        say(f"Content {bundle.digest[:19]}…, checked in {seconds:.1f} s")
        for warning in warnings:
            say(f"warning {warning}", style=_STYLE["warning"])
    if wrong:
        raise typer.Exit(1)


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"


def _no_calendar(year: int) -> str:
    return (
        f"ECQS-1354 the working days of {year} are not known: add schemas/calendar/{year}.csv from the State Council's"
        " notice of holidays; until then rules on periods say that they could not judge (CAL-001)"
    )
