"""Which mappings digest id numbers, and the same mapping with the salt of its unit."""

from __future__ import annotations

from dataclasses import replace

from ecqs_gateway.doors.salts import Salt
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.evaluate import FieldSet
from ecqs_gateway.mapping.fields import FieldPlan
from ecqs_gateway.mapping.persondigest import DIGEST, digest_step

__all__ = ["needs_salt", "salted"]


def needs_salt(compiled: CompiledMapping) -> bool:
    """Say whether a mapping digests id numbers."""
    return any(_digests(plan) for one in _sets(compiled) for plan in one.plans)


def salted(compiled: CompiledMapping, salt: Salt) -> CompiledMapping:
    """Give the mapping with a unit's own salt in place of the public one that mappings are compiled with."""
    lists = tuple(replace(one, fields=_salted(one.fields, salt)) for one in compiled.lists)
    return replace(compiled, record=_salted(compiled.record, salt), lists=lists)


def _sets(compiled: CompiledMapping) -> list[FieldSet]:
    return [compiled.record, *(one.fields for one in compiled.lists)]


def _digests(plan: FieldPlan) -> bool:
    return any(name == DIGEST for name, _ in plan.steps)


def _salted(fields: FieldSet, salt: Salt) -> FieldSet:
    plans = tuple(
        replace(plan, steps=tuple((name, digest_step(salt) if name == DIGEST else step) for name, step in plan.steps))
        if _digests(plan)
        else plan
        for plan in fields.plans
    )
    return replace(fields, plans=plans)
