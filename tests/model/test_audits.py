"""Names and documents of random inspections: strict, and the same after a way through XML and XSD."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.doors.xml_schema import load_schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.inbound.codec import read_document, write_document
from ecqs_gateway.model.audits import (
    Absent,
    AnswerCase,
    AnswerFile,
    AuditAnswer,
    AuditReceipt,
    GivenPaper,
    Message,
    MessageName,
    Outcome,
    Remark,
    SentIn,
    parse_message_name,
)
from ecqs_gateway.model.xsd_audits import ANSWER, RECEIPT

SCHEMA = load_schema(Path(__file__).resolve().parents[2] / "schemas" / "ecqs" / "1.0" / "audits.xsd")
_SIGNS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"), exclude_characters="\ufffe\uffff")
TEXT = st.text(_SIGNS, min_size=1, max_size=40)
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
REQUEST = "320000-audit-00000001"


GOOD = (
    "320000-audit-00000001.request.zip",
    "320000-audit-00000001.acknowledgement.zip",
    "320000-audit-00000001.1.answer.zip",
    "320000-audit-00000001.12.receipt.zip",
)
BAD = (
    "320000-audit-00000000.request.zip",
    "320000-audit-00000001.1.request.zip",
    "320000-audit-00000001.answer.zip",
    "320000-audit-00000001.0.answer.zip",
    "320000-audit-00000001.01.answer.zip",
    "../320000-audit-00000001.request.zip",
    "320000-audit-00000001.request.zip\n",
    "３20000-audit-00000001.request.zip",
    "320000-certificate-00000001.zip",
    "",
)


@pytest.mark.parametrize("name", GOOD)
def test_a_name_is_read_as_it_is_written(name: str) -> None:
    assert str(parse_message_name(name)) == name
    assert parse_message_name(name).unit == "320000"


@pytest.mark.parametrize("name", BAD)
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(Terminal) as refused:
        parse_message_name(name)
    assert refused.value.code == "ECQS-7001"


@given(st.text(max_size=60))
def test_no_text_makes_a_name_that_is_written_otherwise(text: str) -> None:
    with suppress(Terminal):
        assert str(parse_message_name(text)) == text


def _cases(text: str, digest: str, other: str) -> tuple[AnswerCase, ...]:
    sent = SentIn(batch="320000-certificate-00000001", position=0, package="packages/a.zip")
    facts = {"kind": "certificate", "version": digest}
    paper = GivenPaper(type="02", file="papers/b.pdf", title=text)
    return (
        AnswerCase(number=1, key=text, outcome=Outcome.ANSWERED, newest=other, sent=sent, papers=(paper,), **facts),
        AnswerCase(
            number=2, key="K", outcome=Outcome.ANSWERED, absent=(Absent(type="03", text=text.strip() or "x"),), **facts
        ),
        AnswerCase(number=3, key="K", outcome=Outcome.UNKNOWN, reason=text, **facts),
    )


@settings(max_examples=60, deadline=None)
@given(TEXT, HEX, HEX, st.integers(0, 1 << 32), st.integers(0, 10**6))
def test_an_answer_is_the_same_after_its_way_through_xml(text: str, digest: str, other: str, at: int, n: int) -> None:
    document = AuditAnswer(
        request=REQUEST, unit="320000", package=digest, number=1, created=datetime.fromtimestamp(at, SHANGHAI),
        engine="0.1.0", evidence=other, evidence_entry=n, signature="ed25519", key="0" * 16,
        files=(AnswerFile(name="papers/b.pdf", media="application/pdf", digest=digest, size=n),),
        cases=_cases(text, digest, other),
    )  # fmt: skip
    assert read_document(write_document(ANSWER, document), ANSWER, AuditAnswer, SCHEMA) == document


def _receipt(**changed: object) -> dict[str, object]:
    facts: dict[str, object] = {
        "request": REQUEST,
        "unit": "320000",
        "answer": "0" * 64,
        "number": 1,
        "outcome": "closed",
    }
    facts |= {
        "issued": datetime(2026, 11, 23, 9, tzinfo=SHANGHAI),
        "issuer": "x",
        "signature": "ed25519",
        "key": "0" * 16,
    }
    return facts | changed


@pytest.mark.parametrize(
    "changed", [{"outcome": "again"}, {"due": date(2026, 12, 1)}, {"outcome": "maybe"}, {"number": 0}, {"more": "x"}]
)
def test_a_receipt_that_contradicts_itself_is_none(changed: dict[str, object]) -> None:
    AuditReceipt(**_receipt())  # type: ignore[arg-type]
    AuditReceipt(**_receipt(outcome="again", due=date(2026, 12, 1)))  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        AuditReceipt(**_receipt(**changed))  # type: ignore[arg-type]


def test_what_is_not_of_the_schema_is_refused_without_quoting_it() -> None:
    remark = Remark(case=1, code="HQ-313", text="缺")
    good = write_document(RECEIPT, AuditReceipt(**_receipt(remarks=(remark,))))  # type: ignore[arg-type]
    assert read_document(good, RECEIPT, AuditReceipt, SCHEMA).remarks == (remark,)
    for old, new in (
        (b'number="1"', b'number="11010119900307777X"'),
        (b"audit_receipt", b"audit_answer"),
        (b' key="', b' k="'),
    ):
        with pytest.raises(Terminal) as refused:
            read_document(good.replace(old, new), RECEIPT, AuditReceipt, SCHEMA)
        assert refused.value.code == "ECQS-7003"
        assert "11010119900307777X" not in str(refused.value)
    assert str(MessageName(request=REQUEST, message=Message.ANSWER, number=3)) == f"{REQUEST}.3.answer.zip"
