"""Field types of dates and times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldType, XsdType

__all__ = ["BusinessDate", "Timestamp"]


@dataclass(frozen=True)
class BusinessDate(FieldType):
    """Calendar date in Asia/Shanghai."""

    name = "business_date"
    title = "日期"
    dtype = pl.Date()

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("BusinessDate")


@dataclass(frozen=True)
class Timestamp(FieldType):
    """Instant, shown in Asia/Shanghai."""

    name = "timestamp"
    title = "时间"
    dtype = pl.Datetime("us", "Asia/Shanghai")

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Timestamp")
