"""The cleaning words of the mapping language: a closed table, from which compiler and reference are made.

Each word is one total function on text: it never fails, and text it leaves empty becomes null afterwards. Source text
is already tidied when a word sees it (``text.py``): no control characters, no blanks at the ends, empty is null.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from ecqs_gateway.mapping.text import tidy

__all__ = ["FILLERS", "WORDS", "Step", "Word", "WordError", "half_width", "read_word"]

Step = Callable[[pl.Expr], pl.Expr]
"""One step on a text column."""

FILLERS: tuple[str, ...] = (
    *("无", "暂无", "没有", "空", "不详", "不明", "未知", "未填", "未填写", "无数据", "待补充"),
    *("/", "//", "///", "\\", "-", "--", "---", "—", "——", "_", "__", ".", "...", "。", "*", "**", "***"),
    *("null", "(null)", "none", "nil", "nan", "n/a", "na", "undefined", "111"),
)
"""What stands in a column when there was nothing to say; case and width do not matter (facts §3.2, §8.6)."""


class WordError(ValueError):
    """A cleaning step is not in the table, or its argument does not fit."""


@dataclass(frozen=True)
class Word:
    """One cleaning word: its documentation, one example that the tests run, and how it is made."""

    name: str
    title: str
    doc: str
    example: tuple[str, str | None]
    build: Callable[[tuple[str, ...]], Step] = field(repr=False)
    takes_list: bool = False


_FULL = [chr(code) for code in range(0xFF01, 0xFF5F)] + ["\u3000"]
_HALF = [chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)] + [" "]
_TO_HALF = str.maketrans(dict(zip(_FULL, _HALF, strict=True)))
_TO_FULL = str.maketrans(dict(zip(_HALF, _FULL, strict=True)))
_OPEN, _CLOSE = "（［｛【〔〖〘〚[{", "）］｝】〕〗〙〛]}"
_DASHES = "‐‑‒–—―−－﹣－─"
_QUOTES = "\"'‘’“”「」『』＂＇"
_SPACE = r"[\s\u200b\u3000]+"
_TAG = r"(?s)<!--.*?-->|</?[A-Za-z][^<>]*>"


def half_width(text: str) -> str:
    """Give the text with full-width letters, digits and signs made half-width."""
    return text.translate(_TO_HALF)


def _spellings(words: Iterable[str]) -> list[str]:
    """Give every case and width in which a filler is met, so that the column side is one look-up."""
    found: dict[str, None] = {}
    for word in words:
        narrow = half_width(word.strip())
        for cased in (narrow, narrow.lower(), narrow.upper(), narrow.title(), narrow.capitalize()):
            found.update(dict.fromkeys((cased, cased.translate(_TO_FULL))))
    return list(found)


def _fillers(words: tuple[str, ...]) -> Step:
    known = pl.Series(_spellings(words or FILLERS), dtype=pl.String).implode()
    return lambda text: pl.when(~text.str.strip_chars().is_in(known)).then(text)


def _where(pattern: str, step: Step) -> Step:
    """Do a step on the rows that match a pattern only: most words find nothing to do in most rows."""
    matches, stepped = pl.col("t").str.contains(pattern), step(pl.col("t"))

    def run(text: pl.Series) -> pl.Series:
        hit = text.to_frame("t").select_seq(matches).to_series()
        if not bool(hit.any()):
            return text
        whole = bool(hit.all()) and not hit.null_count()
        some = text.filter(hit).to_frame("t").select_seq(stepped).to_series()
        return some.alias(text.name) if whole else text.clone().scatter(hit.arg_true(), some)

    return lambda text: text.map_batches(run, return_dtype=pl.String, is_elementwise=True)


def _unescape(text: pl.Series) -> pl.Series:
    """Turn entities into characters; only distinct texts that hold an ampersand are looked at one by one."""
    held = text.filter(text.str.contains("&", literal=True)).unique()
    if held.is_empty():
        return text
    return text.replace(held, pl.Series([html.unescape(one) for one in held], dtype=pl.String))


def _html(text: pl.Expr) -> pl.Expr:
    # Tags go first: an entity may stand for a bracket that is no tag.
    plain = text.str.replace_all(_TAG, "").map_batches(_unescape, return_dtype=pl.String, is_elementwise=True)
    # Entities can hide control characters and blanks from the tidying that came before.
    return tidy(plain.str.replace_all("\u00a0", " ", literal=True))


def _quotes(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.strip_chars(_QUOTES)


def _simple(step: Step) -> Callable[[tuple[str, ...]], Step]:
    return lambda _: step


def _brackets(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many([*_OPEN, *_CLOSE], ["("] * len(_OPEN) + [")"] * len(_CLOSE))


def _digits(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(_FULL[15:25], _HALF[15:25]).str.extract_all("[0-9]+").list.join("")


_SMALL = "abcdefghijklmnopqrstuvwxyzａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ"
_CAPITAL = _SMALL.upper()


def _upper(text: pl.Expr) -> pl.Expr:
    # Latin letters only: the capital of φ (a diameter) or μ (micro) would be another sign.
    return text.str.replace_many(list(_SMALL), list(_CAPITAL))


def _lower(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(list(_CAPITAL), list(_SMALL))


def _first_line(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.extract(r"^([^\n]*)", 1)


_TABLE = (
    Word(
        "trim",
        "去首尾空白",
        "takes blanks off both ends",
        ("  江苏 某某 ", "江苏 某某"),
        _simple(lambda t: t.str.strip_chars()),
    ),
    Word(
        "spaces",
        "去空白",
        "takes every blank out, also inside",
        ("标称生产 单位　所在地", "标称生产单位所在地"),
        _simple(_where(_SPACE, lambda t: t.str.replace_all(_SPACE, ""))),
    ),
    Word(
        "one_space",
        "并空白",
        "makes one space of every run of blanks and line ends",
        ("ABC   Cable\n Co", "ABC Cable Co"),
        _simple(_where(_SPACE, lambda t: t.str.replace_all(_SPACE, " ").str.strip_chars())),
    ),
    Word(
        "width",
        "全角转半角",
        "makes full-width letters, digits, signs and spaces half-width; 、 and 。 stay",
        ("ＸＫ０６－００１，甲、乙。", "XK06-001,甲、乙。"),
        _simple(_where("[！-～　]", lambda t: t.str.replace_many(_FULL, _HALF))),
    ),
    Word(
        "brackets",
        "统一括号",
        "makes ( ) of every kind of bracket; title marks 《》 stay",
        ("（苏）【甲】〔2020〕《目录》", "(苏)(甲)(2020)《目录》"),
        _simple(_where(f"[{re.escape(_OPEN + _CLOSE)}]", _brackets)),
    ),
    Word(
        "dashes",
        "统一连字符",
        "makes - of every kind of dash",
        ("XK06—001－00238", "XK06-001-00238"),
        _simple(_where(f"[{_DASHES}]", lambda t: t.str.replace_many(list(_DASHES), ["-"] * len(_DASHES)))),
    ),
    Word(
        "control",
        "去控制符",
        "makes a space of tabs and line ends; other control and invisible characters are gone before any word",
        ("甲\t乙\n丙", "甲 乙 丙"),
        _simple(lambda t: t.str.replace_many(["\t", "\n"], [" ", " "]).str.strip_chars()),
    ),
    Word(
        "quotes",
        "去引号",
        "takes quotes off both ends, and the apostrophe a spreadsheet puts before text",
        ("'0123", "0123"),
        _simple(_quotes),
    ),
    Word(
        "html",
        "去 HTML",
        "takes HTML tags out and makes characters of entities",
        ("<p>水泥&amp;熟料&nbsp;</p>", "水泥&熟料"),
        _simple(_where("[<&]", _html)),
    ),
    Word(
        "upper",
        "转大写",
        "makes Latin letters capital",
        ("xk06-001", "XK06-001"),
        _simple(_where("[a-zａ-ｚ]", _upper)),
    ),
    Word("lower", "转小写", "makes Latin letters small", ("ABCDEF", "abcdef"), _simple(_where("[A-ZＡ-Ｚ]", _lower))),
    Word(
        "digits",
        "只留数字",
        "keeps digits only; full-width digits become half-width",
        ("第 １２ 号(a3)", "123"),
        _simple(_where("[^0-9]", _digits)),
    ),
    Word(
        "first_line",
        "取首行",
        "keeps the first line",
        ("江苏某某公司\n联系人见附件", "江苏某某公司"),
        _simple(_where("\n", _first_line)),
    ),
    Word(
        "fillers",
        "去占位词",
        "makes nothing of words that mean nothing, in any case and width; `{fillers: [无, 同上]}` gives one's own list",
        ("Ｎ／Ａ", None),
        _fillers,
        takes_list=True,
    ),
)

WORDS: Mapping[str, Word] = MappingProxyType({word.name: word for word in _TABLE})
"""Every cleaning word, by name, in the order of the reference."""


def read_word(item: object) -> tuple[str, Step]:
    """Read one step of ``clean``: a word, or a table of one word and its list; raises WordError.

    Gives the text of the step, for the trace, and the step.
    """
    if isinstance(item, Mapping):
        if len(item) != 1:
            raise WordError("one step is one word")
        name, given = next(iter(item.items()))
    else:
        name, given = item, ()
    word = WORDS.get(str(name))
    if word is None:
        near = difflib.get_close_matches(str(name), WORDS, 1, 0.5)
        meant = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(WORDS)}"
        raise WordError(f"{name!r} is not a cleaning word: {meant}")
    if isinstance(given, str) or not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise WordError(f"{name} takes a list of texts")
    if given and not word.takes_list:
        raise WordError(f"{name} stands alone, without a list")
    if isinstance(item, Mapping) and not given:
        raise WordError(f"{name} needs at least one text in its list")
    return f"{name}({', '.join(given)})" if given else word.name, word.build(tuple(given))
