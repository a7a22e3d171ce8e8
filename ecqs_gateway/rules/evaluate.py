"""Run compiled rules over a frame of records: one pass of column expressions, then only the failing rows.

A rule is broken where its expression is false. Where it is null, something the rule needs is absent, and the rule
counts as kept: an absent field is the business of the field types, not of every rule that would have looked at it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache

import numpy as np
import polars as pl

from ecqs_gateway.mapping.expr import ListTerm
from ecqs_gateway.mapping.mapped import FLAG, HOLD, PROBLEM_SCHEMA, ROW, by_row, no_problems
from ecqs_gateway.model.columns import framed
from ecqs_gateway.rules.against import References, joined, with_recognised
from ecqs_gateway.rules.catalogue import CompiledRule, CompiledRules

__all__ = ["UNANSWERED", "UNJUDGED", "broken_rows", "evaluate", "evaluate_cross"]

_DTYPES = {"count": pl.Int64, "count_distinct": pl.Int64, "any": pl.Boolean, "all": pl.Boolean}

UNJUDGED = "CAL-001"
"""Rule id of the finding that a rule on working days could not be judged, for want of a year of the calendar."""
UNANSWERED = "ECQS-1350"
"""Code under which a record is held that headquarters must first be asked about."""


def evaluate(
    rules: CompiledRules,
    frame: pl.DataFrame,
    lists: Mapping[str, pl.DataFrame],
    delivered: Collection[str] | None = None,
) -> pl.DataFrame:
    """Judge the rules on a record alone: one problem (``PROBLEM_SCHEMA``) per record and broken rule.

    They stand in the order of records and rules. ``frame`` has ``__row`` and the fields of the kind, ``lists`` per list
    ``__row`` and the fields of an item. A list that is not among them was not delivered: what rules ask of it is null.
    ``column`` is left null: rules know national fields, the lineage knows source columns. ``delivered`` are the fields
    the mapping gives (None: all): a rule that needs another one is not judged.
    """
    known = rules.rules if delivered is None else tuple(r for r in rules.rules if set(r.rule.needs) <= set(delivered))
    return _judged(known, frame, lists)


def evaluate_cross(
    rules: CompiledRules, frame: pl.DataFrame, lists: Mapping[str, pl.DataFrame], given: References
) -> pl.DataFrame:
    """Judge the rules that look beside the record, like ``evaluate``; severity ``hold`` where an answer is missing."""
    if not rules.cross or frame.is_empty():
        return no_problems()
    for day in sorted({_day(rules, rule) for rule in rules.cross if rule.rule.against == "inspectors"}):
        lists = with_recognised(frame, lists, given.inspectors, day)
    wanted = {name: match for rule in rules.cross for name, match in rule.beside.items()}
    return _judged(rules.cross, joined(rules.kind, frame, wanted, given), lists)


def broken_rows(rule: CompiledRule, frame: pl.DataFrame, lists: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Give the rows that break one rule, where the frame already has what the rule looks at beside the record."""
    return _with_terms(frame, rule.terms, lists).filter(rule.broken.fill_null(value=False))[ROW]


def _day(rules: CompiledRules, rule: CompiledRule) -> str:
    return rule.rule.effective.by or rules.kind.date


