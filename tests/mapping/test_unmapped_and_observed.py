"""Values without a national code are counted with the line to add, and rows say how far fields are filled."""

from __future__ import annotations

import datetime as dt

import polars as pl

from ecqs_gateway.mapping.observed import observe
from ecqs_gateway.mapping.preview import Cells
from ecqs_gateway.mapping.unmapped import count_unmapped, suggest

STATUS = {"status": {"from": "Z", "codes": {"table": "zt", "unmapped": "pass"}, "clean": ["spaces"]}}
NAMED = "source,national,note,equivalence\n有效,01,,\n注销,04,,wider\n备案,,不是许可,none\n"


def compiled(bench, text=NAMED):
    return bench.inspect(bench.file(STATUS), local={"zt": bench.local(text)}).mapping


def test_values_are_counted_by_field_and_cause(bench):
    frame = bench.frame(Z=["有效", "失 效", "失效", None, "备案", "注销", "失效"])
    assert count_unmapped(compiled(bench), Cells(frame, {})) == {
        ("status", "失效", "unlisted"): 3,
        ("status", "备案", "none"): 1,
    }


def test_items_of_lists_are_counted_with_their_own_fields(bench, child):
    lists = {
        "products": {
            "child": "cp",
            "fields": {"name": "M", "unit": {"from": "U", "codes": {"table": "zt", "unmapped": "pass"}}},
        }
    }
    found = bench.inspect(bench.file({}, lists), local={"zt": bench.local("source,national,note\n吨,吨,\n")}).mapping
    rows = pl.DataFrame({"ID": ["1", "1", "2", "9"], "M": ["a", "b", "c", "d"], "U": ["吨", "箱", "箱", "orphan"]})
    cells = Cells(pl.DataFrame({"ID": [1, 2]}), {"cp": child(rows, ("ID",), ("ID",))})
    assert count_unmapped(found, cells) == {("products.unit", "箱", "unlisted"): 2}


def test_a_value_outside_its_period_is_told_as_such(bench):
    text = "source,national,note,valid_until\n有效,01,,2019-12-31\n"
    file = bench.file({**STATUS, "issue_date": "D"})
    found = bench.inspect(file, local={"zt": bench.local(text)}).mapping
    frame = bench.frame(Z=["有效", "有效"], D=["2019-01-01", "2020-01-01"])
    assert count_unmapped(found, Cells(frame, {})) == {("status", "有效", "outside"): 1}


def test_the_line_to_add_fits_the_files_columns(bench):
    table = bench.local(NAMED)
    line = suggest(compiled(bench), "status", "0,4", table, bench.codes)
    assert (line.file, line.line) == ("zt.csv", 5)
    assert line.text.startswith('"0,4",')
    assert line.text.count(",") == 4
    exact = suggest(compiled(bench), "status", "０４", table, bench.codes)
    assert (exact.national, exact.text) == ("04", "０４,04,04,")
    near = suggest(compiled(bench), "status", "已注销", table, bench.codes)
    assert near.national == "04"
    none = suggest(compiled(bench), "status", "备案", table, bench.codes)
    assert none.line == 4
    far = suggest(compiled(bench), "status", "QQQQ", table, bench.codes)
    assert (far.national, far.text) == (None, "QQQQ,TODO,,")


def test_fill_rates_dates_and_codes_add_up_over_chunks(bench):
    fields = {**STATUS, "updated": "U", "holder.name": "B", "issue_date": "D"}
    found = bench.inspect(bench.file(fields), local={"zt": bench.local(NAMED)}).mapping
    first = bench.frame(Z=["有效", None], U=["2020-01-01 10:00:00", None], B=["甲", " "], D=[dt.date(2020, 1, 5), None])
    second = bench.frame(
        Z=["注销", "有效"], U=[None, None], B=["乙", "丙"], D=[dt.date(2019, 1, 5), dt.date(2021, 1, 5)]
    )
    seen = observe(found, [Cells(first, {}), Cells(second, {})])
    assert seen.rows == 4
    assert seen.refused == 1
    assert dict(seen.fields["status"].codes) == {"01": 2, "04": 1}
    issued = seen.fields["issue_date"]
    assert (issued.first, issued.last, issued.rate) == ("2019-01-05", "2021-01-05", 0.75)
    assert seen.columns["B"].rate == 0.75
    assert seen.columns["D"].first == "2019-01-05"
    assert (seen.fields["products"].filled, seen.fields["products.name"].of) == (4, 4)
