"""What the expression language computes, and how it complains."""

from __future__ import annotations

import datetime as dt
import pickle
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import DTYPES, ExpressionError, ExprType, compile_expr
from ecqs_gateway.mapping.expr_reference import OPERATORS

SHANGHAI = ZoneInfo("Asia/Shanghai")
COLUMNS = {
    "s": pl.String(),
    "i": pl.Int32(),
    "u": pl.UInt64(),
    "f": pl.Float64(),
    "n": pl.Decimal(12, 2),
    "d": pl.Date(),
    "t": pl.Datetime("ms"),
    "z": pl.Datetime("us", "UTC"),
    "b": pl.Boolean(),
    "e": pl.Enum(["有效", "注销"]),
    "企业名称": pl.String(),
    "holder.uscc": pl.String(),
    "生产日期/批号": pl.String(),
    "bin": pl.Binary(),
}
FRAME = pl.DataFrame(
    {
        "s": ["abc", "", None],
        "i": [7, -7, None],
        "u": [2**64 - 1, 5, None],
        "f": [1.5, float("nan"), float("inf")],
        "n": [Decimal("2.50"), Decimal("-1.00"), None],
        "d": [dt.date(2020, 2, 29), dt.date(1, 1, 1), None],
        "t": [dt.datetime(2020, 1, 1, 23, 30), None, None],  # noqa: DTZ001 -- as sources without zones give them
        "z": [dt.datetime(2020, 1, 1, 23, 30, tzinfo=dt.UTC), None, None],
        "b": [True, False, None],
        "e": ["有效", None, "注销"],
        "企业名称": ["甲公司", "乙公司", None],
        "holder.uscc": ["x", None, "y"],
        "生产日期/批号": ["2020", "B1", None],
        "bin": [b"", None, b"x"],
    },
    schema=COLUMNS,
)


