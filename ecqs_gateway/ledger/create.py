"""Makes the schema of an empty database as the tables of the code say, without going through its history.

A new ledger needs no migration: Alembic, with what it imports, would cost a first run 0.2 s and 12 MB. Tests hold the
two ways to the same schema on every database.
"""

from __future__ import annotations

import sqlalchemy as sa

from ecqs_gateway.ledger import (  # noqa: F401  their tables join the metadata
    tables_audits,
    tables_drift,
    tables_followups,
    tables_inspectors,
    tables_plan,
    tables_reconcile,
    tables_report,
    tables_rules,
)
from ecqs_gateway.ledger.tables import metadata

__all__ = ["create", "only_one"]

_SCHEMA_LOCK = 7_205_002
"""PostgreSQL advisory lock: two workers that start on one ledger at once change its schema one after the other."""

_VERSION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), nullable=False))
_VERSION.append_constraint(sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"))


def only_one(connection: sa.Connection) -> None:
    """Wait until nobody else changes the schema, and keep others from it until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SCHEMA_LOCK})


def create(connection: sa.Connection, revision: str) -> None:
    """Make all tables and note the revision they are of; the database must have none of them."""
    metadata.create_all(connection, checkfirst=False)
    _VERSION.create(connection, checkfirst=False)
    connection.execute(_VERSION.insert().values(version_num=revision))
