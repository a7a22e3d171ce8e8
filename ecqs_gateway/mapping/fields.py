"""One field of a mapping, compiled: where its text comes from, and each step until the field type reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.mapping.codematch import CodeStep
from ecqs_gateway.mapping.dateforms import DateForms
from ecqs_gateway.mapping.expr import CompiledExpr, ExprContext, compile_expr
from ecqs_gateway.mapping.source import SourceColumns
from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.mapping.words import Step
from ecqs_gateway.model.columns import exactly
from ecqs_gateway.model.record import Leaf
from ecqs_gateway.model.types import BusinessDate, Integer, Timestamp

__all__ = ["Expression", "FieldPlan", "Unmapped", "blank_to_null", "field_texts"]


@dataclass(frozen=True)
class Unmapped:
    """What happens to a source code that is not in the code file: reject, pass, or a default with its reason."""

    policy: str
    default: str | None = None
    reason: str | None = None


class Expression:
    """An expression of the mapping, compiled once for each set of column types the source shows."""

    def __init__(self, text: str, where: str, compiled: CompiledExpr, context: ExprContext) -> None:
        """Keep the first compilation: its columns are the lineage, whatever types they turn out to have."""
        self.text = text
        self.columns = tuple(sorted(compiled.columns))
        self._where = where
        self._context = context
        self._by_schema: dict[tuple[pl.DataType, ...], CompiledExpr] = {}

    def evaluate(self, typed: pl.DataFrame) -> pl.Series:
        """Give the value of every row; raises ExpressionError where the source's types do not fit."""
        schema = tuple(typed[name].dtype for name in self.columns)
        compiled = self._by_schema.get(schema)
        if compiled is None:
            columns = dict(zip(self.columns, schema, strict=True))
            compiled = self._by_schema[schema] = compile_expr(
                self.text, columns, where=self._where, context=self._context
            )
        # with_columns and not select: an expression without columns must still give one value per row.
        return typed.with_columns(compiled.expr.alias("__value"))["__value"]


@dataclass(frozen=True)
class FieldPlan:
    """One national field: exactly one origin, and the steps in the order they are done."""

    leaf: Leaf
    origin: str
    """from, const, join, expr, absent, or none where the mapping does not name the field."""
    columns: tuple[str, ...] = ()
    """Source columns it reads, as named in its table."""
    lineage: tuple[str, ...] = ()
    """The same for people: with the child table's name, and for a list in a column that column."""
    steps: tuple[tuple[str, Step], ...] = ()
    """Cleaning words and split, each with its name; done on every source column."""
    join_with: str = ""
    constant: str | None = None
    expression: Expression | None = None
    parse: DateForms | None = None
    codes: CodeStep | None = None
    unmapped: Unmapped | None = None
    inexact: str = "pass"
    """What becomes of national codes that do not mean quite the same: pass, flag or reject."""
    default: str | None = None
    reason: str | None = None
    """Why the field is declared absent."""

    @property
    def path(self) -> str:
        """National path, relative to the item for fields of lists."""
        return self.leaf.path

    @property
    def mapped(self) -> bool:
        """Say whether the source or a constant gives this field."""
        return self.origin not in {"absent", "none"}

    @property
    def column(self) -> str:
        """Source columns for problems and screens."""
        return ", ".join(self.lineage)

    def treated(self, text: pl.Expr) -> pl.Expr:
        """Put one text column through the cleaning words and split."""
        if not self.steps:
            return text
        for _, step in self.steps:
            text = step(text)
        return blank_to_null(text)

    @property
    def plain(self) -> bool:
        """Say whether the field type reads the source text without any step in between."""
        treated = self.steps or self.parse or self.codes or self.default is not None
        return self.origin == "from" and not treated

    def takes(self, dtype: pl.DataType) -> bool:
        """Say whether the field type reads a column of this type directly, so that its text need not be made."""
        if isinstance(self.leaf.type, BusinessDate | Timestamp):
            return isinstance(dtype, pl.String | pl.Date | pl.Datetime)
        return dtype == pl.String or (isinstance(self.leaf.type, Integer) and dtype.is_integer())

    def text_expr(self) -> pl.Expr:
        """Give the text before ``parse`` and ``codes`` over the source's text columns, for from and join."""
        if self.origin == "from":
            return self.treated(exactly(self.columns[0])).alias(self.path)
        pieces = [self.treated(exactly(name)) for name in self.columns]
        joined = pl.concat_str(pieces, separator=self.join_with, ignore_nulls=True)
        return blank_to_null(joined).alias(self.path)

    def expression_text(self, source: SourceColumns) -> pl.Series:
        """Give the text of the expression before ``parse`` and ``codes``."""
        if self.expression is None:
            raise ValueError(f"{self.path} has no expression")
        text = text_column(self.expression.evaluate(source.typed(self.columns))).alias(self.path)
        if not self.steps:
            return text
        return text.to_frame().select(self.treated(pl.col(self.path)).alias(self.path)).to_series()


def blank_to_null(text: pl.Expr) -> pl.Expr:
    """Strip what a step may have left at the ends, and make empty text null."""
    stripped = text.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def field_texts(plans: Iterable[FieldPlan], source: SourceColumns, *, raw: bool) -> dict[str, pl.Series]:
    """Give the text of every field that reads the source, after clean, split and join, before parse and codes.

    With ``raw``, fields that only hand their column to the field type get it as it is: the type cleans for itself, and
    date types take dates.
    """
    texts: dict[str, pl.Series] = {}
    treated: list[FieldPlan] = []
    source.prepare(_rendered_columns(plans := tuple(plans), source, raw=raw))
    for plan in plans:
        if plan.plain:
            column = plan.columns[0]
            as_it_is = raw and plan.takes(source.columns[column].dtype)
            found = source.columns[column] if as_it_is else source.raw(column) if raw else source.text(column)
            texts[plan.path] = found.alias(plan.path)
        elif plan.origin in {"from", "join"}:
            if plan.steps or plan.origin == "join":
                treated.append(plan)
            else:
                texts[plan.path] = source.text(plan.columns[0]).alias(plan.path)
        elif plan.origin == "expr":
            texts[plan.path] = plan.expression_text(source)
    if treated:
        needed = dict.fromkeys(name for plan in treated for name in plan.columns)
        frame = source.texts(needed).select(plan.text_expr() for plan in treated)
        texts.update((series.name, series) for series in frame.get_columns())
    return texts


def _rendered_columns(plans: Iterable[FieldPlan], source: SourceColumns, *, raw: bool) -> Iterator[str]:
    """Walk the columns that are needed as text for certain."""
    for plan in plans:
        if plan.origin == "join" or (
            plan.origin == "from" and not (raw and plan.plain and plan.takes(source.columns[plan.columns[0]].dtype))
        ):
            yield from plan.columns
