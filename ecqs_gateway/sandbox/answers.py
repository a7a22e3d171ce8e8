"""Checking what a unit answers in a random inspection, by headquarters' own code and against its own ledger.

HQ-301 the package cannot be read, HQ-302 its signature does not hold, HQ-303 it is not of the schema, HQ-304 it is
about another request, HQ-305 a file is not as described, HQ-311 a drawn case is missing or another one stands there,
HQ-312 its evidence is not what was delivered here, HQ-313 a demanded paper is lacking, HQ-314 a paper is not of a form
that can be filed. HQ-320 (the unit knows no such record) and HQ-321 (a paper stays lacking for the reason given) close
the case.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from ecqs_gateway.sandbox.audit_store import Audit, Item
from ecqs_gateway.sandbox.audit_writing import Remark
from ecqs_gateway.sandbox.home import Home
from ecqs_gateway.sandbox.keys import KeyRing
from ecqs_gateway.sandbox.package import NAMESPACE, Refusal, Schemas, reopen, safe_parser
from ecqs_gateway.sandbox.store import Store

__all__ = ["Case", "Opened", "check_answer", "open_message"]

_NS = f"{{{NAMESPACE}}}"
_LARGEST = 512 * 1024 * 1024
_PROLOG = re.compile(rb'<\?xml version="1\.0" encoding="UTF-8"\?>\s*<[a-z_]+[\s>]')
_FORMS = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"PK\x03\x04")
"""What papers begin with: PDF, PNG, JPEG, and OFD, which is a ZIP."""


@dataclass(frozen=True)
class Opened:
    """A message whose signature and schema hold."""

    root: etree._Element
    members: Mapping[str, bytes]

    @property
    def attributes(self) -> dict[str, str]:
        """Give the attributes of its root."""
        return {str(name): str(value) for name, value in self.root.attrib.items()}


@dataclass(frozen=True)
class Case:
    """An inspection, its drawn cases, and which answer is being looked at."""

    audit: Audit
    items: list[Item]
    number: int


def open_message(data: bytes, name: str, unit: str, keys: KeyRing, schemas: Schemas) -> Opened:
    """Open a message of a unit; raises Refusal HQ-301, HQ-302 or HQ-303."""
    members = _members(data)
    xml = members.get(f"{name}.xml")
    if xml is None or f"{name}.sig" not in members:
        raise Refusal("HQ-301", "答复包成员不符合约定")
    _check_signature(xml, members[f"{name}.sig"], unit, keys)
    if _PROLOG.match(xml) is None or b"<!" in xml or xml.count(b"<?") != 1:
        raise Refusal("HQ-303", "答复不是规范的 XML")
    try:
        root = etree.fromstring(xml, safe_parser())
    except etree.XMLSyntaxError as error:
        raise Refusal("HQ-303", "答复不是规范的 XML") from error
    if root.tag != f"{_NS}{name}" or not schemas.audits.validate(root):
        raise Refusal("HQ-303", "答复不符合 XSD")
    return Opened(root, members)


def _members(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                stored = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
                if not stored or info.filename in found or info.file_size > min(len(data), _LARGEST):
                    raise Refusal("HQ-301", "答复包成员须不压缩、不加密、不重名")
                found[info.filename] = archive.read(info)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Refusal("HQ-301", "答复包无法读取") from error
    return found


def _check_signature(xml: bytes, envelope: bytes, unit: str, keys: KeyRing) -> None:
    try:
        seal = json.loads(envelope)
        algorithm, key_id, text = (seal[name] for name in ("algorithm", "key_id", "signature"))
        signature = base64.b64decode(text, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise Refusal("HQ-302", "签名文件无法读取") from error
    key = keys.find(unit, key_id) if isinstance(key_id, str) else None
    if key is None or key.algorithm != algorithm or not key.verify(xml, signature):
        raise Refusal("HQ-302", "签名验证不通过")


def check_answer(data: bytes, case: Case, keys: KeyRing, schemas: Schemas, home: Home, store: Store) -> list[Remark]:
    """Hold an answer against the request and against what was delivered; gives remarks, none when all is well.

    Raises Refusal HQ-301 to HQ-305 for an answer that cannot be looked at as a whole.
    """
    opened = open_message(data, "audit_answer", case.audit.unit, keys, schemas)
    said = opened.attributes
    audit = case.audit
    wanted = {"request": audit.id, "unit": audit.unit, "package": audit.digest, "number": str(case.number)}
    if any(said.get(name) != value for name, value in wanted.items()):
        raise Refusal("HQ-304", "答复所指抽查通知与文件名或已签发的不一致")
    files = _files(opened)
    given = {int(each.get("number", "0")): each for each in opened.root.iterfind(f"{_NS}case")}
    look = _Look(case, files, home, store)
    return [remark for item in case.items for remark in look.at(item, given.get(item.number))]


def _files(opened: Opened) -> dict[str, bytes]:
    """Give the files the answer describes, each of which must be there as described, and no other."""
    described = {each.get("name", ""): each for each in opened.root.iterfind(f"{_NS}file")}
    there = {name for name in opened.members if not name.startswith("audit_answer.")}
    if set(described) != there:
        raise Refusal("HQ-305", "答复所列文件与包内文件不一致")
    for name, each in described.items():
        data = opened.members[name]
        if (str(len(data)), hashlib.sha256(data).hexdigest()) != (each.get("size"), each.get("digest")):
            raise Refusal("HQ-305", "包内文件的大小或摘要与答复所述不一致")
    return {name: opened.members[name] for name in there}


@dataclass(frozen=True)
class _Look:
    case: Case
    files: Mapping[str, bytes]
    home: Home
    store: Store

    def at(self, item: Item, given: etree._Element | None) -> Iterator[Remark]:
        """Look at one drawn case."""
        same = given is not None and (given.get("kind"), given.get("key"), given.get("version")) == (
            *(item.kind, item.key, item.version),
        )
        if given is None or not same:
            yield item.number, "HQ-311", "缺少该抽中案卷，或所附不是抽中的记录版本"
            return
        if given.get("outcome") == "unknown":
            self.store.alarm("audit case unknown", f"{self.case.audit.id}: case {item.number} is unknown to its unit")
            yield item.number, "HQ-320", "报送单位称没有该记录版本，已记录"
            return
        yield from self._evidence(item, given)
        yield from self._papers(item, given)

    def _evidence(self, item: Item, given: etree._Element) -> Iterator[Remark]:
        sent = given.find(f"{_NS}sent")
        rows = self.store.rows(
            "SELECT p.batch, p.digest, v.position FROM versions v JOIN packages p ON p.id = v.package"
            " WHERE v.kind = ? AND v.key = ? AND v.version = ? AND p.bound AND p.unit = ?"
            " AND v.outcome IN ('loaded', 'repeated')",
            *(item.kind, item.key, item.version, self.case.audit.unit),
        )
        mine = {row["batch"]: row["digest"] for row in rows}
        if sent is None or sent.get("batch") not in mine:
            yield item.number, "HQ-312", "所述报送批次不是该版本入库的批次"
            return
        name = sent.get("package")
        if name is None:
            return  # removed there under its retention; the bytes are here
        data = self.files.get(name, b"")
        if hashlib.sha256(data).hexdigest() != mine[sent.get("batch", "")] or not _carries(data, item):
            yield item.number, "HQ-312", "所附数据包不是本系统收到的数据包"
        yield from self._receipt(item, sent)

    def _receipt(self, item: Item, sent: etree._Element) -> Iterator[Remark]:
        name = sent.get("receipt")
        if name is None:
            return
        digest = hashlib.sha256(self.files.get(name, b"")).hexdigest()
        known = self.store.rows(
            "SELECT 1 FROM receipts r JOIN packages p ON p.id = r.package WHERE r.digest = ? AND p.batch = ?",
            *(digest, sent.get("batch")),
        )
        if not known:
            yield item.number, "HQ-312", "所附回执不是本系统签发的回执"

    def _papers(self, item: Item, given: etree._Element) -> Iterator[Remark]:
        there = {paper.get("type"): paper.get("file", "") for paper in given.iterfind(f"{_NS}paper")}
        excused = {paper.get("type") for paper in given.iterfind(f"{_NS}absent")}
        for wanted in json.loads(self.case.audit.demands).get(item.kind, ()):
            if wanted in there:
                continue
            if wanted in excused and self.case.number > 1:
                yield item.number, "HQ-321", f"缺少材料 {wanted}，所述原因已记录"
            else:
                yield item.number, "HQ-313", f"缺少应附材料 {wanted}"
        for paper, name in there.items():
            if not self.files.get(name, b"").startswith(_FORMS):
                yield item.number, "HQ-314", f"材料 {paper} 不是可归档的文件格式"


def _carries(package: bytes, item: Item) -> bool:
    """Say whether a package holds the drawn version."""
    _, xml = reopen(package)
    root = etree.fromstring(xml, safe_parser())
    return any(r.get("key") == item.key and r.get("version") == item.version for r in root.iterfind(f"{_NS}record"))
