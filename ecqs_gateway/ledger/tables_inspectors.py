"""The ledger's tables of the national list of inspectors; conventions as in ``tables``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from ecqs_gateway.ledger.tables import BigId, metadata
from ecqs_gateway.model.inspector_list import COLUMNS

__all__ = ["inspector_entry", "inspector_list", "inspector_refusal", "inspector_scan", "inspector_visit"]
__all__ += ["inspector_writeback"]

_NEEDED = ("unit", "number", "name", "authority", "regime", "issue_date", "status", "record")

inspector_list = Table(
    "inspector_list",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False, comment="headquarters' number of it"),
    Column("issued_at", Text, nullable=False, comment="as headquarters wrote it"),
    Column("digest", LargeBinary, nullable=False, comment="of the entries"),
    Column("chain", LargeBinary, nullable=False, comment="of this version and all before it"),
    Column("entries", Integer, nullable=False),
    Column("form", Text, nullable=False, comment="full, changes"),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("file", Text, nullable=False, comment="stage name of the exact bytes"),
    Column("file_digest", LargeBinary, nullable=False),
    Column("taken_at", Text, nullable=False),
)

# One row for each thing the list ever said of an inspector, and from which version to which it said so.
inspector_entry = Table(
    "inspector_entry",
    metadata,
    Column("from_version", BigInteger, primary_key=True, autoincrement=False),
    *(Column(name, Text, nullable=name not in _NEEDED, primary_key=name == "number") for name in COLUMNS),
    Column("until_version", BigInteger, comment="first version that no longer said so; null while it holds"),
    Index(None, "number"),
    Index(None, "until_version"),
)

inspector_refusal = Table(
    "inspector_refusal",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, comment="name at headquarters: data, never a path here"),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("file", Text, nullable=False, comment="stage name of the exact bytes"),
    Column("file_digest", LargeBinary, nullable=False),
    Column("taken_at", Text, nullable=False),
    UniqueConstraint("name", "file_digest", "code"),
)

inspector_writeback = Table(
    "inspector_writeback",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("version", BigInteger, comment="version the unit has; null while it has none"),
    Column("target", Text, comment="table or file it was written to"),
    Column("entries", Integer),
    Column("written_at", Text),
    Column("error", Text, comment="why the last try failed; null when it went through"),
    Column("tried_at", Text, nullable=False),
)

# Who verified on site for which approval: read out of the batches that were sent, once.
inspector_visit = Table(
    "inspector_visit",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("key", Text, nullable=False, comment="case number"),
    Column("sequence", BigInteger, nullable=False, comment="batch that carries this version of the approval"),
    Column("day", Text, comment="day of the visit; null where the record has none"),
    Column("number", Text, nullable=False, comment="number of the inspector certificate"),
    Index(None, "number"),
)

inspector_scan = Table(
    "inspector_scan",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True),
    Column("sequence", BigInteger, nullable=False, comment="last batch that was read"),
    Column("unread", Integer, nullable=False, comment="batches whose packages the retention had removed before"),
)
