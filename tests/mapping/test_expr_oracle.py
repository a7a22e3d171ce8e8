"""SQLite as the oracle: what both languages share must mean the same, for any expression over any values."""

from __future__ import annotations

import sqlite3

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.mapping.expr import ExprType, compile_expr

ROWS = [
    ("abc", "b", 1, -3),
    ("", "abc", 0, 7),
    (None, "a%c", None, 2),
    ("水泥厂", "厂", -1, None),
    ("a_c", None, 10, 10),
    ("ABC", "abc", -10, 3),
    ("a b", "  ", 100, -1),
    (None, None, None, None),
]
COLUMNS = {"s": pl.String(), "t": pl.String(), "i": pl.Int64(), "j": pl.Int64()}
FRAME = pl.DataFrame(ROWS, schema=COLUMNS, orient="row")

# Each kind of expression with the binding strength of its outermost operator: brackets only where SQL needs them,
# so that the grammar is compared too.
OR, AND, NOT, COMPARE, CONCAT, SUM, PRODUCT, ATOM = range(8)


def wrap(part: tuple[str, int], least: int) -> str:
    text, strength = part
    return text if strength >= least else f"({text})"


letters = st.sampled_from(["", "a", "b", "c", "ab", "%", "_", "水", "厂", "a%", "%c", "_b_", "''"])
numbers = st.integers(-12, 12)


def text_parts(texts, ints, conditions):
    return st.one_of(
        st.tuples(texts, texts).map(lambda p: (f"{wrap(p[0], CONCAT)} || {wrap(p[1], ATOM)}", CONCAT)),
        st.tuples(texts, texts).map(lambda p: (f"coalesce({p[0][0]}, {p[1][0]})", ATOM)),
        st.tuples(texts, texts).map(lambda p: (f"nullif({p[0][0]}, {p[1][0]})", ATOM)),
        st.tuples(texts, ints).map(lambda p: (f"substr({p[0][0]}, {p[1][0]})", ATOM)),
        st.tuples(texts, ints, ints).map(lambda p: (f"substr({p[0][0]}, {p[1][0]}, abs({p[2][0]}))", ATOM)),
        st.tuples(texts, letters.filter(lambda x: x not in {"", "''"}), letters).map(
            lambda p: (f"replace({p[0][0]}, '{p[1]}', '{p[2]}')", ATOM)
        ),
        st.tuples(conditions, texts, texts).map(
            lambda p: (f"CASE WHEN {p[0][0]} THEN {p[1][0]} ELSE {p[2][0]} END", ATOM)
        ),
        st.tuples(ints, ints, texts).map(lambda p: (f"CASE {p[0][0]} WHEN {p[1][0]} THEN {p[2][0]} END", ATOM)),
    )


def int_parts(texts, ints, conditions):
    return st.one_of(
        st.tuples(ints, ints).map(lambda p: (f"{wrap(p[0], SUM)} + {wrap(p[1], PRODUCT)}", SUM)),
        st.tuples(ints, ints).map(lambda p: (f"{wrap(p[0], SUM)} - {wrap(p[1], PRODUCT)}", SUM)),
        st.tuples(ints, ints).map(lambda p: (f"{wrap(p[0], PRODUCT)} * {wrap(p[1], ATOM)}", PRODUCT)),
        st.tuples(ints, ints).map(lambda p: (f"{wrap(p[0], PRODUCT)} % {wrap(p[1], ATOM)}", PRODUCT)),
        ints.map(lambda p: (f"abs({p[0]})", ATOM)),
        ints.map(lambda p: (f"(- {wrap(p, ATOM)})", ATOM)),
        texts.map(lambda p: (f"length({p[0]})", ATOM)),
        st.tuples(ints, ints).map(lambda p: (f"coalesce({p[0][0]}, {p[1][0]})", ATOM)),
        st.tuples(conditions, ints).map(lambda p: (f"CASE WHEN {p[0][0]} THEN {p[1][0]} END", ATOM)),
    )


