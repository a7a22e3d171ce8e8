"""A stand-in headquarters in its own process with its own ledger, and sample provinces."""
