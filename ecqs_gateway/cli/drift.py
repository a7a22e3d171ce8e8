"""`ecqs drift`: whether the sources still look as described, and taking one as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import errors, print_json, say
from ecqs_gateway.cli.stop import By, whoami

if TYPE_CHECKING:
    from ecqs_gateway.errors import GatewayError
    from ecqs_gateway.flows.drift.look import Look
    from ecqs_gateway.flows.gateway import Gateway

__all__ = ["register"]

_STYLE = {"hold": "red", "warn": "yellow", "let through": "cyan"}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(drift)


def drift(  # noqa: PLR0913, PLR0917  options of a command
    unit: Annotated[str | None, typer.Argument(help="Reporting unit, such as 320000; left out, all units.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this record kind; may be repeated.")] = None,
    rows: Annotated[int, typer.Option(min=1, max=5_000_000, help="Waiting rows to look at, about.")] = 50_000,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take the source as it is now: rewrite schemas/sources/UNIT.json.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="With --accept: why it is right so.")] = None,
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --accept: do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Compare a source with schemas/sources/UNIT.json: columns, types, emptied columns, codes never seen, row numbers.

    The same is judged before each `ecqs sync`: where it holds, nothing of that record kind is taken from that unit,
    and the watermark stays, until the source is as before, the drift is accepted here, or `ecqs release` lets it
    through once. Only the rows that wait for the next run are looked at.
    Exit code 1: something is held or would be, or a source cannot be looked at.
    """
    with errors():
        from ecqs_gateway.errors import Terminal  # noqa: PLC0415
        from ecqs_gateway.flows.bench import require_unit  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            units = [require_unit(gateway.content, unit)] if unit else gateway.units()
            if accept:
                if unit is None:
                    raise Terminal("ECQS-1453", "a source is accepted one unit at a time", hint="name the unit")
                _accept(gateway, unit, kind or (), {"by": by or whoami(), "reason": reason or ""}, ask=not yes)
                return
            looks, failed = _looks(gateway, units, kind or (), rows)
    if as_json:
        print_json({"lanes": [_plain(one) for one in looks], "failed": {k: str(v) for k, v in failed.items()}})
    else:
        for one in looks:
            _print(one)
        for place, error in failed.items():
            say(f"{place}: {error}", style="red")
    if failed or any(one.holds or one.hold is not None for one in looks):
        raise typer.Exit(1)


def _looks(
    gateway: Gateway, units: Sequence[str], kinds: Sequence[str], rows: int
) -> tuple[list[Look], dict[str, GatewayError]]:
    from ecqs_gateway.errors import GatewayError  # noqa: PLC0415
    from ecqs_gateway.flows.drift.look import look  # noqa: PLC0415

    found: list[Look] = []
    failed: dict[str, GatewayError] = {}
    for unit in units:
        for kind in gateway.kinds(unit, kinds):
            try:
                found.append(look(gateway, unit, kind, rows=rows))
            except GatewayError as error:
                failed[f"{unit} {kind}"] = error
    return found, failed


def _print(one: Look) -> None:
    how = "would be held" if one.holds else "as described" if not one.found else "would be taken"
    waiting = f"{one.rows}{'' if one.complete else ' or more'} rows wait"
    say(f"{one.unit} {one.kind}: {how}; {waiting}", style="bold red" if one.holds else "bold")
    for each in one.found:
        say(f"  {each.consequence:11} {each.drift.what}: {each.words()}", style=_STYLE[each.consequence])
        if each.drift.codes:
            say(f"              {', '.join(_codes(each.drift.codes))}")
    if one.band is not None:
        most = one.band.most if one.band.most is not None else "any"
        say(f"  rows of a run: {one.band.least} to {most} ({one.band.words()})")
    if one.hold is not None:
        say(f"  {one.hold.sentence()}", style="red")
    command = f"`ecqs drift {one.unit} --kind {one.kind} --accept --reason TEXT`"
    if not one.described:
        say(f"  Its table is not in schemas/sources/{one.unit}.json: {command} describes it.")
    elif not one.counted:
        say(f"  How its columns are filled was never counted: {command} does it.")
    if one.holds or one.hold is not None:
        say(f"  Next: ask the unit; {command} takes it as it is now, after showing what changes.")


def _codes(codes: Sequence[str]) -> list[str]:
    """Show a few of the codes; one that is long or holds a person's number is no code."""
    from ecqs_gateway.doors.personal import mask_numbers  # noqa: PLC0415

    shown = [mask_numbers(code if len(code) <= 20 else code[:20] + "…") for code in codes[:8]]
    return [*shown, f"{len(codes) - 8} more"] if len(codes) > 8 else shown


def _plain(one: Look) -> dict[str, Any]:
    hold = None
    if one.hold is not None:
        hold = {"since": one.hold.held_at, "run": one.hold.run, "rows": one.hold.rows, "found": list(one.hold.found)}
    band = {"least": one.band.least, "most": one.band.most, "runs": one.band.runs} if one.band is not None else None
    found = [{**each.plain(), "codes": _codes(each.drift.codes)} for each in one.found]
    return {
        "unit": one.unit, "kind": one.kind, "rows": one.rows, "complete": one.complete, "described": one.described,
        "counted": one.counted, "holds": one.holds, "found": found, "volume": band, "hold": hold,
    }  # fmt: skip


def _accept(gateway: Gateway, unit: str, kinds: Sequence[str], who: dict[str, str], *, ask: bool) -> None:
    from ecqs_gateway.cli.output import is_terminal  # noqa: PLC0415
    from ecqs_gateway.errors import Terminal  # noqa: PLC0415
    from ecqs_gateway.flows.drift import accept as flow  # noqa: PLC0415

    if not who["reason"].strip():
        raise Terminal("ECQS-1451", "an acceptance needs a reason and a name", hint="give --reason TEXT and --by NAME")
    found = flow.plan(gateway, unit, gateway.kinds(unit, kinds))
    for remark in found.remarks:
        say(remark, style="yellow")
    say(found.diff or f"{found.file} is as the source is.")
    if ask and is_terminal() and not typer.confirm("Take the source as it is now?"):
        say("Nothing was written.")
        raise typer.Exit(1)
    were_held = flow.accept(gateway, found, by=who["by"], reason=who["reason"])
    say(f"{found.file}: written by {who['by']}. Commit it with the content.")
    if were_held:
        say(f"No longer held: {', '.join(were_held)}. The next `ecqs sync` reads what waits.")
