"""What batch, manifest and receipt look like on the wire: their simple types, elements and attributes, as data.

XSD and reference are both written from here, so that they cannot say different things.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ecqs_gateway.model.batch import MAX_SEQUENCE, SCHEMA_VERSION, Action, Severity
from ecqs_gateway.model.receipt import Level
from ecqs_gateway.model.types.base import XsdType

__all__ = ["BATCH", "MANIFEST", "RECEIPT", "UNITS", "Attribute", "Element", "envelope_types"]

UNITS = "units"
"""Stands for the type of an attribute that holds a reporting unit: a code of the table of this name."""


_KIND = "[a-z]+(_[a-z]+)*"
_PATH = r"[a-z][a-z0-9_]*(\[[1-9][0-9]*\])?(\.[a-z][a-z0-9_]*)*"
_HEX64 = "[0-9a-f]{64}"
# The range of the time facets is xs:dateTime's own; the pattern fixes the zone and forbids a bare or odd spelling.
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+08:00"


@dataclass(frozen=True)
class Attribute:
    """An attribute: name, name of its simple type, Chinese title, and whether it must be there."""

    name: str
    type: str
    title: str
    required: bool = True


@dataclass(frozen=True)
class Element:
    """An element of an envelope: its attributes, its children in order, or the simple type of its text.

    ``body`` marks the place where a record of any kind stands.
    """

    name: str
    title: str
    attributes: tuple[Attribute, ...] = ()
    children: tuple[Element, ...] = ()
    text: str | None = None
    at_least: int = 1
    many: bool = False
    body: bool = False


def _pattern(name: str, pattern: str, *facets: tuple[str, str], base: str = "xs:string") -> XsdType:
    return XsdType(name, base, (*facets, ("pattern", pattern)))


def _words(name: str, words: Iterable[str]) -> XsdType:
    return XsdType(name, "xs:string", tuple(("enumeration", word) for word in words))


def _length(name: str, longest: int) -> XsdType:
    return XsdType(name, "xs:string", (("minLength", "1"), ("maxLength", str(longest))))


def envelope_types(kinds: Iterable[str]) -> list[tuple[XsdType, str]]:
    """Give the simple types of the envelopes, each with its Chinese title."""
    longest = ("maxLength", "500")
    sequence = XsdType("Sequence", "xs:positiveInteger", (("maxInclusive", str(MAX_SEQUENCE)),))
    return [
        (_pattern("BatchId", f"[0-9]{{6}}-{_KIND}-[0-9]{{8}}"), "批次编号：报送单位-记录类型-八位顺序号"),
        (_words("RecordKind", kinds), "记录类型"),
        (sequence, "批次顺序号：同一单位同一类型从1起连续"),
        (_pattern("Moment", _MOMENT, base="xs:dateTime"), "时间：北京时间，带时区"),
        (_words("SchemaVersion", [SCHEMA_VERSION]), "交换格式版本"),
        (_pattern("ContentDigest", f"sha256:{_HEX64}"), "内容包摘要：规则、映射、代码表的版本"),
        (_pattern("Digest", _HEX64), "摘要：64位小写十六进制"),
        (_pattern("KeyId", "[0-9a-f]{16}"), "密钥标识：公钥SHA-256的前16位十六进制"),
        (_pattern("AlgorithmName", "[a-z0-9]+(-[a-z0-9]+)*", ("maxLength", "40")), "算法标识"),
        (_pattern("EngineVersion", r"[0-9]+(\.[0-9]+)*[A-Za-z0-9.+\-]*", ("maxLength", "40")), "报送程序版本"),
        (_pattern("FileName", r"[a-z0-9_]+(\.[a-z0-9]+)+", ("maxLength", "100")), "包内文件名"),
        (_pattern("MediaType", r"[a-z]+/[a-z0-9.+\-]+", ("maxLength", "100")), "媒体类型"),
        (XsdType("Count", "xs:nonNegativeInteger"), "数量"),
        (XsdType("ReceiptNumber", "xs:positiveInteger"), "回执流水号：总局端从1起连续"),
        (_words("Action", Action), "操作：upsert 新增或更新，invalidate 作废"),
        (_words("FindingSeverity", [Severity.FLAG]), "规则结论级别：随记录报送的只有 flag"),
        (_words("ReceiptLevel", Level), "回执级别"),
        (_length("RecordKey", 128), "业务主键"),
        (_pattern("RuleId", "[A-Z][A-Z0-9]*(-[A-Z0-9]+)+", ("maxLength", "60")), "规则编号"),
        (_pattern("FieldPaths", f"{_PATH}(,{_PATH})*", longest), "字段路径；多个字段以逗号分隔"),
        (_pattern("RejectionCode", "HQ-[0-9]{3}"), "退回代码：HQ-1xx 整批，HQ-2xx 单条"),
        (_pattern("ReceiptId", r"[A-Za-z0-9._\-]+", ("maxLength", "64")), "回执编号"),
        (_length("Issuer", 100), "回执签发方"),
        (_length("Reason", 1000), "原因说明"),
    ]


_LANE = (
    Attribute("unit", UNITS, "报送单位"),
    Attribute("kind", "RecordKind", "记录类型"),
    Attribute("sequence", "Sequence", "批次顺序号"),
)
_FINDING = Element(
    "finding",
    "规则结论：不影响报送、需要总局知悉的情况",
    (
        Attribute("rule", "RuleId", "规则编号"),
        Attribute("severity", "FindingSeverity", "级别"),
        Attribute("field", "FieldPaths", "涉及字段", required=False),
    ),
    at_least=0,
    many=True,
)
_RECORD = Element(
    "record",
    "一条记录的一个版本：upsert 带记录体，invalidate 带原因、不带记录体",
    (
        Attribute("key", "RecordKey", "业务主键"),
        Attribute("version", "Digest", "版本摘要：记录体 C14N 1.0 字节的 SHA-256"),
        Attribute("previous", "Digest", "上一版本摘要，首次报送时没有", required=False),
        Attribute("action", "Action", "操作"),
        Attribute("reason", "Reason", "作废原因", required=False),
    ),
    (_FINDING,),
    at_least=0,  # a batch the schema left empty still takes its number, for sequences have no gaps
    many=True,
    body=True,
)
BATCH = Element(
    "batch",
    "批次：一个单位一次报送的同类记录",
    (
        Attribute("id", "BatchId", "批次编号"),
        *_LANE,
        Attribute("created", "Moment", "生成时间"),
        Attribute("schema", "SchemaVersion", "交换格式版本"),
        Attribute("content", "ContentDigest", "内容包摘要"),
    ),
    (_RECORD,),
)

_PART = Element(
    "part",
    "包内文件",
    (
        Attribute("name", "FileName", "文件名"),
        Attribute("media", "MediaType", "媒体类型"),
        Attribute("digest-algorithm", "AlgorithmName", "摘要算法：sha-256、sm3"),
        Attribute("digest", "Digest", "文件摘要"),
        Attribute("size", "Count", "文件字节数"),
        Attribute("inflated", "Count", "解压后字节数"),
    ),
    many=True,
)
MANIFEST = Element(
    "manifest",
    "清单：签名所对的全部事实",
    (
        Attribute("batch", "BatchId", "批次编号"),
        *_LANE,
        Attribute("created", "Moment", "生成时间"),
        Attribute("schema", "SchemaVersion", "交换格式版本"),
        Attribute("content", "ContentDigest", "内容包摘要"),
        Attribute("engine", "EngineVersion", "报送程序版本"),
        Attribute("records", "Count", "记录数"),
        Attribute("signature", "AlgorithmName", "签名算法：ed25519、sm2-sm3"),
        Attribute("key", "KeyId", "签名密钥标识"),
        Attribute("previous", "Digest", "上一批次清单的 SHA-256，首批没有", required=False),
        Attribute("evidence", "Digest", "存证链当前摘要：总局保存，用以发现存证链被截断或改写", required=False),
        Attribute("evidence-entry", "Count", "存证链当前条目号，即上述摘要所属的条目", required=False),
    ),
    (_PART,),
)

_RECEIVED_PART = Element(
    "part",
    "收到的包内文件与总局端自行计算的摘要",
    (
        Attribute("name", "FileName", "文件名"),
        Attribute("digest-algorithm", "AlgorithmName", "摘要算法"),
        Attribute("digest", "Digest", "文件摘要"),
    ),
    at_least=0,
    many=True,
)
_COUNTS = Element(
    "counts",
    "计数：validated 级填合格、不合格，loaded 级填入库、退回",
    (
        Attribute("records", "Count", "记录数"),
        Attribute("valid", "Count", "合格数", required=False),
        Attribute("invalid", "Count", "不合格数", required=False),
        Attribute("loaded", "Count", "入库数", required=False),
        Attribute("rejected", "Count", "退回数", required=False),
    ),
    at_least=0,
)
_LOADED = Element(
    "loaded",
    "入库摘要",
    (Attribute("digest", "Digest", "按批次内顺序连接入库记录版本摘要后的 SHA-256"),),
    at_least=0,
)
_REJECTION = Element(
    "rejection",
    "退回：带业务主键和版本的是单条，否则是整批；内容为原因",
    (
        Attribute("key", "RecordKey", "业务主键", required=False),
        Attribute("version", "Digest", "版本摘要", required=False),
        Attribute("code", "RejectionCode", "退回代码"),
        Attribute("field", "FieldPaths", "涉及字段", required=False),
    ),
    text="Reason",
    at_least=0,
    many=True,
)
RECEIPT = Element(
    "receipt",
    "回执：总局对一个批次的答复",
    (
        Attribute("id", "ReceiptId", "回执编号"),
        Attribute("level", "ReceiptLevel", "回执级别"),
        Attribute("batch", "BatchId", "批次编号"),
        *_LANE,
        Attribute("issued", "Moment", "签发时间"),
        Attribute("issuer", "Issuer", "签发方"),
        Attribute("manifest", "Digest", "收到的清单的 SHA-256；无法读出清单时没有", required=False),
        Attribute("signature", "AlgorithmName", "签名算法"),
        Attribute("key", "KeyId", "签名密钥标识"),
        Attribute("number", "ReceiptNumber", "回执流水号"),
    ),
    (_RECEIVED_PART, _COUNTS, _LOADED, _REJECTION),
)
