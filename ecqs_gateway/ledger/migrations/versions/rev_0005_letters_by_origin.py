"""Waiting dead letters of one origin are counted from an index, not from rows that hold whole payloads."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put an index in place of a narrower one."""
    op.create_index(op.f("ix_dead_letter_lane_id_state_origin"), "dead_letter", ["lane_id", "state", "origin"])
    op.drop_index(op.f("ix_dead_letter_lane_id_state"), table_name="dead_letter")


def downgrade() -> None:
    """Put the narrow one back."""
    op.create_index(op.f("ix_dead_letter_lane_id_state"), "dead_letter", ["lane_id", "state"])
    op.drop_index(op.f("ix_dead_letter_lane_id_state_origin"), table_name="dead_letter")
