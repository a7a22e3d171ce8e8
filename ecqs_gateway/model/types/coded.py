"""Field types whose values stand in a code table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldType, XsdType

__all__ = ["AreaCode", "Code"]


@dataclass(frozen=True)
class AreaCode(FieldType):
    """Area code, GB/T 2260."""

    name = "area_code"
    title = "行政区划代码"

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("AreaCode")


@dataclass(frozen=True)
class Code(FieldType):
    """Code of a national code table."""

    name = "code"
    title = "代码"
    table: str

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Code")
