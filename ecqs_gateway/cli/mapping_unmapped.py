"""`ecqs mapping unmapped`: source values that have no national code, with the line that would give them one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import print_json, print_table, say
from ecqs_gateway.cli.problems import as_json, bench_errors, print_problems

if TYPE_CHECKING:
    from ecqs_gateway.flows.unmapped import UnmappedLane

__all__ = ["register"]

_COLUMNS = {
    "field": "national field", "value": "source value", "cause": "why", "letters": "dead letters",
    "findings": "findings", "rows": "rows", "nearest": "nearest national code", "add": "line to add",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(unmapped)


def unmapped(
    unit: Annotated[str | None, typer.Argument(help="Reporting unit, such as 320000; left out, all units.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this record kind.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Look at rows read from the source, not at stored ones.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, max=5_000_000, help="Rows to look at, about.")] = 200_000,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """List source values that have no national code: how often they kept records back, were flagged, and stand in rows.

    For each the nearest national code and the line to add to the unit's code file. A suggestion is no decision: look
    at the value first. Exit code 0, also where there are some: whether that is right is for people to say.
    """
    with bench_errors():
        from ecqs_gateway.flows import unmapped as looking  # noqa: PLC0415
        from ecqs_gateway.flows.bench import Unusable, require_unit  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        found: list[UnmappedLane] = []
        broken: list[Unusable] = []
        with open_gateway() as gateway:
            units = [require_unit(gateway.content, unit)] if unit is not None else list(gateway.content.onboarded)
            for one in units:
                for each in gateway.kinds(one, [kind] if kind else ()):
                    try:
                        found.append(looking.unmapped(gateway, one, each, live=live, rows=rows))
                    except Unusable as error:
                        broken.append(error)
    if json_:
        print_json({"lanes": [_plain(one) for one in found], "broken": [as_json(one.problems) for one in broken]})
    else:
        for lane in found:
            _print(lane)
        for each_broken in broken:
            print_problems(each_broken.problems)
    if broken or not found:
        raise typer.Exit(1)


def _print(lane: UnmappedLane) -> None:
    print_problems(lane.problems)
    count = len(lane.values)
    say(
        f"{lane.unit} {lane.kind}: {count or 'no'} value{'' if count == 1 else 's'} without a national code",
        style="bold",
    )
    say(f"  looked at open dead letters, findings, and {lane.origin}")
    if lane.gone:
        say(f"  {lane.gone} refused or flagged rows are no longer stored and could not be looked at", style="yellow")
    if lane.values:
        print_table("", _COLUMNS, _lines(lane), numbers=["letters", "findings", "rows"])


def _lines(lane: UnmappedLane) -> Iterator[dict[str, Any]]:
    from ecqs_gateway.mapping.unmapped import CAUSES  # noqa: PLC0415

    for one in lane.values:
        line = one.suggestion
        yield {
            **{name: getattr(one, name) for name in ("field", "value", "letters", "findings", "rows")},
            "cause": CAUSES[one.cause],
            "nearest": f"{line.national} {line.name}" if line.national else "none is near",
            "add": f"{line.file}:{line.line}: {line.text}",
        }


def _plain(lane: UnmappedLane) -> dict[str, Any]:
    return dataclasses.asdict(lane) | {"problems": as_json(lane.problems)}
