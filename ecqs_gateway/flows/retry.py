"""Retrying dead letters whose cause was mended in mapping, codes or rules: said beforehand, then put in line again.

A retry is not a resend. A batch that was sealed goes out again as the same bytes, whatever changed since; a retry maps
the stored source row anew and so makes a new record version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.corrections import propose_as_it_is, require_open
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.letter_rows import Piece, Verdict, gather, judge
from ecqs_gateway.flows.requeue import Queued, enqueue, one_run
from ecqs_gateway.ledger import letters as ledger_letters
from ecqs_gateway.ledger.extractions import Extraction
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.letters import Letter

__all__ = ["FLOW", "Plan", "ask", "plan", "put_in_line"]

FLOW = "retry"


@dataclass(frozen=True)
class Plan:
    """What a retry of some letters would come to, and the rows it would take."""

    verdicts: tuple[Verdict, ...]
    pieces: tuple[Piece, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Count the letters by what would become of them."""
        return dict(Counter(verdict.outcome for verdict in self.verdicts))

    def summary(self) -> list[dict[str, Any]]:
        """Count the letters by outcome, by the rules that kept them back before and by those that would now."""
        found: Counter[tuple[str, str, str]] = Counter()
        for verdict in self.verdicts:
            before = ", ".join(verdict.letter.rules)
            after = verdict.why or ", ".join(dict.fromkeys(str(reason["rule"]) for reason in verdict.reasons))
            found[verdict.outcome, before, after] += 1
        return [
            {"outcome": outcome, "before": before, "now": after, "letters": number}
            for (outcome, before, after), number in sorted(found.items(), key=lambda item: (item[0][0], -item[1]))
        ]


def plan(gateway: Gateway, letters: Sequence[Letter]) -> Plan:
    """Say what would become of open letters if their rows were mapped now; nothing is stored or sent."""
    waiting = {number: str(error) for number, error in require_open(gateway, letters).items()}
    waiting |= dict.fromkeys(_waiting(gateway, letters), "it waits for the next run already: `ecqs sync`")
    gathered = gather(gateway, [letter for letter in letters if letter.id not in waiting])
    missing = {**gathered.missing, **waiting}
    verdicts: list[Verdict] = []
    for piece in gathered.pieces:
        try:
            verdicts += judge(gateway, piece)
        except GatewayError as error:
            missing.update((letter.id, str(error)) for letter in piece.letters)
    verdicts += [Verdict(letter, "missing", why=missing[letter.id]) for letter in letters if letter.id in missing]
    return Plan(tuple(sorted(verdicts, key=lambda verdict: verdict.letter.id)), gathered.pieces)


def _waiting(gateway: Gateway, letters: Sequence[Letter]) -> set[int]:
    lanes = {(letter.lane_id, letter.unit, letter.kind) for letter in letters}
    queued = (ledger_letters.queued(gateway.database, *lane) for lane in sorted(lanes))
    return {number for numbers in queued for number in numbers} & {letter.id for letter in letters}


def ask(gateway: Gateway, planned: Plan, *, by: str, reason: str, every: bool = False) -> dict[int, int]:
    """Retry letters, or propose to where that takes a second person: gives the proposals made, by letter."""
    if not gateway.national.four_eyes.retries:
        put_in_line(gateway, planned, by=by, every=every)
        return {}
    found = [v.letter for v in planned.verdicts if v.good or (every and v.outcome != "missing")]
    numbers = propose_as_it_is(gateway, found, "retry", author=by, reason=reason)
    return {letter.id: number for letter, (number, _) in zip(found, numbers, strict=True)}


def put_in_line(gateway: Gateway, planned: Plan, *, by: str | None = None, every: bool = False) -> list[Queued]:
    """Store the rows that would now pass as new extractions, for the next run of their lanes to map anew.

    With ``every`` also those that would not, so that their letters get the reasons of today. The watermark stays.
    Raises Transient ECQS-3004 while another run works on a lane, Conflict ECQS-6104 where a letter was settled since.
    """
    wanted = {v.letter.id for v in planned.verdicts if v.good or (every and v.outcome != "missing")}
    chosen = [part for piece in planned.pieces if (part := _only(piece, wanted)) is not None]
    if not chosen:
        return []
    facts: dict[str, object] = {"by": by} if by else {}
    with one_run(gateway, FLOW) as run:
        return [enqueue(gateway, run, piece, "retry", facts, _nothing) for piece in chosen]


def _only(piece: Piece, wanted: set[int]) -> Piece | None:
    """Keep the rows of these letters; child rows of others go with them."""
    places = [place for place, letter in enumerate(piece.letters) if letter.id in wanted]
    if not places:
        return None
    return piece.rows(places)


def _nothing(_connection: sa.Connection, _lease: Lease, _stored: Extraction) -> None:
    """Add nothing to the transaction."""
