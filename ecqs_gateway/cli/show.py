"""`ecqs show`: everything known of one record."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ecqs_gateway.cli.output import Unmasked, errors, print_json, say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(show)


def show(
    key: Annotated[
        str, typer.Argument(help="Certificate number in any spelling, case number, or source key of a dead letter.")
    ],
    unit: Annotated[str | None, typer.Option(help="Only this reporting unit.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this record kind.")] = None,
    unmasked: Unmasked = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show one record's source row, every version sent with its batch and receipts, findings and dead letters.

    For each field of a version: the source columns it came from, what was done to their text, the line of the code
    file that was used and the line of the mapping, by the content that made the version.

    Id numbers and mobile numbers are masked, and so are the columns named for them, unless --unmasked is given.
    """
    with errors():
        from ecqs_gateway.flows import record  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.record_lineage import add_lineage  # noqa: PLC0415

        with open_gateway() as gateway:
            found = record.describe(gateway, key, unit=unit, kind=kind)
            if unmasked:
                record.shown(gateway, key, {what: len(items) for what, items in found.items()})
            else:
                found = record.masked(found)
            add_lineage(gateway, found, unmasked=unmasked)
    if as_json:
        print_json(found)
    elif any(found.values()):
        for version in found["versions"]:
            _version(version)
        for finding in found["findings"]:
            say(f"Finding {finding['rule']} ({finding['field']}), batch {finding['sequence']}: {finding['message']}")
        for letter in found["dead_letters"]:
            _letter(letter)
    if not any(found.values()):
        if not as_json:
            say(f"Nothing is known of {key}. Look at `ecqs status` for what was synced, or check the spelling.")
        raise typer.Exit(1)


def _version(version: dict[str, Any]) -> None:
    say(f"{version['unit']} {version['kind']} {version['key']}", style="bold")
    say(f"  version   {version['digest']}")
    if version["previous"]:
        say(f"  replaces  {version['previous']}")
    say(f"  batch     {version['batch_id']} (record {version['position'] + 1}), {version['state']}")
    say(f"  sealed    {version['sealed_at']} with content {version['bundle']}, engine {version['engine']}")
    for attempt in version["attempts"]:
        say(f"  attempt   {attempt['at']} {attempt['outcome']} {attempt['error'] or ''}")
    for receipt in version["receipts"]:
        note = f" ({receipt['reason']})" if receipt["reason"] else ""
        what = f"{receipt['level']}, no. {receipt['number']}, {receipt['verdict']}"
        say(f"  receipt   {receipt['issued_at']} {what}{note}")
    say(f"  from      {version['origin']}, row {version['source_row'] + 1} of extraction {version['extraction_id']}")
    _mapping("source row", version["source"])
    say("  national record:")
    say(f"    {version['body']}")
    _lineage(version)
    say("")


def _lineage(version: dict[str, Any]) -> None:
    """Print for each field the columns it came from, what was done, the code line used, and the mapping's line."""
    if isinstance(version["lineage"], str):
        say(f"  where each field came from: {version['lineage']}")
        return
    say(f"  where each field came from, by {version['lineage_of']}:")
    for one in version["lineage"]:
        columns = ", ".join(f"{name} = {'—' if text is None else text}" for name, text in one["columns"].items())
        made = (
            f" (of {', '.join(one['made_of'])})"
            if one["made_of"] and not set(one["made_of"]) & set(one["columns"])
            else ""
        )
        steps = " → ".join(f"{step['name']}: {'—' if step['text'] is None else step['text']}" for step in one["steps"])
        code = f" [{one['code']}]" if one["code"] else ""
        say(f"    {one['field']} {one['title']} = {'—' if one['value'] is None else one['value']}")
        say(f"      ← {columns or 'constant'}{made}{' → ' + steps if steps else ''}{code}  {one['place']}")


def _letter(letter: dict[str, Any]) -> None:
    say(f"Dead letter {letter['id']} ({letter['state']}): {letter['unit']} {letter['kind']}", style="bold red")
    say(f"  key       {letter['key'] or 'could not be read'}   source key {letter['source_key'] or '-'}")
    say(f"  refused   by {letter['origin']}, first in run {letter['first_run']}, last in {letter['last_run']}")
    if letter["resolved_by"]:
        say(f"  resolved  {letter['resolved_at']} by {letter['resolved_by']}")
    for reason in letter["reasons"]:
        place = " ← ".join(part for part in (reason.get("field"), reason.get("column")) if part)
        clause = f" [{reason['clause']}]" if reason.get("clause") else ""
        say(f"  reason    {reason.get('rule')} {place}: {reason.get('message')}{clause}")
    _mapping("source row", letter["source"])
    say("")


def _mapping(title: str, row: dict[str, Any] | str | None) -> None:
    if row is None:
        return
    if isinstance(row, str):
        say(f"  {title}: {row}")
        return
    say(f"  {title}:")
    for name, value in row.items():
        say(f"    {name} = {'—' if value is None else value}")
