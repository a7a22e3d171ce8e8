"""Field types of free text and of names."""
# ruff: noqa: ARG002  (the signatures are those of FieldType)

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.clean import BLANKS, CJK, DAMAGED, INVISIBLE, WIDE_WORDS, Finder, among, tidy, tidy_expr
from ecqs_gateway.model.types.columns import BoolRows, SlowWay, Utf8, by_column, verdict
from ecqs_gateway.model.types.problems import problem
from ecqs_gateway.model.types.source import text_series

__all__ = ["OrgName", "PersonName", "Text"]

_UNTIDY = [*BLANKS, *INVISIBLE, *WIDE_WORDS, ord(DAMAGED)]
_TEXT_DIRT = Finder(among(_UNTIDY))
_NAME_DIRT = Finder(among([*_UNTIDY, *map(ord, " ()")]))  # what these become depends on their neighbours

_HAN = re.compile(f"[{CJK}]")
_HAN_SPACE_HAN = f"([{CJK}]) ([{CJK}])"
_BRACKET = " ?([（）]) ?"

_DOTS = "\u2022\u2027\u30fb\uff0e\uff65\u00b7"
_PERSON_DIRT = Finder(among([*_UNTIDY, *map(ord, " " + _DOTS.replace("\u00b7", ""))]))
_NOT_IN_NAMES = frozenset(
    [
        *(code for code in range(0x21, 0x7F) if not chr(code).isalpha() and chr(code) not in "'-."),
        *(code for code in range(0xFF01, 0xFF5F) if code not in WIDE_WORDS),
        *map(ord, "、。"),
    ]
)
_PERSON_WRONG = Finder(among(_NOT_IN_NAMES))


