"""A compiled mapping: maps chunks, and answers where each field comes from and what is covered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import polars as pl

from ecqs_gateway.content.models import MappingFile
from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.coverage import Coverage, coverage_of
from ecqs_gateway.mapping.evaluate import FieldSet
from ecqs_gateway.mapping.fields import field_texts
from ecqs_gateway.mapping.lists import ChildRows, ListPlan, parents_of
from ecqs_gateway.mapping.mapped import ROW, Mapped
from ecqs_gateway.mapping.order import order_key
from ecqs_gateway.mapping.problemlines import Place, ProblemLines
from ecqs_gateway.mapping.source import SourceColumns, Wanted, require_columns
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.columns import framed
from ecqs_gateway.model.record import KindSpec

__all__ = ["CompiledMapping"]

_NO_CHILDREN: Mapping[str, ChildRows] = MappingProxyType({})


@dataclass(frozen=True)
class CompiledMapping:
    """A mapping file ready to run; made by ``compile_mapping``."""

    mapping: MappingFile
    spec: KindSpec
    codes: CodeTables
    record: FieldSet
    lists: tuple[ListPlan, ...]
    wanted: Wanted
    """Columns of the record's own table, each with what uses it."""

    @property
    def where(self) -> str:
        """Unit and kind, for messages."""
        return f"{self.mapping.unit}/{self.mapping.kind}"

    def apply(
        self, frame: pl.DataFrame, children: Mapping[str, ChildRows] = _NO_CHILDREN, *, table: str = "the source table"
    ) -> Mapped:
        """Map one chunk: every row becomes a record, good or with problems; no content of a row makes it raise.

        Raises ``Misconfigured`` when the source lacks a column or child table the mapping names (ECQS-2080, 2081), or
        shows types that an expression does not fit (ECQS-1104), or has a column of a name we need (ECQS-1413).
        ``table`` is the name of the source in messages.
        """
        require_columns(self.wanted, frame.columns, table=table, where=self.where)
        _require_free(frame.columns, table)
        record = SourceColumns(frame)
        attached, orphans = self._attached(children, record)
        rows = pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias(ROW)
        problems = ProblemLines()
        texts = field_texts(self.record.plans, record, raw=True)
        columns = [rows, *self.record.finish(texts, Place(rows), problems)]
        if self.mapping.newest_by:
            by = {name: frame[name].dtype for name in self.mapping.newest_by}
            columns.append(order_key(record.texts(by), by))
        days = next(series for series in columns if series.name == self.spec.date)
        lists = {plan.path: plan.run(record, attached, problems, days) for plan in self.lists}
        source = framed([rows, *frame.get_columns()])
        mapped = framed(columns)
        return Mapped(self.spec, mapped, lists, problems.table(), source, attached, orphans, self._columns)

    def _attached(
        self, children: Mapping[str, ChildRows], record: SourceColumns
    ) -> tuple[dict[str, pl.DataFrame], dict[str, int]]:
        for plan in self.lists:
            if plan.origin == "child":
                child = children.get(plan.source)
                if child is None:
                    raise Misconfigured(
                        "ECQS-2081",
                        f"child table {plan.source} was not read; {plan.path} is made from it",
                        where=self.where,
                        hint=did_you_mean(plan.source, children) or "add it under children of the connector's stream",
                    )
                require_columns(plan.wanted, child.frame.columns, table=plan.source, where=self.where)
        attached, orphans = {}, {}
        for name, child in children.items():
            attached[name], orphans[name] = parents_of(child, record, name, self.where)
        return attached, orphans

    def lineage(self) -> dict[str, tuple[str, ...]]:
        """Give the source columns of each national field; constants and fields nothing gives have none.

        List fields are written ``products.name``, child columns ``cp.CPMC``.
        """
        found = {plan.path: plan.lineage for plan in self.record.plans}
        for one in self.lists:
            found[one.path] = (one.source,) if one.source else ()
            found.update((f"{one.path}.{plan.path}", plan.lineage) for plan in one.fields.plans)
        return found

    @cached_property
    def _columns(self) -> Mapping[str, str]:
        return MappingProxyType({path: ", ".join(columns) for path, columns in self.lineage().items()})

    @cached_property
    def used_columns(self) -> frozenset[str]:
        """Every source column the mapping reads; those of child tables as ``cp.CPMC``."""
        mine = set(self.wanted)
        for one in self.lists:
            if one.origin == "child":
                mine.update(f"{one.source}.{name}" for name in one.wanted)
        return frozenset(mine)

    def coverage(self, source_columns: Mapping[str, pl.DataType] | None = None) -> Coverage:
        """Say how every national field is covered, and what became of every source column where they are known."""
        return coverage_of(self.mapping, self.record, self.lists, source_columns, self.used_columns)


def _require_free(columns: Iterable[str], table: str) -> None:
    if ROW in columns:
        raise Misconfigured(
            "ECQS-1413",
            f"{table} has a column named {ROW}, which is the gateway's own name for the number of a row",
            hint="read the table through a view that gives this column another name",
        )
