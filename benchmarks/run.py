"""Measures the whole chain and its peers in turn on one machine, and writes the figures to RESULTS.md.

Each design is a process of its own, timed from start to end; CPU seconds are those of its processes, without the
database and the SFTP server. Designs take turns (A B C, A B C), and figures are medians, because machines drift.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from machine import PART, ROOT, TABLE, UNIT, Measured, Server, database, describe, measure, new_home, server
from transport import paramiko_speed, transport_speed
from verify import bad_rows, check_packages

BENCH = ROOT / ".venv-bench"
XSD = ROOT / "schemas" / "ecqs" / "1.0" / "batch.xsd"
GATEWAY, STOCK, NAIVE = "gateway", "gateway, stock lxml", "hand-written script"
DLT, FASTEST, SLING, SINGER = "dlt, default → jsonl", "dlt, connectorx → parquet", "sling → csv", "singer tap → target"


@dataclass
class Bench:
    """Everything one run of the benchmark shares."""

    work: Path
    url: sa.URL
    sftp: Server
    rows: int
    part: int
    env: dict[str, str] = field(default_factory=dict)
    runs: dict[str, list[Measured]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Where what the programs say goes."""
        return self.work / "log.txt"

    @property
    def plain_url(self) -> str:
        """The database as other programs want it."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def speed(self, name: str) -> float:
        """Median rows a second; 0 where it was not measured."""
        return statistics.median(m.speed for m in self.runs[name]) if self.runs.get(name) else 0.0

    def cpu(self, name: str) -> float:
        """Median CPU seconds for a million rows."""
        return statistics.median(m.cpu / m.rows * 1e6 for m in self.runs[name])

    def gateway(self, engine: str = "auto") -> Measured:
        """Full chain from an empty ledger."""
        self.sftp.fresh()
        self.env = new_home(self.work, self.url, self.sftp)
        return self.sync({"ECQS_XSD_ENGINE": engine}, self.rows)

    def sync(self, more: dict[str, str], rows: int) -> Measured:
        """`ecqs sync` once more."""
        return measure(rows, [sys.executable, "-m", "ecqs_gateway.cli", "sync"], env=self.env | more, log=self.log)

    def naive(self) -> Measured:
        """The hand-written script over a part of the rows."""
        self.sftp.fresh()
        command = [str(BENCH / "naive/bin/python"), str(ROOT / "benchmarks/naive.py"), "--database", self.plain_url]
        command += ["--table", PART, "--schema", str(XSD), "--host", "127.0.0.1", "--port", str(self.sftp.port)]
        command += ["--user", getpass.getuser(), "--key", str(self.sftp.user_key), "--folder", f"naive/{UNIT}"]
        return measure(self.part, [*command, "--bad", str(self.work / "bad.txt")], log=self.log)

    def dlt(self, backend: str, form: str, table: str, rows: int) -> Measured:
        """Extract and load only."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            script = str(ROOT / "benchmarks/peer_dlt.py")
            url = self.plain_url if backend == "connectorx" else self.plain_url.replace("://", "+psycopg2://")
            command = [str(BENCH / "dlt/bin/python"), script, url, table, backend, form, folder]
            return measure(rows, command, log=self.log)

    def sling(self) -> Measured:
        """Extract and load only."""
        (program,) = (BENCH / "sling").glob("lib/*/site-packages/sling_linux_amd64/bin/sling-linux-amd64")
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            command = [str(program), "run", "--src-conn", f"{self.plain_url}?sslmode=disable"]
            command += ["--src-stream", f"public.{TABLE}", "--tgt-object", f"file://{folder}/out.csv"]
            more = {"SLING_HOME_DIR": folder, "SLING_DISABLE_TELEMETRY": "TRUE"}
            return measure(self.rows, command, env=more, log=self.log)

    def singer(self) -> Measured:
        """Extract and load only, over a part of the rows."""
        tap, target = str(BENCH / "tap/bin/tap-postgres"), str(BENCH / "target/bin/target-jsonl")
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            config, catalogue, out = (Path(folder) / n for n in ("tap.json", "catalogue.json", "target.json"))
            url = self.url.set(drivername="postgresql", password=self.url.password or "unused")  # the tap wants one
            config.write_text(
                json.dumps({"sqlalchemy_url": url.render_as_string(hide_password=False), "filter_schemas": ["public"]})
            )
            out.write_text(json.dumps({"destination_path": folder}))
            found = subprocess.run([tap, "--config", str(config), "--discover"], capture_output=True, check=True)
            streams = json.loads(found.stdout)
            for stream in streams["streams"]:
                chosen = stream["tap_stream_id"].endswith(f"-{PART}")
                stream["selected"] = chosen
                for entry in stream["metadata"]:
                    entry["metadata"]["selected"] = chosen
            catalogue.write_text(json.dumps(streams))
            read = [tap, "--config", str(config), "--catalog", str(catalogue)]
            return measure(self.part, read, [target, "--config", str(out)], log=self.log)

    def designs(self) -> dict[str, Callable[[], Measured]]:
        """What takes turns."""
        found: dict[str, Callable[[], Measured]] = {
            GATEWAY: self.gateway,
            STOCK: lambda: self.gateway("lxml"),
            NAIVE: self.naive,
            SLING: self.sling,
            FASTEST: lambda: self.dlt("connectorx", "parquet", TABLE, self.rows),
            DLT: lambda: self.dlt("sqlalchemy", "jsonl", PART, self.part),
            SINGER: self.singer,
        }
        needs = {NAIVE: ["naive"], SLING: ["sling"], FASTEST: ["dlt"], DLT: ["dlt"], SINGER: ["tap", "target"]}
        for name, peers in needs.items():
            if not all((BENCH / f"{peer}.ready").exists() for peer in peers):
                self.notes.append(f"{name}: not installed here, left out")
                del found[name]
        return found

    def take_turns(self, rounds: int) -> None:
        """Run every design once a round; one that fails is told of and left out."""
        designs = self.designs()
        for turn in range(rounds):
            for name, run in list(designs.items()):
                try:
                    measured = run()
                except (RuntimeError, ValueError, OSError, subprocess.CalledProcessError) as error:
                    self.notes.append(f"{name}: failed ({str(error)[:200]})")
                    del designs[name]
                    continue
                self.runs.setdefault(name, []).append(measured)
                line = f"{measured.speed:9,.0f} rows/s  {measured.cpu:6.1f} s CPU  {measured.rss_mb:5d} MB"
                print(f"  round {turn + 1}  {name:28} {line}", flush=True)


