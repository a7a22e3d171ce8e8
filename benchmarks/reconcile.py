"""Finding the few rows that differ between two large tables: our digests against reladiff, in turn, on the same tables.

Two copies of the benchmark's table on one PostgreSQL server, 80 rows changed, 10 missing and 10 extra, all columns
compared; by three keys in turn (`KEYS`). Both must find exactly the planted rows, or the run fails. reladiff compares
by digests with one and with two threads, everything else as it comes, and is judged by the better of the two. Also
measured: the digest tree itself, in the ledger, for as many records.

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
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa
from backends import spending
from machine import ROOT, TABLE, database, describe

from ecqs_gateway.ledger import digest_trees, lanes
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.digest_trees import Progress, Rewrite
from ecqs_gateway.reconcile import build, fold
from ecqs_gateway.reconcile.tables import TableSide, compare_tables

COPY = f"{TABLE}_there"
RELADIFF = ROOT / ".venv-bench" / "reladiff" / "bin" / "reladiff"
CHANGED, MISSING, EXTRA = 80, 10, 10
KEYS = {"lsh": "integer key", "zsid": "serial text key", "rowguid": "GUID text key"}
"""Keys as front databases have them (facts 7.1, 7.5, 8.1): a running number (流水号), a text that counts upwards
(``ZS`` and 14 digits), and a GUID of 32 hex digits, which is what ``rowguid`` and ``eCertID`` are. Rows lie in the
table in the order they came in, so by a GUID they lie in no order."""
THREADS = ("1", "2")


def _chosen(after: int, number: int) -> str:
    return f"zsid IN (SELECT zsid FROM chosen WHERE n > {after} AND n <= {after + number})"


@dataclass
class Bench:
    """What one run shares."""

    url: sa.URL
    columns: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    pairs: int = 0

    def prepare(self) -> None:
        """Give the table the keys it has not, copy it, and plant the differences."""
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        guid = "rowguid varchar(32) GENERATED ALWAYS AS (md5('GUID' || zsid)) STORED"
        with engine.connect() as connection:
            for statement in (
                f"ALTER TABLE {TABLE} ADD COLUMN lsh integer GENERATED ALWAYS AS IDENTITY, ADD COLUMN {guid}",
                f"CREATE TABLE {COPY} AS SELECT * FROM {TABLE}",
                f"CREATE TEMP TABLE chosen AS SELECT zsid, row_number() OVER (ORDER BY md5(zsid)) AS n FROM {TABLE}",
                f"UPDATE {COPY} SET bz = coalesce(bz, '') || '改' WHERE {_chosen(0, CHANGED)}",
                f"DELETE FROM {COPY} WHERE {_chosen(CHANGED, MISSING)}",
                f"DELETE FROM {TABLE} WHERE {_chosen(CHANGED + MISSING, EXTRA)}",
            ):
                connection.exec_driver_sql(statement)
            for table in (TABLE, COPY):
                for key in ("lsh", "rowguid"):
                    connection.exec_driver_sql(f"CREATE UNIQUE INDEX {table}_{key} ON {table} ({key})")
            connection.exec_driver_sql(f"ALTER TABLE {COPY} ADD PRIMARY KEY (zsid)")
            connection.exec_driver_sql("VACUUM ANALYZE")
            self.columns = [c["name"] for c in sa.inspect(connection).get_columns(TABLE)]
        engine.dispose()

    def ours(self, key: str) -> str:
        """Compare by our digests; gives what was found."""
        engine = sa.create_engine(self.url)
        found = compare_tables(*(TableSide(engine, table, (key,), self.columns) for table in (TABLE, COPY)))
        engine.dispose()
        told = (len(found.different), len(found.missing_there), len(found.missing_here), len(found.duplicated))
        if told != (CHANGED, MISSING, EXTRA, 0):
            raise AssertionError(f"found {told}")
        self.pairs = max(self.pairs, found.pairs)
        return f"{found.pairs:,} pairs of key and digest moved, {found.buckets:,} digests of buckets"

    def reladiff(self, key: str, threads: str) -> str:
        """Compare with reladiff in a process of its own; by digests, since it would join what lies in one database."""
        url = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        columns = [option for name in self.columns if name != key for option in ("-c", name)]
        command = [str(RELADIFF), url, TABLE, url, COPY, "-k", key, *columns, "-a", "hashdiff", "-j", threads]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        signs = [line[0] for line in done.stdout.splitlines() if line.startswith(("+ ", "- "))]
        if (signs.count("+"), signs.count("-")) != (CHANGED + EXTRA, CHANGED + MISSING):
            raise AssertionError(f"reladiff found {signs.count('+')} and {signs.count('-')}")
        return f"{len(signs)} lines told"

    def turn(self, name: str, work: Callable[[], str]) -> None:
        """Run one way once."""
        with spending(self.url) as spent:
            started = time.perf_counter()
            told = work()
            taken = time.perf_counter() - started
        self.seconds.setdefault(name, []).append(taken)
        self.cpu.setdefault(name, []).append(spent.seconds)
        print(f"  {name:30} {taken:7.1f} s  {_cpu([spent.seconds])} s of CPU  {told}", flush=True)
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
        for key, name in KEYS.items():
            ways[f"ours, {name}"] = partial(bench.ours, key)
            for threads in THREADS if RELADIFF.exists() else ():
                ways[f"reladiff -j {threads}, {name}"] = partial(bench.reladiff, key, threads)
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
columns and two more keys; each finds exactly the planted rows, or the run fails. reladiff runs as a process of its
own, start included, with its default bisection factor and threshold, with one thread and with two; a goal holds our
seconds against the quicker of the two. It is told to compare by digests (`-a hashdiff`): left to itself it joins two
tables of one database, which those of two servers, ours and headquarters', cannot be. CPU is that of the server's
processes and of whoever asks them, as far as it could be seen; beside other programs it says more than seconds do,
for all ways slow down alike.

Keys are such as front databases have: a running number; a text that counts upwards (`ZS` and 14 digits); and a GUID
of 32 hex digits, as `rowguid` and `eCertID` are, with a unique index. reladiff cuts a table into ranges of keys. One
that counts in the order of the rows, number or text, is the best it can meet; by a GUID each range lies all over the
table. Certificate numbers such as `(苏)XK05-001-00000` it refuses as a key for their brackets and characters.
Comparing the trees that ledger and headquarters keep anyway is another matter, with its figures in
docs/adr/0011-digest-tree.md.

"""


