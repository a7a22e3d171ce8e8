"""Which column becomes which field: the strongest evidence first, each column and each field once, and how sure it is.

*high* needs two kinds of evidence that agree (name or comment, and values), or values nothing else has; nothing may
speak against it and no other column may be nearly as good. *medium* is one clear kind of evidence, *low* a hint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ecqs_gateway.flows.onboard.evidence import Evidence, Seen, Witness

__all__ = ["Assignment", "Choice", "Confidence", "assign"]

Confidence = Literal["high", "medium", "low"]

_LEAST = 0.15
_NEAR = 0.12


@dataclass(frozen=True)
class Choice:
    """One column for one target, with how sure it is and why."""

    column: str
    target: str
    concept: str
    confidence: Confidence
    why: str
    score: float
    others: tuple[str, ...] = ()
    """Other columns that may be meant."""

    def weaker(self, confidence: Confidence, why: str) -> Choice:
        """Give the choice with less confidence, and the reason for that."""
        order = ("low", "medium", "high")
        least = min(self.confidence, confidence, key=order.index)
        return replace(self, confidence=least, why=f"{self.why}; but {why}")


@dataclass
class Assignment:
    """What came of one table."""

    fields: dict[str, Choice] = field(default_factory=dict)
    """By target, such as ``holder.name`` or ``valid_from+valid_until``."""
    uses: dict[str, Choice] = field(default_factory=dict)
    """Columns that are no national field, by name; the target says what they are for."""
    left: dict[str, str] = field(default_factory=dict)
    """Columns nothing takes, with what was found of them."""

    def column_of(self, target: str) -> str | None:
        """Give the column of a field."""
        choice = self.fields.get(target)
        return choice.column if choice is not None else None

    def used(self, use: str) -> list[Choice]:
        """Give the columns of one use, best first."""
        found = [choice for choice in self.uses.values() if choice.target == f"@{use}"]
        return sorted(found, key=lambda choice: -choice.score)


def assign(seen: Sequence[Seen], witness: Witness, within: str | None = None) -> Assignment:
    """Choose fields for the columns of one table; ``within`` names the list whose items its rows are."""
    evidence = {one.name: witness.about(one, within) for one in seen}
    every = sorted((e for found in evidence.values() for e in found if e.score >= _LEAST), key=lambda e: -e.score)
    made = Assignment()
    taken: set[str] = set()
    covered: set[str] = set()
    for one in every:
        parts = set(one.target.split("+"))
        if one.column in taken or (not one.target.startswith("@") and parts & covered):
            continue
        taken.add(one.column)
        choice = _choice(one, every, evidence[one.column], witness)
        if one.target.startswith("@"):
            made.uses[one.column] = choice
        else:
            covered |= parts
            made.fields[one.target] = choice
    made.left = {one.name: _left(evidence[one.name]) for one in seen if one.name not in taken}
    return made


def _choice(one: Evidence, every: Iterable[Evidence], own: Sequence[Evidence], witness: Witness) -> Choice:
    concept = witness.concept(one.concept)
    others = tuple(
        dict.fromkeys(e.column for e in every if e.target == one.target and e.column != one.column and _rivals(one, e))
    )
    why = "; ".join(part for part in (one.why, one.values.why if one.values.why not in one.why else "") if part)
    found = Choice(one.column, one.target, one.concept, _confidence(one, others), why, one.score, others)
    if one.against:
        found = found.weaker("medium" if one.values.value >= 0.6 else "low", "; ".join(one.against))
    if one.values.value <= -0.5:
        found = found.weaker("low", "the values do not fit")
    if not concept.sure:
        found = found.weaker("medium", concept.note or "this name is often used for something else")
    if others:
        found = found.weaker("medium", f"also possible: {', '.join(others)}")
    twins = [e for e in own if e.target != one.target and _twin(one, e)]
    if twins and not one.target.startswith("@"):
        found = found.weaker("medium", f"it may also be {', '.join(dict.fromkeys(e.target for e in twins))}")
    return found


def _twin(one: Evidence, other: Evidence) -> bool:
    """Say whether a column may as well be another field: nearly as good, or named the same and of fitting values."""
    if other.target.startswith("@"):
        return False
    return other.score >= one.score - _NEAR or (
        one.text > 0 and other.text >= one.text - 0.15 and other.values.value >= 0.4
    )


def _rivals(one: Evidence, other: Evidence) -> bool:
    """Say whether another column may be meant; of columns that are no field there can be several of one use."""
    if one.target.startswith("@") and one.target != "@changed_at":
        return False
    return other.score >= one.score - _NEAR and (other.text >= 0.5 or one.text < 0.5)


def _confidence(one: Evidence, others: tuple[str, ...]) -> Confidence:
    agrees = one.values.value >= 0.4
    if one.text >= 0.9 and agrees:
        return "high"
    if one.text >= 0.55 and one.values.telling and one.values.value >= 0.85:
        return "high"
    if one.text == 0.0:
        alone = one.concept in _UNIQUE_CONCEPTS and one.values.telling and not others and not one.against
        return "high" if alone and one.values.value >= 1.0 else "medium" if one.values.telling else "low"
    return "medium" if one.text >= 0.9 or (one.text >= 0.55 and agrees) else "low"


_UNIQUE_CONCEPTS = frozenset({"credit_code", "certificate_number", "electronic_licence"})
"""Concepts whose values nothing else has: a column of valid credit codes of enterprises *is* the credit code."""


def _left(found: Sequence[Evidence]) -> str:
    if not found:
        return "no name, comment or value says what it is"
    best = found[0]
    return f"perhaps {best.target}: {best.why}; {best.values.why}"
