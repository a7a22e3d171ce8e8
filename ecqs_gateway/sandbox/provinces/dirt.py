"""Which rows are dirty, and how: a table of kinds with their shares, drawn so that every row has at most one.

Kinds are drawn by row number and seed alone. In the first hundred rows every kind is put at a fixed place, so that
even the smallest table has each of them once; behind them they come at their shares. Every third row is always clean:
what changes at night (``mutate``) is drawn from those, so that the number of new versions is known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ecqs_gateway.sandbox.provinces.draw import Draw
from ecqs_gateway.sandbox.provinces.manifest import DirtyRows, Outcome

__all__ = ["DIRT", "NUMBER", "Dirt", "DirtLog", "DirtTable", "problem"]

NUMBER = "__n"
"""Name of the column with a row's number in its table, from 0."""
DIRT = "__dirt"
"""Name of the column with the position of a row's dirt in its table of kinds; -1 for a clean row."""

_GUARANTEED = 100
_STEP = 3


@dataclass(frozen=True)
class Dirt:
    """One kind of dirt: the share of rows that has it, what becomes of them, the codes of which one must be told."""

    name: str
    outcome: Literal["reject", "flag", "cleaned"]
    share: float
    codes: tuple[str, ...] = ()


def problem(name: str, share: float, *codes: str) -> Dirt:
    """Make a kind of dirt that keeps the record back."""
    return Dirt(name, "reject", share, codes)


@dataclass(frozen=True)
class DirtTable:
    """The kinds of dirt of one record kind of a province."""

    kind: str
    kinds: tuple[Dirt, ...]

    def __post_init__(self) -> None:
        if len(self.kinds) > _GUARANTEED // _STEP:
            raise ValueError(f"{len(self.kinds)} kinds of dirt do not fit into the first {_GUARANTEED} rows")

    @property
    def total(self) -> float:
        """Share of all rows that is dirty unless told otherwise."""
        return sum(one.share for one in self.kinds)

    def column(self, draw: Draw, dirty: float | None, *, never: pl.Expr) -> pl.Expr:
        """Say which dirt each row has; ``dirty`` is the whole share wanted, ``never`` true where there must be none."""
        number = pl.col(NUMBER).cast(pl.Int64)
        factor = 1.0 if dirty is None else dirty / self.total
        if factor <= 0:
            return pl.lit(-1, pl.Int16)
        ticket = draw.whole(f"{self.kind}.dirt", 0, 999_999)
        drawn, upto = pl.lit(-1, pl.Int16), 0.0
        for place, one in enumerate(self.kinds):
            low, upto = upto, upto + one.share * factor * _STEP / (_STEP - 1) * 1_000_000
            drawn = (
                pl.when((ticket >= round(low)) & (ticket < round(upto))).then(pl.lit(place, pl.Int16)).otherwise(drawn)
            )
        placed = number // _STEP
        first = (number % _STEP == 1) & (placed < len(self.kinds))
        early = pl.when(first).then(placed).otherwise(-1).cast(pl.Int16)
        clean = (number % _STEP == 0) | never
        return pl.when(number < _GUARANTEED).then(early).when(clean).then(pl.lit(-1, pl.Int16)).otherwise(drawn)

    def has(self, *names: str) -> pl.Expr:
        """Say which rows have one of these kinds of dirt; raises KeyError for a kind that is not in the table."""
        places = {one.name: place for place, one in enumerate(self.kinds)}
        wanted = [places[name] for name in names]
        return pl.col(DIRT) == wanted[0] if len(wanted) == 1 else pl.col(DIRT).is_in(wanted)

    def given(self, clean: pl.Expr, **dirty: pl.Expr | str | None) -> pl.Expr:
        """Give ``clean``, and in the rows with a named kind of dirt that value instead."""
        value = clean
        for name, other in dirty.items():
            instead = other if isinstance(other, pl.Expr) else pl.lit(other, pl.String)
            value = pl.when(self.has(name)).then(instead).otherwise(value)
        return value


class DirtLog:
    """Collects the keys of dirty rows while the tables are written."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str, Outcome, tuple[str, ...]], list[str]] = {}

    def note(self, table: DirtTable, rows: pl.DataFrame) -> None:
        """Note rows of a table of kinds: columns ``key`` and ``__dirt``."""
        dirty = rows.filter(pl.col(DIRT) >= 0)
        for (place,), found in dirty.group_by(DIRT, maintain_order=True):
            one = table.kinds[int(str(place))]
            self.add(table.kind, one.name, one.outcome, one.codes, found["key"])

    def add(self, kind: str, dirt: str, outcome: Outcome, codes: tuple[str, ...], keys: pl.Series) -> None:
        """Note rows with dirt that lies in how rows hang together."""
        self._keys.setdefault((kind, dirt, outcome, codes), []).extend(keys.to_list())

    def rows(self) -> Iterator[DirtyRows]:
        """Give what was noted, in the order of kind and name."""
        for (kind, dirt, outcome, codes), keys in sorted(self._keys.items()):
            if keys:
                yield DirtyRows(kind, dirt, outcome, codes, tuple(keys))
