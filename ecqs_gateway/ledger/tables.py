"""The ledger's tables, as SQLAlchemy Core: what each row means is said here once.

Times are ISO 8601 text in Asia/Shanghai (fixed width, so they sort), digests are 32 raw bytes, JSON is text.
Every table that grows with the number of records is keyed by a lane: the small integer that stands for one
(unit, kind), so that a million rows do not repeat two words each.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "attempt",
    "batch",
    "content_bundle",
    "correction",
    "dead_letter",
    "evidence",
    "extraction",
    "finding",
    "lane",
    "metadata",
    "receipt",
    "record_version",
    "run",
    "run_count",
    "stop_order",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for the type INTEGER."""

# Since 0002 the state is also interrupted (told to end) or killed (its process died).
run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True, comment="sortable: start time and a random tail"),
    Column("flow", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("state", Text, nullable=False, comment="running, done, failed"),
    Column("bundle", Text, nullable=False, comment="digest of the content bundle"),
    Column("engine", Text, nullable=False, comment="version of this package"),
    Column("message", Text, comment="what went wrong, without record values"),
    Column("owner", Text, comment="process that runs it, as a lease names its owner"),
)

lane = Table(
    "lane",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("next_sequence", BigInteger, nullable=False, comment="sequence of the next batch, from 1, gap-free"),
    Column("previous_manifest", LargeBinary, comment="SHA-256 of the last sealed manifest"),
    Column("watermark", Text, comment="JSON of the last extracted position"),
    Column("fence", BigInteger, nullable=False, comment="fencing number: grows with each lease"),
    Column("lease_owner", Text),
    Column("lease_until", Text),
    Column("held_reason", Text, comment="why this lane must not send; null = may send"),
    UniqueConstraint("unit", "kind"),
)

# ``error`` also says, under the phase "stopped", that an operator's order kept the lane from sending.
run_count = Table(
    "run_count",
    metadata,
    Column("run_id", Text, ForeignKey("run.id"), primary_key=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True),
    *(
        Column(name, BigInteger, nullable=False, server_default="0")
        for name in (
            "extracted",
            "unchanged",
            "superseded",
            "batched",
            "dead_new",
            "dead_known",
            "flagged",
            "sent",
            "loaded",
            "rejected",
        )
    ),
    Column("error", Text, comment="JSON: why a phase of this lane failed in this run"),
)

extraction = Table(
    "extraction",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("origin", Text, nullable=False, comment="table or files the rows came from"),
    Column("files", Text, nullable=False, comment="JSON: stage files with their digests"),
    Column("watermark", Text, comment="JSON: position after these rows"),
    Column("state", Text, nullable=False, comment="stored, processed, abandoned"),
    Column("created_at", Text, nullable=False),
    Column("cause", Text, nullable=False, server_default="source", comment="source, retry, correction, release"),
    Column("pruned_at", Text, comment="when its files were removed under the retention"),
    Index(None, "lane_id", "state"),
)

record_version = Table(
    "record_version",
    metadata,
    Column("lane_id", Integer, ForeignKey("lane.id"), primary_key=True),
    Column("key", Text, nullable=False, comment="business key"),
    Column("sequence", BigInteger, primary_key=True, comment="sequence of the batch that carries this version"),
    Column("digest", LargeBinary, nullable=False, comment="version digest"),
    Column("previous", LargeBinary, comment="digest of the version sent before, null for the first"),
    Column("position", Integer, primary_key=True, comment="place in the batch, from 0"),
    Column("ordering", Text, comment="newest_by sort key; null where the mapping declares none"),
    Column("extraction_id", BigInteger, nullable=False),
    Column("source_row", Integer, nullable=False, comment="row in the stored extraction, from 0"),
    Column("facts", Text, comment="JSON: fields that rules look back at; null where no rule does"),
    Column("fact", BigInteger, comment="fact class, for the report"),
    # The table grows at its end, batch by batch; only this narrow index is written all over.
    UniqueConstraint("lane_id", "key", "sequence"),
    sqlite_with_rowid=False,
)

