"""`ecqs sandbox draw` and `ecqs sandbox audits`: random inspections as the stand-in headquarters sees them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ecqs_gateway.cli.output import errors, print_json, print_table, say

__all__ = ["register"]

Home = Annotated[
    Path | None, typer.Option(help="Folder of the headquarters; ECQS_SANDBOX or <home>/sandbox unless given.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
_COLUMNS = {
    "id": "request",
    "state": "state",
    "cases": "cases",
    "due": "due",
    "answers": "answers",
    "remarks": "remarks",
}


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.command()(draw)
    app.command()(audits)


def draw(  # noqa: PLR0913  options of a command
    *,
    unit: Annotated[list[str] | None, typer.Option(help="Reporting unit to draw from; all unless given.")] = None,
    rate: Annotated[int, typer.Option(min=0, max=1000, help="Cases per thousand of each stratum, rounded up.")] = 50,
    least: Annotated[int, typer.Option(min=1, help="Least number of cases of each stratum.")] = 1,
    seed: Annotated[
        str | None,
        typer.Option(help="Seed: 64 hex digits, or any text, which is digested. Random unless given."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=250, help="Working days for the answer.")] = 10,
    due: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day for the answer, instead of reckoning it.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Record kind; approval and certificate unless given.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Draw records at random, by unit, record kind and product, and publish a signed request to each unit.

    Anyone can draw the same cases again from the published seed: `python verifier/ecqs_verify.py --draw REQUEST.zip`.
    """
    with errors():
        from ecqs_gateway.sandbox.audit_desk import KINDS, Order, open_desk  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        settings = load_settings()
        order = Order(rate, least, seed, days, due.date() if due else None, tuple(kind or KINDS))
        with open_desk(home or settings.sandbox, settings.content / "schemas" / "calendar") as desk:
            drawn = [desk.draw(each, order) for each in unit or desk.audits.units()]
            rows = [{**vars(audit), "cases": len(desk.audits.items(audit.id))} for audit in drawn]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        say(f"{row['id']}: {row['cases']} cases drawn, answer due {row['due']}")
    if not rows:
        say("Headquarters holds nothing to draw from yet.")


def audits(
    request: Annotated[str | None, typer.Argument(help="Id of a request: show its cases.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the inspections headquarters has drawn, and what became of them."""
    with errors():
        from ecqs_gateway.sandbox.audit_desk import open_desk  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        settings = load_settings()
        with open_desk(home or settings.sandbox, settings.content / "schemas" / "calendar") as desk:
            if request is not None:
                rows = [vars(item) for item in desk.audits.items(request)]
            else:
                rows = [_row(desk, audit) for audit in desk.audits.all()]
    if as_json:
        print_json(rows)
    elif request is not None:
        columns = {name: name for name in ("number", "kind", "product", "key", "version")}
        print_table(f"Cases of {request}", columns, rows, numbers=["number"])
    elif rows:
        print_table("Random inspections", _COLUMNS, rows, numbers=["cases", "answers"])
    else:
        say("Nothing has been drawn yet.")


def _row(desk: Any, audit: Any) -> dict[str, Any]:
    answers = desk.audits.answers(audit.id)
    remarks = json.loads(answers[-1]["remarks"]) if answers else []
    said = "; ".join(f"{f'case {case}: ' if case else ''}{code} {text}" for case, code, text in remarks)
    items = desk.audits.items(audit.id)
    return {**vars(audit), "cases": len(items), "answers": len(answers), "remarks": said}
