"""The national list of inspectors: its versions and their history, what was refused, written back, and visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

_TABLES = ("inspector_scan", "inspector_visit", "inspector_writeback", "inspector_refusal", "inspector_entry")


def upgrade() -> None:
    """Add tables; nothing that is there changes."""
    _list()
    _entry()
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "inspector_refusal",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="name at headquarters: data, never a path here"),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False, comment="stage name of the exact bytes"),
        sa.Column("file_digest", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector_refusal")),
        sa.UniqueConstraint("name", "file_digest", "code", name=op.f("uq_inspector_refusal_name_file_digest_code")),
    )
    op.create_table(
        "inspector_writeback",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), comment="version the unit has; null while it has none"),
        sa.Column("target", sa.Text(), comment="table or file it was written to"),
        sa.Column("entries", sa.Integer()),
        sa.Column("written_at", sa.Text()),
        sa.Column("error", sa.Text(), comment="why the last try failed; null when it went through"),
        sa.Column("tried_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit", name=op.f("pk_inspector_writeback")),
    )
    _visits()


def _list() -> None:
    op.create_table(
        "inspector_list",
        sa.Column(
            "version", sa.BigInteger(), autoincrement=False, nullable=False, comment="headquarters' number of it"
        ),
        sa.Column("issued_at", sa.Text(), nullable=False, comment="as headquarters wrote it"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="of the entries"),
        sa.Column("chain", sa.LargeBinary(), nullable=False, comment="of this version and all before it"),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False, comment="full, changes"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("added", "changed", "removed")),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False, comment="stage name of the exact bytes"),
        sa.Column("file_digest", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_inspector_list")),
    )


def _entry() -> None:
    needed = ("unit", "number", "name", "authority", "regime", "issue_date", "status", "record")
    names: tuple[str, ...] = (
        "unit",
        "number",
        "name",
        "employer",
        "authority",
        "authority_uscc",
        "regime",
        "level",
        "issue_date",
    )
    names += ("valid_from", "valid_until", "status", "status_date", "status_note", "record", "scopes")
    op.create_table(
        "inspector_entry",
        sa.Column("from_version", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=name not in needed) for name in names),
        sa.Column(
            "until_version", sa.BigInteger(), comment="first version that no longer said so; null while it holds"
        ),
        sa.PrimaryKeyConstraint("from_version", "number", name=op.f("pk_inspector_entry")),
    )
    op.create_index(op.f("ix_inspector_entry_number"), "inspector_entry", ["number"], unique=False)
    op.create_index(op.f("ix_inspector_entry_until_version"), "inspector_entry", ["until_version"], unique=False)


def _visits() -> None:
    op.create_table(
        "inspector_visit",
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="case number"),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="batch that carries this version of the approval"
        ),
        sa.Column("day", sa.Text(), comment="day of the visit; null where the record has none"),
        sa.Column("number", sa.Text(), nullable=False, comment="number of the inspector certificate"),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_inspector_visit_lane_id")),
    )
    op.create_index(op.f("ix_inspector_visit_number"), "inspector_visit", ["number"], unique=False)
    op.create_table(
        "inspector_scan",
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="last batch that was read"),
        sa.Column(
            "unread",
            sa.Integer(),
            nullable=False,
            comment="batches whose packages the retention had removed before",
        ),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_inspector_scan_lane_id")),
        sa.PrimaryKeyConstraint("lane_id", name=op.f("pk_inspector_scan")),
    )


def downgrade() -> None:
    """Take the tables out again; headquarters publishes the list anew, its history in the ledger is lost."""
    for table in (*_TABLES, "inspector_list"):
        op.drop_table(table)
