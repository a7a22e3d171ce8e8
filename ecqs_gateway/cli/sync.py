"""`ecqs sync`: the nightly flow without Airflow."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from typing import Annotated

import typer

from ecqs_gateway.cli.output import console, errors, is_terminal, print_json, print_table, say
from ecqs_gateway.cli.status import RUN_COLUMNS, run_rows
from ecqs_gateway.doors.memory import for_good

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(sync)


def sync(
    unit: Annotated[list[str] | None, typer.Option(help="Only this reporting unit; may be repeated.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this record kind; may be repeated.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Read again from this day on; what is unchanged is not sent again."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything but store and send: show what a run would do.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Take what changed in the provinces, deliver it to headquarters, and settle the receipts.

    Exit code 0: every unit went through, or was stopped by an operator's order. 1: at least one unit failed; the
    others went through all the same. 130 or 143: interrupted by Ctrl-C or a signal; nothing is lost.
    """
    with errors(), ExitStack() as stack:
        with for_good():
            from ecqs_gateway.cli.progress import TerminalProgress  # noqa: PLC0415
            from ecqs_gateway.cli.signals import ends_when_told  # noqa: PLC0415
            from ecqs_gateway.flows import nightly  # noqa: PLC0415
            from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

            gateway = stack.enter_context(open_gateway())
        options = nightly.Options(
            units=tuple(unit or ()), kinds=tuple(kind or ()), since=since.date() if since else None, dry_run=dry_run
        )
        told = stack.enter_context(ends_when_told(gateway.limits.interrupt))
        progress = stack.enter_context(TerminalProgress(console, live=is_terminal() and not as_json))
        summary = nightly.sync(gateway.listening(progress if not as_json else None), options)
        names = gateway.unit_names()
    if as_json:
        found = {"run": summary.run_id, "counts": summary.rows, "failed": summary.failed, "dry_run": dry_run}
        print_json({**found, "stopped": summary.stopped, "interrupted": summary.interrupted})
    else:
        title = "What a run would do (dry run, nothing was stored or sent)" if dry_run else f"Run {summary.run_id}"
        print_table(title, RUN_COLUMNS, run_rows(summary.rows, names), numbers=list(RUN_COLUMNS)[3:])
        for place, message in summary.failed.items():
            say(f"{place}: {message}", style="red")
        for place, message in summary.stopped.items():
            say(f"{place}: {message}", style="bold yellow")
        say(summary.sentence())
    told.exit()
    if summary.failed:
        raise typer.Exit(1)
