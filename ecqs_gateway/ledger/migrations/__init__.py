"""Alembic migrations of the ledger, numbered, transactional, never edited after a release."""
