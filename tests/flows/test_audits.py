"""Random inspections end to end: headquarters draws and checks by its own code, the gateway by ours."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ecqs_gateway.errors import Conflict, Terminal
from ecqs_gateway.flows import audits as flow
from ecqs_gateway.flows import dossier
from ecqs_gateway.flows.dossier import Adding
from ecqs_gateway.ledger import audits as ledger
from ecqs_gateway.sandbox.audit_desk import Order, open_desk

UNIT, OTHER = "320000", "370000"
CALENDAR = Path(__file__).resolve().parents[2] / "schemas" / "calendar"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


class Desk:
    """Headquarters' desk beside the gateway, with both asked by their own ledgers."""

    def __init__(self, world: Any, w: Any) -> None:
        self.world, self.w = world, w

    def draw(self, unit: str = UNIT, **order: Any) -> str:
        order = {"rate": 200, "seed": "七", "due": date(2026, 12, 7)} | order
        with open_desk(self.world.hq_home, CALENDAR) as desk:
            return desk.draw(unit, Order(**order)).id

    def state(self, request: str) -> str:
        with open_desk(self.world.hq_home, CALENDAR) as desk:
            return desk.audits.find(request).state

    def cases(self, request: str) -> list[Any]:
        with open_desk(self.world.hq_home, CALENDAR) as desk:
            return desk.audits.items(request)

    def said(self, request: str) -> Any:
        with open_desk(self.world.hq_home, CALENDAR) as desk:
            return desk.audits.acknowledgement(request)

    def answers(self, request: str) -> list[Any]:
        with open_desk(self.world.hq_home, CALENDAR) as desk:
            return desk.audits.answers(request)

    def folder(self, unit: str = UNIT) -> Path:
        return self.world.hq_home / "files" / self.w.ACCOUNT / "audits" / unit

    def pull(self, unit: str = UNIT) -> flow.UnitResult:
        with self.world.gateway() as gateway:
            result = flow.run_unit(gateway, unit)
        if self.world.running is not None:
            self.world.running.wait_idle()
        return result

    def request(self, request: str) -> dict[str, Any]:
        with self.world.gateway() as gateway:
            found = ledger.find(gateway.database, request)
            assert found is not None
            return found

    def events(self) -> list[tuple[str, str]]:
        sql = "SELECT event, facts FROM evidence WHERE event LIKE 'audit %' ORDER BY sequence"
        return [(event, facts) for event, facts in self.world.rows(sql)]

    def papers(self, request: str, code: str = "02", *, cases: int | None = None) -> None:
        """Add one PDF to every case."""
        file = self.world.root / f"{code}.pdf"
        file.write_bytes(PDF)
        numbers = range(1, (cases or len(self.cases(request))) + 1)
        with self.world.gateway() as gateway:
            dossier.assemble(gateway, request, [Adding(number, code, file) for number in numbers], by="张三")

    def answer(self, request: str) -> Any:
        with self.world.gateway() as gateway:
            return dossier.answer(gateway, request, by="张三")


@pytest.fixture
def desk(world: Any, w: Any) -> Iterator[Desk]:
    world.without_rules()
    world.clock.moment = world.clock.moment.replace(hour=10)
    rows = [w.licence(UNIT, n, cpmc="架空绞线" if n % 3 else "控制电缆") for n in range(1, 31)]
    world.province(UNIT, rows)
    assert world.sync().failed == {}
    yield Desk(world, w)
    world.running.wait_idle()


def test_a_drawn_case_is_answered_from_what_was_sent_and_closed(desk: Desk) -> None:
    request = desk.draw()
    result = desk.pull()
    assert (result.errors, result.requests, result.sent) == ([], 1, 1)
    assert desk.state(request) == "acknowledged"
    assert (desk.said(request)["draw"], desk.said(request)["population"]) == ("reproduced", "agrees")
    # The province changes its database: the answer is what was sent, not what stands there now.
    desk.world.put(UNIT, [desk.w.licence(UNIT, n, qymc="改名后的企业") for n in range(1, 31)])
    with pytest.raises(Terminal) as lacking:
        desk.answer(request)
    assert lacking.value.code == "ECQS-7064"
    desk.papers(request)
    message = desk.answer(request)
    result = desk.pull()
    assert (result.errors, result.sent, result.receipts) == ([], 1, 0)
    assert desk.pull().receipts == 1
    assert (desk.state(request), desk.request(request)["state"]) == ("closed", "closed")
    [kept] = desk.answers(request)
    assert (kept["digest"], kept["outcome"], json.loads(kept["remarks"])) == (message.file.digest, "closed", [])
    assert len(desk.cases(request)) == 4 + 2
    assert [event for event, _ in desk.events()] == [
        *("audit received", "audit sent", *["audit paper"] * 6, "audit answered", "audit sent", "audit receipt"),
    ]
