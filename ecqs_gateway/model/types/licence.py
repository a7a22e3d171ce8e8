"""Field type of the electronic licence identifier, GB/T 36904, with its check character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
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

__all__ = ["LicenceId"]

_ROOT = "1.2.156.3005.2."
_HOLDER = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST_SERIAL = 32  # the longest seen has 11; GB/T 36904's own limit was not found
_CODE = "[0-9A-HJ-NPQRTUWXY]{18}"
_PATTERN = rf"{re.escape(_ROOT)}{_CODE}[0-9]{{3}}\.{_CODE}\.[0-9A-Z]{{1,{_LONGEST_SERIAL}}}\.[0-9]{{3}}\.[0-9A-Z]"
_HEAD = len(_ROOT) + 21 + 1 + 18 + 1  # root, type and issuer with their dots: the same for most rows of a batch
_HEAD_PATTERN = re.compile(rf"{re.escape(_ROOT)}{_CODE}[0-9]{{3}}\.{_CODE}\.")
_BEGIN = 18  # the state before the first character
_HEADS = 32  # so many different heads of a batch are looked at once each
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

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the identifiers of a column."""
        slow = SlowWay.of(self, codes, squash_expr, _upper, _canonical)
        return by_column(text, partial(_read_column, slow=slow), pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:  # noqa: ARG002
        """Compare the check character."""
        if not isinstance(value, str) or not re.fullmatch(_PATTERN, value):
            return problem("ECQS-1201", title=self.title)
        state = _BEGIN
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


@lru_cache(maxsize=4096)
def _head_state(head: bytes) -> int | None:
    """Give the check's state after root, type and issuer; None where they are not well-formed."""
    text = head.decode("ascii", "replace")
    if not _HEAD_PATTERN.fullmatch(text):
        return None
    state = _BEGIN
    for sign in text.removeprefix(_ROOT).replace(".", ""):
        state = _next(state, _ALPHABET.index(sign))
    return state


@cache
def _layout(width: int, *, head: bool) -> Layout:
    """Give the layout of an identifier of that width, or of what follows its head."""
    signs, holder, digit, dot = _ALPHABET.encode(), _HOLDER.encode(), b"0123456789", b"."
    tail = [*[signs] * (width - (_HEAD if head else 0) - 6), dot, *[digit] * 3, dot, signs]
    if not head:
        return Layout(tail)
    root = [bytes([byte]) for byte in _ROOT.encode()]
    return Layout([*root, *[holder] * 18, *[digit] * 3, dot, *[holder] * 18, dot, *tail])


def _verdict(matrix: Bytes, *, check: bool) -> BoolRows:
    """Say which rows have the structure and, if wanted, the right check character."""
    good = np.zeros(matrix.shape[0], bool)
    heads = np.ndarray((matrix.shape[0], _HEAD // 8), "<u8", buffer=matrix, strides=(matrix.shape[1], 8))
    left = np.arange(matrix.shape[0])
    for _ in range(_HEADS):
        if left.size == 0:
            return good
        others = heads if left.size == good.size else heads[left]
        same = (others == others[0]).all(axis=1)
        rows, left = left[same], left[~same]
        state = _head_state(matrix[rows[0], :_HEAD].tobytes())
        if state is not None:
            tails = matrix[:, _HEAD:] if rows.size == good.size else matrix[rows, _HEAD:]
            good[rows] = _fits(np.ascontiguousarray(tails), head=False, begin=state if check else None)
    good[left] = _fits(np.ascontiguousarray(matrix[left]), head=True, begin=_BEGIN if check else None)
    return good


def _fits(matrix: Bytes, *, head: bool, begin: int | None) -> BoolRows:
    """Look at whole identifiers or at what follows their heads; run the check from a state unless that is None."""
    good = _layout(matrix.shape[1], head=head).fits(matrix)
    return good if begin is None else good & _checks(matrix, begin, head=head)


def _read_column(series: pl.Series, slow: SlowWay) -> pl.Series:
    series = text_series(series)
    text = Utf8.of(series)
    left = text.sizes >= 0
    for width in text.widths(_FIXED + 1, _FIXED + _LONGEST_SERIAL):
        rows, matrix = text.fixed(width)
        left[rows[_verdict(matrix, check=False)]] = False
    return slow.amend(series, series, left)


def _upper(text: pl.Expr) -> pl.Expr:
    return text.str.to_uppercase()


def _canonical(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(f"^{_PATTERN}$")).then(text)


def _check_column(series: pl.Series) -> pl.Series:
    text = Utf8.of(series)
    good = np.zeros(len(text), bool)
    for width in text.widths(_FIXED + 1, _FIXED + _LONGEST_SERIAL):
        rows, matrix = text.fixed(width)
        good[rows] = _verdict(matrix, check=True)
    return verdict(text, np.arange(len(text)), good)


@cache
def _steps() -> NDArray[np.uint16]:
    """Give 1296 times the state after two characters, by 1296 times the state before plus ``_values`` of the pair."""
    states, first, second = np.ogrid[:36, :36, :36]
    once = (np.where(states == 0, 36, states) * 2 % 37 + first) % 36
    twice = (np.where(once == 0, 36, once) * 2 % 37 + second) % 36
    return (1296 * twice).astype(np.uint16).reshape(-1)


@cache
def _values() -> NDArray[np.uint16]:
    """Give 36 times the first character's value plus the second's, by the pair of their bytes."""
    value = np.zeros(256, np.uint16)
    for number, sign in enumerate(_ALPHABET.encode()):
        value[sign] = number
    return (36 * value[None, :] + value[:, None]).reshape(-1)


def _checks(matrix: Bytes, begin: int, *, head: bool) -> BoolRows:
    """Run the check from a state to the end over all rows at once, two characters a step; the layout must fit."""
    width = matrix.shape[1]
    dots = {width - 2, width - 6, *((len(_ROOT) + 21, _HEAD - 1) if head else ())}
    places = [place for place in range(len(_ROOT) if head else 0, width) if place not in dots]
    state = np.full(matrix.shape[0], begin, np.uint16)
    if len(places) % 2:  # the first character alone, so that the rest makes pairs
        first = _values().take(matrix[:, places[0]].astype(np.uint16) << np.uint16(8))
        state = ((begin or 36) * 2 % 37 + first) % 36
        del places[0]
    signs = np.ascontiguousarray(matrix[:, places])
    state = state * np.uint16(1296)
    for place in range(0, len(places), 2):
        state = _steps().take(state + _values().take(pairs(signs, place)))
    right: BoolRows = state == 1296
    return right