batch = Table(
    "batch",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False),
    Column("records", Integer, nullable=False),
    Column("destination", Text, nullable=False, comment="where it was sealed for; never sent anywhere else"),
    Column("bundle", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("manifest", LargeBinary, nullable=False, comment="exact bytes of manifest.xml"),
    Column("manifest_digest", LargeBinary, nullable=False),
    Column("parts", Text, nullable=False, comment="JSON: name, digest algorithm, digest, size of each part"),
    Column("package", Text, nullable=False, comment="stage name of the exact bytes to send"),
    Column("package_digest", LargeBinary, nullable=False),
    Column("package_size", BigInteger, nullable=False),
    Column("state", Text, nullable=False, comment="sealed, sent, received, validated, loaded, rejected"),
    Column("rejected", Integer, nullable=False, server_default="0", comment="records headquarters refused"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Text),
    Column("last_error", Text),
    Column("sealed_at", Text, nullable=False),
    Column("sent_at", Text),
    Column("settled_at", Text),
    Column("pruned_at", Text, comment="when its package was removed under the retention"),
    UniqueConstraint("lane_id", "sequence"),
    Index(None, "state"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("batch_id", Text, ForeignKey("batch.id"), nullable=False, index=True),
    Column("run_id", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("outcome", Text, nullable=False, comment="sent, transient, terminal, stopped"),
    Column("error", Text),
)

receipt = Table(
    "receipt",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("batch_id", Text, comment="null when it names no batch of ours", index=True),
    Column("unit", Text, nullable=False),
    Column("level", Text),
    Column("receipt_id", Text, comment="id headquarters gave it"),
    Column("number", BigInteger, comment="gap-free receipt number of headquarters"),
    Column("issued_at", Text),
    Column("name", Text, nullable=False, comment="name at headquarters: data, never a path here"),
    Column("digest", LargeBinary, nullable=False),
    Column("file", Text, nullable=False, comment="stage name of the exact bytes"),
    Column("verdict", Text, nullable=False, comment="accepted, refused"),
    Column("reason", Text),
    Column("taken_at", Text, nullable=False),
)

# Source and mapped are sealed where there is a payload key; since 0002 the state is also corrected or discarded.
dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("identity", Text, nullable=False, comment="hex digest: what makes it the same letter when met again"),
    Column("origin", Text, nullable=False, comment="source, mapping, rules, schema, headquarters"),
    Column("key", Text, comment="business key, when it could be read"),
    Column("source_key", Text, comment="key of the source row"),
    Column("version", LargeBinary, comment="record version headquarters refused"),
    Column("batch_id", Text),
    Column("extraction_id", BigInteger),
    Column("source_row", Integer),
    Column("reasons", Text, nullable=False, comment="JSON list: field, column, rule, clause, message"),
    Column("source", Text, comment="source row as JSON"),
    Column("mapped", Text, comment="mapped record as JSON"),
    Column("bundle", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("state", Text, nullable=False, comment="open, resolved"),
    Column("first_run", Text, nullable=False),
    Column("last_run", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("resolved_at", Text),
    Column("resolved_by", Text, comment="what resolved it: a version digest or a person"),
    Column("note", Text, comment="why a person discarded it"),
    UniqueConstraint("lane_id", "identity"),
    Index(None, "lane_id", "state", "origin"),
    Index(None, "key"),
)

finding = Table(
    "finding",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("lane_id", Integer, ForeignKey("lane.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="batch that carries the record version"),
    Column("rule", Text, nullable=False),
    Column("field", Text),
    Column("message", Text, nullable=False),
    Index(None, "lane_id", "key"),
    Index(None, "rule"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="what it happened to: a batch id, a lane, a receipt id"),
    Column("facts", Text, nullable=False, comment="canonical JSON of digests and counts, no record values"),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

correction = Table(
    "correction",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column(
        "dead_letter_id", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("dead_letter.id"), nullable=False
    ),
    Column("changes", Text, nullable=False, comment="JSON: source column to corrected value, sealed like the source"),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("state", Text, nullable=False, comment="proposed, approved, refused, withdrawn"),
    Column("decided_by", Text, comment="the second person"),
    Column("decided_at", Text),
    Column("decision", Text, comment="why the second person refused it"),
    Column("extraction_id", BigInteger, comment="extraction that carries the corrected row"),
    Column("created_at", Text, nullable=False),
    Index(None, "dead_letter_id"),
    Index(None, "state"),
)

stop_order = Table(
    "stop_order",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("unit", Text, comment="null stops every unit"),
    Column("kind", Text, comment="null stops every record kind"),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("lifted_at", Text, comment="null while the order stands"),
    Column("lifted_by", Text),
    Index(None, "lifted_at"),
)

content_bundle = Table(
    "content_bundle",
    metadata,
    Column("digest", Text, primary_key=True, comment="digest of the content bundle, as runs and batches name it"),
    Column("file", Text, nullable=False, comment="stage name of the archive with its files"),
    Column("file_digest", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("engine", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)
