"""`ecqs report`: the monthly report to headquarters, the records behind its numbers, and sending it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ecqs_gateway.cli.letter_options import Json, Unit
from ecqs_gateway.cli.output import errors, print_json, print_table, say

__all__ = ["app"]

app = typer.Typer(
    help="The monthly report to headquarters.", invoke_without_command=True, no_args_is_help=False, add_completion=False
)

Month = Annotated[str | None, typer.Option("--month", help="Month, such as 2026-11; the one before this unless given.")]


@app.callback()
def report(  # noqa: PLR0913  options of a command
    context: typer.Context,
    *,
    month: Month = None,
    unit: Unit = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder the files are written to.")] = Path("reports"),
    lang: Annotated[
        list[str] | None, typer.Option("--lang", help="Language, zh or en; may be repeated. Left out: zh.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send each unit's own report to headquarters.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="With --send: another edition, though one was accepted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the report of a month: a workbook with charts, a page to read and print, and its data as JSON."""
    if context.invoked_subcommand is not None:
        return
    with errors():
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.report import make  # noqa: PLC0415
        from ecqs_gateway.flows.report import send as sending  # noqa: PLC0415

        with open_gateway() as gateway:
            made = make.write(make.report_of(gateway, month, unit or ()), output, lang or ["zh"])
            chosen = gateway.units(unit or ()) if send else []
            sent = [sending.send_unit(gateway, one, made.report.month, again=again) for one in chosen]
    files, rows = [str(file) for file in made.files], [vars(one) for one in sent]
    if as_json:
        print_json({"month": made.report.month, "digest": made.report.digest, "files": files, "sent": rows})
    else:
        for file in files:
            say(file)
        say(f"{made.report.counted()} numbers, which tie out. Data: SHA-256 {made.report.digest}")
        if rows:
            columns = {"unit": "unit", "id": "report", "state": "state", "error": "what headquarters said"}
            print_table("Sent to headquarters", columns, rows)
    if any(one.state != "received" for one in sent):
        raise typer.Exit(1)


@app.command("list")
def list_(
    *,
    cell: Annotated[
        str, typer.Option("--cell", "--behind", help="Address of a number: table.row.column, as in the JSON.")
    ],
    month: Month = None,
    unit: Unit = None,
    limit: Annotated[int, typer.Option(min=1, help="Most records to list.")] = 100,
    as_json: Json = False,
) -> None:
    """List the records behind a number of the report, such as rejects.HQ-203.320000."""
    with errors():
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.report.context import Context  # noqa: PLC0415
        from ecqs_gateway.flows.report.sections import behind  # noqa: PLC0415

        with open_gateway() as gateway:
            shown = behind(Context.of(gateway, month, unit or ()), cell, limit)
    if as_json:
        print_json({"cell": cell, "value": shown.value, "records": shown.rows})
        return
    rows: list[dict[str, Any]] = shown.rows
    if rows:
        print_table(f"{cell} = {shown.value}", {name: name for name in rows[0]}, rows)
    else:
        say(f"{cell} = {shown.value}; there are no records behind it.")
    if len(rows) == limit:
        say(f"The first {limit}; see more with --limit.")
