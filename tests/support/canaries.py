"""Values that must turn up nowhere, a world full of them, and a search that looks everywhere."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

CITIZEN = "510104197806121235"
CHILD_CITIZEN = "320582199001019131"
OLD_CITIZEN = "110105491231002"
MOBILE = "13987654321"
QUOTED_MOBILE = "15611112222"
PERSON = "司徒雪鸢"
OTHER_PERSON = "上官云岫"
PASSWORD = "Kanarien-Vogel/7#x"
URL_PASSWORD = "Gelber@Vogel:9"
EXTRA_SECRET = "extra-secret-Zaunkoenig"

NUMBERS = {
    "citizen": CITIZEN,
    "child citizen": CHILD_CITIZEN,
    "old citizen": OLD_CITIZEN,
    "mobile": MOBILE,
    "quoted mobile": QUOTED_MOBILE,
}
PERSONS = {"person": PERSON, "other person": OTHER_PERSON}
SECRETS = {"password": PASSWORD, "url password": URL_PASSWORD, "extra secret": EXTRA_SECRET}
EVERYTHING = NUMBERS | PERSONS | SECRETS

_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def forms(value: str) -> set[bytes]:
    """Every way a value could be written somewhere."""
    texts = {value, value.translate(_WIDE), quote(value), quote(value, safe=""), repr(value)[1:-1]}
    texts |= {json.dumps(value)[1:-1], json.dumps(json.dumps(value))[3:-3]}
    found = {text.encode() for text in texts}
    for codec in ("gb18030", "utf-16-le", "utf-16-be"):
        found.add(value.encode(codec))
    # Base64 of the value at each of the three places it can have in a longer text.
    found |= {base64.b64encode(b"\0" * n + value.encode())[4 if n else 0 : -4] for n in range(3)}
    found.add(value.encode().hex().encode())
    return {form for form in found if len(form) >= 8}


def keys_of(folder: Path) -> dict[str, str]:
    """The private keys of a gateway, each by a line of its own."""
    found = {}
    for file in (*folder.glob("*.pem"), *folder.glob("payload-*.key"), *folder.glob("salt-*.key")):
        text = file.read_text(encoding="ascii")
        if "PUBLIC" in text:
            continue
        lines = [line for line in text.split() if len(line) > 30 and "---" not in line]
        found[file.name] = lines[-1] if file.suffix == ".key" else lines[len(lines) // 2]
    return found


def hits(texts: Mapping[str, bytes], canaries: Mapping[str, str]) -> list[str]:
    """Say which canary stands where."""
    wanted = [(name, form) for name, value in canaries.items() for form in forms(value)]
    return sorted({f"{name} in {place}" for place, data in texts.items() for name, form in wanted if form in data})


def files(root: Path, *, skip: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The bytes of every file below a folder, and what is inside archives and databases."""
    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(skip):
            found |= dict(_inside(name, path.read_bytes()))
            if path.suffix == ".db":
                found[f"{name} (its rows)"] = _dump(path)
    return found


