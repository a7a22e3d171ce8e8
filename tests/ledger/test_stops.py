"""Stop orders: told apart by their scope, read by lanes, lifted one scope at a time, each step in the evidence."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.errors import Terminal
from ecqs_gateway.ledger import evidence, stops
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stops import Scope

LANES = [("320000", "certificate"), ("320000", "approval"), ("370000", "certificate"), ("370000", "approval")]


def _stopped(database: Database) -> list[tuple[str, str]]:
    return [lane for lane in LANES if stops.standing(database, *lane)]


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [
        (Scope(), LANES),
        (Scope("320000"), LANES[:2]),
        (Scope(kind="certificate"), [LANES[0], LANES[2]]),
        (Scope("370000", "approval"), [LANES[3]]),
    ],
    ids=str,
)
def test_an_order_stops_what_its_scope_names_and_nothing_else(database: Database, scope: Scope, stopped: list) -> None:
    made = stops.order(database, scope, reason="端口切换", by="李工")
    assert _stopped(database) == stopped
    [lifted] = stops.lift(database, scope, by="王工")
    assert (lifted.id, lifted.lifted_by, lifted.reason) == (made.id, "王工", "端口切换")
    assert _stopped(database) == []


def test_lifting_one_order_leaves_those_of_other_scopes(database: Database) -> None:
    for scope in (Scope(), Scope("320000"), Scope("320000", "certificate")):
        stops.order(database, scope, reason="x", by="y")
    assert [order.scope for order in stops.lift(database, Scope(), by="z")] == [Scope()]
    assert _stopped(database) == LANES[:2]
    stops.lift(database, Scope("320000"), by="z")
    assert _stopped(database) == LANES[:1]
    assert stops.lift(database, Scope("320000"), by="z") == []
    assert [order.scope for order in stops.listed(database)] == [Scope("320000", "certificate")]
    assert len(stops.listed(database, lifted=True)) == 3


def test_two_orders_of_one_scope_are_both_kept_and_lifted_together(database: Database) -> None:
    stops.order(database, Scope("320000"), reason="one", by="a")
    stops.order(database, Scope("320000"), reason="two", by="b")
    assert [order.reason for order in stops.standing(database, "320000", "certificate")] == ["one", "two"]
    assert [order.reason for order in stops.lift(database, Scope("320000"), by="c")] == ["one", "two"]
    assert _stopped(database) == []


@pytest.mark.parametrize(("reason", "by"), [("", "li"), ("  ", "li"), ("x", " ")])
def test_an_order_without_reason_or_name_is_refused(database: Database, reason: str, by: str) -> None:
    with pytest.raises(Terminal) as caught:
        stops.order(database, Scope(), reason=reason, by=by)
    assert caught.value.code == "ECQS-6010"
    assert _stopped(database) == []


def test_each_order_and_its_lifting_are_in_the_evidence_without_the_text_of_the_reason(database: Database) -> None:
    stops.order(database, Scope("320000"), reason="call 13800138000", by="li")
    stops.lift(database, Scope("320000"), by="wang")
    with database.read() as connection:
        found = list(evidence.entries(connection))
        assert evidence.verify(connection) == 2
    assert [(entry.event, entry.subject) for entry in found] == [
        ("stop ordered", "320000/*"),
        ("stop lifted", "320000/*"),
    ]
    assert [json.loads(entry.facts)["by"] for entry in found] == ["li", "wang"]
    assert "13800138000" not in "".join(entry.facts for entry in found)


_scopes = st.builds(Scope, st.sampled_from([None, "320000", "370000"]), st.sampled_from([None, "certificate"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.booleans(), _scopes), max_size=8))
def test_a_lane_is_stopped_exactly_while_an_order_over_it_stands(database: Database, steps: list) -> None:
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM stop_order"))
    standing: set[Scope] = set()
    for stop, scope in steps:
        if stop:
            stops.order(database, scope, reason="x", by="y")
            standing.add(scope)
        else:
            assert bool(stops.lift(database, scope, by="y")) == (scope in standing)
            standing.discard(scope)
        over = [
            lane for lane in LANES if any(s.unit in (None, lane[0]) and s.kind in (None, lane[1]) for s in standing)
        ]
        assert _stopped(database) == over
