"""What a reconciliation covers and what it came to, as commands, DAGs and reports take it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ecqs_gateway.reconcile.differences import Action, Difference

__all__ = ["LaneResult", "Options", "Repaired", "Result"]


@dataclass(frozen=True)
class Options:
    """What a run covers; empty means everything.

    ``source`` sweeps the sources too, ``repair`` mends what may be mended without a person, ``full`` builds the trees
    anew from what was sent instead of bringing the stored ones forward.
    """

    units: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    source: bool = False
    repair: bool = False
    full: bool = False


@dataclass(frozen=True)
class Repaired:
    """What was done about differences: records sent again, source rows queued; ``stopped`` says who forbids sending."""

    resent: int = 0
    queued: int = 0
    batches: tuple[str, ...] = ()
    stopped: str | None = None
    problem: str | None = None
    """Why a repair could not be made; None when it was, or there was nothing to repair."""


@dataclass(frozen=True)
class LaneResult:
    """One lane: where the ledger stands, what headquarters and the source say, what differs, what was done.

    ``number`` is that of the ledger's ``reconciliation`` row, ``cutoff`` the receipt number headquarters was compared
    at; digests are hex. ``agrees`` is None when headquarters was not compared because of ``problem``.
    """

    unit: str
    kind: str
    number: int
    sequence: int
    cutoff: int
    records_here: int
    digest_here: str
    records_there: int | None
    digest_there: str | None
    source_rows: int | None
    questions: int
    requests: int
    pairs: int
    differences: tuple[Difference, ...]
    repaired: Repaired = Repaired()
    confirmed: bool | None = None
    """After a repair: whether headquarters agrees now; None when nothing was sent."""
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Count the differences as ``side/class``."""
        return dict(sorted(Counter(f"{each.side}/{each.kind_of}" for each in self.differences).items()))

    @property
    def open(self) -> list[Difference]:
        """Give what is left for a person, or for a run with ``repair``."""
        mended = {Action.WAIT}
        if self.confirmed:
            mended.add(Action.RESEND)
        if self.repaired.queued:
            mended.add(Action.QUEUE)
        return [each for each in self.differences if each.action not in mended]


@dataclass(frozen=True)
class Result:
    """A whole run; ``failed`` says per lane (``320000 certificate``) why it could not be compared."""

    run_id: str
    lanes: tuple[LaneResult, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    interrupted: str | None = None

    @property
    def agrees(self) -> bool:
        """Say whether everything was compared and nothing is left open."""
        return not self.failed and not any(lane.open for lane in self.lanes)
