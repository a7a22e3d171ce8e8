"""What people decide: stop orders, corrections; content bundles kept; what was pruned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _added() -> dict[str, list[sa.Column[object]]]:
    """Give the new columns by table, made anew at each call: a column belongs to one table once."""
    cause = "source, retry, correction, release"
    return {
        "run": [sa.Column("owner", sa.Text(), comment="process that runs it, as a lease names its owner")],
        "extraction": [
            sa.Column("cause", sa.Text(), nullable=False, server_default="source", comment=cause),
            sa.Column("pruned_at", sa.Text(), comment="when its files were removed under the retention"),
        ],
        "batch": [sa.Column("pruned_at", sa.Text(), comment="when its package was removed under the retention")],
        "dead_letter": [sa.Column("note", sa.Text(), comment="why a person discarded it")],
    }


def upgrade() -> None:
    """Add tables and columns; nothing that is there changes."""
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "correction",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("dead_letter_id", number, nullable=False),
        sa.Column(
            "changes",
            sa.Text(),
            nullable=False,
            comment="JSON: source column to corrected value, sealed like the source",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="proposed, approved, refused, withdrawn"),
        sa.Column("decided_by", sa.Text(), comment="the second person"),
        sa.Column("decided_at", sa.Text()),
        sa.Column("decision", sa.Text(), comment="why the second person refused it"),
        sa.Column("extraction_id", sa.BigInteger(), comment="extraction that carries the corrected row"),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["dead_letter_id"], ["dead_letter.id"], name=op.f("fk_correction_dead_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    op.create_index(op.f("ix_correction_dead_letter_id"), "correction", ["dead_letter_id"], unique=False)
    op.create_index(op.f("ix_correction_state"), "correction", ["state"], unique=False)
    op.create_table(
        "stop_order",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("unit", sa.Text(), comment="null stops every unit"),
        sa.Column("kind", sa.Text(), comment="null stops every record kind"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.Text(), comment="null while the order stands"),
        sa.Column("lifted_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop_order")),
    )
    op.create_index(op.f("ix_stop_order_lifted_at"), "stop_order", ["lifted_at"], unique=False)
    op.create_table(
        "content_bundle",
        sa.Column(
            "digest", sa.Text(), nullable=False, comment="digest of the content bundle, as runs and batches name it"
        ),
        sa.Column("file", sa.Text(), nullable=False, comment="stage name of the archive with its files"),
        sa.Column("file_digest", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_content_bundle")),
    )


def downgrade() -> None:
    """Take them away again; what people decided is lost with them."""
    for table in ("content_bundle", "stop_order", "correction"):
        op.drop_table(table)
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
