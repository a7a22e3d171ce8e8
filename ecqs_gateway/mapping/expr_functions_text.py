"""Functions on text."""

from __future__ import annotations

import polars as pl

from ecqs_gateway.mapping.expr_functions import INTEGER, TEXT, Call, Function, boolean, integer, param, text
from ecqs_gateway.mapping.expr_values import Value

__all__ = ["FUNCTIONS", "MAX_GROWTH", "grown", "half_width", "substring", "written"]

MAX_GROWTH = 100.0
"""How many times longer than its source a text may become; nested replacements would otherwise explode."""
MAX_PAD = 200
_HALF = [chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)] + [" "]
_FULL = [chr(code) for code in range(0xFF01, 0xFF5F)] + ["\u3000"]
_FAR = 2**31 - 1


def half_width(value: pl.Expr) -> pl.Expr:
    """Turn full-width letters, digits, signs and blanks into ordinary ones."""
    return value.str.replace_many(_FULL, _HALF)


def substring(value: pl.Expr, start: pl.Expr, length: pl.Expr | None) -> pl.Expr:
    """Cut a text as SQL does: the first character is 1, a negative start counts from the end.

    What lies before the first character counts for the length but gives nothing.
    """
    size = value.str.len_chars().cast(pl.Int64)
    start = start.clip(-_FAR, _FAR)
    begin = pl.when(start < 0).then(size + start).otherwise(start - 1)
    end = size if length is None else begin + length.clip(0, _FAR)
    begin = pl.max_horizontal(begin, pl.lit(0))
    taken = pl.max_horizontal(end - begin, pl.lit(0))
    cut = value.str.slice(begin, taken)
    needed = start.is_not_null() if length is None else start.is_not_null() & length.is_not_null()
    return pl.when(needed).then(cut)


def _substr(call: Call) -> Value:
    source, start, *rest = call.args
    length = rest[0].literal if rest else None
    if isinstance(start.literal, int) and start.literal >= 1:
        begin = min(start.literal - 1, _FAR)
        if not rest:
            return text(source.expr.str.slice(begin), source)
        if isinstance(length, int) and 0 <= length <= _FAR:
            return text(source.expr.str.slice(begin, length), source)
    return text(substring(source.expr, start.expr, rest[0].expr if rest else None), source)


def _left(call: Call) -> Value:
    source, count = call.args
    if isinstance(count.literal, int):
        return text(source.expr.str.head(min(max(count.literal, 0), _FAR)), source)
    return text(substring(source.expr, pl.lit(1, dtype=pl.Int64), count.expr), source)


def _right(call: Call) -> Value:
    source, count = call.args
    if isinstance(count.literal, int):
        return text(source.expr.str.tail(min(max(count.literal, 0), _FAR)), source)
    size = source.expr.str.len_chars().cast(pl.Int64)
    start = pl.max_horizontal(size - count.expr.clip(0, _FAR), pl.lit(0)) + 1
    return text(pl.when(count.expr.is_not_null()).then(substring(source.expr, start, None)), source)


def written(value: Value) -> str:
    """Give the text an argument is written as; empty where it is no text."""
    return value.literal if isinstance(value.literal, str) else ""


def grown(call: Call, value: Value) -> Value:
    """Give a value back, or fail with ECQS-1105 where it could become far longer than its source."""
    if value.growth > MAX_GROWTH:
        raise call.fail(
            f"the text could become more than {MAX_GROWTH:.0f} times as long",
            code="ECQS-1105",
            hint="replace fewer times, or by shorter texts",
        )
    return value


def _replace(call: Call) -> Value:
    source, wanted, instead = call.args
    if not written(wanted):
        raise call.fail("the text to replace is empty", arg=1)
    growth = max(1.0, len(written(instead).encode()) / len(written(wanted).encode()))
    done = source.expr.str.replace_all(written(wanted), written(instead), literal=True)
    return grown(call, text(done, source, growth=growth))


def _concat(call: Call) -> Value:
    return text(pl.concat_str([value.expr for value in call.args], ignore_nulls=True), *call.args)


