"""A small world for tests of the whole gateway: provinces, their content, keys, and a headquarters that judges.

Everything real: SQLite sources, SFTP on loopback, signatures, the exchange schema. What arrived is asked of
headquarters' own ledger, never of the gateway.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.doors.clock import SHANGHAI, Clock
from ecqs_gateway.doors.connections import Connection, from_json
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.doors.ssh_keys import generate_ssh_key
from ecqs_gateway.doors.vault import make_payload_key
from ecqs_gateway.flows import nightly
from ecqs_gateway.flows.gateway import Gateway, open_gateway
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.sandbox.misbehave import Orders, behave, misbehave
from ecqs_gateway.sandbox.query import HeldRecord, Query
from ecqs_gateway.sandbox.serve import Endpoint, Headquarters, add_account, register_gateway
from ecqs_gateway.sandbox.serve import Settings as HeadquartersSettings
from ecqs_gateway.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas" / "ecqs" / "1.0"
ACCOUNT = "gateway"
START = datetime(2026, 11, 23, 2, 30, tzinfo=SHANGHAI)
USCC = "91440300192317458F"

COLUMNS = ("id", "zsbh", "qymc", "tyshxydm", "cpmc", "fzrq", "yxqz", "zt", "gxsj")
_CODES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 99"
UNITS = tuple(f"{code}0000" for code in _CODES.split())
"""The 32 reporting units: 31 provinces and the production and construction corps."""
CHARACTERS = dict(zip(UNITS, "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新", strict=False))
"""What certificate numbers begin with; none is known of the corps, whose numbers go without."""


class SettableClock:
    """A clock that goes on by itself and that a test can move."""

    def __init__(self, start: datetime = START) -> None:
        self.moment = start

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def forward(self, **step: float) -> None:
        """Move it on."""
        self.moment += timedelta(**step)


@dataclass(frozen=True)
class Licence:
    """One row of a province's table; every cell can be set to anything."""

    id: Any
    zsbh: Any
    qymc: Any = "远山电缆有限公司"
    tyshxydm: Any = USCC
    cpmc: Any = "架空绞线"
    fzrq: Any = "2024-03-01"
    yxqz: Any = "2029-02-28"
    zt: Any = "有效"
    gxsj: Any = "2026-11-20 08:00:00"

    @property
    def cells(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in COLUMNS)


def licence(unit: str, number: int, **given: Any) -> Licence:
    """Make a good row; anything given replaces a cell."""
    return Licence(**{"id": number, "zsbh": spelled(unit, number), **given})


def spelled(unit: str, number: int) -> str:
    """Spell a certificate number as this province's system does."""
    return f"{CHARACTERS.get(unit, '')}{_body(number)}"


def key(unit: str, number: int) -> str:
    """Spell a certificate number as headquarters does."""
    return f"({CHARACTERS[unit]}){_body(number)}" if unit in CHARACTERS else _body(number)


def _body(number: int) -> str:
    return f"XK06-{1 + number // 100_000:03d}-{number % 100_000:05d}"


CONNECTOR = """version: 1
unit: "{unit}"
owner: 测试
source: {{type: sql, connection: ecqs_{unit}, time_zone: Asia/Shanghai}}
streams:
  certificate: {{table: zs, key: [id], changed_at: gxsj, overlap: {overlap}, batch_rows: {batch_rows}}}
"""

MAPPING = """version: 1
unit: "{unit}"
kind: certificate
owner: 测试
ignore: [id, gxsj]
fields:
  number: {{from: zsbh, clean: [width, spaces]}}
  holder.name: qymc
  holder.uscc: tyshxydm
  authority.name: {{const: 某某市场监督管理局}}
  authority.area: {{const: "{unit}"}}
  issue_date: fzrq
  valid_until: yxqz
  status: {{from: zt, codes: {{table: zt, unmapped: reject}}}}
{absent}children:
  earlier_numbers: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  production_addresses: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  products: {{split: {{from: cpmc, by: "[;；]"}}, fields: {{name: item}}}}
"""

_ABSENT = (
    "holder.address",
    "authority.uscc",
    "test_method",
    "valid_from",
    "status_cause",
    "status_note",
    "closing_date",
    "electronic_licence.id",
    "electronic_licence.file_digest",
)

NATIONAL = """version: 1
owner: 测试
transport: {{type: sftp, connection: ecqs_national, inbox: "inbox/{{unit}}", receipts: "receipts/{{unit}}"}}
signature: {{algorithm: ed25519}}
batch: {{records: {records}}}
receipts: {{issuer: ecqs-sandbox, wait: {wait}, poll: 50ms, resend_after: 1h}}
retry: {{attempts: {attempts}, first_delay: 10ms, longest_delay: 20ms}}
"""


