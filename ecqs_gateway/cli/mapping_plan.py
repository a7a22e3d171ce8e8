"""`ecqs mapping plan`: what a change of a mapping, code table or rule would do to real rows, and its acceptance."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import print_json, print_table, say
from ecqs_gateway.cli.problems import as_json, bench_errors, print_problems

if TYPE_CHECKING:
    from ecqs_gateway.flows.bench import Unusable
    from ecqs_gateway.flows.gateway import Gateway
    from ecqs_gateway.flows.planned.base import Bases
    from ecqs_gateway.flows.planned.forecast import Wish
    from ecqs_gateway.mapping.forecast import LaneForecast

__all__ = ["register"]

_STYLES = {"plain": None, "good": "green", "change": "bold", "alarm": "bold red"}
CHANGES = 2
"""Exit code where something changes."""


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(plan)


def plan(  # noqa: PLR0913, PLR0917  options of a command
    unit: Annotated[str | None, typer.Argument(help="Reporting unit, such as 320000; left out, all units.")] = None,
    kind: Annotated[str | None, typer.Argument(help="Record kind, such as certificate; left out, all kinds.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Try it on rows read from the source, not on stored ones.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=50_000_000, help="Rows to look at, about; 1,000,000 stored or 10,000 live ones."),
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Compare with this kept content bundle: its digest, or how that begins.")
    ] = None,
    base_path: Annotated[
        Path | None, typer.Option(help="Compare with the content below this folder, such as an older checkout.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, max=50, help="Rows to show of each sort.")] = 3,
    output: Annotated[
        Path | None, typer.Option(help="Write a report to hand round: a file ending in .html or .md.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept what is shown; the ledger keeps who did and why.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who accepts it.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, in words others understand.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show what the content as it is now would do to real rows that the content in use does not. Nothing is sent.

    Records that change, rows newly refused or newly passing, findings, per field with old and new value and per rule.
    Compared is with what each unit and kind was last synced by, on the rows stored since; personal data is masked.
    Exit code 0: nothing changes, or it was accepted. 2: something changes. 1: it cannot be said, a mapping is broken.
    """
    with bench_errors():
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.planned.base import Bases  # noqa: PLC0415
        from ecqs_gateway.flows.planned.forecast import Wish  # noqa: PLC0415

        _require_sense(output, accept=accept, by=by, reason=reason)
        wish = Wish(live, limit, examples)
        numbers: dict[str, int] = {}
        with open_gateway() as gateway, Bases.of(gateway, digest=base, folder=base_path) as bases:
            found, broken, failed = _forecasts(gateway, unit, kind, bases, wish)
            if accept and not (broken or failed):
                numbers = _accept(gateway, found, by or "", reason or "")
    _tell(found, broken, failed, numbers, json_=json_)
    if output is not None:
        _write(output, found)
    if broken or failed:
        raise typer.Exit(1)
    if not accept and any(one.verdict == "changes" for one in found):
        raise typer.Exit(CHANGES)


def _require_sense(output: Path | None, *, accept: bool, by: str | None, reason: str | None) -> None:
    from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415

    if output is not None and output.suffix not in {".html", ".md"}:
        raise Misconfigured("ECQS-1408", "a report is a file ending in .html or .md", where=str(output))
    if accept and not ((by or "").strip() and (reason or "").strip()):
        hint = "give --by NAME and --reason TEXT"
        raise Misconfigured("ECQS-1406", "an acceptance needs a name and a reason", hint=hint)


def _forecasts(
    gateway: Gateway, unit: str | None, kind: str | None, bases: Bases, wish: Wish
) -> tuple[list[LaneForecast], list[Unusable], dict[str, str]]:
    """Forecast the lanes wanted; neither a broken mapping nor a source that is away keeps another from being told."""
    from ecqs_gateway.errors import GatewayError, Misconfigured  # noqa: PLC0415
    from ecqs_gateway.flows.bench import Unusable, require_unit  # noqa: PLC0415
    from ecqs_gateway.flows.planned.forecast import forecast_lane  # noqa: PLC0415

    found: list[LaneForecast] = []
    broken: list[Unusable] = []
    failed: dict[str, str] = {}
    units = [require_unit(gateway.content, unit)] if unit is not None else list(gateway.content.onboarded)
    for one in units:
        for each in [kind] if kind is not None and unit is not None else gateway.kinds(one, [kind] if kind else ()):
            try:
                found.append(forecast_lane(gateway, one, each, bases.base(one, each), wish))
            except Unusable as error:
                broken.append(error)
            except GatewayError as error:
                if unit is not None and kind is not None:
                    raise
                failed[f"{one} {each}"] = str(error)
    if not found and not broken and not failed:
        raise Misconfigured("ECQS-1409", "no unit has this record kind", hint="`ecqs check` lists units and kinds")
    return found, broken, failed


def _accept(gateway: Gateway, found: list[LaneForecast], by: str, reason: str) -> dict[str, int]:
    from ecqs_gateway.flows.planned.accept import accept  # noqa: PLC0415

    made = {f"{one.unit} {one.kind}": accept(gateway, one, by=by, reason=reason) for one in found}
    return {lane: number for lane, number in made.items() if number is not None}


def _tell(
    found: list[LaneForecast], broken: list[Unusable], failed: dict[str, str], numbers: dict[str, int], *, json_: bool
) -> None:
    if json_:
        lanes = [_plain(one) | {"accepted": numbers.get(f"{one.unit} {one.kind}")} for one in found]
        print_json({"lanes": lanes, "broken": [as_json(error.problems) for error in broken], "failed": failed})
        return
    for one in found:
        _print(one)
        number = numbers.get(f"{one.unit} {one.kind}")
        if number is not None:
            say(f"Accepted as plan {number}: from now on runs map {one.unit} {one.kind} by it.", style="green")
    for error in broken:
        print_problems(error.problems)
    for lane, why in failed.items():
        say(f"{lane}: {why}", style="red")
    open_ = [one for one in found if one.verdict in {"changes", "nothing"} and one.accepted is None]
    if open_ and not numbers:
        _next_steps(open_)


def _next_steps(found: list[LaneForecast]) -> None:
    if any(one.forecast is not None and one.forecast.passing for one in found):
        say("Rows refused before go when they are retried: `ecqs dead-letters retry`.")
    say("Rows sent before are mapped anew when they change at the source, or with `ecqs sync --since`.")
    say("To accept this: the same command with --accept --by NAME --reason TEXT.")


def _print(one: LaneForecast) -> None:
    from ecqs_gateway.report.change_sections import headline, lines, sections  # noqa: PLC0415

    print_problems(one.problems)
    for line in (headline(one), *lines(one)):
        say(line.text, style=_STYLES[line.tone])
    for section in sections(one):
        print_table(section.title, section.columns, section.rows, numbers=section.numbers)
    say("")


def _write(output: Path, found: list[LaneForecast]) -> None:
    from ecqs_gateway.doors.clock import now  # noqa: PLC0415
    from ecqs_gateway.report.change_page import change_html, change_markdown  # noqa: PLC0415

    write = change_html if output.suffix == ".html" else change_markdown
    output.write_text(write(found, made=now()), encoding="utf-8")


def _plain(one: LaneForecast) -> dict[str, Any]:
    return dataclasses.asdict(one) | {"problems": as_json(one.problems)}
