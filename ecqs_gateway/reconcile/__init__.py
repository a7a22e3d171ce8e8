"""Reconciliation: the digest tree of what headquarters should hold, and the exchange that finds what differs."""
