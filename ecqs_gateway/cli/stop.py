"""`ecqs stop` and `ecqs resume`: the operator's hand on what is sent."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import errors, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecqs_gateway.ledger.stops import Order

__all__ = ["By", "order_rows", "register", "say_orders", "whoami"]

By = Annotated[str | None, typer.Option(help="Who orders it; left out, the account that runs the command.")]

_COLUMNS = {"id": "order", "scope": "stops", "by": "by", "at": "since", "reason": "because"}


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.command()(stop)
    app.command()(resume)


def whoami() -> str:
    """Give the name of the account that runs this command; a question mark where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"


def order_rows(orders: Sequence[Order]) -> list[dict[str, Any]]:
    """Give orders as plain rows, for tables and JSON."""
    return [{**asdict(order), "scope": str(order.scope), **asdict(order.scope)} for order in orders]


def say_orders(orders: Sequence[Order]) -> None:
    """Print the orders that stand, one line each."""
    for order in orders:
        say(f"Stopped: {order.sentence()} (order {order.id})", style="bold yellow")


def stop(
    unit: Annotated[str | None, typer.Option(help="Stop only this reporting unit; left out, all.")] = None,
    kind: Annotated[str | None, typer.Option(help="Stop only this record kind; left out, all.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, in words others understand. Needed to stop.")] = None,
    by: By = None,
    listing: Annotated[bool, typer.Option("--list", help="Stop nothing: list the orders that stand.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON for scripts; with --list also orders that were lifted.")
    ] = False,
) -> None:
    """Stop sending to headquarters, for everything or one unit or record kind, until `ecqs resume`.

    Runs that are under way obey within seconds, also on other machines. Collecting goes on: nothing is lost, batches
    wait in the outbox, and receipts that arrive are still booked.
    """
    with errors():
        from ecqs_gateway.flows import switch  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_ledger  # noqa: PLC0415
        from ecqs_gateway.ledger import stops  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        settings = load_settings()
        with open_ledger(settings) as database:
            if not listing:
                scope = stops.Scope(unit, kind)
                made = switch.stop(database, scope, reason=reason or "", by=by or whoami(), content=settings.content)
            every = stops.listed(database, lifted=listing and as_json)
            orders = [order for order in every if _concerns(order, unit, kind)]
    if as_json:
        print_json(order_rows(orders) if listing else {"order": order_rows([made])[0], "standing": order_rows(orders)})
    elif listing:
        print_table("Stop orders that stand", _COLUMNS, order_rows(orders), numbers=["id"])
        if not orders:
            say("Nothing is stopped.")
    else:
        say(f"Order {made.id}: {made.sentence()}")
        say("Runs under way obey within seconds. Collecting goes on, batches wait in the outbox, nothing is lost.")
        say(f"`ecqs resume{_options(made.scope.unit, made.scope.kind)}` lifts this order.")


def _concerns(order: Order, unit: str | None, kind: str | None) -> bool:
    """Say whether an order stops something of this unit and kind; None stands for any."""
    mine = unit is None or order.scope.unit in (None, unit)
    return mine and (kind is None or order.scope.kind in (None, kind))


def resume(
    unit: Annotated[str | None, typer.Option(help="Lift the orders for this reporting unit.")] = None,
    kind: Annotated[str | None, typer.Option(help="Lift the orders for this record kind.")] = None,
    by: By = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Lift the stop orders of exactly this scope; without options, those that stop everything.

    An order for one unit is not lifted by a general resume, nor the other way round: each scope was stopped for a
    reason of its own. What waits goes out with the next `ecqs sync`, or within seconds where a run is under way.
    """
    with errors():
        from ecqs_gateway.flows import switch  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_ledger  # noqa: PLC0415
        from ecqs_gateway.ledger import stops  # noqa: PLC0415

        with open_ledger() as database:
            lifted = switch.resume(database, stops.Scope(unit, kind), by=by or whoami())
            standing = stops.listed(database)
    if as_json:
        print_json({"lifted": order_rows(lifted), "standing": order_rows(standing)})
        return
    for order in lifted:
        say(f"Lifted order {order.id}: {order.sentence()}")
    say("Orders that still stand:" if standing else "No order stands. What waits goes out with the next `ecqs sync`.")
    say_orders(standing)


def _options(unit: str | None, kind: str | None) -> str:
    return (f" --unit {unit}" if unit else "") + (f" --kind {kind}" if kind else "")
