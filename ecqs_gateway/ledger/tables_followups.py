"""Tables of what is to be done after records were sent: derived from the batches, and made anew when rules change."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text

from ecqs_gateway.ledger.tables import metadata

__all__ = ["followup_due", "followup_met", "followup_scan"]

followup_due = Table(
    "followup_due",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="of the batch the record was in"),
    Column("key", Text, nullable=False, comment="business key of the record that brought it about"),
    Column("rule", Text, nullable=False, comment="id of the follow-up"),
    Column("subject", Text, nullable=False, comment="what it is about, such as a certificate number"),
    Column("since", Text, nullable=False, comment="first day on which it can be settled"),
    Column("due", Text, nullable=False),
    Column("lapses", Text, comment="day after which nothing is to be done any more"),
    PrimaryKeyConstraint("lane_id", "sequence", "key", "rule"),
    Index("ix_followup_due_rule_due", "rule", "due"),
)

followup_met = Table(
    "followup_met",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("key", Text, nullable=False, comment="business key of the record that settles it"),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("day", Text, nullable=False),
    PrimaryKeyConstraint("lane_id", "sequence", "key", "rule"),
    Index("ix_followup_met_rule_subject", "rule", "subject"),
)

followup_scan = Table(
    "followup_scan",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True),
    Column("sequence", BigInteger, nullable=False, comment="last batch that was looked through"),
    Column("unread", Integer, nullable=False, comment="batches the retention had removed before"),
    Column("rules", Text, nullable=False, comment="digest of the follow-ups it was looked through for"),
)
