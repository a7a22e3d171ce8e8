"""Field types of amounts, counts and flags: exact decimals, never floats."""
# ruff: noqa: ARG002  (the signatures are those of FieldType)

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.clean import squash, squash_expr
from ecqs_gateway.model.types.columns import SlowWay, by_column
from ecqs_gateway.model.types.problems import problem
from ecqs_gateway.model.types.source import text_series

__all__ = ["Flag", "Integer", "Money", "Quantity"]

_NUMBER = r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<part>[0-9]+))?"
_MONEY = rf"(?:人民币|RMB|CNY)?[¥￥]?{_NUMBER}(?P<unit>[万亿])?(?:元[整正]?)?"
_SHIFTS = {"万": 4, "亿": 8}
_LONGEST = 18  # digits of an Int64 and of Decimal(18, 2)
_ZEROS = "0" * 40


@dataclass(frozen=True)
class _Digits:
    """A decimal number as its digits: whole part without leading zeros, fraction without trailing ones."""

    negative: bool
    whole: str
    part: str


def _digits(found: re.Match[str], shift: int = 0) -> _Digits:
    """Take a matched number apart, its point moved right by ``shift`` places."""
    part = (found["part"] or "") + "0" * shift
    whole, part = found["whole"].replace(",", "") + part[:shift], part[shift:]
    whole, part = whole.lstrip("0"), part.rstrip("0")
    return _Digits(found["sign"] == "-" and bool(whole or part), whole, part)


