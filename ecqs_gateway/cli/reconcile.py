"""`ecqs reconcile`: source, ledger and headquarters held against one another."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import console, errors, is_terminal, print_json, print_table, say
from ecqs_gateway.cli.stop import whoami
from ecqs_gateway.errors import Terminal

if TYPE_CHECKING:
    from ecqs_gateway.flows.reconciliation.result import LaneResult, Result

__all__ = ["lane_rows", "register"]

_LANES = {
    "unit": "unit", "name": "", "kind": "kind", "cutoff": "up to receipt", "here": "records here", "there": "there",
    "source": "source rows", "differences": "differences", "repaired": "repaired",
}  # fmt: skip
_DIFFERENCES = {
    "unit": "unit", "kind": "kind", "side": "compared with", "class": "what", "key": "record", "fields": "fields",
    "action": "what to do", "note": "",
}  # fmt: skip
_SHOWN = 50
_TO_DO = {
    "resend": "--repair sends it again",
    "queue": "--repair queues it",
    "wait": "nothing: it is on its way",
    "person": "a person decides",
}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(reconcile)


def reconcile(  # noqa: PLR0913, PLR0917  options of a command
    unit: Annotated[list[str] | None, typer.Option(help="Only this reporting unit; may be repeated.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this record kind; may be repeated.")] = None,
    source: Annotated[
        bool, typer.Option("--source", help="Sweep the sources too: finds deletes, and rows that slipped through.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Send again what headquarters lost; queue what slipped at the source.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Build the digest trees anew instead of bringing them forward.")
    ] = False,
    list_open: Annotated[
        bool, typer.Option("--list", help="Compare nothing; list the differences that are open.")
    ] = False,
    invalidate: Annotated[
        str | None, typer.Option(metavar="KEY", help="Take this record back at headquarters; needs --reason.")
    ] = None,
    resend: Annotated[
        str | None, typer.Option(metavar="KEY", help="Send our version over headquarters' own; needs --reason.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, in words; an invalidation carries them to headquarters.")] = "",
    by: Annotated[str | None, typer.Option(help="Who decides; your login name unless given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Find the records that differ between source, ledger and headquarters, say why, and repair what may be repaired.

    Nothing is ever deleted at headquarters: --invalidate sends a record that takes another back, with a reason. Exit
    code 0: everything agrees, or was repaired. 1: something could not be compared. 3: differences are left open.
    """
    with errors():
        if list_open:
            _list(unit, kind, as_json=as_json)
            return
        if invalidate is not None or resend is not None:
            _decide(unit, kind, (invalidate, resend), reason, by or whoami(), as_json=as_json)
            return
        result, names = _run(unit, kind, source=source, repair=repair, full=full, quiet=as_json)
    if as_json:
        print_json(as_plain(result))
    else:
        _print(result, names)
    if result.failed:
        raise typer.Exit(1)
    if not result.agrees:
        raise typer.Exit(3)


def _run(
    unit: list[str] | None, kind: list[str] | None, *, source: bool, repair: bool, full: bool, quiet: bool
) -> tuple[Result, dict[str, str]]:
    from ecqs_gateway.cli.progress import TerminalProgress  # noqa: PLC0415
    from ecqs_gateway.cli.signals import ends_when_told  # noqa: PLC0415
    from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
    from ecqs_gateway.flows.reconciliation.result import Options  # noqa: PLC0415
    from ecqs_gateway.flows.reconciliation.run import reconcile as flow  # noqa: PLC0415

    options = Options(tuple(unit or ()), tuple(kind or ()), source=source, repair=repair, full=full)
    with (
        open_gateway() as gateway,
        ends_when_told(gateway.limits.interrupt) as told,
        TerminalProgress(console, live=is_terminal() and not quiet) as progress,
    ):
        result = flow(gateway.listening(None if quiet else progress), options)
        names = gateway.unit_names()
    told.exit()
    return result, names


def as_plain(result: Result) -> dict[str, Any]:
    """Give a result as plain values, with the counts and what is open worked out."""
    lanes = [
        {**asdict(lane), "counts": lane.counts, "open": len(lane.open), "agrees": not lane.open}
        for lane in result.lanes
    ]
    return {"run": result.run_id, "agrees": result.agrees, "lanes": lanes, "failed": dict(result.failed)}