def compute(text: str) -> list[object]:
    compiled = compile_expr(text, COLUMNS)
    found = FRAME.with_columns(found=compiled.expr)["found"]
    assert found.dtype == DTYPES[compiled.kind]
    return found.to_list()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("i / 2", [Decimal("3.5"), Decimal("-3.5"), None]),
        ("i % 3", [1, -1, None]),
        ("i / 0", [None, None, None]),
        ("i % 0", [None, None, None]),
        ("-i", [-7, 7, None]),
        ("i + 9223372036854775800", [9223372036854775807, 9223372036854775793, None]),
        ("i * 9223372036854775807", [None, None, None]),
        ("u", [None, 5, None]),
        ("f * 2", [Decimal(3), None, None]),
        ("n + i", [Decimal("9.5"), Decimal(-8), None]),
        ("n * 1000000000000000.0 IS NULL", None),
        ("n * 100000000000000", [Decimal(250000000000000), Decimal(-100000000000000), None]),
        ("n * 1000000000000000", [None, None, None]),
        ("s || 'x'", ["abcx", "x", None]),
        ("s || NULL", [None, None, None]),
        ("s = 'abc' OR NULL", [True, None, None]),
        ("s <> 'abc' AND NULL", [False, None, None]),
        ("NOT b", [False, True, None]),
        ("b IS TRUE", [True, False, False]),
        ("b IS NOT TRUE", [False, True, True]),
        ("b IS FALSE", [False, True, False]),
        ("s IS NOT NULL", [True, True, False]),
        ("s IN ('abc', 'd')", [True, False, None]),
        ("s IN ('abc', NULL)", [True, None, None]),
        ("s NOT IN ('abc', NULL)", [False, None, None]),
        ("i IN (n, 7)", [True, False, None]),
        ("i BETWEEN -7 AND 0", [False, True, None]),
        ("i NOT BETWEEN -7 AND 0", [True, False, None]),
        ("d >= '2020-01-01'", [True, False, None]),
        ("d = date('2020-02-29')", [True, False, None]),
        ("s LIKE 'a%c'", [True, False, None]),
        ("s LIKE '%b%'", [True, False, None]),
        ("s LIKE '_b_'", [True, False, None]),
        ("s NOT LIKE 'a%'", [False, True, None]),
        ("s LIKE ''", [False, True, None]),
        ("s LIKE '%'", [True, True, None]),
        ("'50%' LIKE '50!%' ESCAPE '!'", [True, True, True]),
        ("'505' LIKE '50!%' ESCAPE '!'", [False, False, False]),
        ("'a.c' LIKE 'a.c' AND NOT 'abc' LIKE 'a.c'", [True, True, True]),
        ("'a\nb' LIKE 'a_b'", [True, True, True]),
        ("CASE WHEN i > 0 THEN 'p' WHEN i < 0 THEN 'm' END", ["p", "m", None]),
        ("CASE i WHEN 7 THEN 1 ELSE 2.5 END", [Decimal(1), Decimal("2.5"), Decimal("2.5")]),
        ("CASE WHEN NULL THEN 1 ELSE 2 END", [2, 2, 2]),
        ("CAST('12' AS integer) + 1", [13, 13, 13]),
        ("TRY_CAST(s AS integer)", [None, None, None]),
        ("CAST(n AS decimal(3, 1))", [Decimal("2.5"), Decimal(-1), None]),
        ("CAST(i AS decimal(1))", [Decimal(7), Decimal(-7), None]),
        ("CAST(n * 100 AS decimal(2))", [None, None, None]),
        ("CAST(f AS text)", ["1.5", None, None]),
        ("CAST(CAST('320000' AS decimal) AS text)", ["320000"] * 3),
        ("CAST(0.5 AS text)", ["0.5"] * 3),
        ("CAST(b AS text)", ["true", "false", None]),
        ("CAST('是' AS boolean)", [True] * 3),
        ("CAST('maybe' AS boolean)", [None] * 3),
        ("CAST(2.5 AS integer)", [3] * 3),
        ("date(t)", [dt.date(2020, 1, 1), None, None]),
        ("date(z)", [dt.date(2020, 1, 2), None, None]),
        ("CAST(z AS text)", ["2020-01-02 07:30:00", None, None]),
        ("z > d", [False, None, None]),
        ("e = '有效'", [True, None, False]),
        ("企业名称", ["甲公司", "乙公司", None]),
        ("holder.uscc", ["x", None, "y"]),
        ('"holder"."uscc"', ["x", None, "y"]),
        ('"生产日期/批号"', ["2020", "B1", None]),
        ("'it''s'", ["it's"] * 3),
        ("1 + 2 * 3 - 4", [3] * 3),
        ("NOT FALSE AND FALSE OR TRUE", [True] * 3),
        ("- - 5", [5] * 3),
        ("NULL", [None] * 3),
        ("i = i = b", [True, False, None]),
    ],
)
def test_expressions_give_what_sql_gives(text, wanted):
    if wanted is None:
        with pytest.raises(ExpressionError, match="15 digits"):
            compile_expr(text, COLUMNS)
    else:
        assert compute(text) == wanted


@pytest.mark.parametrize(("written", "does", "example", "gives"), OPERATORS, ids=[row[0] for row in OPERATORS])
def test_every_operator_of_the_reference_does_what_its_example_says(written, does, example, gives):
    assert does
    assert compute(example) == compute(gives)


