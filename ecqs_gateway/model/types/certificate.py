"""Field type of the certificate number: every spelling met in real data, one canonical form.

Canonical are ``(苏)XK06-001-00238`` for a provincial and ``XK05-001-00042`` for a national certificate: half-width
brackets, two digits of the industry, three of the product, five of the enterprise (four in the oldest certificates,
kept as they are). The product part does not prove the product: under 一企一证 one certificate covers several
classes, and how its number is then chosen is not established (facts 2.1, 9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np
import polars as pl

from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.columns import looked_up
from ecqs_gateway.model.types.base import FieldProblem, FieldType, XsdType
from ecqs_gateway.model.types.clean import squash, squash_expr
from ecqs_gateway.model.types.columns import BoolRows, Bytes, Layout, SlowWay, Utf8, by_column, merge, verdict
from ecqs_gateway.model.types.problems import problem
from ecqs_gateway.model.types.provinces import abbreviations, unit_by_abbreviation
from ecqs_gateway.model.types.source import text_series

__all__ = ["CertificateNumber", "abbreviation_of", "serial_of", "unit_of", "xk_of"]

_SIGNS = dict.fromkeys("〔【［{[", "(") | dict.fromkeys("〕】］}]", ")")
_SIGNS |= dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63", "-")
_SIGNS_BY_CODE = {ord(sign): plain for sign, plain in _SIGNS.items()}
_SPELLING = (
    r"(?:QS)?(?:\(?(?P<place>[^()A-Z0-9-]{1,4})\)?)?(?:QS)?"
    r"XK(?P<industry>[0-9]{2})-?(?P<product>[0-9]{3})-?(?P<serial>[0-9]{4,5})(?:[A-Z]{1,3}|号)?"
)
_BODY = "XK[0-9]{2}-[0-9]{3}-[0-9]{4,5}"


@dataclass(frozen=True)
class CertificateNumber(FieldType):
    """Number of an industrial production licence in canonical form.

    Read with full-width, half-width or no brackets, with ``QS`` before it, with full-width letters and digits, without
    hyphens, and with up to three letters or 号 behind it (``XK06-001-00238 TL``), which are dropped.
    The province's abbreviation and its alternates (黔 for 贵) come from the table ``units``.
    """

    name = "certificate number"
    title = "生产许可证编号"
    xml_safe = True
    unreadable = "ECQS-1220"
    good: ClassVar[Sequence[str]] = (
        *("(苏)XK06-001-00238", "（苏）XK06-001-00238", "粤XK16-204-00397", "QS粤XK16-204-02450", "XK05-001-00075"),
        *(
            "XK06-001-00238 TL",
            "（苏）ＸＫ０６－００１－００２３８",
            "(黔)xk08-001-00001",
            "XK06-001-0238",
            "【辽】XK05-001-00019",
        ),
        *("（苏） XK06 001 00238", "(滇)XK0800100001", "(苏)XK06—001—00238号"),
    )
    bad: ClassVar[Sequence[str]] = (
        *("无", "/", "111", "XK06-001-002380", "XK06-001-238", "(兵团)XK06-001-00238", "06-001-00238"),
        *("(苏)XK06-001-00238,(苏)XK06-001-00239", "(X)XK06-001-00238", "91440300192203821X"),
    )

    def read(self, text: str, codes: CodeTables | None = None) -> str:
        """Give the canonical number; raises FieldProblem for another form or an unknown abbreviation."""
        plain = squash(text).upper().translate(_SIGNS_BY_CODE)
        found = re.fullmatch(_SPELLING, plain)
        if found is None:
            raise problem("ECQS-1222" if plain.count("XK") > 1 else "ECQS-1220")
        body = f"XK{found['industry']}-{found['product']}-{found['serial']}"
        if not found["place"]:
            return body
        place = abbreviations(codes).get(found["place"])
        if place is None:
            raise problem("ECQS-1221")
        return f"({place}){body}"

    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the canonical numbers of a column."""
        slow = SlowWay.of(self, codes, squash_expr, _plain, _taken_apart, partial(_canonical, codes=codes))
        known = _known_places(frozenset(unit_by_abbreviation(codes)))
        return by_column(text, partial(_read_column, known=known, slow=slow), pl.String())

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:
        """Refuse what is not in canonical form."""
        if not isinstance(value, str) or not re.fullmatch(rf"(?:\(([^()]{{1,4}})\))?{_BODY}", value):
            return problem("ECQS-1201", title=self.title)
        known = not value.startswith("(") or value[1 : value.index(")")] in unit_by_abbreviation(codes)
        return None if known else problem("ECQS-1221")

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give true for canonical numbers."""
        return by_column(value, partial(_check_column, codes=codes), pl.Boolean())

    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give the pattern of canonical numbers, with the abbreviations of the table."""
        places = "|".join(re.escape(place) for place in unit_by_abbreviation(codes))
        return XsdType("CertificateNumber", "xs:string", (("pattern", rf"(\(({places})\))?{_BODY}"),))

    def explain(self) -> str:
        """Say the form."""
        return "形如 (苏)XK06-001-00238（省级）或 XK05-001-00042（总局）的生产许可证编号"


def abbreviation_of(number: pl.Expr) -> pl.Expr:
    """Give the province's abbreviation of canonical numbers; null for a national certificate."""
    return number.str.extract(r"^\(([^)]+)\)", 1)


