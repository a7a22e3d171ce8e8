"""A small gateway written for these tests only: it builds packages by hand and shares no code with the real one."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET  # a parser neither side uses

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ecqs_gateway.sandbox.query import Query
from ecqs_gateway.sandbox.serve import Headquarters, Settings, add_account, register_gateway

NS = "urn:ecqs-gateway:exchange:1.0"
SCHEMAS = Path(__file__).parents[2] / "schemas" / "ecqs" / "1.0"
ACCOUNT = "gateway"


@dataclass(frozen=True)
class Record:
    """One certificate as a province would send it; every field can be set wrong."""

    number: str = "(苏)XK06-001-00001"
    holder: str = "江苏远山电缆有限公司"
    issue_date: str = "2024-03-01"
    valid_until: str = "2029-02-28"
    previous: str | None = None
    action: str = "upsert"
    key: str | None = None
    claimed_version: str | None = None
    finding: str = ""

    @property
    def body(self) -> str:
        return (
            f"<certificate><number>{self.number}</number><holder><name>{self.holder}</name>"
            "<uscc>91440300192317458F</uscc></holder><products><product><name>架空绞线</name></product></products>"
            "<authority><name>江苏省市场监督管理局</name></authority>"
            f"<issue_date>{self.issue_date}</issue_date><valid_until>{self.valid_until}</valid_until>"
            "<status>01</status></certificate>"
        )

    @property
    def version(self) -> str:
        if self.claimed_version is not None:
            return self.claimed_version
        canonical = self.body.replace(">", f' xmlns="{NS}">', 1)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def xml(self) -> str:
        previous = f' previous="{self.previous}"' if self.previous else ""
        head = f'<record key="{self.key or self.number}" version="{self.version}"{previous} action="{self.action}"'
        if self.action == "invalidate":
            return f'{head} reason="证书注销"></record>'
        return f"{head}>{self.body}{self.finding}</record>"


@dataclass(frozen=True)
class Case(Record):
    """One 办件; its number is the unit's own."""

    number: str = "BJ2026-0001"

    @property
    def body(self) -> str:
        return (
            f"<approval><case_number>{self.number}</case_number><application_kind>01</application_kind>"
            "<products><product><name>架空绞线</name></product></products>"
            f"<enterprise><name>{self.holder}</name><uscc>91440300192317458F</uscc></enterprise>"
            f"<submission_date>{self.issue_date}</submission_date>"
            "<authority><name>江苏省市场监督管理局</name></authority></approval>"
        )


def certificates(count: int, *, first: int = 1) -> list[Record]:
    return [Record(number=f"(苏)XK06-001-{n:05d}") for n in range(first, first + count)]


@dataclass
class Sender:
    """Builds and signs packages of one unit."""

    unit: str = "320000"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    kind: str = "certificate"

    @property
    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def key_id(self) -> str:
        return hashlib.sha256(self.key.public_key().public_bytes_raw()).hexdigest()[:16]

    def batch_id(self, sequence: int) -> str:
        return f"{self.unit}-{self.kind}-{sequence:08d}"

    def batch_xml(self, sequence_: int, records: list[Record], /, **wrong: str) -> bytes:
        head = {
            "id": self.batch_id(sequence_),
            "unit": self.unit,
            "kind": self.kind,
            "sequence": str(sequence_),
            "created": "2026-11-23T02:30:00+08:00",
            "schema": "1.0",
            "content": f"sha256:{'0' * 64}",
        } | wrong
        attributes = "".join(f' {name}="{value}"' for name, value in head.items())
        body = "".join(record.xml for record in records)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<batch xmlns="{NS}"{attributes}>{body}</batch>'.encode()

    def manifest_xml(
        self, sequence_: int, batch_: bytes, packed: bytes, records_: int, /, **wrong: str | None
    ) -> bytes:
        said: dict[str, str | None] = {
            "batch": self.batch_id(sequence_),
            "unit": self.unit,
            "kind": self.kind,
            "sequence": str(sequence_),
            "created": "2026-11-23T02:30:00+08:00",
            "schema": "1.0",
            "content": f"sha256:{'0' * 64}",
            "engine": "0.1.0",
            "records": str(records_),
            "signature": "ed25519",
            "key": self.key_id,
        }
        part: dict[str, str | None] = {
            "name": "batch.xml.gz",
            "media": "application/gzip",
            "digest-algorithm": "sha-256",
            "digest": hashlib.sha256(packed).hexdigest(),
            "size": str(len(packed)),
            "inflated": str(len(batch_)),
        }
        part |= {name.removeprefix("part_"): value for name, value in wrong.items() if name.startswith("part_")}
        said |= {name: value for name, value in wrong.items() if not name.startswith("part_")}
        attributes, inner = (
            "".join(f' {name}="{value}"' for name, value in group.items() if value is not None)
            for group in (said, part)
        )
        part_xml = f"<part{inner}></part>"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest xmlns="{NS}"{attributes}>{part_xml}</manifest>'.encode()
        )

    def sign(self, manifest: bytes) -> bytes:
        signature = base64.b64encode(self.key.sign(manifest)).decode()
        return json.dumps({"algorithm": "ed25519", "key_id": self.key_id, "signature": signature}).encode()

    def package(
        self, sequence_: int, records_: list[Record] | None = None, /, *, xml: bytes | None = None, **wrong: str | None
    ) -> bytes:
        records = certificates(3) if records_ is None else records_
        xml = self.batch_xml(sequence_, records) if xml is None else xml
        packed = gzip.compress(xml, mtime=0)
        manifest = self.manifest_xml(sequence_, xml, packed, len(records), **wrong)
        return pack({"manifest.xml": manifest, "manifest.sig": self.sign(manifest), "batch.xml.gz": packed})


