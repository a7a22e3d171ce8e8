"""Columns by their exact names: Polars reads ``*`` and ``^…$`` as patterns, and a source may call a column so."""

from __future__ import annotations

import re

import polars as pl

__all__ = ["exactly"]


def exactly(name: str) -> pl.Expr:
    """Give the column of this name and no other, whatever the name looks like."""
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        return pl.col(f"^{re.escape(name)}$")
    return pl.col(name)