def unit_of(number: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
    """Give the code of the unit whose abbreviation canonical numbers carry; null for a national certificate."""
    # By their first characters, brackets included: a third of the time of finding the brackets by a pattern.
    by_width: dict[int, dict[str, str]] = {3: {}}
    for word, unit in unit_by_abbreviation(codes).items():
        by_width.setdefault(len(word) + 2, {})[f"({word})"] = unit
    return pl.coalesce(looked_up(number.str.head(width), table) for width, table in by_width.items())


def xk_of(number: pl.Expr) -> pl.Expr:
    """Give the industry and product part of canonical numbers, ``XK06-001``."""
    return number.str.extract("(XK[0-9]{2}-[0-9]{3})-", 1)


def serial_of(number: pl.Expr) -> pl.Expr:
    """Give the enterprise part of canonical numbers, ``00238``."""
    return number.str.extract("-([0-9]{4,5})$", 1)


_DIGIT = b"0123456789"
_ANY = range(256)


@dataclass(frozen=True)
class _Shape:
    """A spelling of fixed width: how many bytes stand before the abbreviation and between it and ``XK``."""

    before: int
    between: int
    layout: Layout
    canonical: bool

    def place(self, matrix: Bytes) -> Bytes:
        """Give the abbreviation's bytes."""
        return matrix[:, self.before : self.before + 3]


@cache
def _shapes() -> dict[int, _Shape]:
    """Give the canonical spelling and the commonest others by width; abbreviations of one character only."""
    shapes = {}
    for digits in (5, 4):
        body = [*map(bytes, zip(b"XK", strict=True)), _DIGIT, _DIGIT, b"-", *[_DIGIT] * 3, b"-", *[_DIGIT] * digits]
        national = Layout(body)
        shapes[national.width] = _Shape(0, -1, national, canonical=True)
        for opening, closing in (("(", ")"), ("（", "）"), ("", "")):
            before, between = ([bytes([byte]) for byte in sign.encode()] for sign in (opening, closing))
            layout = Layout([*before, _ANY, _ANY, _ANY, *between, *body])
            shapes[layout.width] = _Shape(len(before), len(between), layout, canonical=opening == "(")
    return shapes


@cache
def _known_places(words: frozenset[str]) -> BoolRows:
    """Give a mask over the basic plane: true for abbreviations of one character that are canonical."""
    mask = np.zeros(0x10000, bool)
    mask[[ord(word) for word in words if len(word) == 1 and 0x800 <= ord(word) < 0x10000]] = True
    return mask


def _fits(shape: _Shape, matrix: Bytes, known: BoolRows) -> BoolRows:
    """Say which rows have this spelling with a canonical abbreviation."""
    good = shape.layout.fits(matrix)
    if shape.between < 0:
        return good
    first, second, third = (shape.place(matrix)[:, step].astype(np.int32) for step in range(3))
    three = (first & 0xF0) == 0xE0  # the lead of a three-byte character: others would alias after masking
    found: BoolRows = good & three & known.take((first & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F)
    return found


def _widths(text: Utf8) -> Iterator[tuple[_Shape, int]]:
    shapes = _shapes()
    return ((shapes[width], width) for width in text.widths() if width in shapes)


def _read_column(series: pl.Series, known: BoolRows, slow: SlowWay) -> pl.Series:
    series = text_series(series)
    text = Utf8.of(series)
    left = text.sizes >= 0
    for shape, width in _widths(text):
        rows, matrix = text.fixed(width)
        fits = _fits(shape, matrix, known)
        hit = rows[fits]
        left[hit] = False
        if not shape.canonical and hit.size:
            series = merge(series, hit, _rebuilt(shape, matrix[fits]))
    return slow.amend(series, series, left)


def _rebuilt(shape: _Shape, matrix: Bytes) -> pl.Series:
    """Write the canonical spelling from the bytes of another."""
    start = shape.before + 3 + shape.between
    width = 5 + matrix.shape[1] - start
    canonical = np.empty((matrix.shape[0], width), np.uint8)
    canonical[:, 0], canonical[:, 4] = ord("("), ord(")")
    canonical[:, 1:4] = shape.place(matrix)
    canonical[:, 5:] = matrix[:, start:]
    return Utf8.series(canonical)


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.to_uppercase().str.replace_many(list(_SIGNS), list(_SIGNS.values()))


def _taken_apart(text: pl.Expr) -> pl.Expr:
    return text.str.extract_groups(f"^(?:{_SPELLING})$")


def _canonical(parts: pl.Expr, codes: CodeTables | None) -> pl.Expr:
    found = parts.struct
    place = found.field("place").replace_strict(dict(abbreviations(codes)), default=None, return_dtype=pl.String)
    body = pl.format("XK{}-{}-{}", found.field("industry"), found.field("product"), found.field("serial"))
    number = pl.when(found.field("place").is_null()).then(body).otherwise("(" + place + ")" + body)
    return pl.when(found.field("industry").is_not_null()).then(number)


def _check_column(series: pl.Series, codes: CodeTables | None) -> pl.Series:
    text = Utf8.of(series)
    places = unit_by_abbreviation(codes)
    known = _known_places(frozenset(places))
    good = np.zeros(len(text), bool)
    for shape, width in _widths(text):
        rows, matrix = text.fixed(width)
        if shape.canonical:
            good[rows] = _fits(shape, matrix, known)
    if any(len(place) != 1 or ord(place) < 0x800 for place in places):  # a table may hold longer abbreviations
        number = pl.col("x")
        right = number.str.contains(rf"^(?:\([^()]{{1,4}}\))?{_BODY}$")
        named = abbreviation_of(number).is_in(list(places)).fill_null(value=True)
        good |= series.to_frame("x").select((right & named).fill_null(value=False)).to_series().to_numpy()
    return verdict(text, np.arange(len(text)), good)
