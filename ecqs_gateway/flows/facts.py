"""What the headquarters report needs to know of a record version, as one short label per record, column by column.

A label is product, period and measure. The product is that of the record, or of its first product line. The period is
the month of the day the kind is counted by (approval: decision; others: the kind's own day); days before the last
thirteen months are known by their year alone, which keeps the classes few. The measures:

* ``approval``: ``w`` (the limit of five working days holds for its mode) or ``u`` (it does not), and the working days
  from acceptance to decision without those that do not count: 0 to 10 each, then 20, 60 and 61 as upper ends; ``x``
  where they cannot be counted. ``p``: not decided yet.
* ``certificate``: ``v`` (status 01, valid) or ``c`` (any other), and 1 or 0: with an electronic certificate or not.
* other kinds: ``-``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import product

import numpy as np
import polars as pl

from ecqs_gateway.content.load import Content
from ecqs_gateway.ledger.facts import SEPARATOR
from ecqs_gateway.mapping.mapped import ITEM, ROW, Mapped
from ecqs_gateway.model.columns import Tabled, placed
from ecqs_gateway.model.record import KindSpec
from ecqs_gateway.model.types import moments
from ecqs_gateway.rules.calendar import WorkingCalendar

__all__ = ["DAYS", "LIMITED_MODES", "WITHIN", "FactPlan", "months_back"]

LIMITED_MODES = ("2", "3")
"""Approval modes the limit of five working days is set for: 后置现场审查 and 告知承诺 (notice 三（二））."""
_SINCE = date(2020, 10, 14)
"""Day of the notice: what was accepted before had other limits."""
WITHIN = 5
"""That limit."""
DAYS = (*(str(day) for day in range(11)), "20", "60", "61", "x")
"""Classes of working days: single days to 10, then upper ends; ``61`` is more than 60, ``x`` unknown."""
_CLASS_OF = pl.Series([*range(11), *[11] * 10, *[12] * 40, 13], dtype=pl.Int64)
"""Place in ``DAYS`` by the number of working days, 61 for any more."""
_PRODUCTS, _PRODUCT = "products", "product_class"
_MONTHS = 13
_FIRST_YEAR, _YEARS = 1900, 300
_PERIODS = _YEARS * 12 + _YEARS + 1
_NO_DAY = _PERIODS - 1
_APPROVAL = ("p", *(f"{letter}{days}" for letter, days in product("wu", DAYS)))
_CERTIFICATE = ("c0", "c1", "v0", "v1")


def months_back(day: date, months: int) -> date:
    """Give the first day of the month that lies so many months before."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True)
class FactPlan:
    """How the records of one kind are labelled; all work is on whole columns of small integers."""

    spec: KindSpec
    products: tuple[str, ...]
    """Codes of the product classes."""
    calendar: WorkingCalendar
    today: date
    _labels: dict[int, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, content: Content, spec: KindSpec, today: date) -> FactPlan:
        """Make it from the content."""
        classes = content.codes["product_classes"].rows["code"].unique().sort().to_list()
        return cls(spec, tuple(classes), content.calendar, today)

    def labels(self, kept: Mapped) -> pl.Series:
        """Give the label of each record of a frame, in its order."""
        frame = kept.frame
        number = (self._product(kept) * _PERIODS + self._period(frame)) * len(_APPROVAL) + self._measure
        numbers = frame.select_seq(number.cast(pl.Int64)).to_series().to_numpy()
        distinct = np.unique(numbers)
        labels = pl.Series("fact", [self._label(one) for one in distinct.tolist()], dtype=pl.String)
        return labels[pl.Series(np.searchsorted(distinct, numbers), dtype=pl.UInt32)]

    def _product(self, kept: Mapped) -> pl.Expr:
        if _PRODUCT in kept.frame.columns:
            return self._numbered(pl.col(_PRODUCT))
        items = kept.lists.get(_PRODUCTS)
        if items is None or _PRODUCT not in items.columns or items[_PRODUCT].null_count() == items.height:
            return pl.lit(0, pl.Int64)
        first = items[ITEM] == 1
        mine = placed(items[_PRODUCT].filter(first), items[ROW].filter(first), kept.frame[ROW])
        return self._numbered(pl.lit(mine))

    def _numbered(self, code: pl.Expr) -> pl.Expr:
        if not self.products:
            return pl.lit(0, pl.Int64)
        # Not known in the table: the check refuses such a record, or the mapping gives none.
        number = code.cast(self._classes, strict=False).to_physical()
        return (number.cast(pl.Int64) + 1).fill_null(0)

    @cached_property
    def _classes(self) -> pl.Enum:
        return pl.Enum(self.products)

    def _period(self, frame: pl.DataFrame) -> pl.Expr:
        return self._dated if self._day in frame.columns else pl.lit(_NO_DAY, pl.Int64)

    @property
    def _day(self) -> str:
        return "decision_date" if self.spec.kind == "approval" else self.spec.date

    @cached_property
    def _dated(self) -> pl.Expr:
        return self._periods.of(pl.col(self._day).to_physical()).fill_null(_NO_DAY)

    @cached_property
    def _periods(self) -> Tabled:
        """Give the number of each day's period, by the number of the day since 1970-01-01."""
        days = pl.date_range(moments.FIRST, moments.LAST, eager=True).alias("day")  # those a record may have
        day = pl.col("day")
        year = day.dt.year().cast(pl.Int64) - _FIRST_YEAR
        month = year * 12 + day.dt.month().cast(pl.Int64) - 1
        recent = day >= months_back(self.today, _MONTHS - 1)
        periods = days.to_frame().select(pl.when(recent).then(month).otherwise(_YEARS * 12 + year)).to_series()
        return Tabled(int(days.to_physical()[0]), periods)

    @cached_property
    def _measure(self) -> pl.Expr:
        if self.spec.kind == "approval":
            since = (pl.col("acceptance_date") >= _SINCE).fill_null(value=True)
            limited = pl.col("approval_mode").is_in(LIMITED_MODES).fill_null(value=False) & since
            place = 1 + (~limited).cast(pl.Int64) * len(DAYS) + self._days()
            return pl.when(pl.col("decision_date").is_null()).then(0).otherwise(place)
        if self.spec.kind == "certificate":
            valid = (pl.col("status") == "01").fill_null(value=False).cast(pl.Int64)
            return valid * 2 + pl.col("electronic_licence.id").is_not_null().cast(pl.Int64)
        return pl.lit(0, pl.Int64)

    def _days(self) -> pl.Expr:
        """Give the place in ``DAYS`` of the working days between acceptance and decision."""
        last = len(DAYS) - 1
        if not self.calendar.spans:
            return pl.lit(last, pl.Int64)
        (before, here), (after, there) = (
            tuple(table.of(pl.col(name).to_physical()) for table in self.calendar.counted)
            for name in ("acceptance_date", "decision_date")
        )
        passed = after - before
        # Days that do not count may be more than there were: then it was decided at once.
        net = (passed - pl.col("excluded_days").cast(pl.Int64).fill_null(0)).clip(0, _CLASS_OF.len() - 1)
        known = pl.when((there == here) & (passed >= 0)).then(net)
        return pl.lit(_CLASS_OF).gather(known).fill_null(last)

    def _label(self, number: int) -> str:
        if number not in self._labels:
            rest, measure = divmod(number, len(_APPROVAL))
            which, period = divmod(rest, _PERIODS)
            words: Mapping[str, tuple[str, ...]] = {"approval": _APPROVAL, "certificate": _CERTIFICATE}
            parts = (self.products[which - 1] if which else "", _period_text(period))
            self._labels[number] = SEPARATOR.join((*parts, words.get(self.spec.kind, ("-",))[measure]))
        return self._labels[number]


def _period_text(period: int) -> str:
    if period == _NO_DAY:
        return ""
    if period >= _YEARS * 12:
        return str(period - _YEARS * 12 + _FIRST_YEAR)
    return f"{period // 12 + _FIRST_YEAR}-{period % 12 + 1:02d}"
