"""Hostile and random texts: an error or a value, quickly, and nothing else ever happens.

``ECQS_FUZZ=100000`` runs the long version, ``ECQS_SEED`` another one.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import time
from pathlib import Path

import ecqs_test_support_soak as soak
import polars as pl
import pytest
from ecqs_test_support_watching import Watching
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.mapping.expr import ExpressionError, compile_expr
from ecqs_gateway.mapping.expr_lexer import KEYWORDS
from ecqs_gateway.mapping.expr_patterns import PatternBudget
from ecqs_gateway.mapping.expr_table import FUNCTIONS
from ecqs_gateway.mapping.expr_values import Unfit

COLUMNS = {"QYMC": pl.String(), "ZT": pl.String(), "n": pl.Int64(), "d": pl.Date(), "b": pl.Boolean()}
FRAME = pl.DataFrame(
    {
        "QYMC": ["甲", "x" * 5000, None],
        "ZT": ["1", "", None],
        "n": [1, -(2**63), None],
        "d": [None] * 3,
        "b": [True, False, None],
    },
    schema=COLUMNS,
)
LIMIT = 0.050
"""Seconds of CPU one text may take to compile."""
RUN_LIMIT = 0.500
"""Seconds of CPU a compiled expression may take on three rows."""
FUZZ = int(os.environ.get("ECQS_FUZZ", "10000"))
SEED = soak.SEED

SLOWEST = {"compile": 0.0, "run": 0.0}
"""Dearest text so far, for the report of `make fuzz`."""

CASES = json.loads((Path(__file__).parent / "cases" / "hostile_expressions.json").read_text(encoding="utf-8"))


def replaced(times: int, size: int) -> str:
    return "replace(" * times + "QYMC" + f", 'x', '{'x' * size}')" * times


SIZE = [
    "(" * 10000,
    ")" * 10000,
    "(" * 900 + "n" + ")" * 900,
    "((((n)))" * 200,
    "NOT " * 400 + "b",
    "- " * 900 + "n",
    "-" * 1900,
    "abs(" * 400 + "n" + ")" * 400,
    "concat(" * 120 + "QYMC" + ")" * 120,
    "CASE WHEN b THEN " * 100 + "1" + " END" * 100,
    "CASE " * 350,
    "CASE " + "WHEN b THEN 1 " * 140 + "END",
    "n IN (" * 300 + "n" + ")" * 300,
    "QYMC IN (" + "'x'," * 400 + "'x')",
    "n BETWEEN " * 150 + "n",
    "n = " * 400 + "n",
    "n + " * 450 + "n",
    "1" + "+1" * 900,
    " OR ".join(["b"] * 350),
    "b AND " * 300 + "b",
    "'x' || " * 250 + "'x'",
    "x" * 100000,
    "'" + "x" * 100000,
    "'" * 1999,
    '"' * 1999,
    '"' + "a" * 1990 + '" = 1',
    "a." * 900 + "a",
    "9" * 1999,
    "1." + "9" * 1000,
    "n" + " " * 5000,
    "\n" * 3000,
    "n," * 900,
    "coalesce(" + "n," * 600 + "n)",
    replaced(4, 90),
    replaced(20, 12),
    "regexp_replace(QYMC, '', '" + "x" * 500 + "')",
    "regexp_like(QYMC, '" + "(" * 190 + "')",
    "regexp_like(QYMC, '" + "a{1000}" * 20 + "')",
    "regexp_like(QYMC, '((a{100}){100}){100}')",
    r"regexp_like(QYMC, '\w{900}')",
    r"regexp_like(QYMC, '" + r"\w{20}" * 30 + "')",
    r"regexp_like(QYMC, '(?:[\w--a]{50}){50}')",
    "regexp_like(QYMC, '" + "x" * 300 + "')",
    " OR ".join([r"regexp_like(QYMC, '\w{30}')"] * 60),
    "nullif(" * 29 + "n" + ", 1)" * 29,
    "substr(" * 29 + "QYMC" + ", -1)" * 29,
    "CAST(" * 25 + "QYMC" + " AS decimal(9, 2))" * 25,
    "(" * 25 + "n" + " % n)" * 25,
    "(" * 25 + "n" + " BETWEEN 1 AND 2) = TRUE)" * 25,
    "CASE " * 12 + "b" + " WHEN b THEN b WHEN TRUE THEN b WHEN FALSE THEN b END" * 12,
]
REFUSED = [*CASES["sql"], *CASES["calls"], *CASES["signs and words"], *SIZE]
COSTLY = [
    "date_add(" * 28 + "d" + ", 1)" * 28,
    "add_months(" * 28 + "d" + ", n)" * 28,
    "n * 1.5" + " * 1.5" * 90,
    "1.5" + " + 1.5" * 90,
    "n" + " + 9" * 90,
    "abs(" * 28 + "n" + ")" * 28,
    "round(" * 28 + "n * 1.5" + ", 2)" * 28,
    "greatest(" * 28 + "n" + ", 1)" * 28,
    "coalesce(" * 28 + "n" + ", 1)" * 28,
    "upper(" * 28 + "QYMC" + ")" * 28,
    "upper(" * 28 + "'x'" + ")" * 28,
    "half_width(" * 28 + "QYMC" + ")" * 28,
    " OR ".join(["QYMC LIKE '%a%b_c%d%'"] * 60),
    " || ".join(["QYMC"] * 100),
    "concat(" + ", ".join(["upper(QYMC)"] * 90) + ")",
    "QYMC IN (" + ", ".join(["'x'"] * 190) + ")",
    "CASE " + "WHEN b THEN 1 " * 60 + "END",
    "CASE n " + "WHEN 1 THEN 1 " * 60 + "END",
    r"regexp_like(QYMC, '^(\w+\s?)*$')",
    "regexp_like(QYMC, '(x+x+)+y')",
    "regexp_like(QYMC, '(a|aa)+$')",
    "regexp_replace(QYMC, '(.*)(.*)(.*)', 'a')",
]
"""Texts that are part of the language and look for the most work a small text can ask for."""


def seconds(act) -> float:
    """CPU seconds of an act; measured again when dear, because a first run pays for caches and thread pools."""
    spent = 0.0
    for _ in range(3):
        started = time.process_time()
        act()
        spent = time.process_time() - started
        if spent < LIMIT:
            break
    return spent


def attempt(text: str, columns: dict[str, pl.DataType] | None = COLUMNS) -> str:
    """Compile and run one text; only an ExpressionError may come out."""
    outcome: list[object] = []

    def act() -> None:
        outcome.clear()
        try:
            outcome.append(compile_expr(text, columns))
        except ExpressionError as error:
            outcome.append(error)

    spent = seconds(act)
    assert spent < LIMIT, (spent, text[:200])
    SLOWEST["compile"] = max(SLOWEST["compile"], spent)
    found = outcome[0]
    if isinstance(found, ExpressionError):
        assert len(str(found)) < 600
        return found.code
    if columns is not None:
        started = time.process_time()
        assert FRAME.with_columns(__found=found.expr).height == FRAME.height
        spent = time.process_time() - started
        assert spent < RUN_LIMIT, text[:200]
        SLOWEST["run"] = max(SLOWEST["run"], spent)
    return "value"


@pytest.fixture(scope="module", autouse=True)
def _warm():
    attempt("CASE WHEN regexp_like(QYMC, 'x') THEN date('2020-01-01') ELSE add_years(d, n) END")
    attempt("is_certificate_no(QYMC) AND is_uscc(ZT)")  # numpy imports parts of itself at their first use
    attempt("nosuch")
    attempt("n +")


def test_there_are_more_than_three_hundred_hostile_texts():
    assert len(set(REFUSED)) > 400


def test_every_hostile_text_is_refused_and_nothing_else_happens():
    with Watching() as seen:
        passed = [text[:80] for text in REFUSED if attempt(text) == "value"]
    assert passed == []
    assert seen == []
    soak.report("hostile expressions", texts=len(set(REFUSED)), refused=len(set(REFUSED)), events=len(seen))


def test_hostile_texts_stay_harmless_where_any_column_may_be_named():
    with Watching() as seen:
        outcomes = [attempt(text, None) for text in REFUSED]
    assert seen == []
    assert outcomes.count("value") < 20


def test_the_watch_sees_what_it_is_there_for(tmp_path):
    (tmp_path / "x").write_text("1", encoding="utf-8")
    with Watching() as seen:
        (tmp_path / "x").read_text(encoding="utf-8")
        eval("1")  # noqa: S307
    assert {"open", "compile", "exec"} <= set(seen)


@pytest.mark.parametrize("text", COSTLY, ids=[text[:30] for text in COSTLY])
def test_the_dearest_texts_of_the_language_stay_cheap(text):
    assert attempt(text) in {"value", "ECQS-1105"}


def test_most_of_the_dearest_texts_are_worth_their_price():
    assert sum(attempt(text) == "value" for text in COSTLY) > len(COSTLY) * 0.8


@pytest.mark.parametrize("text", CASES["sql"])
def test_hostile_words_inside_a_text_literal_are_only_text(text):
    quoted = "'" + text.replace("'", "''") + "'"
    assert pl.select(compile_expr(quoted, COLUMNS).expr).item() == text


SOUP = [*sorted(KEYWORDS), *FUNCTIONS, *COLUMNS, *CASES["soup"]]
ATOMS = ["QYMC", "ZT", "n", "d", "b", "'a'", "1", "2.5", "NULL", "TRUE", "'2020-01-01'", "date('2020-02-29')"]
WRITTEN = ["'a'", "'(a)'", "'-'", "1", "2", "'units'"]
SHAPES = [
    "CASE WHEN {} THEN {} ELSE {} END",
    "CASE {} WHEN {} THEN {} END",
    "CAST({} AS text)",
    "CAST({} AS integer)",
    "CAST({} AS decimal(9, 2))",
    "CAST({} AS date)",
    "CAST({} AS timestamp)",
    "CAST({} AS boolean)",
    "({}) IS NULL",
    "({}) IS NOT TRUE",
    "({}) LIKE 'a%_'",
    "{} IN ({}, {})",
    "{} BETWEEN {} AND {}",
    *(f"({{}} {sign} {{}})" for sign in ("=", "<", ">=", "<>", "+", "-", "*", "/", "%", "||", "AND", "OR")),
]


def soup(rng: random.Random) -> str:
    return " ".join(rng.choices(SOUP, k=rng.randint(1, 30)))


def sentence(rng: random.Random, depth: int = 4) -> str:
    """Mostly well-formed, so that random texts reach the compiler and the columns too."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(ATOMS)
    if rng.random() < 0.6:
        shape = rng.choice(SHAPES)
        return shape.format(*(sentence(rng, depth - 1) for _ in range(shape.count("{}"))))
    function = rng.choice(list(FUNCTIONS.values()))
    args = [rng.choice(WRITTEN) if one.written else sentence(rng, depth - 1) for one in function.params]
    return f"{function.name}({', '.join(args)})"


