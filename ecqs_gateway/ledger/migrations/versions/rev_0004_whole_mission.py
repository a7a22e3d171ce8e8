"""What the whole mission keeps beside the nightly job: each part of the gateway brings its own tables."""

from __future__ import annotations

from ecqs_gateway.ledger.migrations.parts import (
    audits,
    drift,
    followups,
    inspectors,
    plans,
    reconciliation,
    report,
    rules,
)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PARTS = (followups, plans, drift, audits, reconciliation, rules, inspectors, report)


def upgrade() -> None:
    """Make the tables of every part."""
    for part in _PARTS:
        part.upgrade()


def downgrade() -> None:
    """Drop them again, the last one first."""
    for part in reversed(_PARTS):
        part.downgrade()