def condition_parts(texts, ints, conditions):
    signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    nots = st.sampled_from(["", "NOT "])
    return st.one_of(
        st.tuples(ints, signs, ints).map(lambda p: (f"{wrap(p[0], SUM)} {p[1]} {wrap(p[2], SUM)}", COMPARE)),
        st.tuples(texts, signs, texts).map(lambda p: (f"{wrap(p[0], CONCAT)} {p[1]} {wrap(p[2], CONCAT)}", COMPARE)),
        st.tuples(texts, nots).map(lambda p: (f"{wrap(p[0], CONCAT)} IS {p[1]}NULL", COMPARE)),
        st.tuples(texts, nots, letters).map(lambda p: (f"{wrap(p[0], CONCAT)} {p[1]}LIKE '{p[2]}'", COMPARE)),
        st.tuples(texts, nots, st.lists(texts, min_size=1, max_size=3)).map(
            lambda p: (f"{wrap(p[0], CONCAT)} {p[1]}IN ({', '.join(x[0] for x in p[2])})", COMPARE)
        ),
        st.tuples(ints, nots, st.lists(numbers, min_size=1, max_size=3), st.booleans()).map(
            lambda p: (
                f"{wrap(p[0], SUM)} {p[1]}IN ({', '.join(map(str, p[2]))}{', NULL' if p[3] else ''})",
                COMPARE,
            )
        ),
        st.tuples(ints, nots, ints, ints).map(
            lambda p: (f"{wrap(p[0], SUM)} {p[1]}BETWEEN {wrap(p[2], SUM)} AND {wrap(p[3], SUM)}", COMPARE)
        ),
        st.tuples(conditions, conditions).map(lambda p: (f"{wrap(p[0], AND)} AND {wrap(p[1], NOT)}", AND)),
        st.tuples(conditions, conditions).map(lambda p: (f"{wrap(p[0], OR)} OR {wrap(p[1], AND)}", OR)),
        conditions.map(lambda p: (f"NOT {wrap(p, COMPARE)}", NOT)),
    )


def layers(depth: int):
    texts = st.one_of(st.sampled_from([("s", ATOM), ("t", ATOM)]), letters.map(lambda x: (f"'{x}'", ATOM)))
    ints = st.one_of(
        st.sampled_from([("i", ATOM), ("j", ATOM)]), numbers.map(lambda n: (str(n) if n >= 0 else f"({n})", ATOM))
    )
    conditions = st.sampled_from([("s = t", COMPARE), ("i < j", COMPARE), ("NULL", ATOM), ("TRUE", ATOM)])
    for _ in range(depth):
        texts, ints, conditions = (
            st.one_of(texts, text_parts(texts, ints, conditions)),
            st.one_of(ints, int_parts(texts, ints, conditions)),
            st.one_of(conditions, condition_parts(texts, ints, conditions)),
        )
    return st.one_of(texts, ints, conditions).map(lambda part: part[0])


def sqlite(text: str) -> list[object]:
    database = sqlite3.connect(":memory:")
    database.execute("PRAGMA case_sensitive_like = ON")
    database.execute("CREATE TABLE x (s TEXT, t TEXT, i INTEGER, j INTEGER)")
    database.executemany("INSERT INTO x VALUES (?, ?, ?, ?)", ROWS)
    try:
        return [row[0] for row in database.execute(f"SELECT {text} FROM x ORDER BY rowid")]
    finally:
        database.close()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(layers(3).filter(lambda text: len(text) < 600), st.integers(0, len(ROWS) - 1))
def test_shared_expressions_give_what_sqlite_gives(text, row):
    compiled = compile_expr(text, COLUMNS)
    ours = FRAME.with_columns(found=compiled.expr)["found"].to_list()
    theirs = sqlite(text)
    if compiled.kind is ExprType.BOOLEAN:
        theirs = [None if value is None else bool(value) for value in theirs]
    assert ours == theirs
    # Polars takes other ways through a column whose values are all the same.
    uniform = FRAME[[row, row, row]].with_columns(found=compiled.expr)["found"].to_list()
    assert uniform == [theirs[row]] * 3


def test_the_oracle_can_disagree():
    ours = FRAME.with_columns(found=compile_expr("i / 2", COLUMNS).expr)["found"].to_list()
    assert ours != sqlite("i / 2")  # integers there, decimals here: written in the reference
