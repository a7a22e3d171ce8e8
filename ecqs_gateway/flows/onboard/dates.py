"""Days against each other: an end must lie behind its beginning, and five years between two days tell a validity."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ecqs_gateway.flows.onboard.assign import Assignment, Choice
from ecqs_gateway.flows.onboard.profile import Profile, date_like

__all__ = ["check_dates"]

_VALIDITY = (1_500, 2_200)
"""Days a licence is valid, about five years (条例 25), with room for a change of date."""
_ORDER = (
    ("issue_date", "valid_until"), ("valid_from", "valid_until"), ("issue_date", "closing_date"),
    ("submission_date", "acceptance_date"), ("acceptance_date", "decision_date"), ("submission_date", "decision_date"),
    ("decision_date", "issue_date"),
)  # fmt: skip


def check_dates(made: Assignment, profiles: Mapping[str, Profile], kind: str) -> None:
    """Doubt dates that contradict each other, tell ambiguous ones by their distance, and find unnamed ones."""
    if kind == "certificate":
        _by_distance(made, profiles)
        _unnamed(made, profiles)
    for first, last in _ORDER:
        one, other = made.fields.get(first), made.fields.get(last)
        if one is not None and other is not None and _wrong_way(profiles[one.column], profiles[other.column]):
            why = f"by name {one.column} is {first} and {other.column} {last}, but that mostly is the later day"
            made.fields[first] = Choice(other.column, first, one.concept, "low", why, one.score)
            made.fields[last] = Choice(one.column, last, other.concept, "low", why, other.score)


def _gaps(first: Profile, last: Profile) -> pl.Series:
    return (last.days - first.days).dt.total_days().drop_nulls()


def _wrong_way(first: Profile, last: Profile) -> bool:
    gaps = _gaps(first, last) if len(first.days) == len(last.days) else pl.Series(dtype=pl.Int64)
    return len(gaps) >= 3 and float((gaps < 0).mean() or 0) > 0.3  # type: ignore[arg-type]


def _years_apart(first: Profile, last: Profile) -> bool:
    gaps = _gaps(first, last) if len(first.days) == len(last.days) else pl.Series(dtype=pl.Int64)
    return len(gaps) >= 3 and float(gaps.is_between(*_VALIDITY).mean() or 0) >= 0.6  # type: ignore[arg-type]


def _by_distance(made: Assignment, profiles: Mapping[str, Profile]) -> None:
    """Move an "effective date" five years behind the issue date to where it belongs: it is the end."""
    issued, start = made.fields.get("issue_date"), made.fields.get("valid_from")
    if issued is None or start is None or "valid_until" in made.fields:
        return
    if _years_apart(profiles[issued.column], profiles[start.column]):
        del made.fields["valid_from"]
        why = f"lies about five years behind {issued.column}"
        made.fields["valid_until"] = Choice(start.column, "valid_until", start.concept, "medium", why, start.score)


def _unnamed(made: Assignment, profiles: Mapping[str, Profile]) -> None:
    """Find the two ends of the validity among columns whose names say nothing."""
    if {"issue_date", "valid_until"} <= made.fields.keys() or any("+" in target for target in made.fields):
        return
    free = [name for name in made.left if date_like(profiles[name])]
    known = {target: made.fields[target].column for target in ("issue_date", "valid_until") if target in made.fields}
    for first in [known["issue_date"]] if "issue_date" in known else free:
        for last in [known["valid_until"]] if "valid_until" in known else free:
            if first != last and _years_apart(profiles[first], profiles[last]):
                for target, column in (("issue_date", first), ("valid_until", last)):
                    if target not in made.fields:
                        why = f"nothing in the name; {first} and {last} lie about five years apart"
                        made.fields[target] = Choice(column, target, target, "medium", why, 0.3)
                        made.left.pop(column, None)
                return
