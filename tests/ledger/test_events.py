"""The list of events is complete: what the code appends is in it, and what is in it is appended."""

from __future__ import annotations

import ast
from pathlib import Path

import sqlalchemy as sa

from ecqs_gateway.ledger import evidence, lanes, runs
from ecqs_gateway.ledger.events import EVENTS
from ecqs_gateway.ledger.tables import evidence as table

ROOT = Path(__file__).resolve().parents[2]


def _texts(node: ast.expr, function: ast.AST) -> set[str]:
    """Give the texts an argument can have: a constant, a choice of constants, or a name such a thing is assigned to.

    Where an event is handed in, the line that appends it says which there are: ``# events: approved, refused``.
    """
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.IfExp):
        return _texts(node.body, function) | _texts(node.orelse, function)
    assert isinstance(node, ast.Name), ast.dump(node)
    assigned = [
        one.value
        for one in ast.walk(function)
        if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == node.id for t in one.targets)
    ]
    assert assigned, f"{node.id} is not assigned where it is appended: name the event there"
    return set().union(*(_texts(value, function) for value in assigned))


def _appended() -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted((ROOT / "ecqs_gateway").rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        lines = source.splitlines()
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "evidence.append":
                    note = lines[call.lineno - 1].partition("# events: ")[2]
                    for text in set(note.split(", ")) if note else _texts(call.args[1], function):
                        found[text] = f"{file.name}:{call.lineno}"
    return found


def test_every_event_the_code_appends_is_listed_and_every_listed_one_is_appended() -> None:
    appended = _appended()
    assert len(appended) > 10
    assert {name: place for name, place in appended.items() if name not in EVENTS} == {}
    assert set(EVENTS) - set(appended) == set()


def test_the_reference_page_has_every_event_with_its_facts() -> None:
    page = (ROOT / "docs" / "reference" / "evidence.md").read_text(encoding="utf-8")
    for name, event in EVENTS.items():
        [line] = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        for fact in event.facts:
            assert f"`{fact}`" in line, (name, fact)


def _last(database) -> tuple[str, str, str]:
    with database.read() as connection:
        found = connection.execute(sa.select(table).order_by(table.c.sequence.desc()).limit(1)).one()
    return found.event, found.subject, found.facts


def test_a_lease_taken_over_from_a_dead_worker_is_kept_and_one_given_back_is_not(database, clock, current) -> None:
    first = lanes.acquire(database, "320000", "certificate", clock=clock)
    lanes.release(database, first)
    lanes.acquire(database, "320000", "certificate", clock=clock)
    assert _last(database)[0] == "run started"
    clock.forward(minutes=2)
    lanes.acquire(database, "320000", "certificate", clock=clock)
    assert _last(database) == ("lease taken over", "320000/certificate", '{"because":"expired","fence":3}')


def test_holding_and_releasing_a_lane_is_kept_without_the_words_of_the_reason(database, lease, clock) -> None:
    with database.write() as connection:
        lanes.hold(connection, lease.lane_id, "headquarters refused batch x: HQ-102 张三的签名", clock=clock)
    event, subject, facts = _last(database)
    assert (event, subject) == ("lane held", "320000/certificate")
    assert '"code":"HQ-102"' in facts
    assert "张三" not in facts
    with database.write() as connection:
        lanes.unhold(connection, lease.lane_id, clock=clock)
        before = evidence.head(connection)
        lanes.unhold(connection, lease.lane_id, clock=clock)  # free already: nothing happened
        assert evidence.head(connection) == before
    assert _last(database)[0] == "lane released"


def test_a_run_is_closed_with_its_counts(database, current, lease, bench) -> None:
    bench.batch(["a", "b"])
    runs.finish(database, current, failed=False)
    event, subject, facts = _last(database)
    assert (event, subject) == ("run closed", current.id)
    assert facts == '{"counts":{"batched":2,"extracted":2},"state":"done"}'


def test_a_batch_is_sealed_in_the_chain_with_the_extraction_it_comes_from(database, bench) -> None:
    sealed = bench.batch(["a"])
    with database.read() as connection:
        entries = list(evidence.entries(connection))
    assert [e.event for e in entries[-3:]] == ["extracted", "sealed", "prepared"]
    assert entries[-2].subject == sealed.id
    assert '"extraction":1' in entries[-2].facts
