"""The types of the expression language, and how Polars columns take part in them.

The language knows six kinds of value. A source column keeps its own Polars type; when it is used it is brought to
the one Polars type its kind is computed in, so that no comparison meets two unlike types at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ecqs_gateway.doors import clock
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types import FieldType

if TYPE_CHECKING:  # the rules engine is built on this language
    from ecqs_gateway.rules.calendar import WorkingCalendar

__all__ = ["CompiledExpr", "ExprContext", "ExprType", "ListTerm"]


class ExprType(Enum):
    """The kind of value an expression gives."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    NULL = "null"
    """Only the word NULL (or a CASE of nothing else): fits wherever any other kind is wanted."""


@dataclass(frozen=True)
class ExprContext:
    """What domain functions look things up in, fixed when an expression is compiled.

    ``today`` opens the function of that name, and ``lists`` (the lists of the record kind, with the columns of one
    item) opens ``count``, ``any``, ``all`` and ``count_distinct``; only rules have them, because a mapping must give
    the same record on every day.
    """

    codes: CodeTables | None = None
    calendar: WorkingCalendar | None = None
    today: date | None = None
    lists: Mapping[str, Mapping[str, pl.DataType]] = field(default_factory=dict)
    terms: str = "__term"
    """How the columns of list quantifiers are called: this and a number."""
    canonical: Mapping[str, FieldType] | None = None
    """Field types of the columns where these hold canonical values, as in rules; None for the columns of a source."""
    doubts: list[pl.Expr] | None = None
    """Collects, while an expression is compiled, what is true where content it needs is missing: a calendar year."""

    @classmethod
    def of(cls, codes: CodeTables, calendar: Path, today: date | None = None) -> ExprContext:
        """Give the context of rules: code tables, the folder of calendar files, and the day (the current one)."""
        from ecqs_gateway.rules.calendar import load_calendar  # noqa: PLC0415 -- built on this language

        return cls(codes, load_calendar(calendar), today or clock.today())


@dataclass(frozen=True)
class ListTerm:
    """One list quantifier of an expression, to be computed on the list's own frame before the expression runs.

    ``column`` is the name under which the main expression expects the result. ``items`` is the condition on one
    item, or with ``count_distinct`` its value (None for ``count``), ``item_columns`` what it reads of the item,
    ``record_columns`` what it reads of the record.
    """

    column: str
    list: str
    quantifier: str
    items: pl.Expr | None
    item_columns: frozenset[str]
    record_columns: frozenset[str]


@dataclass(frozen=True)
class CompiledExpr:
    """An expression ready to run: ``frame.with_columns(x=compiled.expr)`` gives one value per row and never raises.

    Its Polars type follows from ``kind`` (``expr_values.DTYPES``); one that reads no column broadcasts. ``columns``
    is exactly the set of frame columns it reads (its lineage); ``terms`` are the list quantifiers to compute first
    (empty in mappings).
    """

    text: str
    expr: pl.Expr
    columns: frozenset[str]
    kind: ExprType
    terms: tuple[ListTerm, ...] = ()
