"""Judging a batch as headquarters: schema, header, and every record by itself. One pass, no ledger.

What needs the ledger (``previous``, who owns a business key) is checked when the batch is loaded, by ``store``.
"""

from __future__ import annotations

import copy
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lxml import etree

from ecqs_gateway.sandbox.package import NAMESPACE, Refusal, Schemas, check_plain

__all__ = ["KEY_FIELDS", "MONTH_FIELDS", "RecordVerdict", "glimpse", "judge", "place_of"]

_NS = f"{{{NAMESPACE}}}"
KEY_FIELDS = {
    "approval": "case_number",
    "certificate": "number",
    "inspector": "number",
    "penalty": "decision_number",
    "risk_signal": "signal_number",
    "sampling_inspection": "result_number",
    "supervision_check": "check_number",
}
"""Per record kind the field of the body that is the business key."""
MONTH_FIELDS = {
    "approval": "submission_date",
    "certificate": "issue_date",
    "inspector": "issue_date",
    "penalty": "decision_date",
    "risk_signal": "found_date",
    "sampling_inspection": "published_date",
    "supervision_check": "check_date",
}
"""Per record kind the field of the body that says in which month of the digest tree the record stands."""

_ELEMENT = re.compile(r"Element '(?:\{[^}]*\})?([A-Za-z_]+)'")
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEADER = {"id": "batch", "unit": "unit", "kind": "kind", "sequence": "sequence"}
_HEADER |= {"created": "created", "schema": "schema", "content": "content"}


@dataclass(frozen=True)
class RecordVerdict:
    """One record of a batch: what it claims to be, and why it is refused (``code`` HQ-2xx) if it is."""

    position: int
    key: str
    version: str
    previous: str | None
    action: str
    flags: int = 0
    code: str | None = None
    field: str | None = None
    reason: str | None = None
    product: str | None = None
    month: str | None = None
    """Where the record stands in the digest tree; None without a body."""


def judge(xml: bytes, manifest: Mapping[str, str], schemas: Schemas) -> list[RecordVerdict]:
    """Check a batch and give a verdict per record, in batch order.

    Raises Refusal for the whole batch: HQ-111 not well-formed or not of the schema, HQ-112 another header than the
    manifest, HQ-113 another number of records.
    """
    try:
        check_plain(xml)
    except ValueError as error:
        raise Refusal("HQ-111", "批次文件不是规范的 XML", binds=True) from error
    verdicts: list[RecordVerdict] = []
    walk = _Walk(xml, schemas.batch)
    try:
        verdicts.extend(_verdict(record, position, manifest["kind"]) for position, record in enumerate(walk, 1))
    except etree.XMLSyntaxError as error:
        raise Refusal("HQ-111", _describe(error, len(verdicts)), binds=True) from error
    header = walk.header
    if any(header.get(name) != manifest.get(other) for name, other in _HEADER.items()):
        raise Refusal("HQ-112", "批次头与清单不一致", binds=True)
    if str(len(verdicts)) != manifest["records"]:
        raise Refusal("HQ-113", "记录数与清单不一致", binds=True)
    owned = [_foreign(verdict, manifest, schemas.owners) for verdict in verdicts]
    return _without_twins(owned)


def _foreign(verdict: RecordVerdict, manifest: Mapping[str, str], owners: Mapping[str, str]) -> RecordVerdict:
    """Refuse a certificate whose number carries the abbreviation of another reporting unit."""
    if manifest["kind"] != "certificate" or verdict.code is not None or verdict.key[:1] != "(":
        return verdict
    if owners.get(verdict.key[1:2], manifest["unit"]) == manifest["unit"]:
        return verdict
    return replace(verdict, code="HQ-207", field="number", reason="证书编号的省份简称属于其他报送单位")


def glimpse(xml: bytes) -> list[RecordVerdict]:
    """Give keys and versions of a refused batch as far as they can be read, so that corrections may link to them."""
    seen: list[RecordVerdict] = []
    try:
        check_plain(xml)
        for position, record in enumerate(_Walk(xml, None), 1):
            key, version = record.get("key", ""), record.get("version", "")
            if 0 < len(key) <= 200 and _HEX.fullmatch(version):
                seen.append(RecordVerdict(position, key, version, None, "upsert"))
    except (ValueError, etree.XMLSyntaxError):
        return seen
    return seen


