"""What a generator promises of the data it wrote: rows per table, and what must become of every dirty row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["DirtyRows", "Manifest", "Outcome"]

Outcome = Literal["reject", "flag", "cleaned", "superseded", "headquarters", "changed"]
"""What becomes of a dirty row.

``reject`` dead letter; ``flag`` sent with a finding; ``cleaned`` sent without one, as if it had been clean;
``superseded`` gives way to a newer row of the same number; ``headquarters`` sent, and refused there when the
other province's record of that number was loaded first; ``changed`` written by ``mutate``: gives one new version.
"""


@dataclass(frozen=True)
class DirtyRows:
    """The rows with one kind of dirt.

    ``kind`` is the record kind, ``dirt`` names what is wrong, ``codes`` the problem codes or rule ids of which at least
    one must be told, ``keys`` the source keys as dead letters show them.
    """

    kind: str
    dirt: str
    outcome: Outcome
    codes: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What was written for one unit, and what must become of it; rows not named here must arrive without a problem."""

    unit: str
    seed: int
    tables: Mapping[str, int]
    """Rows per table; of ``mutate`` the rows changed."""
    dirty: tuple[DirtyRows, ...]

    def of(self, kind: str, outcome: Outcome) -> tuple[DirtyRows, ...]:
        """Give the dirt of one record kind that ends in one way."""
        return tuple(one for one in self.dirty if one.kind == kind and one.outcome == outcome)

    def keys(self, kind: str, outcome: Outcome) -> frozenset[str]:
        """Give the source keys of one record kind that end in one way."""
        return frozenset(key for one in self.of(kind, outcome) for key in one.keys)

    def to_json(self) -> str:
        """Give the manifest as JSON text, for tests and demos in other processes."""
        return json.dumps(asdict(self), ensure_ascii=False)