@dataclass(frozen=True)
class Text(FieldType):
    """Free text of at most that many characters.

    Full-width letters and digits become half-width; line ends, tabs and every kind of blank become one space;
    controls, zero-width characters, byte order marks and bidi overrides go. Text with U+FFFD was decoded wrongly
    upstream and is refused. XSD counts the characters only: what is invisible never leaves the gateway.
    """

    max_length: int

    name = "text"
    title = "文本"
    unreadable = "ECQS-1202"
    good: ClassVar[Sequence[str]] = (
        "热轧带肋钢筋",
        "  ＨＲＢ４００Ｅ\u3000Φ12 ",
        "第一行\r\n第二行",
        "a\u200bb",
        "A&B <c>",
    )
    bad: ClassVar[Sequence[str]] = ("\u3000\u200b", "损坏\ufffd文本")
    dirt: ClassVar[Finder] = _TEXT_DIRT

    def read(self, text: str, codes: CodeTables | None = None) -> str:
        """Give the tidy text; raises FieldProblem when nothing is left, it is too long or was decoded wrongly."""
        found = self._tidy(text)
        wrong = problem("ECQS-1202") if not found else self._flaw(found)
        if wrong is not None:
            raise wrong
        return found

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the tidy text of a column."""
        slow = SlowWay.of(self, codes, self._tidy_expr, self._in_length)
        return by_column(text, partial(self._read_column, slow=slow), pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse what reading refuses, for values that come from elsewhere."""
        return self._flaw(value) if isinstance(value, str) else problem("ECQS-1201", title=self.title)

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give a token of limited length."""
        facets = (("minLength", "1"), ("maxLength", str(self.max_length)))
        return XsdType(f"{type(self).__name__}{self.max_length}", "xs:token", facets)

    def explain(self) -> str:
        """Say the limit."""
        return f"{self.title}，1 至 {self.max_length} 个字符"

    def _flaw(self, value: str) -> FieldProblem | None:
        if DAMAGED in value:
            return problem("ECQS-1204")
        return problem("ECQS-1203", limit=self.max_length) if len(value) > self.max_length else None

    def _tidy(self, text: str) -> str:
        return tidy(text)

    def _tidy_expr(self, text: pl.Expr) -> pl.Expr:
        return tidy_expr(text)

    def _read_column(self, series: pl.Series, slow: SlowWay) -> pl.Series:
        series = text_series(series)
        stock = _stock(series)
        if stock is not None and not self._suspects(stock).any():
            return series
        return slow.amend(series, series, self._suspects(series))

    def _suspects(self, series: pl.Series) -> BoolRows:
        """Mark the rows that may need work."""
        text = Utf8.of(series)
        suspect: BoolRows = text.sizes == 0
        suspect[self.dirt.rows(text)] = True
        suspect[_loose_spaces(text)] = True
        if text.sizes.size and text.sizes.max() > self.max_length:  # in bytes; only then is counting worth it
            suspect |= series.str.len_chars().fill_null(0).to_numpy() > self.max_length
        return suspect

    def _in_length(self, text: pl.Expr) -> pl.Expr:
        good = text.str.len_chars().is_between(1, self.max_length) & ~text.str.contains(DAMAGED, literal=True)
        return pl.when(good).then(text)


@dataclass(frozen=True)
class OrgName(Text):
    """Name of an enterprise or authority: tidy text in which one name has one spelling.

    A name with Han characters has full-width brackets, and no space beside them or between Han characters
    (real data has ``韦尔斯润滑油（天津） 有限公司``); a foreign name keeps its own.
    """

    max_length: int = 200

    name = "organisation name"
    title = "名称"
    good: ClassVar[Sequence[str]] = (
        "江苏华泰电缆（集团）有限公司",
        "韦尔斯润滑油(天津) 有限公司",
        "ABC (China) Co., Ltd.",
        "中 国 建 材",
    )
    dirt = _NAME_DIRT

    def _tidy(self, text: str) -> str:
        found = tidy(text)
        if _HAN.search(found):
            found = re.sub(_BRACKET, r"\1", found.replace("(", "（").replace(")", "）"))
        for _ in range(2):  # a second pass, for the neighbour that the first match used up
            found = re.sub(_HAN_SPACE_HAN, r"\1\2", found)
        return found

    def _tidy_expr(self, text: pl.Expr) -> pl.Expr:
        found = tidy_expr(text)
        wide = found.str.replace_many(["(", ")"], ["（", "）"]).str.replace_all(_BRACKET, "${1}")
        found = pl.when(found.str.contains(f"[{CJK}]")).then(wide).otherwise(found)
        for _ in range(2):
            found = found.str.replace_all(_HAN_SPACE_HAN, "${1}${2}")
        return found


@dataclass(frozen=True)
class PersonName(Text):
    """Name of one person: no digits, brackets or list signs; the dot in names of minorities is U+00B7."""

    max_length: int = 50

    name = "person name"
    title = "姓名"
    good: ClassVar[Sequence[str]] = ("张三", "买买提．阿不都", "欧 阳 修", "John O'Neil", "阿依古丽 • 买买提")
    bad: ClassVar[Sequence[str]] = ("张三、李四", "张三1", "王五（组长）", "\u3000")
    dirt = _PERSON_DIRT

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse digits and signs that no name has: mostly several names in one field, or a remark."""
        found = super().check(value, codes)
        if found is None and not _NOT_IN_NAMES.isdisjoint(map(ord, value)):
            return problem("ECQS-1280")
        return found

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give true where no such sign stands."""
        return by_column(value, _no_signs, pl.Boolean())

    def _tidy(self, text: str) -> str:
        found = re.sub(f" ?[{_DOTS}] ?", "\u00b7", tidy(text))
        for _ in range(2):
            found = re.sub(_HAN_SPACE_HAN, r"\1\2", found)
        return found

    def _tidy_expr(self, text: pl.Expr) -> pl.Expr:
        found = tidy_expr(text).str.replace_all(f" ?[{_DOTS}] ?", "\u00b7")
        for _ in range(2):
            found = found.str.replace_all(_HAN_SPACE_HAN, "${1}${2}")
        return found


_MANY, _SAMPLE, _PHRASES = 1000, 64, 8


def _stock(series: pl.Series) -> pl.Series | None:
    """Give the different texts of a column that seems to hold stock phrases, as remarks mostly are; else None."""
    few = len(series) >= _MANY and series.head(_SAMPLE).n_unique() <= _PHRASES
    return series.unique() if few else None


def _loose_spaces(text: Utf8) -> BoolRows:
    """Give the rows with a space at either end or two in a row, as a mask."""
    found = np.zeros(len(text), bool)
    spaces = text.data == 0x20
    if not spaces.any():
        return found
    filled = np.flatnonzero(text.sizes > 0)
    starts = text.starts[filled]
    found[filled] = spaces[starts] | spaces[starts + text.sizes[filled] - 1]
    doubles = spaces[1:] & spaces[:-1]  # also over the border of two rows, which only costs a second look
    if doubles.any():
        found[np.searchsorted(text.starts, np.flatnonzero(doubles), side="right") - 1] = True
    return found


def _no_signs(series: pl.Series) -> pl.Series:
    text = Utf8.of(series)
    good = np.ones(len(text), bool)
    good[_PERSON_WRONG.rows(text)] = False
    return verdict(text, np.arange(len(text)), good)
