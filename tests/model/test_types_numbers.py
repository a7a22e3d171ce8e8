"""Amounts, numbers and flags: exact, never rounded, never guessed."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.model.types import FieldProblem, Flag, Integer, Money, Quantity
from ecqs_gateway.model.types import columns as type_columns

MONEY = Money()


def column(field, values, few=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type_columns, "FEW", few)
        return pl.DataFrame({"text": values}).select(field.read_expr(pl.col("text"))).to_series().to_list()


def problem_of(field, text):
    with pytest.raises(FieldProblem) as raised:
        field.read(text)
    return raised.value.code


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.5", "1234.50"),
        ("1,234.50", "1234.50"),
        ("１，２３４．５０", "1234.50"),
        ("￥1,234.50元", "1234.50"),
        ("¥ 100", "100.00"),
        ("人民币 500 元整", "500.00"),
        ("RMB500", "500.00"),
        ("500万元", "5000000.00"),
        ("12.3456万元", "123456.00"),
        ("0.000001万元", "0.01"),
        ("1.2亿元", "120000000.00"),
        ("+5", "5.00"),
        ("007.10", "7.10"),
        ("-0", "0.00"),
        ("1.5000000", "1.50"),
        ("9999999999999999.99", "9999999999999999.99"),
    ],
)
def test_money_is_read_exactly_and_written_with_two_decimals(text, amount):
    assert MONEY.write(MONEY.read(text)) == amount
    for few in (0, 10):
        assert column(MONEY, [text, "1"], few) == [Decimal(amount), Decimal("1.00")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.005", "ECQS-1261"),
        ("0.0000001万元", "ECQS-1261"),
        ("10000000000000000", "ECQS-1262"),
        ("99999999999999万元", "ECQS-1262"),
        ("-0.01", "ECQS-1263"),
        ("面议", "ECQS-1260"),
        ("1,23", "ECQS-1260"),
        ("1.2.3", "ECQS-1260"),
        ("1e5", "ECQS-1260"),
        ("$5", "ECQS-1260"),
        ("五百万元", "ECQS-1260"),
        (".5", "ECQS-1260"),
        ("5.", "ECQS-1260"),
        ("NaN", "ECQS-1260"),
        ("٥", "ECQS-1260"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_own_reason(text, code):
    assert problem_of(MONEY, text) == code
    assert column(MONEY, [text], 0) == column(MONEY, [text], 10) == [None]


@given(st.lists(st.decimals(0, Decimal("9999999999999999.99"), places=2), min_size=1, max_size=50))
def test_no_amount_changes_on_its_way_through_a_column(amounts):
    texts = [f"{amount:,.2f}" for amount in amounts]
    frame = pl.DataFrame({"text": texts}).with_columns(money=MONEY.read_expr(pl.col("text")))
    assert frame["money"].to_list() == amounts
    assert frame.select(MONEY.write_expr(pl.col("money"))).to_series().to_list() == [f"{a:.2f}" for a in amounts]


def test_numeric_source_columns_are_read_exactly():
    assert column(MONEY, [1, None]) == [Decimal("1.00"), None]
    assert column(MONEY, [0.1, 1234.5, 1e15, 1e300, float("nan")]) == [
        Decimal("0.10"),
        Decimal("1234.50"),
        Decimal("1000000000000000.00"),
        None,
        None,
    ]
    assert column(MONEY, [Decimal("1.25"), Decimal("-1.25")]) == [Decimal("1.25"), None]
    assert column(Integer(0, 10), [5.0, 5.5, 0.0]) == [5, None, 0]


@pytest.mark.parametrize("value", [Decimal("1.005"), Decimal(-1), Decimal("1e17"), Decimal("NaN"), 1.0, 1, "1"])
def test_a_value_given_as_such_must_be_a_fitting_decimal(value):
    assert MONEY.check(value) is not None


def test_a_long_quantity_is_neither_rounded_by_the_check_nor_by_writing():
    field = Quantity(38, 10)
    value = Decimal("1234567890123456789012345678.0123456789")
    assert field.check(value) is None
    assert field.write(value) == "1234567890123456789012345678.0123456789"
    assert column(field, [str(value)]) == [value]


@pytest.mark.parametrize(("digits", "places"), [(0, 0), (39, 2), (5, 5), (5, -1)])
def test_a_quantity_no_decimal_can_hold_is_refused(digits, places):
    with pytest.raises(ValueError, match="digits"):
        Quantity(digits, places)


def test_an_integer_keeps_its_bounds():
    field = Integer(-5, 120)
    values = ["-5", "120", "121", "-6", "1,00", "1,000", "００７", "3.0", "3.5", "-0"]
    read = column(field, values)
    assert read == [-5, 120, 121, -6, None, 1000, 7, 3, None, 0]
    frame = pl.DataFrame({"n": read})
    good = frame.select(field.check_expr(pl.col("n"))).to_series().to_list()
    assert good == [True, True, False, False, None, False, True, True, None, True]
    assert field.check(121).code == "ECQS-1266"
    assert field.check(True).code == "ECQS-1201"
    assert problem_of(field, "9" * 19) == "ECQS-1266"


@pytest.mark.parametrize("bounds", [(5, 1), (-(10**18), 0), (0, 10**18)])
def test_bounds_that_are_crossed_or_too_long_are_refused(bounds):
    with pytest.raises(ValueError, match="bounds"):
        Integer(*bounds)


def test_flags_are_read_from_the_words_people_use():
    texts = ["true", "FALSE", "1", "0", "是", "否", "Y", "n", "ｙｅｓ", "No", " t ", "F", "2", "有", "✓"]
    wanted = [True, False, True, False, True, False, True, False, True, False, True, False, None, None, None]
    assert column(Flag(), texts) == wanted
    assert column(Flag(), [True, None, False]) == [True, None, False]
    assert column(Flag(), [1, 0, 2]) == [True, False, None]
    assert problem_of(Flag(), "有") == "ECQS-1269"
    frame = pl.DataFrame({"f": [True, False, None]})
    assert frame.select(Flag().write_expr(pl.col("f"))).to_series().to_list() == ["true", "false", None]
