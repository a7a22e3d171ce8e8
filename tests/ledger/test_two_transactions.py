"""The two transactions: what belongs together appears together, or not at all."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger import dead_letters, extractions, lanes, outbox, query, runs, versions
from ecqs_gateway.ledger.bulk import insert_frame
from ecqs_gateway.ledger.tables import batch, dead_letter, record_version


def count(database, table) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_rows_and_watermark_move_together(bench, database, lease) -> None:
    bench.extract(3, watermark='{"at": "2026-01-01"}')
    assert lanes.state(database, lease).watermark == '{"at": "2026-01-01"}'
    assert [e.rows for e in extractions.pending(database, lease)] == [3]


def test_a_stale_worker_moves_neither_rows_nor_watermark(bench, database, lease, clock) -> None:
    clock.forward(minutes=11)
    fresh = lanes.acquire(database, lease.unit, lease.kind, clock=clock)
    with pytest.raises(Conflict):
        bench.extract(3, watermark="later")
    assert lanes.state(database, fresh).watermark is None
    assert extractions.pending(database, fresh) == []


def test_stored_rows_come_back_as_they_were(bench, stage) -> None:
    stored = bench.extract(5)
    assert extractions.load_frames(stage, stored.files)["rows"].equals(pl.DataFrame({"n": range(5)}))


def test_a_staged_file_that_changed_is_refused(bench, stage) -> None:
    stored = bench.extract(5)
    (stage.root / stored.files["rows"].name).write_bytes(b"something else")
    with pytest.raises(Conflict) as caught:
        extractions.load_frames(stage, stored.files)
    assert caught.value.code == "ECQS-3011"


def test_a_batch_and_its_versions_appear_together(bench, database, lease) -> None:
    sealed = bench.batch(["(苏)XK06-001-00238", 'a "quoted", key', "back\\slash"])
    waiting = outbox.to_send(database, lease.lane_id)
    assert [w.id for w in waiting] == [sealed.id]
    held = versions.in_batch(database, lease.lane_id, 1)
    assert held["key"].to_list() == ["(苏)XK06-001-00238", 'a "quoted", key', "back\\slash"]
    assert held["digest"].to_list()[1] == "01" + "ab" * 31
    assert extractions.pending(database, lease) == []


def test_the_latest_version_of_a_key_is_the_one_batched_last(bench, database, lease) -> None:
    bench.batch(["a", "b"], fill="11")
    bench.batch(["a"], fill="22")
    known = versions.latest(database, lease.lane_id, pl.Series(["a", "b", "never seen"])).sort("key")
    assert known.select("key", "known_digest").rows() == [("a", "00" + "22" * 31), ("b", "01" + "11" * 31)]


def test_no_sequence_is_used_twice_or_left_out(bench, database, current, lease) -> None:
    bench.batch(["a"])
    bench.sequence = 3
    with pytest.raises(Conflict) as caught:
        bench.batch(["b"])
    assert caught.value.code == "ECQS-3014"
    assert count(database, batch) == 1
    assert count(database, record_version) == 1


def test_a_row_that_is_not_accounted_for_stops_the_commit(bench, database, current, lease) -> None:
    stored = bench.extract(2)
    sealed = bench.outgoing(1)
    empty = pl.DataFrame(
        schema={"key": pl.String, "sequence": pl.Int64, "rule": pl.String, "field": pl.String, "message": pl.String}
    )
    counts = runs.Counts(extracted=2, batched=1)
    prepared = outbox.Prepared(stored.id, (sealed,), bench.versions(["a"], 1), empty, dead_letters.empty(), counts)
    with pytest.raises(Conflict) as caught:
        outbox.commit_prepared(database, lease, current, prepared)
    assert caught.value.code == "ECQS-3030"
    assert count(database, batch) == 0
    assert [e.id for e in extractions.pending(database, lease)] == [stored.id]
    fixed = replace(prepared, counts=replace(counts, unchanged=1))
    assert outbox.commit_prepared(database, lease, current, fixed).unchanged == 1


def test_an_extraction_is_processed_once(bench, database, current, lease) -> None:
    stored = bench.extract(0)
    findings = pl.DataFrame(schema={"key": pl.String})
    prepared = outbox.Prepared(stored.id, (), bench.versions([], 1), findings, dead_letters.empty(), runs.Counts())
    outbox.commit_prepared(database, lease, current, prepared)
    with pytest.raises(Conflict) as caught:
        outbox.commit_prepared(database, lease, current, prepared)
    assert caught.value.code == "ECQS-3015"


def test_the_same_bad_row_is_one_dead_letter_however_often_it_is_met(bench, database, lease) -> None:
    bench.batch(["a"], letters=bench.letter("f" * 64, source_key="7"))
    bench.batch(["b"], letters=bench.letter("f" * 64, source_key="7"))
    assert count(database, dead_letter) == 1
    counts = query.run_counts(database, bench.current.id)[0]
    assert (counts["dead_new"], counts["dead_known"], counts["extracted"], counts["batched"]) == (1, 1, 4, 2)


def test_a_row_that_gets_through_resolves_its_dead_letter_and_a_relapse_opens_it(bench, database) -> None:
    bench.batch(["a"], letters=bench.letter("f" * 64, source_key="b"))
    bench.batch(["b"])
    with database.read() as connection:
        letter = connection.execute(sa.select(dead_letter)).one()
    assert (letter.state, letter.resolved_by) == ("resolved", "version 00" + "ab" * 31)
    bench.batch(["c"], letters=bench.letter("f" * 64, source_key="b"))
    with database.read() as connection:
        assert connection.execute(sa.select(dead_letter.c.state)).scalar_one() == "open"


def test_an_attempt_is_kept_and_a_batch_counts_as_sent_once(bench, database, current, lease) -> None:
    bench.batch(["a", "b"])
    waiting = outbox.to_send(database, lease.lane_id)[0]
    failed = outbox.Attempt("transient", "ECQS-5001", "2026-11-23T02:31:00+08:00")
    outbox.record_attempt(database, lease, current, waiting, failed)
    assert outbox.to_send(database, lease.lane_id)[0].attempts == 1
    outbox.record_attempt(database, lease, current, waiting, outbox.Attempt("sent"))
    outbox.record_attempt(database, lease, current, waiting, outbox.Attempt("sent"))
    assert outbox.to_send(database, lease.lane_id) == []
    assert query.run_counts(database, current.id)[0]["sent"] == 2


def test_a_batch_headquarters_keeps_silent_about_is_offered_again(bench, database, current, lease, clock) -> None:
    bench.batch(["a"])
    outbox.record_attempt(database, lease, current, outbox.to_send(database, lease.lane_id)[0], outbox.Attempt("sent"))
    sent_at = clock().isoformat()
    clock.forward(hours=2)
    assert outbox.to_send(database, lease.lane_id, silent_since=sent_at) == []
    assert len(outbox.to_send(database, lease.lane_id, silent_since=clock().isoformat())) == 1


def test_a_letter_is_not_resolved_by_a_row_of_the_same_commit_with_the_same_source_key(bench, database) -> None:
    bench.batch(["a"], letters=bench.letter("f" * 64, source_key="a"))
    with database.read() as connection:
        assert connection.execute(sa.select(dead_letter.c.state)).scalar_one() == "open"


def test_rows_that_stand_in_the_ledger_already_are_a_conflict_told_without_their_values(bench, database) -> None:
    bench.batch(["a"])
    again = bench.versions(["a"], 1).drop("source_key", strict=False).with_columns(lane_id=1, extraction_id=1)
    with pytest.raises(Conflict) as caught, database.write() as connection:
        insert_frame(connection, record_version, again.select("key", "sequence", "digest", "position", "source_row",
                                                              "lane_id", "extraction_id"))  # fmt: skip
    assert caught.value.code == "ECQS-3016"
    assert "'a'" not in str(caught.value)
