"""The ledger's tables behind the headquarters report: what record versions are like, per batch, and what was sent.

A report over millions of records must not read them. Each record version belongs to one fact class (product, period,
measure); each batch keeps how many of its versions belong to a class, and how many of that class they replaced. The
sum of ``fresh - replaced`` over batches is what the last versions are like, at any moment of the past.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from ecqs_gateway.ledger.tables import BigId, metadata

__all__ = ["fact_class", "report_fact", "report_message"]

fact_class = Table(
    "fact_class",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("label", Text, nullable=False, comment="product, period and measure, joined by |"),
    Column("product", Text, nullable=False, comment="code of product_classes; empty where the record names none"),
    Column("period", Text, nullable=False, comment="month, for days long past the year; empty where there is no day"),
    Column("measure", Text, nullable=False, comment="what flows.facts says of the record kind"),
    UniqueConstraint("lane_id", "label"),
)

report_fact = Table(
    "report_fact",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, comment="sequence of the batch"),
    Column("class_id", BigInteger, primary_key=True, comment="fact class"),
    Column("fresh", Integer, nullable=False, comment="record versions of this class in the batch"),
    Column("replaced", Integer, nullable=False, comment="versions of this class that versions in the batch replaced"),
    sqlite_with_rowid=False,
)

report_message = Table(
    "report_message",
    metadata,
    Column("id", Text, primary_key=True, comment="unit-report-yyyymmnn: month and edition"),
    Column("unit", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("edition", Integer, nullable=False, comment="from 1; a later edition replaces the earlier ones"),
    Column("data_digest", LargeBinary, nullable=False, comment="SHA-256 of report.json"),
    Column("records", Integer, nullable=False, comment="numbers the report's tables show"),
    Column("manifest_digest", LargeBinary, nullable=False),
    Column("parts", Text, nullable=False, comment="JSON: name, digest algorithm, digest of each part"),
    Column("package", Text, nullable=False, comment="stage name of the exact bytes to send"),
    Column("package_digest", LargeBinary, nullable=False),
    Column("package_size", BigInteger, nullable=False),
    Column("state", Text, nullable=False, comment="sealed, sent, received, rejected"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("sealed_at", Text, nullable=False),
    Column("sent_at", Text),
    Column("settled_at", Text),
    Column("receipt", Text, comment="stage name of the receipt that settled it"),
    Column("receipt_digest", LargeBinary),
    UniqueConstraint("unit", "month", "edition"),
    Index(None, "state"),
)
