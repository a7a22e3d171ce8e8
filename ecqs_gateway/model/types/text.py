"""Field types of free text and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldType, XsdType

__all__ = ["OrgName", "PersonName", "Text"]


@dataclass(frozen=True)
class Text(FieldType):
    """Free text, cleaned."""

    name = "text"
    title = "文本"
    max_length: int

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Text")


@dataclass(frozen=True)
class OrgName(FieldType):
    """Name of an organisation."""

    name = "org_name"
    title = "名称"
    max_length: int = 200

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("OrgName")


@dataclass(frozen=True)
class PersonName(FieldType):
    """Name of a person."""

    name = "person_name"
    title = "姓名"

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("PersonName")
