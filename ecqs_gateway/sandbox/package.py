"""Reading a package as headquarters: the ZIP, the signature, the manifest, the parts. Trusts nothing it reads.

The order is what gives each step its meaning: until the signature over the exact bytes of ``manifest.xml`` has been
verified by a registered key, nothing the package says of itself is believed, and its batch id is not taken.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox.keys import ALGORITHMS, KeyRing

__all__ = ["NAMESPACE", "Arrival", "Manifest", "Part", "Refusal", "Schemas"]
__all__ += ["check_plain", "check_signature", "examine", "file_name", "reopen", "safe_parser"]

NAMESPACE = "urn:ecqs-gateway:exchange:1.0"
MAX_PACKAGE = 256 * 1024 * 1024
MAX_MANIFEST = 1024 * 1024
MAX_INFLATED = 512 * 1024 * 1024
MAX_RATIO = 200
"""Of inflated to packed bytes. Real batches reach 10; a run of zeros reaches 1,000."""

MEMBERS = ("manifest.xml", "manifest.sig", "batch.xml.gz")
_NAME = re.compile(r"(?P<unit>[0-9]{6})-(?P<kind>[a-z]+(?:_[a-z]+)*)-(?P<sequence>(?!0{8})[0-9]{8})\.zip", re.ASCII)
_PROLOG = re.compile(rb'<\?xml version="1\.0" encoding="UTF-8"\?>\s*<[a-z]+[\s>]')


class Refusal(Exception):
    """Why a package or a whole batch is refused: code HQ-1xx and a reason in Chinese without any value of it.

    ``binds`` is true when the unit's own signature vouches for the refused content, so that its batch id and sequence
    number are used up; otherwise the right bytes may still come under the same id.
    """

    def __init__(self, code: str, reason: str, *, binds: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.binds = binds


@dataclass(frozen=True)
class Arrival:
    """A file as it came: account, folder (unit), batch id from its name, and its bytes."""

    account: str
    unit: str
    kind: str
    sequence: int
    data: bytes

    @property
    def batch(self) -> str:
        """Batch id the file name claims."""
        return f"{self.unit}-{self.kind}-{self.sequence:08d}"

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Part:
    """One part of a package with the digest headquarters computed over what it received."""

    name: str
    algorithm: str
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What a verified manifest says, and the digests headquarters computed."""

    digest: str | None
    attributes: Mapping[str, str]
    parts: tuple[Part, ...] = ()


class Schemas:
    """The XSDs headquarters checks against; raises Misconfigured ECQS-6053 when the folder does not hold them."""

    def __init__(self, folder: Path) -> None:
        self.manifest = _schema(folder / "manifest.xsd")
        self.batch = _schema(folder / "batch.xsd")
        self.owners = _owners(folder.parent.parent / "codes" / "units.csv")
        """Units by the abbreviation that stands in their certificate numbers; empty without the code table."""


def _owners(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["abbreviation"]: row["code"] for row in rows if row.get("abbreviation")}


