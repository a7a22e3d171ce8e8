"""`ecqs doctor`: what is wrong, and what to do, in one command."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli.output import print_json, say

if TYPE_CHECKING:
    from ecqs_gateway.flows.doctor import Finding, Report

__all__ = ["register"]

_STYLE = {"ok": "green", "warning": "yellow", "problem": "red", "not checked": "cyan"}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(doctor)


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Contact neither sources nor headquarters.")] = False,
    unit: Annotated[str | None, typer.Option(help="Only what concerns this reporting unit, such as 320000.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what reads whole tables or folders.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte the ledger names and the whole chain; takes its time.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Examine the installation: disk, ledger, stage, clock, keys, headquarters, sources, and the work at hand.

    Says of each what is wrong and what to do next. Changes nothing, sends nothing, and answers within 20 seconds
    whatever hangs (--deep apart). Exit code 1 when there is a problem; warnings alone give 0.
    """
    from ecqs_gateway.flows.doctor import Options, Verdict, examine  # noqa: PLC0415

    report = examine(options=Options(offline=offline, unit=unit, quick=quick, deep=deep))
    if as_json:
        print_json(_json(report))
    else:
        _told(report)
    if report.verdict is Verdict.PROBLEM:
        raise typer.Exit(1)


def _json(report: Report) -> dict[str, object]:
    from ecqs_gateway.flows.doctor import Verdict  # noqa: PLC0415

    return {
        "verdict": str(report.verdict),
        "checked_at": report.checked_at,
        "seconds": report.seconds,
        "counts": {str(verdict): report.count(verdict) for verdict in Verdict},
        "findings": [dataclasses.asdict(finding) for finding in report.findings],
    }


def _told(report: Report) -> None:
    from ecqs_gateway.flows.doctor import Verdict  # noqa: PLC0415

    # The worst stand last, where a person at a terminal sees them first.
    for verdict in (Verdict.OK, Verdict.NOT_CHECKED, Verdict.WARNING, Verdict.PROBLEM):
        for finding in report.findings:
            if finding.verdict is verdict:
                _line(finding)
    counts = ", ".join(f"{report.count(verdict)} {verdict}" for verdict in reversed(list(Verdict)))
    say("")
    say(f"Findings: {counts}. Looked at everything in {report.seconds:.1f} s.", style="bold")


def _line(finding: Finding) -> None:
    place = f"{finding.place}: " if finding.place else ""
    say(f"{finding.verdict:<12} {finding.check:<22} {place}{finding.message}", style=_STYLE[finding.verdict])
    if finding.next:
        say(f"{'':<12} next: {finding.next}")
