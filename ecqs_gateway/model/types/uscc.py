"""Field type of the unified social credit code, GB 32100-2015, with both of its check characters."""
# ruff: noqa: ARG002  (the signatures are those of FieldType)

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.clean import squash, squash_expr
from ecqs_gateway.model.types.columns import BoolRows, Bytes, Layout, SlowWay, Utf8, by_column, pairs, verdict
from ecqs_gateway.model.types.problems import problem
from ecqs_gateway.model.types.source import text_series

__all__ = ["PATTERN", "Uscc"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CLASS = "[0-9A-HJ-NPQRTUWXY]"
PATTERN = f"{_CLASS}{{2}}[0-9]{{6}}{_CLASS}{{8}}[0-9X]{_CLASS}"
"""A code by its characters: department and kind, area, organisation code with its check character, check character."""

_WEIGHTS = [pow(3, place, 31) for place in range(17)]
_ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2]
_WIDTH = 18
_HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63"
_NO_HYPHENS = {ord(sign): None for sign in _HYPHENS}


@dataclass(frozen=True)
class Uscc(FieldType):
    """Unified social credit code: 18 characters, upper case, both check characters right.

    Read from full or half-width, upper or lower case, with spaces or hyphens. A right code does not prove the holder:
    public data has right codes beside the wrong name (facts 6.1).
    """

    name = "unified social credit code"
    title = "统一社会信用代码"
    xml_safe = True
    unreadable = "ECQS-1211"
    good: ClassVar[Sequence[str]] = (
        *("914403001922038216", "9152000071430580XT", "91440300192317458F", "91440400192548256N"),
        *("91330100799655058B", "9144030071526726XG", "11100000MB0143028R", "11100000000013338W"),
        *("11220000013544541J", "９１４４０３００１９２２０３８２１６", "91520000 71430580-x t", "9152000071430580xt"),
    )
    bad: ClassVar[Sequence[str]] = (
        *("914403001922038217", "914403001922038126", "71430580-X", "440301103097413", "91440300192203821"),
        *("91440300I922038216", "9144030019220382160", "无", "91440A001922038216", "914403001922038Z16"),
    )

    def read(self, text: str, codes: CodeTables | None = None) -> str:
        """Give the 18 characters; raises FieldProblem that knows the older numbers found in such columns."""
        plain = squash(text).translate(_NO_HYPHENS)
        if re.fullmatch("[0-9A-Za-z]{18}", plain):
            if re.fullmatch(PATTERN, plain.upper()):
                return plain.upper()
            raise problem("ECQS-1211")
        if re.fullmatch("[0-9]{15}", plain):
            raise problem("ECQS-1212")
        if re.fullmatch("[0-9A-Za-z]{8}[0-9Xx]", plain):
            raise problem("ECQS-1213")
        raise problem("ECQS-1210" if len(plain) != _WIDTH else "ECQS-1211")

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the 18 characters of a column."""
        slow = SlowWay.of(self, codes, squash_expr, _canonical)
        return by_column(text, partial(_read_column, slow=slow), pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Compare both check characters."""
        if not isinstance(value, str) or not re.fullmatch(PATTERN, value):
            return problem("ECQS-1201", title=self.title)
        values = [_ALPHABET.index(sign) for sign in value]
        if (sum(map(int.__mul__, values, _WEIGHTS)) + values[17]) % 31:
            return problem("ECQS-1214")
        return None if _organisation_check(value) == value[16] else problem("ECQS-1215")

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Compare both check characters of a column, 10 ns a value."""
        return by_column(value, _check_column, pl.Boolean())

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give the pattern of the characters."""
        return XsdType("Uscc", "xs:string", (("pattern", PATTERN),))

    def explain(self) -> str:
        """Say the form."""
        return "18 位统一社会信用代码，数字和大写字母（不用 I、O、S、V、Z），两个校验码都须相符"


def _organisation_check(value: str) -> str:
    """Give the check character of the organisation code inside, GB 11714, whose letters count from A = 10."""
    values = [int(sign, 36) for sign in value[8:16]]
    return "0123456789X0"[11 - sum(map(int.__mul__, values, _ORGANISATION_WEIGHTS)) % 11]


def _bytes(text: str) -> bytes:
    return text.encode("ascii")


@cache
def _layout() -> Layout:
    sign, digit = _bytes(_ALPHABET), _bytes("0123456789")
    return Layout([sign, sign, *[digit] * 6, *[sign] * 8, digit + b"X", sign])


def _read_column(series: pl.Series, slow: SlowWay) -> pl.Series:
    series = text_series(series)
    text = Utf8.of(series)
    rows, matrix = text.fixed(_WIDTH)
    odd = text.sizes >= 0
    odd[rows[_layout().fits(matrix)]] = False
    return slow.amend(series, series, odd)


def _canonical(text: pl.Expr) -> pl.Expr:
    plain = text.str.replace_many(list(_HYPHENS), [""] * len(_HYPHENS))
    upper = pl.when(plain.str.contains("^[0-9A-Za-z]{18}$")).then(plain.str.to_uppercase())
    return pl.when(upper.str.contains(f"^{PATTERN}$")).then(upper)


def _check_column(series: pl.Series) -> pl.Series:
    text = Utf8.of(series)
    rows, matrix = text.fixed(_WIDTH)
    return verdict(text, rows, _checks(matrix))


@cache
def _pair_sums() -> list[NDArray[np.uint32]]:
    """Give, for each pair of characters, what it adds to both check sums.

    The low 9 bits add up modulo 31 with the check character itself (nine pairs of at most 30 stay below 512), the next
    7 bits modulo 11 (nine of at most 10 stay below 128), and anything above means a character out of place: one lookup
    a pair serves all three.
    """
    misfits = _layout().misfits
    code = np.zeros(256, np.int64)
    organisation = np.zeros(256, np.int64)
    for value, sign in enumerate(_bytes(_ALPHABET)):
        code[sign], organisation[sign] = value, int(chr(sign), 36)
    tables = []
    for place in range(0, _WIDTH, 2):
        first, second = ([*_WEIGHTS, 1][place + step] * code for step in (0, 1))
        sums = (second[:, None] + first[None, :]) % 31
        if 8 <= place < 16:
            one, two = (_ORGANISATION_WEIGHTS[place - 8 + step] * organisation for step in (0, 1))
            sums = sums | ((two[:, None] + one[None, :]) % 11) << 9
        elif place == 16:  # the check character itself: X counts 10, and the other sum plus it makes 0
            own = np.where(np.arange(256) == ord("X"), 10, organisation)
            sums = sums | (own[None, :] % 11) << 9
        tables.append(sums.reshape(-1).astype(np.uint32) | np.left_shift(misfits[place // 2], 16, dtype=np.uint32))
    return tables


@cache
def _right_sums() -> BoolRows:
    sums = np.arange(65536)
    right: BoolRows = ((sums & 511) % 31 == 0) & ((sums >> 9) % 11 == 0)
    return right


def _checks(matrix: Bytes) -> BoolRows:
    tables = _pair_sums()
    sums = tables[0].take(pairs(matrix, 0))
    for step, table in enumerate(tables[1:], 1):
        sums += table.take(pairs(matrix, 2 * step))
    right: BoolRows = (sums < 65536) & _right_sums().take(sums & 65535)
    return right
