"""The labels the report is summed from: the same as a person would give each record, and counted without loss."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.flows.facts import DAYS, FactPlan, months_back
from ecqs_gateway.mapping.mapped import ITEM, ROW, Mapped, no_problems
from ecqs_gateway.model import kinds
from ecqs_gateway.rules.calendar import WorkingCalendar, load_calendar

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 26)
CALENDAR = load_calendar(ROOT / "schemas" / "calendar")

_days = st.dates(date(2019, 6, 1), date(2027, 2, 1))
_approvals = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["01", "02", "09"]),
        st.none() | _days,
        st.none() | _days,
        st.none() | st.integers(0, 40),
        st.none() | st.sampled_from(["1", "2", "3"]),
    ),
    min_size=1,
    max_size=30,
)


def _plan(kind: str, calendar: WorkingCalendar = CALENDAR) -> FactPlan:
    return FactPlan(kinds.spec(kind), ("01", "02", "09"), calendar, TODAY)


def _mapped(kind: str, columns: dict[str, pl.Series], products: list[str | None]) -> Mapped:
    frame = pl.DataFrame(columns).with_row_index(ROW)
    items = pl.DataFrame(
        {ROW: range(len(products)), ITEM: 1, "product_class": products},
        schema={ROW: pl.UInt32, ITEM: pl.Int64, "product_class": pl.String},
    )
    more = items.with_columns(pl.lit(2, pl.Int64).alias(ITEM), pl.lit("09").alias("product_class"))
    return Mapped(kinds.spec(kind), frame, {"products": pl.concat([items, more])}, no_problems(), frame)


def _period(day: date | None) -> str:
    if day is None:
        return ""
    return f"{day:%Y-%m}" if day >= months_back(TODAY, 12) else str(day.year)


def _measure(accepted: date | None, decided: date | None, excluded: int | None, mode: str | None) -> str:
    if decided is None:
        return "p"
    letter = "w" if mode in ("2", "3") and (accepted is None or accepted >= date(2020, 10, 14)) else "u"
    if accepted is None or decided < accepted or not all(map(CALENDAR.known, (accepted, decided))):
        worked = None
        if accepted is not None and all(map(CALENDAR.known, (accepted, decided))):
            worked = CALENDAR.between(accepted, decided)  # days off between the two: it was decided at once
        if worked != 0:
            return f"{letter}x"
    worked = max(0, CALENDAR.between(accepted, decided) - (excluded or 0))
    ends = [int(end) for end in DAYS[:-1]]
    return f"{letter}{next((end for end in ends if worked <= end), 61)}"


@settings(max_examples=60, deadline=None)
@given(_approvals)
def test_an_approval_is_labelled_as_a_person_would_label_it(rows: list) -> None:
    columns = {
        "acceptance_date": pl.Series([r[1] for r in rows], dtype=pl.Date),
        "decision_date": pl.Series([r[2] for r in rows], dtype=pl.Date),
        "excluded_days": pl.Series([r[3] for r in rows], dtype=pl.Int64),
        "approval_mode": pl.Series([r[4] for r in rows], dtype=pl.String),
    }
    found = _plan("approval").labels(_mapped("approval", columns, [r[0] for r in rows])).to_list()
    assert found == [f"{p or ''}|{_period(d)}|{_measure(a, d, x, m)}" for p, a, d, x, m in rows]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(_days, st.sampled_from(["01", "04"]), st.none() | st.just("id")), min_size=1, max_size=20))
def test_a_certificate_is_labelled_by_status_and_electronic_certificate(rows: list) -> None:
    columns = {
        "issue_date": pl.Series([r[0] for r in rows], dtype=pl.Date),
        "status": pl.Series([r[1] for r in rows], dtype=pl.String),
        "electronic_licence.id": pl.Series([r[2] for r in rows], dtype=pl.String),
    }
    found = _plan("certificate").labels(_mapped("certificate", columns, ["02"] * len(rows))).to_list()
    wanted = [f"02|{_period(d)}|{'v' if s == '01' else 'c'}{int(e is not None)}" for d, s, e in rows]
    assert found == wanted


def test_without_a_calendar_days_are_unknown_and_an_empty_frame_has_no_labels() -> None:
    day = pl.Series([date(2026, 11, 2)], dtype=pl.Date)
    none = pl.Series([None], dtype=pl.Int64)
    columns = {"acceptance_date": day, "decision_date": day, "excluded_days": none}
    columns["approval_mode"] = pl.Series(["2"])
    mapped = _mapped("approval", columns, ["01"])
    assert _plan("approval", WorkingCalendar()).labels(mapped).to_list() == ["01|2026-11|wx"]
    empty = mapped.only(pl.Series([], dtype=pl.UInt32))
    assert _plan("approval").labels(empty).to_list() == []


@pytest.mark.parametrize("back", [0, 1, 12, 25])
def test_months_are_counted_back_over_years(back: int) -> None:
    day = months_back(TODAY, back)
    assert day.day == 1
    following = day
    for _ in range(back):
        following = (following + timedelta(days=31)).replace(day=1)
    assert following == TODAY.replace(day=1)


def test_what_is_counted_follows_every_change(w, world) -> None:
    world.province("320000", 12)
    world.sync()
    counted = (
        "SELECT c.label, sum(f.fresh), sum(f.replaced) FROM report_fact f JOIN fact_class c ON c.id = f.class_id"
        " GROUP BY c.label ORDER BY c.label"
    )
    assert world.rows(counted) == [("|2024|v0", 12, 0)]
    world.put("320000", [w.licence("320000", n, zt="注销", gxsj="2026-11-23 08:00:00") for n in (1, 2, 3)])
    world.put("320000", [w.licence("320000", 13, fzrq="2026-11-02", gxsj="2026-11-23 08:00:00")])
    world.clock.forward(days=1)
    world.sync()
    assert world.rows(counted) == [("|2024|c0", 3, 0), ("|2024|v0", 12, 3), ("|2026-11|v0", 1, 0)]
    last = (
        "SELECT c.label, count(*) FROM record_version v JOIN fact_class c ON c.id = v.fact WHERE NOT EXISTS (SELECT 1"
        " FROM record_version n WHERE n.lane_id = v.lane_id AND n.key = v.key AND n.sequence > v.sequence)"
        " GROUP BY c.label ORDER BY c.label"
    )
    assert world.rows(last) == [("|2024|c0", 3), ("|2024|v0", 9), ("|2026-11|v0", 1)]
    w.judged_faultless(world, {"320000": 13})
