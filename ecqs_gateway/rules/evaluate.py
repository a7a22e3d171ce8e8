"""Run compiled rules over a frame of records: one pass of column expressions, then only the failing rows.

A rule is broken where its expression is false. Where it is null, something the rule needs is absent, and the rule
counts as kept: an absent field is the business of the field types, not of every rule that would have looked at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from ecqs_gateway.mapping.expr import ListTerm
from ecqs_gateway.mapping.mapped import PROBLEM_SCHEMA, ROW, no_problems
from ecqs_gateway.rules.catalogue import CompiledRule, CompiledRules

__all__ = ["evaluate"]

_DTYPES = {"count": pl.Int64, "any": pl.Boolean, "all": pl.Boolean}


def evaluate(rules: CompiledRules, frame: pl.DataFrame, lists: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Give one problem (``PROBLEM_SCHEMA``) per record and broken rule, in the order of records and rules.

    ``frame`` has ``__row`` and the fields of the kind, ``lists`` per list ``__row`` and the fields of an item. A list
    that is not among them was not delivered: what rules ask of it is null. ``column`` is left null: rules know
    national fields, the lineage knows source columns.
    """
    if not rules.rules or frame.is_empty():
        return no_problems()
    # One after the other: the other cores have batches to validate, and dealing out small columns costs more.
    found = _with_terms(frame, rules.terms, lists).select_seq(
        ROW, *(rule.broken.alias(rule.rule.id) for rule in rules.rules)
    )
    problems = [
        _problems(rule, rows)
        for rule in rules.rules
        if (rows := found[ROW].gather(found[rule.rule.id].fill_null(value=False).arg_true())).len()
    ]
    return pl.concat(problems).sort(ROW, maintain_order=True) if problems else no_problems()


def _problems(rule: CompiledRule, rows: pl.Series) -> pl.DataFrame:
    told = {
        "field": ",".join(rule.rule.fields),
        "column": None,
        "rule": rule.rule.id,
        "severity": rule.rule.severity,
        "clause": rule.clause,
        "message": rule.rule.message.zh,
    }
    return (
        rows.cast(pl.UInt32)
        .to_frame(ROW)
        .with_columns(pl.lit(text, dtype=PROBLEM_SCHEMA[name]).alias(name) for name, text in told.items())
    )


def _with_terms(frame: pl.DataFrame, terms: Iterable[ListTerm], lists: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Add a column per list quantifier, computed on the list's own frame and put at its record's place."""
    by_list: dict[str, list[ListTerm]] = {}
    for term in terms:
        by_list.setdefault(term.list, []).append(term)
    for name, wanted in by_list.items():
        if name in lists:
            frame = frame.with_columns(_answers(frame, lists[name], wanted))
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
    told = pl.concat([items, frame.select(outer)[places]], how="horizontal") if outer else items
    verdicts = told.select(term.items.alias(term.column) for term in terms if term.items is not None)
    return [
        _counted(places, frame.height).alias(term.column)
        if term.quantifier == "count"
        else _decided(term, verdicts[term.column], places, frame.height)
        for term in terms
    ]


def _placed(rows: pl.Series, items: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Give the items that belong to one of these records, and the place of each one's record; ``rows`` ascend."""
    wanted = items[ROW].cast(rows.dtype)
    places = rows.search_sorted(wanted).cast(pl.UInt32)
    here = (places < rows.len()) & (rows.gather(places.clip(0, rows.len() - 1)) == wanted)
    return (items, places) if bool(here.all()) else (items.filter(here), places.filter(here))


def _counted(places: pl.Series, height: int) -> pl.Series:
    counts = places.value_counts()
    return pl.zeros(height, dtype=pl.Int64, eager=True).scatter(counts.to_series(0), counts["count"].cast(pl.Int64))


def _decided(term: ListTerm, verdict: pl.Series, places: pl.Series, height: int) -> pl.Series:
    """Begin with what an empty list says; an unknown item makes it unknown, and one that decides has the last word."""
    start = term.quantifier == "all"
    answer = pl.Series(term.column, [start]).new_from_index(0, height)
    if verdict.len() != places.len():  # a condition without columns is one value for all items
        verdict = verdict.new_from_index(0, places.len())
    if verdict.null_count():
        answer = answer.scatter(places.filter(verdict.is_null()), None)
    deciding = (~verdict if start else verdict).fill_null(value=False)
    return answer.scatter(places.filter(deciding), not start) if bool(deciding.any()) else answer
