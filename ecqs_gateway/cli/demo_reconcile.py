"""The demo's reconciliation: headquarters loses a few records, and the gateway finds and mends that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ecqs_gateway.cli.output import say
from ecqs_gateway.doors.connections import Connection, from_json
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.flows.reconciliation.result import Options
from ecqs_gateway.flows.reconciliation.run import reconcile
from ecqs_gateway.sandbox.tamper import held_keys, tamper
from ecqs_gateway.settings import load_settings

__all__ = ["lose_and_mend"]

_UNIT, _KIND, _LOST = "320000", "certificate", 3


def lose_and_mend(headquarters: Path, environment: Mapping[str, str]) -> bool:
    """Let headquarters lose some records, find them, send them again; True when headquarters agrees in the end."""
    keys = held_keys(headquarters, _UNIT, _KIND, _LOST)
    if not keys:
        say("   Headquarters holds nothing yet, so there is nothing to lose.")
        return True
    tamper(headquarters, "lose", _UNIT, _KIND, keys)
    say(f"   Headquarters loses {len(keys)} certificates of {_UNIT} without noticing: {', '.join(keys)}")

    def resolve(name: str) -> Connection:
        return from_json(name, environment[f"AIRFLOW_CONN_{name.upper()}"])

    with open_gateway(load_settings(environment), connections=resolve) as gateway:
        result = reconcile(gateway, Options(units=(_UNIT,), repair=True))
    for lane in result.lanes:
        found = ", ".join(f"{count} {name.partition('/')[2].replace('_', ' ')}" for name, count in lane.counts.items())
        told = f"{lane.records_here} records here, {lane.records_there} there: {found or 'the trees agree'}"
        asked = f"{lane.questions} questions" if lane.questions != 1 else "1 question"
        mended = "; sent again in the same versions, and headquarters agrees" if lane.confirmed else ""
        say(f"   {lane.unit} {lane.kind}: {told} ({asked}){mended}")
    for place, why in result.failed.items():
        say(f"   {place}: {why}", style="red")
    return result.agrees
