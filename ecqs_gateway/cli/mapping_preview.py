"""`ecqs mapping preview`: source rows beside the national records they become."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import print_json, print_table, say
from ecqs_gateway.cli.problems import as_json, bench_errors, print_problems

if TYPE_CHECKING:
    from ecqs_gateway.mapping.preview import RowPreview
    from ecqs_gateway.mapping.trace import FieldTrace

__all__ = ["register"]

_VERDICTS = {"goes": "goes", "flagged": "goes, with findings", "refused": "is refused: it becomes a dead letter"}
_COLUMNS = {"field": "national field", "value": "value", "source": "from", "how": "how", "problem": "problem"}
_USES = {"ignored": "ignored on purpose", "unused": "nobody uses (map them, or add them to ignore)"}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(preview)


def preview(  # noqa: PLR0913, PLR0917  options of a command
    unit: Annotated[str, typer.Argument(help="Reporting unit, such as 320000.")],
    kind: Annotated[str, typer.Argument(help="Record kind, such as certificate.")],
    key: Annotated[str | None, typer.Option(help="Source key or business key of one row, in any spelling.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Rows to show.")] = 3,
    stored: Annotated[
        bool, typer.Option("--stored", help="Take rows of the last run; the source is not opened.")
    ] = False,
    letter: Annotated[int | None, typer.Option(help="Show the row of this dead letter.")] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show personal data and unused columns as they are.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show source rows beside the national records they become; nothing is stored or sent.

    Per field: where it comes from, each step that changed the text, the value, and what failed and why. Then the
    findings of the rules, and the columns nobody uses. Personal data is masked unless --unmasked is given.
    """
    with bench_errors():
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.previews import Wish, previews  # noqa: PLC0415

        wish = Wish(unit, kind, key=key, limit=limit, stored=stored, letter=letter, unmasked=unmasked)
        with open_gateway() as gateway:
            found = previews(gateway, wish)
    if json_:
        rows = [dataclasses.asdict(row) for row in found.rows]
        print_json({"unit": unit, "kind": kind, "origin": found.origin, "rows": rows, "notes": as_json(found.problems)})
        return
    print_problems(found.problems)
    for number, row in enumerate(found.rows, 1):
        _print(row, f"Row {number} of {len(found.rows)} from {found.origin}")
    if not found.rows:
        say(f"No rows: {found.origin} gives none.")


def _print(row: RowPreview, title: str) -> None:
    say(f"{title}: source key {row.source_key}, business key {row.key or 'cannot be read'}", style="bold")
    say(f"  The record {_VERDICTS[row.verdict]}.", style="red" if row.verdict == "refused" else None)
    print_table("", _COLUMNS, _lines(one for one in row.fields if not _empty(one)))
    empty = [f"{one.field} ({', '.join(one.source)})" for one in row.fields if _empty(one) and one.source]
    if empty:
        say(f"  Empty at the source: {', '.join(empty)}")
    for finding in row.findings:
        clause = f" [{finding.clause}]" if finding.clause else ""
        place = finding.field + (f" ← {finding.column}" if finding.column else "")
        say(f"  {finding.severity} {finding.rule} {place}: {finding.message}{clause}", style="yellow")
    for use, meaning in _USES.items():
        mine = [one for one in row.columns if one.use == use and not one.column.startswith("__")]
        names = [f"{one.column} = {one.text}" if one.text else one.column for one in mine]
        if names:
            say(f"  Columns {meaning}: {', '.join(names)}")
    say("")


def _lines(fields: Iterable[FieldTrace]) -> Iterator[dict[str, Any]]:
    for one in fields:
        yield {
            "field": f"{one.field} {one.title}",
            "value": one.value if one.value is not None else "—",
            "source": ", ".join(f"{name} = {_quoted(text)}" for name, text in one.source.items()) or one.origin,
            "how": " → ".join(_steps(one)),
            "problem": "; ".join(f"{p.severity} {p.rule} {p.message}" for p in one.problems),
        }


def _empty(one: FieldTrace) -> bool:
    """Say whether there is nothing to tell of a field: nothing came, nothing was made of it, nothing is wrong."""
    nothing = one.value is None and not one.problems and all(not text for text in one.source.values())
    return one.origin in {"none", "absent"} or nothing


def _steps(one: FieldTrace) -> Iterator[str]:
    """Give the steps that changed the text, and what the field type made of it."""
    texts = [text for text in one.source.values() if text is not None]
    last = texts[0] if len(one.source) == 1 and texts else None
    for step in one.steps:
        if step.text != last or len(one.source) > 1:
            yield f"{step.name}: {_quoted(step.text)}"
        last = step.text
    if one.value is not None and one.value != last:
        yield f"read as {one.type}"


def _quoted(text: str | None) -> str:
    return "—" if text is None else f"'{text}'"