class _Walk:
    """Walks the records of a batch while it is parsed and, with a schema, validated; keeps one record in memory."""

    def __init__(self, xml: bytes, schema: etree.XMLSchema | None) -> None:
        # Not resolve_entities=False: together with a schema it makes lxml 6.1's push parsers take a document that
        # breaks off for a whole one. There is no DOCTYPE here, so there are no entities either.
        self._events = etree.iterparse(
            io.BytesIO(xml),
            events=("end",),
            tag=f"{_NS}record",
            schema=schema,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )

    def __iter__(self) -> Iterator[etree._Element]:
        for _, record in self._events:
            yield record
            parent = record.getparent()
            record.clear()
            if parent is not None:
                while parent[0] is not record:
                    del parent[0]

    @property
    def header(self) -> dict[str, str]:
        root = self._events.root
        return {str(name): str(value) for name, value in root.attrib.items()}


def _verdict(record: etree._Element, position: int, kind: str) -> RecordVerdict:
    verdict = RecordVerdict(
        position,
        record.get("key", ""),
        record.get("version", ""),
        record.get("previous"),
        record.get("action", ""),
        flags=len(record.findall(f"{_NS}finding")),
    )
    body = record.find(f"{_NS}{kind}")
    if verdict.action == "invalidate":
        return verdict if body is None else replace(verdict, code="HQ-202", field="", reason="作废记录不得带正文")
    if body is None:
        return replace(verdict, code="HQ-202", reason="记录正文不是本批次的数据种类")
    product, month = place_of(body)
    verdict = replace(verdict, product=product, month=month)
    if _digest(body) != verdict.version:
        return replace(verdict, code="HQ-201", reason="版本摘要与正文不一致")
    field = KEY_FIELDS.get(kind)
    if field is not None and body.findtext(f"{_NS}{field}") != verdict.key:
        return replace(verdict, code="HQ-202", field=field, reason="业务主键与正文不一致")
    return _dates(verdict, body) if kind == "certificate" else verdict


def place_of(body: etree._Element) -> tuple[str, str]:
    """Give product (the first product class in the body) and month (of the kind's date); ``-`` where there is none."""
    product = next((found.text for found in body.iter(f"{_NS}product_class")), None)
    field = MONTH_FIELDS.get(etree.QName(body).localname)
    day = next((found.text for found in body.iter(f"{_NS}{field}")), None) if field is not None else None
    return product or "-", day[:7] if day else "-"


def _digest(body: etree._Element) -> str:
    # A copy, because lxml's C14N of an element inside a larger tree writes xmlns="" on its grandchildren: libxml2 then
    # finds the namespace through the real parent and takes it for another one.
    alone = copy.deepcopy(body)
    return hashlib.sha256(etree.tostring(alone, method="c14n", with_comments=False, with_tail=False)).hexdigest()


def _dates(verdict: RecordVerdict, body: etree._Element) -> RecordVerdict:
    """Hold the days of a certificate against each other; ISO days compare as text."""
    until = body.findtext(f"{_NS}valid_until")
    for start in ("issue_date", "valid_from"):
        day = body.findtext(f"{_NS}{start}")
        if day and until and until < day:
            return replace(verdict, code="HQ-210", field="valid_until", reason="有效期至早于发证日期或有效期起")
    return verdict


def _without_twins(verdicts: list[RecordVerdict]) -> list[RecordVerdict]:
    """Refuse every record whose business key stood in the same batch before."""
    seen: set[str] = set()
    result = []
    for verdict in verdicts:
        twin = verdict.key in seen
        seen.add(verdict.key)
        result.append(replace(verdict, code="HQ-204", reason="同一批次内业务主键重复") if twin else verdict)
    return result


def _describe(error: etree.XMLSyntaxError, records: int) -> str:
    """Say where the schema was broken: the parser's own message would quote the value."""
    found = _ELEMENT.search(str(error))
    place = f"，元素 {found[1]}" if found else ""
    what = "不符合 XSD" if found else "不是规范的 XML"
    return f"批次文件{what}：第 {records + 1} 条记录附近{place}"
