"""What headquarters refused stays open until another version of the record has got through, whatever comes between."""

from __future__ import annotations

import time

import pytest

from ecqs_gateway.flows import approvals, collect, corrections, retry
from ecqs_gateway.flows.corrections import Wish
from ecqs_gateway.ledger.letters import Filter, find

UNIT = "320000"
BAD, GOOD = "2023-01-01", "2030-01-01"  # expires before it was issued: headquarters refuses it


@pytest.fixture
def refused(world, w):
    """A province with one good licence and one that headquarters has refused."""
    world.without_rules()
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, yxqz=BAD)])
    world.sync()
    assert _letters(world) == [("headquarters", "open", f"{UNIT}-certificate-00000001")]
    return world


def _letters(world) -> list[tuple[str, str, str | None]]:
    return world.rows("SELECT origin, state, batch_id FROM dead_letter ORDER BY id")


def _change(world, w, day: int, yxqz: str) -> None:
    world.put(UNIT, [w.licence(UNIT, 2, yxqz=yxqz, gxsj=f"2026-11-{day} 08:00:00")])
    world.sync()


def test_a_version_that_is_refused_a_second_time_leaves_its_letter_open(refused, w) -> None:
    _change(refused, w, 21, GOOD)
    assert _letters(refused)[0][1] == "resolved"
    _change(refused, w, 22, BAD)
    refused.sync()
    assert _letters(refused) == [("headquarters", "open", f"{UNIT}-certificate-00000003")]
    assert len(refused.held()) == 2


def test_a_row_that_was_unreadable_for_a_while_does_not_hide_the_refusal(refused, w) -> None:
    _change(refused, w, 21, "明天")
    _change(refused, w, 22, BAD)
    refused.sync()
    assert ("headquarters", "open", f"{UNIT}-certificate-00000001") in _letters(refused)
    assert refused.rows("SELECT count(*) FROM batch") == [(1,)]  # what was refused is not sent again


def test_a_correction_is_not_overridden_by_the_refused_row_it_corrects(refused, w) -> None:
    with refused.gateway() as gateway:
        [letter] = find(gateway.database, Filter())
        [proposed] = corrections.propose(gateway, [Wish(letter.id, {"yxqz": GOOD}, "试")], author="甲")
    with refused.gateway() as gateway:
        approvals.approve(gateway, [proposed.correction], by="乙")
    refused.sync()
    refused.sync()
    assert _letters(refused)[0][1] == "corrected"
    assert refused.rows("SELECT sequence, count(*) FROM record_version GROUP BY sequence") == [(1, 2), (2, 1)]
    assert len(refused.held()) == 2


def test_a_refusal_that_comes_while_the_run_goes_on_is_not_resolved_by_what_was_refused(world, w, monkeypatch) -> None:
    world.without_rules()
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, yxqz=BAD, zt="作废")])
    world.sync()
    world.write(f"mappings/{UNIT}/codes/zt.csv", "source,national,note\n有效,01,\n注销,04,\n作废,04,\n")
    with world.gateway() as gateway:
        retry.put_in_line(gateway, retry.plan(gateway, find(gateway.database, Filter())), by="甲")
    real = collect._store

    def slow(*given):
        end = time.monotonic() + 10  # the retried row is refused before the source's own rows are mapped
        while world.rows("SELECT count(*) FROM dead_letter WHERE origin = 'headquarters'") == [(0,)]:
            assert time.monotonic() < end
            time.sleep(0.05)
        return real(*given)

    monkeypatch.setattr(collect, "_store", slow)
    world.sync()
    monkeypatch.undo()
    world.sync()
    assert [state for origin, state, _ in _letters(world) if origin == "headquarters"] == ["open"]


def test_a_late_receipt_of_an_older_batch_does_not_resolve_a_newer_refusal(world, w, monkeypatch) -> None:
    from ecqs_gateway.deliver.sftp import SftpTransport

    world.without_rules()
    world.national(records=1, wait="2s")
    world.province(UNIT, [w.licence(UNIT, 1)])
    real = SftpTransport.list_receipts
    late = f"{UNIT}-certificate-00000001"
    monkeypatch.setattr(
        SftpTransport,
        "list_receipts",
        lambda transport, unit: [one for one in real(transport, unit) if str(one.batch) != late],
    )
    world.sync()
    world.put(UNIT, [w.licence(UNIT, 1, yxqz=BAD, gxsj="2026-11-21 08:00:00")])
    world.sync()
    monkeypatch.undo()
    world.sync()
    assert world.rows("SELECT state, rejected FROM batch ORDER BY sequence") == [("loaded", 0), ("loaded", 1)]
    assert [state for _, state, _ in _letters(world)] == ["open"]
