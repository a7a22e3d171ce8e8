"""How a flow says what it is doing, without knowing who listens: a terminal, a log, or nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Progress", "Silent", "Step"]


@dataclass(frozen=True)
class Step:
    """One thing that happened to one unit and kind; ``counts`` are numbers of records unless the name says else."""

    unit: str
    kind: str
    event: str
    counts: dict[str, int]


class Progress(Protocol):
    """Listens to the steps of a flow; called from several threads."""

    def __call__(self, step: Step) -> None:
        """Take note of one step."""


class Silent:
    """Listens to nothing."""

    def __call__(self, step: Step) -> None:
        """Forget it."""
