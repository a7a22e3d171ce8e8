"""The headquarters report: the fact class of each record version, counts per batch, and the reports that were sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]


def upgrade() -> None:
    """Add tables and column; versions that were batched before have no class, and are never subtracted either."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("record_version", sa.Column("fact", sa.BigInteger(), comment="fact class, for the report"))
    op.create_table(
        "fact_class",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False, comment="product, period and measure, joined by |"),
        sa.Column(
            "product", sa.Text(), nullable=False, comment="code of product_classes; empty where the record names none"
        ),
        sa.Column(
            "period",
            sa.Text(),
            nullable=False,
            comment="month, for days long past the year; empty where there is no day",
        ),
        sa.Column("measure", sa.Text(), nullable=False, comment="what flows.facts says of the record kind"),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_fact_class_lane_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_class")),
        sa.UniqueConstraint("lane_id", "label", name=op.f("uq_fact_class_lane_id_label")),
    )
    op.create_table(
        "report_fact",
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="sequence of the batch"),
        sa.Column("class_id", sa.BigInteger(), nullable=False, comment="fact class"),
        sa.Column("fresh", sa.Integer(), nullable=False, comment="record versions of this class in the batch"),
        sa.Column(
            "replaced",
            sa.Integer(),
            nullable=False,
            comment="versions of this class that versions in the batch replaced",
        ),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_report_fact_lane_id")),
        sa.PrimaryKeyConstraint("lane_id", "sequence", "class_id", name=op.f("pk_report_fact")),
        sqlite_with_rowid=False,
    )
    _messages()


def _messages() -> None:
    op.create_table(
        "report_message",
        sa.Column("id", sa.Text(), nullable=False, comment="unit-report-yyyymmnn: month and edition"),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False, comment="from 1; a later edition replaces the earlier ones"),
        sa.Column("data_digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of report.json"),
        sa.Column("records", sa.Integer(), nullable=False, comment="numbers the report's tables show"),
        sa.Column("manifest_digest", sa.LargeBinary(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False, comment="JSON: name, digest algorithm, digest of each part"),
        sa.Column("package", sa.Text(), nullable=False, comment="stage name of the exact bytes to send"),
        sa.Column("package_digest", sa.LargeBinary(), nullable=False),
        sa.Column("package_size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="sealed, sent, received, rejected"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text()),
        sa.Column("sealed_at", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Text()),
        sa.Column("settled_at", sa.Text()),
        sa.Column("receipt", sa.Text(), comment="stage name of the receipt that settled it"),
        sa.Column("receipt_digest", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_message")),
        sa.UniqueConstraint("unit", "month", "edition", name=op.f("uq_report_message_unit_month_edition")),
    )
    op.create_index(op.f("ix_report_message_state"), "report_message", ["state"], unique=False)


def downgrade() -> None:
    """Take them away again; what was counted is lost with them."""
    for table in ("report_message", "report_fact", "fact_class"):
        op.drop_table(table)
    op.drop_column("record_version", "fact")
