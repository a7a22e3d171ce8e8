"""Field types of amounts, counts and flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldType, XsdType

__all__ = ["Flag", "Integer", "Money", "Quantity"]


@dataclass(frozen=True)
class Money(FieldType):
    """Amount in CNY yuan, two decimals."""

    name = "money"
    title = "金额（元）"
    dtype = pl.Decimal(18, 2)

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Money")


@dataclass(frozen=True)
class Quantity(FieldType):
    """Decimal number with that many digits in all and places after the point."""

    name = "quantity"
    title = "数量"
    digits: int
    places: int

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Quantity")


@dataclass(frozen=True)
class Integer(FieldType):
    """Whole number between two bounds."""

    name = "integer"
    title = "整数"
    min: int
    max: int
    dtype = pl.Int64()

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Integer")


@dataclass(frozen=True)
class Flag(FieldType):
    """Yes or no."""

    name = "flag"
    title = "是否"
    dtype = pl.Boolean()

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Flag")
