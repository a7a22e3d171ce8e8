"""What each lane's rows were last mapped by, and plans of a change that people accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]


def upgrade() -> None:
    """Add two tables; nothing that is there changes."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    decides = "digest of what of the content decides about this lane"
    op.create_table(
        "lane_content",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment=decides),
        sa.Column("bundle", sa.Text(), nullable=False, comment="content bundle it was first used from"),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_lane_content_lane_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane_content")),
    )
    op.create_index(op.f("ix_lane_content_lane_id"), "lane_content", ["lane_id"], unique=False)
    op.create_table(
        "accepted_plan",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("base_fingerprint", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("base_bundle", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="source rows the plan looked at"),
        sa.Column("summary", sa.Text(), nullable=False, comment="JSON: the plan's counts, no record values"),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_accepted_plan_lane_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_plan")),
    )
    op.create_index(op.f("ix_accepted_plan_lane_id"), "accepted_plan", ["lane_id"], unique=False)


def downgrade() -> None:
    """Take them away again; who accepted which plan stays in the evidence chain."""
    op.drop_table("accepted_plan")
    op.drop_table("lane_content")
