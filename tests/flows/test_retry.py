"""Dead letters whose cause was mended in the content: told beforehand, mapped anew, never resent as something else."""

from __future__ import annotations

import hashlib

import pytest

from ecqs_gateway.errors import Conflict, Transient
from ecqs_gateway.flows import letter_view, retry
from ecqs_gateway.ledger import evidence, lanes
from ecqs_gateway.ledger.letters import Filter, find, grouped

UNIT = "320000"
MENDED = "source,national,note\n有效,01,\n注销,04,\n吊销,03,\n"


def _letters(world, **wanted):
    with world.gateway() as gateway:
        return find(gateway.database, Filter(**wanted))


def _refused(world, w, **cells):
    """Sync two rows with a status the unit's codes do not know, one of which has a bad date too, and a good row."""
    bad = {"zt": "吊销", **cells}
    rows = [w.licence(UNIT, 1), w.licence(UNIT, 2, **bad), w.licence(UNIT, 3, **bad, fzrq="昨天")]
    world.province(UNIT, rows)
    counts = w.counts(world.sync())
    assert (counts["batched"], counts["dead_new"]) == (1, 2)


def test_a_retry_says_before_what_passes_and_then_makes_new_versions(world, w) -> None:
    _refused(world, w)
    with world.gateway() as gateway:
        letters = find(gateway.database, Filter())
        assert {letter.origin for letter in letters} == {"mapping"}
        assert retry.plan(gateway, letters).counts == {"refused": 2}
        assert grouped(gateway.database, Filter(), "rule")[0]["letters"] == 2
    world.write(f"mappings/{UNIT}/codes/zt.csv", MENDED)
    watermark = world.rows("SELECT watermark FROM lane")
    with world.gateway() as gateway:
        planned = retry.plan(gateway, letters)
        assert [(v.letter.id, v.outcome) for v in planned.verdicts] == [(1, "passes"), (2, "refused")]
        assert "ECQS-1240" in [reason["rule"] for reason in planned.verdicts[1].reasons]
        assert "ECQS-1291" not in [reason["rule"] for reason in planned.verdicts[1].reasons]
        [queued] = retry.put_in_line(gateway, planned, by="李工")
        assert queued.letters == (1,)
        assert retry.plan(gateway, letters).counts == {"missing": 1, "refused": 1}, "it waits already"
    assert world.rows("SELECT watermark FROM lane") == watermark
    assert world.rows("SELECT cause, state FROM extraction ORDER BY id") == [
        ("source", "processed"),
        ("retry", "stored"),
    ]
    assert world.held().keys() == {w.key(UNIT, 1)}
    with world.table(UNIT) as source:
        source.execute("DELETE FROM zs")  # nothing but the stored row can make the record now
    world.sync()
    assert world.held().keys() == {w.key(UNIT, 1), w.key(UNIT, 2)}
    assert [(x.id, x.state) for x in _letters(world)] == [(1, "resolved"), (2, "open")]
    with world.gateway() as gateway:
        shown = letter_view.describe(gateway, _letters(world)[0])
        assert any("put in line again by 李工" in event["what"] for event in shown["history"])
        with gateway.database.read() as connection:
            assert evidence.verify(connection)
    w.judged_faultless(world, {UNIT: 2})


def test_a_letter_met_again_under_new_content_takes_over_its_reasons(world, w) -> None:
    _refused(world, w)
    before = _letters(world)
    world.write(f"mappings/{UNIT}/codes/zt.csv", MENDED)
    world.sync()
    after = _letters(world)
    assert [(x.id, x.state) for x in after] == [(1, "resolved"), (2, "open")]
    assert "ECQS-1291" in before[1].rules
    assert "ECQS-1291" not in after[1].rules
    assert after[1].bundle != before[1].bundle


