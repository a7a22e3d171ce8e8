"""The demo's random inspection: headquarters draws, the province answers from what it sent, headquarters closes it."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ecqs_gateway.cli.output import say
from ecqs_gateway.doors.clock import today
from ecqs_gateway.doors.connections import connection
from ecqs_gateway.flows import audits, dossier
from ecqs_gateway.flows.dossier import Adding
from ecqs_gateway.flows.gateway import Gateway, open_gateway
from ecqs_gateway.ledger import audits as ledger
from ecqs_gateway.sandbox.audit_desk import Order, open_desk
from ecqs_gateway.settings import load_settings

if TYPE_CHECKING:
    from ecqs_gateway.cli.demo_stage import DemoHome

__all__ = ["inspect"]

_UNIT = "320000"
_SCAN = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
_PATIENCE = 10.0


def inspect(stage: DemoHome, content: Path, environment: dict[str, str]) -> None:
    """Draw a few certificates of one province and answer; a demo that was inspected before is not inspected again."""
    with open_gateway(load_settings(environment), connections=partial(connection, environ=environment)) as gateway:
        if not ledger.listed(gateway.database, _UNIT):
            with open_desk(stage.headquarters, content / "schemas" / "calendar") as desk:
                # A day and not a number of working days: the demo also runs when next year's calendar is not out yet.
                due = today() + timedelta(days=14)
                order = Order(rate=5, due=due, kinds=("certificate",), demands={"certificate": ("02",)})
                drawn = desk.draw(_UNIT, order)
                cases = len(desk.audits.items(drawn.id))
            say(f"   drawn: {cases} certificates of 江苏 {_UNIT} by product, answer due {drawn.due}")
            _answer(gateway, stage, drawn.id)
        for row in ledger.listed(gateway.database, _UNIT):
            receipt = f"headquarters' receipt: {row['state']}" if row["state"] == "closed" else row["state"]
            say(f"   {row['id']}  {row['cases']} cases, {receipt}")


def _answer(gateway: Gateway, stage: DemoHome, request: str) -> None:
    """Do what the province does: pull, add its papers, answer, and pull the receipt."""
    result = audits.run_unit(gateway, _UNIT)
    _say_errors(result)
    if not result.requests:
        return
    said = "reproduced from its published seed"
    say(f"   pulled and acknowledged: signature holds, draw {said}, population {_population(gateway, request)}")
    paper = stage.root / "02-营业执照.pdf"
    paper.write_bytes(_SCAN)
    numbers = [case["number"] for case in ledger.cases(gateway.database, request)]
    found, _ = dossier.assemble(gateway, request, [Adding(number, "02", paper) for number in numbers], by="demo")
    message = dossier.answer(gateway, request, by="demo")
    say(f"   dossiers of stored packages, receipts and {len(found.cases)} papers: {message.file.size:,} bytes, signed")
    until = time.monotonic() + _PATIENCE
    while True:
        result = audits.run_unit(gateway, _UNIT)
        _say_errors(result)
        if result.receipts or result.errors or time.monotonic() > until:
            return
        time.sleep(0.2)


def _population(gateway: Gateway, request: str) -> str:
    return str(json.loads(dossier.find(gateway, request)["population"])["verdict"])


def _say_errors(result: audits.UnitResult) -> None:
    for error in result.errors:
        say(f"   {error}", style="red")
