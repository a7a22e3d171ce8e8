"""Random inspections: requests, drawn cases, papers, messages to headquarters, and every file that came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

_TABLES = ("audit_arrival", "audit_message", "audit_paper", "audit_case", "audit_request")


def upgrade() -> None:
    """Create the tables."""
    _requests()
    _cases()
    _papers()
    _messages()
    _arrivals()


def _requests() -> None:
    op.create_table(
        "audit_request",
        _text("id", "id headquarters gave it"),
        _text("unit"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the request's exact bytes"),
        _text("file", "stage name of the exact bytes"),
        _text("issued_at"),
        _text("received_at"),
        sa.Column("working_days", sa.Integer(), nullable=False),
        _text("due", "last day of the answer, by headquarters' word"),
        _null("reckoned_due", "the same by our calendar; null where the calendar of a year is missing"),
        _text("demands", "JSON: record kind to codes of demanded papers"),
        _text("population", "JSON: verdict and figures of comparing it with this ledger"),
        _text("state", "received, routed, answered, again, closed, refused"),
        _null("code", "error code for which it was refused"),
        _null("reason"),
        _null("routed_at"),
        _null("routed_to", "table or folder it was written to"),
        _null("remarks", "JSON: what headquarters said of the last answer"),
        _null("overdue_at", "when it was first found overdue; null again when it is asked for anew"),
        _null("closed_at"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_request"),
    )
    op.create_index("ix_audit_request_unit_state", "audit_request", ["unit", "state"])


def _cases() -> None:
    op.create_table(
        "audit_case",
        _text("request_id"),
        sa.Column("number", sa.Integer(), nullable=False, comment="place in the request, from 1"),
        _text("kind"),
        _text("product"),
        _text("key"),
        sa.Column("version", sa.LargeBinary(), nullable=False),
        _null("unknown", "why this ledger knows no such record version; null where it does"),
        _of_request("audit_case"),
        sa.PrimaryKeyConstraint("request_id", "number", name="pk_audit_case"),
    )


def _papers() -> None:
    op.create_table(
        "audit_paper",
        _id(),
        _text("request_id"),
        sa.Column("number", sa.Integer(), nullable=False, comment="number of the case"),
        _text("type", "code of paper_types"),
        _null("title", "name of the file as the province has it"),
        _null("media", "by content; null where the paper is declared absent"),
        sa.Column("digest", sa.LargeBinary(), comment="SHA-256 of the file"),
        sa.Column("size", sa.Integer()),
        _null("file", "stage name, made of the digest"),
        _null("absent", "why there is no such paper"),
        _text("added_by"),
        _text("added_at"),
        _of_request("audit_paper"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_paper"),
        sa.UniqueConstraint("request_id", "number", "type", name="uq_audit_paper_request_id_number_type"),
    )


def _messages() -> None:
    op.create_table(
        "audit_message",
        _id(),
        _text("request_id"),
        _text("kind", "acknowledgement, answer"),
        sa.Column("number", sa.Integer(), nullable=False, comment="of the answer; 0 for the acknowledgement"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _text("file", "stage name of the exact bytes to send"),
        sa.Column("size", sa.Integer(), nullable=False),
        _text("state", "sealed, sent"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _null("last_error"),
        _text("sealed_at"),
        _null("sent_at"),
        _of_request("audit_message"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_message"),
        sa.UniqueConstraint("request_id", "kind", "number", name="uq_audit_message_request_id_kind_number"),
    )
    op.create_index("ix_audit_message_state", "audit_message", ["state"])


def _arrivals() -> None:
    op.create_table(
        "audit_arrival",
        _id(),
        _text("unit", "unit in whose folder it lay"),
        _text("name", "name at headquarters: data, never a path here"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _text("file", "stage name of the exact bytes"),
        _text("verdict", "accepted, refused, quarantined"),
        _null("code"),
        _null("reason"),
        _null("request_id", "null where it was quarantined"),
        _text("taken_at"),
        _null("seen_at", "when a person said that a quarantined file was looked into"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_arrival"),
        sa.UniqueConstraint("unit", "name", "digest", name="uq_audit_arrival_unit_name_digest"),
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False)


def _text(name: str, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _null(name: str, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), comment=comment)


def _of_request(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["request_id"], ["audit_request.id"], name=f"fk_{table}_request_id")


def downgrade() -> None:
    """Drop the tables."""
    for table in _TABLES:
        op.drop_table(table)