def test_a_transport_resend_is_the_same_bytes_whatever_became_of_the_mapping(world, w) -> None:
    world.province(UNIT, 5)
    world.national(wait="1s")
    world.misbehave(drop={"probability": 1.0})
    world.sync()
    [(batch, package, digest)] = world.rows("SELECT id, package, package_digest FROM batch")
    mapping = world.content / f"mappings/{UNIT}/certificate.yaml"
    mapping.write_text(
        mapping.read_text(encoding="utf-8").replace("某某市场监督管理局", "江苏省市场监督管理局"), "utf-8"
    )
    world.behave()
    world.clock.forward(hours=2)
    with world.table(UNIT) as source:
        source.execute("DELETE FROM zs")
    world.national(wait="10s")
    world.sync()
    outcomes = world.rows(f"SELECT outcome FROM attempt WHERE batch_id = '{batch}'")
    assert len(outcomes) >= 2, outcomes
    data = (world.settings().stage / package).read_bytes()
    assert hashlib.sha256(data).digest() == bytes(digest)
    [held] = world.rows("SELECT count(*) FROM record_version")
    assert held == (5,), "no version was made by the resend"
    w.judged_faultless(world, {UNIT: 5})
    with world.query() as query:
        assert len(query.batches()) == 1


def test_a_row_whose_extraction_is_gone_is_told_with_what_to_do_instead(world, w) -> None:
    _refused(world, w)
    with world.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE extraction SET pruned_at = '2026-12-01'")
    with world.gateway() as gateway:
        planned = retry.plan(gateway, find(gateway.database, Filter()))
        assert planned.counts == {"missing": 2}
        assert all("ecqs sync --since" in str(verdict.why) for verdict in planned.verdicts)
        assert retry.put_in_line(gateway, planned) == []


def test_a_retry_waits_while_a_run_works_on_the_lane_and_refuses_what_was_settled(world, w) -> None:
    _refused(world, w)
    world.write(f"mappings/{UNIT}/codes/zt.csv", MENDED)
    with world.gateway() as gateway:
        planned = retry.plan(gateway, find(gateway.database, Filter()))
        lease = lanes.acquire(gateway.database, UNIT, "certificate", clock=gateway.clock)
        with pytest.raises(Transient) as busy:
            retry.put_in_line(gateway, planned)
        assert busy.value.code == "ECQS-3004"
        lanes.release(gateway.database, lease)
    world.sync()  # reads the rows again and settles the letter
    with world.gateway() as gateway:
        with pytest.raises(Conflict) as gone:
            retry.put_in_line(gateway, planned)
        assert gone.value.code == "ECQS-6104"
        assert "no longer open: 1" in gone.value.message
    assert [cause for (cause,) in world.rows("SELECT cause FROM extraction")] == ["source", "source"]


def test_a_row_that_changed_and_is_refused_anew_closes_the_letter_of_its_old_form(world, w) -> None:
    _refused(world, w)
    world.put(UNIT, [w.licence(UNIT, 2, zt="作废", gxsj="2026-11-22 09:00:00")])
    world.sync()
    states = {x.id: (x.source_key, x.state) for x in _letters(world)}
    assert states == {1: ("2", "resolved"), 2: ("3", "open"), 3: ("2", "open")}
    assert "changed at the source" in _letters(world)[0].resolved_by


def test_two_rows_with_one_source_key_do_not_close_each_others_letters(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, 1)], batch_rows=1)
    with world.table(UNIT) as source:
        source.execute("ALTER TABLE zs RENAME TO old")
        source.execute("CREATE TABLE zs AS SELECT * FROM old")
    world.put(UNIT, [w.licence(UNIT, 7, zt="吊销"), w.licence(UNIT, 7, zt="作废", gxsj="2026-11-20 08:10:00")])
    world.sync()
    for _ in range(2):
        again = w.counts(world.sync())
        assert (again["dead_new"], again["dead_known"]) == (0, 2)
        assert [x.state for x in _letters(world)] == ["open", "open"]


def test_rows_stored_under_another_key_are_told_as_missing(world, w) -> None:
    _refused(world, w)
    connector = world.content / f"connectors/provinces/{UNIT}.yaml"
    connector.write_text(connector.read_text("utf-8").replace("key: [id]", "key: [nummer]"), "utf-8")
    with world.gateway() as gateway:
        planned = retry.plan(gateway, find(gateway.database, Filter()))
        assert planned.counts == {"missing": 2}
        assert all("no column nummer" in str(verdict.why) for verdict in planned.verdicts)
