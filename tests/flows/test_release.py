"""Releasing a held lane: what was refused as a whole arrives after all, once, as new versions; headquarters judges."""

from __future__ import annotations

import json

import pytest

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import Terminal, Transient
from ecqs_gateway.flows import release
from ecqs_gateway.ledger import lanes

UNIT, KIND = "320000", "certificate"


@pytest.fixture
def refused(monkeypatch):
    """Have headquarters take our batches and refuse them as a whole (HQ-113: they count wrong), or make amends."""
    from ecqs_gateway.flows import seal

    plain = seal.seal_batch

    def turn(*, against: bool, only: int | None = None) -> None:
        def wrong(header, batch, *, records, **rest):
            lie = only in (None, header.sequence)
            return plain(header, batch, records=records + lie, **rest)

        monkeypatch.setattr(seal, "seal_batch", wrong if against else plain)

    return turn


@pytest.fixture
def unknown_key(world):
    """Have the gateway sign with a key headquarters does not know (HQ-102: it takes no such package), or not."""
    file = world.keys / "gateway-ed25519.pem"
    known, foreign = file.read_bytes(), algorithm("ed25519").generate().private

    def turn(*, against: bool) -> None:
        write_atomic(file, foreign if against else known)

    return turn


def _rows(w, number: int) -> list:
    """Good rows of which only the last lies inside the overlap of the next run."""
    return [w.licence(UNIT, n, gxsj=f"2026-11-{20 if n < number else 22} 08:00:00") for n in range(1, number + 1)]


def _release(world, **given) -> release.Released:
    with world.gateway() as gateway:
        return release.release(gateway, UNIT, KIND, **{"reason": "key registered", "by": "li", **given})


def _code(world, **given) -> str:
    with pytest.raises((Terminal, Transient)) as caught:
        _release(world, **given)
    assert caught.value.hint
    return caught.value.code


def _states(world) -> list[str]:
    return [state for (state,) in world.rows("SELECT state FROM batch ORDER BY sequence")]


def test_what_was_refused_goes_out_as_new_versions_in_new_batches(world, w, refused) -> None:
    world.national(records=100)
    world.province(UNIT, _rows(w, 60))
    refused(against=True)
    assert world.sync().failed
    assert _states(world) == ["rejected"]
    refused(against=False)
    w.judged_faultless(world, {UNIT: 0})

    done = _release(world)
    assert (done.records, done.replaced, done.left, done.waiting) == (60, 0, 0, 0)
    assert "HQ-113" in done.held_reason
    assert done.batches == (f"{UNIT}-{KIND}-00000001",)
    summary = world.sync()
    assert summary.failed == {}
    assert (w.counts(summary)["sent"], w.counts(summary)["loaded"]) == (60, 60)
    w.judged_faultless(world, {UNIT: 60})
    assert _states(world) == ["rejected", "loaded"]
    with world.query() as query:
        assert [b.sequence for b in query.batches() if b.state == "loaded"] == [2]
    assert w.counts(world.sync())["sent"] == 0, "and goes out once"


def test_several_refused_batches_of_several_extractions_all_arrive(world, w, refused) -> None:
    world.national(records=10)
    world.province(UNIT, _rows(w, 60), batch_rows=25)
    refused(against=True)
    assert world.sync().failed
    refused(against=False)
    # Some were refused, some may have waited behind them and are refused in their turn.
    rounds = 0
    while world.sync().failed:
        _release(world)
        rounds += 1
        assert rounds < 10
    assert _states(world).count("rejected") == 7
    w.judged_faultless(world, {UNIT: 60})


def test_it_is_mapped_anew_and_what_no_longer_passes_is_a_dead_letter(world, w, refused) -> None:
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, zt="注销")])
    refused(against=True)
    world.sync()
    old = world.rows("SELECT key, hex(digest) FROM record_version ORDER BY key")
    refused(against=False)
    world.write(f"mappings/{UNIT}/codes/zt.csv", "source,national,note\n有效,03,\n")
    assert _release(world).records == 2
    # The source has nothing to do with it: it is away for good.
    world.source(UNIT).unlink()
    assert world.sync().failed[f"{UNIT} {KIND}"].startswith("ECQS-20")
    assert set(world.held()) == {w.key(UNIT, 1)}
    assert world.held()[w.key(UNIT, 1)].version.upper() != dict(old)[w.key(UNIT, 1)]
    assert world.rows("SELECT source_key, state FROM dead_letter") == [("2", "open")]


