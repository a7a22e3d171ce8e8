"""Dead letters and corrections as the ledger keeps them, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import polars as pl
import pytest
import sqlalchemy as sa

from ecqs_gateway.doors.vault import Vault, make_payload_key
from ecqs_gateway.errors import Terminal
from ecqs_gateway.ledger import corrections, dead_letters, evidence, letter_keys, letters, runs
from ecqs_gateway.ledger.corrections import Decision
from ecqs_gateway.ledger.letter_keys import LetterKeys
from ecqs_gateway.ledger.letters import Filter

REASON = {"field": "issue_date", "column": "fzrq", "rule": "ECQS-1240", "clause": None, "message": "日期无法识别"}


@pytest.fixture
def vault(tmp_path) -> Vault:
    make_payload_key(tmp_path / "keys")
    return Vault.of(tmp_path / "keys")


def _frame(*identities: str, **given: object) -> pl.DataFrame:
    rows = [
        {"origin": "mapping", "reasons": json.dumps([REASON]), "identity": name, "source_key": name, **given}
        for name in identities
    ]
    return pl.DataFrame(rows, schema=dead_letters.SCHEMA)


def _store(database, lease, current, frame, **given) -> tuple[int, int]:
    with database.write() as connection:
        return dead_letters.store(connection, LetterKeys(lease.lane_id), frame, current, **given)


def _next_run(database, clock, bundle: str = "sha256:" + "0" * 64) -> runs.Run:
    clock.forward(days=1)
    return runs.start(database, "nightly", bundle, clock=clock)


def _find(database, **wanted) -> list[letters.Letter]:
    return letters.find(database, Filter(**wanted))


def test_letters_are_found_by_what_they_are_about(database, lease, current, clock) -> None:
    _store(database, lease, current, _frame("a", "b", key="K"))
    other = _frame("c", origin="rules", reasons='[{"rule":"CERT-006","field":"x","message":"m"}]')
    clock.forward(days=2)
    _store(database, lease, current, other)
    assert [x.identity for x in _find(database, rules=("ECQS-1240",))] == ["a", "b"]
    assert [x.identity for x in _find(database, rules=("CERT-006",))] == ["c"], "whatever wrote the JSON"
    assert _find(database, rules=("CERT%",)) == [], "a rule is named, not matched"
    assert [x.identity for x in _find(database, origins=("rules",))] == ["c"]
    assert [x.identity for x in _find(database, keys=("K", "c"))] == ["a", "b", "c"]
    assert [x.identity for x in _find(database, since=clock().date())] == ["c"]
    assert _find(database, units=("370000",)) == []
    assert [x.identity for x in letters.find(database, Filter(), limit=1, offset=1)] == ["b"]
    assert letters.count(database, Filter(units=("320000",), kinds=("certificate",), states=("open",))) == 3
    groups = letters.grouped(database, Filter(), "rule")
    assert [(g["rule"], g["letters"]) for g in groups] == [("ECQS-1240", 2), ("CERT-006", 1)]
    assert groups[0]["example"] == "日期无法识别"
    assert {by: len(letters.grouped(database, Filter(), by)) for by in letters.CAUSES} == {
        "rule": 2, "field": 2, "column": 2, "unit": 1, "kind": 1, "origin": 2, "state": 1,
    }  # fmt: skip


def test_payloads_are_sealed_for_their_own_letter_only(database, lease, current, vault) -> None:
    frame = _frame("a", "b", source='{"qymc":"远山"}', mapped='{"n":"1"}')
    _store(database, lease, current, frame, vault=vault)
    first, second = _find(database)
    assert first.source.startswith("sealed:")
    assert "远山" not in first.source
    assert letters.opened(first, vault).source == '{"qymc":"远山"}'
    assert letters.opened(first, vault).mapped == '{"n":"1"}'
    with pytest.raises(Terminal) as moved:
        letters.opened(replace(second, source=first.source), vault)
    assert moved.value.code == "ECQS-3043"
    with pytest.raises(Terminal) as swapped:
        letters.opened(replace(first, mapped=first.source), vault)
    assert swapped.value.code == "ECQS-3043"
    with pytest.raises(Terminal) as keyless:
        letters.opened(first, Vault())
    assert keyless.value.code == "ECQS-3042"


@pytest.mark.parametrize("state", ["corrected", "discarded"])
def test_what_a_person_settled_stays_settled_when_it_is_met_again(database, lease, current, clock, state) -> None:
    _store(database, lease, current, _frame("a"))
    with database.write() as connection:
        assert letters.settle(connection, _find(database)[0], state=state, by="李四", note="why", clock=clock)
    again = _next_run(database, clock)
    assert _store(database, lease, again, _frame("a")) == (0, 1)
    [letter] = _find(database)
    assert (letter.state, letter.last_run, letter.note) == (state, again.id, "why")


def test_a_good_row_settles_open_and_corrected_letters_and_leaves_the_discarded_alone(
    database, lease, current, clock
) -> None:
    _store(database, lease, current, _frame("open", "corrected", "discarded"))
    for letter in _find(database):
        if letter.identity != "open":
            with database.write() as connection:
                letters.settle(connection, letter, state=letter.identity, by="x", note=None, clock=clock)
    passed = pl.DataFrame({"source_key": ["open", "corrected", "discarded"], "digest": ["d1", "d2", "d3"]})
    with database.write() as connection:
        assert dead_letters.resolve(connection, LetterKeys(lease.lane_id), passed, clock=clock, cause="retry") == 1
    assert [x.state for x in _find(database)] == ["resolved", "corrected", "discarded"]
    with database.write() as connection:
        assert dead_letters.resolve(connection, LetterKeys(lease.lane_id), passed, clock=clock) == 1
    assert [(x.state, x.resolved_by) for x in _find(database)] == [
        ("resolved", "version d1"), ("resolved", "version d2"), ("discarded", "x"),
    ]  # fmt: skip


@contextmanager
def _reads_of_source_keys(database) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith("SELECT dead_letter.id, dead_letter.source_key "):
            found.append(statement.lower())

    sa.event.listen(database.engine, "after_cursor_execute", note)
    yield found
    sa.event.remove(database.engine, "after_cursor_execute", note)


def _passed(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"source_key": names, "digest": ["d"] * len(names)})


@pytest.mark.parametrize("waiting", [3, 300])
def test_where_too_many_letters_wait_only_those_of_the_commit_are_asked_for(
    database, lease, current, clock, monkeypatch, waiting
) -> None:
    monkeypatch.setattr(letter_keys, "_MOST", 10)
    _store(database, lease, current, _frame(*(f"k{n}" for n in range(waiting))))
    with _reads_of_source_keys(database) as read, database.write() as connection:
        passed = _passed(*(f"k{n}" for n in range(10)))
        assert dead_letters.resolve(connection, LetterKeys(lease.lane_id), passed, clock=clock) == min(10, waiting)
    assert any(word in read[-1] for word in ("json_each", "any(")) == (waiting > 10), read[-1]
    assert letters.count(database, Filter(states=("open",))) == max(0, waiting - 10)


def test_what_letters_are_about_is_read_once_and_what_others_settle_or_add_is_seen(
    database, lease, current, clock
) -> None:
    _store(database, lease, current, _frame("a", "b", "c"))
    keys = LetterKeys(lease.lane_id)
    with _reads_of_source_keys(database) as read:
        with database.write() as connection:
            assert dead_letters.resolve(connection, keys, _passed("a"), clock=clock) == 1
        (b,) = [letter for letter in _find(database) if letter.identity == "b"]
        with database.write() as connection:
            letters.settle(connection, b, state="discarded", by="x", note=None, clock=clock)
        with database.write() as connection:
            assert dead_letters.resolve(connection, keys, _passed("a", "b"), clock=clock) == 0
        assert len(read) == 1
    _store(database, lease, current, _frame("d"))
    with database.write() as connection:
        assert dead_letters.resolve(connection, keys, _passed("c", "d"), clock=clock) == 2
    assert {x.identity: x.state for x in _find(database)} == {
        "a": "resolved", "b": "discarded", "c": "resolved", "d": "resolved",
    }  # fmt: skip


def test_a_transaction_asks_once_who_waits_and_resolves_nothing_it_refused(database, lease, current, clock) -> None:
    _store(database, lease, current, _frame("b", "c"))
    keys, asked = LetterKeys(lease.lane_id), []

    def note(_connection, _cursor, statement, *_rest) -> None:
        asked.extend([statement] if statement.startswith("SELECT dead_letter.id \n") else [])

    sa.event.listen(database.engine, "after_cursor_execute", note)
    try:
        with database.write() as connection:
            assert dead_letters.store(connection, keys, _frame("a", "c2", source_key="a"), current) == (2, 0)
            passed, refused = _passed("a", "b"), pl.Series(["a", None])
            assert dead_letters.resolve(connection, keys, passed, refused=refused, clock=clock) == 1
            assert dead_letters.resolve(connection, keys, passed, refused=refused, clock=clock) == 0, "settled"
        assert len(asked) == 1
        with database.write() as connection:
            assert dead_letters.resolve(connection, keys, _passed("a", "b"), clock=clock) == 2
        assert len(asked) == 2
    finally:
        sa.event.remove(database.engine, "after_cursor_execute", note)
    states = {letter.identity: letter.state for letter in _find(database)}
    assert states == {"a": "resolved", "b": "resolved", "c": "open", "c2": "resolved"}


def test_a_letter_met_under_other_content_takes_over_what_is_said_today(database, lease, current, clock, vault) -> None:
    _store(database, lease, current, _frame("a", source="{}", mapped='{"n":"1"}'))
    again = _next_run(database, clock, "sha256:" + "1" * 64)
    frame = _frame("a", source="{}", mapped='{"n":"2"}', reasons='[{"rule":"CERT-006"}]', origin="rules", source_row=4)
    _store(database, lease, again, frame, vault=vault)
    [letter] = _find(database)
    assert (letter.rules, letter.origin, letter.bundle, letter.source_row) == (["CERT-006"], "rules", again.bundle, 4)
    assert letter.source == "{}", "stored before the key, and readable"
    assert letters.opened(letter, vault).mapped == '{"n":"2"}'


def test_a_newer_form_of_a_row_closes_the_letter_of_the_older_and_what_was_proposed_for_it(
    database, lease, current, clock, vault
) -> None:
    _store(database, lease, current, _frame("old", source_key="7"))
    number = _propose(database, vault, {"fzrq": "2024-03-01"})
    _store(database, lease, _next_run(database, clock), _frame("new", source_key="7"))
    with database.write() as connection:
        assert corrections.withdraw_overtaken(connection, lease.lane_id, clock=clock) == 1
    assert [x.state for x in _find(database)] == ["resolved", "open"]
    [proposal] = corrections.find(database, vault, numbers=[number])
    assert proposal.state == "withdrawn"
    assert "changed at the source" in str(proposal.decision)


def _propose(database, vault, changes, *, place: int = 0, at: str = "2026-11-23T03:00:00+08:00") -> int:
    letter = _find(database)[place]
    values = {"action": "correct", "changes": changes, "reason": "r", "author": "张三", "created_at": at}
    with database.write() as connection:
        return corrections.insert(connection, vault, letter=letter, values=values)


def test_a_proposal_is_sealed_bound_to_its_letter_and_decided_once(database, lease, current, clock, vault) -> None:
    _store(database, lease, current, _frame("a", "b"))
    number = _propose(database, vault, {"fzrq": "2024-03-01", "cp[2].mc": None})
    other = _propose(database, vault, {"fzrq": "2024-03-02"}, place=1)
    [proposal] = corrections.find(database, vault, numbers=[number])
    assert (proposal.changes, proposal.action, proposal.unit) == (
        {"fzrq": "2024-03-01", "cp[2].mc": None}, "correct", "320000",
    )  # fmt: skip
    with database.read() as connection:
        stored = connection.execute(sa.text("SELECT changes FROM correction")).scalars().all()
    assert all("2024" not in text for text in stored)
    with database.write() as connection:
        assert corrections.decide(connection, number, Decision("approved", "李四"), clock=clock)
        assert not corrections.decide(connection, number, Decision("refused", "王五"), clock=clock)
        connection.execute(sa.text("UPDATE correction SET changes = :c WHERE id = :n"), {"c": stored[0], "n": other})
    with pytest.raises(Terminal) as moved:
        corrections.find(database, vault, numbers=[other])
    with database.write() as connection:
        connection.execute(sa.text("UPDATE correction SET changes = '{}' WHERE id = :n"), {"n": number})
    assert corrections.find(database, vault, numbers=[number])[0].changes == {}, "the retention took them away"
    assert moved.value.code == "ECQS-3043"


def test_what_was_done_about_letters_stands_in_the_chain_without_their_values(database, lease, current, clock) -> None:
    _store(database, lease, current, _frame("a", "b", "c", "d"))
    subject = "320000/certificate"
    with database.write() as connection:
        letters.mark(connection, "discarded", subject, [1, 2, 4], {"by": "李四"}, clock=clock)
        letters.mark(connection, "reopened", subject, [2], {"by": "李四"}, clock=clock)
    with database.read() as connection:
        last = list(evidence.entries(connection))[-2]
        assert json.loads(last.facts) == {"by": "李四", "letters": "1-2,4"}
        assert evidence.verify(connection) >= 2
    told = [[e.event for e in letters.events_of(database, letter)] for letter in _find(database)]
    assert told == [["letters discarded"], ["letters discarded", "letters reopened"], [], ["letters discarded"]]
