"""Every function does what its line in the reference says, for any data."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from decimal import Decimal

import polars as pl
import pytest

from ecqs_gateway.mapping.expr import DTYPES, ExprContext, ExpressionError, ExprType, compile_expr
from ecqs_gateway.mapping.expr_functions import ANY, Param
from ecqs_gateway.mapping.expr_reference import QUANTIFIERS, generate
from ecqs_gateway.mapping.expr_table import FUNCTIONS
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.rules.calendar import load_calendar

UNITS = pl.DataFrame(
    {
        "code": ["320000", "520000", "990000", "990000"],
        "name": ["江苏", "贵州", "兵团", "兵团"],
        "valid_from": [None, None, dt.date(2000, 1, 1), dt.date(2020, 1, 1)],
        "valid_until": [None, None, dt.date(2010, 12, 31), None],
        "alternates": [None, "黔", "a|b", "b|c"],
        "source": "test",
        "note": None,
        "abbreviation": ["苏", "贵", None, None],
    },
    schema_overrides={"valid_from": pl.Date, "valid_until": pl.Date, "note": pl.String},
)


@pytest.fixture(scope="session")
def context(request):
    calendar = load_calendar(request.config.rootpath / "schemas" / "calendar")
    return ExprContext(CodeTables({"units": CodeTable("units", UNITS)}), calendar, dt.date(2026, 1, 1))


NASTY = {
    ExprType.TEXT: [
        *(None, "", " ", "　", "abc", "ABC", "水泥", "（苏）XK06-001-00238", "20200105", "2020-02-30", "'", "\\", "$1"),
        *("%", "\U0001f600" * 3, "x" * 5000, "１２", "-", "9" * 50, "a\nb", "\x00", "é", "91440300192317458F"),
    ],
    ExprType.INTEGER: [None, 0, 1, -1, 7, 2**63 - 1, -(2**63), 2**31, -(2**31), 100, -100],
    ExprType.DECIMAL: [
        *(None, 0.0, 1.5, -2.5, 1e300, -1e300, float("nan"), float("inf"), -float("inf"), 0.1, 999999999999999.9),
    ],
    ExprType.DATE: [
        *(None, dt.date(2020, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2026, 12, 31)),
        dt.date(1969, 12, 31),
    ],
    ExprType.TIMESTAMP: [
        None,
        dt.datetime(2020, 2, 29, 23, 59, 59),  # noqa: DTZ001 -- as sources without zones give them
        dt.datetime(1, 1, 1),  # noqa: DTZ001
        dt.datetime(9999, 12, 31, 23),  # noqa: DTZ001
        dt.datetime(1986, 5, 4, 2, 30),  # noqa: DTZ001
    ],
    ExprType.BOOLEAN: [None, True, False],
}
SOURCE = {
    ExprType.TEXT: pl.String(),
    ExprType.INTEGER: pl.Int64(),
    ExprType.DECIMAL: pl.Float64(),
    ExprType.DATE: pl.Date(),
    ExprType.TIMESTAMP: pl.Datetime("us"),
    ExprType.BOOLEAN: pl.Boolean(),
}
WRITTEN = {
    ExprType.TEXT: ["''", "'-'", "'a'", "'(a)(b)?'", "'\\1'", "'units'", "'水泥'", "'^.*$'", "'$'"],
    ExprType.INTEGER: ["0", "1", "-1", "2", "6", "200", "9223372036854775807"],
}
CONSTANTS = {
    ExprType.TEXT: ["''", "'2020-01-31'", "concat('a', 'b')", "'a' || 'b'"],
    ExprType.INTEGER: ["1", "-1", "1 + 1", "length('abc')"],
    ExprType.DECIMAL: ["1.5", "-0.5", "1.5 * 2"],
    ExprType.DATE: ["date('2020-02-29')", "'2020-02-29'", "date_add('2020-02-28', 1)"],
    ExprType.TIMESTAMP: ["CAST('2020-02-29 10:00:00' AS timestamp)"],
    ExprType.BOOLEAN: ["TRUE", "FALSE", "1 = 1"],
}


def nasty_frame() -> pl.DataFrame:
    """Every pair of kinds meets many of its extremes side by side."""
    rng = random.Random(20261123)
    data = {}
    for kind, values in NASTY.items():
        for name in ("a", "b"):
            shuffled = list(itertools.islice(itertools.cycle(rng.sample(values, len(values))), 400))
            rng.shuffle(shuffled)
            data[f"{kind.value}_{name}"] = pl.Series(shuffled, dtype=SOURCE[kind])
    return pl.DataFrame(data)


FRAME = nasty_frame()


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_every_function_does_what_its_example_says(function, context):
    example, gives = (compile_expr(text, {}, context=context) for text in function.example)
    frame = pl.DataFrame({"x": [1, 2, 3]})
    found = frame.with_columns(found=example.expr, wanted=gives.expr)
    assert found["found"].to_list() == found["wanted"].to_list()
    assert found["found"].dtype == DTYPES[example.kind]
    assert function.title.endswith(".")
    assert example.columns == frozenset()


def argument(one: Param, rng: random.Random) -> str:
    kinds = sorted(one.kinds if one.kinds != ANY else set(SOURCE), key=lambda kind: kind.value)
    kind = rng.choice(kinds)
    if one.name in {"table", "column"}:
        return "'units'" if one.name == "table" else "'alternates'"
    if one.written:
        return rng.choice(WRITTEN[kind])
    if rng.random() < 0.1:
        return "NULL"
    if rng.random() < 0.3:
        return rng.choice(CONSTANTS[kind])
    return f"{kind.value}_{rng.choice('ab')}"


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_every_function_is_total(function, context):
    rng = random.Random(function.name)
    ran = 0
    for _ in range(60):
        least = sum(not one.optional for one in function.params)
        most = len(function.params) + (2 if function.params and function.params[-1].many else 0)
        args = [argument(function.param(place), rng) for place in range(rng.randint(least, most))]
        text = f"{function.name}({', '.join(args)})"
        try:
            compiled = compile_expr(text, dict(FRAME.schema), context=context)
        except ExpressionError:
            continue
        # Inside another expression, a value that is not one per row would show.
        wrapped = compile_expr(f"({text}) IS NULL", dict(FRAME.schema), context=context)
        found = FRAME.with_columns(found=compiled.expr, absent=wrapped.expr)
        assert found["found"].dtype == DTYPES[compiled.kind], text
        assert found["absent"].to_list() == found["found"].is_null().to_list(), text
        # Polars takes other ways through a column whose values are all the same.
        row = rng.randrange(FRAME.height)
        uniform = FRAME[[row, row, row]].with_columns(found=compiled.expr, absent=wrapped.expr)
        assert uniform["found"].to_list() == [found["found"][row]] * 3, text
        assert uniform["absent"].to_list() == [found["absent"][row]] * 3, text
        ran += 1
    assert ran > 5


@pytest.mark.parametrize("kind", list(SOURCE), ids=lambda kind: kind.value)
def test_every_cast_is_total(kind):
    refused: list[str] = []
    for target in ("text", "integer", "decimal", "decimal(5, 2)", "date", "timestamp", "boolean"):
        try:
            compiled = compile_expr(f"CAST({kind.value}_a AS {target})", dict(FRAME.schema))
        except ExpressionError as error:
            refused.append(str(error))
            continue
        found = FRAME.select(x=compiled.expr)["x"]
        assert found.dtype == DTYPES[compiled.kind]
    assert all("cannot be cast" in error for error in refused)
    assert len(refused) < 5


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "%"])
@pytest.mark.parametrize("kinds", list(itertools.product(["integer", "decimal"], repeat=2)))
def test_arithmetic_is_total_and_exact(sign, kinds):
    text = f"{kinds[0]}_a {sign} {kinds[1]}_b"
    if sign == "%" and "decimal" in kinds:
        with pytest.raises(ExpressionError, match="integers"):
            compile_expr(text, dict(FRAME.schema))
        return
    found = FRAME.select(x=compile_expr(text, dict(FRAME.schema)).expr)["x"].to_list()
    if kinds != ("integer", "integer") or sign == "/":
        assert all(value is None or abs(value) < 10**15 for value in found)
        return
    for a, b, value in zip(FRAME["integer_a"], FRAME["integer_b"], found, strict=True):
        if a is None or b is None or (sign == "%" and b == 0):
            assert value is None
            continue
        remainder = abs(a) % abs(b) * (1 if a >= 0 else -1) if b else 0
        exact = {"+": a + b, "-": a - b, "*": a * b, "%": remainder}[sign]
        assert value == (exact if -(2**63) <= exact < 2**63 else None)


def test_words_in_the_wrong_number_are_refused_for_every_function(context):
    for function in FUNCTIONS.values():
        least = sum(not one.optional for one in function.params)
        if least:
            with pytest.raises(ExpressionError, match=function.name):
                compile_expr(f"{function.name}({', '.join(['NULL'] * (least - 1))})", {}, context=context)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("substr('abc', -2)", "bc"),
        ("substr('abc', 0, 2)", "a"),
        ("substr('abc', 2, 0)", ""),
        ("substr('abc', 9)", ""),
        ("left('abc', -1)", ""),
        ("right('abc', 9)", "abc"),
        ("concat(NULL, NULL)", ""),
        ("split_part('a,b', ',', 5)", None),
        ("split_part('a,b', ',', -1)", "b"),
        ("regexp_extract('abc', 'x')", None),
        ("regexp_extract('有效期2年', '(\\d)年', 1)", "2"),
        ("regexp_replace('a1b2', '[0-9]', '$0')", "a$0b$0"),
        ("regexp_replace('a1b2', '([0-9])', '<\\1>')", "a<1>b<2>"),
        ("round(-2.5)", -3),
        ("round(1234.5678, 2)", Decimal("1234.57")),
        ("floor(7)", 7),
        ("ceil(-0.5)", 0),
        ("add_months(date('2020-03-31'), -1)", dt.date(2020, 2, 29)),
        ("add_years(date('2020-01-01'), 8000)", None),
        ("date_add(date('2020-01-01'), -800000)", None),
        ("add_years(date('2020-01-01'), 9223372036854775807)", None),
        ("least('b', 'a')", "a"),
        ("greatest(NULL, NULL)", None),
        ("coalesce(NULL, NULL)", None),
        ("nullif(1, NULL)", 1),
        ("digits_only('')", ""),
        ("full_width('aA1 ')", "ａＡ１　"),
        ("half_width(full_width('aA1 ~!'))", "aA1 ~!"),
        ("starts_with('abc', NULL)", None),
        ("working_days_between(date('2020-10-10'), date('2020-09-30'))", -2),
        ("working_days_between(date('2020-10-01'), date('2020-10-01'))", 0),
        ("working_days_between(date('2020-10-01'), date('2031-10-01'))", None),
        ("code_valid_on('990000', 'units', date('2005-06-01'))", True),
        ("code_valid_on('990000', 'units', date('2015-06-01'))", False),
        ("code_valid_on('990000', 'units', date('2020-01-01'))", True),
        ("code_valid_on('100000', 'units', date('2020-01-01'))", False),
        ("code_valid_on(NULL, 'units', date('2020-01-01'))", None),
        ("code_allows('990000', 'units', 'alternates', 'a', date('2005-01-01'))", True),
        ("code_allows('990000', 'units', 'alternates', 'a', date('2020-01-01'))", False),
        ("code_allows('990000', 'units', 'alternates', 'a', date('2015-01-01'))", None),
        ("code_allows('320000', 'units', 'alternates', 'a', date('2015-01-01'))", False),
        ("code_allows('110000', 'units', 'alternates', 'a', date('2015-01-01'))", None),
        ("code_allows('990000', 'units', 'alternates', NULL, date('2005-01-01'))", None),
        ("is_uscc('91440300192317458G')", False),
        ("is_uscc(NULL)", None),
        ("is_uscc('')", False),
        ("certificate_unit('XK06-001-00238')", None),
        ("certificate_xk('无')", None),
    ],
)
def test_edges(text, wanted, context):
    assert pl.select(compile_expr(text, {}, context=context).expr).item() == wanted


def test_nested_replacements_cannot_explode():
    text = "text_a"
    for _ in range(3):
        text = f"replace({text}, 'x', 'xxxxxxxxxxxxxxxxxxxx')"
    with pytest.raises(ExpressionError, match="100 times as long"):
        compile_expr(text, dict(FRAME.schema))
    with pytest.raises(ExpressionError, match="100 times as long"):
        compile_expr(f"regexp_replace(text_a, '', '{'y' * 200}')", dict(FRAME.schema))


def test_functions_that_look_things_up_say_what_is_missing():
    for text in ("code_valid_on('1', 'units', date('2020-01-01'))", "working_days_between(NULL, NULL)", "today()"):
        with pytest.raises(ExpressionError) as caught:
            compile_expr(text, {})
        assert caught.value.code == "ECQS-1108"


def test_an_unknown_code_table_is_named_with_those_that_exist(context):
    with pytest.raises(ExpressionError, match="the tables are units"):
        compile_expr("code_valid_on('1', 'unitz', date('2020-01-01'))", {}, context=context)


def test_the_reference_page_is_up_to_date(request):
    page = request.config.rootpath / "docs" / "reference" / "expressions.md"
    command = "python -m ecqs_gateway.mapping.expr_reference docs/reference/expressions.md"
    assert page.read_text(encoding="utf-8") == generate(), f"run {command}"


def test_the_quantifiers_of_the_reference_compile():
    lists = {"inspectors": {"number": pl.String()}, "products": {"product_class": pl.String(), "name": pl.String()}}
    for _, _, example in QUANTIFIERS:
        assert compile_expr(example, {}, context=ExprContext(lists=lists)).kind is ExprType.BOOLEAN
