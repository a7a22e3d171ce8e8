"""`ecqs followups`: what is to be done after records were sent, until when, and what is overdue."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli.letter_options import Json, Unit
from ecqs_gateway.cli.output import errors, print_json, print_table, say

if TYPE_CHECKING:
    import polars as pl

    from ecqs_gateway.flows.followups import FollowUps

__all__ = ["register"]

_LIST = {"unit": "unit", "due": "due", "days": "days left", "title": "what", "subject": "of", "state": "state"}
_LATE = 3


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(followups)


def followups(  # noqa: PLR0913  options of a command
    *,
    unit: Unit = None,
    within: Annotated[int, typer.Option(min=0, max=3660, help="Also what is due within so many days.")] = 30,
    done: Annotated[bool, typer.Option("--done", help="Also what was done, in time or late.")] = False,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day; today unless given.")
    ] = None,
    calendar: Annotated[Path | None, typer.Option(help="Write a calendar file (.ics) of what is open.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the list as CSV.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most lines to show.")] = 50,
    as_json: Json = False,
) -> None:
    """List what the law asks to be done after records were sent: checks within 60 days, renewals, rectifications.

    Exits with 3 when something is overdue.
    """
    with errors():
        from ecqs_gateway.flows import followups as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            day = on.date() if on is not None else None
            found = flow.find(gateway, within=timedelta(days=within), units=unit or (), on=day, met=done)
        if calendar is not None:
            calendar.write_bytes(_calendar(found))
        if csv is not None:
            _plain(found.rows).write_csv(csv, include_bom=True)
    late = found.rows.filter(found.rows["state"] == "overdue").height
    if as_json:
        rows = _plain(found.rows).rows(named=True)
        print_json({"on": found.on.isoformat(), "overdue": late, "unread": found.unread, "followups": rows})
    else:
        _show(found, late, limit)
    if late:
        raise typer.Exit(_LATE)


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """Days as text; a cell a spreadsheet would take for a formula is quoted."""
    import polars as pl  # noqa: PLC0415

    days = [pl.col(name).cast(pl.String) for name, dtype in rows.schema.items() if dtype == pl.Date()]
    risky = pl.col("subject").str.contains(r"^[=+\-@\t\r]")
    subject = pl.when(risky).then(pl.concat_str(pl.lit("'"), "subject")).otherwise("subject").alias("subject")
    return rows.with_columns(*days, subject)


def _show(found: FollowUps, late: int, limit: int) -> None:
    if found.rows.is_empty():
        say("Nothing is to be done.")
    else:
        rows = _plain(found.rows.head(limit)).rows(named=True)
        print_table(f"{found.rows.height} to be done, {late} overdue, on {found.on}", _LIST, rows, numbers=["days"])
        if found.rows.height > limit:
            say(f"{found.rows.height - limit} more; see them with --limit, or write them with --csv.")
    if found.unread:
        say(f"{found.unread} batches had been removed before they were looked through: what they held is not here.")


def _calendar(found: FollowUps) -> bytes:
    from ecqs_gateway.doors import clock  # noqa: PLC0415
    from ecqs_gateway.doors.personal import mask_numbers  # noqa: PLC0415
    from ecqs_gateway.report.calendar_file import Entry, calendar_file  # noqa: PLC0415

    entries = (
        Entry(
            mask_numbers(f"{row['unit']}-{row['rule']}-{row['key']}"),
            row["due"],
            f"{row['title']}：{row['subject']}",
            row["message"],
        )
        for row in found.rows.rows(named=True)
        if row["state"] in {"due", "overdue"}
    )
    return calendar_file("工业产品生产许可证后续事项", entries, made=clock.now())
