"""F7: rows that come late, together, out of order or from a clock that is wrong are read within the declared overlap.

A province is simulated on a real database with a clock of its own. A row gets its stamp when it is changed, and becomes
visible when its transaction commits, up to the declared delay later; the stamping clock may be behind by up to
the declared skew. Runs happen at random moments, and some of them die between two chunks.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.extract.stamps import DayStamp, DigitsStamp, EpochStamp, TextStamp, TimeStamp
from ecqs_gateway.extract.window import Mark

# ruff: noqa: DTZ001 - sources write times without a zone

START = datetime(2026, 11, 23, 0, 0)
ZONE = ZoneInfo("Asia/Shanghai")


class Province:
    """A table whose rows become visible at their commit, and the gateway's runs against it."""

    def __init__(self, lab, overlap, batch_rows):
        self.lab, self.overlap, self.batch_rows = lab, overlap, batch_rows
        self.seen, self.after = {}, None
        lab.run(f"CREATE TABLE t (id BIGINT PRIMARY KEY, version BIGINT, gxsj {lab.time})")

    def commit(self, changes):
        """Make rows visible: (id, version, stamp)."""
        rows = [{"i": i, "v": v, "g": self.lab.stamp(s)} for i, v, s in changes]
        self.lab.run("DELETE FROM t WHERE id = :i", rows=[{"i": row["i"]} for row in rows])
        self.lab.run("INSERT INTO t VALUES (:i, :v, :g)", rows=rows)

    def sync(self, now, dies_after=None):
        """Run once; every chunk is stored together with its watermark, as the ledger does."""
        source = self.lab.source(
            "t", ["id"], now=now, changed_at="gxsj", overlap=f"{self.overlap}s", batch_rows=self.batch_rows
        )
        with source:
            for number, chunk in enumerate(source.chunks(self.after), start=1):
                for i, version in chunk.frame.select("id", "version").iter_rows():
                    self.seen[i] = max(version, self.seen.get(i, -1))
                self.move(chunk.watermark)
                if number == dies_after:
                    return

    def move(self, watermark):
        if watermark is None:
            return
        if self.after is not None:
            assert watermark.changed_at >= self.after.changed_at, "the watermark went back"
        self.after = watermark


