"""The same source rows under two mappings: which records differ, in which fields, and what keeps rows back.

All in columns. Rows stand at the same places on both sides, so most of the work is comparing two columns at a time.
Records are told apart by their business key: a record that another row gives now is compared with what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from ecqs_gateway.mapping.check import all_problems
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.lists import ChildRows
from ecqs_gateway.mapping.mapped import ITEM, ORDER, PROBLEM_SCHEMA, REJECT, ROW, Mapped, by_row
from ecqs_gateway.mapping.order import supersede
from ecqs_gateway.model.record import KindSpec, Leaf
from ecqs_gateway.rules.catalogue import CompiledRules

__all__ = ["GOES", "REFUSED", "SUPERSEDED", "Difference", "Verdicts", "compare", "judge"]

GOES, SUPERSEDED, REFUSED = 0, 1, 2
"""What becomes of a row: its record goes, gives way to a newer row of the same key, or is a dead letter."""
_UNREADABLE = "ECQS-2041"


@dataclass(frozen=True)
class Verdicts:
    """One piece of rows under one mapping; ``states`` has one number a row, ``keys`` the business keys as written."""

    mapped: Mapped
    problems: pl.DataFrame
    states: pl.Series
    keys: pl.Series

    @cached_property
    def goes(self) -> pl.Series:
        """Give the mask of rows whose record goes."""
        return self.states == GOES


@dataclass(frozen=True)
class Difference:
    """What differs between two sides of one piece; row numbers are those of the piece.

    ``changed``, ``removed`` and ``added`` are rows of records (a changed one under its row of after). Why a key is gone
    or new: ``rekeyed`` are rows that go on both sides under another key, ``refused`` and ``passing`` are rows refused
    on one side only, ``displaced`` and ``surfaced`` rows that give way to another row on one side only.
    ``fields`` has per path the lines ``__row``, ``old``, ``new``, for fields of lists also ``__item``; a list whose
    number of items differs stands under ``products[]``. ``gained`` and ``lost`` are problems of one side only.
    """

    changed: pl.Series
    removed: pl.Series
    added: pl.Series
    rekeyed: pl.Series
    refused: pl.Series
    passing: pl.Series
    displaced: pl.Series
    surfaced: pl.Series
    fields: Mapping[str, pl.DataFrame]
    gained: pl.DataFrame
    lost: pl.DataFrame


def judge(
    compiled: CompiledMapping,
    rules: CompiledRules | None,
    frame: pl.DataFrame,
    children: Mapping[str, ChildRows],
    *,
    table: str,
    bad_cells: pl.DataFrame | None = None,
) -> Verdicts:
    """Map and check rows as a run does, without writing dead letters; raises what ``CompiledMapping.apply`` raises.

    ``bad_cells`` are cells the source could not give: a row is refused where the mapping uses one of them.
    """
    mapped = compiled.apply(frame, children, table=table)
    problems = all_problems(mapped, rules)
    if bad_cells is not None and bad_cells.height:
        used = bad_cells.filter(pl.col("column").is_in(sorted(compiled.used_columns)))
        problems = by_row([problems, _unreadable(used, mapped.columns)])
    rejected = problems.filter(pl.col("severity") == REJECT)[ROW].unique()
    good = replace(mapped, lists={}, problems=problems.clear()).without(rejected)
    superseded = supersede(good)[1][ROW]
    states = pl.zeros(mapped.rows, dtype=pl.UInt8, eager=True)
    states = states.scatter(superseded, SUPERSEDED).scatter(rejected, REFUSED)
    leaf = next(leaf for leaf in mapped.kind.leaves() if leaf.path == mapped.kind.key)
    return Verdicts(mapped, problems, states, _written(mapped.frame[leaf.path], leaf))


def _unreadable(cells: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    fields = {name: path for path, names in columns.items() for name in names.split(", ")}
    told = cells.select(
        pl.col(ROW).cast(pl.UInt32),
        pl.col("column").replace_strict(fields, default=None, return_dtype=pl.String).alias("field"),
        "column",
        rule=pl.lit(_UNREADABLE),
        severity=pl.lit(REJECT),
        clause=pl.lit(None, pl.String),
        message=pl.col("reason"),
    )
    return told.select(pl.col(name).cast(dtype) for name, dtype in PROBLEM_SCHEMA.items())


def compare(before: Verdicts, after: Verdicts) -> Difference:
    """Find what differs between two verdicts on the same rows."""
    same_key = before.keys.eq_missing(after.keys)
    both = before.goes & after.goes
    steady = both & same_key
    here, there = _moved(before, after, steady)
    removed, added = (_rest(side.goes & ~steady, taken) for side, taken in ((before, here), (after, there)))
    rekeyed = _rows(both & ~same_key)
    fields = dict(_fields(before.mapped, after.mapped, steady))
    if here.len():
        _merge(fields, _fields(_picked(before.mapped, here, there), _picked(after.mapped, there, there), None))
    changed = [lines[ROW] for lines in fields.values()]
    alone = rekeyed.filter(~rekeyed.is_in(here.implode()) & ~rekeyed.is_in(there.implode()))
    if alone.len():
        _merge(fields, _fields(_picked(before.mapped, alone, alone), _picked(after.mapped, alone, alone), None))
    was, now = before.states == REFUSED, after.states == REFUSED
    refused, passing = _rows(now & ~was), _rows(was & ~now)
    return Difference(
        changed=pl.concat(changed).unique() if changed else _rows(steady).clear(),
        removed=removed,
        added=added,
        rekeyed=rekeyed,
        refused=refused,
        passing=passing,
        displaced=removed.filter(after.states.gather(removed) == SUPERSEDED),
        surfaced=added.filter(before.states.gather(added) == SUPERSEDED),
        fields=fields,
        gained=_only(after.problems, before.problems),
        lost=_only(before.problems, after.problems),
    )


def _rows(mask: pl.Series) -> pl.Series:
    return mask.arg_true().cast(pl.UInt32)


def _rest(mask: pl.Series, taken: pl.Series) -> pl.Series:
    rows = _rows(mask)
    return rows.filter(~rows.is_in(taken.implode()))


def _moved(before: Verdicts, after: Verdicts, steady: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Pair the rows of records that another row gives now: the row before, and the row after."""
    sides = []
    for side, name in ((before, "here"), (after, "there")):
        rows = _rows(side.goes & ~steady)
        sides.append(pl.DataFrame({"key": side.keys.gather(rows), name: rows}))
    pairs = sides[0].join(sides[1], on="key", how="inner")
    return pairs["here"], pairs["there"]


