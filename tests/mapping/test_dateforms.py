"""Declared date forms let exactly those forms through."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.mapping.dateforms import DateForms, FormError


def read(forms: tuple[str, ...], *texts: str | None) -> tuple[list[str | None], list[bool] | None]:
    found, misfits = DateForms.of(forms).read(pl.Series("t", texts, dtype=pl.String))
    return found.to_list(), None if misfits is None else misfits.to_list()


def test_a_declared_form_is_rewritten_and_anything_else_is_a_misfit():
    found, misfits = read(("%Y%m%d",), "20200105", "2020-01-05", "2020015", " 20200105", None, "20200105\n")
    assert found == ["2020-01-05", None, None, None, None, None]
    assert misfits == [False, True, True, True, False, True]


def test_several_forms_are_tried_in_order():
    found, misfits = read(("%d/%m/%Y", "%Y年%-m月%-d日"), "05/01/2020", "2020年1月5日")
    assert found == ["2020-01-05", "2020-1-5"]
    assert misfits is None


def test_times_are_kept():
    assert read(("%Y.%m.%d %H:%M:%S", "%Y%m%d%H%M"), "2020.01.05 23:59:58", "202001052359")[0] == [
        "2020-01-05 23:59:58",
        "2020-01-05 23:59:00",
    ]


def test_signs_of_regular_expressions_are_themselves():
    assert read(("%Y.%m.%d",), "2020x01x05")[1] == [True]
    assert read(("(%Y)[%m]{%d}$",), "(2020)[01]{05}$")[0] == ["2020-01-05"]


@pytest.mark.parametrize("form", ["%Y%m", "%y%m%d", "%Y%m%d%M", "%Y%m%d%H", "%Y%Y%m%d", "%Y%m%d%", "abc", "%Y-%j"])
def test_a_form_that_cannot_be_used_is_refused(form):
    with pytest.raises(FormError):
        DateForms.of((form,))


@given(st.dates(), st.sampled_from(["%Y%m%d", "%d.%m.%Y", "%Y年%m月%d日", "date %m/%d of %Y"]))
def test_what_python_writes_in_a_form_is_read_back(day: dt.date, form: str):
    text = form.replace("%Y", f"{day.year:04d}").replace("%m", f"{day.month:02d}").replace("%d", f"{day.day:02d}")
    assert read((form,), text) == ([day.isoformat()], None)
