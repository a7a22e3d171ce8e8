"""Random inspections: requests, drawn cases, papers, messages to headquarters, and every file that came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("audit_arrival", "audit_message", "audit_paper", "audit_case", "audit_request")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "audit_request",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_texts("file", "issued_at", "received_at"),
        sa.Column("working_days", sa.Integer(), nullable=False),
        *_texts("due"),
        *_texts("reckoned_due", nullable=True),
        *_texts("demands", "population", "state"),
        *_texts("code", "reason", "routed_at", "routed_to", "remarks", "overdue_at", "closed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_request"),
    )
    op.create_index("ix_audit_request_unit_state", "audit_request", ["unit", "state"])
    op.create_table(
        "audit_case",
        *_texts("request_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("kind", "product", "key"),
        sa.Column("version", sa.LargeBinary(), nullable=False),
        *_texts("unknown", nullable=True),
        _of_request("audit_case"),
        sa.PrimaryKeyConstraint("request_id", "number", name="pk_audit_case"),
    )
    _papers_and_messages()
    op.create_table(
        "audit_arrival",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        *_texts("unit", "name"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_texts("file", "verdict"),
        *_texts("code", "reason", "request_id", nullable=True),
        *_texts("taken_at"),
        *_texts("seen_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_arrival"),
        sa.UniqueConstraint("unit", "name", "digest", name="uq_audit_arrival_unit_name_digest"),
    )


def _papers_and_messages() -> None:
    op.create_table(
        "audit_paper",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        *_texts("request_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("type"),
        *_texts("title", "media", nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        *_texts("file", "absent", nullable=True),
        *_texts("added_by", "added_at"),
        _of_request("audit_paper"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_paper"),
        sa.UniqueConstraint("request_id", "number", "type", name="uq_audit_paper_request_id_number_type"),
    )
    op.create_table(
        "audit_message",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        *_texts("request_id", "kind"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_texts("file"),
        sa.Column("size", sa.Integer(), nullable=False),
        *_texts("state"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        *_texts("last_error", nullable=True),
        *_texts("sealed_at"),
        *_texts("sent_at", nullable=True),
        _of_request("audit_message"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_message"),
        sa.UniqueConstraint("request_id", "kind", "number", name="uq_audit_message_request_id_kind_number"),
    )
    op.create_index("ix_audit_message_state", "audit_message", ["state"])


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _of_request(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["request_id"], ["audit_request.id"], name=f"fk_{table}_request_id")


def downgrade() -> None:
    """Drop the tables."""
    for table in _TABLES:
        op.drop_table(table)