def test_random_texts_give_an_error_or_a_value():
    rng = random.Random(SEED)
    outcomes: dict[str, int] = {}
    SLOWEST.update(dict.fromkeys(SLOWEST, 0.0))
    with Watching() as seen:
        for turn in range(FUZZ):
            outcome = attempt(soup(rng) if turn % 2 else sentence(rng))
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert seen == []
    assert outcomes["value"] > FUZZ // 50, (SEED, outcomes)
    assert {"ECQS-1101", "ECQS-1102", "ECQS-1103", "ECQS-1104", "ECQS-1106"} <= set(outcomes), outcomes
    slowest = {name: round(spent * 1000, 1) for name, spent in SLOWEST.items()}
    soak.report("random texts", texts=FUZZ, outcomes=outcomes, events=len(seen), slowest_ms=slowest)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=80) | st.text(alphabet="()'\"n.,=<>|+-*/% \\;ACEHNSTW", max_size=200))
def test_any_text_gives_an_error_or_a_value(text):
    attempt(text)


PATTERNS = [
    r"\w",
    r"\d",
    ".",
    "[a-z]",
    r"\p{L}",
    "a",
    "(a|b)",
    "{9}",
    "{40}",
    "{2,60}",
    "*",
    "(?i)",
    "[^a]",
    r"[\w--a]",
]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.text(alphabet="ab01(){}[]|*+?^$.,-\\wdspPLx<>:=!iu&~", max_size=60)
    | st.lists(st.sampled_from(PATTERNS), max_size=25).map("".join)
)
def test_any_pattern_is_checked_within_its_price(pattern):
    def act() -> None:
        with contextlib.suppress(Unfit):
            PatternBudget().check(pattern)

    assert seconds(act) < LIMIT
