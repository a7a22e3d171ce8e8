"""The hand-written script that a competent engineer would write in two days, and that most provinces run today.

psycopg2 cursor → one pydantic model per row → lxml elements → parse and validate → gzip → SHA-256, Ed25519 → SFTP with
paramiko's defaults. It checks what the gateway checks of these 28 columns and writes the same XML to the same schema;
it keeps no ledger, no outbox, no receipts and no dead letters, only a count of bad rows.

    python naive.py --database postgresql://... --table t_xk_zs --schema batch.xsd --host … --port … --user … --key …
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import hashlib
import json
import re
import time
from pathlib import Path

import paramiko
import psycopg2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lxml import etree
from pydantic import BaseModel, ValidationError, field_validator, model_validator
from stdnum.cn import uscc

NAMESPACE = "urn:ecqs-gateway:exchange:1.0"
STATUS = {"01": "01", "03": "03", "04": "04", "05": "05", "07": "07"}
METHODS = {"自行检验": "1", "委托检验": "2"}
NUMBER = re.compile(r"\(苏\)XK\d{2}-\d{3}-\d{5}")


class Certificate(BaseModel):
    """One certificate row, validated the way everybody does it."""

    number: str
    holder: str
    code: str
    address: str
    production: str
    products: list[str]
    method: str | None
    authority: str
    authority_code: str
    area: str
    issued: dt.date
    valid_from: dt.date
    valid_until: dt.date
    status: str
    note: str | None

    @field_validator("number")
    @classmethod
    def _number(cls, value: str) -> str:
        if not NUMBER.fullmatch(value):
            raise ValueError("not a certificate number")
        return value

    @field_validator("code", "authority_code")
    @classmethod
    def _code(cls, value: str) -> str:
        return uscc.validate(value)

    @field_validator("holder", "address", "production", "authority")
    @classmethod
    def _text(cls, value: str) -> str:
        value = " ".join(value.split())
        if not value or len(value) > 300:
            raise ValueError("empty or too long")
        return value

    @field_validator("issued", "valid_from", "valid_until", mode="before")
    @classmethod
    def _day(cls, value: str) -> dt.date:
        return dt.datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007

    @field_validator("status")
    @classmethod
    def _status(cls, value: str) -> str:
        return STATUS[value] if value in STATUS else _refuse("unknown status")

    @model_validator(mode="after")
    def _order(self) -> Certificate:
        if self.valid_until <= self.valid_from or self.issued >= self.valid_until:
            raise ValueError("valid_until before valid_from")
        return self


def _refuse(message: str) -> str:
    raise ValueError(message)


def build(record: Certificate, batch: etree._Element) -> None:
    """Append one record element."""
    entry = etree.SubElement(batch, f"{{{NAMESPACE}}}record", key=record.number, version="0" * 64, action="upsert")
    body = etree.SubElement(entry, f"{{{NAMESPACE}}}certificate")

    def add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
        element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        element.text = text
        return element

    add(body, "number", record.number)
    holder = add(body, "holder")
    add(holder, "name", record.holder)
    add(holder, "uscc", record.code)
    add(holder, "address", record.address)
    places = add(body, "production_addresses")
    add(add(places, "production_address"), "address", record.production)
    products = add(body, "products")
    for name in record.products:
        add(add(products, "product"), "name", name)
    if record.method:
        add(body, "test_method", record.method)
    authority = add(body, "authority")
    add(authority, "name", record.authority)
    add(authority, "uscc", record.authority_code)
    add(authority, "area", record.area)
    add(body, "issue_date", record.issued.isoformat())
    add(body, "valid_from", record.valid_from.isoformat())
    add(body, "valid_until", record.valid_until.isoformat())
    add(body, "status", record.status)
    if record.note:
        add(body, "status_note", record.note)
    entry.set("version", hashlib.sha256(etree.tostring(body, method="c14n")).hexdigest())


def parse(row: dict[str, object]) -> Certificate:
    """Map one row."""
    return Certificate(
        number=row["zsbh"], holder=row["qymc"], code=row["tyshxydm"], address=row["zs"], production=row["scdz"],
        products=[p for p in str(row["cpmc"]).split(",") if p], method=METHODS.get(str(row["jyfs"])),
        authority=row["fzjg"], authority_code=row["fzjg_tyxydm"], area="320000", issued=row["fzrq"],
        valid_from=row["yxqq"], valid_until=row["yxqz"], status=row["zt"],
        note=row["bz"],
    )  # type: ignore[arg-type]  # fmt: skip


def main() -> None:
    """Run the script and print one JSON line: rows, bad, seconds."""
    parser = argparse.ArgumentParser()
    for name in ("--database", "--table", "--schema", "--host", "--user", "--key", "--folder"):
        parser.add_argument(name, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--bad", help="file to write the keys of the bad rows to, one a line")
    given = parser.parse_args()
    started = time.perf_counter()
    schema = etree.XMLSchema(etree.parse(given.schema))
    signing_key = Ed25519PrivateKey.generate()
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # as such scripts do
    client.connect(given.host, given.port, given.user, key_filename=given.key, look_for_keys=False, allow_agent=False)
    sftp = client.open_sftp()
    connection = psycopg2.connect(given.database)
    cursor = connection.cursor("naive")
    cursor.itersize = 5000
    limit = f" LIMIT {given.limit}" if given.limit else ""
    cursor.execute(f"SELECT * FROM {given.table} ORDER BY gxsj, zsid{limit}")
    rows = sequence = 0
    bad: list[str] = []
    while fetched := cursor.fetchmany(5000):
        names = [column.name for column in cursor.description]
        sequence += 1
        created = dt.datetime.now(dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=8))).isoformat(timespec="seconds")
        batch = etree.Element(
            f"{{{NAMESPACE}}}batch", nsmap={None: NAMESPACE}, id=f"320000-certificate-{sequence:08d}", unit="320000",
            kind="certificate", sequence=str(sequence), created=created, schema="1.0", content="sha256:" + "0" * 64,
        )  # fmt: skip
        for values in fetched:
            rows += 1
            row = dict(zip(names, values, strict=True))
            try:
                build(parse(row), batch)
            except ValidationError:
                bad.append(row["zsid"])
        xml = etree.tostring(batch, xml_declaration=True, encoding="UTF-8")
        schema.assertValid(etree.fromstring(xml))
        packed = gzip.compress(xml, 6)
        receipt = {"digest": hashlib.sha256(packed).hexdigest(), "signature": signing_key.sign(packed).hex()}
        for suffix, data in ((".xml.gz", packed), (".json", json.dumps(receipt).encode())):
            name = f"{given.folder}/naive-{sequence:06d}{suffix}"
            with sftp.file(name + ".tmp", "wb") as file:
                file.set_pipelined(True)
                file.write(data)
            sftp.posix_rename(name + ".tmp", name)
    connection.close()
    client.close()
    if given.bad:
        Path(given.bad).write_text("\n".join(sorted(bad)), encoding="utf-8")
    print(json.dumps({"rows": rows, "bad": len(bad), "seconds": round(time.perf_counter() - started, 3)}))


if __name__ == "__main__":
    main()
