"""A province with inspectors in a small world: rows to change, the list headquarters makes of them, and forgeries."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

from ecqs_gateway.flows import keyring
from ecqs_gateway.sandbox.inspector_lists import FOLDER, file_name
from ecqs_gateway.sandbox.keys import load_or_create
from ecqs_gateway.sandbox.receipts import seal

NAMES = ("list.xml", "list.sig")
NUMBERS = ("329926197505141763", "329907197603308732", "32990619800512013X", "329933196402232688")
"""Id numbers with good check characters and an area no place has."""

_CONNECTOR = """version: 1
unit: "{unit}"
owner: 测试
source: {{type: sql, connection: ecqs_{unit}, time_zone: Asia/Shanghai}}
streams:
  inspector: {{table: ry, key: [id], changed_at: gxsj, overlap: 30m}}
inspectors:
  type: table
  connection: ecqs_{unit}
  table: qg
  columns: {{bh: number, xm: name, dw: unit_name, fw: scope_names, zt: status_name, rq: status_date, bb: version}}
"""
_MAPPING = """version: 1
unit: "{unit}"
kind: inspector
owner: 测试
ignore: [id, gxsj]
fields:
  number: bh
  name: xm
  person_digest: {{from: sfz, digest: id_number}}
  employer: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  authority.name: {{const: 某某市场监督管理局}}
  authority.uscc: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  authority.area: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  regime: {{const: "2"}}
  level: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  issue_date: fzrq
  valid_from: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  valid_until: yxqz
  status: {{from: zt, codes: {{table: ryzt, unmapped: reject}}}}
  status_date: ztrq
  status_note: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
children:
  scopes: {{split: {{from: fw, by: "[;；]"}}, fields: {{product_class: item}}}}
"""


class Roster:
    """The inspectors of one unit of a world."""

    def __init__(self, world: Any, unit: str, rows: int = 3) -> None:
        self.world, self.unit, self._minute = world, unit, 0
        world.write(f"connectors/provinces/{unit}.yaml", _CONNECTOR.format(unit=unit))
        world.write(f"mappings/{unit}/inspector.yaml", _MAPPING.format(unit=unit))
        world.write(f"mappings/{unit}/codes/ryzt.csv", "source,national,note\n在岗,1,\n暂停,2,\n撤销,3,\n")
        world.connections[f"ecqs_{unit}"] = {"conn_type": "sqlite", "host": str(world.source(unit))}
        keyring.salt(world.keys, unit)
        with world.table(unit) as db:
            db.execute("CREATE TABLE ry (id PRIMARY KEY, bh, xm, sfz, fw, fzrq, yxqz, zt, ztrq, gxsj)")
            db.execute("CREATE TABLE qg (bh TEXT PRIMARY KEY, xm TEXT, dw TEXT, fw TEXT, zt TEXT, rq TEXT, bb INTEGER)")
        for number in range(1, rows + 1):
            self.put(number)

    def key(self, number: int) -> str:
        """Give the number of a certificate."""
        return f"{self.unit[:2]}核查{number:03d}"

    def put(self, number: int, **given: Any) -> None:
        """Insert or change an inspector; anything given replaces a cell."""
        self._minute += 1
        row = {
            "id": number, "bh": self.key(number), "xm": "梅示例", "sfz": NUMBERS[number % len(NUMBERS)], "fw": "02；06",
            "fzrq": "2021-03-01", "yxqz": None, "zt": "在岗", "ztrq": None,
            "gxsj": f"2026-11-20 08:{self._minute:02d}:00",
        } | given  # fmt: skip
        with self.world.table(self.unit) as db:
            db.execute(f"INSERT OR REPLACE INTO ry VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def send(self) -> None:
        """Let the changes go up, and headquarters issue its list."""
        self.world.clock.forward(minutes=5)
        assert self.world.sync().failed == {}
        self.world.running.wait_idle()

    def table(self) -> list[tuple[Any, ...]]:
        """Give what was written back, by number."""
        with closing(sqlite3.connect(self.world.source(self.unit))) as db:
            return db.execute("SELECT bh, xm, dw, fw, zt, rq, bb FROM qg ORDER BY bh").fetchall()


def published(world: Any, version: int, form: str) -> Path:
    """Give the file headquarters published for the world's account."""
    return Path(world.hq_home) / "files" / "gateway" / FOLDER / file_name(version, form)


def document(data: bytes) -> str:
    """Give the text of a published list."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("list.xml").decode()


def signed(world: Any, text: str, *, key: str = "headquarters") -> bytes:
    """Sign a text as a list, with headquarters' own key or the foreign one."""
    return seal(text.encode(), load_or_create(Path(world.hq_home) / "keys" / f"{key}-ed25519.pem"), names=NAMES)
