"""Receipts that get lost (F3) and receipts that lie (F4): the end is that of a clean run, and every lie is kept.

All through the real gateway and SFTP. What headquarters published that was not the true receipt stands in its own
ledger, byte for byte; what of it the gateway fetched must have been refused with a reason and kept.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from pathlib import Path

import ecqs_test_support_soak as soak
import pytest

from ecqs_gateway.deliver.sftp import SftpTransport

UNITS = ("320000", "370000", "310000", "440000")[: 4 if soak.SOAK else 2]
LEVELS = 3
LIES = {
    "duplicate": 0.20, "reorder": 0.10, "replay": 0.03, "neighbour": 0.01, "last_year": 0.01, "swap": 0.02,
    "tamper": 0.03, "foreign": 0.01, "truncate": 0.01, "premature": 0.03, "issuer": 0.01, "sequence": 0.01,
}  # fmt: skip
MOST_ROUNDS = 30
PORTION = 50
"""Batches a unit has on their way at once: between two runs the clock jumps, but headquarters needs real time."""


class Fetched:
    """Every receipt the gateway ever fetched: file name and digest, counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()
        real = SftpTransport.fetch

        def fetch(transport, receipt):
            data = real(transport, receipt)
            self.seen[receipt.name, hashlib.sha256(data).hexdigest()] += 1
            return data

        monkeypatch.setattr(SftpTransport, "fetch", fetch)


def _world(w, folder: Path, *, batches: int, wait: str = "1s"):
    """Make a world in which each record travels in a batch of its own."""
    world = w.World(folder)
    world.build()
    world.without_rules()
    world.national(records=1, wait=wait)
    for unit in UNITS:
        world.province(unit, batches, batch_rows=500)
    return world


def _until_settled(world) -> int:
    """Run again and again, two hours apart, until headquarters has settled everything; give the number of runs."""
    for round_ in range(1, MOST_ROUNDS + 1):
        assert world.sync().failed == {}
        if world.rows("SELECT count(*) FROM batch WHERE state NOT IN ('loaded', 'rejected')") == [(0,)]:
            return round_
        world.clock.forward(hours=2)
    raise AssertionError(f"still unsettled after {MOST_ROUNDS} runs")


def _agree(world) -> None:
    """What the gateway believes is what headquarters did: the states, and one receipt a level with headquarters' id."""
    with world.query() as query:
        theirs = {batch.batch: (batch.state, batch.records) for batch in query.batches()}
        assert all(batch.bound for batch in query.batches()), "a batch came again with other bytes"
        receipts = {(r.batch, r.level): (r.id, r.digest) for r in query.receipts()}
        assert query.alarms("conflict") == []
    assert {b: (s, n) for b, s, n in world.rows("SELECT id, state, records FROM batch")} == theirs
    accepted = world.rows(
        "SELECT batch_id, level, receipt_id, lower(hex(digest)) FROM receipt WHERE verdict='accepted'"
    )
    assert len(accepted) == len(receipts)
    assert {(batch, level): (number, digest) for batch, level, number, digest in accepted} == receipts


def receipts_dropped(w, folder: Path, monkeypatch, *, batches: int, probability: float) -> None:
    """F3: receipts get lost after headquarters committed; the same bytes are sent again, the same receipts come."""
    world, fetched = _world(w, folder, batches=batches), Fetched(monkeypatch)
    with world.headquarters():
        if probability:
            world.misbehave(seed=soak.SEED, drop={"probability": probability})
        rounds = _until_settled(world)
    w.judged_faultless(world, dict.fromkeys(UNITS, batches))
    _agree(world)
    with world.query() as query:
        dropped = len(query.acts("drop"))
        resent = sum(batch.submissions - 1 for batch in query.batches())
        issues = sum(receipt.issues - 1 for receipt in query.receipts())
    by_name: dict[str, set[str]] = defaultdict(set)
    for name, digest in fetched.seen:
        by_name[name].add(digest)
    total = batches * len(UNITS)
    soak.require(batches and dropped > total * LEVELS * probability / 2 > 0, "headquarters lost no receipts")
    soak.require(resent and issues, "nothing was ever sent again")
    assert {name for name, digests in by_name.items() if len(digests) > 1} == set(), "a repeat had another receipt"
    soak.report(
        "F3", demanded="1,000 batches, 30 % of receipts dropped",
        run=f"{total:,} batches, {dropped:,} receipts dropped ({probability:.0%} of each issue)",
        lost=0, doubled=0, hands=0, met=not soak.SOAK or total >= 1000,
        resent=resent, receipts_issued_again=issues, runs=rounds,
    )  # fmt: skip