@dataclass(frozen=True)
class Quantity(FieldType):
    """An exact decimal number of at most ``digits`` digits, ``places`` of them after the point, written in full.

    More places than allowed are refused unless they are zeros: nothing is rounded.
    """

    digits: int
    places: int

    name = "quantity"
    title = "数量"
    xml_safe = True
    unreadable = "ECQS-1260"
    good: ClassVar[Sequence[str]] = ("1", "1,234.5", "-3", "＋２", "007", "12.500000")
    bad: ClassVar[Sequence[str]] = ("一", "1e3", "1,23", "1.2.3", "9" * 40, "1." + "1" * 20)

    def __post_init__(self) -> None:
        """Make the Polars type of these digits; raises ValueError for what no decimal can have."""
        if not 0 <= self.places < self.digits <= 38:
            raise ValueError("a quantity has 1 to 38 digits, fewer of them after the point")
        object.__setattr__(self, "dtype", pl.Decimal(self.digits, self.places))

    @property
    def whole(self) -> int:
        """Digits before the point."""
        return self.digits - self.places

    def read(self, text: str, codes: CodeTables | None = None) -> Decimal:
        """Give the exact number; raises FieldProblem for what is none, too long or too fine."""
        found = self._match(text)
        if found is None:
            raise problem("ECQS-1260")
        number = _digits(found, self._shift(found))
        if len(number.part) > self.places:
            raise problem("ECQS-1261", places=self.places)
        if len(number.whole) > self.whole:
            raise problem("ECQS-1262", whole=self.whole)
        value = f"{number.whole or '0'}.{number.part.ljust(self.places, '0')}".rstrip(".")
        return Decimal(f"-{value}" if number.negative else value)

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the exact numbers of a column of text or numbers."""
        slow = SlowWay.of(self, codes, squash_expr, self._taken_apart, self._assembled)
        return by_column(text, partial(self._read_column, slow=slow), self.dtype)

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse floats and decimals that do not fit."""
        if not isinstance(value, Decimal) or not value.is_finite():
            return problem("ECQS-1201", title=self.title)
        whole, _, part = f"{value:f}".lstrip("-").partition(".")  # arithmetic would round to the context's precision
        if len(part.rstrip("0")) > self.places:
            return problem("ECQS-1261", places=self.places)
        return problem("ECQS-1262", whole=self.whole) if len(whole.lstrip("0")) > self.whole else None

    def write(self, value: Any) -> str:
        """Give all decimal places."""
        return f"{value or Decimal(0):.{self.places}f}"

    def write_expr(self, value: pl.Expr) -> pl.Expr:
        """Give all decimal places."""
        return value.cast(pl.String)

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a decimal with all its places."""
        pattern = f"-?{self._whole_pattern}" + (f"\\.[0-9]{{{self.places}}}" if self.places else "")
        return XsdType(f"Quantity{self.digits}_{self.places}", "xs:decimal", (("pattern", pattern),))

    def explain(self) -> str:
        """Say the limits."""
        return f"{self.title}：整数部分最多 {self.whole} 位，小数最多 {self.places} 位"

    @property
    def _whole_pattern(self) -> str:
        return f"(0|[1-9][0-9]{{0,{self.whole - 1}}})"

    def _match(self, text: str) -> re.Match[str] | None:
        return re.fullmatch(_NUMBER, squash(text))

    def _shift(self, found: re.Match[str]) -> int:
        return 0

    def _taken_apart(self, text: pl.Expr) -> pl.Expr:
        return text.str.extract_groups(f"^{_NUMBER}$").struct.with_fields(shift=pl.lit(0))

    def _read_column(self, series: pl.Series, slow: SlowWay) -> pl.Series:
        """Read plain numbers by a cast, which is exact for them, and take apart only what is written otherwise."""
        text = text_series(series)
        places = rf"(?:\.[0-9]{{1,{self.places}}})?" if self.places else ""
        plain = text.str.contains(rf"^-?(?:0|[1-9][0-9]{{0,{self.whole - 1}}}){places}$").fill_null(value=True)
        return slow.amend(text.cast(self.dtype, strict=False), text, ~plain.to_numpy())

    def _assembled(self, parts: pl.Expr) -> pl.Expr:
        """Put a number together with its point moved, as text that a cast reads exactly."""
        found, shift = parts.struct, parts.struct.field("shift")
        part = found.field("part").fill_null("") + _ZEROS
        digits = found.field("whole").str.replace_all(",", "", literal=True) + part.str.slice(0, shift)
        whole = digits.str.strip_chars_start("0")
        fine = part.str.slice(shift).str.strip_chars_end("0")
        fits = (fine.str.len_bytes() <= self.places) & (whole.str.len_bytes() <= self.whole)
        sign = pl.when(found.field("sign") == "-").then(pl.lit("-")).otherwise(pl.lit(""))
        shown = pl.when(whole == "").then(pl.lit("0")).otherwise(whole)
        number = sign + shown + "." + (fine + _ZEROS).str.slice(0, max(self.places, 1))
        return pl.when(fits).then(number).cast(self.dtype)


@dataclass(frozen=True)
class Money(Quantity):
    """An amount in CNY yuan with two decimals, from zero up.

    ``￥``, ``元``, ``万元``, ``亿元`` and commas are understood; a part of a fen is refused, not rounded.
    """

    digits: int = field(default=18, init=False)
    places: int = field(default=2, init=False)

    name = "money"
    title = "金额（元）"
    good: ClassVar[Sequence[str]] = (
        "1234.5",
        "1,234.50",
        "￥1,234.50元",
        "500万元",
        "12.3456万元",
        "１００",
        "0",
        "1.2亿",
    )
    bad: ClassVar[Sequence[str]] = (
        "-1",
        "1.005",
        "面议",
        "12.34567890123万元",
        "99999999999999999",
        "$5",
        "1e5",
        "12,34",
    )

    def read(self, text: str, codes: CodeTables | None = None) -> Decimal:
        """Give the exact amount in yuan."""
        value = super().read(text, codes)
        wrong = self.check(value)
        if wrong is not None:
            raise wrong
        return value

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse floats, parts of a fen and amounts below zero."""
        return super().check(value, codes) or (problem("ECQS-1263") if value.is_signed() else None)

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a decimal with two places."""
        return XsdType("Money", "xs:decimal", (("pattern", f"{self._whole_pattern}\\.[0-9]{{2}}"),))

    def explain(self) -> str:
        """Say the unit."""
        return "人民币金额，以元为单位，最多两位小数"

    def _match(self, text: str) -> re.Match[str] | None:
        return re.fullmatch(_MONEY, squash(text))

    def _shift(self, found: re.Match[str]) -> int:
        return _SHIFTS.get(found["unit"] or "", 0)

    def _taken_apart(self, text: pl.Expr) -> pl.Expr:
        shift = pl.field("unit").replace_strict(_SHIFTS, default=0, return_dtype=pl.Int64)
        return text.str.extract_groups(f"^{_MONEY}$").struct.with_fields(shift=shift)

    def _read_column(self, series: pl.Series, slow: SlowWay) -> pl.Series:
        amounts = super()._read_column(series, slow)
        return amounts.to_frame("x").select(pl.when(pl.col("x") >= 0).then(pl.col("x")).alias(series.name)).to_series()


@dataclass(frozen=True)
class Integer(FieldType):
    """A whole number from ``min`` to ``max``, both included; ``5.0`` is whole, ``5.5`` is not."""

    min: int
    max: int

    name = "integer"
    title = "整数"
    dtype = pl.Int64()
    xml_safe = True
    unreadable = "ECQS-1265"
    good: ClassVar[Sequence[str]] = ("1", "００1", "1.00", "+1")
    bad: ClassVar[Sequence[str]] = ("1.5", "一", "9" * 30, "1e1", "0x1")

    def __post_init__(self) -> None:
        """Refuse bounds that are crossed or longer than 18 digits."""
        if not -(10**_LONGEST) < self.min <= self.max < 10**_LONGEST:
            raise ValueError("the bounds of an integer are crossed or longer than 18 digits")

    def read(self, text: str, codes: CodeTables | None = None) -> int:
        """Give the whole number; whether it is within the bounds is for ``check`` to say."""
        found = re.fullmatch(_NUMBER, squash(text))
        number = _digits(found) if found is not None else None
        if number is None or number.part:
            raise problem("ECQS-1265")
        if len(number.whole) > _LONGEST:
            raise problem("ECQS-1266", low=self.min, high=self.max)
        return int(f"{'-' if number.negative else ''}{number.whole or '0'}")

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the whole numbers of a column of text or numbers."""
        slow = SlowWay.of(self, codes, squash_expr, _taken_apart, _assembled_integer)
        return by_column(text, partial(_integers, slow=slow), pl.Int64())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse a number outside the bounds."""
        if not isinstance(value, int) or isinstance(value, bool):
            return problem("ECQS-1201", title=self.title)
        return None if self.min <= value <= self.max else problem("ECQS-1266", low=self.min, high=self.max)

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give true within the bounds."""
        return value.is_between(self.min, self.max)

    def write_expr(self, value: pl.Expr) -> pl.Expr:
        """Give the digits."""
        return value.cast(pl.String)

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give an integer with bounds."""
        facets = (("pattern", "0|-?[1-9][0-9]{0,17}"), ("minInclusive", str(self.min)), ("maxInclusive", str(self.max)))
        return XsdType(f"Integer{self.min}to{self.max}".replace("-", "Minus"), "xs:integer", facets)

    def explain(self) -> str:
        """Say the bounds."""
        return f"{self.min} 至 {self.max} 的整数"


@dataclass(frozen=True)
class Flag(FieldType):
    """Yes or no, written ``true`` or ``false``."""

    name = "flag"
    title = "是否"
    dtype = pl.Boolean()
    xml_safe = True
    unreadable = "ECQS-1269"
    good: ClassVar[Sequence[str]] = ("true", "FALSE", "1", "0", "是", "否", "Y", "n", "Ｙ", "Yes", "t")
    bad: ClassVar[Sequence[str]] = ("2", "有", "maybe", "真", "10")

    def read(self, text: str, codes: CodeTables | None = None) -> bool:
        """Give the flag; raises FieldProblem for anything not listed."""
        found = _FLAGS.get(squash(text).lower())
        if found is None:
            raise problem("ECQS-1269")
        return found

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the flags of a column of text, numbers or booleans."""
        return by_column(text, _flags, pl.Boolean())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse what is not a boolean."""
        return None if isinstance(value, bool) else problem("ECQS-1201", title=self.title)

    def write(self, value: Any) -> str:
        """Give ``true`` or ``false``."""
        return "true" if value else "false"

    def write_expr(self, value: pl.Expr) -> pl.Expr:
        """Give ``true`` or ``false``."""
        return pl.when(value).then(pl.lit("true")).when(~value).then(pl.lit("false"))

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a boolean in words."""
        return XsdType("Flag", "xs:boolean", (("pattern", "true|false"),))

    def explain(self) -> str:
        """Say the two words."""
        return "true 或 false"