@dataclass
class World:
    """Provinces, gateway and headquarters below one folder."""

    root: Path
    clock: Clock = field(default_factory=SettableClock)
    endpoint: Endpoint | None = None
    running: Headquarters | None = None
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    ledger_url: str | None = None
    """Where the gateway's ledger is; SQLite below ``home`` unless given."""
    sealed: bool = True
    """Whether the gateway has a payload key."""

    @property
    def content(self) -> Path:
        return self.root / "content"

    @property
    def home(self) -> Path:
        return self.root / "gateway"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def hq_home(self) -> Path:
        return self.root / "headquarters"

    def settings(self) -> Settings:
        return load_settings(self._variables(), folder=self.root)

    def _variables(self) -> dict[str, str]:
        values = {"ECQS_HOME": str(self.home), "ECQS_CONTENT": str(self.content)}
        return values | ({"ECQS_LEDGER_URL": self.ledger_url} if self.ledger_url else {})

    def environment(self) -> dict[str, str]:
        """Give the environment in which a command or a DAG works on this world."""
        values = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in self.connections.items()}
        values |= self._variables() | {"ECQS_SANDBOX": str(self.hq_home)}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ECQS_", "AIRFLOW"))}
        return {**kept, "PYTHONPATH": str(ROOT), **values}

    def resolve(self, connection_id: str) -> Connection:
        """Look a connection up, as the environment would have it."""
        return from_json(connection_id, json.dumps(self.connections[connection_id]))

    # -- content

    def build(self) -> None:
        """Write what all worlds have: schemas, national settings, keys."""
        self.content.mkdir(parents=True)
        (self.content / "schemas").symlink_to(ROOT / "schemas")
        self.national()
        pair = algorithm("ed25519").generate()
        write_atomic(self.keys / "gateway-ed25519.pem", pair.private)
        write_atomic(self.keys / "gateway-ed25519.pub.pem", pair.public)
        login = generate_ssh_key()
        write_atomic(self.keys / "sftp.pem", login.private.encode())
        if self.sealed:
            make_payload_key(self.keys)
        register_gateway(self.hq_home, self.keys / "gateway-ed25519.pub.pem")
        add_account(self.hq_home, ACCOUNT, login.public)

    def without_rules(self) -> None:
        """Leave the rule catalogue out: checking its examples costs each start a quarter of a second."""
        schemas = self.content / "schemas"
        schemas.unlink()
        schemas.mkdir()
        for child in (ROOT / "schemas").iterdir():
            if child.name != "rules":
                (schemas / child.name).symlink_to(child)

    def national(self, *, records: int = 50, wait: str = "10s", attempts: int = 2) -> None:
        """Say how batches reach headquarters."""
        text = NATIONAL.format(records=records, wait=wait, attempts=attempts)
        self.write("connectors/national.yaml", text)

    def write(self, name: str, text: str) -> None:
        """Write a file of the content."""
        file = self.content / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def province(
        self, unit: str, rows: int | Sequence[Licence] = 0, *, batch_rows: int = 100, overlap: str = "30m"
    ) -> None:
        """Onboard a unit with a SQLite source of so many good rows, or of these rows."""
        absent = "".join(
            f"  {name}: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}\n" for name in _ABSENT
        )
        connector = CONNECTOR.format(unit=unit, batch_rows=batch_rows, overlap=overlap)
        self.write(f"connectors/provinces/{unit}.yaml", connector)
        self.write(f"mappings/{unit}/certificate.yaml", MAPPING.format(unit=unit, absent=absent))
        self.write(f"mappings/{unit}/codes/zt.csv", "source,national,note\n有效,01,\n注销,04,\n")
        self.connections[f"ecqs_{unit}"] = {"conn_type": "sqlite", "host": str(self.source(unit))}
        with self.table(unit) as db:
            db.execute(f"CREATE TABLE zs (id PRIMARY KEY, {', '.join(COLUMNS[1:])})")
            db.execute("CREATE INDEX zs_gxsj ON zs (gxsj, id)")
        self.put(unit, [licence(unit, n) for n in range(1, rows + 1)] if isinstance(rows, int) else rows)

    def source(self, unit: str) -> Path:
        return self.root / f"{unit}.sqlite"

    @contextmanager
    def table(self, unit: str) -> Iterator[sqlite3.Connection]:
        """Give the province's own database, to change what is in it."""
        with closing(sqlite3.connect(self.source(unit))) as db, db:
            yield db

    def put(self, unit: str, rows: Sequence[Licence]) -> None:
        """Insert rows, or replace those with the same id."""
        with self.table(unit) as db:
            marks = ", ".join("?" * len(COLUMNS))
            db.executemany(f"INSERT OR REPLACE INTO zs VALUES ({marks})", [row.cells for row in rows])

    # -- headquarters

    @contextmanager
    def headquarters(self) -> Iterator[Headquarters]:
        """Run headquarters inside this process."""
        with Headquarters(HeadquartersSettings(self.hq_home, SCHEMAS)) as running:
            self.connect(running.endpoint)
            self.running = running
            try:
                yield running
            finally:
                self.running = None

    def connect(self, endpoint: Endpoint) -> None:
        """Tell the gateway where headquarters is and by which key to believe it."""
        self.endpoint = endpoint
        public = Path(endpoint.public_key)
        shutil.copyfile(public, self.keys / f"headquarters-{endpoint.algorithm}.pem")
        extra = {"key_file": str(self.keys / "sftp.pem"), "host_key": endpoint.host_key}
        way = {"conn_type": "sftp", "host": endpoint.host, "port": endpoint.port, "login": ACCOUNT, "extra": extra}
        self.connections["ecqs_national"] = way

    def misbehave(self, **orders: Any) -> None:
        """Give headquarters orders to do wrong."""
        misbehave(self.hq_home, Orders.model_validate(orders))

    def behave(self) -> None:
        """Take them back."""
        behave(self.hq_home)

    def query(self) -> Query:
        """Ask headquarters' own ledger; the caller closes it."""
        return Query(self.hq_home)

    def held(self, unit: str | None = None) -> dict[str, HeldRecord]:
        """Give what headquarters holds by business key."""
        with self.query() as query:
            return {record.key: record for record in query.holdings(unit)}

    # -- the gateway

    @contextmanager
    def gateway(self, resolve: Any = None) -> Iterator[Gateway]:
        """Open the gateway on this world."""
        with open_gateway(self.settings(), connections=resolve or self.resolve, clock=self.clock) as gateway:
            yield gateway

    def sync(self, **options: Any) -> nightly.Summary:
        """Run the nightly sync once."""
        with self.gateway() as gateway:
            return nightly.sync(gateway, nightly.Options(**options))

    @contextmanager
    def ledger(self) -> Iterator[Database]:
        """Open the gateway's ledger alone."""
        database = Database(self.settings().ledger_url)
        try:
            yield database
        finally:
            database.dispose()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read from the gateway's ledger, for what only the gateway can know (reasons, letters)."""
        if self.ledger_url is None:
            with closing(sqlite3.connect(self.home / "ledger.db")) as db:
                return db.execute(sql).fetchall()
        with self.ledger() as database, database.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]


