"""Functions of the domain: credit codes, certificate numbers, national code tables and working days."""

from __future__ import annotations

from datetime import date
from functools import partial

import polars as pl

from ecqs_gateway.mapping.expr_functions import DATE, TEXT, Call, Function, boolean, integer, param, text
from ecqs_gateway.mapping.expr_operators import balanced
from ecqs_gateway.mapping.expr_values import Value, literal
from ecqs_gateway.model.codes import CodeTable
from ecqs_gateway.model.types.base import FieldType
from ecqs_gateway.model.types.identifiers import CertificateNumber, LicenceId, Uscc

__all__ = ["FUNCTIONS"]

_XK = r"XK[0-9]{2}-[0-9]{3}"
_ABBREVIATION = r"^\(([^()])\)XK"
_UNITS = "units"


def _stripped(value: pl.Expr) -> pl.Expr:
    """Take blanks off; blank text is no value, and field types are not asked about it."""
    bare = value.str.strip_chars()
    return pl.when(bare != "").then(bare)


def _is_good(call: Call, field_type: FieldType) -> Value:
    """Say whether a text reads and checks as a field type; null for null."""
    source, codes = call.args[0].expr, call.context.codes
    read = field_type.read_expr(_stripped(source), codes)
    good = read.is_not_null() & field_type.check_expr(read, codes)
    return boolean(pl.when(source.is_not_null()).then(good.fill_null(value=False)))


def _canonical(call: Call) -> pl.Expr:
    return CertificateNumber().read_expr(_stripped(call.args[0].expr), call.context.codes)


def _certificate_xk(call: Call) -> Value:
    return text(_canonical(call).str.extract(_XK, 0))


def _certificate_unit(call: Call) -> Value:
    units = _table(call, _UNITS, arg=0)
    known = units.rows.filter(pl.col("abbreviation").is_not_null()).unique("abbreviation", maintain_order=True)
    letters, codes = known["abbreviation"].to_list(), known["code"].to_list()
    found = _canonical(call).str.extract(_ABBREVIATION, 1)
    return text(found.replace_strict(letters, codes, default=None, return_dtype=pl.String))


def _table(call: Call, name: str, *, arg: int) -> CodeTable:
    tables = call.context.codes
    if tables is None:
        raise call.fail("the code tables are not at hand here", code="ECQS-1108", arg=arg)
    if name not in tables:
        known = ", ".join(sorted(tables))
        raise call.fail("there is no such code table", code="ECQS-1108", hint=f"the tables are {known}", arg=arg)
    return tables[name]


def _code_valid_on(call: Call) -> Value:
    code, name, on = call.args
    table = _table(call, str(name.literal), arg=1)
    periods = table.rows.select(
        "code",
        start=pl.col("valid_from").fill_null(date.min),
        end=pl.col("valid_until").fill_null(date.max),
        turn=pl.int_range(pl.len()).over("code"),
    )
    verdicts = [
        _in_period(code.expr, on.expr, periods.filter(pl.col("turn") == turn))
        for turn in periods["turn"].unique().sort()
    ]
    valid = balanced(verdicts, lambda a, b: a | b) if verdicts else pl.lit(value=False)
    return boolean(pl.when(code.expr.is_not_null() & on.expr.is_not_null()).then(valid))


def _in_period(code: pl.Expr, on: pl.Expr, periods: pl.DataFrame) -> pl.Expr:
    codes = periods["code"].to_list()
    bound = partial(code.replace_strict, codes, default=None, return_dtype=pl.Date)
    start, end = bound(periods["start"].to_list()), bound(periods["end"].to_list())
    return ((start <= on) & (on <= end)).fill_null(value=False)


def _working_days_between(call: Call) -> Value:
    calendar = call.context.calendar
    if calendar is None or not calendar.spans:
        raise call.fail("the working-day calendar is not at hand here", code="ECQS-1108")
    start, end = (value.expr for value in call.args)
    inside = [(start >= first) & (start <= last) & (end >= first) & (end <= last) for first, last in calendar.spans]
    known = balanced(inside, lambda a, b: a | b)
    counted = pl.business_day_count(
        start + pl.duration(days=1), end + pl.duration(days=1), week_mask=(True,) * 7, holidays=calendar.days_off
    )
    return integer(pl.when(known).then(counted))


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
        _certificate_unit,
        _GROUP,
    ),
    Function(
        "certificate_xk",
        (_T,),
        "text",
        "Industry and product part of a licence number.",
        ("certificate_xk('(苏)XK06-001-00238')", "'XK06-001'"),
        _certificate_xk,
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
