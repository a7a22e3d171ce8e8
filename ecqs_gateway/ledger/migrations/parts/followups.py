"""What is to be done after records were sent, and what settles it."""

from __future__ import annotations

from alembic import op

from ecqs_gateway.ledger.tables_followups import followup_due, followup_met, followup_scan

__all__ = ["downgrade", "upgrade"]


def upgrade() -> None:
    """Make the tables."""
    for table in (followup_due, followup_met, followup_scan):
        table.create(op.get_bind())


def downgrade() -> None:
    """Drop the tables: all of it can be made anew from the batches."""
    for name in ("followup_scan", "followup_met", "followup_due"):
        op.drop_table(name)
