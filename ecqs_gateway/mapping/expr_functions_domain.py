"""Functions of the domain: credit codes, certificate numbers, national code tables and working days."""

from __future__ import annotations

import polars as pl

from ecqs_gateway.mapping.expr_functions import DATE, TEXT, Call, Function, boolean, integer, param, text
from ecqs_gateway.mapping.expr_operators import balanced
from ecqs_gateway.mapping.expr_values import Value, literal
from ecqs_gateway.model.types import (
    CertificateNumber,
    FieldType,
    LicenceId,
    Uscc,
    blank_to_null,
    unit_of,
    valid_on_expr,
    xk_of,
)

__all__ = ["FUNCTIONS"]


def _is_good(call: Call, field_type: FieldType) -> Value:
    """Say whether a text reads and checks as a field type; null for null."""
    source, codes = call.args[0].expr, call.context.codes
    read = field_type.read_expr(blank_to_null(source), codes)
    good = read.is_not_null() & field_type.check_expr(read, codes)
    return boolean(pl.when(source.is_not_null()).then(good.fill_null(value=False)))


def _canonical(call: Call) -> pl.Expr:
    return CertificateNumber().read_expr(blank_to_null(call.args[0].expr), call.context.codes)


def _code_valid_on(call: Call) -> Value:
    code, name, on = call.args
    tables = call.context.codes
    if tables is None:
        raise call.fail("the code tables are not at hand here", code="ECQS-1108", arg=1)
    if name.literal not in tables:
        known = ", ".join(sorted(tables))
        raise call.fail("there is no such code table", code="ECQS-1108", hint=f"the tables are {known}", arg=1)
    return boolean(valid_on_expr(tables[str(name.literal)], code.expr, on.expr))


def _working_days_between(call: Call) -> Value:
    calendar = call.context.calendar
    if calendar is None or not calendar.spans:
        raise call.fail("the working-day calendar is not at hand here", code="ECQS-1108")
    start, end = (value.expr for value in call.args)
    inside = [(start >= first) & (start <= last) & (end >= first) & (end <= last) for first, last in calendar.spans]
    known = balanced(inside, lambda a, b: a | b)
    first, last = (pick(start, end) + pl.duration(days=1) for pick in (pl.min_horizontal, pl.max_horizontal))
    counted = pl.business_day_count(first, last, week_mask=(True,) * 7, holidays=calendar.days_off)
    return integer(pl.when(known).then(pl.when(start <= end).then(counted).otherwise(-counted)))


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
    ),
    Function(
        "is_certificate_no",
        (_T,),
        "boolean",
        "Whether a text is the number of a production licence, in any spelling.",
        ("is_certificate_no('（苏）XK06-001-00238')", "TRUE"),
        lambda c: _is_good(c, CertificateNumber()),
        _GROUP,
    ),
    Function(
        "certificate_unit",
        (_T,),
        "text",
        "Code of the unit whose abbreviation stands in a licence number; null for a national number.",
        ("certificate_unit('苏XK06-001-00238')", "'320000'"),
        lambda c: text(unit_of(_canonical(c), c.context.codes)),
        _GROUP,
    ),
    Function(
        "certificate_xk",
        (_T,),
        "text",
        "Industry and product part of a licence number.",
        ("certificate_xk('(苏)XK06-001-00238')", "'XK06-001'"),
        lambda c: text(xk_of(_canonical(c))),
        _GROUP,
    ),
    Function(
        "is_licence_id",
        (_T,),
        "boolean",
        "Whether a text is the identifier of an electronic licence with a good check character.",
        ("is_licence_id('1.2.156.3005.2')", "FALSE"),
        lambda c: _is_good(c, LicenceId()),
        _GROUP,
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
        "working_days_between",
        (param("from", DATE), param("to", DATE)),
        "integer",
        "Working days after one day up to and including another; null when the calendar of a year between is unknown.",
        ("working_days_between(date('2020-09-30'), date('2020-10-10'))", "2"),
        _working_days_between,
        _GROUP,
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
