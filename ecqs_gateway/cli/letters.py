"""`ecqs dead-letters list`, `show` and `corrections`: which records could not go, why, and what is done about them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ecqs_gateway.cli import letter_book, letter_decisions
from ecqs_gateway.cli.letter_options import Json, Key, Kind, Origin, Rule, Since, State, Unit, chosen
from ecqs_gateway.cli.output import Unmasked, errors, print_json, print_table, say

__all__ = ["app"]

app = typer.Typer(
    help="See, retry, correct and discard records that could not go to headquarters.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_LIST = {
    "id": "id",
    "unit": "unit",
    "kind": "kind",
    "state": "state",
    "origin": "refused by",
    "key": "key",
    "source_key": "source key",
    "why": "why",
    "first": "first met",
}
_WIDEST = 60
"""Characters of a value in a table; --json has all of them."""
_GROUPS = {"letters": "letters", "example": "for example"}
_CORRECTIONS = {
    "id": "id",
    "letter": "letter",
    "unit": "unit",
    "kind": "kind",
    "action": "action",
    "state": "state",
    "author": "proposed by",
    "columns": "columns",
    "reason": "reason",
    "decided_by": "decided by",
}


@app.command("list")
def list_letters(  # noqa: PLR0913  options of a command
    *,
    unit: Unit = None,
    kind: Kind = None,
    rule: Rule = None,
    origin: Origin = None,
    state: State = None,
    since: Since = None,
    key: Key = None,
    unrepaired: Annotated[
        bool, typer.Option("--unrepaired", help="Only letters that were corrected while the source still is not.")
    ] = False,
    by: Annotated[
        str | None, typer.Option(help="Count instead: by rule, field, column, unit, kind, origin or state.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most letters to show.")] = 50,
    page: Annotated[int, typer.Option(min=1, help="Which page of so many letters.")] = 1,
    as_json: Json = False,
) -> None:
    """List the dead letters that are open, or those the options name, oldest first; or count them by cause."""
    states = ["corrected"] if unrepaired else state or ["open"]
    with errors():
        from ecqs_gateway.cli.output import fail  # noqa: PLC0415
        from ecqs_gateway.errors import Terminal  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.letter_view import brief  # noqa: PLC0415
        from ecqs_gateway.ledger import letters  # noqa: PLC0415

        if by is not None and by not in letters.CAUSES:
            fail(Terminal("ECQS-6118", f"letters are not counted by {by}", hint=f"one of {', '.join(letters.CAUSES)}"))
        with open_gateway() as gateway:
            wanted = chosen(
                gateway, units=unit, kinds=kind, rules=rule, origins=origin, states=states, since=since, key=key
            )
            total = letters.count(gateway.database, wanted)
            groups = letters.grouped(gateway.database, wanted, by) if by else []
            found = [] if by else letters.find(gateway.database, wanted, limit=limit, offset=(page - 1) * limit)
    rows = [brief(letter) for letter in found]
    if as_json:
        print_json(
            {"total": total, "by": by, "groups": groups} if by else {"total": total, "page": page, "letters": rows}
        )
    elif by:
        print_table(f"{total} dead letters ({', '.join(states)})", {by: by, **_GROUPS}, groups, numbers=["letters"])
    elif not total:
        say(f"No dead letters ({', '.join(states)}).")
    else:
        _print_page(rows, total, states, page, limit)


def _print_page(rows: list[dict[str, Any]], total: int, states: list[str], page: int, limit: int) -> None:
    for row in rows:
        first = row["reasons"][0] if row["reasons"] else {}
        more = f" (+{len(row['reasons']) - 1})" if len(row["reasons"]) > 1 else ""
        row["why"] = f"{first.get('rule')} {first.get('field') or ''}: {first.get('message')}{more}"
        row["first"] = row["first_met"][:10]
    print_table(f"Dead letters ({', '.join(states)})", _LIST, rows, numbers=["id"])
    pages = -(-total // limit)
    if pages > 1:
        following = f"next: --page {page + 1}, or " if page < pages else ""
        say(f"Page {page} of {pages}, {total} in all; {following}count them with --by rule.")
    say("`ecqs dead-letters show <id>` tells everything about one of them.")


@app.command()
def show(
    letter: Annotated[int, typer.Argument(help="Number of the dead letter, as `list` gives it.")],
    unmasked: Unmasked = False,
    as_json: Json = False,
) -> None:
    """Show one dead letter: its source row beside the record made of it, every reason with its clause, its history.

    Id numbers and mobile numbers are masked, and so are the columns named for them, unless --unmasked is given.
    """
    with errors():
        from ecqs_gateway.doors.personal import mask_row  # noqa: PLC0415
        from ecqs_gateway.flows import record  # noqa: PLC0415
        from ecqs_gateway.flows.corrections import only_letter  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.letter_view import describe  # noqa: PLC0415

        with open_gateway() as gateway:
            found = describe(gateway, only_letter(gateway, letter))
            name = gateway.unit_names().get(found["unit"], "")
            if unmasked:
                record.shown(gateway, f"dead letter {letter}", {"dead_letters": 1})
            else:
                found |= mask_row({side: found[side] for side in ("source", "mapped", "fields")})
    if as_json:
        print_json(found)
        return
    say(f"Dead letter {found['id']} ({found['state']}): {found['unit']} {name} {found['kind']}", style="bold")
    say(f"  key        {found['key'] or 'could not be read'}   source key {found['source_key'] or '-'}")
    say(f"  refused    by {found['origin']}{_where(found)}")
    say(f"  judged     with content {found['bundle']}, engine {found['engine']}")
    if found["note"]:
        say(f"  note       {found['note']}")
    say("")
    say("Why:", style="bold")
    for reason in found["reasons"]:
        _print_reason(reason)
    say("")
    _print_sides(found)
    say("")
    say("History:", style="bold")
    for event in found["history"]:
        say(f"  {event['at'][:19].replace('T', ' ')}  {event['what']}")


def _where(found: dict[str, Any]) -> str:
    batch = f", batch {found['batch']}" if found["batch"] else ""
    if found["extraction"] is None or found["source_row"] is None:
        return batch
    return f"{batch}; row {found['source_row'] + 1} of extraction {found['extraction']} from {found['read_from']}"


def _print_reason(reason: dict[str, Any]) -> None:
    place = " ← ".join(part for part in (reason.get("field"), reason.get("column")) if part)
    flag = "" if reason.get("severity") in (None, "reject") else f" ({reason['severity']})"
    say(f"  {reason.get('rule')} {place}{flag}: {reason.get('message')}")
    if reason.get("clause"):
        say(f"    {reason['clause']}")


def _print_sides(found: dict[str, Any]) -> None:
    """Print source and record side by side; what stands on one side only after it."""
    source = found["source"]
    if found["fields"]:
        shown = _sides(found["fields"])
        columns = {"source": "source row", "field": "national field", "value": "value", "wrong": "refused by"}
        print_table("Source row and the record made of it", columns, shown)
        used = {column for row in found["fields"] for column in row["source"]}
        rest = {c: v for c, v in source.items() if c not in used and not isinstance(v, list)}
        say("  not mapped: " + ("; ".join(f"{c} = {'—' if v is None else v}" for c, v in rest.items()) or "nothing"))
        return
    for title in ("source", "mapped"):
        value = found[title]
        say(f"{title}:", style="bold")
        if isinstance(value, dict):
            for name, text in value.items():
                say(f"  {name} = {'—' if text is None else text}")
        else:
            say(f"  {value or '-'}")


def _sides(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the lines of the table; where one source value makes several fields, it is written once."""
    shown: list[dict[str, Any]] = []
    before = ""
    for row in fields:
        source = "; ".join(f"{column} = {_cut(value)}" for column, value in row["source"].items())
        same = bool(source) and source == before
        before = source
        wrong = ", ".join(row["wrong"])
        shown.append(
            {"source": "〃" if same else source, "field": row["field"], "value": _cut(row["value"]), "wrong": wrong}
        )
    return shown


