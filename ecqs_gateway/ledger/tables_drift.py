"""The ledger's table of drift: why a record kind was not taken from its source, and who decided what about it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from ecqs_gateway.ledger.tables import BigId, metadata

__all__ = ["drift"]

drift = Table(
    "drift",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("run_id", Text, nullable=False, comment="run that found it first"),
    Column("fingerprint", LargeBinary, nullable=False, comment="SHA-256 over what drifted, without counts"),
    Column("found", Text, nullable=False, comment="JSON list: what, column, message, place"),
    Column("state", Text, nullable=False, comment="held, let through, passed, accepted, gone"),
    Column("rows", BigInteger, nullable=False, comment="rows of the run that were taken before it was held"),
    Column("held_at", Text, nullable=False),
    Column("decided_at", Text),
    Column("decided_by", Text),
    Column("reason", Text),
    Index(None, "lane_id", "state"),
)
