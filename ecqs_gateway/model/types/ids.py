"""Field types of identifiers without a check character, and of digests."""
# ruff: noqa: ARG002  (the signatures are those of FieldType)

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.clean import Finder, among, squash, squash_expr
from ecqs_gateway.model.types.columns import Layout, SlowWay, Utf8, by_column, verdict
from ecqs_gateway.model.types.problems import problem
from ecqs_gateway.model.types.source import text_series

__all__ = ["ID_SIGNS", "NOT_ID_SIGNS", "Identifier", "PersonDigest", "Sha256"]

ID_SIGNS = "!-%'-;=?-~\u3007\u3010\u3011\u3014\u3015\u3400-\u9fff"
"""What an identifier may hold, as the inside of a regex class: visible ASCII but & < >, Han, 〇 and 〔〕【】."""

_VISIBLE = {code for code in range(0x21, 0x7F) if chr(code) not in "&<>"}
_ALLOWED = among([*_VISIBLE, 0x3007, 0x3010, 0x3011, 0x3014, 0x3015, *range(0x3400, 0xA000)])
NOT_ID_SIGNS = Finder(~_ALLOWED)
"""Finds rows that hold anything else."""

_FREE_CLASS = re.compile(r"\\[a-zA-Z]|\[\^|\(\?|(?<!\\)[.^$]")