def _cut(value: str | None) -> str:
    if value is None:
        return "—"
    return value if len(value) <= _WIDEST else f"{value[: _WIDEST - 1]}…"


@app.command()
def corrections(
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only those proposed, approved, refused, withdrawn or failed; may be repeated."),
    ] = None,
    unmasked: Unmasked = False,
    as_json: Json = False,
) -> None:
    """List the corrections that wait for a second person, or those in other states; --json has the new values."""
    with errors():
        from ecqs_gateway.doors.personal import mask_row  # noqa: PLC0415
        from ecqs_gateway.flows import record  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.ledger import corrections as ledger  # noqa: PLC0415

        with open_gateway() as gateway:
            found = ledger.find(gateway.database, gateway.vault, states=state or ["proposed"])
            if unmasked:
                record.shown(gateway, "corrections", {"corrections": len(found)})
    rows: list[dict[str, Any]] = [vars(proposal) | {"columns": ", ".join(proposal.changes)} for proposal in found]
    if not unmasked:
        rows = [row | {"changes": mask_row(row["changes"])} for row in rows]
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"No corrections ({', '.join(state or ['proposed'])}).")
    else:
        print_table(f"Corrections ({', '.join(state or ['proposed'])})", _CORRECTIONS, rows, numbers=["id", "letter"])
        say("`ecqs dead-letters approve <id> --by <name>` lets one take effect, `refuse` does not.")


letter_decisions.register(app)
letter_book.register(app)
