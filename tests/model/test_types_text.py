"""Text and names: what is cleaned, what is kept, and that finding dirt by bytes misses none."""

from __future__ import annotations

import random
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.model.types import FieldProblem, OrgName, PersonName, Text, blank_to_null
from ecqs_gateway.model.types import columns as type_columns
from ecqs_gateway.model.types.clean import BLANKS, INVISIBLE, Finder, among, squash, tidy
from ecqs_gateway.model.types.columns import Utf8

TEXT, ORG, PERSON = Text(50), OrgName(), PersonName()


def column(field, texts, few=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type_columns, "FEW", few)
        frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
        return frame.select(field.read_expr(pl.col("text"))).to_series().to_list()


def problem_of(field, text):
    with pytest.raises(FieldProblem) as raised:
        field.read(text)
    return raised.value.code


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("ＨＲＢ４００Ｅ", "HRB400E"),
        ("第一行\r\n第二行\t列", "第一行 第二行 列"),
        ("\u3000\u00a0 甲 \u2003 乙\u2028", "甲 乙"),
        ("甲\u200b\u200e\u202e\u2066\ufeff\x00\x7f\x9b乙", "甲乙"),
        ("净含量：１０ｋｇ（±１％）", "净含量：10kg（±1％）"),
        ("a & b < c", "a & b < c"),
        ("𠮷野家\ue000\U000323af", "𠮷野家\ue000\U000323af"),
        ("é ñ Φ ²⁰", "é ñ Φ ²⁰"),
    ],
)
def test_text_is_tidied_and_nothing_else_is_touched(dirty, clean):
    assert TEXT.read(dirty) == clean
    assert column(TEXT, [dirty, "无关"], 0) == column(TEXT, [dirty, "无关"], 10) == [clean, "无关"]


def test_lone_surrogates_go_where_python_holds_them():
    assert TEXT.read("甲\ud800乙") == "甲乙"


def test_length_is_counted_in_characters():
    field = Text(3)
    texts = ["甲乙丙", "甲乙丙丁", "𠮷𠮷𠮷", "𠮷𠮷𠮷𠮷", "  abc  ", "ab  c", "a\u200bbc", "abcd", "e\u0301e\u0301"]
    wanted = ["甲乙丙", None, "𠮷𠮷𠮷", None, "abc", None, "abc", None, None]
    assert column(field, texts) == wanted
    assert problem_of(field, "甲乙丙丁") == "ECQS-1203"


def test_damaged_text_is_refused_and_blank_text_too():
    assert problem_of(TEXT, "江苏\ufffd有限公司") == "ECQS-1204"
    assert problem_of(TEXT, "\u3000\u200b") == "ECQS-1202"
    assert column(TEXT, ["江苏\ufffd有限公司", "\u3000\u200b", "", None]) == [None] * 4


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("韦尔斯润滑油（天津） 有限公司", "韦尔斯润滑油（天津）有限公司"),
        ("壳牌(中国)有限公司", "壳牌（中国）有限公司"),
        ("壳牌 ( 中国 ) 有限公司", "壳牌（中国）有限公司"),
        ("中 国 石 化 润 滑 油", "中国石化润滑油"),
        ("ABC(中国)有限公司", "ABC（中国）有限公司"),
        ("ABC 中国 有限公司", "ABC 中国有限公司"),
        ("3M 中国有限公司", "3M 中国有限公司"),
        ("Shell (China)  Ltd.", "Shell (China) Ltd."),
        ("ＡＢＣ（Ｃｈｉｎａ） Ltd", "ABC（China） Ltd"),
        ("样例(集团)(苏州) 公司", "样例（集团）（苏州）公司"),
    ],
)
def test_one_name_has_one_spelling(dirty, clean):
    assert ORG.read(dirty) == clean
    assert column(ORG, [dirty], 0) == column(ORG, [dirty], 10) == [clean]
    assert ORG.read(clean) == clean


