"""Reconciliation: the digest tree of what headquarters should hold, and the differences that were found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _lane(name: str) -> list[sa.schema.SchemaItem]:
    constraint = sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=f"fk_{name}_lane_id")
    return [sa.Column("lane_id", sa.Integer(), nullable=False, autoincrement=False), constraint]


def upgrade() -> None:
    """Make the tables of trees, of runs of reconciliation, and of differences."""
    _trees()
    _reconciliations()
    _differences()


def _trees() -> None:
    op.create_table(
        "digest_tree",
        *_lane("digest_tree"),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="last batch whose records are in the tree"),
        sa.Column("cutoff", sa.BigInteger(), nullable=False, comment="highest receipt number among those batches"),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="digest of the record kind"),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lane_id", name="pk_digest_tree"),
    )
    op.create_table(
        "digest_leaf",
        *_lane("digest_leaf"),
        sa.Column("bucket", sa.Text(), nullable=False, comment="path of the bucket: product/month and hex digits"),
        sa.Column("key", sa.Text(), nullable=False, comment="business key"),
        sa.Column("version", sa.LargeBinary(), nullable=False, comment="version digest headquarters should hold"),
        sa.PrimaryKeyConstraint("lane_id", "bucket", "key", name="pk_digest_leaf"),
        sa.UniqueConstraint("lane_id", "key", name="uq_digest_leaf_lane_id_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "digest_node",
        *_lane("digest_node"),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False, comment="records below"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lane_id", "path", name="pk_digest_node"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_digest_node_lane_id_parent", "digest_node", ["lane_id", "parent"])


def _reconciliations() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("id", _BIG, nullable=False, autoincrement=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column(
            "scope", sa.Text(), nullable=False, comment="headquarters, source, both: what was compared with the ledger"
        ),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="last batch that counts"),
        sa.Column(
            "cutoff", sa.BigInteger(), nullable=False, comment="receipt number up to which headquarters was compared"
        ),
        sa.Column("records_here", sa.BigInteger(), nullable=False),
        sa.Column("records_there", sa.BigInteger(), comment="null when headquarters was not asked"),
        sa.Column("digest_here", sa.LargeBinary(), nullable=False),
        sa.Column("digest_there", sa.LargeBinary()),
        sa.Column("source_rows", sa.BigInteger(), comment="rows the sweep read; null without one"),
        sa.Column("questions", sa.Integer(), nullable=False, comment="files asked"),
        sa.Column("requests", sa.Integer(), nullable=False, comment="nodes and buckets asked for in them"),
        sa.Column("counts", sa.Text(), nullable=False, comment="JSON: side/class to number of differences found"),
        sa.Column("repaired", sa.Text(), nullable=False, comment="JSON: resent, queued"),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name="fk_reconciliation_lane_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_reconciliation_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliation"),
    )
    op.create_index("ix_reconciliation_run_id", "reconciliation", ["run_id"])
    op.create_index("ix_reconciliation_lane_id_at", "reconciliation", ["lane_id", "at"])


def _differences() -> None:
    op.create_table(
        "difference",
        sa.Column("id", _BIG, nullable=False, autoincrement=True),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column(
            "side", sa.Text(), nullable=False, comment="headquarters or source: what the ledger was compared with"
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False, comment="missing_there, missing_here, different, duplicated, …"),
        sa.Column("here", sa.LargeBinary(), comment="version digest of the ledger"),
        sa.Column("there", sa.LargeBinary(), comment="version digest of the other side"),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON list of national fields that differ"),
        sa.Column("action", sa.Text(), nullable=False, comment="resend, queue, wait, person"),
        sa.Column("state", sa.Text(), nullable=False, comment="open, repairing, settled"),
        sa.Column("first_found", sa.BigInteger(), nullable=False),
        sa.Column("last_found", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.Text(), nullable=False, comment="when it was found first"),
        sa.Column("settled_at", sa.Text()),
        sa.Column("settled_by", sa.Text(), comment="reconciliation that no longer found it, or a person"),
        sa.Column("note", sa.Text()),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name="fk_difference_lane_id"),
        sa.ForeignKeyConstraint(["first_found"], ["reconciliation.id"], name="fk_difference_first_found"),
        sa.ForeignKeyConstraint(["last_found"], ["reconciliation.id"], name="fk_difference_last_found"),
        sa.PrimaryKeyConstraint("id", name="pk_difference"),
    )
    op.create_index("ix_difference_lane_id_side_key", "difference", ["lane_id", "side", "key"])
    op.create_index("ix_difference_state", "difference", ["state"])


def downgrade() -> None:
    """Drop them: the tree can be built again, what was found is lost."""
    for table in ("difference", "reconciliation", "digest_node", "digest_leaf", "digest_tree"):
        op.drop_table(table)
