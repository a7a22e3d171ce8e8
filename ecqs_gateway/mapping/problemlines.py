"""Gathers the problems of a chunk, line by line, and makes one table of them.

Problems are few, so they are kept as plain lists until the end: a Polars call per field and problem would cost more
than the problems themselves, and plain lists do not keep the batch's buffers alive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.mapping.mapped import PROBLEM_SCHEMA, REJECT, ROW, no_problems
from ecqs_gateway.model.columns import framed, in_order
from ecqs_gateway.model.types import FieldProblem

__all__ = ["Place", "ProblemLines", "Where"]

Where = tuple[list[int], list[str]]
"""Row numbers and national fields of some lines."""


@dataclass(frozen=True)
class Place:
    """Which row each line of some columns belongs to, and for list items which item of which list."""

    rows: pl.Series
    items: pl.Series | None = None
    list_path: str = ""

    @property
    def height(self) -> int:
        """Count the lines."""
        return len(self.rows)

    def fields(self, lines: pl.Series, path: str) -> Where:
        """Give row and national field of the marked lines, such as ``products[2].name``."""
        rows: list[int] = self.rows.filter(lines).to_list()
        if self.items is None:
            return rows, [path] * len(rows)
        return rows, [f"{self.list_path}[{item}].{path}" for item in self.items.filter(lines).to_list()]


@dataclass
class ProblemLines:
    """The problems of one chunk."""

    rows: list[int] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    columns: list[str | None] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    severities: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def add(self, where: Where, column: str, what: tuple[str, str, str]) -> None:
        """Add one problem (code, severity, message) of several lines."""
        rule, severity, message = what
        count = len(where[0])
        self._extend(where, column, severity)
        self.rules.extend([rule] * count)
        self.messages.extend([message] * count)

    def add_each(self, where: Where, column: str, reasons: Sequence[FieldProblem]) -> None:
        """Add the problem of each line, all of which reject."""
        self._extend(where, column, REJECT)
        self.rules.extend(reason.code for reason in reasons)
        self.messages.extend(reason.message for reason in reasons)

    def _extend(self, where: Where, column: str, severity: str) -> None:
        rows, fields = where
        self.rows.extend(rows)
        self.fields.extend(fields)
        self.columns.extend([column or None] * len(rows))
        self.severities.extend([severity] * len(rows))

    def table(self) -> pl.DataFrame:
        """Give all of them as ``PROBLEM_SCHEMA``, by row and within a row in the order they were found."""
        if not self.rows:
            return no_problems()
        data: dict[str, Sequence[object]] = {
            ROW: self.rows,
            "field": self.fields,
            "column": self.columns,
            "rule": self.rules,
            "severity": self.severities,
            "clause": [None] * len(self.rows),
            "message": self.messages,
        }
        lines = framed([pl.Series(name, data[name], dtype=dtype) for name, dtype in PROBLEM_SCHEMA.items()])
        return in_order(lines, lines[ROW].to_numpy())
