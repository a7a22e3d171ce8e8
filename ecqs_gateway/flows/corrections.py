"""Corrections of dead letters: proposed by one person, checked at once, approved by another, then mapped like any row.

A correction names new values for columns of the source row. The stored row stays untouched, and so does the province's
database; the corrected row becomes an extraction of its own, and by the regular pipeline a new version of the record.
Who a person is, is what the caller says: accounts are the operating system's or Airflow's business.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.errors import Conflict, GatewayError, Terminal
from ecqs_gateway.flows.changes import changed, current_texts, parse_changes
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.letter_rows import Piece, Verdict, gather, judge, merged
from ecqs_gateway.ledger import corrections, evidence, letters, versions
from ecqs_gateway.ledger.corrections import Changes
from ecqs_gateway.ledger.letters import Filter, Letter

__all__ = ["Examined", "Outcome", "Wish", "examine", "only_letter", "person", "propose", "propose_as_it_is"]
__all__ += ["read_changes", "reason_of", "require_open", "same_person", "still_refused"]


@dataclass(frozen=True)
class Wish:
    """What someone wants changed in the row of one letter, and why."""

    letter: int
    changes: Changes
    reason: str
    action: str = "correct"


@dataclass(frozen=True)
class Examined:
    """What wishes come to: rows with the changes in them, what the pipeline would say, and what cannot be done."""

    letters: Mapping[int, Letter]
    pieces: tuple[Piece, ...]
    verdicts: Mapping[int, Verdict]
    mistakes: Mapping[int, GatewayError]


@dataclass(frozen=True)
class Outcome:
    """What became of one wish."""

    letter: int
    correction: int
    verdict: Verdict
    again: bool = False
    """Whether the same had been proposed before and still stands."""


def person(name: str) -> str:
    """Give a person's name tidied; raises Terminal ECQS-6105 for none."""
    tidy = " ".join(unicodedata.normalize("NFKC", name).split())
    if not any(char.isalnum() for char in tidy):
        raise Terminal("ECQS-6105", "a decision needs a person's name", hint="give the name of who decides")
    return tidy


def same_person(one: str, other: str) -> bool:
    """Say whether two names are one person's, however they are written (case, width, blanks)."""
    return person(one).casefold() == person(other).casefold()


def reason_of(text: str) -> str:
    """Give a reason tidied; raises Terminal ECQS-6106 for none."""
    if not text.strip():
        raise Terminal("ECQS-6106", "a decision needs a reason", hint="say why, in words the second person understands")
    return text.strip()


def require_open(gateway: Gateway, found: Sequence[Letter]) -> dict[int, GatewayError]:
    """Say of letters that are not open, or wait for the pipeline, why nothing can be decided on them."""
    mistakes: dict[int, GatewayError] = {}
    with gateway.database.read() as connection:
        for letter in found:
            if letter.state != "open":
                mistakes[letter.id] = _settled(letter)
            elif (number := corrections.waiting(connection, letter.id)) is not None:
                mistakes[letter.id] = Conflict(
                    "ECQS-6107",
                    f"correction {number} of dead letter {letter.id} is approved and waits for the next run",
                    hint="run `ecqs sync`; what it comes to then stands in `ecqs dead-letters show`",
                )
    return mistakes


def _settled(letter: Letter) -> Conflict:
    what = f" ({letter.resolved_by})" if letter.resolved_by else ""
    hints = {
        "discarded": f"`ecqs dead-letters reopen {letter.id}` takes it up again",
        "resolved": "if its row was refused in a newer form, decide on that letter: `ecqs dead-letters list --key …`",
        "corrected": "should headquarters have refused the corrected version, that is a dead letter of its own",
    }
    return Conflict(
        "ECQS-6107",
        f"dead letter {letter.id} is {letter.state}{what}",
        hint=hints.get(letter.state, "look at it again"),
    )


def examine(gateway: Gateway, wishes: Sequence[Wish]) -> Examined:
    """Put the changes of each wish into its row and map it; nothing is stored. A letter is wished for once."""
    found = {
        letter.id: letter for letter in letters.find(gateway.database, Filter(ids=tuple(w.letter for w in wishes)))
    }
    mistakes: dict[int, GatewayError] = {w.letter: _unknown(w.letter) for w in wishes if w.letter not in found}
    mistakes |= require_open(gateway, list(found.values()))
    gathered = gather(gateway, [letter for number, letter in found.items() if number not in mistakes])
    mistakes.update((number, _missing(number, why)) for number, why in gathered.missing.items())
    rows = {letter.id: piece.rows([place]) for piece in gathered.pieces for place, letter in enumerate(piece.letters)}
    corrected: list[Piece] = []
    for wish in wishes:
        if wish.letter not in mistakes:
            try:
                corrected.append(_corrected(gateway, rows[wish.letter], wish))
            except GatewayError as error:
                mistakes[wish.letter] = error
    pieces = merged(corrected)
    verdicts: dict[int, Verdict] = {}
    for piece in pieces:
        verdicts.update((verdict.letter.id, verdict) for verdict in judge(gateway, piece))
    return Examined(found, tuple(pieces), verdicts, mistakes)


def _unknown(number: int) -> Terminal:
    return Terminal(
        "ECQS-6108", f"there is no dead letter {number}", hint="`ecqs dead-letters list` names those there are"
    )