def test_a_record_that_changed_since_is_not_overwritten_by_what_was_refused(world, w, refused) -> None:
    world.province(UNIT, _rows(w, 5))
    refused(against=True)
    world.sync()
    refused(against=False)
    # While the lane is held, collecting goes on: a cancelled licence waits in the outbox.
    world.put(UNIT, [w.licence(UNIT, 3, zt="注销", gxsj="2026-11-22 09:00:00")])
    assert world.sync().failed, "a lane is not released by itself"
    done = _release(world)
    assert (done.records, done.replaced, done.waiting) == (3, 2, 1)  # number 5 lay inside the overlap
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 5})
    [newest] = world.rows(
        f"SELECT lower(hex(digest)) FROM record_version WHERE key = '{w.key(UNIT, 3)}' AND sequence = 2"
    )
    assert world.held()[w.key(UNIT, 3)].version == newest[0]


def test_a_batch_refused_again_is_released_again_and_nothing_comes_twice(world, w, refused) -> None:
    world.province(UNIT, _rows(w, 30))
    refused(against=True)
    for _ in range(3):
        assert world.sync().failed
        done = _release(world)
        assert (done.records, done.waiting) == (30, 0)
    refused(against=False)
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 30})
    assert _states(world) == ["rejected", "rejected", "rejected", "loaded"]


def test_rows_read_again_meanwhile_are_not_owed_any_more(world, w, refused) -> None:
    from datetime import date

    world.province(UNIT, 12)
    refused(against=True)
    world.sync()
    refused(against=False)
    world.sync(since=date(2026, 11, 1))
    done = _release(world)
    assert (done.records, done.replaced, done.waiting) == (0, 12, 1)
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 12})


def test_only_the_rows_of_refused_batches_are_taken_up_again(world, w, refused) -> None:
    world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 9)), w.licence(UNIT, 9, fzrq="昨天")])
    world.national(records=4)
    refused(against=True, only=1)
    world.sync()
    refused(against=False)
    _release(world)
    assert world.rows("SELECT cause, rows, state FROM extraction ORDER BY id") == [
        ("source", 9, "processed"),
        ("release", 4, "stored"),
    ]
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 8})
    assert world.rows("SELECT count(*) FROM dead_letter") == [(1,)]


def test_what_was_pruned_is_told_and_nothing_is_released(world, w, refused) -> None:
    from datetime import date

    world.province(UNIT, 7)
    refused(against=True)
    world.sync()
    refused(against=False)
    for file in (world.home / "stage" / "extractions").rglob("*.arrow"):
        file.unlink()
    with pytest.raises(Terminal) as caught:
        _release(world)
    assert caught.value.code == "ECQS-6014"
    assert "--since" in (caught.value.hint or "")
    assert world.rows("SELECT held_reason IS NULL FROM lane") == [(0,)]
    world.put(UNIT, [w.licence(UNIT, n) for n in range(2, 8)])
    with world.table(UNIT) as db:
        db.execute("DELETE FROM zs WHERE id = 1")
    world.sync(since=date(2026, 11, 1))
    assert _code(world) == "ECQS-6014", "one of them is not in the source any more"
    done = _release(world, leave_pruned=True)
    assert (done.records, done.replaced, done.left) == (0, 6, 1)
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 6})


def test_a_lane_that_is_not_held_or_not_there_or_worked_on_is_refused(world, w, refused) -> None:
    world.province(UNIT, 3)
    assert _code(world) == "ECQS-6012"
    world.sync()
    assert _code(world) == "ECQS-6013"
    assert _code(world, reason=" ") == "ECQS-6011"
    refused(against=True)
    world.put(UNIT, [w.licence(UNIT, 4)])
    world.sync()
    with world.ledger() as database:
        lease = lanes.acquire(database, UNIT, KIND, clock=world.clock)
        assert _code(world) == "ECQS-3004"
        lanes.release(database, lease)
    assert _release(world).records == 1
    assert _code(world) == "ECQS-6013", "released twice"


