"""Field type of the electronic licence identifier, GB/T 36904, with its check character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.clean import squash, squash_expr
from ecqs_gateway.model.types.columns import BoolRows, Bytes, Layout, Utf8, by_column, merge, pairs, recompute, verdict
from ecqs_gateway.model.types.problems import problem
from ecqs_gateway.model.types.source import text_series

__all__ = ["LicenceId"]

_ROOT = "1.2.156.3005.2."
_HOLDER = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST_SERIAL = 32  # the longest seen has 11; GB/T 36904's own limit was not found
_CODE = "[0-9A-HJ-NPQRTUWXY]{18}"
_PATTERN = rf"{re.escape(_ROOT)}{_CODE}[0-9]{{3}}\.{_CODE}\.[0-9A-Z]{{1,{_LONGEST_SERIAL}}}\.[0-9]{{3}}\.[0-9A-Z]"
_FIXED = len(_ROOT) + 21 + 1 + 18 + 1 + 1 + 3 + 1 + 1  # everything but the serial


@dataclass(frozen=True)
class LicenceId(FieldType):
    """Identifier of an electronic licence: ``1.2.156.3005.2.<type 21>.<issuer 18>.<serial>.<version 3>.<check 1>``.

    The check character is ISO 7064 MOD 37,36 over the parts after the root, joined without dots (facts 2.4).
    """

    name = "electronic licence id"
    title = "电子证照标识"
    xml_safe = True
    unreadable = "ECQS-1230"
    good: ClassVar[Sequence[str]] = (
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
        " 1.2.156.3005.2.11100000000013338w032.11220000013544541j.2430599.001.f ",
        "１.2.156.3005.2.11100000000013338W032．11220000013544541J.2430599.001.F",
    )
    bad: ClassVar[Sequence[str]] = (
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.V",
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000430.001.U",
        "11100000000013338W011.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000000013338W01.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.U",
        "无",
    )

    def read(self, text: str, codes: CodeTables | None = None) -> str:  # noqa: ARG002
        """Give the identifier in upper case; raises FieldProblem for another structure."""
        plain = squash(text).upper()
        if not re.fullmatch(_PATTERN, plain):
            raise problem("ECQS-1230")
        return plain

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:  # noqa: ARG002
        """Give the identifiers of a column."""
        return by_column(text, _read_column, pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:  # noqa: ARG002
        """Compare the check character."""
        if not isinstance(value, str) or not re.fullmatch(_PATTERN, value):
            return problem("ECQS-1201", title=self.title)
        state = 18
        for sign in value.removeprefix(_ROOT).replace(".", ""):
            state = _next(state, _ALPHABET.index(sign))
        return None if state == 1 else problem("ECQS-1231")

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:  # noqa: ARG002
        """Compare the check characters of a column."""
        return by_column(value, _check_column, pl.Boolean())

    def xsd(self, codes: CodeTables | None = None) -> XsdType:  # noqa: ARG002
        """Give the pattern of the structure."""
        return XsdType("LicenceId", "xs:string", (("pattern", _PATTERN),))

    def explain(self) -> str:
        """Say the structure."""
        return "电子证照标识 1.2.156.3005.2.类型21位.发证机构18位.流水号.版本3位.校验位（GB/T 36904）"


def _next(state: int, value: int) -> int:
    """Give the next state of ISO 7064 MOD 37,36."""
    return ((state or 36) * 2 % 37 + value) % 36


@cache
def _layout(width: int) -> Layout:
    signs, holder, digit = _ALPHABET.encode(), _HOLDER.encode(), b"0123456789"
    dot = [b"."]
    issuer = [*[holder] * 18, *[digit] * 3, *dot, *[holder] * 18, *dot]
    tail = [*[signs] * (width - _FIXED), *dot, *[digit] * 3, *dot, signs]
    return Layout([*(bytes([byte]) for byte in _ROOT.encode()), *issuer, *tail])


def _widths(text: Utf8) -> list[int]:
    """Give the widths that occur and that an identifier may have."""
    return [width for width in np.unique(text.sizes).tolist() if 1 <= width - _FIXED <= _LONGEST_SERIAL]


def _read_column(series: pl.Series) -> pl.Series:
    series = text_series(series)
    text = Utf8.of(series)
    left = text.sizes >= 0
    for width in _widths(text):
        rows, matrix = text.fixed(width)
        left[rows[_layout(width).fits(matrix)]] = False
    slow = np.flatnonzero(left)
    return merge(series, slow, recompute(series, slow, _slow)) if slow.size else series


def _slow(text: pl.Expr) -> pl.Expr:
    plain = squash_expr(text).str.to_uppercase()
    return pl.when(plain.str.contains(f"^{_PATTERN}$")).then(plain)


def _check_column(series: pl.Series) -> pl.Series:
    text = Utf8.of(series)
    good = np.zeros(len(text), bool)
    for width in _widths(text):
        rows, matrix = text.fixed(width)
        good[rows] = _layout(width).fits(matrix) & _checks(matrix)
    return verdict(text, np.arange(len(text)), good)


@cache
def _steps() -> NDArray[np.uint8]:
    """Give the state after two characters by the state before and both characters: 36 × 36 × 36 entries."""
    states, first, second = np.ogrid[:36, :36, :36]
    once = (np.where(states == 0, 36, states) * 2 % 37 + first) % 36
    twice = (np.where(once == 0, 36, once) * 2 % 37 + second) % 36
    return np.ascontiguousarray(np.broadcast_to(twice, (36, 36, 36))).astype(np.uint8).reshape(-1)


@cache
def _values() -> NDArray[np.int32]:
    """Give 36 times the first character's value plus the second's, by the pair of their bytes."""
    value = np.zeros(256, np.int32)
    for number, sign in enumerate(_ALPHABET.encode()):
        value[sign] = number
    return (36 * value[None, :] + value[:, None]).reshape(-1)


def _checks(matrix: Bytes) -> BoolRows:
    """Run the check over all rows at once, two characters a step; the layout must fit."""
    dots = {len(_ROOT) + 21, len(_ROOT) + 40, matrix.shape[1] - 2, matrix.shape[1] - 6}
    places = [place for place in range(len(_ROOT), matrix.shape[1]) if place not in dots]
    state = np.full(matrix.shape[0], 18, np.int32)
    if len(places) % 2:  # the first character alone, so that the rest makes pairs
        first = _values().take(matrix[:, places[0]].astype(np.int32) << 8)
        state = ((state * 2) % 37 + first) % 36
        del places[0]
    signs = np.ascontiguousarray(matrix[:, places])
    for place in range(0, len(places), 2):
        state = _steps().take(state * 1296 + _values().take(pairs(signs, place))).astype(np.int32)
    right: BoolRows = state == 1
    return right
