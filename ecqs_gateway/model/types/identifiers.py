"""Field types of identifiers that carry their own check or pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldType, XsdType

__all__ = ["CertificateNumber", "Identifier", "LicenceId", "PersonDigest", "Sha256", "Uscc"]


@dataclass(frozen=True)
class Uscc(FieldType):
    """Unified social credit code, GB 32100-2015."""

    name = "uscc"
    title = "统一社会信用代码"

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Uscc")


@dataclass(frozen=True)
class CertificateNumber(FieldType):
    """Number of a production licence."""

    name = "certificate_number"
    title = "生产许可证编号"

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("CertificateNumber")


@dataclass(frozen=True)
class LicenceId(FieldType):
    """Identifier of an electronic licence."""

    name = "licence_id"
    title = "电子证照标识"

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("LicenceId")


@dataclass(frozen=True)
class Identifier(FieldType):
    """Printable identifier such as a case number."""

    name = "identifier"
    title = "编号"
    max_length: int
    pattern: str | None = None

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Identifier")


@dataclass(frozen=True)
class Sha256(FieldType):
    """SHA-256 digest, 64 lowercase hex digits."""

    name = "sha256"
    title = "SHA-256 摘要"

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("Sha256")


@dataclass(frozen=True)
class PersonDigest(FieldType):
    """Salted digest of an identity number."""

    name = "person_digest"
    title = "身份证件号码摘要"

    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the text without surrounding blanks."""
        return text.strip()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the text without surrounding blanks."""
        return text.str.strip_chars()

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a plain string."""
        return XsdType("PersonDigest")
