"""Looks whole columns up in a code file: national codes, and which values have none, and why.

One cast gives every value its place in the list of source values; the rest are gathers over short tables, so a column
costs the same whether lines carry equivalences and periods or not. Values that are not spelled as in the file are
looked for once per distinct value.

A line with a period holds on the business dates inside it. A record without a business date gets the code all lines
of its value agree on; where they do not agree, the value counts as outside their periods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import accumulate

import polars as pl

from ecqs_gateway.mapping.codes import LocalCode, LocalCodeTable, fold
from ecqs_gateway.mapping.words import Step
from ecqs_gateway.model.columns import looked_up

__all__ = ["CodeMatch", "CodeStep"]

_FIRST, _LAST = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True)
class CodeMatch:
    """What a column became: national codes, and marks on the values that need a word; None where there are none.

    ``unmapped`` marks every value without a national code; ``none`` those the file says have none, ``outside`` those
    no line lists for the record's business date; the others are not in the file at all. ``wider`` and ``narrower``
    mark values whose national code does not mean the same.
    """

    national: pl.Series
    unmapped: pl.Series | None
    none: pl.Series | None = None
    outside: pl.Series | None = None
    wider: pl.Series | None = None
    narrower: pl.Series | None = None


class CodeStep:
    """Turns a cleaned text column into national codes."""

    def __init__(self, table: LocalCodeTable, clean: Step) -> None:
        """Clean the source values of the table as the column is cleaned; values cleaned to nothing are left out."""
        self.name, self.table = table.name, table
        self.dated = table.dated
        sources = pl.Series("t", [code.source for code in table.codes], dtype=pl.String)
        cleaned = sources.to_frame().select(clean(pl.col("t")).alias("t")).to_series().to_list()
        self._folded: dict[str, int] = {}
        self._exact: dict[str, int] = {}
        self._groups: list[list[LocalCode]] = []
        for text, code in zip(cleaned, table.codes, strict=True):
            if text:
                place = self._folded.setdefault(fold(text), len(self._groups))
                self._exact.setdefault(text, place)
                self._add(place, code)
        self._lines = [code for group in self._groups for code in group]
        self._national = pl.Series([code.national for code in self._lines], dtype=pl.String)
        self._kind = pl.Series([code.equivalence for code in self._lines], dtype=pl.String)
        self._plain = not self.dated and all(code.equivalence == "equal" for code in self._lines)

    def _add(self, place: int, code: LocalCode) -> None:
        if place == len(self._groups):
            self._groups.append([code])
        # Undated lines of one cleaned text: the first one counts, as everywhere.
        elif code.dated and self._groups[place][0].dated:
            self._groups[place].append(code)

    def line_of(self, text: str, day: date | None = None) -> LocalCode | None:
        """Give the line that decides one cleaned text, for people; None where none does."""
        place = self._exact.get(text, self._folded.get(fold(text)))
        if place is None:
            return None
        found = self._chosen(pl.Series([place], dtype=pl.UInt32), pl.Series([day], dtype=pl.Date))[0]
        return None if found is None else self._lines[found]

    def match(self, text: pl.Series, days: pl.Series | None = None) -> CodeMatch:
        """Look every value up; null stays null and is not unmapped. ``days`` are the records' business dates."""
        places = self._places(text)
        lines = self._chosen(places, days)
        national = self._national[lines].alias(text.name)
        unmapped = None
        if national.null_count() != text.null_count():
            unmapped = national.is_null() & text.is_not_null()
        if self._plain:
            return CodeMatch(national, unmapped)
        kinds = self._kind[lines]
        outside = places.is_not_null() & lines.is_null() if self.dated else None
        return CodeMatch(
            national,
            unmapped,
            _some(kinds == "none"),
            _some(outside),
            _some(kinds == "wider"),
            _some(kinds == "narrower"),
        )

    def _places(self, text: pl.Series) -> pl.Series:
        """Give the place of each value's group; null where the file does not list it."""
        places = self._known.of(text)
        if places.null_count() == text.null_count():
            return places
        # Another case or width is looked for once per distinct value, so a whole column of unknown codes stays cheap.
        odd = text.filter(places.is_null() & text.is_not_null()).unique()
        known = {one: self._folded[fold(one)] for one in odd.to_list() if fold(one) in self._folded}
        return places.zip_with(places.is_not_null(), _Numbered(known).of(text)) if known else places

    def _chosen(self, places: pl.Series, days: pl.Series | None) -> pl.Series:
        """Give the line that holds on each record's day; groups have few lines, so each slot is one pass."""
        if not self.dated:
            return places
        nothing = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(places))
        days = pl.Series([None], dtype=pl.Date).new_from_index(0, len(places)) if days is None else days
        undated, slots = self._periods
        chosen = undated.gather(places).zip_with(days.is_null(), nothing)
        for firsts, lasts, numbers in slots:
            hit = (days >= firsts.gather(places)) & (days <= lasts.gather(places)) & chosen.is_null()
            chosen = numbers.gather(places).zip_with(hit.fill_null(value=False), chosen)
        return chosen

    @cached_property
    def _known(self) -> _Numbered:
        """Give the place of each value that is spelled as in the file."""
        return _Numbered(self._exact)

    @cached_property
    def _periods(self) -> tuple[pl.Series, list[tuple[pl.Series, pl.Series, pl.Series]]]:
        """Give per group the line for records without a day, and slot by slot first day, last day and line."""
        starts = [0, *accumulate(map(len, self._groups))]
        undated = [
            start if len({(code.national, code.equivalence) for code in group}) == 1 else None
            for start, group in zip(starts, self._groups, strict=False)
        ]
        slots = []
        for slot in range(max(map(len, self._groups), default=0)):
            here = [group[slot] if slot < len(group) else None for group in self._groups]
            firsts = [None if code is None else code.valid_from or _FIRST for code in here]
            lasts = [None if code is None else code.valid_until or _LAST for code in here]
            numbers = [None if code is None else start + slot for code, start in zip(here, starts, strict=False)]
            slots.append(
                (pl.Series(firsts, dtype=pl.Date), pl.Series(lasts, dtype=pl.Date), pl.Series(numbers, dtype=pl.UInt32))
            )
        return pl.Series(undated, dtype=pl.UInt32), slots


def _some(marks: pl.Series | None) -> pl.Series | None:
    if marks is None:
        return None
    marks = marks.fill_null(value=False)
    return marks if bool(marks.any()) else None


class _Numbered:
    """Some texts, each with a number."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._number = looked_up(pl.col("text"), numbers, pl.UInt32)

    def of(self, text: pl.Series) -> pl.Series:
        """Give the number of each listed value, null for all others; 15 ns a value."""
        return text.to_frame("text").select_seq(self._number).to_series().alias(text.name)
