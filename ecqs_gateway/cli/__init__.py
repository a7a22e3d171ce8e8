"""The `ecqs` command."""