def receipts_that_lie(w, folder: Path, monkeypatch, *, batches: int, lies: dict[str, float]) -> None:
    """F4: receipts are duplicated, reordered, replayed, swapped, tampered with, forged, cut, early."""
    world, fetched = _world(w, folder, batches=min(batches, PORTION)), Fetched(monkeypatch)
    with world.headquarters():
        world.misbehave(seed=soak.SEED, **{lie: {"probability": chance} for lie, chance in lies.items()})
        rounds = _until_settled(world)
        for first in range(PORTION + 1, batches + 1, PORTION):
            for unit in UNITS:
                world.put(unit, [w.licence(unit, n) for n in range(first, min(first + PORTION, batches + 1))])
            rounds += _until_settled(world)
        world.behave()
    w.judged_faultless(world, dict.fromkeys(UNITS, batches))
    _agree(world)
    with world.query() as query:
        acts = Counter(act.act for act in query.acts())
        forged, true = query.forgeries(), {(f"{r.batch}.{r.level}.zip", r.digest) for r in query.receipts()}
        held = query.digest()
    bad = {seen for seen in fetched.seen if seen in forged and seen not in true}
    soak.require(batches and set(acts) >= set(LIES), f"headquarters told no lie of some kind: {sorted(acts)}")
    soak.require(bad, "the gateway met no forged receipt")
    assert {seen for seen in fetched.seen if seen not in forged and seen not in true} == set(), "of unknown origin"
    _kept(world, bad)
    assert held == _clean(w, folder / "clean", batches)
    total = batches * len(UNITS) * LEVELS
    soak.report(
        "F4", demanded="10,000 receipts: duplicated 20 %, reordered 10 %, replayed 5 %, swapped 2 %, tampered 3 %",
        run=f"{total:,} receipts; " + ", ".join(f"{acts[lie]:,} {lie.replace('_', ' ')}" for lie in lies),
        lost=0, doubled=0, hands=0, met=not soak.SOAK or total >= 10_000,
        forged=len(forged), bad_receipts_met=len(bad), refused_and_kept=len(bad), runs=rounds,
    )  # fmt: skip


def _kept(world, bad: set[tuple[str, str]]) -> None:
    """Each bad receipt the gateway met is kept with a reason, its bytes in the stage, and was never accepted."""
    rows = world.rows("SELECT name, lower(hex(digest)), verdict, reason, file FROM receipt")
    refused = {(name, digest): (reason, file) for name, digest, verdict, reason, file in rows if verdict == "refused"}
    assert bad <= set(refused)
    assert not bad & {(name, digest) for name, digest, verdict, *_ in rows if verdict == "accepted"}
    with world.gateway() as gateway:
        for seen in bad:
            reason, file = refused[seen]
            assert reason.startswith("ECQS-51")
            assert len(reason) > len("ECQS-5101 ")
            assert hashlib.sha256(gateway.stage.get(file, seen[1])).hexdigest() == seen[1]
    early = {seen: reason for seen, (reason, _) in refused.items() if seen not in bad}
    assert all(reason.startswith("ECQS-5113") for reason in early.values()), "a true receipt was refused for good"


def _clean(w, folder: Path, batches: int) -> str:
    """Bring the same rows to another headquarters that tells no lies, and give the digest of what it holds."""
    other = _world(w, folder, batches=batches, wait="60s")
    other.national(records=1000, wait="60s")
    with other.headquarters():
        assert other.sync().failed == {}
        with other.query() as query:
            return query.digest()


@pytest.mark.timeout(3000 if soak.SOAK else 120)
def test_lost_receipts_come_again_with_the_same_id(w, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receipts_dropped(w, tmp_path, monkeypatch, batches=250 if soak.SOAK else 10, probability=0.3)


@pytest.mark.timeout(5400 if soak.SOAK else 120)
def test_receipts_that_lie_end_as_a_clean_run(w, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = 1 if soak.SOAK else 7  # few receipts have to meet every lie
    lies = {lie: min(0.2, chance * more) for lie, chance in LIES.items()}
    receipts_that_lie(w, tmp_path, monkeypatch, batches=850 if soak.SOAK else 20, lies=lies)
