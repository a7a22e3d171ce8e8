"""Tables of cross-record rules: which cases replace which certificate, and what headquarters was asked about them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from ecqs_gateway.ledger.tables import metadata

__all__ = ["certificate_answer", "certificate_use", "enquiry"]

certificate_use = Table(
    "certificate_use",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True),
    Column("key", Text, primary_key=True, comment="business key of the case that replaces the certificate"),
    Column("number", Text, nullable=False, comment="number of the certificate"),
    Column("sequence", BigInteger, nullable=False, comment="batch that carries the version that says so"),
    Index(None, "number"),
)

enquiry = Table(
    "enquiry",
    metadata,
    Column("id", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of enquiry.json, which the answer must name"),
    Column("about", Text, nullable=False, comment="JSON: list of number and case, as asked"),
    Column("answered_at", Text, comment="null while no answer was believed"),
    Column("answer", Text, comment="stage name of the exact bytes of the answer"),
    Column("answer_digest", LargeBinary),
    Index(None, "unit", "answered_at"),
)

certificate_answer = Table(
    "certificate_answer",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("case_key", Text, primary_key=True, comment="case headquarters was asked for"),
    Column("number", Text, primary_key=True, comment="certificate it was asked about"),
    Column("facts", Text, comment="JSON: status, dates and cause; null where headquarters knows no such certificate"),
    Column("uses", Text, nullable=False, comment="JSON: unit and case of every case that replaces it"),
    Column("enquiry_id", Text, ForeignKey("enquiry.id"), nullable=False),
    Column("answered_at", Text, nullable=False),
)
