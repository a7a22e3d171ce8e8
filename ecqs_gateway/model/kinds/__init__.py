"""Record kinds: which exist, and the specification the engine reads from each.

A new kind is a module beside these with one ``Record`` model, and one line in ``KINDS``. XSD, reference and tests
follow from it (``python -m ecqs_gateway.model.generate``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.kinds.approval import Approval
from ecqs_gateway.model.kinds.certificate import Certificate
from ecqs_gateway.model.kinds.inspector import Inspector
from ecqs_gateway.model.kinds.sampling_inspection import SamplingInspection
from ecqs_gateway.model.record import KindSpec, Record, kind_spec

__all__ = ["KINDS", "PLANNED", "spec"]

KINDS: Mapping[str, type[Record]] = MappingProxyType(
    {model.kind: model for model in (Approval, Certificate, Inspector, SamplingInspection)}
)
"""The kinds that can be mapped, checked and sent, by name."""

PLANNED: Mapping[str, str] = MappingProxyType(
    {
        "supervision_check": "监督检查",
        "risk_signal": "风险监测信号",
        "penalty": "行政处罚",
    }
)
"""Kinds of the design that schema 1.0 does not define yet, with their titles; nothing can be sent under these names."""


@cache
def spec(kind: str) -> KindSpec:
    """Give the specification of a kind; raises ``Misconfigured`` for a name that is not one."""
    model = KINDS.get(kind)
    if model is None:
        planned = " (planned, not in this schema version)" if kind in PLANNED else ""
        hint = f"use one of {', '.join(KINDS)}"
        raise Misconfigured("ECQS-1090", f"there is no record kind of the name {kind!r}{planned}", hint=hint)
    return kind_spec(model)
