"""The messages of a random inspection on the wire: their simple types, elements and attributes, as data."""

from __future__ import annotations

from ecqs_gateway.model.audits import METHOD, Outcome
from ecqs_gateway.model.types.base import XsdType
from ecqs_gateway.model.xsd_messages import UNITS, Attribute, Element

__all__ = ["ACKNOWLEDGEMENT", "ANSWER", "AUDIT_MESSAGES", "RECEIPT", "REQUEST", "audit_types"]

PAPERS = "paper_types"
"""Stands for the type of an attribute that holds a paper: a code of the table of this name."""
_HEX64 = "[0-9a-f]{64}"
_FILE = r"[a-z0-9_\-]+(/[a-z0-9_\-]+)*(\.[a-z0-9]+)+"


def _words(name: str, *words: str) -> XsdType:
    return XsdType(name, "xs:string", tuple(("enumeration", word) for word in words))


def _pattern(name: str, pattern: str, *facets: tuple[str, str]) -> XsdType:
    return XsdType(name, "xs:string", (*facets, ("pattern", pattern)))


def audit_types() -> list[tuple[XsdType, str]]:
    """Give the simple types only these messages use, each with its Chinese title."""
    per_thousand = XsdType("PerThousand", "xs:nonNegativeInteger", (("maxInclusive", "1000"),))
    days = XsdType("WorkingDays", "xs:positiveInteger", (("maxInclusive", "250"),))
    return [
        (_pattern("AuditId", "[0-9]{6}-audit-[0-9]{8}"), "抽查编号：报送单位-audit-八位顺序号"),
        (_words("DrawMethod", METHOD), "抽取方法：见 docs/reference/audits.md"),
        (_pattern("DrawSeed", _HEX64), "抽取种子：32字节，64位小写十六进制"),
        (per_thousand, "千分比"),
        (days, "工作日数"),
        (XsdType("Positive", "xs:positiveInteger"), "正整数"),
        (XsdType("ProductLabel", "xs:string", (("minLength", "1"), ("maxLength", "200"))), "产品：类别代码或产品名称"),
        (_words("AuditVerdict", "accepted", "refused"), "接收结论"),
        (_pattern("ErrorCode", "ECQS-[0-9]{4}"), "报送程序错误代码"),
        (_words("DrawVerdict", "reproduced", "differs"), "抽取复算结论"),
        (_words("PopulationVerdict", "agrees", "differs", "unchecked"), "总体比对结论"),
        (_words("CaseOutcome", *Outcome), "案卷结论：answered 已答复，unknown 本单位没有该记录版本"),
        (_words("AuditOutcome", "closed", "again"), "抽查结论：closed 办结，again 退回补充"),
        (_pattern("AnswerFileName", _FILE, ("maxLength", "200")), "答复包内文件名"),
    ]


_SEAL = (Attribute("signature", "AlgorithmName", "签名算法"), Attribute("key", "KeyId", "签名密钥标识"))
_ABOUT = (Attribute("request", "AuditId", "抽查编号"), Attribute("unit", UNITS, "报送单位"))
_RECORD = (
    Attribute("kind", "RecordKind", "记录类型"),
    Attribute("product", "ProductLabel", "产品：首个产品的类别代码，没有则为产品名称"),
)

REQUEST = Element(
    "audit_request",
    "抽查通知：总局随机抽取的办件与证书",
    (
        Attribute("id", "AuditId", "抽查编号"),
        Attribute("unit", UNITS, "报送单位"),
        Attribute("issued", "Moment", "签发时间"),
        Attribute("issuer", "Issuer", "签发方"),
        Attribute("due", "BusinessDate", "答复期限：最后一日"),
        Attribute("working-days", "WorkingDays", "答复期限：工作日数，自签发次日起算"),
        Attribute("method", "DrawMethod", "抽取方法"),
        Attribute("seed", "DrawSeed", "抽取种子"),
        Attribute("population", "Digest", "总体摘要：population.tsv 的 SHA-256"),
        Attribute("records", "Positive", "总体记录数"),
        Attribute("rate", "PerThousand", "抽取比例：千分比"),
        Attribute("least", "Positive", "每层最少抽取数"),
        *_SEAL,
    ),
    (
        Element(
            "lane",
            "总体截止的批次",
            (
                Attribute("kind", "RecordKind", "记录类型"),
                Attribute("sequence", "Sequence", "截止批次顺序号"),
                Attribute("records", "Count", "截止时有效记录数"),
            ),
            many=True,
        ),
        Element(
            "stratum",
            "抽取层：记录类型与产品",
            (*_RECORD, Attribute("records", "Positive", "层内记录数"), Attribute("drawn", "Positive", "抽取数")),
            many=True,
        ),
        Element(
            "demand",
            "每件应附材料",
            (Attribute("kind", "RecordKind", "记录类型"), Attribute("type", PAPERS, "材料类型")),
            at_least=0,
            many=True,
        ),
        Element(
            "item",
            "抽中的记录版本",
            (*_RECORD, Attribute("key", "RecordKey", "业务主键"), Attribute("version", "Digest", "版本摘要")),
            many=True,
        ),
    ),
)