def lane_rows(result: Result, names: dict[str, str]) -> list[dict[str, Any]]:
    """Give the lanes of a result as rows of the table."""
    return [
        {
            "unit": lane.unit, "name": names.get(lane.unit, ""), "kind": lane.kind, "cutoff": lane.cutoff,
            "here": lane.records_here, "there": lane.records_there, "source": lane.source_rows,
            "differences": ", ".join(f"{count} {_words(name)}" for name, count in lane.counts.items()) or "none",
            "repaired": _repaired(lane),
        }
        for lane in result.lanes
    ]  # fmt: skip


def _words(name: str) -> str:
    side, _, what = name.partition("/")
    text = what.replace("_", " ")
    return text if side == "headquarters" or "source" in text else f"{text} (source)"


def _repaired(lane: LaneResult) -> str:
    done = lane.repaired
    parts = [f"{done.resent} sent again"] if done.resent else []
    parts += [f"{done.queued} queued"] if done.queued else []
    parts += ["and headquarters agrees"] if lane.confirmed else []
    return ", ".join(parts)


def _print(result: Result, names: dict[str, str]) -> None:
    title = "Ledger against headquarters, and the sources where they were swept"
    print_table(title, _LANES, lane_rows(result, names), numbers=("cutoff", "here", "there", "source"))
    shown = [_row(lane, each) for lane in result.lanes for each in lane.open]
    if shown:
        say("")
        print_table("Open differences", _DIFFERENCES, shown[:_SHOWN])
        if len(shown) > _SHOWN:
            say(f"… and {len(shown) - _SHOWN} more: `ecqs reconcile --list --json` has all.")
    for lane in result.lanes:
        place = f"{lane.unit} {lane.kind}"
        for note in (*lane.notes, *filter(None, (lane.repaired.stopped, lane.repaired.problem))):
            say(f"{place}: {note}", style="yellow")
    for place, message in result.failed.items():
        say(f"{place}: {message}", style="red")
    say(_sentence(result))


def _row(lane: LaneResult, each: Any) -> dict[str, Any]:
    fields = ", ".join(each.fields)
    plain = {"unit": lane.unit, "kind": lane.kind, "side": each.side, "class": str(each.kind_of).replace("_", " ")}
    return {**plain, "key": each.key, "fields": fields, "action": _TO_DO[str(each.action)], "note": each.note}


def _sentence(result: Result) -> str:
    if result.interrupted is not None:
        return f"Not done: {result.interrupted}. Run it again: what was found is kept."
    left = sum(len(lane.open) for lane in result.lanes)
    if left:
        return f"{left} differences are open."
    if result.failed:
        return "What could be compared agrees."
    return "Everything agrees." if result.lanes else "Nothing has been sent yet, so there is nothing to compare."


def _list(unit: list[str] | None, kind: list[str] | None, *, as_json: bool) -> None:
    from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
    from ecqs_gateway.ledger import differences  # noqa: PLC0415

    with open_gateway() as gateway:
        rows = differences.open_differences(gateway.database)
    rows = [row for row in rows if (not unit or row["unit"] in unit) and (not kind or row["kind"] in kind)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row["fields"], row["class"] = ", ".join(row["fields"]), row["class"].replace("_", " ")
        row["action"] = "being repaired" if row["state"] == "repairing" else _TO_DO[row["action"]]
    if rows:
        print_table("Open differences", _DIFFERENCES, rows)
    else:
        say("No difference is open.")


def _decide(
    unit: list[str] | None,
    kind: list[str] | None,
    keys: tuple[str | None, str | None],
    reason: str,
    by: str,
    *,
    as_json: bool,
) -> None:
    from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
    from ecqs_gateway.flows.reconciliation import decide  # noqa: PLC0415

    invalidate, resend = keys
    if len(unit or ()) != 1 or len(kind or ()) != 1 or (invalidate is not None and resend is not None):
        raise Terminal(
            "ECQS-8052", "this is done to one record of one lane", hint="name it with --unit and --kind, and one KEY"
        )
    with open_gateway() as gateway:
        decision = decide.Decision((unit or [""])[0], (kind or [""])[0], invalidate or resend or "", reason, by)
        act = decide.invalidate if invalidate is not None else decide.resend
        done = act(gateway, decision)
    if as_json:
        print_json(asdict(done))
        return
    what = "takes the record back" if invalidate is not None else "carries our version once more"
    say(f"Batch {done.batch} {what}; headquarters: {done.state}.")
    if done.stopped:
        say(done.stopped, style="yellow")