def check_correct(bench: Bench) -> list[str]:
    """Compare verdicts with the script's, and every package with stock lxml; raises where they differ."""
    bench.gateway()
    public = Path(bench.env["ECQS_HOME"]) / "keys" / "headquarters-ed25519.pem"
    records = check_packages(bench.sftp.folder / "inbox" / UNIT, XSD, public)
    bad = bad_rows(bench.env)
    if records + len(bad) != bench.rows:
        raise AssertionError(f"{bench.rows} rows, but {records} records and {len(bad)} dead letters")
    told = [f"{records:,} records in packages valid under stock lxml, digests and signatures right; {len(bad):,} bad"]
    theirs = bench.work / "bad.txt"
    if theirs.exists():
        engine = sa.create_engine(bench.url)
        with engine.connect() as connection:
            part = set(connection.execute(sa.text(f"SELECT zsid FROM {PART}")).scalars())
        engine.dispose()
        expected = set(theirs.read_text().split())
        if bad & part != expected:
            raise AssertionError(f"verdicts differ on {len((bad & part) ^ expected)} rows")
        told.append(f"bad rows among the first {bench.part:,}: {len(expected):,}, the same as pydantic's, row for row")
    return told


def nightly(bench: Bench, changes: int = 1000) -> list[tuple[str, Measured]]:
    """Change some rows of a source already synced and sync again; then sync with nothing to do."""
    engine = sa.create_engine(bench.url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE {TABLE} SET bz = '改', gxsj = (SELECT max(gxsj) FROM {TABLE}) + interval '1 hour'"
            f" WHERE zsid IN (SELECT zsid FROM {TABLE} WHERE zt = '01' ORDER BY md5(zsid) LIMIT {changes})"
        )
    engine.dispose()
    found = [(f"{changes:,} changes", bench.sync({}, changes)), ("no changes", bench.sync({}, 0))]
    for name, measured in found:
        print(f"  nightly, {name:20} {measured.wall:.2f} s, {measured.cpu:.2f} s CPU, {measured.rss_mb} MB", flush=True)
    return found


