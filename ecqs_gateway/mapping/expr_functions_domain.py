"""Functions of the domain: credit codes, certificate numbers, national code tables and working days."""

from __future__ import annotations

import polars as pl

from ecqs_gateway.mapping.expr_functions import DATE, TEXT, Call, Function, boolean, integer, param, text
from ecqs_gateway.mapping.expr_values import Value, literal
from ecqs_gateway.model.codes import COLUMNS as CODE_COLUMNS
from ecqs_gateway.model.codes import CodeTable
from ecqs_gateway.model.types import (
    CertificateNumber,
    FieldType,
    LicenceId,
    Uscc,
    unit_of,
    valid_on_expr,
    xk_of,
)

__all__ = ["FUNCTIONS"]

_BETWEEN = "\x1f"


def _is_good(call: Call, field_type: FieldType) -> Value:
    """Say whether a text reads and checks as a field type; null for null."""
    source, codes = call.args[0].expr, call.context.codes
    read = field_type.read_expr(source, codes)
    good = read.is_not_null() & field_type.check_expr(read, codes)
    return boolean(pl.when(source.is_not_null()).then(good.fill_null(value=False)))


def _canonical(call: Call) -> pl.Expr:
    number = call.args[0].expr
    known = call.context.canonical or {}
    if number.meta.is_column() and isinstance(known.get(number.meta.output_name()), CertificateNumber):
        return number
    return CertificateNumber().read_expr(number, call.context.codes)


def _table(call: Call) -> CodeTable:
    """Give the code table the second argument names."""
    tables, name = call.context.codes, call.args[1].literal
    if tables is None:
        raise call.fail("the code tables are not at hand here", code="ECQS-1108", arg=1)
    if name not in tables:
        known = ", ".join(sorted(tables))
        raise call.fail("there is no such code table", code="ECQS-1108", hint=f"the tables are {known}", arg=1)
    return tables[str(name)]


def _code_valid_on(call: Call) -> Value:
    code, _, on = call.args
    return boolean(valid_on_expr(_table(call), code.expr, on.expr))


def _code_allows(call: Call) -> Value:
    code, _, column, value, on = call.args
    table = _table(call)
    name = str(column.literal)
    if table.rows.schema.get(name) != pl.String:
        known = ", ".join(one for one in table.rows.columns if one not in CODE_COLUMNS)
        raise call.fail("the table has no such column", code="ECQS-1108", hint=f"its own columns are {known}", arg=2)
    pairs = table.rows.with_columns(pl.col(name).str.split("|")).explode(name).filter(pl.col(name).is_not_null())
    paired = CodeTable(table.name, pairs.with_columns(code=pl.concat_str("code", name, separator=_BETWEEN)))
    allowed = valid_on_expr(paired, pl.concat_str(code.expr, value.expr, separator=_BETWEEN), on.expr)
    # Where the table says nothing of the code on that day, nothing is known either way.
    return boolean(pl.when(valid_on_expr(table, code.expr, on.expr)).then(allowed))


def _working_days_between(call: Call) -> Value:
    calendar = call.context.calendar
    if calendar is None or not calendar.spans:
        raise call.fail("the working-day calendar is not at hand here", code="ECQS-1108")
    counts, spans = calendar.counted
    start, end = (value.expr.to_physical() for value in call.args)
    between = counts.of(end) - counts.of(start)
    if len(calendar.spans) > 1:
        here, there = spans.of(start), spans.of(end)
        between = pl.when(there - here == 0).then(between)
    if call.context.doubts is not None:
        start, end = (value.expr.is_not_null() for value in call.args)
        call.context.doubts.append(start & end & between.is_null())
    return integer(between)


def _today(call: Call) -> Value:
    if call.context.today is None:
        raise call.fail("today() exists in rules only: a mapping gives the same record on every day", code="ECQS-1108")
    return literal(call.context.today)


_T = param("text", TEXT)
_GROUP = "Domain"

FUNCTIONS = (
    Function(
        "is_uscc",
        (_T,),
        "boolean",
        "Whether a text is a unified social credit code with good check characters.",
        ("is_uscc('91440300192317458F')", "TRUE"),
        lambda c: _is_good(c, Uscc()),
        _GROUP,
        uses=3,
    ),
    Function(
        "is_certificate_no",
        (_T,),
        "boolean",
        "Whether a text is the number of a production licence, in any spelling.",
        ("is_certificate_no('（苏）XK06-001-00238')", "TRUE"),
        lambda c: _is_good(c, CertificateNumber()),
        _GROUP,
        uses=3,
    ),
    Function(
        "certificate_unit",
        (_T,),
        "text",
        "Code of the unit whose abbreviation stands in a licence number; null for a national number.",
        ("certificate_unit('苏XK06-001-00238')", "'320000'"),
        lambda c: text(unit_of(_canonical(c), c.context.codes)),
        _GROUP,
        uses=2,
    ),
    Function(
        "certificate_xk",
        (_T,),
        "text",
        "Industry and product part of a licence number.",
        ("certificate_xk('(苏)XK06-001-00238')", "'XK06-001'"),
        lambda c: text(xk_of(_canonical(c))),
        _GROUP,
        uses=2,
    ),
    Function(
        "is_licence_id",
        (_T,),
        "boolean",
        "Whether a text is the identifier of an electronic licence with a good check character.",
        ("is_licence_id('1.2.156.3005.2')", "FALSE"),
        lambda c: _is_good(c, LicenceId()),
        _GROUP,
        uses=3,
    ),
    Function(
        "code_valid_on",
        (param("code", TEXT), param("table", TEXT, written=True), param("date", DATE)),
        "boolean",
        "Whether a code stood in a national code table on a day.",
        ("code_valid_on('320000', 'units', date('2024-01-01'))", "TRUE"),
        _code_valid_on,
        _GROUP,
    ),
    Function(
        "code_allows",
        (
            param("code", TEXT),
            param("table", TEXT, written=True),
            param("column", TEXT, written=True),
            param("value", TEXT),
            param("date", DATE),
        ),
        "boolean",
        "Whether a column of a national code table (values with | between) lists a value for a code on a day; "
        "null when the table says nothing of the code on that day.",
        ("code_allows('520000', 'units', 'alternates', '黔', date('2024-01-01'))", "TRUE"),
        _code_allows,
        _GROUP,
        uses=2,
    ),
    Function(
        "working_days_between",
        (param("from", DATE), param("to", DATE)),
        "integer",
        "Working days after one day up to and including another; null when the calendar of a year between is unknown.",
        ("working_days_between(date('2020-09-30'), date('2020-10-10'))", "2"),
        _working_days_between,
        _GROUP,
        uses=2,
    ),
    Function(
        "today",
        (),
        "date",
        "The day the check runs (rules only).",
        ("days_between(today(), today())", "0"),
        _today,
        _GROUP,
    ),
)
