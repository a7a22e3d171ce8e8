"""Backups of ledger, stage and keys, and the way back: restoring, and asking headquarters what happened since."""
