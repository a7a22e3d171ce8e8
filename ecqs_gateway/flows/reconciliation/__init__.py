"""Reconciliation: source, ledger and headquarters held against one another; what was lost is sent again."""
