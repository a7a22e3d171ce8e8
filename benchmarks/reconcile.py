"""Finding the few rows that differ between two large tables: our digests against reladiff, in turn, on the same tables.

Two copies of the benchmark's table on one PostgreSQL server, 80 rows changed, 10 missing and 10 extra, all 28 columns
compared; once with an integer key and once with the province's own text key. Both must find exactly the planted rows,
or the run fails. Also measured: the digest tree itself, in the ledger, for as many records.

Run: python benchmarks/reconcile.py [--rows 1000000] [--rounds 2] [--postgres URL]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa
from machine import ROOT, TABLE, database, describe

from ecqs_gateway.ledger import digest_trees, lanes
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.digest_trees import Progress, Rewrite
from ecqs_gateway.reconcile import build, fold
from ecqs_gateway.reconcile.tables import TableSide, compare_tables

COPY = f"{TABLE}_there"
RELADIFF = ROOT / ".venv-bench" / "reladiff" / "bin" / "reladiff"
CHANGED, MISSING, EXTRA = 80, 10, 10


def _chosen(after: int, number: int) -> str:
    return f"zsid IN (SELECT zsid FROM chosen WHERE n > {after} AND n <= {after + number})"


@dataclass
class Bench:
    """What one run shares."""

    url: sa.URL
    columns: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Give the table an integer key, copy it, and plant the differences."""
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            self.columns = [c["name"] for c in sa.inspect(connection).get_columns(TABLE)]
            for statement in (
                f"ALTER TABLE {TABLE} ADD COLUMN lsh integer GENERATED ALWAYS AS IDENTITY",
                f"CREATE TABLE {COPY} AS SELECT * FROM {TABLE}",
                f"CREATE TEMP TABLE chosen AS SELECT zsid, row_number() OVER (ORDER BY md5(zsid)) AS n FROM {TABLE}",
                f"UPDATE {COPY} SET bz = coalesce(bz, '') || '改' WHERE {_chosen(0, CHANGED)}",
                f"DELETE FROM {COPY} WHERE {_chosen(CHANGED, MISSING)}",
                f"DELETE FROM {TABLE} WHERE {_chosen(CHANGED + MISSING, EXTRA)}",
            ):
                connection.exec_driver_sql(statement)
            for table in (TABLE, COPY):
                connection.exec_driver_sql(f"CREATE UNIQUE INDEX {table}_lsh ON {table} (lsh)")
            connection.exec_driver_sql(f"ALTER TABLE {COPY} ADD PRIMARY KEY (zsid)")
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()

    def ours(self, key: str) -> str:
        """Compare by our digests; gives what was found."""
        engine = sa.create_engine(self.url)
        columns = [*self.columns, "lsh"]
        found = compare_tables(*(TableSide(engine, table, (key,), columns) for table in (TABLE, COPY)))
        engine.dispose()
        told = (len(found.different), len(found.missing_there), len(found.missing_here), len(found.duplicated))
        if told != (CHANGED, MISSING, EXTRA, 0):
            raise AssertionError(f"found {told}")
        return f"{found.pairs:,} pairs of key and digest moved, {found.buckets:,} digests of buckets"

    def reladiff(self, key: str) -> str:
        """Compare with reladiff in a process of its own, as its documentation has it; two threads."""
        url = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        columns = [option for name in [*self.columns, "lsh"] if name != key for option in ("-c", name)]
        command = [str(RELADIFF), url, TABLE, url, COPY, "-k", key, *columns, "-j", "2"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        signs = [line[0] for line in done.stdout.splitlines() if line.startswith(("+ ", "- "))]
        if (signs.count("+"), signs.count("-")) != (CHANGED + EXTRA, CHANGED + MISSING):
            raise AssertionError(f"reladiff found {signs.count('+')} and {signs.count('-')}")
        return f"{len(signs)} lines told"

    def turn(self, name: str, work: Callable[[], str]) -> None:
        """Run one way once."""
        started = time.perf_counter()
        told = work()
        taken = time.perf_counter() - started
        self.seconds.setdefault(name, []).append(taken)
        print(f"  {name:24} {taken:7.1f} s  {told}", flush=True)
        if len(self.seconds[name]) == 1:
            self.notes.append(f"{name}: {told}")


def tree(rows: int) -> str:
    """Build the tree of so many records in a ledger, and change 1,000 of them; CPU seconds."""
    n = pl.int_range(rows, eager=True)
    frame = pl.DataFrame({"n": n}).select(
        pl.format("(苏)XK06-{}-{}", pl.col("n") // 100_000, pl.col("n")).alias("key"),
        pl.format("{}/20{}-{}", pl.col("n") % 10, 15 + pl.col("n") % 11, 10 + pl.col("n") % 3).alias("month"),
        pl.col("n").hash(1).cast(pl.String).str.pad_start(64, "0").str.slice(-64).alias("version"),
    )
    with tempfile.TemporaryDirectory() as folder:
        ledger = Database(f"sqlite:///{folder}/ledger.db")
        ledger.upgrade()
        lane = lanes.lane_id(ledger, "320000", "certificate")
        done, taken = Progress(), []
        for sequence, changes in enumerate(
            (frame, frame[:: rows // 1000].with_columns(pl.lit("f" * 64).alias("version"))), 1
        ):
            started = time.process_time()
            found = build.change(fold.stored(ledger, lane), changes)
            rewrite = Rewrite(found.gone_keys, found.leaves, found.gone_paths, found.nodes)
            after = Progress(sequence, sequence, found.count, found.digest)
            digest_trees.write(ledger, lane, rewrite, before=done, after=after)
            done = after
            taken.append(time.process_time() - started)
        started = time.process_time()
        build.nodes_of(build.place(frame))
        taken.append(time.process_time() - started)
        ledger.dispose()
    return (
        f"tree of {rows:,} records, CPU seconds: {taken[2]:.1f} digests alone, {taken[0]:.1f} with a SQLite ledger,"
        f" {taken[1]:.2f} for 1,000 changes"
    )


def main() -> None:
    """Measure, print, and write the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--postgres", default=os.environ.get("ECQS_BENCH_POSTGRES", "postgresql://postgres@127.0.0.1"))
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "RECONCILE.md")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with database(given.postgres, given.rows, 1000) as url:
        bench = Bench(url)
        bench.prepare()
        ways: dict[str, Callable[[], str]] = {}
        for key, name in (("lsh", "integer key"), ("zsid", "text key")):
            ways[f"ours, {name}"] = lambda key=key: bench.ours(key)  # type: ignore[misc]
            if RELADIFF.exists():
                ways[f"reladiff, {name}"] = lambda key=key: bench.reladiff(key)  # type: ignore[misc]
        if not RELADIFF.exists():
            bench.notes.append("reladiff: not installed here, left out")
        for _ in range(given.rounds):
            for name, work in ways.items():
                bench.turn(name, work)
    text = _text(bench, given.rows, load, tree(given.rows))
    print(text)
    kept = [] if not given.results.exists() else given.results.read_text(encoding="utf-8").split("\n## ")[1:]
    others = "".join(
        f"\n## {section.rstrip()}\n" for section in kept if not section.startswith(f"{given.rows:,} rows,")
    )
    given.results.write_text(f"{_HEAD}{text}{others}", encoding="utf-8")


_HEAD = """# Measured: finding what differs between two tables

Written by `benchmarks/reconcile.py`, which `make bench` runs. Ways take turns on the same two PostgreSQL tables of 28
columns; each finds exactly the planted rows, or the run fails. reladiff runs as a process of its own, start included.
Where the load when it began is above 1, other programs took part of both processors, and neither seconds nor ratios
say much: our statements take 4.5 us of processor time a row and side, one process a side, so about 5 s for a million.
Comparing the trees that ledger and headquarters keep anyway is another matter, with its figures in
docs/adr/0011-digest-tree.md.

"""


def _text(bench: Bench, rows: int, load: float, tree_line: str) -> str:
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    medians = {name: statistics.median(taken) for name, taken in bench.seconds.items()}
    lines = [f"## {rows:,} rows, {now:%Y-%m-%d %H:%M}", "", f"{describe()}. Load when it began: {load:.1f}.", ""]
    lines += ["| way | seconds, median | all |", "|---|---|---|"]
    lines += [
        f"| {name} | {medians[name]:.1f} | {', '.join(f'{each:.1f}' for each in taken)} |"
        for name, taken in bench.seconds.items()
    ]
    lines += _goals(medians, load) if rows >= 1_000_000 else ["", "The goals are about 1,000,000 rows."]
    return "\n".join([*lines, "", *(f"- {note}" for note in (*bench.notes, tree_line)), ""])


def _goals(medians: dict[str, float], load: float) -> list[str]:
    beside = ", beside other programs" if load > 2 else ""
    lines = ["", "| goal | wanted | measured | |", "|---|---|---|---|"]
    for key, wanted in (("integer key", 3.0), ("text key", 15.0)):
        if f"reladiff, {key}" in medians:
            ratio = medians[f"reladiff, {key}"] / medians[f"ours, {key}"]
            kept = "met" if ratio >= wanted else f"**missed**{beside}"
            lines.append(f"| speed over reladiff, {key} | ≥ {wanted:g} | {ratio:.1f} | {kept} |")
    slowest = max(seconds for name, seconds in medians.items() if name.startswith("ours"))
    kept = "met" if slowest <= 8 else f"**missed**{beside}"
    lines.append(f"| seconds | ≤ 8 | {slowest:.1f} | {kept} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
