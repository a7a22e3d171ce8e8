"""A unit's monthly report, received as headquarters: its signature, its parts, and whether its numbers add up.

Read and added up by headquarters' own code. Why a report is refused: HQ-101 to HQ-105 as for batches, HQ-121 the data
cannot be read or are of another form, HQ-122 they are of another unit or month than the name says, HQ-123 a total is
not the sum of what it shows, HQ-124 the page shows another digest than that of the data.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from ecqs_gateway.sandbox.keys import ALGORITHMS, KeyRing
from ecqs_gateway.sandbox.package import (
    MAX_PACKAGE,
    NAMESPACE,
    Arrival,
    Manifest,
    Part,
    Refusal,
    check_plain,
    check_signature,
    safe_parser,
)

__all__ = ["KIND", "examine_report"]

KIND = "report"
PARTS = ("report.json", "report.xlsx", "report.html")
_MEMBERS = ("manifest.xml", "manifest.sig", *PARTS)


def examine_report(arrival: Arrival, keys: KeyRing) -> tuple[Manifest, Refusal | None]:
    """Check a report up to its numbers: what is known of its manifest, and the refusal if there is one."""
    manifest = Manifest(None, {})
    try:
        members = _members(arrival.data)
        manifest = _digested(members)
        algorithm = check_signature(arrival.unit, members, keys)
        manifest = _manifest(arrival, manifest, members, algorithm)
        _judge(arrival, members)
    except Refusal as refusal:
        return manifest, refusal
    return manifest, None


def _members(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            stored = all(i.compress_type == zipfile.ZIP_STORED and not i.flag_bits & 1 for i in infos)
            if len(data) > MAX_PACKAGE or not stored or tuple(info.filename for info in infos) != _MEMBERS:
                raise Refusal("HQ-101", "报告包成员不符合约定")
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise Refusal("HQ-101", "报告包无法读取") from error


def _digested(members: Mapping[str, bytes]) -> Manifest:
    algorithm = "sm3" if b'digest-algorithm="sm3"' in members["manifest.xml"] else "sha-256"
    parts = tuple(
        Part(name, algorithm, hashlib.new(algorithm.replace("-", ""), members[name]).hexdigest()) for name in PARTS
    )
    return Manifest(hashlib.sha256(members["manifest.xml"]).hexdigest(), {}, parts)


def _manifest(arrival: Arrival, manifest: Manifest, members: Mapping[str, bytes], algorithm: str) -> Manifest:
    try:
        check_plain(members["manifest.xml"])
        root = etree.fromstring(members["manifest.xml"], safe_parser())
    except (ValueError, etree.XMLSyntaxError) as error:
        raise Refusal("HQ-103", "清单不是规范的 XML") from error
    said = {str(name): str(value) for name, value in root.attrib.items()}
    claimed = {"batch": arrival.batch, "unit": arrival.unit, "kind": KIND, "sequence": str(arrival.sequence)}
    if root.tag != f"{{{NAMESPACE}}}manifest" or any(said.get(name) != text for name, text in claimed.items()):
        raise Refusal("HQ-104", "清单与文件名或目录不一致")
    if said.get("signature") != algorithm or len(root) != len(PARTS):
        raise Refusal("HQ-104", "清单所述签名算法或部件不符合约定", binds=True)
    for element, part in zip(root, manifest.parts, strict=True):
        stated = {"name": part.name, "digest-algorithm": ALGORITHMS[algorithm], "digest": part.digest}
        if any(element.get(name) != text for name, text in {**stated, "size": str(len(members[part.name]))}.items()):
            raise Refusal("HQ-105", "部件大小或摘要与清单不一致")
    return Manifest(manifest.digest, said, manifest.parts)


def _judge(arrival: Arrival, members: Mapping[str, bytes]) -> None:
    data = members["report.json"]
    try:
        report = json.loads(data)
        faults = list(_faults(report))
        named = {unit["code"] for unit in report["units"]}, report["month"].replace("-", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal("HQ-121", "报告数据无法读取", binds=True) from error
    if report.get("format") != "ecqs-report-1":
        raise Refusal("HQ-121", "报告数据的格式版本不支持", binds=True)
    if named != ({arrival.unit}, f"{arrival.sequence:08d}"[:6]):
        raise Refusal("HQ-122", "报告数据的单位或月份与编号不一致", binds=True)
    if faults:
        raise Refusal("HQ-123", f"报告合计与所列数字不一致：{faults[0]}", binds=True)
    if hashlib.sha256(data).hexdigest().encode() not in members["report.html"]:
        raise Refusal("HQ-124", "网页所示摘要不是报告数据的摘要", binds=True)


def _faults(report: Mapping[str, Any]) -> Iterator[str]:
    """Add up what the report shows; names the cells that are wrong."""
    cells: dict[str, Any] = {}
    for section in report["sections"]:
        for table in section["tables"]:
            rows = [*table["rows"], *([table["total"]] if table["total"] else [])]
            cells |= {f"{table['id']}.{row['id']}.{name}": v for row in rows for name, v in row["cells"].items()}
            for column in table["columns"]:
                yield from _wrong(table, column, rows)
    for section in report["sections"]:
        for figure in section["figures"]:
            found = [cells[address] or 0 for address in figure["cells"]]
            if figure["kind"] == "count" and figure["value"] != sum(found):
                yield figure["id"]
    for tie in report["ties"]:
        if sum(cells[one] or 0 for one in tie["left"]) != sum(cells[one] or 0 for one in tie["right"]):
            yield tie["what"]["zh"]


def _wrong(table: Mapping[str, Any], column: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> Iterator[str]:
    name = column["id"]
    for row in rows:
        cells = row["cells"]
        if column["sum_of"] and cells[name] != sum(cells[one] or 0 for one in column["sum_of"]):
            yield f"{table['id']}.{row['id']}.{name}"
        whole = cells[column["whole"]] if column["part"] else None
        if whole and abs(cells[name] - cells[column["part"]] / whole) > 1e-6:
            yield f"{table['id']}.{row['id']}.{name}"
    summed = table["total"] is not None and column["kind"] == "count"
    if summed and (table["total"]["cells"][name] or 0) != sum(row["cells"].get(name) or 0 for row in table["rows"]):
        yield f"{table['id']}.total.{name}"
