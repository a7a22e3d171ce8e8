"""The reference of the expression language, written from the tables the compiler works with.

``python -m ecqs_gateway.mapping.expr_reference docs/reference/expressions.md`` writes the page anew; a test compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ecqs_gateway.mapping.expr_functions import Function
from ecqs_gateway.mapping.expr_functions_text import MAX_GROWTH
from ecqs_gateway.mapping.expr_lexer import MAX_DEPTH, MAX_LENGTH, MAX_NODES
from ecqs_gateway.mapping.expr_patterns import MAX_PATTERN
from ecqs_gateway.mapping.expr_table import FUNCTIONS

__all__ = ["OPERATORS", "QUANTIFIERS", "generate"]

OPERATORS: tuple[tuple[str, str, str, str], ...] = (
    (
        "=  <>  <  <=  >  >=",
        "Compares two values of one type; null when one of them is null.",
        "'江苏' = '江苏'",
        "TRUE",
    ),
    ("AND  OR  NOT", "Joins conditions, with null for what is not known.", "FALSE AND NULL", "FALSE"),
    ("IS NULL  IS NOT NULL", "Whether there is a value.", "NULL IS NULL", "TRUE"),
    ("IS TRUE  IS FALSE", "As a test that is never null; also with NOT.", "NULL IS TRUE", "FALSE"),
    ("IN (…)", "Whether a value is one of a list.", "'32' IN ('31', '32', '33')", "TRUE"),
    ("BETWEEN … AND …", "Whether a value lies between two others, both included.", "5 BETWEEN 1 AND 5", "TRUE"),
    ("LIKE … [ESCAPE …]", "% stands for any text, _ for one character; case counts.", "'已注销' LIKE '%注销'", "TRUE"),
    ("+  -  *", "Computes with numbers; null when the result is too large.", "2 + 3 * 4", "14"),
    ("/", "Divides, always giving a decimal; null when the divisor is 0.", "7 / 2", "3.5"),
    ("%", "Remainder of integers, with the sign of the dividend.", "-7 % 3", "-1"),
    ("||", "Joins texts; null when one of them is null.", "'(苏)' || 'XK06-001-00238'", "'(苏)XK06-001-00238'"),
    (
        "CASE WHEN … THEN … ELSE … END",
        "The value of the first condition that is true.",
        "CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END",
        "'b'",
    ),
    (
        "CASE … WHEN … THEN … ELSE … END",
        "The value beside the first equal one.",
        "CASE '有效' WHEN '有效' THEN '01' ELSE '99' END",
        "'01'",
    ),
    (
        "CAST(… AS type)",
        "Reads a value as another type; null where it cannot be read. TRY_CAST is the same.",
        "CAST('x' AS integer)",
        "NULL",
    ),
)
"""Operators, what each does, an example, and what the example gives."""

QUANTIFIERS: tuple[tuple[str, str, str], ...] = (
    ("count(list)", "How many items the list has.", "count(inspectors) >= 2"),
    (
        "any(list, condition)",
        "Whether the condition holds for at least one item; false for an empty list.",
        "any(products, product_class = '02')",
    ),
    (
        "all(list, condition)",
        "Whether the condition holds for every item; true for an empty list.",
        "all(products, name IS NOT NULL)",
    ),
    (
        "count_distinct(list, value)",
        "How many different values the items have; nulls do not count.",
        "count_distinct(inspectors, number) >= 2",
    ),
)
"""List quantifiers, what each does, and an example."""

_HEAD = f"""# The expression language

<!-- Written by python -m ecqs_gateway.mapping.expr_reference. Do not edit by hand. -->

`expr:` in a mapping and `expr:` in a rule hold one SQL expression: it computes one value from the columns of one row.
It is not SQL that reaches a database: it is checked against the lists on this page and compiled to column operations.
What is not on this page does not exist, and `ecqs check` names the place and the nearest right spelling.

## Values

| type | written as | kept as |
|---|---|---|
| text | `'有效'` (a quote inside is doubled: `'it''s'`) | text |
| integer | `12` | 64 bits |
| decimal | `12.50` | 15 digits before and 6 after the point |
| date | `date('2020-01-31')` | calendar day, years 1 to 9999 |
| timestamp | `CAST('2020-01-31 08:00:00' AS timestamp)` | microseconds, Asia/Shanghai |
| boolean | `TRUE`, `FALSE` | |
| no value | `NULL` | |

Columns are written as they are called: `QYMC`, `企业名称`, `holder.uscc`. Names with other characters, or that are
words of the language, stand in double quotes: `"生产日期/批号"`. In a mapping these are the source's columns with the
types the source gives them; in a rule they are national fields. Words of the language and names of functions may be
written in capitals or small letters; column names may not.

Types are not mixed: `ZT = 1` is refused where `ZT` is text (`ZT = '1'`, or `CAST(ZT AS integer) = 1`). Two liberties:
an integer may stand where a decimal is wanted, and a text written as `'2020-01-31'` where a date is.

An expression never fails on data. What cannot be computed (a number that is too large, a text that is no date, a
division by zero) is null, and null spreads as in SQL.

Limits: {MAX_LENGTH} characters, {MAX_NODES} values, operators and calls, {MAX_DEPTH} levels, patterns of
{MAX_PATTERN} characters, texts that grow at most {MAX_GROWTH:.0f}-fold. There are no comments, sub-queries, aggregates
or user-defined functions.

## Operators

| written | does | example | gives |
|---|---|---|---|
"""
_TYPES = """
Types of CAST: `text`, `integer`, `decimal`, `decimal(p, s)`, `date`, `timestamp`, `boolean`. Text is read as a date or
timestamp in every form the date fields accept, and as boolean from `true`, `t`, `1`, `yes`, `y`, `是` and
`false`, `f`, `0`, `no`, `n`, `否`.

"""
_LISTS = """## Lists (rules only)

A list of the record is looked into as a whole. Inside the condition the fields of an item are written without the
name of the list; fields of the record can be used beside them (where both have one name, the item's counts). Where a
province does not deliver the list at all, the answer is null.

| written | does | example |
|---|---|---|
"""
_PATTERNS = """
## Patterns

`regexp_like`, `regexp_extract` and `regexp_replace` take patterns of Rust's `regex` library, which never takes longer
than the text is long: there is no look-around and no back-reference inside a pattern. A pattern must be written out,
not computed.
"""


def generate() -> str:
    """Write the page."""
    page = _HEAD
    page += "".join(f"| {_code(w)} | {d} | {_code(e)} | {_code(g)} |\n" for w, d, e, g in OPERATORS)
    page += _TYPES
    for group in dict.fromkeys(function.group for function in FUNCTIONS.values()):
        page += f"## {group}: functions\n\n| function | gives | does | example | gives |\n|---|---|---|---|---|\n"
        page += "".join(_row(one) for one in FUNCTIONS.values() if one.group == group) + "\n"
    page += _LISTS + "".join(f"| {_code(w)} | {d} | {_code(e)} |\n" for w, d, e in QUANTIFIERS)
    return page + _PATTERNS


def _row(function: Function) -> str:
    example, gives = function.example
    cells = (_code(function.signature), function.gives, _cell(function.title), _code(example), _code(gives))
    return f"| {' | '.join(cells)} |\n"


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(generate(), encoding="utf-8")
