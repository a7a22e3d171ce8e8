"""What screens may show of a source row: personal data is veiled, its shape stays.

Personal is what feeds a national field that is marked so, what its column's name says (id number, telephone), and
every column the mapping does not use and no key needs: nobody has said that it may be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from ecqs_gateway.doors.personal import MASK, mask_numbers, mask_row
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.trace import FieldTrace

__all__ = ["Veil", "personal_columns", "veil"]

_LETTERS = re.compile(r"[^\W_]")
_PERSON = re.compile(r"[\u3400-\u9fff·]{2,4}")


def veil(text: str | None) -> str | None:
    """Give the shape of a text: letters and digits become stars; the family name of a short Chinese name stays."""
    if text is None:
        return None
    if _PERSON.fullmatch(text):
        return text[0] + "*" * (len(text) - 1)
    return _LETTERS.sub("*", text)


def personal_columns(compiled: CompiledMapping) -> frozenset[str]:
    """Give the source columns that feed a field marked as personal; those of child tables as ``cp.XM``."""
    plans = [(plan, "") for plan in compiled.record.plans]
    for one in compiled.lists:
        prefix = f"{one.source}." if one.origin == "child" else ""
        plans += [(plan, prefix) for plan in one.fields.plans]
    found = {f"{prefix}{name}" for plan, prefix in plans if plan.leaf.personal for name in plan.columns}
    for one in compiled.lists:
        if one.origin in {"split", "json"} and any(plan.leaf.personal for plan in one.fields.plans):
            found.add(one.source)
    return frozenset(found)


@dataclass(frozen=True)
class Veil:
    """Decides what is shown of one lane's values; ``on`` false shows everything."""

    personal: frozenset[str]
    open: frozenset[str]
    """Columns that may be shown: used by the mapping, or part of a key."""
    on: bool = True

    @classmethod
    def of(cls, compiled: CompiledMapping, keys: Iterable[str], *, on: bool = True) -> Veil:
        """Know the columns of a mapping and of its connector's keys."""
        return cls(personal_columns(compiled), frozenset({*compiled.used_columns, *keys}), on)

    def hides(self, column: str) -> bool:
        """Say whether a column's values are veiled."""
        return self.on and (column in self.personal or column not in self.open)

    def cell(self, column: str, text: str | None) -> str | None:
        """Give what may be shown of one value; ``column`` of a child table is ``cp.XM``."""
        if not self.on or text is None:
            return text
        if self.hides(column) or mask_row({column: text})[column] == MASK:
            return veil(text)
        return mask_numbers(text)

    def field(self, one: FieldTrace, columns: Collection[str]) -> FieldTrace:
        """Give what may be shown of one field; ``columns`` are the source columns it comes from, as in the lineage."""
        if not self.on:
            return one
        hidden = one.personal or any(column in self.personal for column in columns)
        show = veil if hidden else _numbers
        return replace(
            one,
            source={name: show(text) for name, text in one.source.items()},
            steps=tuple(replace(step, text=show(step.text)) for step in one.steps),
            value=show(one.value),
        )


def _numbers(text: str | None) -> str | None:
    return None if text is None else mask_numbers(text)
