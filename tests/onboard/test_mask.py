"""Fakes have the shape of what they stand for, are the same for the same value, and say nothing of it."""

from __future__ import annotations

import re

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.flows.onboard.mask import Masker


def test_an_id_number_becomes_one_of_nobody_with_a_right_check_character() -> None:
    masked = Masker().text("身份证330101198001011234，附后")
    number = re.search(r"[0-9]{17}[0-9X]", masked)
    assert number is not None
    assert number.group().startswith("990000")
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(number.group(), weights, strict=False))
    assert "10X98765432"[total % 11] == number.group()[-1]
    assert masked.startswith("身份证")
    assert masked.endswith("，附后")


def test_telephone_numbers_keep_their_signs() -> None:
    masked = Masker().text("13812345678 / 138-1234-5678 / 0571-87654321 / +86 13812345678")
    assert not re.search("12345678|87654321|1234-5678", masked)
    assert re.fullmatch(r"1000\d{7} / 1000?\d?-\d{4}-\d{4}|.*", masked)
    assert [len(part) for part in masked.split(" / ")] == [11, 13, 13, 15]


def test_the_same_person_has_the_same_fake_everywhere() -> None:
    masker = Masker({"name"})
    first = masker.frame(pl.DataFrame({"name": ["王小明", "李红", "王小明"]}))["name"].to_list()
    second = masker.frame(pl.DataFrame({"name": ["李红"]}))["name"].to_list()
    assert first[0] == first[2] != first[1]
    assert second == [first[1]]
    assert [len(name) for name in first] == [3, 2, 3]
    assert not set("".join(first)) & set("小明红")


@given(st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), min_size=1, max_size=20, unique=True))
def test_no_mobile_number_is_left_and_different_ones_stay_different(numbers: list[str]) -> None:
    masker = Masker()
    fakes = [masker.text(number) for number in numbers]
    assert not set(fakes) & set(numbers)
    assert len(set(fakes)) == len(numbers)


def test_public_numbers_stay() -> None:
    text = "(苏)XK06-001-00238 91440300192317458F 2024-01-02 20240102103000"
    assert Masker().text(text) == text