def _picked(mapped: Mapped, rows: pl.Series, numbers: pl.Series) -> Mapped:
    """Give some records under other row numbers, in their order."""
    renamed = pl.DataFrame({ROW: rows, "__now": numbers})
    frame = mapped.frame.select(pl.exclude(ORDER)).join(renamed, on=ROW, how="inner")
    lists = {
        path: items.join(renamed, on=ROW, how="inner").drop(ROW).rename({"__now": ROW}).sort(ROW, ITEM)
        for path, items in mapped.lists.items()
    }
    frame = frame.drop(ROW).rename({"__now": ROW}).sort(ROW)
    return replace(mapped, frame=frame, lists=lists)


def _merge(fields: dict[str, pl.DataFrame], more: Iterable[tuple[str, pl.DataFrame]]) -> None:
    for path, lines in more:
        fields[path] = pl.concat([fields[path], lines]) if path in fields else lines


def _fields(before: Mapped, after: Mapped, among: pl.Series | None) -> Iterator[tuple[str, pl.DataFrame]]:
    """Walk the fields with a difference; both sides stand in the same rows, of which those ``among`` count."""
    spec: KindSpec = before.kind
    for leaf in spec.leaves():
        old, new = before.frame[leaf.path], after.frame[leaf.path]
        lines = _lines(leaf, old, new, among, before.frame[ROW].to_frame())
        if lines is not None:
            yield leaf.path, lines
    rows = before.frame[ROW] if among is None else before.frame[ROW].filter(among)
    for node in spec.repeated():
        yield from _list_fields(before.lists[node.path], after.lists[node.path], rows, node.path, tuple(node.leaves()))


def _list_fields(
    before: pl.DataFrame, after: pl.DataFrame, rows: pl.Series, path: str, leaves: tuple[Leaf, ...]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Walk one list: records with another number of items, then the items of the others place by place."""
    if before.equals(after):
        return
    wanted = rows.cast(pl.UInt32).implode()
    old, new = (items.filter(pl.col(ROW).is_in(wanted)) for items in (before, after))
    if not _stand_alike(old, new):
        counts = _counts(old, new).with_columns(pl.lit(0, pl.UInt32).alias(ITEM))
        yield f"{path}[]", counts.select(ROW, ITEM, "old", "new")
        uneven = counts[ROW].implode()
        old, new = (items.filter(~pl.col(ROW).is_in(uneven)) for items in (old, new))
    places = old.select(ROW, ITEM)
    for leaf in leaves:
        lines = _lines(leaf, old[leaf.path], new[leaf.path], None, places)
        if lines is not None:
            yield f"{path}.{leaf.path}", lines


def _stand_alike(old: pl.DataFrame, new: pl.DataFrame) -> bool:
    return old.height == new.height and bool((old[ROW] == new[ROW]).all())


def _counts(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Give the records whose number of items differs, with both numbers."""
    sizes = [items.group_by(ROW).agg(pl.len().alias(name)) for items, name in ((old, "old"), (new, "new"))]
    joined = sizes[0].join(sizes[1], on=ROW, how="full", coalesce=True).with_columns(pl.col("old", "new").fill_null(0))
    return joined.filter(pl.col("old") != pl.col("new")).with_columns(pl.col("old", "new").cast(pl.String)).sort(ROW)


def _lines(
    leaf: Leaf, old: pl.Series, new: pl.Series, among: pl.Series | None, places: pl.DataFrame
) -> pl.DataFrame | None:
    """Give the lines on which one column differs, with both values as they are written; None where there are none."""
    other = old.ne_missing(new)
    if among is not None:
        other &= among
    if not bool(other.any()):
        return None
    lines = places.filter(other)
    return lines.with_columns(
        _written(old.filter(other), leaf).alias("old"), _written(new.filter(other), leaf).alias("new")
    )


def _written(values: pl.Series, leaf: Leaf) -> pl.Series:
    return values.alias("v").to_frame().select(leaf.type.write_expr(pl.col("v")).cast(pl.String)).to_series()


def _only(mine: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Give the problems only one side has: same row, field, rule and severity are the same problem."""
    if mine.is_empty() or mine.equals(theirs):
        return mine.clear()
    return mine.join(theirs, on=[ROW, "field", "rule", "severity"], how="anti", nulls_equal=True)