@dataclass(frozen=True)
class Identifier(FieldType):
    """An identifier such as a case number: visible ASCII and Han characters without blanks, case kept.

    ``pattern`` restricts it further. It must mean the same to Python, Rust and XSD, so it is anchored by nature and may
    use neither shorthand classes, nor the dot, nor groups with options, nor negated classes.
    """

    max_length: int
    pattern: str | None = None

    name = "identifier"
    title = "编号"
    xml_safe = True
    unreadable = "ECQS-1270"
    good: ClassVar[Sequence[str]] = ("SQ-2021/0001", "苏市监许〔2021〕001号", "（苏）2021　001", "a_b.c", "Ａ１")
    bad: ClassVar[Sequence[str]] = ("a&b", "<x>", "\u3000", "编号：1；\u00e9", "a\ufffdb")

    def __post_init__(self) -> None:
        """Refuse a pattern that the three regex dialects would not read alike."""
        if self.pattern is not None:
            if _FREE_CLASS.search(re.sub(r"\\[.^$\[\]()]", "", self.pattern)):
                raise ValueError("an identifier's pattern may use only literal characters, classes, groups and counts")
            classes = re.findall(r"\[[^\]]*\]", self.pattern)
            if any(sign in self.pattern or any(re.match(some, sign) for some in classes) for sign in "&<>"):
                raise ValueError("an identifier's pattern may not allow & < >")

    def read(self, text: str, codes: CodeTables | None = None) -> str:
        """Give the identifier in half-width without blanks; raises FieldProblem for other characters."""
        plain = squash(text)
        if not plain:
            raise problem("ECQS-1202")
        wrong = self._flaw(plain)
        if wrong is not None:
            raise wrong
        return plain

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the identifiers of a column."""
        slow = SlowWay.of(self, codes, squash_expr, self._canonical)
        return by_column(text, partial(self._read_column, slow=slow), pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse what reading refuses, for values that come from elsewhere."""
        return self._flaw(value) if isinstance(value, str) else problem("ECQS-1201", title=self.title)

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give the characters (or the pattern in their place: XSD would take either of two) and the length."""
        name = f"Identifier{self.max_length}"
        if self.pattern is not None:
            name += "_" + hashlib.sha256(self.pattern.encode()).hexdigest()[:8]
        facets = (("maxLength", str(self.max_length)), ("pattern", self.pattern or f"[{ID_SIGNS}]+"))
        return XsdType(name, "xs:string", facets)

    def explain(self) -> str:
        """Say the characters, the length and the pattern."""
        form = f"，格式 {self.pattern}" if self.pattern else ""
        return f"编号：可见英文字符、数字、汉字，1 至 {self.max_length} 个字符{form}"

    def _flaw(self, value: str) -> FieldProblem | None:
        if not re.fullmatch(f"[{ID_SIGNS}]*", value):
            return problem("ECQS-1270")
        if len(value) > self.max_length:
            return problem("ECQS-1203", limit=self.max_length)
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return problem("ECQS-1271", pattern=self.pattern)
        return None

    def _read_column(self, series: pl.Series, slow: SlowWay) -> pl.Series:
        series = text_series(series)
        text = Utf8.of(series)
        suspect = text.sizes == 0
        suspect[NOT_ID_SIGNS.rows(text)] = True
        suspect |= text.sizes > self.max_length
        if self.pattern is not None:
            suspect |= ~series.str.contains(f"^(?:{self.pattern})$").fill_null(value=True).to_numpy()
        return slow.amend(series, series, suspect)

    def _canonical(self, text: pl.Expr) -> pl.Expr:
        good = text.str.contains(f"^[{ID_SIGNS}]+$") & (text.str.len_chars() <= self.max_length)
        if self.pattern is not None:
            good &= text.str.contains(f"^(?:{self.pattern})$")
        return pl.when(good).then(text)


_HEX = b"0123456789abcdef"
_DIGEST = "[0-9a-f]{64}"
_DIGEST_LAYOUT = Layout([_HEX] * 64)


@dataclass(frozen=True)
class Sha256(FieldType):
    """SHA-256 digest: 64 lowercase hexadecimal digits."""

    name = "sha-256"
    title = "SHA-256 摘要"
    xml_safe = True
    unreadable = "ECQS-1275"
    good: ClassVar[Sequence[str]] = ("0123456789abcdef" * 4, "0123456789ABCDEF" * 4, " " + "00" * 32)
    bad: ClassVar[Sequence[str]] = ("0123456789abcdef" * 3, "g" * 64, "0" * 65, "无")

    def read(self, text: str, codes: CodeTables | None = None) -> str:
        """Give the digest in lower case; raises FieldProblem for anything else."""
        plain = squash(text)
        if not re.fullmatch("[0-9A-Fa-f]{64}", plain):
            raise self._wrong(plain)
        return plain.lower()

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the digests of a column."""
        slow = SlowWay.of(self, codes, squash_expr, _canonical_digest)
        return by_column(text, partial(_read_digests, slow=slow), pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse what is not a digest in canonical form."""
        good = isinstance(value, str) and re.fullmatch(_DIGEST, value)
        return None if good else problem("ECQS-1201", title=self.title)

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give true for digests in canonical form."""
        return by_column(value, _check_digests, pl.Boolean())

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give the pattern of 64 hexadecimal digits."""
        return XsdType(type(self).__name__, "xs:string", (("pattern", _DIGEST),))

    def explain(self) -> str:
        """Say the form."""
        return "64 位小写十六进制数"

    def _wrong(self, plain: str) -> FieldProblem:
        return problem("ECQS-1275")


@dataclass(frozen=True)
class PersonDigest(Sha256):
    """Salted digest of a person's identity number: the number itself never leaves the unit."""

    NOT_A_NUMBER: ClassVar[str] = "!"
    """What the mapping gives in place of a digest where the source holds no id number (``mapping.persons``)."""

    name = "person digest"
    title = "身份证件号码摘要"
    good: ClassVar[Sequence[str]] = ("0123456789abcdef" * 4,)
    bad: ClassVar[Sequence[str]] = ("0" * 18, "0" * 17 + "X", "0" * 15, "张三")

    def _wrong(self, plain: str) -> FieldProblem:
        if plain == self.NOT_A_NUMBER:
            return problem("ECQS-1277")
        return problem("ECQS-1276" if re.fullmatch("[0-9]{17}[0-9Xx]|[0-9]{15}", plain) else "ECQS-1275")


def _read_digests(series: pl.Series, slow: SlowWay) -> pl.Series:
    series = text_series(series)
    text = Utf8.of(series)
    rows, matrix = text.fixed(64)
    left = text.sizes >= 0
    left[rows[_DIGEST_LAYOUT.fits(matrix)]] = False
    return slow.amend(series, series, left)


def _canonical_digest(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains("^[0-9A-Fa-f]{64}$")).then(text.str.to_lowercase())


def _check_digests(series: pl.Series) -> pl.Series:
    text = Utf8.of(series)
    rows, matrix = text.fixed(64)
    return verdict(text, rows, _DIGEST_LAYOUT.fits(matrix))