def pack(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=compression)
    return buffer.getvalue()


def unpack(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def manifest_digest(package: bytes) -> str:
    return hashlib.sha256(unpack(package)["manifest.xml"]).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """A receipt as a gateway sees it."""

    data: bytes
    attributes: dict[str, str]
    parts: list[tuple[str, str]]
    counts: dict[str, int]
    loaded_digest: str | None
    rejections: list[dict[str, str]]

    @classmethod
    def read(cls, data: bytes) -> Receipt:
        root = ET.fromstring(unpack(data)["receipt.xml"])  # noqa: S314  # of our own making
        counts, loaded = root.find(f"{{{NS}}}counts"), root.find(f"{{{NS}}}loaded")
        return cls(
            data,
            dict(root.attrib),
            [(part.attrib["name"], part.attrib["digest"]) for part in root.findall(f"{{{NS}}}part")],
            {} if counts is None else {name: int(value) for name, value in counts.attrib.items()},
            None if loaded is None else loaded.attrib["digest"],
            [dict(item.attrib) for item in root.findall(f"{{{NS}}}rejection")],
        )

    @property
    def codes(self) -> list[str]:
        return [item["code"] for item in self.rejections]


def sealed_by(data: bytes, public_pem: Path) -> bool:
    """Say whether the receipt's signature fits headquarters' Ed25519 key."""
    members = unpack(data)
    key = serialization.load_pem_public_key(public_pem.read_bytes())
    try:
        key.verify(base64.b64decode(json.loads(members["receipt.sig"])["signature"]), members["receipt.xml"])
    except Exception:  # noqa: BLE001
        return False
    return True


@dataclass
class Office:
    """A headquarters under test with one registered unit, reached through the folder its SFTP account sees."""

    home: Path
    sender: Sender
    schemas: Path = SCHEMAS
    running: Headquarters | None = None

    def start(self, **settings: object) -> Headquarters:
        self.running = Headquarters(Settings(home=self.home, schemas=self.schemas, **settings))
        self.running.start()
        return self.running

    def stop(self) -> None:
        if self.running is not None:
            self.running.stop()
            self.running = None

    def restart(self) -> Headquarters:
        self.stop()
        return self.start()

    def register(self, sender: Sender) -> Sender:
        path = self.home / f"{sender.unit}.pem"
        path.write_bytes(sender.public_pem)
        register_gateway(self.home, path, sender.unit)
        return sender

    def drop(self, name: str, data: bytes, unit: str = "320000") -> None:
        inbox = self.home / "files" / ACCOUNT / "inbox" / unit
        inbox.mkdir(parents=True, exist_ok=True)
        part = inbox / f".{name}.part"
        part.write_bytes(data)
        part.rename(inbox / name)

    def deliver(self, sequence: int, data: bytes, sender: Sender | None = None) -> list[str]:
        """Bring a package and wait; gives the levels of the receipts that lie in the folder afterwards."""
        sender = sender or self.sender
        self.drop(f"{sender.batch_id(sequence)}.zip", data, sender.unit)
        assert self.running is not None
        self.running.wait_idle()
        return self.levels(sequence, sender)

    def receipts(self, sequence: int, sender: Sender | None = None) -> dict[str, Receipt]:
        return {level: Receipt.read(data) for level, data in self.raw(sequence, sender).items()}

    def raw(self, sequence: int, sender: Sender | None = None) -> dict[str, bytes]:
        sender = sender or self.sender
        folder = self.folder(sender)
        found = sorted(folder.glob(f"{sender.batch_id(sequence)}.*.zip"), key=lambda path: path.stat().st_mtime_ns)
        return {path.name.split(".")[1]: path.read_bytes() for path in found}

    def levels(self, sequence: int, sender: Sender | None = None) -> list[str]:
        order = ["received", "validated", "loaded", "rejected"]
        return sorted(self.raw(sequence, sender), key=order.index)

    def take(self, sequence: int | None = None, sender: Sender | None = None) -> dict[str, bytes]:
        """Take the receipts out of the folder, as a gateway does once it has settled them."""
        sender = sender or self.sender
        taken = {}
        for path in self.folder(sender).glob("*.zip" if sequence is None else f"{sender.batch_id(sequence)}.*.zip"):
            (path.parent / "taken").mkdir(exist_ok=True)
            taken[path.name] = path.read_bytes()
            path.rename(path.parent / "taken" / path.name)
        return taken

    def folder(self, sender: Sender | None = None) -> Path:
        return self.home / "files" / ACCOUNT / "receipts" / (sender or self.sender).unit

    def query(self) -> Query:
        return Query(self.home)

    def faults(self) -> list[str]:
        with self.query() as query:
            return query.faults()


@pytest.fixture
def kit() -> SimpleNamespace:
    """What the tests build packages with and read receipts by."""
    return SimpleNamespace(
        ACCOUNT=ACCOUNT,
        Case=Case,
        NS=NS,
        SCHEMAS=SCHEMAS,
        Office=Office,
        Receipt=Receipt,
        Record=Record,
        Sender=Sender,
        certificates=certificates,
        manifest_digest=manifest_digest,
        pack=pack,
        sealed_by=sealed_by,
        unpack=unpack,
    )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A running headquarters that must be consistent with itself when the test is over."""
    home = tmp_path / "headquarters"
    home.mkdir()
    office = Office(home, Sender())
    office.register(office.sender)
    add_account(home, ACCOUNT, "ssh-ed25519 AAAA")
    office.start()
    yield office
    office.stop()
    assert office.faults() == []