def clone(base: World, root: Path) -> World:
    """Give a test its own copy of a world that was made once: source, content, gateway; headquarters is not running."""
    shutil.copytree(base.root, root, symlinks=True)
    made = World(root, clock=SettableClock(START + timedelta(hours=1)))
    for unit in (name.removeprefix("ecqs_") for name in base.connections if name != "ecqs_national"):
        made.connections[f"ecqs_{unit}"] = {"conn_type": "sqlite", "host": str(made.source(unit))}
    return made


def judged_faultless(world: World, expected: Mapping[str, int] | None = None) -> None:
    """Assert that headquarters' ledger is whole, that nothing came twice, and how much it holds per unit."""
    with world.query() as query:
        assert query.faults() == []
        assert query.repeated() == []
        assert query.gaps() == []
        for unit, number in (expected or {}).items():
            assert len(query.holdings(unit)) == number


def counts(summary: nightly.Summary, unit: str = "320000") -> dict[str, Any]:
    """Give the counts of a unit's certificates in a run."""
    return next(row for row in summary.rows if row["unit"] == unit)


@pytest.fixture
def w() -> ModuleType:
    """This module: licence(), key(), judged_faultless() …"""
    return sys.modules[__name__]


@pytest.fixture
def bare(tmp_path: Path) -> World:
    """A world whose headquarters is not running."""
    made = World(tmp_path)
    made.build()
    return made


@pytest.fixture
def world(bare: World) -> Iterator[World]:
    """A world with a running headquarters and no province yet."""
    with bare.headquarters():
        yield bare
