"""Judges can ask headquarters' ledger everything, and it notices when its own ledger does not add up."""

from __future__ import annotations

import sqlite3

import pytest


@pytest.fixture
def history(office, kit):
    """Two batches: a good record, a refused one and its correction."""
    wrong = kit.Record(number="(苏)XK06-001-00002", issue_date="2030-01-01")
    right = kit.Record(number="(苏)XK06-001-00002", previous=wrong.version)
    office.deliver(1, office.sender.package(1, [kit.Record(), wrong]))
    office.deliver(2, office.sender.package(2, [right]))
    return wrong, right


def test_the_history_of_a_key_holds_the_refused_versions_too(office, history):
    wrong, right = history
    with office.query() as query:
        found = query.history("(苏)XK06-001-00002", "certificate")
    assert [(v.batch[-1], v.version, v.previous, v.outcome, v.code) for v in found] == [
        ("1", wrong.version, None, "refused", "HQ-210"),
        ("2", right.version, wrong.version, "loaded", None),
    ]
    with office.query() as query:
        assert query.history("(苏)XK06-001-00002", "approval") == []


def test_receipts_can_be_asked_for_by_batch_or_all(office, history):
    with office.query() as query:
        assert [(r.number, r.id, r.level) for r in query.receipts("320000-certificate-00000002")] == [
            (4, "HQ0000000004", "received"),
            (5, "HQ0000000005", "validated"),
            (6, "HQ0000000006", "loaded"),
        ]
        assert [receipt.number for receipt in query.receipts()] == [1, 2, 3, 4, 5, 6]


def test_counts_are_per_unit_kind_and_outcome(office, history):
    with office.query() as query:
        assert query.counts() == {("320000", "certificate", "loaded"): 2, ("320000", "certificate", "refused"): 1}


def test_a_reader_cannot_change_the_ledger(office, history):
    with office.query() as query, pytest.raises(sqlite3.OperationalError, match="readonly"):
        query._db.execute("DELETE FROM receipts")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("DELETE FROM receipts WHERE number = 2", "receipt numbers have a gap"),
        ("DELETE FROM receipts WHERE number = 6", "a settled batch lacks a receipt"),
        ("UPDATE receipts SET level = 'rejected' WHERE number = 6", "a settled batch lacks a receipt"),
        ("DELETE FROM versions WHERE key LIKE '%2'", "another number of records"),
        ("UPDATE versions SET outcome = 'valid'", "is undecided"),
        ("UPDATE holdings SET version = 'x'", "not the last version loaded"),
        ("DELETE FROM holdings", "a loaded key is not held"),
    ],
)
def test_a_ledger_that_does_not_add_up_is_noticed(office, history, damage, fault):
    assert office.faults() == []
    office.stop()
    path = office.home / "headquarters.db"
    whole = path.read_bytes()
    with sqlite3.connect(path) as database:
        database.execute(damage)
    database.close()
    assert any(fault in found for found in office.faults())
    path.write_bytes(whole)
