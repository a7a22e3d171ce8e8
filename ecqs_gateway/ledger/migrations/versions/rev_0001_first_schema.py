"""The first schema: runs, lanes, extractions, record versions, outbox, receipts, dead letters, evidence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "evidence",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column(
            "subject", sa.Text(), nullable=False, comment="what it happened to: a batch id, a lane, a receipt id"
        ),
        sa.Column("facts", sa.Text(), nullable=False, comment="canonical JSON of digests and counts, no record values"),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_evidence")),
    )
    op.create_table(
        "lane",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "next_sequence", sa.BigInteger(), nullable=False, comment="sequence of the next batch, from 1, gap-free"
        ),
        sa.Column("previous_manifest", sa.LargeBinary(), nullable=True, comment="SHA-256 of the last sealed manifest"),
        sa.Column("watermark", sa.Text(), nullable=True, comment="JSON of the last extracted position"),
        sa.Column("fence", sa.BigInteger(), nullable=False, comment="fencing number: grows with each lease"),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Text(), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True, comment="why this lane must not send; null = may send"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane")),
        sa.UniqueConstraint("unit", "kind", name=op.f("uq_lane_unit_kind")),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=True, comment="null when it names no batch of ours"),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("receipt_id", sa.Text(), nullable=True, comment="id headquarters gave it"),
        sa.Column("number", sa.BigInteger(), nullable=True, comment="gap-free receipt number of headquarters"),
        sa.Column("issued_at", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False, comment="name at headquarters: data, never a path here"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False, comment="stage name of the exact bytes"),
        sa.Column("verdict", sa.Text(), nullable=False, comment="accepted, refused"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("taken_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index(op.f("ix_receipt_batch_id"), "receipt", ["batch_id"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False, comment="sortable: start time and a random tail"),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False, comment="running, done, failed"),
        sa.Column("bundle", sa.Text(), nullable=False, comment="digest of the content bundle"),
        sa.Column("engine", sa.Text(), nullable=False, comment="version of this package"),
        sa.Column("message", sa.Text(), nullable=True, comment="what went wrong, without record values"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column(
            "destination", sa.Text(), nullable=False, comment="where it was sealed for; never sent anywhere else"
        ),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False, comment="exact bytes of manifest.xml"),
        sa.Column("manifest_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "parts", sa.Text(), nullable=False, comment="JSON: name, digest algorithm, digest, size of each part"
        ),
        sa.Column("package", sa.Text(), nullable=False, comment="stage name of the exact bytes to send"),
        sa.Column("package_digest", sa.LargeBinary(), nullable=False),
        sa.Column("package_size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="sealed, sent, received, validated, loaded, rejected"),
        sa.Column("rejected", sa.Integer(), server_default="0", nullable=False, comment="records headquarters refused"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("sealed_at", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_batch_lane_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_batch_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("lane_id", "sequence", name=op.f("uq_batch_lane_id_sequence")),
    )
    op.create_index(op.f("ix_batch_state"), "batch", ["state"], unique=False)
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column(
            "identity", sa.Text(), nullable=False, comment="hex digest: what makes it the same letter when met again"
        ),
        sa.Column("origin", sa.Text(), nullable=False, comment="source, mapping, rules, schema, headquarters"),
        sa.Column("key", sa.Text(), nullable=True, comment="business key, when it could be read"),
        sa.Column("source_key", sa.Text(), nullable=True, comment="key of the source row"),
        sa.Column("version", sa.LargeBinary(), nullable=True, comment="record version headquarters refused"),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("extraction_id", sa.BigInteger(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False, comment="JSON list: field, column, rule, clause, message"),
        sa.Column("source", sa.Text(), nullable=True, comment="source row as JSON"),
        sa.Column("mapped", sa.Text(), nullable=True, comment="mapped record as JSON"),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="open, resolved"),
        sa.Column("first_run", sa.Text(), nullable=False),
        sa.Column("last_run", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True, comment="what resolved it: a version digest or a person"),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_dead_letter_lane_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
        sa.UniqueConstraint("lane_id", "identity", name=op.f("uq_dead_letter_lane_id_identity")),
    )
    op.create_index(op.f("ix_dead_letter_key"), "dead_letter", ["key"], unique=False)
    op.create_index(op.f("ix_dead_letter_lane_id_state"), "dead_letter", ["lane_id", "state"], unique=False)
    op.create_table(
        "extraction",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False, comment="table or files the rows came from"),
        sa.Column("files", sa.Text(), nullable=False, comment="JSON: stage files with their digests"),
        sa.Column("watermark", sa.Text(), nullable=True, comment="JSON: position after these rows"),
        sa.Column("state", sa.Text(), nullable=False, comment="stored, processed, abandoned"),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_extraction_lane_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_extraction_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extraction")),
    )
    op.create_index(op.f("ix_extraction_lane_id_state"), "extraction", ["lane_id", "state"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="batch that carries the record version"),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_finding_lane_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_lane_id_key"), "finding", ["lane_id", "key"], unique=False)
    op.create_index(op.f("ix_finding_rule"), "finding", ["rule"], unique=False)
    op.create_table(
        "record_version",
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="business key"),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="sequence of the batch that carries this version"
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="version digest"),
        sa.Column(
            "previous", sa.LargeBinary(), nullable=True, comment="digest of the version sent before, null for the first"
        ),
        sa.Column("position", sa.Integer(), nullable=False, comment="place in the batch, from 0"),
        sa.Column(
            "ordering", sa.Text(), nullable=True, comment="newest_by sort key; null where the mapping declares none"
        ),
        sa.Column("extraction_id", sa.BigInteger(), nullable=False),
        sa.Column("source_row", sa.Integer(), nullable=False, comment="row in the stored extraction, from 0"),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_record_version_lane_id")),
        sa.PrimaryKeyConstraint("lane_id", "key", "sequence", name=op.f("pk_record_version")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_record_version_lane_id_sequence"), "record_version", ["lane_id", "sequence"], unique=False)
    op.create_table(
        "run_count",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("extracted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("superseded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("batched", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("dead_new", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("dead_known", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("flagged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("loaded", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True, comment="JSON: why a phase of this lane failed in this run"),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_run_count_lane_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_count_run_id")),
        sa.PrimaryKeyConstraint("run_id", "lane_id", name=op.f("pk_run_count")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="sent, transient, terminal, stopped"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_attempt_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_batch_id"), "attempt", ["batch_id"], unique=False)


def downgrade() -> None:
    """Drop all tables."""
    op.drop_table("attempt")
    op.drop_table("run_count")
    op.drop_table("record_version")
    op.drop_table("finding")
    op.drop_table("extraction")
    op.drop_table("dead_letter")
    op.drop_table("batch")
    op.drop_table("run")
    op.drop_table("receipt")
    op.drop_table("lane")
    op.drop_table("evidence")
