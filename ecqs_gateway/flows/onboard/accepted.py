"""The mapping as it would be after every proposal was agreed to: what sample rows are run through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecqs_gateway.content.todos import MARK
from ecqs_gateway.flows.onboard.draft import Line, ListLine
from ecqs_gateway.flows.onboard.plan import KindPlan
from ecqs_gateway.model.record import Leaf
from ecqs_gateway.model.types import Code

__all__ = ["Accepted", "accepted"]


@dataclass(frozen=True)
class Accepted:
    """The data of a mapping file; ``invented`` where a required field got a stand-in because nothing was found."""

    data: dict[str, Any]
    invented: bool


def accepted(plan: KindPlan) -> Accepted:
    """Agree to everything; gaps of required fields get a stand-in, so that the rest can be tried."""
    leaves = {leaf.path: leaf for leaf in plan.kind.leaves()}
    fields = {line.path: _body(line, leaves[line.path], plan) for line in plan.fields}
    lists = {one.path: _list(one, plan) for one in plan.lists if one.fields}
    data: dict[str, Any] = {
        "version": 1,
        "unit": plan.unit,
        "kind": plan.kind.kind,
        "owner": "onboarding",
        "fields": fields,
        "children": lists,
    }
    invented = any(line.empty for line in plan.fields) or any(MARK in str(one.origin) for one in plan.lists)
    return Accepted(data, invented)


def _body(line: Line, leaf: Leaf, plan: KindPlan) -> Any:
    if not line.empty:
        return dict(line.body)
    kind = leaf.type
    if isinstance(kind, Code):
        file = next((one for one in plan.codes if one.table == kind.table), None)
        return {"const": file.lines[0].guess.code if file and file.lines and file.lines[0].guess.code else "01"}
    return {"const": str(kind.good[0]) if kind.good else "待定"}


def _list(one: ListLine, plan: KindPlan) -> dict[str, Any]:
    origin: dict[str, Any] = dict(one.origin)
    if MARK in str(origin):
        origin = {"split": {"from": plan.table.sample.columns[0], "by": "[;；]"}}
    paths = {line.path.removeprefix(f"{one.path}."): dict(line.body) for line in one.fields}
    return {**origin, "fields": paths}