def mapping_ratio() -> str:
    """Run the comparison of mapping and checks in columns against pydantic by row."""
    command = [sys.executable, str(ROOT / "benchmarks" / "mapping_checks.py")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def goal(text: str, value: float, wanted: float, *, most: bool = False) -> str:
    """One line of the table of goals."""
    kept = value <= wanted if most else value >= wanted
    sign = "≤" if most else "≥"
    return f"| {text} | {sign} {wanted:g} | {value:,.2f} | {'met' if kept else '**missed**'} |"


def goals(bench: Bench, found: dict[str, float]) -> list[str]:
    """Say which goals are met."""
    ours = bench.speed(GATEWAY)
    lines = ["| goal | wanted | measured | |", "|---|---|---|---|"]
    ratios = ((NAIVE, 6.0), (SLING, 1.2), (DLT, 7.0), (SINGER, 10.0), (FASTEST, 0.35))
    lines += [goal(f"speed against {n}", ours / bench.speed(n), w) for n, w in ratios if bench.speed(n)]
    if bench.speed(NAIVE):
        lines.append(goal("stock lxml against hand-written script", bench.speed(STOCK) / bench.speed(NAIVE), 4))
    lines.append(goal("rows/s, whole chain (quiet machine)", ours, 45_000))
    lines.append(goal("largest memory, MB", max(m.rss_mb for m in bench.runs[GATEWAY]), 400, most=True))
    lines.append(goal("mapping and checks against our own pydantic models", found["mapping"], 10))
    lines.append(goal("SFTP, files of 50 kB a second", found["files"], 400))
    lines.append(goal("SFTP, MB/s of one file", found["stream"], 140))
    lines.append(goal("CPU seconds for 1,000 changes", found["delta"], 3, most=True))
    return lines


def table(bench: Bench) -> list[str]:
    """Give the table of all designs."""
    lines = [
        "| design | rows | rows/s, median | CPU s per M rows | MB | gateway's speed over it | its CPU over ours |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in bench.runs.items():
        cpu = bench.cpu(name)
        ratio = bench.speed(GATEWAY) / bench.speed(name)
        memory = max(m.rss_mb for m in runs)
        lines.append(
            f"| {name} | {runs[0].rows:,} | {bench.speed(name):,.0f} | {cpu:,.0f} | {memory} | {ratio:.2f} |"
            f" {cpu / bench.cpu(GATEWAY):.2f} |"
        )
    return lines


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--slow-rows", type=int, default=50_000, help="rows for the slow peers")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--postgres", default=os.environ.get("ECQS_BENCH_POSTGRES", "postgresql://postgres@127.0.0.1"))
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "RESULTS.md")
    given = parser.parse_args()
    part = min(given.slow_rows, given.rows)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ecqs-bench-") as folder, server(Path(folder)) as sftp:
        print(f"Making the table with {given.rows:,} rows ...", flush=True)
        with database(given.postgres, given.rows, part) as url:
            bench = Bench(Path(folder), url, sftp, given.rows, part)
            bench.take_turns(given.rounds)
            correct = check_correct(bench)
            print(*(f"  {line}" for line in correct), sep="\n", flush=True)
            night = nightly(bench)
            os.environ |= bench.env
            sftp.fresh()
            files, stream = transport_speed()
            plain = paramiko_speed(sftp.port, getpass.getuser(), str(sftp.user_key), f"naive/{UNIT}")
        mapped = mapping_ratio()
    ratio = float(re.search(r"ratio\s+([\d.]+)", mapped)[1])  # type: ignore[index]
    found = {"files": files, "stream": stream, "mapping": ratio, "delta": night[0][1].cpu}
    transport = f"SFTP: {files:.0f} files/s of 50 kB with rename ({plain:.0f} as paramiko comes), {stream:.0f} MB/s"
    nights = [f"{n}: {m.wall:.2f} s wall, {m.cpu:.2f} s CPU, {m.rss_mb} MB" for n, m in night]
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    packages = ("polars", "nanoarrow", "adbc-driver-postgresql", "lxml", "pydantic", "paramiko", "SQLAlchemy")
    lines = [
        f"## {given.rows:,} rows, {now:%Y-%m-%d %H:%M}", "",
        f"{describe()}. Load when it began: {load:.1f}. " + ", ".join(f"{p} {version(p)}" for p in packages) + ".", "",
        *table(bench), "", *goals(bench, found), "",
        *(f"- {line}" for line in (*correct, *(f"nightly, {n}" for n in nights), transport, *bench.notes)), "",
        "```", mapped.strip(), "```", "",
    ]  # fmt: skip
    text = "\n".join(lines)
    print("\n" + text)
    given.results.write_text(_HEAD + text + _kept(given.results, given.rows), encoding="utf-8")


_HEAD = """# Measured: the gateway beside what people use instead

Written by `make bench`; `make bench ROWS=1000000` for another size. From one PostgreSQL table of 28 columns (1.08 %
dirty rows) to signed batches, every one validated against the XSD, on an OpenSSH server, with ledger, outbox and
evidence. The hand-written script does the same without ledger, outbox, dead letters and evidence; the other peers
only copy the table into files: no mapping, no checks, no XML. Times are those of whole processes, start included.
Trust ratios to about 15 %, absolute figures to about 25 %: the machine is shared. Where other programs take the
second processor ("Load when it began" above 1), the gateway, which uses both, loses more than peers that use one.
Our own pydantic models are thorough and slow; a script's models (75,000 to 90,000 rows/s) are the harder comparison.

"""


def _kept(results: Path, rows: int) -> str:
    """Keep what was measured at other sizes."""
    if not results.exists():
        return ""
    sections = re.split(r"(?m)^(?=## )", results.read_text(encoding="utf-8"))[1:]
    return "".join("\n" + s.strip() + "\n" for s in sections if not s.startswith(f"## {rows:,} rows,"))


if __name__ == "__main__":
    main()
