"""The ledger's tables on changes of content: what each lane's rows were last mapped by, and accepted plans."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from ecqs_gateway.ledger.tables import BigId, metadata

__all__ = ["accepted_plan", "lane_content"]

# A line is added when rows of a lane are mapped by something else than before; the newest is in use.
lane_content = Table(
    "lane_content",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("fingerprint", Text, nullable=False, comment="digest of what of the content decides about this lane"),
    Column("bundle", Text, nullable=False, comment="content bundle it was first used from"),
    Column("run_id", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index(None, "lane_id"),
)

accepted_plan = Table(
    "accepted_plan",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("base_fingerprint", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("base_bundle", Text, nullable=False),
    Column("bundle", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rows", BigInteger, nullable=False, comment="source rows the plan looked at"),
    Column("summary", Text, nullable=False, comment="JSON: the plan's counts, no record values"),
    Column("at", Text, nullable=False),
    Index(None, "lane_id"),
)
