"""A record kind whose source drifted is held until somebody has looked: what drifted, and who decided what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "drift",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False, comment="run that found it first"),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False, comment="SHA-256 over what drifted, without counts"),
        sa.Column("found", sa.Text(), nullable=False, comment="JSON list: what, column, message, place"),
        sa.Column("state", sa.Text(), nullable=False, comment="held, let through, passed, accepted, gone"),
        sa.Column(
            "rows", sa.BigInteger(), nullable=False, comment="rows of the run that were taken before it was held"
        ),
        sa.Column("held_at", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift")),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_drift_lane_id")),
    )
    op.create_index(op.f("ix_drift_lane_id_state"), "drift", ["lane_id", "state"], unique=False)


def downgrade() -> None:
    """Take it away; who decided what about drift is lost with it, as ``migrate.losses`` says beforehand."""
    op.drop_index(op.f("ix_drift_lane_id_state"), table_name="drift")
    op.drop_table("drift")
