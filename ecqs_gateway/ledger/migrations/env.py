"""Alembic's entry: runs the migrations on the connection ``Database.upgrade`` hands in, in its transaction."""

from __future__ import annotations

from alembic import context

import ecqs_gateway.ledger.create  # noqa: F401  all tables join the metadata
from ecqs_gateway.ledger.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run migrations through `ecqs`, which opens the ledger the settings name.")
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
