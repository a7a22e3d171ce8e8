"""A ledger on SQLite and on PostgreSQL: every test that takes `database` runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.ledger import dead_letters, extractions, lanes, outbox, runs
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import Stage, StagedFile


class SettableClock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 2, 30, tzinfo=SHANGHAI)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **step: int) -> None:
        self.moment += timedelta(**step)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    opened = Database(url)
    opened.upgrade()
    yield opened
    opened.dispose()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "stage")


@pytest.fixture
def current(database: Database, clock: SettableClock) -> runs.Run:
    return runs.start(database, "nightly", "sha256:" + "0" * 64, clock=clock)


@pytest.fixture
def lease(database: Database, clock: SettableClock) -> lanes.Lease:
    return lanes.acquire(database, "320000", "certificate", clock=clock)


class Bench:
    """Puts rows through the two transactions the way the nightly flow does."""

    def __init__(self, database: Database, stage: Stage, current: runs.Run, lease: lanes.Lease) -> None:
        self.database, self.stage, self.current, self.lease = database, stage, current, lease
        self.sequence = 1

    def extract(self, rows: int, watermark: str | None = None) -> extractions.Extraction:
        frame = pl.DataFrame({"n": range(rows)})
        files = extractions.stage_frames(self.stage, self.lease, f"{self.sequence}", {"rows": frame})
        draft = extractions.Extraction(0, rows, "t_xk_zs", files)
        return extractions.store(self.database, self.lease, self.current, draft, watermark=watermark)

    def outgoing(self, records: int) -> outbox.Outgoing:
        number = self.sequence
        self.sequence += 1
        package = self.stage.put(f"outbox/{number}.zip", b"package %d" % number)
        manifest = b"<manifest/>%d" % number
        return outbox.Outgoing(
            f"320000-certificate-{number:08d}", number, records, "ecqs_national", manifest, bytes([number % 256]) * 32,
            "[]", package,
        )  # fmt: skip

    def versions(self, keys: list[str], sequence: int, *, fill: str = "ab") -> pl.DataFrame:
        rows = range(len(keys))
        schema = {"ordering": pl.String, "previous": pl.String}
        return pl.DataFrame(
            {
                "key": keys, "sequence": [sequence] * len(keys), "digest": [f"{i:02x}" + fill * 31 for i in rows],
                "previous": [None] * len(keys), "position": rows, "ordering": [None] * len(keys), "source_row": rows,
            },
            schema_overrides=schema,
        )  # fmt: skip

    def batch(self, keys: list[str], *, fill: str = "ab", letters: pl.DataFrame | None = None) -> outbox.Outgoing:
        letters = dead_letters.empty() if letters is None else letters
        stored = self.extract(len(keys) + letters.height)
        sealed = self.outgoing(len(keys))
        findings = pl.DataFrame(
            schema={"key": pl.String, "sequence": pl.Int64, "rule": pl.String, "field": pl.String, "message": pl.String}
        )
        versions = self.versions(keys, sealed.sequence, fill=fill)
        passed = versions.select(source_key="key", digest="digest")
        counts = runs.Counts(extracted=stored.rows, batched=len(keys))
        prepared = outbox.Prepared(stored.id, (sealed,), versions, findings, letters, counts, passed)
        outbox.commit_prepared(self.database, self.lease, self.current, prepared)
        return sealed

    def letter(self, identity: str, **given: object) -> pl.DataFrame:
        values = {"identity": identity, "origin": "rules", "reasons": "[]", **given}
        return pl.DataFrame([values], schema=dead_letters.SCHEMA)

    def file(self, data: bytes) -> StagedFile:
        return self.stage.put(f"receipts/{data.hex()[:16]}.zip", data)


@pytest.fixture
def bench(database: Database, stage: Stage, current: runs.Run, lease: lanes.Lease) -> Bench:
    return Bench(database, stage, current, lease)