@pytest.mark.parametrize(
    ("text", "code", "offset", "token", "says"),
    [
        ("", "ECQS-1101", 0, "", "empty"),
        ("s =", "ECQS-1101", 2, "=", "missing"),
        ("s s", "ECQS-1101", 2, "s", "missing"),
        ("(s", "ECQS-1101", 0, "(", ") is missing"),
        ("s)", "ECQS-1101", 1, ")", "nothing is open"),
        ("CASE WHEN b THEN 1", "ECQS-1101", 0, "CASE", "END is missing"),
        ("s = 'x", "ECQS-1101", 4, "'", "never closed"),
        ("s ＝ 'x'", "ECQS-1101", 2, "＝", "write ="),
        ("s == 'x'", "ECQS-1101", 2, "=", "write ="),
        ("concat(s,)", "ECQS-1101", 8, ",", "beside this comma"),
        ("s IN ()", "ECQS-1101", 5, "(", "nothing stands between"),
        ("s NOT NULL", "ECQS-1101", 2, "NOT", "IS NOT NULL"),
        ("1e5", "ECQS-1101", 0, "1", "12.5"),
        ("s ; s", "ECQS-1102", 2, ";", "nothing after it"),
        ("s -- x", "ECQS-1102", 2, "--", "comments"),
        ("SELECT s", "ECQS-1102", 0, "SELECT", "one value from one row"),
        ("s IN (SELECT 1)", "ECQS-1102", 6, "SELECT", "one value from one row"),
        ("lenght(s)", "ECQS-1102", 0, "lenght", "did you mean length?"),
        ("sum(i)", "ECQS-1102", 0, "sum", "no such function"),
        ("CAST(s AS blob)", "ECQS-1102", 10, "blob", "the types are"),
        ("(s, i)", "ECQS-1102", 1, "s", "after IN"),
        ("i IS d", "ECQS-1102", 5, "d", "NULL, TRUE or FALSE"),
        ("holder.usc = 'x'", "ECQS-1103", 0, "holder.usc", "did you mean holder.uscc?"),
        ("upper(企业名)", "ECQS-1103", 6, "企业名", "did you mean 企业名称?"),
        ("s = 1", "ECQS-1104", 4, "1", "quotes"),
        ("d > s", "ECQS-1104", 4, "s", "date("),
        ("s + 1", "ECQS-1104", 4, "1", "text and integer"),
        ("s AND b", "ECQS-1104", 0, "s", "condition is wanted"),
        ("NOT i", "ECQS-1104", 4, "i", "condition is wanted"),
        ("TRUE < b", "ECQS-1104", 7, "b", "no order"),
        ("upper(i)", "ECQS-1104", 6, "i", "CAST"),
        ("i || s", "ECQS-1104", 0, "i", "CAST"),
        ("bin IS NULL", "ECQS-1104", 0, "bin", "Binary"),
        ("CASE WHEN b THEN 1 ELSE 'x' END", "ECQS-1104", 17, "1", "integer and text"),
        ("CAST(d AS integer)", "ECQS-1104", 5, "d", "cannot be cast"),
        ("substr(s)", "ECQS-1106", 0, "substr", "substr(text, start [, length])"),
        ("replace(s, s, 'x')", "ECQS-1106", 11, "s", "written out"),
        ("lpad(s, NULL)", "ECQS-1106", 0, "", "written out"),
        ("s LIKE s", "ECQS-1106", 7, "s", "written out"),
        ("lpad(s, 100000)", "ECQS-1106", 8, "100000", "0 to 200"),
        ("regexp_like(s, '(')", "ECQS-1107", 15, "'('", "not a pattern"),
        ("regexp_like(s, '(a)\\1')", "ECQS-1107", 15, "'(a)\\1'", "back-references"),
        ("today()", "ECQS-1108", 0, "today", "rules only"),
        ("count(s)", "ECQS-1108", 0, "count", "rules only"),
        ("date('2020-02-30')", "ECQS-1106", 5, "'2020-02-30'", "not a date"),
        ("date('')", "ECQS-1106", 5, "''", "not a date"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_way_out(text, code, offset, token, says):
    with pytest.raises(ExpressionError) as caught:
        compile_expr(text, COLUMNS, where="mappings/320000/certificate.yaml:7")
    error = caught.value
    assert isinstance(error, Misconfigured)
    assert (error.code, error.offset) == (code, offset)
    assert error.token == token
    assert says in str(error)
    assert str(error).startswith(f"{code} mappings/320000/certificate.yaml:7: expression line 1 column {offset + 1}")


def test_line_and_column_are_counted_over_several_lines():
    with pytest.raises(ExpressionError) as caught:
        compile_expr("CASE WHEN b THEN s\n     ELSE nosuch\nEND", COLUMNS)
    assert (caught.value.line, caught.value.column, caught.value.token) == (2, 11, "nosuch")


def test_an_expression_error_survives_pickling():
    with pytest.raises(ExpressionError) as caught:
        compile_expr("nosuch(s)", COLUMNS, where="x.yaml:3")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (str(again), again.spot) == (str(caught.value), caught.value.spot)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("s", {"s"}),
        ("CASE WHEN b THEN s ELSE upper(企业名称) END", {"b", "s", "企业名称"}),
        ("coalesce(holder.uscc, s, s)", {"holder.uscc", "s"}),
        ("'s' || \"s\"", {"s"}),
        ("date('2020-01-01')", set()),
        ("i IN (1, n) AND d BETWEEN '2020-01-01' AND date(t) OR s LIKE 'b'", {"i", "n", "d", "t", "s"}),
    ],
)
def test_lineage_is_exactly_the_columns_that_are_read(text, read):
    compiled = compile_expr(text, COLUMNS)
    assert compiled.columns == read
    assert set(compiled.expr.meta.root_names()) == read


def test_without_a_known_structure_any_column_is_text():
    compiled = compile_expr("任意列 = '1' AND a.b IS NOT NULL", None)
    assert compiled.columns == {"任意列", "a.b"}
    frame = pl.DataFrame({"任意列": [1, 2], "a.b": ["x", "y"]})
    assert frame.select(x=compiled.expr)["x"].to_list() == [True, False]
    with pytest.raises(ExpressionError, match="text and integer"):
        compile_expr("任意列 = 1", None)


def test_words_of_the_language_may_be_columns_in_quotes():
    columns = {"case": pl.String(), "while": pl.String(), "END": pl.String(), "select": pl.Int64()}
    compiled = compile_expr('"case" || "while" || while || "END" || CAST("select" AS text)', columns)
    frame = pl.DataFrame({"case": ["a"], "while": ["b"], "END": ["c"], "select": [1]})
    assert frame.select(x=compiled.expr).item() == "abbc1"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("(" * 30 + "i" + ")" * 30, True),
        ("(" * 31 + "i" + ")" * 31, False),
        ("abs(" * 29 + "i" + ")" * 29, True),
        ("abs(" * 31 + "i" + ")" * 31, False),
        (" OR ".join(["s = 'x'"] * 50), True),
        (" OR ".join(["s = 'x'"] * 100), False),
        ("s IN (" + ", ".join(["'12'"] * 150) + ")", True),
        ("'" + "x" * 1998 + "'", True),
        ("'" + "x" * 1999 + "'", False),
        ("NOT " * 40 + "b", False),
        ("-" + " -" * 40 + "i", False),
        ("CASE WHEN b THEN " * 31 + "1" + " END" * 31, False),
        ("1" * 39, False),
        ("'ab", False),
    ],
)
def test_size_and_depth_are_bounded(text, good):
    if good:
        FRAME.select(x=compile_expr(text, COLUMNS).expr)
    else:
        with pytest.raises(ExpressionError):
            compile_expr(text, COLUMNS)


