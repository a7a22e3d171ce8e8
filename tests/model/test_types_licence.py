"""Electronic licence ids: stdnum's ISO 7064 MOD 37,36 is the oracle for the check character."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_36

from ecqs_gateway.model.types import FieldProblem, LicenceId

FIELD = LicenceId()
REAL = [
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
]
HOLDER = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ALL = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

parts = st.tuples(
    st.builds("{}{:03}".format, st.text(HOLDER, min_size=18, max_size=18), st.integers(0, 999)),
    st.text(HOLDER, min_size=18, max_size=18),
    st.text(ALL, min_size=1, max_size=32),
    st.builds("{:03}".format, st.integers(0, 999)),
)


def join(found, check):
    return ".".join(["1.2.156.3005.2", *found, check])


def checks(ids):
    frame = pl.DataFrame({"id": ids}, schema={"id": pl.String})
    return frame.select(FIELD.check_expr(pl.col("id"))).to_series().to_list()


@given(st.lists(parts, min_size=1, max_size=50))
@settings(max_examples=40)
def test_the_check_character_is_the_one_stdnum_calculates(found):
    right = [mod_37_36.calc_check_digit("".join(one)) for one in found]
    assert all(checks([join(one, check) for one, check in zip(found, right, strict=True)]))
    others = [ALL[(ALL.index(check) + 1) % 36] for check in right]
    assert not any(checks([join(one, check) for one, check in zip(found, others, strict=True)]))


@given(st.lists(parts, min_size=1, max_size=5), st.integers(1, 400))
@settings(max_examples=20)
def test_many_ids_of_few_issuers_are_checked_like_single_ones(found, count):
    ids = [join(one, mod_37_36.calc_check_digit("".join(one))) for one in found]
    column = [ids[place % len(ids)] for place in range(count)]
    column[-1] = REAL[0][:-1] + "V"
    assert checks(column) == [FIELD.check(one) is None for one in column]


@pytest.mark.parametrize("real", REAL)
def test_real_ids_pass_and_no_single_wrong_character_does(real):
    assert FIELD.check(real) is None
    places = [place for place in range(len("1.2.156.3005.2."), len(real)) if real[place] != "."]
    wrong = [real[:i] + sign + real[i + 1 :] for i in places for sign in "05AJ9X" if sign != real[i]]
    assert not any(checks(wrong))
    assert checks([real, None]) == [True, None]


@pytest.mark.parametrize(
    "text",
    [
        REAL[0].removeprefix("1.2.156.3005.2."),
        REAL[0].replace(".001.", ".1."),
        REAL[0].replace("W011", "W11"),
        REAL[0].replace("11430000006122244L", "11430000006122244"),
        REAL[0].replace(".20230000403.", ".."),
        REAL[0].replace("20230000403", "2" * 33),
        REAL[0] + ".1",
        "1.2.156.3005.3" + REAL[0][14:],
    ],
)
def test_another_structure_is_refused(text):
    with pytest.raises(FieldProblem) as raised:
        FIELD.read(text)
    assert raised.value.code == "ECQS-1230"


def test_a_wrong_check_character_has_its_own_problem():
    assert FIELD.check(REAL[0][:-1] + "V").code == "ECQS-1231"