_FLAGS = dict.fromkeys(("true", "1", "是", "y", "yes", "t"), True) | dict.fromkeys(
    ("false", "0", "否", "n", "no", "f"), False
)


def _flags(series: pl.Series) -> pl.Series:
    if series.dtype == pl.Boolean:
        return series
    plain = squash_expr(pl.col("x")).str.to_lowercase()
    read = plain.replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    return text_series(series).to_frame("x").select(read.alias(series.name)).to_series()


def _integers(series: pl.Series, slow: SlowWay) -> pl.Series:
    if series.dtype.is_integer():
        return series.cast(pl.Int64, strict=False)
    text = text_series(series)
    plain = text.str.contains("^-?[0-9]{1,18}$").fill_null(value=True)
    return slow.amend(text.cast(pl.Int64, strict=False), text, ~plain.to_numpy())


def _taken_apart(text: pl.Expr) -> pl.Expr:
    return text.str.extract_groups(f"^{_NUMBER}$")


def _assembled_integer(parts: pl.Expr) -> pl.Expr:
    found = parts.struct
    digits = found.field("whole").str.replace_all(",", "", literal=True).str.strip_chars_start("0")
    whole = found.field("part").fill_null("").str.strip_chars("0") == ""
    number = pl.when(whole & (digits.str.len_bytes() <= _LONGEST)).then(pl.lit("0") + digits).cast(pl.Int64)
    return number * pl.when(found.field("sign") == "-").then(-1).otherwise(1)