def test_a_deep_expression_compiles_on_a_stack_that_is_nearly_full():
    def dig(levels: int) -> ExprType:
        return dig(levels - 1) if levels else compile_expr("(" * 30 + "i" + ")" * 30, COLUMNS).kind

    assert dig(700) is ExprType.INTEGER


def test_dates_outside_the_calendar_are_null_not_a_crash():
    frame = pl.DataFrame(
        {"d": [2**31 - 1, -(2**31), 0], "t": [2**63 - 1, -(2**63), 0]}, schema={"d": pl.Int32, "t": pl.Int64}
    ).select(pl.col("d").cast(pl.Date), pl.col("t").cast(pl.Datetime("us")))
    for text in ("year(d)", "CAST(d AS text)", "d = t", "date_add(d, 1)", "add_months(date(t), 1)", "CAST(t AS text)"):
        found = frame.select(x=compile_expr(text, dict(frame.schema)).expr)["x"]
        assert found[:2].to_list() == [None, None]
        assert found[2] is not None
    assert compile_expr("d", dict(frame.schema)).kind is ExprType.DATE


def test_the_hour_that_the_clocks_skipped_is_null():
    frame = pl.DataFrame({"t": ["1986-05-04 02:30:00", "2020-05-04 02:30:00"]}).select(pl.col("t").str.to_datetime())
    found = frame.select(x=compile_expr("t", dict(frame.schema)).expr)["x"].to_list()
    assert found == [None, dt.datetime(2020, 5, 4, 2, 30, tzinfo=SHANGHAI)]
