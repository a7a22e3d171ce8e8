"""What cross-record rules look back at: facts of each version, cases that replace a certificate, enquiries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]


def upgrade() -> None:
    """Add a column and tables; versions sent before have no facts, and rules say nothing of them."""
    comment = "JSON: fields that rules look back at; null where no rule does"
    op.add_column("record_version", sa.Column("facts", sa.Text(), comment=comment))
    op.create_table(
        "certificate_use",
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="business key of the case that replaces the certificate"),
        sa.Column("number", sa.Text(), nullable=False, comment="number of the certificate"),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="batch that carries the version that says so"),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_certificate_use_lane_id")),
        sa.PrimaryKeyConstraint("lane_id", "key", name=op.f("pk_certificate_use")),
    )
    op.create_index(op.f("ix_certificate_use_number"), "certificate_use", ["number"], unique=False)
    digest = "SHA-256 of enquiry.json, which the answer must name"
    op.create_table(
        "enquiry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment=digest),
        sa.Column("about", sa.Text(), nullable=False, comment="JSON: list of number and case, as asked"),
        sa.Column("answered_at", sa.Text(), comment="null while no answer was believed"),
        sa.Column("answer", sa.Text(), comment="stage name of the exact bytes of the answer"),
        sa.Column("answer_digest", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enquiry")),
    )
    op.create_index(op.f("ix_enquiry_unit_answered_at"), "enquiry", ["unit", "answered_at"], unique=False)
    facts = "JSON: status, dates and cause; null where headquarters knows no such certificate"
    op.create_table(
        "certificate_answer",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("case_key", sa.Text(), nullable=False, comment="case headquarters was asked for"),
        sa.Column("number", sa.Text(), nullable=False, comment="certificate it was asked about"),
        sa.Column("facts", sa.Text(), comment=facts),
        sa.Column("uses", sa.Text(), nullable=False, comment="JSON: unit and case of every case that replaces it"),
        sa.Column("enquiry_id", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["enquiry_id"], ["enquiry.id"], name=op.f("fk_certificate_answer_enquiry_id")),
        sa.PrimaryKeyConstraint("unit", "case_key", "number", name=op.f("pk_certificate_answer")),
    )


def downgrade() -> None:
    """Take them away again; headquarters is asked anew."""
    for table in ("certificate_answer", "enquiry", "certificate_use"):
        op.drop_table(table)
    op.drop_column("record_version", "facts")
