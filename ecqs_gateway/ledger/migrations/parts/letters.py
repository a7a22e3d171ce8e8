"""Waiting dead letters of one origin are counted from an index, not from rows that hold whole payloads."""

from __future__ import annotations

from alembic import op

__all__ = ["downgrade", "upgrade"]


def upgrade() -> None:
    """Put an index in place of a narrower one."""
    wide = op.f("ix_dead_letter_lane_id_state_origin")
    op.create_index(wide, "dead_letter", ["lane_id", "state", "origin"], unique=False)
    op.drop_index(op.f("ix_dead_letter_lane_id_state"), table_name="dead_letter")


def downgrade() -> None:
    """Put the narrow one back."""
    op.create_index(op.f("ix_dead_letter_lane_id_state"), "dead_letter", ["lane_id", "state"], unique=False)
    op.drop_index(op.f("ix_dead_letter_lane_id_state_origin"), table_name="dead_letter")
