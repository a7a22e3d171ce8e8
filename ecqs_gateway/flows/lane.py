"""One lane made ready: everything that is compiled or looked up once before the rows of a unit and kind flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from ecqs_gateway.content.models import ChildTable, ConnectorFile, Stream
from ecqs_gateway.flows.facts import FactPlan
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.model.columns import written_anew
from ecqs_gateway.model.record import KindSpec
from ecqs_gateway.rules import CompiledRules
from ecqs_gateway.rules.against import facts_expr, link_expr

__all__ = ["LanePlan"]


@dataclass(frozen=True)
class LanePlan:
    """The compiled content of one unit and kind."""

    unit: str
    kind: str
    spec: KindSpec
    connector: ConnectorFile
    stream: Stream
    mapping: CompiledMapping
    rules: CompiledRules
    facts: FactPlan

    @property
    def table(self) -> str:
        """Name the table, files or path the rows come from."""
        return self.stream.origin

    @cached_property
    def beside(self) -> tuple[pl.Expr, pl.Expr]:
        """What the ledger keeps beside a version: facts that rules look back at, the certificate it replaces."""
        facts, link = facts_expr(self.spec, self.rules.facts), link_expr(self.spec, self.rules.links)
        return facts.alias("facts"), written_anew(link).alias("link")

    def children(self) -> Mapping[str, ChildTable]:
        """Give the child tables of the stream; files have none."""
        return self.stream.children