def simulate(lab, seed, *, rows, delay, skew_behind, skew_ahead):
    """Change rows for an hour of the province's time; give what the gateway has seen and what it should have."""
    dice = random.Random(seed)
    province = Province(lab, overlap=delay + skew_behind, batch_rows=dice.choice([7, 50, 999]))
    truth, pending = {}, {}
    for second in range(0, 3600, 20):
        now = START + timedelta(seconds=second)
        moment = now + timedelta(seconds=dice.randint(-skew_behind, skew_ahead))
        for _ in range(dice.randint(0, 2 * rows * 20 // 3600)):
            row = dice.randrange(rows)
            truth[row] = truth.get(row, 0) + 1
            stamp = moment.replace(microsecond=0) if dice.random() < 0.5 else moment
            pending[row] = (second + dice.randint(0, delay), (row, truth[row], stamp))
        due = {row: change for row, (when, change) in pending.items() if when <= second}
        pending = {row: waiting for row, waiting in pending.items() if row not in due}
        province.commit(list(due.values()))
        if dice.random() < 0.1:
            province.sync(now, dies_after=dice.choice([None, None, 1, 2]))
    province.commit([change for _, change in pending.values()])
    province.sync(START + timedelta(seconds=3600 + delay + skew_ahead + 1))
    return province.seen, truth


@pytest.mark.slow
def test_nothing_is_missed_among_a_hundred_thousand_changes(sqlite_lab):
    seen, truth = simulate(sqlite_lab, 7, rows=100_000, delay=1_800, skew_behind=600, skew_ahead=600)
    assert sum(truth.values()) > 80_000
    assert seen == truth


@pytest.mark.parametrize("path", ["sqlite", "arrow", "mariadb"])
def test_nothing_is_missed_inside_the_declared_overlap(path, request):
    lab = request.getfixturevalue(f"{path}_lab")
    seen, truth = simulate(lab, 20_261_123, rows=400, delay=300, skew_behind=100, skew_ahead=100)
    assert len(truth) > 200
    assert seen == truth


def test_nothing_is_missed_over_many_random_histories():
    """Two hundred histories, each with its own delays; the seed of a failing one is in the message."""
    for seed in range(80):
        dice = random.Random(seed)
        seen, truth = small_history(seed, delay=dice.choice([0, 60, 600]), behind=dice.choice([0, 60]))
        assert seen == truth, f"seed {seed}"


def small_history(seed, *, delay, behind):
    """The same simulation without a database: the window and the mark of the engine over a list of rows."""
    dice = random.Random(seed)
    stamp, overlap = TimeStamp(ZONE), timedelta(seconds=delay + behind)
    visible, pending, truth, seen, after = {}, [], {}, {}, None
    for second in range(0, 3600, 30):
        now = START + timedelta(seconds=second)
        for _ in range(dice.randint(0, 4)):
            row = dice.randrange(30)
            truth[row] = truth.get(row, 0) + 1
            written = now + timedelta(seconds=dice.randint(-behind, behind))
            pending = [change for change in pending if change[1] != row]
            pending.append((second + dice.randint(0, delay), row, truth[row], written.replace(second=0)))
        for change in [change for change in pending if change[0] <= second]:
            pending.remove(change)
            visible[change[1]] = change[2:]
        if dice.random() < 0.3:
            after = run(visible, seen, after, now, overlap=overlap, stamp=stamp, dies=dice.random() < 0.3, dice=dice)
    visible |= {row: rest for _, row, *rest in pending}
    end = START + timedelta(seconds=3600 + delay + behind)
    run(visible, seen, after, end, overlap=overlap, stamp=stamp, dies=False, dice=dice)
    return seen, truth


def run(visible, seen, after, now, *, overlap, stamp, dies, dice):
    lowest = stamp.lowest(after.changed_at, overlap) if after else datetime(1, 1, 1)
    window = sorted((written, row, version) for row, (version, written) in visible.items() if written >= lowest)
    mark = Mark(stamp, "gxsj", ("id",), stamp.native(now.replace(tzinfo=ZONE)), after)
    size = dice.choice([1, 3, 10])
    for start in range(0, len(window), size):
        piece = window[start : start + size]
        schema = {"gxsj": pl.Datetime("us"), "id": pl.Int64, "version": pl.Int64}
        for _, row, version in piece:
            seen[row] = max(version, seen.get(row, -1))
        moved = mark.moved(pl.DataFrame(piece, schema=schema, orient="row"))
        if mark.current is not None:
            assert moved.current.changed_at >= mark.current.changed_at
        mark = moved
        if dies and dice.random() < 0.3:
            break
    return mark.current


moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1))


@settings(max_examples=300, deadline=None)
@given(moment=moments, overlap=st.integers(0, 10**7))
def test_the_lowest_time_read_again_is_never_too_late(moment, overlap):
    """Whatever form a column has, what lies inside the overlap is at or above the lowest value."""
    aware = moment.replace(tzinfo=ZONE)
    back = timedelta(seconds=overlap)
    for stamp in (
        TimeStamp(ZONE),
        TimeStamp(ZONE, aware=True),
        DayStamp(ZONE),
        EpochStamp(ZONE, 1),
        EpochStamp(ZONE, 1000),
        EpochStamp(ZONE, 1_000_000),
        DigitsStamp(ZONE),
        DigitsStamp(ZONE, "%Y%m%d"),
        TextStamp(ZONE),
        TextStamp(ZONE, "%Y%m%d%H%M%S"),
        TextStamp(ZONE, "%Y-%m-%dT%H:%M:%S", "+08:00"),
        TextStamp(ZONE, "%Y/%m/%d"),
    ):
        written = stamp.write(stamp.native(aware))
        assert stamp.means(written)
        lowest = stamp.lowest(written, back)
        read_to = stamp.instant(written).astimezone(UTC)  # in a zone, Python counts hours of the clock on the wall
        inside = stamp.native(read_to - back * 0.5)
        assert lowest <= inside
        assert lowest <= stamp.native(aware)
        assert stamp.instant(stamp.write(lowest)) <= read_to - back


@pytest.mark.parametrize("minutes", [10, 50, 70, 130])
def test_rows_written_after_clocks_were_put_back_are_read_again(minutes):
    # At 17:00 UTC that day China's clocks went back by an hour for the last time.
    for hour in range(10, 24):
        end = datetime(1991, 9, 14, hour, tzinfo=UTC)
        stamp = TimeStamp(ZONE)
        written = stamp.write(stamp.native(end))
        lowest = stamp.lowest(written, timedelta(minutes=minutes))
        for back in range(minutes + 1):
            assert lowest <= stamp.native(stamp.instant(written).astimezone(UTC) - timedelta(minutes=back))
