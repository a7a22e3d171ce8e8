"""What is said of values a code file does not turn into exactly one national code of the same meaning."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from ecqs_gateway.mapping.codematch import CodeMatch
from ecqs_gateway.mapping.faults import DEFAULTED, INEXACT, NO_EQUIVALENT, OUT_OF_PERIOD, PASSED_ON, UNMAPPED
from ecqs_gateway.mapping.fields import FieldPlan
from ecqs_gateway.mapping.mapped import FLAG, REJECT

__all__ = ["coded"]

_Note = tuple[pl.Series, str, str, str]
"""Lines, code, severity and message."""

_CAUSES = {
    UNMAPPED: "中没有此值",
    NO_EQUIVALENT: "注明此值没有对应的国家代码",
    OUT_OF_PERIOD: "中此值在业务日期不适用",
}
_MEANINGS = {
    "wider": "国家代码的含义宽于本单位的值",
    "narrower": "国家代码的含义窄于本单位的值",
}


def coded(plan: FieldPlan, match: CodeMatch) -> Iterator[_Note]:
    """Walk what is to be said of a column's values; what becomes of them is the evaluation's business."""
    table = f"{plan.leaf.title}：本单位代码表 {plan.codes.name if plan.codes else ''} "
    for rule, lines in _causes(match):
        yield _unmapped(plan, lines, rule, table + _CAUSES[rule])
    if plan.inexact == "pass":
        return
    for name, marked in (("wider", match.wider), ("narrower", match.narrower)):
        if marked is not None:
            yield marked, INEXACT, REJECT if plan.inexact == "reject" else FLAG, f"{table}注明{_MEANINGS[name]}"


def _causes(match: CodeMatch) -> Iterator[tuple[str, pl.Series]]:
    if match.unmapped is None:
        return
    rest = match.unmapped
    for rule, lines in ((NO_EQUIVALENT, match.none), (OUT_OF_PERIOD, match.outside)):
        if lines is not None:
            rest = rest & ~lines
            yield rule, lines
    if bool(rest.any()):
        yield UNMAPPED, rest


def _unmapped(plan: FieldPlan, lines: pl.Series, rule: str, told: str) -> _Note:
    policy = plan.unmapped
    if policy is None or policy.policy == "reject":
        return lines, rule, REJECT, told
    if policy.policy == "pass":
        return lines, PASSED_ON, FLAG, f"{told}，按原值报送"
    return lines, DEFAULTED, FLAG, f"{told}，按默认值 {policy.default} 报送：{policy.reason}"
