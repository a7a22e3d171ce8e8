"""Field types whose values stand in a national code table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import polars as pl

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.clean import squash, squash_expr
from ecqs_gateway.model.types.columns import Layout, SlowWay, Utf8, by_column, pairs, verdict
from ecqs_gateway.model.types.ids import ID_SIGNS, NOT_ID_SIGNS
from ecqs_gateway.model.types.problems import problem
from ecqs_gateway.model.types.provinces import area_prefixes
from ecqs_gateway.model.types.source import text_series

__all__ = ["AreaCode", "Code", "valid_on_expr"]

_LONGEST = 64
_SIX_DIGITS = Layout([b"0123456789"] * 6)


@dataclass(frozen=True)
class AreaCode(FieldType):
    """Six digits of GB/T 2260 whose first two belong to a reporting unit.

    The corps' local code counts as far as the table ``units`` holds it. Counties are not looked up: they change yearly,
    and records keep the code of their time.
    """

    name = "area code"
    title = "行政区划代码"
    xml_safe = True
    unreadable = "ECQS-1250"
    good: ClassVar[Sequence[str]] = ("320000", "３２０１０２", " 659001 ", "110101")
    bad: ClassVar[Sequence[str]] = ("32", "3201", "320102001", "320102001001", "000000", "810000", "江苏", "32000O")

    def read(self, text: str, codes: CodeTables | None = None) -> str:  # noqa: ARG002
        """Give the six digits; raises FieldProblem for any other number of them."""
        plain = squash(text)
        if not re.fullmatch("[0-9]{6}", plain):
            raise problem("ECQS-1252" if re.fullmatch("[0-9]{9}|[0-9]{12}", plain) else "ECQS-1250")
        return plain

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the six digits of a column."""
        slow = SlowWay.of(self, codes, squash_expr, _canonical_area)
        return by_column(text, partial(_read_areas, slow=slow), pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Look the first two digits up."""
        if not isinstance(value, str) or not re.fullmatch("[0-9]{6}", value):
            return problem("ECQS-1201", title=self.title)
        return None if value[:2] in area_prefixes(codes) else problem("ECQS-1251")

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Look the first two digits of a column up."""
        return by_column(value, partial(_check_areas, prefixes=area_prefixes(codes)), pl.Boolean())

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give the pattern of the known first two digits."""
        return XsdType("AreaCode", "xs:string", (("pattern", f"({'|'.join(sorted(area_prefixes(codes)))})[0-9]{{4}}"),))

    def explain(self) -> str:
        """Say the form."""
        return "6 位行政区划代码（GB/T 2260）"


def _read_areas(series: pl.Series, slow: SlowWay) -> pl.Series:
    series = text_series(series)
    text = Utf8.of(series)
    rows, matrix = text.fixed(6)
    left = text.sizes >= 0
    left[rows[_SIX_DIGITS.fits(matrix)]] = False
    return slow.amend(series, series, left)


def _canonical_area(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains("^[0-9]{6}$")).then(text)


def _check_areas(series: pl.Series, prefixes: frozenset[str]) -> pl.Series:
    text = Utf8.of(series)
    rows, matrix = text.fixed(6)
    known = np.zeros(65536, bool)
    known[[int.from_bytes(prefix.encode(), "little") for prefix in prefixes]] = True
    return verdict(text, rows, known.take(pairs(matrix, 0)) & _SIX_DIGITS.fits(matrix))


@dataclass(frozen=True)
class Code(FieldType):
    """A code of that national code table: one that ever existed; ``valid_on_expr`` says whether it did on a day.

    Without code tables any text that could be a code passes, so that models can be used on their own.
    """

    table: str

    name = "code"
    title = "代码"
    xml_safe = True
    unreadable = "ECQS-1255"
    good: ClassVar[Sequence[str]] = ("01", " 0１ ")
    bad: ClassVar[Sequence[str]] = ("a&b", "\u3000", "<01>")

    def read(self, text: str, codes: CodeTables | None = None) -> str:  # noqa: ARG002
        """Give the code in half-width without blanks; leading zeros are neither added nor taken away."""
        plain = squash(text)
        if not re.fullmatch(f"[{ID_SIGNS}]{{1,{_LONGEST}}}", plain):
            raise problem("ECQS-1255", table=self.table)
        return plain

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the codes of a column."""
        slow = SlowWay.of(self, codes, squash_expr, _canonical_code)
        return by_column(text, partial(_read_codes, slow=slow), pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Look the code up."""
        if not isinstance(value, str):
            return problem("ECQS-1201", title=self.title)
        known = codes is None or value in self._of(codes).codes
        return None if known else problem("ECQS-1255", table=self.table)

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Look the codes of a column up."""
        if codes is None:
            return super().check_expr(value)
        words = pl.Enum(sorted(self._of(codes).codes))  # half the time of is_in
        return pl.when(value.is_not_null()).then(value.cast(words, strict=False).is_not_null())

    def valid_on_expr(self, code: pl.Expr, day: pl.Expr, codes: CodeTables) -> pl.Expr:
        """Say of each row whether its code existed on its day; null where either is null."""
        return valid_on_expr(self._of(codes), code, day)

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give the codes as an enumeration; without tables only that there is one."""
        name = "".join(word.capitalize() for word in self.table.split("_")) + "Code"
        if codes is None:
            return XsdType(name, "xs:string", (("maxLength", str(_LONGEST)), ("pattern", f"[{ID_SIGNS}]+")))
        return XsdType(name, "xs:string", tuple(("enumeration", code) for code in sorted(self._of(codes).codes)))

    def explain(self) -> str:
        """Say the table."""
        return f"代码表 {self.table} 中的代码"

    def _of(self, codes: CodeTables) -> CodeTable:
        if self.table not in codes:
            raise Misconfigured(
                "ECQS-1257",
                f"there is no code table {self.table!r}",
                where=f"schemas/codes/{self.table}.csv",
                hint=f"add the file, or use one of: {', '.join(sorted(codes))}",
            )
        return codes[self.table]


def _read_codes(series: pl.Series, slow: SlowWay) -> pl.Series:
    series = text_series(series)
    text = Utf8.of(series)
    suspect = (text.sizes == 0) | (text.sizes > _LONGEST)
    suspect[NOT_ID_SIGNS.rows(text)] = True
    return slow.amend(series, series, suspect)


def _canonical_code(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(f"^[{ID_SIGNS}]{{1,{_LONGEST}}}$")).then(text)


def valid_on_expr(table: CodeTable, code: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Say of each row whether the code existed in the table on the day; null where either is null.

    Both days of a period are included. The cost does not depend on the size of the table.
    """
    return pl.struct(code.alias("code"), day.cast(pl.Date).alias("day")).map_batches(
        partial(_valid_on, periods=_Periods.of(table)), return_dtype=pl.Boolean(), is_elementwise=True
    )


_UNKNOWN = pl.Series([None], dtype=pl.Boolean)
_FAR = 1 << 22  # days, beyond any date of ours on either side


@dataclass(frozen=True)
class _Periods:
    """Validity periods of a table, sorted by code and first day, as numbers that sort in the same way."""

    number: pl.Expr
    """The number of the columns ``code`` and ``day``; negative for a code that is not in the table."""
    starts: np.ndarray[Any, np.dtype[np.int64]]
    ends: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def of(cls, table: CodeTable) -> _Periods:
        """Number the codes; a period's number is the code's number followed by the day."""
        words = pl.Enum(sorted(table.codes))

        def place(code: pl.Expr) -> pl.Expr:
            return code.cast(words, strict=False).to_physical().cast(pl.Int64) * (2 * _FAR) + _FAR

        rows = table.rows.select(
            place(pl.col("code")).alias("place"),
            pl.col("valid_from").cast(pl.Date).cast(pl.Int32).fill_null(-_FAR + 1).alias("first"),
            pl.col("valid_until").cast(pl.Date).cast(pl.Int32).fill_null(_FAR - 1).alias("last"),
        ).sort("place", "first")
        numbers = rows["place"].to_numpy()
        number = place(pl.col("code")) + pl.col("day").to_physical().cast(pl.Int64)
        return cls(number.fill_null(-1), numbers + rows["first"].to_numpy(), numbers + rows["last"].to_numpy())


def _valid_on(pairs_of: pl.Series, periods: _Periods) -> pl.Series:
    frame = pairs_of.struct.unnest()
    code, day = frame.get_columns()
    if code.null_count() == len(code):
        return _UNKNOWN.new_from_index(0, len(code)).alias(pairs_of.name)
    numbers = frame.select_seq(periods.number).to_series().to_numpy()
    begun = np.searchsorted(periods.starts, numbers, side="right") - 1
    valid = begun >= 0
    if periods.ends.size:
        valid &= numbers <= periods.ends[np.maximum(begun, 0)]  # another code's end is always smaller
    series = pl.Series(pairs_of.name, valid)
    if not code.null_count() and not day.null_count():
        return series
    unknown = (code.is_null() | day.is_null()).to_numpy()
    return series.scatter(np.flatnonzero(unknown), None)
