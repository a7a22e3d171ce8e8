"""Deciding on dead letters: approving and refusing what others proposed, giving letters up and taking them up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from ecqs_gateway.errors import Conflict, Terminal
from ecqs_gateway.flows.corrections import (
    Wish,
    examine,
    person,
    propose_as_it_is,
    reason_of,
    require_open,
    same_person,
    still_refused,
)
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.letter_rows import Piece
from ecqs_gateway.flows.requeue import Queued, Within, enqueue, one_run
from ecqs_gateway.ledger import corrections, evidence, letters
from ecqs_gateway.ledger.corrections import Decision, Proposed
from ecqs_gateway.ledger.extractions import Extraction
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.letters import Done, Filter, Letter

__all__ = ["FLOW", "approve", "discard", "refuse", "reopen"]

FLOW = "correction"


def refuse(gateway: Gateway, number: int, *, by: str, reason: str) -> str:
    """Settle a proposal without effect: refused by someone else, withdrawn by its author. Gives which."""
    name, why = person(by), reason_of(reason)
    [proposal] = _proposals(gateway, [number])
    state = "withdrawn" if same_person(name, proposal.author) else "refused"
    with gateway.database.write() as connection:
        if not corrections.decide(connection, number, Decision(state, name, why), clock=gateway.clock):
            raise _decided(proposal)
        facts = {"correction": number, "letter": proposal.letter, "by": name}
        event = "correction withdrawn" if state == "withdrawn" else "correction refused"
        evidence.append(connection, event, f"{proposal.unit}/{proposal.kind}", facts, clock=gateway.clock)
    return state


def _proposals(gateway: Gateway, numbers: Sequence[int]) -> list[Proposed]:
    found = corrections.find(gateway.database, gateway.vault, numbers=numbers)
    unknown = sorted(set(numbers) - {proposal.id for proposal in found})
    if unknown:
        raise Terminal(
            "ECQS-6108",
            f"there is no correction {', '.join(map(str, unknown))}",
            hint="`ecqs dead-letters corrections` lists them",
        )
    for proposal in found:
        if proposal.state != "proposed":
            raise _decided(proposal)
    return found


def _decided(proposal: Proposed) -> Conflict:
    why = f": {proposal.decision}" if proposal.decision else ""
    return Conflict(
        "ECQS-6115",
        f"correction {proposal.id} is {proposal.state}{why}",
        hint=f"`ecqs dead-letters show {proposal.letter}` has the whole story; propose a new one if it is still needed",
    )


def approve(gateway: Gateway, numbers: Sequence[int], *, by: str, anyway: bool = False) -> list[Queued]:
    """Approve proposals as the second person: their rows wait for the next run of their lanes.

    What is approved is mapped once more with the content of now. Raises Conflict ECQS-6116 where the author approves,
    ECQS-6115 or 6107 where a proposal or its letter was settled in the meantime, Terminal ECQS-6114 where a row would
    be refused: then nothing is approved. Raises Transient ECQS-3004 while a run works on a lane; lanes before it stay
    approved.
    """
    name = person(by)
    proposals = _proposals(gateway, sorted(set(numbers)))
    seen: set[int] = set()
    for proposal in proposals:
        _require_second(gateway, proposal, name)
        if proposal.letter in seen:
            told = f"two of these corrections are about dead letter {proposal.letter}"
            raise Conflict("ECQS-6115", told, hint="approve one of them; the other is then withdrawn")
        seen.add(proposal.letter)
    rows = {p.letter: p for p in proposals if p.action != "discard"}
    found = examine(gateway, [Wish(p.letter, p.changes, p.reason, p.action) for p in rows.values()])
    for error in found.mistakes.values():
        raise error
    for verdict in found.verdicts.values():
        if not verdict.good and not anyway:
            raise still_refused(verdict)
    _discard_proposed(gateway, [p for p in proposals if p.action == "discard"], name)
    return _enqueue(gateway, rows, found.pieces, name) if rows else []


def _require_second(gateway: Gateway, proposal: Proposed, by: str) -> None:
    four_eyes = gateway.national.four_eyes
    needed = {"correct": four_eyes.corrections, "retry": four_eyes.retries, "discard": four_eyes.discards}
    if needed[proposal.action] and same_person(proposal.author, by):
        raise Conflict(
            "ECQS-6116",
            f"correction {proposal.id} was proposed by the same person",
            where="four_eyes in connectors/national.yaml",
            hint="have someone else look at it and approve it",
        )


def _enqueue(gateway: Gateway, proposals: Mapping[int, Proposed], pieces: Sequence[Piece], by: str) -> list[Queued]:
    queued: list[Queued] = []
    with one_run(gateway, FLOW) as run:
        for piece in pieces:
            for cause, action in (("correction", "correct"), ("retry", "retry")):
                places = [n for n, letter in enumerate(piece.letters) if proposals[letter.id].action == action]
                if not places:
                    continue
                part = piece.rows(places)
                mine = [proposals[letter.id] for letter in part.letters]
                facts = {"by": by, "authors": sorted({p.author for p in mine}), "corrections": [p.id for p in mine]}
                queued.append(enqueue(gateway, run, part, cause, facts, _approving(gateway, mine, by)))
    return queued


def _approving(gateway: Gateway, proposals: Sequence[Proposed], by: str) -> Within:
    def within(connection: sa.Connection, _lease: Lease, stored: Extraction) -> None:
        for proposal in proposals:
            decision = Decision("approved", by, extraction_id=stored.id)
            if not corrections.decide(connection, proposal.id, decision, clock=gateway.clock):
                raise _decided(proposal)
            corrections.withdraw_others(connection, proposal.id, proposal.letter, clock=gateway.clock)

    return within


def discard(gateway: Gateway, found: Sequence[Letter], *, by: str, reason: str) -> list[tuple[int, int | None]]:
    """Give letters up: they stay, and stay discarded when met again.

    Gives per letter the number of the proposal where that takes a second person, None where it is done. Raises
    Conflict ECQS-6107 for a letter that is not open or waits for the pipeline: then nothing is discarded.
    """
    name, why = person(by), reason_of(reason)
    for error in require_open(gateway, found).values():
        raise error
    if gateway.national.four_eyes.discards:
        numbers = propose_as_it_is(gateway, found, "discard", author=name, reason=why)
        return [(letter.id, number) for letter, (number, _) in zip(found, numbers, strict=True)]
    _settle(gateway, found, "discarded", name, why)
    return [(letter.id, None) for letter in found]


def _discard_proposed(gateway: Gateway, proposals: Sequence[Proposed], by: str) -> None:
    if not proposals:
        return
    found = letters.find(gateway.database, Filter(ids=tuple(p.letter for p in proposals)))
    for error in require_open(gateway, found).values():
        raise error
    about = {letter.id: letter for letter in found}
    with gateway.database.write() as connection:
        for proposal in proposals:
            if not corrections.decide(connection, proposal.id, Decision("approved", by), clock=gateway.clock):
                raise _decided(proposal)
            _decide(
                connection, gateway, about[proposal.letter], "discarded", f"{proposal.author}, {by}", proposal.reason
            )
        _mark(connection, gateway, found, "discarded", by)


def reopen(gateway: Gateway, found: Sequence[Letter], *, by: str, reason: str) -> None:
    """Take discarded letters up again; raises Conflict ECQS-6107 for a letter that is not discarded."""
    name, why = person(by), reason_of(reason)
    for letter in found:
        if letter.state != "discarded":
            raise Conflict("ECQS-6107", f"dead letter {letter.id} is {letter.state}, not discarded")
    _settle(gateway, found, "open", name, f"reopened by {name}: {why}")


def _settle(gateway: Gateway, found: Sequence[Letter], state: str, by: str, why: str) -> None:
    with gateway.database.write() as connection:
        for letter in found:
            _decide(connection, gateway, letter, state, by, why)
        _mark(connection, gateway, found, "discarded" if state == "discarded" else "reopened", by)


def _decide(connection: sa.Connection, gateway: Gateway, letter: Letter, state: str, by: str, why: str) -> None:
    if not letters.settle(connection, letter, state=state, by=by, note=why, clock=gateway.clock):
        raise Conflict(
            "ECQS-6107",
            f"dead letter {letter.id} was settled by someone else just now; nothing was changed",
            hint=f"look at it with `ecqs dead-letters show {letter.id}`",
        )


def _mark(connection: sa.Connection, gateway: Gateway, found: Sequence[Letter], done: Done, by: str) -> None:
    lanes = sorted({(letter.lane_id, letter.unit, letter.kind) for letter in found})
    for number, unit, kind in lanes:
        corrections.withdraw_overtaken(connection, number, clock=gateway.clock)
        ids = [letter.id for letter in found if (letter.unit, letter.kind) == (unit, kind)]
        letters.mark(connection, done, f"{unit}/{kind}", ids, {"by": by}, clock=gateway.clock)