def _cpu(taken: list[float | None]) -> str:
    known = [each for each in taken if each is not None]
    return f"{statistics.median(known):.1f}" if known else "unknown"


def _text(bench: Bench, rows: int, load: float, tree_line: str) -> str:
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    lines = [f"## {rows:,} rows, {now:%Y-%m-%d %H:%M}", ""]
    lines += [f"{describe()}. Load when it began: {load:.1f}, when it ended: {os.getloadavg()[0]:.1f}.", ""]
    lines += ["| way | seconds, median | all | CPU seconds, median |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {statistics.median(taken):.1f} | {', '.join(f'{each:.1f}' for each in taken)} |"
        f" {_cpu(bench.cpu[name])} |"
        for name, taken in bench.seconds.items()
    ]
    lines += _goals(bench, load) if rows >= 1_000_000 else ["", "The goals are about 1,000,000 rows."]
    return "\n".join([*lines, "", *(f"- {note}" for note in (*bench.notes, tree_line)), ""])


def _goals(bench: Bench, load: float) -> list[str]:
    missed = "**missed**, beside other programs" if load > 2 else "**missed**"
    medians = {name: statistics.median(taken) for name, taken in bench.seconds.items()}
    lines = ["", "| goal | wanted | measured | |", "|---|---|---|---|"]
    for name, wanted in zip(KEYS.values(), (3, 15, 15), strict=True):
        theirs = [medians[way] for way in medians if way.startswith("reladiff") and way.endswith(f", {name}")]
        if theirs:
            ratio = min(theirs) / medians[f"ours, {name}"]
            lines.append(
                f"| speed over reladiff, {name} | ≥ {wanted} | {ratio:.1f} | {'met' if ratio >= wanted else missed} |"
            )
    slowest = max(seconds for name, seconds in medians.items() if name.startswith("ours"))
    lines.append(f"| seconds | ≤ 8 | {slowest:.1f} | {'met' if slowest <= 8 else missed} |")
    lines.append(
        f"| pairs of key and digest moved | ≤ 50,000 | {bench.pairs:,} | {'met' if bench.pairs <= 50_000 else missed} |"
    )
    return lines


if __name__ == "__main__":
    sys.exit(main())
