"""Follow-ups compiled: which records bring one about, what it is about and when it is due, in column expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from ecqs_gateway.content.models_followups import FollowUp, FollowUpsFile
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import ExprContext, ExprType, compile_expr
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import KindSpec
from ecqs_gateway.rules.catalogue import rule_columns

__all__ = ["DUE", "MET", "CompiledFollowUps", "compile_followups"]

DUE: Mapping[str, pl.DataType] = {
    "rule": pl.String(), "key": pl.String(), "subject": pl.String(), "since": pl.Date(), "due": pl.Date(),
    "lapses": pl.Date(),
}  # fmt: skip
"""Columns of what is due: follow-up, business key of the record, subject, the three days (``lapses`` may be null)."""
MET: Mapping[str, pl.DataType] = {"rule": pl.String(), "key": pl.String(), "subject": pl.String(), "day": pl.Date()}
"""Columns of what settles: follow-up, business key of the record, subject, the day it was done."""


@dataclass(frozen=True)
class _Side:
    """What records of one kind say about one follow-up."""

    rule: str
    condition: pl.Expr
    values: Mapping[str, pl.Expr]
    columns: frozenset[str]


@dataclass(frozen=True)
class CompiledFollowUps:
    """All follow-ups: ``due`` and ``met`` by record kind."""

    due: Mapping[str, tuple[_Side, ...]]
    met: Mapping[str, tuple[_Side, ...]]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Give the record kinds that matter."""
        return tuple(sorted({*self.due, *self.met}))

    def columns(self, kind: str) -> frozenset[str]:
        """Give the fields of a kind that are read."""
        sides = (*self.due.get(kind, ()), *self.met.get(kind, ()))
        return frozenset(name for side in sides for name in side.columns)

    def of(self, kind: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give what is due by records (``key`` and ``columns(kind)``), and what they settle: frames DUE and MET."""
        return _rows(self.due.get(kind, ()), frame, DUE), _rows(self.met.get(kind, ()), frame, MET)


def _rows(sides: Sequence[_Side], frame: pl.DataFrame, shape: Mapping[str, pl.DataType]) -> pl.DataFrame:
    found = [
        frame.filter(side.condition).select(
            pl.lit(side.rule).alias("rule"), "key", *(value.alias(name) for name, value in side.values.items())
        )
        for side in sides
    ]
    needed = [name for name in shape if name != "lapses"]
    return pl.concat([pl.DataFrame(schema=dict(shape)), *found]).drop_nulls(needed)


def compile_followups(files: Iterable[FollowUpsFile], context: ExprContext) -> CompiledFollowUps:
    """Compile all follow-ups; raises Misconfigured ECQS-7201 to 7203 and 11xx that name the follow-up."""
    due: dict[str, list[_Side]] = {}
    met: dict[str, list[_Side]] = {}
    for file in files:
        for one in file.followups:
            due.setdefault(one.kind, []).append(_due(one, context))
            met.setdefault(one.met_by.kind, []).append(_met(one, context))
    return CompiledFollowUps({k: tuple(v) for k, v in due.items()}, {k: tuple(v) for k, v in met.items()})


def _due(one: FollowUp, context: ExprContext) -> _Side:
    kind = _kind(one, one.kind)
    condition, columns = _condition(one, kind, one.when, context)
    start = _day(one, kind, one.due.from_)
    moved = start.dt.offset_by(f"{one.due.days}d") if one.due.months is None else _months(start, one.due.months)
    lapses = pl.lit(None, pl.Date()) if one.lapses is None else _day(one, kind, one.lapses)
    values = {"subject": _text(one, kind, one.subject), "since": _day(one, kind, one.since), "due": moved}
    named = {one.subject, one.since, one.due.from_, *((one.lapses,) if one.lapses else ())}
    return _Side(one.id, condition, {**values, "lapses": lapses}, columns | named)


def _months(day: pl.Expr, months: int) -> pl.Expr:
    """Move by months; the 31st becomes the last day of a shorter month."""
    first = day.dt.month_start().dt.offset_by(f"{months}mo")
    return pl.min_horizontal(first.dt.offset_by("1mo").dt.offset_by("-1d"), first + (day - day.dt.month_start()))


def _met(one: FollowUp, context: ExprContext) -> _Side:
    by = one.met_by
    kind = _kind(one, by.kind)
    condition, columns = _condition(one, kind, by.when, context)
    values = {"subject": _text(one, kind, by.subject), "day": _day(one, kind, by.date)}
    return _Side(one.id, condition, values, columns | {by.subject, by.date})


def _kind(one: FollowUp, name: str) -> KindSpec:
    if name not in KINDS:
        hint = f"kinds are {', '.join(sorted(KINDS))}"
        raise Misconfigured("ECQS-7201", f"there is no record kind {name}", where=f"follow-up {one.id}", hint=hint)
    return spec(name)


def _condition(one: FollowUp, kind: KindSpec, text: str, context: ExprContext) -> tuple[pl.Expr, frozenset[str]]:
    found = compile_expr(text, rule_columns(kind), where=f"follow-up {one.id}", context=replace(context, lists={}))
    if found.kind is not ExprType.BOOLEAN:
        message = f"the expression gives {found.kind.value}, a follow-up needs a condition"
        raise Misconfigured("ECQS-7203", message, where=f"follow-up {one.id}", hint="compare it with something")
    return found.expr.fill_null(value=False), frozenset(found.columns)


def _day(one: FollowUp, kind: KindSpec, name: str) -> pl.Expr:
    return _field(one, kind, name, pl.Date(), "date")


def _text(one: FollowUp, kind: KindSpec, name: str) -> pl.Expr:
    return _field(one, kind, name, pl.String(), "text")


def _field(one: FollowUp, kind: KindSpec, name: str, dtype: Any, what: str) -> pl.Expr:
    if rule_columns(kind).get(name) != dtype:
        message = f"{name} is no {what} field of {kind.kind}"
        names = [path for path, found in rule_columns(kind).items() if found == dtype]
        raise Misconfigured("ECQS-7202", message, where=f"follow-up {one.id}", hint=f"such fields: {', '.join(names)}")
    return pl.col(name)
