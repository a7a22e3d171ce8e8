"""Record versions stand in the order of their batches: inserts go to the table's end, receipts read one stretch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLE = "record_version"
_COLUMNS = "lane_id, key, sequence, digest, previous, position, ordering, extraction_id, source_row"
_BY_BATCH = ("lane_id", "sequence", "position")
_BY_KEY = ("lane_id", "key", "sequence")
_PRIMARY, _UNIQUE = "pk_record_version", "uq_record_version_lane_id_key_sequence"
_INDEX = "ix_record_version_lane_id_sequence"


def upgrade() -> None:
    """Change the primary key; on SQLite, whose tables are kept in that order, by copying the table."""
    if op.get_context().dialect.name == "sqlite":
        _copy(sa.PrimaryKeyConstraint(*_BY_BATCH, name=_PRIMARY), sa.UniqueConstraint(*_BY_KEY, name=_UNIQUE))
        return
    op.drop_index(_INDEX, table_name=_TABLE)
    op.drop_constraint(_PRIMARY, _TABLE, type_="primary")
    op.create_primary_key(_PRIMARY, _TABLE, list(_BY_BATCH))
    op.create_unique_constraint(_UNIQUE, _TABLE, list(_BY_KEY))


def downgrade() -> None:
    """Change it back."""
    if op.get_context().dialect.name == "sqlite":
        _copy(sa.PrimaryKeyConstraint(*_BY_KEY, name=_PRIMARY))
    else:
        op.drop_constraint(_UNIQUE, _TABLE, type_="unique")
        op.drop_constraint(_PRIMARY, _TABLE, type_="primary")
        op.create_primary_key(_PRIMARY, _TABLE, list(_BY_KEY))
    op.create_index(_INDEX, _TABLE, ["lane_id", "sequence"], unique=False)


def _copy(*keys: sa.Constraint) -> None:
    op.create_table(
        "record_version_new",
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ordering", sa.Text(), nullable=True),
        sa.Column("extraction_id", sa.BigInteger(), nullable=False),
        sa.Column("source_row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name="fk_record_version_lane_id"),
        *keys,
        sqlite_with_rowid=False,
    )
    order = "lane_id, sequence, position"
    op.execute(f"INSERT INTO record_version_new ({_COLUMNS}) SELECT {_COLUMNS} FROM {_TABLE} ORDER BY {order}")  # noqa: S608
    op.drop_table(_TABLE)
    op.rename_table("record_version_new", _TABLE)
