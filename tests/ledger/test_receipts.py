"""Receipts settle the ledger once, in order, and what is refused becomes a dead letter."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
import sqlalchemy as sa

from ecqs_gateway.ledger import lanes, outbox, query, receipts, versions
from ecqs_gateway.ledger.receipts import Refusal, Taken
from ecqs_gateway.ledger.tables import batch, dead_letter, receipt


@pytest.fixture
def sealed(bench, database, current, lease):
    made = bench.batch(["a", "b", "c"])
    outbox.record_attempt(database, lease, current, outbox.to_send(database, lease.lane_id)[0], outbox.Attempt("sent"))
    return made


def taken(bench, sealed, level: str, number: int, refusals=()) -> Taken:
    file = bench.file(f"{level} {number}".encode())
    return Taken(sealed.id, level, f"R{number}", number, "2026-11-23T02:40:00+08:00", f"{level}.zip", file, refusals)


def state_of(database, batch_id: str) -> str:
    with database.read() as connection:
        return connection.execute(sa.select(batch.c.state).where(batch.c.id == batch_id)).scalar_one()


def test_three_levels_lead_to_loaded(bench, database, current, lease, sealed) -> None:
    for number, level in enumerate(["received", "validated", "loaded"], 1):
        receipts.settle(database, lease, current, taken(bench, sealed, level, number))
        assert state_of(database, sealed.id) == level
    assert query.run_counts(database, current.id)[0]["loaded"] == 3


def test_the_same_receipt_again_changes_nothing(bench, database, current, lease, sealed) -> None:
    loaded = taken(bench, sealed, "loaded", 1)
    assert receipts.settle(database, lease, current, loaded).loaded == 3
    assert receipts.settle(database, lease, current, loaded).loaded == 0
    assert query.run_counts(database, current.id)[0]["loaded"] == 3
    assert list(receipts.levels_taken(database, sealed.id)) == ["loaded"]


def test_an_early_level_that_comes_late_does_not_move_the_batch_back(bench, database, current, lease, sealed) -> None:
    receipts.settle(database, lease, current, taken(bench, sealed, "loaded", 2))
    receipts.settle(database, lease, current, taken(bench, sealed, "received", 1))
    assert state_of(database, sealed.id) == "loaded"


def test_a_record_headquarters_refuses_becomes_a_dead_letter_with_every_reason(
    bench, database, current, lease, sealed
) -> None:
    version = "01" + "ab" * 31
    refusals = (
        Refusal("b", version, "HQ-205", "number", "held by another unit"),
        Refusal("b", version, "HQ-210", "valid_until", "before the issue date"),
    )
    counts = receipts.settle(database, lease, current, taken(bench, sealed, "loaded", 1, refusals))
    assert (counts.loaded, counts.rejected) == (2, 1)
    with database.read() as connection:
        letter = connection.execute(sa.select(dead_letter)).one()
    assert (letter.key, letter.origin, letter.source_row, letter.batch_id) == ("b", "headquarters", 1, sealed.id)
    assert "HQ-205" in letter.reasons
    assert "HQ-210" in letter.reasons
    assert query.refused_versions(database, lease.lane_id) == [version]


def test_a_batch_refused_as_a_whole_holds_its_lane(bench, database, current, lease, sealed) -> None:
    refusal = Refusal("", "", "HQ-102", None, "the signature does not fit")
    receipts.settle(database, lease, current, taken(bench, sealed, "rejected", 1, (refusal,)))
    assert state_of(database, sealed.id) == "rejected"
    reason = lanes.state(database, lease).held_reason
    assert reason is not None
    assert "HQ-102" in reason


def test_a_receipt_that_was_not_believed_is_kept_once_and_changes_nothing(bench, database, lease, sealed) -> None:
    forged = taken(bench, sealed, "loaded", 9)
    for _ in range(2):
        receipts.store_refused(database, "320000", forged, "ECQS-5103 foreign key", known_batch=True)
    assert state_of(database, sealed.id) == "sent"
    assert receipts.levels_taken(database, sealed.id) == {}
    with database.read() as connection:
        kept = connection.execute(sa.select(receipt)).one()
    assert (kept.verdict, kept.reason) == ("refused", "ECQS-5103 foreign key")


def test_everything_known_of_a_record_is_found_by_its_key(bench, database, current, lease, sealed) -> None:
    receipts.settle(database, lease, current, taken(bench, sealed, "received", 1))
    found = query.find_record(database, "b")
    assert [v["batch_id"] for v in found["versions"]] == [sealed.id]
    assert [r["level"] for r in found["versions"][0]["receipts"]] == ["received"]
    assert [a["outcome"] for a in found["versions"][0]["attempts"]] == ["sent"]
    assert query.find_record(database, "nobody") == {"versions": [], "dead_letters": [], "findings": []}
    lane = query.status(database)[0]
    assert (lane["unit"], lane["batches"], lane["unsettled_batches"], lane["loaded"]) == ("320000", 1, 1, 0)


def test_a_record_that_a_later_batch_brings_resolves_what_headquarters_refused_of_it(
    bench, database, current, lease, sealed
) -> None:
    refusal = Refusal("b", "01" + "ab" * 31, "HQ-210", "valid_until", "before the issue date")
    receipts.settle(database, lease, current, taken(bench, sealed, "loaded", 1, (refusal,)))
    mended = bench.batch(["b"], fill="cd")
    receipts.settle(database, lease, current, taken(bench, mended, "loaded", 2))
    with database.read() as connection:
        letter = connection.execute(sa.select(dead_letter)).one()
    assert (letter.state, letter.resolved_by) == ("resolved", f"batch {mended.id}")
    assert query.refused_versions(database, lease.lane_id) == []


def test_a_refusal_whose_receipt_comes_after_that_of_the_batch_that_mended_it_is_resolved_at_once(
    bench, database, current, lease, sealed
) -> None:
    mended = bench.batch(["b"], fill="cd")
    receipts.settle(database, lease, current, taken(bench, mended, "loaded", 2))
    refusals = [Refusal(key, f"0{place}" + "ab" * 31, "HQ-210", "valid_until", "no") for place, key in enumerate("abc")]
    receipts.settle(database, lease, current, taken(bench, sealed, "loaded", 1, refusals[:2]))
    with database.read() as connection:
        columns = (dead_letter.c.key, dead_letter.c.state, dead_letter.c.resolved_by)
        letters = connection.execute(sa.select(*columns).order_by(dead_letter.c.key)).all()
    assert letters == [("a", "open", None), ("b", "resolved", f"batch {mended.id}")]


def test_a_batch_refused_as_a_whole_leaves_its_records_unknown(bench, database, current, lease, sealed) -> None:
    refusal = Refusal("", "", "HQ-102", None, "the signature does not fit")
    receipts.settle(database, lease, current, taken(bench, sealed, "rejected", 1, (refusal,)))
    known = versions.latest(database, lease.lane_id, pl.Series(["a", "b", "c"]))
    assert known.is_empty()


def test_a_package_given_back_is_given_back_again_only_once_it_went_out_again(
    bench, database, current, lease, sealed
) -> None:
    def give_back(number: int) -> tuple[str, bool]:
        why = (Refusal("", "", "HQ-101", None, "unreadable"),)
        receipts.settle(database, lease, current, replace(taken(bench, sealed, "rejected", number, why), returned=True))
        return state_of(database, sealed.id), lanes.state(database, lease).held_reason is not None

    assert give_back(1) == ("sealed", True)
    with database.write() as connection:
        lanes.unhold(connection, lease.lane_id)
    assert give_back(1) == ("sealed", False)  # met again, because it could not be put aside
    outbox.record_attempt(database, lease, current, outbox.to_send(database, lease.lane_id)[0], outbox.Attempt("sent"))
    assert give_back(1) == ("sealed", True)  # headquarters answers the same bytes by the same receipt
    with database.read() as connection:
        assert connection.execute(sa.select(receipt.c.number).order_by(receipt.c.id)).scalars().all() == [1, 1]