def _schema(path: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(etree.parse(str(path), safe_parser()))
    except (OSError, etree.LxmlError) as error:
        raise Misconfigured(
            "ECQS-6053",
            f"cannot use the schema ({type(error).__name__})",
            where=str(path),
            hint="point --schemas at a folder such as schemas/ecqs/1.0 with manifest.xsd and batch.xsd",
        ) from error


def safe_parser() -> etree.XMLParser:
    """Give a parser of our own for each use: the library's default parser can be replaced by anyone in the process."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def file_name(name: str) -> tuple[str, str, int] | None:
    """Read unit, kind and sequence off ``<batch id>.zip``; None for any other name."""
    found = _NAME.fullmatch(name)
    return (found["unit"], found["kind"], int(found["sequence"])) if found else None


def check_plain(xml: bytes) -> None:
    """Refuse XML that is more than elements and text: DOCTYPE, comments, CDATA, processing instructions, encodings.

    In canonical XML ``<`` never stands for itself, so two byte searches find all of them before any parser runs, and
    nothing can be hidden from the digest that the schema sees. Raises ValueError.
    """
    if _PROLOG.match(xml) is None or b"<!" in xml or xml.count(b"<?") != 1:
        raise ValueError("not plain canonical XML")


def examine(arrival: Arrival, keys: KeyRing, schemas: Schemas) -> tuple[Manifest, Refusal | None]:
    """Check a package up to level ``received``: what is known of its manifest, and the refusal if there is one."""
    manifest = Manifest(None, {})
    try:
        members = _members(arrival.data)
        manifest = _digests(members)
        algorithm = check_signature(arrival.unit, members, keys)
        manifest = _read_manifest(arrival, manifest, members["manifest.xml"], algorithm)
        _check_manifest(manifest, members, schemas, ALGORITHMS[algorithm])
    except Refusal as refusal:
        return manifest, refusal
    return manifest, None


def _members(data: bytes) -> dict[str, bytes]:
    if len(data) > MAX_PACKAGE:
        raise Refusal("HQ-101", "数据包超过大小上限")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if tuple(info.filename for info in infos) != MEMBERS:
                raise Refusal("HQ-101", "数据包成员不符合约定")
            if any(i.compress_type != zipfile.ZIP_STORED or i.flag_bits & 1 or i.file_size > len(data) for i in infos):
                raise Refusal("HQ-101", "数据包成员须不压缩、不加密")
            if any(info.file_size > MAX_MANIFEST for info in infos[:2]):
                raise Refusal("HQ-101", "数据包清单超过大小上限")
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise Refusal("HQ-101", "数据包无法读取") from error


def _digests(members: Mapping[str, bytes]) -> Manifest:
    """Digest what arrived before anything of it is believed: a refusal too must say which bytes it refuses.

    The part is digested by the algorithm the manifest claims, so that the sender can compare.
    """
    xml, part = members["manifest.xml"], members["batch.xml.gz"]
    algorithm = "sm3" if b'digest-algorithm="sm3"' in xml else "sha-256"
    computed = hashlib.new(algorithm.replace("-", ""), part).hexdigest()
    return Manifest(hashlib.sha256(xml).hexdigest(), {}, (Part("batch.xml.gz", algorithm, computed),))


def check_signature(unit: str, members: Mapping[str, bytes], keys: KeyRing) -> str:
    """Give the algorithm of the verified signature; which one is allowed follows from the registered key alone."""
    try:
        seal = json.loads(members["manifest.sig"])
        algorithm, key_id, text = (seal[name] for name in ("algorithm", "key_id", "signature"))
        signature = base64.b64decode(text, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise Refusal("HQ-102", "签名文件无法读取") from error
    key = keys.find(unit, key_id) if isinstance(key_id, str) else None
    if key is None:
        raise Refusal("HQ-102", "签名密钥未登记")
    if key.algorithm != algorithm or not key.verify(members["manifest.xml"], signature):
        raise Refusal("HQ-102", "签名验证不通过")
    return key.algorithm


def _read_manifest(arrival: Arrival, manifest: Manifest, xml: bytes, algorithm: str) -> Manifest:
    """Read the signed manifest and hold it against the file's name; only then does it bind the batch id."""
    try:
        check_plain(xml)
        root = etree.fromstring(xml, safe_parser())
    except (ValueError, etree.XMLSyntaxError) as error:
        raise Refusal("HQ-103", "清单不是规范的 XML") from error
    attributes = {str(name): str(value) for name, value in root.attrib.items()}
    claimed = {"batch": arrival.batch, "unit": arrival.unit, "kind": arrival.kind, "sequence": str(arrival.sequence)}
    if root.tag != f"{{{NAMESPACE}}}manifest" or any(attributes.get(name) != text for name, text in claimed.items()):
        raise Refusal("HQ-104", "清单与文件名或目录不一致")
    if attributes.get("signature") != algorithm:
        raise Refusal("HQ-104", "清单所述签名算法与签名不一致", binds=True)
    return Manifest(manifest.digest, attributes, manifest.parts)


def _check_manifest(manifest: Manifest, members: Mapping[str, bytes], schemas: Schemas, algorithm: str) -> None:
    root = etree.fromstring(members["manifest.xml"], safe_parser())
    if not schemas.manifest.validate(root):
        raise Refusal("HQ-103", "清单不符合 XSD", binds=True)
    part = manifest.parts[0]
    if len(root) != 1 or root[0].get("name") != part.name or root[0].get("digest-algorithm") != algorithm:
        raise Refusal("HQ-105", "清单所列部件或摘要算法不符合约定", binds=True)
    # Does not bind: the unit signed something else than what arrived, so the right bytes may still come.
    if root[0].get("digest") != part.digest or root[0].get("size") != str(len(members[part.name])):
        raise Refusal("HQ-105", "部件大小或摘要与清单不一致")


def _inflate(data: bytes, size: int) -> bytes:
    """Inflate one gzip member that must give exactly ``size`` bytes; refuses bombs before they are written out."""
    if not 0 < size <= min(MAX_INFLATED, MAX_RATIO * len(data) + 65536):
        raise Refusal("HQ-111", "解压后大小超过上限", binds=True)
    engine = zlib.decompressobj(wbits=31)
    try:
        xml = engine.decompress(data, size + 1)
    except zlib.error as error:
        raise Refusal("HQ-111", "批次文件无法解压", binds=True) from error
    if len(xml) != size or not engine.eof or engine.unused_data:
        raise Refusal("HQ-111", "解压后大小与清单不一致", binds=True)
    return xml


def reopen(package: bytes) -> tuple[dict[str, str], bytes]:
    """Give manifest attributes and inflated batch of a package that was examined before; raises Refusal HQ-111."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        root = etree.fromstring(archive.read("manifest.xml"), safe_parser())
        packed = archive.read("batch.xml.gz")
    return {str(name): str(value) for name, value in root.attrib.items()}, _inflate(
        packed, int(root[0].get("inflated", "0"))
    )