def _judged(rules: tuple[CompiledRule, ...], frame: pl.DataFrame, lists: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    if not rules or frame.is_empty():
        return no_problems()
    outcomes = [outcome for rule in rules for outcome in _outcomes(rule)]
    terms = [term for rule in rules for term in rule.terms]
    # One after the other: the other cores have batches to validate, and dealing out small columns costs more.
    found = _with_terms(frame, terms, lists).select_seq(
        ROW, *(expr.alias(str(place)) for place, (expr, _) in enumerate(outcomes))
    )
    rows, *verdicts = found.get_columns()
    # Null is no breach, neither to any() nor to filter(); a rule nobody breaks, as most are, costs one look.
    problems = [
        _problems(told, rows.filter(verdict))
        for (_, told), verdict in zip(outcomes, verdicts, strict=True)
        if bool(verdict.any())
    ]
    return by_row(problems)


_Told = Mapping[str, str | None]


def _outcomes(rule: CompiledRule) -> Iterator[tuple[pl.Expr, _Told]]:
    """Give what may come of a rule: a condition on the record, and what is told where it holds."""
    told: dict[str, str | None] = {
        "field": ",".join(rule.rule.fields),
        "column": None,
        "rule": rule.rule.id,
        "severity": rule.rule.severity,
        "clause": rule.clause,
        "message": rule.rule.message.zh,
    }
    yield rule.broken, told
    if rule.doubtful is not None:
        message = f"规则 {rule.rule.id}（{rule.rule.title}）未能判断：缺少所涉年份的工作日历"
        yield rule.doubtful, told | {"rule": UNJUDGED, "severity": FLAG, "message": message}
    if rule.held is not None:
        message = f"规则 {rule.rule.id}（{rule.rule.title}）须先向总局查询，尚未得到答复：记录暂存，下次运行自动重试"
        yield rule.held, told | {"rule": UNANSWERED, "severity": HOLD, "message": message}


def _problems(told: _Told, rows: pl.Series) -> pl.DataFrame:
    texts = (_told(name, text).new_from_index(0, rows.len()) for name, text in told.items())
    return framed([rows.cast(pl.UInt32), *texts])


@cache
def _told(name: str, text: str | None) -> pl.Series:
    """Make what is told of a rule, which is the same in every chunk, once."""
    return pl.Series(name, [text], dtype=PROBLEM_SCHEMA[name])


def _with_terms(frame: pl.DataFrame, terms: Iterable[ListTerm], lists: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Add a column per list quantifier, computed on the list's own frame and put at its record's place."""
    by_list: dict[str, list[ListTerm]] = {}
    for term in terms:
        by_list.setdefault(term.list, []).append(term)
    for name, wanted in by_list.items():
        if name in lists:
            frame = frame.hstack(_answers(frame, lists[name], wanted))
        else:
            frame = frame.with_columns(
                pl.lit(None, dtype=_DTYPES[term.quantifier]).alias(term.column) for term in wanted
            )
    return frame


def _answers(frame: pl.DataFrame, items: pl.DataFrame, terms: list[ListTerm]) -> list[pl.Series]:
    """Give the answer to each quantifier, one per record: three-valued, as AND and OR are.

    Most items of most lists keep the rule, so only the places of those that decide are looked at.
    """
    items, places = _placed(frame[ROW], items)
    outer = sorted({name for term in terms for name in term.record_columns})
    told = items.hstack(frame[outer][places].get_columns()) if outer else items
    verdicts = told.select_seq(term.items.alias(term.column) for term in terms if term.items is not None)
    return [_answer(term, verdicts, places, frame.height).alias(term.column) for term in terms]


def _answer(term: ListTerm, verdicts: pl.DataFrame, places: pl.Series, height: int) -> pl.Series:
    if term.quantifier == "count":
        return _counted(places, height)
    values = _broadcast(verdicts[term.column], places.len())
    if term.quantifier == "count_distinct":
        distinct = framed([places.alias("place"), values.alias("value")]).drop_nulls().unique()
        return _counted(distinct["place"], height)
    return _decided(values, places, height, start=term.quantifier == "all")


def _broadcast(values: pl.Series, length: int) -> pl.Series:
    """Give one value per item; an expression without columns is one value for all."""
    return values if values.len() == length else values.new_from_index(0, length)


def _placed(rows: pl.Series, items: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Give the items that belong to one of these records, and the place of each one's record; ``rows`` ascend."""
    wanted = items[ROW].cast(rows.dtype)
    if rows.len() and rows[-1] == rows.len() - 1:  # every record of the chunk, as nearly always: place is number
        places, here = wanted, wanted < rows.len()
    else:
        places = rows.search_sorted(wanted)
        here = (places < rows.len()) & (rows.gather(places.clip(0, rows.len() - 1)) == wanted)
    places = places.cast(pl.UInt32)
    return (items, places) if bool(here.all()) else (items.filter(here), places.filter(here))


def _counted(places: pl.Series, height: int) -> pl.Series:
    return pl.Series(np.bincount(places.to_numpy(), minlength=height).astype(np.int64))


_UNKNOWN = pl.Series([None], dtype=pl.Boolean)


def _decided(verdict: pl.Series, places: pl.Series, height: int, *, start: bool) -> pl.Series:
    """Begin with what an empty list says; an unknown item makes it unknown, and one that decides has the last word."""
    deciding = places.filter(~verdict if start else verdict).to_numpy()
    answer = np.full(height, start)
    answer[deciding] = not start
    found = pl.Series(answer)
    if not verdict.null_count():
        return found
    known = np.ones(height, bool)
    unknown = places if verdict.null_count() == verdict.len() else places.filter(verdict.is_null())
    known[unknown.to_numpy()] = False
    known[deciding] = True
    return found.zip_with(pl.Series(known), _UNKNOWN.new_from_index(0, height))