def _inside(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, data
    if data.startswith(b"PK\x03\x04") and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from _inside(f"{name}/{member}", archive.read(member))
    if data.startswith(b"\x1f\x8b"):
        yield f"{name} (unzipped)", gzip.decompress(data)


def _dump(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as db:
        return "\n".join(db.iterdump()).encode("utf-8", "surrogateescape")


def headers(data: Mapping[str, bytes]) -> dict[str, bytes]:
    """Of what is sent, the parts that are no records: manifests, signatures, the batch's own head."""
    return {
        name: text[: text.find(b"<record")] if b"<record" in text else text
        for name, text in data.items()
        if (name.startswith("stage/outbox/") and "(unzipped)" in name) or name.endswith(("manifest.xml", ".sig"))
    }


CONNECTOR = """version: 1
unit: "{unit}"
owner: 测试
source: {{type: sql, connection: ecqs_{unit}, time_zone: Asia/Shanghai}}
streams:
  certificate:
    table: zs
    key: [id]
    changed_at: gxsj
    overlap: 30m
    batch_rows: 100
    children:
      cp: {{table: cp, parent_key: [zs_id], key: [id], order_by: [xh]}}
"""
FILES = """version: 1
unit: "{unit}"
owner: 测试
source: {{type: files, connection: ecqs_{unit}}}
streams:
  certificate: {{files: "*.csv", format: csv, key: [id], settle: 0s}}
"""
_PERSONAL = "sfzh, sfzh_old, sjh, fr, bz"


def sql_province(world: Any, w: Any, unit: str, good: int = 20) -> None:
    """A province whose every row holds personal data: in columns nobody maps, in a child table, and where it hurts."""
    world.province(unit)
    world.write(f"connectors/provinces/{unit}.yaml", CONNECTOR.format(unit=unit))
    file = world.content / f"mappings/{unit}/certificate.yaml"
    text = file.read_text(encoding="utf-8").replace("ignore: [id, gxsj]", f"ignore: [id, gxsj, cpmc, {_PERSONAL}]")
    old = 'products: {split: {from: cpmc, by: "[;；]"}, fields: {name: item}}'
    assert old in text
    file.write_text(text.replace(old, "products: {child: cp, fields: {name: mc}}"), encoding="utf-8")
    with world.table(unit) as db:
        db.execute("DROP TABLE zs")
        db.execute(f"CREATE TABLE zs (id INTEGER PRIMARY KEY, {', '.join(w.COLUMNS[1:])}, {_PERSONAL})")
        db.execute("CREATE INDEX zs_gxsj ON zs (gxsj, id)")
        db.execute("CREATE TABLE cp (zs_id INTEGER, xh INTEGER, mc TEXT, jyy TEXT, jyy_sfzh TEXT)")
    rows = [w.licence(unit, n) for n in range(1, good + 1)]
    rows += [w.licence(unit, good + n, **bad) for n, bad in enumerate(bad_cells(), 1)]
    world_put(world, unit, rows)


def bad_cells() -> list[dict[str, Any]]:
    """Cells that make a row fail, each holding what nobody may read."""
    return [
        {"fzrq": f"{PERSON} {CITIZEN}"},
        {"fzrq": int(MOBILE)},
        {"zt": f"{CITIZEN[:6]} {CITIZEN[6:14]} {CITIZEN[14:]}"},
        {"zt": PERSON},
        {"zsbh": CITIZEN},
        {"zsbh": f"苏XK{MOBILE}"},
        {"tyshxydm": CITIZEN},
        {"tyshxydm": f"{OTHER_PERSON}{QUOTED_MOBILE}"},
        {"qymc": f"{PERSON}\x01{MOBILE}", "zt": MOBILE},
        {"yxqz": f"{OLD_CITIZEN}"},
        {"yxqz": CITIZEN.translate(_WIDE)},
        {"qymc": f"{PERSON}" * 200},
        {"gxsj": f"{PERSON}{MOBILE}"},
        {"qymc": b"\xff\xfe" + CITIZEN.encode()},
    ]


def world_put(world: Any, unit: str, rows: list[Any]) -> None:
    """Insert rows with their personal columns and children."""
    with world.table(unit) as db:
        for row in rows:
            values = (*row.cells, CITIZEN, OLD_CITIZEN, MOBILE, PERSON, f"联系{OTHER_PERSON} {QUOTED_MOBILE}")
            db.execute(f"INSERT OR REPLACE INTO zs VALUES ({', '.join('?' * len(values))})", values)
            db.execute("INSERT INTO cp VALUES (?, 1, '架空绞线', ?, ?)", (row.id, OTHER_PERSON, CHILD_CITIZEN))


def files_province(world: Any, unit: str, folder: Path) -> None:
    """A province that drops files: with a person's number in a name, and lines that cannot be read."""
    world.province(unit)
    world.write(f"connectors/provinces/{unit}.yaml", FILES.format(unit=unit))
    folder.mkdir()
    head = "id,zsbh,qymc,tyshxydm,cpmc,fzrq,yxqz,zt,gxsj,sfzh,sjh,fr\n"
    good = "{},沪XK06-001-{:05d},远山电缆有限公司,91440300192317458F,架空绞线,2024-03-01,2029-02-28,有效,x,"
    good += f"{CITIZEN},{MOBILE},{PERSON}\n"
    bad = f"{PERSON},{CITIZEN},{MOBILE}\n"
    quotes = f'9,"{PERSON} {CITIZEN}\n'
    file = world.content / f"mappings/{unit}/certificate.yaml"
    text = file.read_text(encoding="utf-8").replace("ignore: [id, gxsj]", "ignore: [id, gxsj, sfzh, sjh, fr]")
    file.write_text(text, encoding="utf-8")
    rows = "".join(good.format(n, n) for n in range(1, 6))
    (folder / "zs.csv").write_text(head + rows + bad + rows.replace("沪XK", PERSON) + quotes, encoding="utf-8")
    (folder / f"客户{CITIZEN}-{MOBILE}.csv").write_text(head + good.format(7, 7) + bad, encoding="utf-8")
    (folder / f".{MOBILE}.csv.part").write_text("x", encoding="utf-8")
    world.connections[f"ecqs_{unit}"] = {"conn_type": "fs", "extra": {"path": str(folder)}}