ACKNOWLEDGEMENT = Element(
    "audit_acknowledgement",
    "抽查通知签收",
    (
        *_ABOUT,
        Attribute("package", "Digest", "收到的抽查通知包的 SHA-256"),
        Attribute("received", "Moment", "收到时间"),
        Attribute("verdict", "AuditVerdict", "接收结论"),
        Attribute("code", "ErrorCode", "不接收的原因代码", required=False),
        Attribute("draw", "DrawVerdict", "按公布的种子复算抽取的结论"),
        Attribute("population", "PopulationVerdict", "总体与本单位报送台账比对的结论"),
        Attribute("engine", "EngineVersion", "报送程序版本"),
        *_SEAL,
    ),
)

_CASE = Element(
    "case",
    "一件的案卷",
    (
        Attribute("number", "Positive", "在抽查通知中的序号"),
        Attribute("kind", "RecordKind", "记录类型"),
        Attribute("key", "RecordKey", "业务主键"),
        Attribute("version", "Digest", "抽中的版本摘要"),
        Attribute("outcome", "CaseOutcome", "结论"),
        Attribute("newest", "Digest", "其后最近报送的版本摘要", required=False),
        Attribute("reason", "Reason", "没有该记录版本的说明", required=False),
    ),
    (
        Element(
            "sent",
            "报送存证",
            (
                Attribute("batch", "BatchId", "批次编号"),
                Attribute("position", "Count", "批次内位置，从0起"),
                Attribute("package", "AnswerFileName", "批次数据包文件；已按留存期限清除的没有", required=False),
                Attribute("receipt", "AnswerFileName", "总局最后一级回执文件", required=False),
            ),
            at_least=0,
        ),
        Element(
            "paper",
            "所附材料",
            (
                Attribute("type", PAPERS, "材料类型"),
                Attribute("file", "AnswerFileName", "文件名"),
                Attribute("title", "Reason", "材料名称", required=False),
            ),
            at_least=0,
            many=True,
        ),
        Element(
            "absent",
            "没有的应附材料；内容为原因",
            (Attribute("type", PAPERS, "材料类型"),),
            text="Reason",
            at_least=0,
            many=True,
        ),
    ),
    many=True,
)
ANSWER = Element(
    "audit_answer",
    "抽查答复：各件的案卷",
    (
        *_ABOUT,
        Attribute("package", "Digest", "所答复的抽查通知包的 SHA-256"),
        Attribute("number", "Positive", "对该抽查的第几次答复"),
        Attribute("created", "Moment", "生成时间"),
        Attribute("engine", "EngineVersion", "报送程序版本"),
        Attribute("evidence", "Digest", "存证链当前摘要", required=False),
        Attribute("evidence-entry", "Count", "存证链当前条目号", required=False),
        *_SEAL,
    ),
    (
        Element(
            "file",
            "包内文件",
            (
                Attribute("name", "AnswerFileName", "文件名"),
                Attribute("media", "MediaType", "媒体类型"),
                Attribute("digest", "Digest", "文件摘要：SHA-256"),
                Attribute("size", "Count", "字节数"),
            ),
            at_least=0,
            many=True,
        ),
        _CASE,
    ),
)

RECEIPT = Element(
    "audit_receipt",
    "抽查答复回执",
    (
        *_ABOUT,
        Attribute("answer", "Digest", "收到的答复包的 SHA-256"),
        Attribute("number", "Positive", "第几次答复"),
        Attribute("outcome", "AuditOutcome", "结论"),
        Attribute("due", "BusinessDate", "退回补充的期限", required=False),
        Attribute("issued", "Moment", "签发时间"),
        Attribute("issuer", "Issuer", "签发方"),
        *_SEAL,
    ),
    (
        Element(
            "remark",
            "意见；内容为说明",
            (
                Attribute("case", "Positive", "所指案卷的序号，没有则指整个答复", required=False),
                Attribute("code", "RejectionCode", "意见代码：HQ-3xx"),
            ),
            text="Reason",
            at_least=0,
            many=True,
        ),
    ),
)

AUDIT_MESSAGES = (REQUEST, ACKNOWLEDGEMENT, ANSWER, RECEIPT)
