"""The working-day calendar: sourced content, cross-checked, and never guessed."""

from __future__ import annotations

import csv
import datetime as dt

import chinese_calendar
import polars as pl
import pytest

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import ExprContext, compile_expr
from ecqs_gateway.rules.calendar import COLUMNS, WorkingCalendar, load_calendar


@pytest.fixture(scope="module")
def calendar(request):
    return load_calendar(request.config.rootpath / "schemas" / "calendar")


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def test_every_day_agrees_with_chinesecalendar(calendar):
    every = days(dt.date(2018, 1, 1), dt.date(2026, 12, 31))
    assert set(calendar.years) == {day.year for day in every}
    assert [day for day in every if calendar.worked(day) != chinese_calendar.is_workday(day)] == []


def test_every_exception_names_the_notice_it_comes_from(request):
    for path in (request.config.rootpath / "schemas" / "calendar").glob("*.csv"):
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        assert len(rows) >= 24, path.name
        assert all("国办发明电" in row["source"] or "国务院办公厅" in row["source"] for row in rows), path.name


def test_counting_in_columns_agrees_with_counting_day_by_day(calendar):
    every = days(dt.date(2019, 12, 20), dt.date(2020, 3, 1))
    frame = pl.DataFrame({"a": every}).join(pl.DataFrame({"b": every}), how="cross")
    compiled = compile_expr("working_days_between(a, b)", dict(frame.schema), context=ExprContext(calendar=calendar))
    found = frame.select(x=compiled.expr)["x"].to_list()
    assert found == [calendar.between(a, b) for a, b in frame.iter_rows()]
    assert min(found) < 0 < max(found)


def test_a_deadline_of_five_working_days_skips_the_holidays(calendar):
    assert calendar.deadline(dt.date(2020, 9, 29), 5) == dt.date(2020, 10, 13)
    assert calendar.between(dt.date(2020, 9, 29), dt.date(2020, 10, 13)) == 5


def test_an_unknown_year_is_refused(calendar):
    with pytest.raises(Misconfigured, match=r"ECQS-1310.*2031.csv"):
        calendar.worked(dt.date(2031, 1, 4))
    assert not calendar.known(dt.date(2031, 1, 4))


def test_nothing_is_counted_across_a_missing_year(calendar):
    holed = WorkingCalendar({year: worked for year, worked in calendar.years.items() if year != 2021})
    context = ExprContext(calendar=holed)
    frame = pl.DataFrame({"a": [dt.date(2020, 12, 30)] * 3, "b": [dt.date(2022, 1, 5), dt.date(2020, 12, 31), None]})
    compiled = compile_expr("working_days_between(a, b)", dict(frame.schema), context=context)
    assert frame.select(x=compiled.expr)["x"].to_list() == [None, 1, None]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("2030.csv", "date,worked\n2030-01-01,no\n", "columns must be"),
        ("2030.csv", "date,worked,name,source\n", "no holidays"),
        ("2030.csv", "date,worked,name,source\n2031-01-01,no,元旦,x\n", "2030.csv:2.*not a day of 2030"),
        ("2030.csv", "date,worked,name,source\n2030-1-1,no,元旦,x\n", "YYYY-MM-DD"),
        ("2030.csv", "date,worked,name,source\n2030-01-01,maybe,元旦,x\n", "yes or no"),
        ("2030.csv", "date,worked,name,source\n2030-01-01,no,元旦,\n", "source is missing"),
        ("2030.csv", "date,worked,name,source\n2030-01-01,no,元旦,x\n2030-01-01,no,元旦,x\n", "stands twice"),
        ("next.csv", "date,worked,name,source\n", "named by its year"),
    ],
)
def test_a_mistake_in_a_calendar_file_is_named(tmp_path, name, text, says):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match=says) as caught:
        load_calendar(tmp_path)
    assert caught.value.code == "ECQS-1311"
    assert ",".join(COLUMNS) == "date,worked,name,source"


def test_the_next_year_is_wanted_from_the_first_of_december(calendar):
    assert calendar.missing(dt.date(2026, 11, 30)) == []
    assert calendar.missing(dt.date(2026, 12, 1)) == [2027]
    assert calendar.missing(dt.date(2027, 1, 1)) == [2027]
    assert calendar.missing(dt.date(2025, 12, 31)) == []
