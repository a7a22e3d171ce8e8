"""`ecqs mapping`: the workbench of those who write mappings. One module a command, each with `register`."""

from __future__ import annotations

import typer

from ecqs_gateway.cli import (
    mapping_capture,
    mapping_cases,
    mapping_coverage,
    mapping_docs,
    mapping_lineage,
    mapping_plan,
    mapping_preview,
    mapping_unmapped,
)

__all__ = ["app"]

app = typer.Typer(
    help="Try, test, change, document and complete the mappings of a unit.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MODULES = (
    mapping_preview,
    mapping_cases,
    mapping_plan,
    mapping_capture,
    mapping_coverage,
    mapping_lineage,
    mapping_unmapped,
    mapping_docs,
)
for module in _MODULES:
    module.register(app)
