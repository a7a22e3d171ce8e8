"""``python -m ecqs_gateway.cli`` is the `ecqs` command."""

from __future__ import annotations

from ecqs_gateway.cli.main import app

app()