def _concat_ws(call: Call) -> Value:
    separator, *values = call.args
    exprs = [value.expr for value in values]
    return text(pl.concat_str(exprs, separator=written(separator), ignore_nulls=True), *values)


def _pad(call: Call, *, start: bool) -> Value:
    source, count, *fill = call.args
    size = count.literal if isinstance(count.literal, int) else 0
    letter = written(fill[0]) if fill else " "
    if not 0 <= size <= MAX_PAD:
        raise call.fail(f"the length must be from 0 to {MAX_PAD}", arg=1)
    if len(letter) != 1:
        raise call.fail("the text to fill with must be one character", arg=2)
    padded = source.expr.str.pad_start(size, letter) if start else source.expr.str.pad_end(size, letter)
    return text(padded.str.slice(0, size), source)


def _split_part(call: Call) -> Value:
    source, separator, place = call.args
    wanted = place.literal if isinstance(place.literal, int) else 0
    if not written(separator):
        raise call.fail("the separator is empty", arg=1)
    if wanted == 0 or abs(wanted) > 1000:
        raise call.fail("pieces count from 1, or from -1 at the end", arg=2)
    pieces = source.expr.str.split(written(separator))
    return text(pieces.list.get(wanted - 1 if wanted > 0 else wanted, null_on_oob=True), source)


def _digits_only(call: Call) -> Value:
    return text(half_width(call.args[0].expr).str.replace_all("[^0-9]", ""), call.args[0])


def _strip_spaces(call: Call) -> Value:
    return text(call.args[0].expr.str.replace_all("[\\s\u200b\ufeff]+", ""), call.args[0])


def _trim(call: Call, side: str) -> Value:
    source, *letters = call.args
    of = source.expr.str
    strip = {"both": of.strip_chars, "start": of.strip_chars_start, "end": of.strip_chars_end}[side]
    return text(strip(written(letters[0])) if letters else strip(), source)


_T = param("text", TEXT)
_GROUP = "Text"
_PAD = (_T, param("length", INTEGER, written=True), param("character", TEXT, written=True, optional=True))
_CHARS = param("characters", TEXT, written=True, optional=True)

