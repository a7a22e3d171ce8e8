"""`ecqs findings`: what rules say of records that were sent all the same."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from ecqs_gateway.cli.letter_options import Json, Kind, Unit
from ecqs_gateway.cli.output import errors, fail, print_json, print_table, say

__all__ = ["register"]

_LIST = {
    "unit": "unit",
    "kind": "kind",
    "key": "key",
    "rule": "rule",
    "field": "field",
    "message": "finding",
    "batch": "batch",
}
_MONTHS = {name: name for name in ("month", "unit", "kind", "rule", "findings", "records")}
_GROUPS = {"findings": "findings", "example": "for example"}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(findings)


def findings(  # noqa: PLR0913  options of a command
    *,
    unit: Unit = None,
    kind: Kind = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Only of this rule, such as CERT-006; may be repeated.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only of records sealed on this day or later.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Count instead: by rule, field, unit or kind.")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Count instead: per month, unit and rule.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most findings to show.")] = 50,
    page: Annotated[int, typer.Option(min=1, help="Which page of so many findings.")] = 1,
    as_json: Json = False,
) -> None:
    """List what rules say of records that were sent: facts headquarters and supervisors want to see."""
    with errors():
        from ecqs_gateway.cli.letter_options import chosen  # noqa: PLC0415
        from ecqs_gateway.errors import Terminal  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.ledger import findings as ledger  # noqa: PLC0415

        if by is not None and summary:
            fail(Terminal("ECQS-1352", "--summary and --by are two ways to count", hint="give one of them"))
        if by is not None and by not in ledger.CAUSES:
            fail(Terminal("ECQS-6118", f"findings are not counted by {by}", hint=f"one of {', '.join(ledger.CAUSES)}"))
        with open_gateway() as gateway:
            named = chosen(gateway, since=since, key=None, units=unit, kinds=kind, rules=rule)
            wanted = ledger.Wanted(named.units, named.kinds, named.rules, named.since)
            total = ledger.count(gateway.database, wanted)
            groups = ledger.grouped(gateway.database, wanted, by) if by else []
            months = ledger.summary(gateway.database, wanted) if summary else []
            rows = (
                [] if by or summary else ledger.find(gateway.database, wanted, limit=limit, offset=(page - 1) * limit)
            )
    if summary:
        _summary(total, months, as_json=as_json)
    elif as_json:
        print_json(
            {"total": total, "by": by, "groups": groups} if by else {"total": total, "page": page, "findings": rows}
        )
    elif by:
        print_table(f"{total} findings", {by: by, **_GROUPS}, groups, numbers=["findings"])
    elif not total:
        say("No findings.")
    else:
        print_table(f"{total} findings, newest first", _LIST, rows)
        if total > limit:
            say(f"Page {page} of {-(-total // limit)}. Count them with --by rule, or see more with --page.")


def _summary(total: int, months: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json({"total": total, "summary": months})
    elif not total:
        say("No findings.")
    else:
        print_table(f"{total} findings by month, unit and rule", _MONTHS, months, numbers=["findings", "records"])
