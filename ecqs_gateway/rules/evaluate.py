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

_THERE = "__there"
_EMPTY = {"count": pl.lit(0, dtype=pl.Int64), "any": pl.lit(value=False), "all": pl.lit(value=True)}


def evaluate(rules: CompiledRules, frame: pl.DataFrame, lists: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Give one problem (``PROBLEM_SCHEMA``) per record and broken rule, in the order of records and rules.

    ``frame`` has ``__row`` and the fields of the kind, ``lists`` per list ``__row`` and the fields of an item. A list
    that is not among them was not delivered: what rules ask of it is null. ``column`` is left null: rules know
    national fields, the lineage knows source columns.
    """
    if not rules.rules or frame.is_empty():
        return no_problems()
    verdicts = _with_terms(frame.lazy(), rules.terms, lists).select(
        ROW, *(rule.broken.alias(rule.rule.id) for rule in rules.rules)
    )
    found = verdicts.collect()
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


def _with_terms(frame: pl.LazyFrame, terms: Iterable[ListTerm], lists: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    """Add a column per list quantifier, computed on the list's own frame and joined by row."""
    by_list: dict[str, list[ListTerm]] = {}
    for term in terms:
        by_list.setdefault(term.list, []).append(term)
    for name, wanted in by_list.items():
        if name not in lists:
            frame = frame.with_columns(
                pl.lit(None, dtype=pl.Int64 if term.quantifier == "count" else pl.Boolean).alias(term.column)
                for term in wanted
            )
            continue
        answers = _answers(frame, lists[name].lazy(), wanted)
        joined = frame.join(answers, on=ROW, how="left", maintain_order="left")
        absent = pl.col(_THERE).is_null()
        frame = joined.with_columns(
            pl.when(absent).then(_EMPTY[term.quantifier]).otherwise(pl.col(term.column)).alias(term.column)
            for term in wanted
        ).drop(_THERE)
    return frame


def _answers(frame: pl.LazyFrame, items: pl.LazyFrame, terms: list[ListTerm]) -> pl.LazyFrame:
    """Give one line per record that has items: the answer to each quantifier, three-valued as AND and OR are."""
    outer = sorted({name for term in terms for name in term.record_columns})
    if outer:
        items = items.join(frame.select(ROW, *outer), on=ROW, how="left", maintain_order="left")
    told = items.select(ROW, *(term.items.alias(term.column) for term in terms if term.items is not None))
    return told.group_by(ROW).agg(
        pl.lit(value=True).first().alias(_THERE),
        *(_answer(term).alias(term.column) for term in terms),
    )


def _answer(term: ListTerm) -> pl.Expr:
    if term.quantifier == "count":
        return pl.len().cast(pl.Int64)
    verdict = pl.col(term.column)
    return verdict.any(ignore_nulls=False) if term.quantifier == "any" else verdict.all(ignore_nulls=False)