FUNCTIONS = (
    Function(
        "upper",
        (_T,),
        "text",
        "Small letters become capitals.",
        ("upper('xk06-001')", "'XK06-001'"),
        lambda c: text(c.args[0].expr.str.to_uppercase(), c.args[0]),
        _GROUP,
    ),
    Function(
        "lower",
        (_T,),
        "text",
        "Capitals become small letters.",
        ("lower('QS')", "'qs'"),
        lambda c: text(c.args[0].expr.str.to_lowercase(), c.args[0]),
        _GROUP,
    ),
    Function(
        "trim",
        (_T, _CHARS),
        "text",
        "Takes blanks (also full-width ones), or the given characters, from both ends.",
        ("trim('　有效 ')", "'有效'"),
        lambda c: _trim(c, "both"),
        _GROUP,
    ),
    Function(
        "ltrim",
        (_T, _CHARS),
        "text",
        "As trim, at the beginning only.",
        ("ltrim('0012', '0')", "'12'"),
        lambda c: _trim(c, "start"),
        _GROUP,
    ),
    Function(
        "rtrim",
        (_T, _CHARS),
        "text",
        "As trim, at the end only.",
        ("rtrim('2020-01-01-', '-')", "'2020-01-01'"),
        lambda c: _trim(c, "end"),
        _GROUP,
    ),
    Function(
        "length",
        (_T,),
        "integer",
        "Number of characters.",
        ("length('水泥')", "2"),
        lambda c: integer(c.args[0].expr.str.len_chars()),
        _GROUP,
    ),
    Function(
        "substr",
        (_T, param("start", INTEGER), param("length", INTEGER, optional=True)),
        "text",
        "Part of a text; the first character is 1, a negative start counts from the end.",
        ("substr('320000', 1, 2)", "'32'"),
        _substr,
        _GROUP,
        uses=2,
    ),
    Function(
        "left",
        (_T, param("count", INTEGER)),
        "text",
        "The first characters.",
        ("left('20240925', 4)", "'2024'"),
        _left,
        _GROUP,
        uses=2,
    ),
    Function(
        "right",
        (_T, param("count", INTEGER)),
        "text",
        "The last characters.",
        ("right('XK06-001-00238', 5)", "'00238'"),
        _right,
        _GROUP,
        uses=2,
    ),
    Function(
        "replace",
        (_T, param("wanted", TEXT, written=True), param("instead", TEXT, written=True)),
        "text",
        "Puts one text in place of another, everywhere.",
        ("replace('2020.01.05', '.', '-')", "'2020-01-05'"),
        _replace,
        _GROUP,
    ),
    Function(
        "concat",
        (param("text", TEXT, many=True),),
        "text",
        "Joins texts; null counts as empty (unlike ||, which gives null).",
        ("concat('江苏', NULL, '南京')", "'江苏南京'"),
        _concat,
        _GROUP,
    ),
    Function(
        "concat_ws",
        (param("separator", TEXT, written=True), param("text", TEXT, many=True)),
        "text",
        "Joins texts with a separator; nulls are left out.",
        ("concat_ws('；', '一号', NULL, '二号')", "'一号；二号'"),
        _concat_ws,
        _GROUP,
    ),
    Function(
        "lpad",
        _PAD,
        "text",
        f"Fills up at the beginning to a length of at most {MAX_PAD}; longer texts are cut.",
        ("lpad('7', 2, '0')", "'07'"),
        lambda c: _pad(c, start=True),
        _GROUP,
    ),
    Function(
        "rpad",
        _PAD,
        "text",
        f"Fills up at the end to a length of at most {MAX_PAD}; longer texts are cut.",
        ("rpad('32', 6, '0')", "'320000'"),
        lambda c: _pad(c, start=False),
        _GROUP,
    ),
    Function(
        "split_part",
        (_T, param("separator", TEXT, written=True), param("number", INTEGER, written=True)),
        "text",
        "The piece of that number between separators, from 1 (or from -1 at the end); null when there is none.",
        ("split_part('2019-01-01至2023-12-31', '至', 2)", "'2023-12-31'"),
        _split_part,
        _GROUP,
    ),
    Function(
        "starts_with",
        (_T, param("beginning", TEXT)),
        "boolean",
        "Whether a text begins with another.",
        ("starts_with('320100', '32')", "TRUE"),
        lambda c: boolean(c.args[0].expr.str.starts_with(c.args[1].expr)),
        _GROUP,
    ),
    Function(
        "ends_with",
        (_T, param("ending", TEXT)),
        "boolean",
        "Whether a text ends with another.",
        ("ends_with('某某有限公司', '公司')", "TRUE"),
        lambda c: boolean(c.args[0].expr.str.ends_with(c.args[1].expr)),
        _GROUP,
    ),
    Function(
        "contains",
        (_T, param("part", TEXT)),
        "boolean",
        "Whether a text holds another, letter by letter (no pattern).",
        ("contains('已注销', '注销')", "TRUE"),
        lambda c: boolean(c.args[0].expr.str.contains(c.args[1].expr, literal=True)),
        _GROUP,
    ),
    Function(
        "half_width",
        (_T,),
        "text",
        "Full-width letters, digits, signs and blanks become ordinary ones.",
        ("half_width('ＸＫ０６（苏）')", "'XK06(苏)'"),
        lambda c: text(half_width(c.args[0].expr), c.args[0]),
        _GROUP,
    ),
    Function(
        "full_width",
        (_T,),
        "text",
        "Ordinary letters, digits, signs and blanks become full-width ones.",
        ("full_width('(苏)')", "'（苏）'"),
        lambda c: text(c.args[0].expr.str.replace_many(_HALF, _FULL), c.args[0], growth=3.0),
        _GROUP,
    ),
    Function(
        "digits_only",
        (_T,),
        "text",
        "Keeps the digits; full-width digits become ordinary ones.",
        ("digits_only('2020年０1月')", "'202001'"),
        _digits_only,
        _GROUP,
    ),
    Function(
        "strip_spaces",
        (_T,),
        "text",
        "Takes out all blanks, line ends and zero-width signs, also between words.",
        ("strip_spaces('张 　三')", "'张三'"),
        _strip_spaces,
        _GROUP,
    ),
)
