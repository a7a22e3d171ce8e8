"""How a flow says what it is doing, without knowing who listens: a terminal, a log, or nobody."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

__all__ = ["LogProgress", "Progress", "Silent", "Step"]

log = logging.getLogger(__name__)


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


class LogProgress:
    """Writes each step as a log line."""

    def __call__(self, step: Step) -> None:
        """Log names and numbers; a step holds no record content."""
        log.info("%s unit=%s kind=%s %s", step.event, step.unit, step.kind, step.counts)
