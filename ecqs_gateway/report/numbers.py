"""How the report writes values: thousands in groups, shares in per cent, a dash for what is not known."""

from __future__ import annotations

from ecqs_gateway.report.data import Value

__all__ = ["DASH", "written"]

DASH = "—"


def written(value: Value, kind: str) -> str:
    """Write a value of a column of this kind."""
    if value is None or value == "":
        return DASH
    if kind == "share":
        return f"{float(value) * 100:.1f}%"
    if kind == "count" and not isinstance(value, str):
        return f"{int(value):,}"
    return str(value)
