"""Alembic's entry: runs the migrations on the connection ``Database.upgrade`` hands in, in its transaction."""

from __future__ import annotations

from alembic import context

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

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run migrations through `ecqs`, which opens the ledger the settings name.")
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
