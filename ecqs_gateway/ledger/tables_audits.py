"""The tables of random inspections: requests, drawn cases, papers, what we send, and every file that came.

Same conventions as ``ledger.tables``. Nothing here grows with the number of records sent: cases are drawn.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from ecqs_gateway.ledger.tables import BigId, metadata

__all__ = ["audit_arrival", "audit_case", "audit_message", "audit_paper", "audit_request"]

audit_request = Table(
    "audit_request",
    metadata,
    Column("id", Text, primary_key=True, comment="id headquarters gave it"),
    Column("unit", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the request's exact bytes"),
    Column("file", Text, nullable=False, comment="stage name of the exact bytes"),
    Column("issued_at", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("working_days", Integer, nullable=False),
    Column("due", Text, nullable=False, comment="last day of the answer, by headquarters' word"),
    Column("reckoned_due", Text, comment="the same by our calendar; null where the calendar of a year is missing"),
    Column("demands", Text, nullable=False, comment="JSON: record kind to codes of demanded papers"),
    Column("population", Text, nullable=False, comment="JSON: verdict and figures of comparing it with this ledger"),
    Column("state", Text, nullable=False, comment="received, routed, answered, again, closed, refused"),
    Column("code", Text, comment="error code for which it was refused"),
    Column("reason", Text),
    Column("routed_at", Text),
    Column("routed_to", Text, comment="table or folder it was written to"),
    Column("remarks", Text, comment="JSON: what headquarters said of the last answer"),
    Column("overdue_at", Text, comment="when it was first found overdue; null again when it is asked for anew"),
    Column("closed_at", Text),
    Index(None, "unit", "state"),
)

audit_case = Table(
    "audit_case",
    metadata,
    Column("request_id", Text, ForeignKey("audit_request.id"), primary_key=True),
    Column("number", Integer, primary_key=True, comment="place in the request, from 1"),
    Column("kind", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", LargeBinary, nullable=False),
    Column("unknown", Text, comment="why this ledger knows no such record version; null where it does"),
)

audit_paper = Table(
    "audit_paper",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("request_id", Text, ForeignKey("audit_request.id"), nullable=False),
    Column("number", Integer, nullable=False, comment="number of the case"),
    Column("type", Text, nullable=False, comment="code of paper_types"),
    Column("title", Text, comment="name of the file as the province has it"),
    Column("media", Text, comment="by content; null where the paper is declared absent"),
    Column("digest", LargeBinary, comment="SHA-256 of the file"),
    Column("size", Integer),
    Column("file", Text, comment="stage name, made of the digest"),
    Column("absent", Text, comment="why there is no such paper"),
    Column("added_by", Text, nullable=False),
    Column("added_at", Text, nullable=False),
    UniqueConstraint("request_id", "number", "type"),
)

audit_message = Table(
    "audit_message",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("request_id", Text, ForeignKey("audit_request.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="acknowledgement, answer"),
    Column("number", Integer, nullable=False, comment="of the answer; 0 for the acknowledgement"),
    Column("digest", LargeBinary, nullable=False),
    Column("file", Text, nullable=False, comment="stage name of the exact bytes to send"),
    Column("size", Integer, nullable=False),
    Column("state", Text, nullable=False, comment="sealed, sent"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("sealed_at", Text, nullable=False),
    Column("sent_at", Text),
    UniqueConstraint("request_id", "kind", "number"),
    Index(None, "state"),
)

audit_arrival = Table(
    "audit_arrival",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("unit", Text, nullable=False, comment="unit in whose folder it lay"),
    Column("name", Text, nullable=False, comment="name at headquarters: data, never a path here"),
    Column("digest", LargeBinary, nullable=False),
    Column("file", Text, nullable=False, comment="stage name of the exact bytes"),
    Column("verdict", Text, nullable=False, comment="accepted, refused, quarantined"),
    Column("code", Text),
    Column("reason", Text),
    Column("request_id", Text, comment="null where it was quarantined"),
    Column("taken_at", Text, nullable=False),
    Column("seen_at", Text, comment="when a person said that a quarantined file was looked into"),
    UniqueConstraint("unit", "name", "digest"),
)
