"""How much of the national record a mapping gives, and what it does with each column of the source."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ecqs_gateway.content.models import MappingFile
from ecqs_gateway.mapping.evaluate import FieldSet
from ecqs_gateway.mapping.fields import FieldPlan
from ecqs_gateway.mapping.lists import ListPlan

__all__ = ["Coverage", "coverage_of"]


@dataclass(frozen=True)
class Coverage:
    """Every national field in exactly one of five groups, every source column in exactly one of three.

    List fields are written ``products.name``. ``unknown`` columns are neither used nor ignored on purpose: a new column
    nobody has looked at. The columns are empty where the source's structure is not known.
    """

    mapped: tuple[str, ...]
    """Straight from one source column."""
    derived: tuple[str, ...]
    """From several columns, or computed."""
    constant: tuple[str, ...]
    absent: tuple[str, ...]
    """Declared absent, with reason and owner."""
    open: tuple[str, ...]
    """Not spoken of; none of them is required."""
    used: tuple[str, ...]
    ignored: tuple[str, ...]
    unknown: tuple[str, ...]


_GROUPS = {"from": "mapped", "join": "derived", "expr": "derived", "const": "constant", "absent": "absent"}


def coverage_of(
    mapping: MappingFile,
    record: FieldSet,
    lists: Iterable[ListPlan],
    source_columns: Collection[str] | None,
    used_columns: Collection[str],
) -> Coverage:
    """Sort fields and columns into their groups."""
    groups: dict[str, list[str]] = {name: [] for name in ("mapped", "derived", "constant", "absent", "open")}
    for path, plan in _all_plans(record, lists).items():
        groups[_GROUPS.get(plan if isinstance(plan, str) else plan.origin, "open")].append(path)
    columns = list(source_columns or ())
    used = tuple(name for name in columns if name in used_columns)
    ignored = tuple(name for name in columns if name in mapping.ignore and name not in used_columns)
    unknown = tuple(name for name in columns if name not in used_columns and name not in mapping.ignore)
    fields = {name: tuple(paths) for name, paths in groups.items()}
    return Coverage(**fields, used=used, ignored=ignored, unknown=unknown)


def _all_plans(record: FieldSet, lists: Iterable[ListPlan]) -> Mapping[str, FieldPlan | str]:
    found: dict[str, FieldPlan | str] = {plan.path: plan for plan in record.plans}
    for one in lists:
        for plan in one.fields.plans:
            found[f"{one.path}.{plan.path}"] = "absent" if one.origin == "absent" else plan
    return found