def _missing(number: int, why: str) -> Terminal:
    return Terminal("ECQS-6109", f"the row of dead letter {number} is not at hand", hint=why)


def _corrected(gateway: Gateway, piece: Piece, wish: Wish) -> Piece:
    if not wish.changes and wish.action == "correct":
        raise Terminal("ECQS-6113", "nothing is to be changed", hint="name columns with --set or --null")
    if wish.changes:
        now = current_texts(piece)
        if all(place in now and now[place] == value for place, value in wish.changes.items()):
            raise Terminal(
                "ECQS-6113", "the row holds these values already: there is nothing to correct",
                where=f"dead letter {wish.letter}",
            )  # fmt: skip
    _require_latest(gateway, piece.letters[0])
    return changed(piece, wish.changes)


def _require_latest(gateway: Gateway, letter: Letter) -> None:
    """Refuse to correct a version headquarters refused when the source has brought a newer one since."""
    if letter.version is None or letter.key is None:
        return
    latest = versions.latest(gateway.database, letter.lane_id, pl.Series([letter.key]))
    if latest.height and latest["known_digest"][0] != letter.version:
        raise Conflict(
            "ECQS-6107",
            f"the source brought a newer version of the record than the one of dead letter {letter.id}",
            hint="wait for its receipt: it settles this letter, or becomes one of its own",
        )


def read_changes(gateway: Gateway, number: int, sets: Sequence[str], nulls: Sequence[str]) -> dict[str, str | None]:
    """Read what someone wants changed in a letter's row; raises Terminal ECQS-6110 for a column there is not."""
    letter = only_letter(gateway, number)
    gathered = gather(gateway, [letter])
    if letter.id in gathered.missing:
        raise _missing(number, gathered.missing[letter.id])
    return parse_changes(sets, nulls, gathered.pieces[0])


def propose(gateway: Gateway, wishes: Sequence[Wish], *, author: str, anyway: bool = False) -> list[Outcome]:
    """Store proposals; all of them or none.

    Raises the first mistake, or Terminal ECQS-6114 where a corrected row would still be refused and ``anyway`` is not
    said. What was proposed before in the same words is not proposed twice.
    """
    name = person(author)
    reasons = {wish.letter: reason_of(wish.reason) for wish in wishes}
    found = examine(gateway, wishes)
    for error in found.mistakes.values():
        raise error
    bad = [verdict for verdict in found.verdicts.values() if not verdict.good]
    if bad and not anyway:
        raise still_refused(bad[0])
    values = [
        {"action": "correct", "changes": wish.changes, "reason": reasons[wish.letter], "author": name}
        for wish in wishes
    ]
    numbers = _store(gateway, [found.letters[wish.letter] for wish in wishes], values)
    return [
        Outcome(wish.letter, number, found.verdicts[wish.letter], again)
        for wish, (number, again) in zip(wishes, numbers, strict=True)
    ]


def still_refused(verdict: Verdict) -> Terminal:
    """Make the error of a corrected row that would not go out."""
    told = verdict.why or "; ".join(f"{r['rule']} {r['field'] or ''}: {r['message']}" for r in verdict.reasons)
    return Terminal(
        "ECQS-6114",
        f"the corrected row would not go out: {told}",
        where=f"dead letter {verdict.letter.id}",
        hint="correct what is named here too, or propose it all the same with --anyway",
    )


def propose_as_it_is(
    gateway: Gateway, found: Sequence[Letter], action: str, *, author: str, reason: str
) -> list[tuple[int, bool]]:
    """Store the wish to retry or to discard letters, where that takes a second person.

    Gives the number of each, and whether it was there before.
    """
    values = {"action": action, "changes": {}, "reason": reason_of(reason), "author": person(author)}
    return _store(gateway, found, [values] * len(found))


def _store(gateway: Gateway, found: Sequence[Letter], values: Sequence[Mapping[str, object]]) -> list[tuple[int, bool]]:
    standing = corrections.find(gateway.database, gateway.vault, letters=[x.id for x in found], states=["proposed"])
    before = {(p.letter, p.action, tuple(sorted(p.changes.items()))): p.id for p in standing}
    numbers: list[tuple[int, bool]] = []
    with gateway.database.write() as connection:
        for letter, wanted in zip(found, values, strict=True):
            changes: Changes = wanted["changes"]  # type: ignore[assignment]
            known = before.get((letter.id, str(wanted["action"]), tuple(sorted(changes.items()))))
            if known is not None:
                numbers.append((known, True))
                continue
            row = {**wanted, "created_at": gateway.clock().isoformat()}
            number = corrections.insert(connection, gateway.vault, letter=letter, values=row)
            reason = hashlib.sha256(str(wanted["reason"]).encode()).hexdigest()
            facts = {"correction": number, "action": wanted["action"], "letter": letter.id, "author": wanted["author"],
                     "columns": sorted(changes), "reason": reason}  # fmt: skip
            subject = f"{letter.unit}/{letter.kind}"
            evidence.append(connection, "correction proposed", subject, facts, clock=gateway.clock)
            numbers.append((number, False))
    return numbers


def only_letter(gateway: Gateway, number: int) -> Letter:
    """Give one letter by its number; raises Terminal ECQS-6108 where there is none."""
    found = letters.find(gateway.database, Filter(ids=(number,)))
    if not found:
        raise _unknown(number)
    return found[0]
