"""F6: two workers on one lane, and one that wakes after its lease was taken: nothing doubled, stale commits refused.

Each race is run by two processes. The first is stopped (SIGSTOP) at a named step, with its lease in hand; the second,
whose clock is two minutes ahead, finds that lease run out, takes the lane over and goes through; then the first wakes
(SIGCONT) and goes on as if nothing had happened. In every fourth race both simply start at once.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import ecqs_test_support_nursery as nurseries
import ecqs_test_support_soak as soak
import pytest

UNIT = "320000"
RACES = 200 if soak.SOAK else 5
AHEAD = 120
"""Seconds by which the second worker's clock is ahead: longer than a lease lives."""
STOPS = [
    (place, when)
    for place in (
        "stage write", "extraction commit", "seal", "outbox commit", "upload temp", "upload rename", "attempt record",
        "receipt fetch", "settle", "take",
    )
    for when in ("before", "after")
]  # fmt: skip
COMMITS = {("extraction commit", "before"), ("outbox commit", "before"), ("seal", "before"), ("stage write", "before")}
"""Where a worker that wakes has surely something to commit, which must be refused."""
IN_TRANSFER = {
    ("upload temp", "before"),
    ("upload temp", "after"),
    ("upload rename", "before"),
    ("upload rename", "after"),
}
"""Where a worker sleeps in the middle of a transfer: the same bytes may then arrive a second time."""


@contextmanager
def _racing(w, folder: Path, ledger_url: str | None):
    world = w.World(folder, ledger_url=ledger_url)
    world.build()
    world.without_rules()
    world.national(records=3, wait="20s", attempts=2)
    world.province(UNIT, batch_rows=6)
    with world.headquarters(), nurseries.nursery(world.environment(), folder / "nursery") as nursery:
        yield world, nursery


def _together(nursery) -> list[str]:
    """Start two workers at once; give what failed in each."""
    pair = [nursery.start(), nursery.start()]
    for worker in pair:
        assert worker.wait()["code"] in (0, 1), worker.said()
    return [worker.said() for worker in pair]


def _overtaken(nursery, stop: tuple[str, str]) -> tuple[str, bool]:
    """Let the second worker overtake the first, which sleeps at a step; give what the first said, and if it slept."""
    stale = nursery.start(stop_at=[*stop, 1])
    if stale.wait() != {"stopped": True}:
        return stale.said(), False
    nursery.resumes(ahead=AHEAD)
    stale.go_on()
    assert stale.wait()["code"] in (0, 1), stale.said()
    return stale.said(), True


def lease_races(w, folder: Path, *, races: int, rows: int = 6, ledger_url: str | None = None) -> None:
    """Race so many times; judge by headquarters' ledger."""
    dice, met, refused, resubmitted = random.Random(soak.SEED), Counter(), 0, 0
    with _racing(w, folder, ledger_url) as (world, nursery):
        for race in range(races):
            stamp = f"2026-{1 + race // 28:02d}-{1 + race % 28:02d} 08:00:00"
            world.put(UNIT, [w.licence(UNIT, race * rows + n, gxsj=stamp) for n in range(1, rows + 1)])
            before = _submissions(world)
            if race % 4 == 3:
                said = _together(nursery)
                met["both at once"] += 1
                assert all(text == "{}" or "ECQS-3004" in text or "ECQS-3010" in text for text in said), said
                nursery.resumes(ahead=AHEAD)
                again = _submissions(world) - before
                assert again == 0, "two workers that started at once sent a batch twice"
                continue
            stop = STOPS[dice.randrange(len(STOPS))] if races > len(STOPS) else STOPS[(race * 5 + 6) % len(STOPS)]
            text, slept = _overtaken(nursery, stop)
            met["stale" if slept else "not stopped"] += slept
            refused += "ECQS-3010" in text
            assert "ECQS-3010" in text or not (slept and stop in COMMITS), f"{stop}: a stale commit went through"
            again = _submissions(world) - before
            assert again == 0 or stop in IN_TRANSFER, f"{stop}: a stale worker sent a batch again"
            resubmitted += again
        nursery.resumes(ahead=AHEAD)
        soak.require(met["both at once"] and met["stale"] >= races / 2, f"hardly any race came about: {dict(met)}")
        soak.require(rows and refused, "no stale worker had anything to commit")
        w.judged_faultless(world, {UNIT: races * rows})
        with world.query() as query:
            assert all(batch.bound for batch in query.batches()), "a stale worker's bytes took a batch id"
            assert query.alarms("conflict") == []
    soak.report(
        "F6", program="SQLite ledger" if ledger_url is None else "PostgreSQL ledger", demanded="200 races",
        run=f"{met['stale']} stale workers, {met['both at once']} pairs at once", lost=0, doubled=0, hands=0,
        met=not soak.SOAK or met["stale"] + met["both at once"] >= 180,
        stale_commits_refused=refused, same_bytes_again_from_within_a_transfer=resubmitted,
    )  # fmt: skip


def _submissions(world) -> int:
    with world.query() as query:
        return sum(batch.submissions - 1 for batch in query.batches())


@pytest.mark.timeout(3600 if soak.SOAK else 200)
@pytest.mark.slow
def test_a_stale_worker_commits_and_doubles_nothing(w, tmp_path: Path) -> None:
    lease_races(w, tmp_path, races=RACES)


@pytest.mark.timeout(3600 if soak.SOAK else 200)
@pytest.mark.slow
@pytest.mark.postgresql
def test_a_stale_worker_commits_and_doubles_nothing_on_postgresql(w, tmp_path: Path, postgresql_url: str) -> None:
    lease_races(w, tmp_path, races=RACES, ledger_url=postgresql_url)
