"""Unified social credit code: python-stdnum is the oracle for the check character."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle
from stdnum.exceptions import ValidationError

from ecqs_gateway.model.types import FieldProblem, Uscc

FIELD = Uscc()
SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
REAL = ["914403001922038216", "9152000071430580XT", "91330100799655058B", "11100000MB0143028R", "11220000013544541J"]

bodies = st.builds(
    lambda head, area, rest: f"{head}{area:06}{rest}",
    st.text("0123456789", min_size=2, max_size=2),
    st.integers(0, 999_999),
    st.text(SIGNS, min_size=9, max_size=9),
)


def organisation_check(code):
    """GB 11714 as it is written down, for the nine characters inside."""
    total = sum(int(sign, 36) * weight for sign, weight in zip(code[8:16], (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    check = 11 - total % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def problem_of(text):
    with pytest.raises(FieldProblem) as raised:
        FIELD.read(text)
    return raised.value.code


def checks(codes):
    frame = pl.DataFrame({"code": codes}, schema={"code": pl.String})
    return frame.select(good=FIELD.check_expr(pl.col("code")))["good"].to_list()


@given(st.lists(bodies, min_size=1, max_size=40))
def test_the_last_character_is_the_one_stdnum_calculates(found):
    codes = [body + oracle.calc_check_digit(body) for body in found]
    right = [body[16] == organisation_check(body) for body in found]
    assert checks(codes) == right
    assert [FIELD.check(code) is None for code in codes] == right


@given(st.lists(bodies, min_size=1, max_size=40), st.sampled_from(SIGNS))
def test_no_code_passes_that_stdnum_refuses(found, last):
    codes = [body + last for body in found]
    for code, good in zip(codes, checks(codes), strict=True):
        try:
            oracle.validate(code)
            accepted = True
        except ValidationError:
            accepted = False
        assert good == (accepted and code[16] == organisation_check(code))


@pytest.mark.parametrize("code", REAL)
def test_real_codes_pass_and_no_single_wrong_character_does(code):
    assert FIELD.check(code) is None
    wrong = [code[:place] + sign + code[place + 1 :] for place in range(18) for sign in SIGNS if sign != code[place]]
    assert not any(checks(wrong))
    assert checks([code]) == [True]


@pytest.mark.parametrize("code", REAL)
def test_exchanged_neighbours_do_not_pass(code):
    wrong = [code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(17) if code[i] != code[i + 1]]
    assert not any(checks(wrong))


def test_both_check_characters_have_their_own_problem():
    body = "9144030019220382"
    wrong_inside = next(
        code for sign in "0123456789X" if sign != "1" for code in [body + sign + oracle.calc_check_digit(body + sign)]
    )
    assert FIELD.check("914403001922038217").code == "ECQS-1214"
    assert FIELD.check(wrong_inside).code == "ECQS-1215"
    assert oracle.is_valid(wrong_inside)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("440301103097413", "ECQS-1212"),
        ("４４０３０１１０３０９７４１３", "ECQS-1212"),
        ("71430580-X", "ECQS-1213"),
        ("192203821", "ECQS-1213"),
        ("91440300192203821", "ECQS-1210"),
        ("9144030019220382161", "ECQS-1210"),
        ("91440300I92203821A", "ECQS-1211"),
        ("91440300192203821中", "ECQS-1211"),
        ("9144A3001922038216", "ECQS-1211"),
        ("914403001922038S16", "ECQS-1211"),
        ("无", "ECQS-1210"),
    ],
)
def test_the_problem_says_what_stands_there(text, code):
    assert problem_of(text) == code


@pytest.mark.parametrize("kind", ["N2", "A1", "Y1"])
def test_departments_with_a_letter_are_not_refused_for_it(kind):
    body = kind + "320500" + "MA9XAMP2"
    body += organisation_check(body)
    code = next(body + sign for sign in SIGNS if checks([body + sign]) == [True])
    assert FIELD.check(code) is None


def test_a_code_in_a_numeric_column_is_read_like_text():
    frame = pl.DataFrame({"code": [914403001922038216, None]})
    assert frame.select(FIELD.read_expr(pl.col("code"))).to_series().to_list() == ["914403001922038216", None]
