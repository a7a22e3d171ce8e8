"""Stand-ins keep what a mapping may look at, and nothing that names anybody."""

from __future__ import annotations

import re
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.doors.personal import is_citizen_id
from ecqs_gateway.mapping.disguise import Disguise
from ecqs_gateway.mapping.fakes import Faker
from ecqs_gateway.mapping.preview import Cells, RowsOfParents
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


def test_an_id_number_becomes_one_of_nobody_and_a_mistyped_one_stays_mistyped():
    made = FAKER.numbers("身份证11010519491231002X，附后")
    number = made.removeprefix("身份证").removesuffix("，附后")
    assert number.startswith("990000")
    assert is_citizen_id(number)
    wrong = FAKER.numbers("330101198001011234")
    assert wrong.startswith("990000")
    assert not is_citizen_id(wrong)
    old = FAKER.numbers("旧证 330101800101123")
    assert old.startswith("旧证 990000")
    assert len(old) == len("旧证 330101800101123")


def test_telephone_numbers_in_any_spelling_keep_their_signs_and_where_they_are_of():
    given = "13812345678 / 138-1234-5678 / 0571-87654321 / +86 13812345678"
    made = FAKER.numbers(given)
    assert not re.search("12345678|87654321|1234-5678", made)
    assert re.fullmatch(r"138\d{8} / 138-\d{4}-\d{4} / 0571-\d{8} / \+86 138\d{8}", made)


@given(st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), min_size=1, max_size=20, unique=True))
def test_no_mobile_number_is_left_and_different_ones_stay_different(numbers):
    made = [FAKER.numbers(number) for number in numbers]
    assert not set(made) & set(numbers)
    assert len(set(made)) == len(numbers)


def test_public_numbers_stay():
    text = "(苏)XK06-001-00238 91440300192317458F 2024-01-02 20240102103000"
    assert FAKER.numbers(text) == text


def test_a_person_has_one_stand_in_in_every_table_and_other_columns_lose_numbers_only():
    child = RowsOfParents(pl.DataFrame({"xm": ["李红", None]}), ("p",), ("id",))
    rows = pl.DataFrame({"id": [1, 2, 3], "xm": ["王小明", "李红", "王小明"], "bz": ["无", "13812345678", "李红"]})
    made = Disguise({}, {}, FAKER, frozenset({"xm"})).rows(Cells(rows, {"c": child}))
    first, second, third = made.frame["xm"].to_list()
    assert first == third != second
    assert made.children["c"].frame["xm"].to_list() == [second, None]
    assert (len(first), len(second)) == (3, 2)
    assert not set(first + second) & set("小明红")
    assert made.frame["id"].to_list() == [1, 2, 3]
    assert made.frame["bz"].to_list()[::2] == ["无", "李红"]
    assert "12345678" not in made.frame["bz"][1]
