"""What is in use and what was accepted, on both kinds of ledger."""

from __future__ import annotations

import pytest

from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger import extractions, lanes, plans
from ecqs_gateway.ledger.extractions import Extraction
from ecqs_gateway.ledger.plans import Acceptance

LANE = ("320000", "certificate")
DRAFT = Acceptance("sha256:a", "sha256:b", "bundle 1", "bundle 2", "李四", "按通知", 7, {"changed": 3, "refused": 0})


def test_what_is_in_use_changes_only_when_it_does_and_each_change_is_kept(database, lease, current, clock):
    assert plans.in_use(database, *LANE) is None
    plans.note_use(database, lease, current, "sha256:a")
    since = plans.in_use(database, *LANE)
    clock.forward(days=1)
    plans.note_use(database, lease, current, "sha256:a")
    assert plans.in_use(database, *LANE) == since
    plans.note_use(database, lease, current, "sha256:b")
    assert plans.in_use(database, *LANE).fingerprint == "sha256:b"
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT event FROM evidence WHERE event = 'content changed'").fetchall()
    assert len(rows) == 1  # the first content of a lane is no change


def test_a_worker_that_lost_its_lease_notes_nothing(database, lease, current, clock):
    clock.forward(minutes=2)
    lanes.acquire(database, *LANE, clock=clock)
    with pytest.raises(Conflict):
        plans.note_use(database, lease, current, "sha256:a")
    assert plans.in_use(database, *LANE) is None


def test_an_acceptance_is_found_by_its_change_alone(database, clock):
    assert plans.accept(database, *LANE, DRAFT, clock=clock) == 1
    found = plans.accepted(database, *LANE, "sha256:a", "sha256:b")
    assert (found.by, found.reason, found.rows, found.summary) == ("李四", "按通知", 7, {"changed": 3, "refused": 0})
    for change in (("sha256:b", "sha256:a"), ("sha256:a", "sha256:c")):
        assert plans.accepted(database, *LANE, *change) is None
    assert plans.accepted(database, "370000", "certificate", "sha256:a", "sha256:b") is None


def test_the_bundle_of_the_last_run_that_read_rows_is_known_without_a_note(database, lease, current):
    assert plans.last_bundle(database, *LANE) is None
    extractions.store(database, lease, current, Extraction(0, 3, "zs", {}), watermark=None)
    assert plans.last_bundle(database, *LANE) == current.bundle
