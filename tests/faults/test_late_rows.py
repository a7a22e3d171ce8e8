"""F7: rows that come late, together, from wrong clocks, or change while they are read: none is missed in the overlap.

A province works through two days in steps of ten minutes. Its rows carry the time of a clock that is up to ten minutes
wrong, many at one instant, and become visible when their transaction commits, up to thirty minutes later; some rows
change while the gateway reads. A few commit hours late, beyond what is declared: these are counted, and the next
reconciliation with the source finds every one of them and queues it.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import ecqs_test_support_soak as soak
import pytest

from ecqs_gateway.flows import nightly
from ecqs_gateway.flows.reconciliation.result import Options
from ecqs_gateway.flows.reconciliation.run import reconcile

UNIT = "320000"
STEP, DELAY, SKEW = 10, 30, 10
"""Minutes: of a step, that a commit may take, that the province's clock may be wrong."""
OVERLAP = DELAY + 2 * SKEW
"""A commit delayed by DELAY on a clock SKEW behind, after a row from one SKEW ahead."""
START = datetime(2020, 1, 1)  # noqa: DTZ001  as sources write


@dataclass
class Province:
    """The province's work: rows waiting for their commit, and what each row is in the end."""

    world: object
    w: object
    dice: random.Random
    waiting: list[tuple[int, object]] = field(default_factory=list)
    outside: set[int] = field(default_factory=set)
    """Rows that were committed later than declared."""
    number: int = 0
    updated: int = 0

    def stamp(self, minute: int, dice: random.Random | None = None) -> str:
        """Give what the province's clock shows: whole minutes, so that many rows share one."""
        skew = (dice or self.dice).randint(-SKEW, SKEW)
        return f"{START + timedelta(minutes=minute + skew):%Y-%m-%d %H:%M:%S}"

    def work(self, minute: int, rows: int, *, late: float) -> None:
        """Write new rows and commit those whose time has come."""
        stamps = [self.stamp(minute) for _ in range(3)]
        for _ in range(rows):
            self.number += 1
            row = self.w.licence(UNIT, self.number, gxsj=self.dice.choice(stamps))
            delay = self.dice.randint(0, DELAY - STEP)
            if self.dice.random() < late:
                self.outside.add(self.number)
                delay = 240
            self.waiting.append((minute + delay, row))
        self.commit(minute)

    def commit(self, minute: float) -> None:
        """Commit what is due by that minute."""
        due = [row for when, row in self.waiting if when <= minute]
        self.waiting = [(when, row) for when, row in self.waiting if when > minute]
        self.world.put(UNIT, due)

    def update_while_read(self, minute: int, stop: threading.Event) -> None:
        """Change rows that are there, one transaction after the other, until told to stop."""
        if not self.number:
            return
        dice = random.Random(minute)
        with closing(sqlite3.connect(self.world.source(UNIT), timeout=30, isolation_level=None)) as db:
            while not stop.is_set():
                row, stamp = dice.randint(1, self.number), self.stamp(minute, dice)
                name = f"远山电缆有限公司第{dice.randint(1, 999)}厂"
                changed = db.execute("UPDATE zs SET qymc = ?, gxsj = ? WHERE id = ?", (name, stamp, row))
                if changed.rowcount:
                    self.updated += 1
                    self.outside.discard(row)  # late as it was, it now carries a time that will be read
                time.sleep(0.002)


def _sync(gateway, province: Province, minute: int) -> None:
    stop = threading.Event()
    updater = threading.Thread(target=province.update_while_read, args=(minute, stop))
    updater.start()
    try:
        assert nightly.sync(gateway, nightly.Options()).failed == {}
    finally:
        stop.set()
        updater.join()


def late_rows(w, folder: Path, *, rows: int, steps: int, late: float = 0.001) -> None:
    """Let a province work and the gateway read it about hourly; judge by headquarters' ledger."""
    # Dice of its own each: how often a thread throws them must not decide how often the province is read.
    dice, reads, world = random.Random(soak.SEED), random.Random(soak.SEED), w.World(folder / "late")
    world.build()
    world.without_rules()
    world.national(records=2000, wait="60s")
    world.province(UNIT, batch_rows=5000, overlap=f"{OVERLAP}m")
    with world.table(UNIT) as db:
        db.execute("PRAGMA journal_mode = WAL")
    province, runs = Province(world, w, dice), 0
    with world.headquarters(), world.gateway() as gateway:
        for step in range(steps):
            province.work(step * STEP, rows // steps, late=late)
            if reads.random() < 1 / 6:
                _sync(gateway, province, step * STEP)
                runs += 1
        province.commit(float("inf"))
        for _ in range(2):  # the first still meets changes; the second finds what they left
            assert nightly.sync(gateway, nightly.Options()).failed == {}
        _judge(w, folder, world, province)
        missed = _missed(world, w)
        found = reconcile(gateway, Options(source=True, repair=True))
        assert nightly.sync(gateway, nightly.Options()).failed == {}
        assert {each.key for each in found.lanes[0].differences} == {w.key(UNIT, number) for number in missed}
        assert _missed(world, w) == set(), "reconciliation left out rows that were committed late"
    soak.require(province.number and runs > 1, "no rows, or never read while the province worked")
    soak.require(province.updated, "no row was changed while it was read")
    soak.require(province.outside, "no row was committed later than declared: the count of those would be empty")
    run = f"{province.number:,} rows, {runs + 2} runs, {province.updated:,} changed while read"
    soak.report(
        "F7", demanded="100,000 rows", run=run, lost=0, doubled=0, hands=0,
        met=not soak.SOAK or province.number >= 99_000,
        overlap=f"{OVERLAP} min", committed_outside_the_overlap=len(province.outside), of_these_missed=len(missed),
        missed_after_reconciliation=0,
    )  # fmt: skip


def _missed(world, w) -> set[int]:
    """Give the rows of the province headquarters does not hold."""
    held = set(world.held(UNIT))
    with world.table(UNIT) as db:
        return {number for (number,) in db.execute("SELECT id FROM zs") if w.key(UNIT, number) not in held}


def _judge(w, folder: Path, world, province: Province) -> None:
    """Nothing but rows committed outside the overlap is missing; the rest is what a single read would have brought."""
    w.judged_faultless(world)
    missed = _missed(world, w)
    assert missed <= province.outside, f"{len(missed - province.outside)} rows inside the overlap were missed"
    other = w.World(folder / "clean")
    other.build()
    other.without_rules()
    other.national(records=2000, wait="60s")
    other.province(UNIT, batch_rows=20_000)
    with world.table(UNIT) as db:
        other.put(UNIT, [w.Licence(*row) for row in db.execute("SELECT * FROM zs") if row[0] not in missed])
    with other.headquarters():
        assert other.sync().failed == {}
        with other.query() as theirs, world.query() as ours:
            assert ours.digest() == theirs.digest(), "some row was left at an earlier state"


@pytest.mark.timeout(1800 if soak.SOAK else 120)
def test_late_rows_are_all_read_within_the_declared_overlap(w, tmp_path: Path) -> None:
    if soak.SOAK:
        late_rows(w, tmp_path, rows=100_800, steps=288)
    else:
        late_rows(w, tmp_path, rows=1500, steps=30, late=0.01)
