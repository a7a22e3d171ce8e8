"""The ledger's tables for reconciliation: the digest tree of what headquarters should hold, and what was found.

Like those of ``tables``: defined for code here, made by Alembic. A tree is brought forward batch by batch in the
order of the lane; ``digest_tree`` says how far.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from ecqs_gateway.ledger.tables import BigId, metadata

__all__ = ["difference", "digest_leaf", "digest_node", "digest_tree", "reconciliation"]

digest_tree = Table(
    "digest_tree",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False, comment="last batch whose records are in the tree"),
    Column("cutoff", BigInteger, nullable=False, comment="highest receipt number among those batches"),
    Column("records", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="digest of the record kind"),
    Column("updated_at", Text, nullable=False),
)

digest_leaf = Table(
    "digest_leaf",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True, autoincrement=False),
    Column("bucket", Text, primary_key=True, comment="path of the bucket: product/month and hex digits"),
    Column("key", Text, primary_key=True, comment="business key"),
    Column("version", LargeBinary, nullable=False, comment="version digest headquarters should hold"),
    UniqueConstraint("lane_id", "key"),
    sqlite_with_rowid=False,
)

digest_node = Table(
    "digest_node",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True, autoincrement=False),
    Column("path", Text, primary_key=True),
    Column("parent", Text, nullable=False),
    Column("count", BigInteger, nullable=False, comment="records below"),
    Column("digest", LargeBinary, nullable=False),
    Index(None, "lane_id", "parent"),
    sqlite_with_rowid=False,
)

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("scope", Text, nullable=False, comment="headquarters, source, both: what was compared with the ledger"),
    Column("sequence", BigInteger, nullable=False, comment="last batch that counts"),
    Column("cutoff", BigInteger, nullable=False, comment="receipt number up to which headquarters was compared"),
    Column("records_here", BigInteger, nullable=False),
    Column("records_there", BigInteger, comment="null when headquarters was not asked"),
    Column("digest_here", LargeBinary, nullable=False),
    Column("digest_there", LargeBinary),
    Column("source_rows", BigInteger, comment="rows the sweep read; null without one"),
    Column("questions", Integer, nullable=False, comment="files asked"),
    Column("requests", Integer, nullable=False, comment="nodes and buckets asked for in them"),
    Column("counts", Text, nullable=False, comment="JSON: side/class to number of differences found"),
    Column("repaired", Text, nullable=False, comment="JSON: resent, queued"),
    Index(None, "run_id"),
    Index(None, "lane_id", "at"),
)

difference = Table(
    "difference",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("side", Text, nullable=False, comment="headquarters or source: what the ledger was compared with"),
    Column("key", Text, nullable=False),
    Column("class", Text, nullable=False, comment="missing_there, missing_here, different, duplicated, …"),
    Column("here", LargeBinary, comment="version digest of the ledger"),
    Column("there", LargeBinary, comment="version digest of the other side"),
    Column("fields", Text, nullable=False, comment="JSON list of national fields that differ"),
    Column("action", Text, nullable=False, comment="resend, queue, wait, person"),
    Column("state", Text, nullable=False, comment="open, repairing, settled"),
    Column("first_found", BigInteger, ForeignKey("reconciliation.id"), nullable=False),
    Column("last_found", BigInteger, ForeignKey("reconciliation.id"), nullable=False),
    Column("found_at", Text, nullable=False, comment="when it was found first"),
    Column("settled_at", Text),
    Column("settled_by", Text, comment="reconciliation that no longer found it, or a person"),
    Column("note", Text),
    Index(None, "lane_id", "side", "key"),
    Index(None, "state"),
)
