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
from ecqs_gateway.model.kinds.penalty import Penalty
from ecqs_gateway.model.kinds.risk_signal import RiskSignal
from ecqs_gateway.model.kinds.sampling_inspection import SamplingInspection
from ecqs_gateway.model.kinds.supervision_check import SupervisionCheck
from ecqs_gateway.model.record import KindSpec, Record, kind_spec

__all__ = ["KINDS", "spec"]

KINDS: Mapping[str, type[Record]] = MappingProxyType(
    {
        model.kind: model
        for model in (Approval, Certificate, Inspector, SamplingInspection, SupervisionCheck, Penalty, RiskSignal)
    }
)
"""The kinds that can be mapped, checked and sent, by name."""


@cache
def spec(kind: str) -> KindSpec:
    """Give the specification of a kind; raises ``Misconfigured`` for a name that is not one."""
    model = KINDS.get(kind)
    if model is None:
        hint = f"use one of {', '.join(KINDS)}"
        raise Misconfigured("ECQS-1090", f"there is no record kind of the name {kind!r}", hint=hint)
    return kind_spec(model)
