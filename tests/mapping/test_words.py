"""The cleaning words do what the reference says, on any text."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.content.models import MappingFile
from ecqs_gateway.content.models_mapping import CleanWord
from ecqs_gateway.mapping import reference
from ecqs_gateway.mapping.fields import blank_to_null
from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.mapping.words import FILLERS, WORDS, WordError, read_word

TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    [*FILLERS, "<b>x</b>&lt;", "（苏）", "ＡＢＣ　ｘ", "'1", "a\nb", "&#0;", "&#x110000;", "<" * 50, "&" * 50]
)


def clean(item: object, *texts: str | None) -> list[str | None]:
    _, step = read_word(item)
    frame = text_column(pl.Series("t", texts, dtype=pl.String)).to_frame()
    return frame.select(blank_to_null(step(pl.col("t")))).to_series().to_list()


@pytest.mark.parametrize("word", WORDS.values(), ids=lambda word: word.name)
def test_every_example_of_the_reference_is_true(word):
    given_text, gives = word.example
    assert clean(word.name, given_text) == [gives]


@pytest.mark.parametrize("word", WORDS)
def test_no_word_touches_null_and_none_changes_what_it_has_cleaned(word):
    once = clean(word, None, WORDS[word].example[0])
    assert once[0] is None
    assert clean(word, *once) == once


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8), st.sampled_from(sorted(WORDS)))
def test_no_text_makes_a_word_fail_and_rows_do_not_mix(texts, word):
    together = clean(word, *texts)
    assert together == [clean(word, one)[0] for one in texts]


@settings(deadline=None)
@given(TEXTS)
def test_words_mean_what_they_say_on_any_text(text):
    def one(word: str) -> str:
        return clean(word, text)[0] or ""

    assert re.fullmatch("[0-9]*", one("digits"))
    assert not re.search(r"\s", one("spaces"))
    assert not re.search(r"\s\s|[\t\n]", one("one_space"))
    assert "\n" not in one("first_line")
    assert not set("（）【】［］") & set(one("brackets"))
    assert not re.search("[a-z]", one("upper"))
    assert not re.search("[A-Z]", one("lower"))
    assert not any(0xFF01 <= ord(sign) <= 0xFF5E or sign == "\u3000" for sign in one("width"))


def test_capitals_are_made_of_latin_letters_only():
    assert clean("upper", "φ12 μm ａb") == ["φ12 μM ＡB"]


@pytest.mark.parametrize("filler", ["无", "／", "Ｎ／Ａ", "Null", "NONE", "n/a", "—", "111", "(NULL)"])
def test_fillers_are_found_in_any_case_and_width(filler):
    assert clean("fillers", filler) == [None]


def test_fillers_leave_longer_texts_alone():
    assert clean("fillers", "无锡市", "1111", "N/A?", "不详细") == ["无锡市", "1111", "N/A?", "不详细"]


def test_ones_own_fillers_replace_the_default_list():
    assert clean({"fillers": ["同上", "x"]}, "同上", "X", "无") == [None, None, "无"]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("bracket", "did you mean 'brackets'"),
        ("zzz", "use one of"),
        ({"fillers": []}, "needs at least one"),
        ({"fillers": "无"}, "takes a list"),
        ({"upper": ["x"]}, "stands alone"),
        ({"upper": [], "lower": []}, "one step is one word"),
        ({"fillers": [1]}, "takes a list of texts"),
        (3, "is not a cleaning word"),
    ],
)
def test_a_wrong_step_is_explained(item, said):
    with pytest.raises(WordError, match=said):
        read_word(item)


def test_the_yaml_model_knows_exactly_the_words_of_the_table():
    assert set(CleanWord.__args__) == set(WORDS)


def test_the_committed_reference_is_the_generated_one(project_root: Path):
    page = (project_root / "docs" / "reference" / "mapping.md").read_text(encoding="utf-8")
    assert page == reference.generate(), "run: python -m ecqs_gateway.mapping.reference docs/reference/mapping.md"


def test_the_mapping_shown_in_the_reference_is_one():
    yaml = pytest.importorskip("yaml")
    shown = re.search(r"```yaml\n(.*?)```", reference.generate(), re.DOTALL)
    assert shown is not None
    content = yaml.safe_load(shown[1])
    file = MappingFile.model_validate(content)
    assert file.kind == "certificate"
    assert len(file.fields) == 8