def test_a_release_is_an_evidence_entry_with_batches_but_without_the_text_of_the_reason(world, w, refused) -> None:
    world.province(UNIT, 3)
    refused(against=True)
    world.sync()
    _release(world, reason="13800138000 said so")
    [(subject, facts)] = world.rows("SELECT subject, facts FROM evidence WHERE event = 'release ordered'")
    assert subject == f"{UNIT}/{KIND}"
    assert json.loads(facts)["batches"] == [f"{UNIT}-{KIND}-00000001"]
    assert "13800138000" not in facts


def test_a_package_given_back_is_sent_again_under_its_id_once_its_key_is_known(world, w, unknown_key) -> None:
    from ecqs_gateway.sandbox.serve import register_gateway

    unknown_key(against=True)
    pair = (world.keys / "gateway-ed25519.pem").read_bytes()
    world.province(UNIT, 60)
    assert world.sync().failed
    world.put(UNIT, [w.licence(UNIT, 3, zt="注销", gxsj="2026-11-22 09:00:00")])
    assert world.sync().failed
    assert _states(world) == ["sealed"] * 3, "what was not taken is still to come"
    public = world.root / "new.pem"
    public.write_bytes(_public(pair))
    register_gateway(world.hq_home, public)
    before = world.rows("SELECT id, hex(package_digest) FROM batch")

    done = _release(world)
    assert (done.records, done.replaced, done.resealed, done.waiting) == (0, 0, 0, 3)
    assert done.returned[0] == f"{UNIT}-{KIND}-00000001"  # the second may have waited behind it
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 60})
    assert world.rows("SELECT id, hex(package_digest) FROM batch") == before, "byte for byte"
    with world.query() as query:
        assert [b.sequence for b in query.batches() if b.state == "loaded"] == [1, 2, 3]
        assert len(query.history(w.key(UNIT, 3))) == 2


def _public(private: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(private, None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_what_was_signed_with_a_wrong_key_is_signed_anew_and_fills_its_place(world, w, unknown_key) -> None:
    world.province(UNIT, 60)
    world.sync(units=(UNIT,))
    unknown_key(against=True)
    world.put(UNIT, [w.licence(UNIT, n, zt="注销", gxsj="2026-11-22 09:00:00") for n in range(1, 61)])
    assert world.sync().failed
    unknown_key(against=False)
    world.put(UNIT, [w.licence(UNIT, 7, gxsj="2026-11-22 10:00:00")])
    assert world.sync().failed
    versions = world.rows("SELECT key, sequence, hex(digest) FROM record_version")

    done = _release(world)
    assert (done.records, done.returned[0], done.resealed, done.waiting) == (0, f"{UNIT}-{KIND}-00000003", 3, 3)
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 60})
    with world.query() as query:
        assert [b.sequence for b in query.batches() if b.state == "loaded"] == [1, 2, 3, 4, 5]
    assert world.rows("SELECT key, sequence, hex(digest) FROM record_version") == versions
    world.put(UNIT, [w.licence(UNIT, 9, gxsj="2026-11-22 11:00:00")])
    assert world.sync().failed == {}, "the chain of manifests goes on from the batches signed anew"
    w.judged_faultless(world, {UNIT: 60})


def test_a_package_given_back_twice_holds_its_lane_twice(world, w, unknown_key) -> None:
    from ecqs_gateway.deliver.signing import algorithm
    from ecqs_gateway.doors.files import write_atomic

    world.province(UNIT, 5)
    unknown_key(against=True)
    for _ in range(3):
        assert world.sync().failed[f"{UNIT} {KIND}"].startswith("ECQS-5061")
        assert _release(world).returned == (f"{UNIT}-{KIND}-00000001",)
        write_atomic(world.keys / "gateway-ed25519.pem", algorithm("ed25519").generate().private)
    unknown_key(against=False)
    assert world.sync().failed
    _release(world)
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 5})
