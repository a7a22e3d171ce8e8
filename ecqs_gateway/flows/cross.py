"""Cross-record rules inside the pipeline: only what is about to go out is judged, for only there can a finding travel.

A record that is not new has been judged when it was; one that must wait for headquarters becomes a letter of its own
kind, which the next run takes up again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from ecqs_gateway.mapping.check import shaped
from ecqs_gateway.mapping.deadletters import bad_rows
from ecqs_gateway.mapping.mapped import FLAG, ROW, Mapped, by_row, detach, no_bad_rows, no_problems
from ecqs_gateway.model.columns import framed, rows_where
from ecqs_gateway.rules import CompiledRules, References, evaluate_cross

if TYPE_CHECKING:
    from ecqs_gateway.flows.prepare import Known

__all__ = ["Crossed", "cross", "merged"]


@dataclass(frozen=True)
class Crossed:
    """What cross-record rules came to: ``flags`` (``PROBLEM_SCHEMA``) and ``held`` (``BAD_SCHEMA``), by ``__row``."""

    flags: pl.DataFrame
    held: pl.DataFrame


def cross(rules: CompiledRules, kept: Mapped, judged: pl.DataFrame, known: Known) -> Crossed:
    """Judge the cross-record rules on the records of a chunk that are new.

    ``judged`` has ``__row``, ``verdict``, ``key`` and ``known_facts``, the facts of the version sent before. A held
    record is told with all its problems.
    """
    isnew = judged["verdict"] == "fresh"
    if not rules.cross or not bool(isnew.any()):
        return _nothing()
    new = judged if bool(isnew.all()) else rows_where(judged, isnew)
    fresh = kept if new.height == kept.rows else kept.only(new[ROW])
    previous = framed([new["key"], new["known_facts"].alias("facts")])
    if previous["facts"].null_count():
        previous = rows_where(previous, previous["facts"].is_not_null())
    given = References(previous, known.certificates, known.inspectors)
    lists = {path: items for path, items in fresh.lists.items() if fresh.columns.get(path, path)}
    found = shaped(evaluate_cross(rules, fresh.frame, lists, given), fresh.columns)
    if found.is_empty():
        return _nothing()
    waiting = found.filter(pl.col("severity") != FLAG)[ROW].unique().sort()
    told = replace(fresh, problems=merged(fresh.problems, found))
    held = bad_rows(told, waiting)
    return Crossed(detach(found.filter(~pl.col(ROW).is_in(waiting.implode()))), held)


def _nothing() -> Crossed:
    return Crossed(no_problems(), no_bad_rows())


def merged(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Put problems together in the order of their rows, first those of ``one``."""
    return by_row([one, other])
