"""Stand-ins keep what a mapping may look at, and nothing that names anybody."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.doors.personal import is_citizen_id
from ecqs_gateway.mapping.fakes import Faker
from ecqs_gateway.model.types import CertificateNumber, FieldProblem, Uscc

FAKER = Faker(b"one secret", kept=["测试企业"])
TEXT = st.text(st.sampled_from("江苏某某Aa1９Ｘ（）()-—·  ，;无"), max_size=20)


def verdict(field_type, text: str) -> str | None:
    try:
        found = field_type.check(field_type.read(text))
    except FieldProblem as problem:
        return problem.code
    return found.code if found else None


@given(TEXT)
def test_a_stand_in_has_the_shape_of_the_value(text):
    made = FAKER.words(text)
    assert [unicodedata.category(sign) for sign in made] == [unicodedata.category(sign) for sign in text]
    assert [sign.isascii() for sign in made] == [sign.isascii() for sign in text]
    assert made == FAKER.words(text)


@pytest.mark.parametrize("good", [*Uscc.good, *Uscc.bad])
def test_a_credit_code_stays_right_or_wrong_in_the_same_way(good):
    made = FAKER.credit_code(good)
    assert verdict(Uscc(), made) == verdict(Uscc(), good)
    assert len(made) == len(good)
    if verdict(Uscc(), good) is None:
        assert Uscc().read(made) != Uscc().read(good)
        assert Uscc().read(made)[:8] == Uscc().read(good)[:8]


@pytest.mark.parametrize("good", CertificateNumber.good)
def test_a_certificate_number_keeps_its_product_and_its_spelling(good):
    made = FAKER.certificate(good)
    assert verdict(CertificateNumber(), made) == verdict(CertificateNumber(), good)
    assert CertificateNumber().read(made)[:-5] == CertificateNumber().read(good)[:-5]


def test_words_that_mean_nothing_stay():
    assert [FAKER.words(word) for word in ("无", " / ", "Ｎ／Ａ", "测试企业", "111")] == [
        "无",
        " / ",
        "Ｎ／Ａ",
        "测试企业",
        "111",
    ]


def test_form_of_enterprise_and_place_stay():
    made = FAKER.words("苏州某某电缆有限公司")
    assert made.endswith("有限公司")
    assert not set(made[:6]) & set("苏州某电缆")
    place = FAKER.address("江苏省苏州市某某区人民路12号")
    assert place.startswith("江苏省苏州市")
    assert place.endswith("号")
    assert "人民" not in place


def test_id_and_mobile_numbers_are_replaced_wherever_they_stand():
    text = "联系人李四 13812345678，证件 11010519491231002X"
    made = FAKER.numbers(text)
    assert "13812345678" not in made
    assert "11010519491231002X" not in made
    assert is_citizen_id(made[-18:])
    assert made.startswith("联系人李四 138")
    assert FAKER.numbers(made.partition(" ")[0]) == "联系人李四"


def test_another_secret_gives_another_stand_in():
    assert Faker(b"other").words("某某某某某某") != FAKER.words("某某某某某某")
