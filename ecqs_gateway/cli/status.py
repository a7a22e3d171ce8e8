"""`ecqs status`: where every lane stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from ecqs_gateway.cli.audits import audit_rows, say_late
from ecqs_gateway.cli.output import errors, print_json, print_table, say
from ecqs_gateway.cli.stop import order_rows, say_orders

__all__ = ["RUN_COLUMNS", "register", "run_rows"]

RUN_COLUMNS = {
    "unit": "unit",
    "name": "",
    "kind": "kind",
    "extracted": "extracted",
    "unchanged": "unchanged",
    "superseded": "superseded",
    "sent": "sent",
    "loaded": "loaded",
    "rejected": "rejected",
    "dead_letters": "dead letters",
    "flagged": "with findings",
}
"""Columns of the table of a run, as `ecqs sync`, `ecqs status` and the demo print it."""

_LANE_COLUMNS = {
    "unit": "unit",
    "name": "",
    "kind": "kind",
    "batches": "batches",
    "loaded": "loaded",
    "waiting_batches": "waiting",
    "unsettled_batches": "unsettled",
    "dead_letters": "dead letters",
    "last_extracted": "last extracted",
    "held_reason": "held because",
}


def run_rows(rows: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """Give the counts of a run as the table shows them; ``dead_letters`` says how many of them are new."""
    for row in rows:
        new, known = row["dead_new"], row["dead_known"]
        row["name"] = names.get(row["unit"], "")
        row["dead_letters"] = f"{new + known} ({new} new)" if new and known else str(new + known)
        if known and not new:
            row["dead_letters"] = f"{known} (known)"
    return rows


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(status)


def status(
    unit: Annotated[str | None, typer.Option(help="Only this reporting unit, such as 320000.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show stop orders, the last run, and per unit and kind what is loaded, waiting, unsettled, dead or held."""
    with errors():
        found = _gathered(unit)
    if as_json:
        orders = order_rows(found.pop("orders"))
        del found["names"]
        differ = [{"unit": of, "kind": kind, **n} for (of, kind), n in found.pop("differences").items()]
        drift = [asdict(hold) for hold in found.pop("drift")]
        print_json({**found, "stop_orders": orders, "drift": drift, "differences": differ})
        return
    say_orders(found["orders"])
    for hold in found["drift"]:
        say(f"Drift: {hold.sentence()} (`ecqs drift {hold.unit}`)", style="bold yellow")
    say_late([row for row in found["audits"] if row["overdue"]], found["quarantined"])
    if found["last_run"] is None:
        say("Nothing has run yet. Start with `ecqs sync`, or `make demo` for sample data.")
        return
    _say_run(found)
    _say_lanes(found)


def _gathered(unit: str | None) -> dict[str, Any]:
    """Ask the ledger for everything, of one unit or of all."""
    from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
    from ecqs_gateway.ledger import audits, differences, drifts, query, runs, stops  # noqa: PLC0415

    with open_gateway() as gateway:
        database = gateway.database
        runs.close_dead(database)
        last = query.last_run(database)
        counts = query.run_counts(database, last["id"]) if last else []
        return {
            "last_run": last,
            "counts": [count for count in counts if unit in (None, count["unit"])],
            "lanes": [lane for lane in query.status(database) if unit in (None, lane["unit"])],
            "orders": [o for o in stops.listed(database) if unit in (None, o.scope.unit) or o.scope.unit is None],
            "audits": audit_rows(gateway, unit, open_only=True),
            "quarantined": audits.quarantined(database, unit),
            "drift": drifts.standing(database, unit),
            "differences": {
                place: n for place, n in differences.open_counts(database).items() if unit in (None, place[0])
            },
            "names": gateway.unit_names(),
        }


def _say_run(found: dict[str, Any]) -> None:
    last, counts = found["last_run"], found["counts"]
    say(f"Last run {last['id']} ({last['flow']}): {last['state']}, started {last['started_at']}")
    if last["state"] in ("interrupted", "killed"):
        say(f"It {last['message']}: nothing is lost, the next `ecqs sync` continues where it ended.", style="yellow")
    print_table("What it did", RUN_COLUMNS, run_rows(counts, found["names"]), numbers=list(RUN_COLUMNS)[3:])
    for count in counts:
        if count["error"]:
            say(f"{count['unit']} {count['kind']}: {count['error']}", style="red")
        if count["stopped"]:
            say(f"{count['unit']} {count['kind']}: {count['stopped']}", style="yellow")
    say("")


def _say_lanes(found: dict[str, Any]) -> None:
    lanes = [{**lane, "name": found["names"].get(lane["unit"], "")} for lane in found["lanes"]]
    print_table("Where the lanes stand", _LANE_COLUMNS, lanes, numbers=list(_LANE_COLUMNS)[3:8])
    if asked := found["audits"]:
        say(f"\nHeadquarters asks for {len(asked)} dossiers, the first due {asked[0]['due']}: see `ecqs audits list`.")
    for (of, kind), classes in found["differences"].items():
        told = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in classes.items())
        say(f"{of} {kind}: differences are open: {told}; `ecqs reconcile --list` names them", style="yellow")