@pytest.mark.parametrize("name", ["张三", "欧阳修", "买买提·阿不都", "John O'Neil", "J. Smith-Jones", "𠮷野"])
def test_names_of_persons_pass(name):
    assert PERSON.check(PERSON.read(name)) is None


@pytest.mark.parametrize(
    "name", ["张三、李四", "张三,李四", "张三；李四", "张三1", "张三(组长)", "张三/李四", "13800000000"]
)
def test_lists_and_remarks_are_no_name(name):
    frame = pl.DataFrame({"text": [name]}).with_columns(name=PERSON.read_expr(pl.col("text")))
    assert frame.select(PERSON.check_expr(pl.col("name"))).to_series().to_list() == [False]
    assert PERSON.check(PERSON.read(name)).code == "ECQS-1280"


@given(st.lists(st.text(max_size=30), max_size=30))
def test_tidying_twice_changes_nothing_more(texts):
    assert [tidy(tidy(text)) for text in texts] == [tidy(text) for text in texts]
    assert [squash(squash(text)) for text in texts] == [squash(text) for text in texts]


def test_what_is_removed_is_what_unicode_calls_invisible_or_blank():
    for code in BLANKS:
        assert unicodedata.category(chr(code)) in ("Zs", "Zl", "Zp", "Cc"), hex(code)
    for code in INVISIBLE - set(range(0xE0000, 0xE0080)):
        assert unicodedata.category(chr(code)) in ("Cc", "Cf", "Cn", "So"), hex(code)


@given(st.lists(st.text(max_size=12), max_size=40), st.sets(st.integers(0, 0x10FFFF), min_size=1, max_size=30))
def test_the_finder_finds_exactly_the_rows_that_hold_a_character(texts, wanted):
    texts += ["".join(chr(code) for code in wanted if not 0xD800 <= code < 0xE000)]
    series = pl.Series([*texts, None], dtype=pl.String)
    found = Finder(among(wanted)).rows(Utf8.of(series)).tolist()
    assert found == [place for place, text in enumerate(texts) if wanted & set(map(ord, text))]


@pytest.mark.parametrize("code", [*sorted(BLANKS | INVISIBLE), 0xFFFD, 0xFF10, 0xFF3A, 0xFF5A])
def test_every_character_to_be_cleaned_is_found_in_a_column(code):
    text = f"江苏{chr(code)}苏州"
    assert column(TEXT, [text]) == [None if code == 0xFFFD else TEXT.read(text)]
    assert column(TEXT, [text]) != [text]


def test_a_sliced_and_a_chunked_column_read_like_a_whole_one():
    rng = random.Random(7)
    texts = [rng.choice(["甲 乙", " 甲", "乙\t", "丙", None, "", "ＡＢ"]) for _ in range(50)]
    whole = pl.DataFrame({"text": texts}).select(TEXT.read_expr(pl.col("text"))).to_series()
    chunks = pl.concat([pl.DataFrame({"text": texts[:20]}), pl.DataFrame({"text": texts[20:]})], rechunk=False)
    assert chunks.select(TEXT.read_expr(pl.col("text"))).to_series().to_list() == whole.to_list()
    part = pl.DataFrame({"text": texts}).slice(13, 20).select(TEXT.read_expr(pl.col("text"))).to_series()
    assert part.to_list() == whole.to_list()[13:33]


def test_reading_leaves_the_source_column_as_it_was():
    frame = pl.DataFrame({"text": [" 甲 ", "乙"] * 200})
    before = frame["text"].to_list()
    frame.select(TEXT.read_expr(pl.col("text")))
    assert frame["text"].to_list() == before


def test_blank_text_becomes_null_before_it_is_read():
    texts = ["", " ", "\u3000", "\t\r\n", "\u200b\ufeff", "x", " x ", "无", "/", None]
    frame = pl.DataFrame({"text": texts}).select(blank_to_null(pl.col("text")))
    assert frame.to_series().to_list() == [None] * 5 + ["x", " x ", "无", "/", None]
