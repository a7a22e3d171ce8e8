"""What a change of content would do to real rows, counted: the figures of all pieces together, with a few examples.

Values stand here as they are. Whoever shows them masks them first (``Forecast.shown``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ecqs_gateway.content.edits import Edit
from ecqs_gateway.content.problems import Problem

__all__ = ["Example", "FieldChange", "Forecast", "LaneForecast", "Pair", "RuleChange", "Side"]

Show = Callable[[str, str | None], str | None]
"""Gives what may be shown of a value of a national field."""


@dataclass(frozen=True)
class Side:
    """What becomes of the rows on one side: every row is in exactly one of the first three."""

    goes: int = 0
    superseded: int = 0
    refused: int = 0
    flagged: int = 0
    """Of those that go, the ones that carry a finding."""

    def __add__(self, other: Side) -> Side:
        """Add up."""
        return Side(
            self.goes + other.goes,
            self.superseded + other.superseded,
            self.refused + other.refused,
            self.flagged + other.flagged,
        )


@dataclass(frozen=True)
class Pair:
    """One way in which a field changes: old value, new value, how often, and the business key of one record."""

    old: str | None
    new: str | None
    count: int | None
    """None where the field has so many different changes that they were not counted one by one."""
    key: str | None


@dataclass(frozen=True)
class FieldChange:
    """One national field; ``count`` counts values, of which a list's field has several a record."""

    path: str
    title: str
    records: int
    count: int
    pairs: tuple[Pair, ...]
    """The most frequent changes, or where there are too many different ones the first that were met."""
    kinds: int | None
    """Number of different changes; None where they were not counted."""
    place: str = ""
    """File and line where the mapping says what the field is made from."""


@dataclass(frozen=True)
class RuleChange:
    """One rule or check on one field: problems on either side, and those only one side has."""

    rule: str
    field: str
    severity: str
    before: int
    after: int
    gained: int
    lost: int
    message: str
    keys_gained: tuple[str, ...] = ()
    """Source keys of the first rows that have the problem only after the change."""
    keys_lost: tuple[str, ...] = ()
    clause: str | None = None


@dataclass(frozen=True)
class Example:
    """One row: its source key, its business key on either side, and for a refused one the rules that refuse it."""

    source_key: str
    before: str | None
    after: str | None
    why: str = ""


@dataclass(frozen=True)
class Forecast:
    """All pieces of one lane together; ``before`` is None where there was nothing to compare with."""

    rows: int = 0
    before: Side | None = None
    after: Side = field(default_factory=Side)
    changed: int = 0
    """Records whose content differs."""
    removed: int = 0
    """Business keys no row gives any more."""
    added: int = 0
    """Business keys no row gave before."""
    rekeyed: int = 0
    """Rows that go on both sides under another business key: headquarters sees new records."""
    refused: int = 0
    """Rows that become dead letters."""
    passing: int = 0
    """Rows that were dead letters and go."""
    displaced: int = 0
    """Rows that went and give way to another row of the same key."""
    surfaced: int = 0
    """Rows that gave way and go."""
    flags_gained: int = 0
    """Records that go on both sides and have a finding they did not have."""
    flags_lost: int = 0
    fields: tuple[FieldChange, ...] = ()
    rules: tuple[RuleChange, ...] = ()
    examples: dict[str, tuple[Example, ...]] = field(default_factory=dict)
    """First rows of ``rekeyed``, ``refused``, ``passing``, ``displaced`` and ``surfaced``."""

    @property
    def changes(self) -> bool:
        """Say whether anything differs."""
        counts = (self.changed, self.removed, self.added, self.rekeyed, self.refused, self.passing)
        return any(counts) or any(one.gained or one.lost for one in self.rules)

    def shown(self, show: Show) -> Forecast:
        """Give the same with every value put through ``show``; keys stay as they are."""
        return replace(self, fields=tuple(_shown(one, show) for one in self.fields))


def _shown(one: FieldChange, show: Show) -> FieldChange:
    if one.path.endswith("[]"):
        return one
    pairs = tuple(replace(pair, old=show(one.path, pair.old), new=show(one.path, pair.new)) for pair in one.pairs)
    return replace(one, pairs=pairs)


@dataclass(frozen=True)
class LaneForecast:
    """What a change would do to one lane.

    ``verdict``: ``same`` (nothing that decides about this lane changed), ``first`` (nothing to compare with),
    ``nothing`` (something changed, and these rows come out the same) or ``changes``. ``forecast`` is None for ``same``,
    and for ``first`` where no rows are stored; its values are masked already.
    """

    unit: str
    kind: str
    verdict: str
    base: str | None
    base_bundle: str | None
    base_fingerprint: str | None
    bundle: str
    fingerprint: str | None
    edits: tuple[Edit, ...] = ()
    asked: bool = False
    """Whether a run holds this lane until somebody accepted the change."""
    accepted: str | None = None
    """By whom, when and why it was accepted; None where nobody did."""
    forecast: Forecast | None = None
    origin: str | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
