"""What people propose about dead letters, who decided, and what became of it.

A correction names new values for columns of a letter's source row; the row itself is never touched, here or in the
province. A proposal may also ask to retry or to discard a letter, where the installation wants a second person for
that. States: ``proposed``, then ``approved`` (its row waits for the pipeline or has gone through it), ``refused`` by
the second person, ``withdrawn`` (by its author, or because the letter was settled otherwise), ``failed`` (its row was
refused again when the pipeline met it; the letter is open as before).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.tables import correction, dead_letter, extraction, lane

__all__ = ["Changes", "Decision", "Proposed", "Rows"]
__all__ += ["book", "decide", "fail", "find", "insert", "waiting", "withdraw_others", "withdraw_overtaken"]

Changes = Mapping[str, str | None]
"""Source column (``QYMC``, ``cp[2].CPMC``) to its corrected text; null empties it, or takes a child row away."""


@dataclass(frozen=True)
class Proposed:
    """One proposal: what to do with which letter, why, by whom, and where it stands."""

    id: int
    letter: int
    unit: str
    kind: str
    action: str
    """``correct``, ``retry`` or ``discard``; - where the retention took the changes away."""
    changes: Changes
    reason: str
    author: str
    state: str
    decided_by: str | None
    decided_at: str | None
    decision: str | None
    extraction_id: int | None
    created_at: str


class Lettered(Protocol):
    """A letter, as far as a proposal needs it."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def lane_id(self) -> int:
        """Its lane."""

    @property
    def identity(self) -> str:
        """What makes it the same letter when met again."""


@dataclass(frozen=True)
class Rows:
    """What became of the rows of an extraction: frames that name them by ``source_row``."""

    versions: pl.DataFrame
    passed: pl.DataFrame
    letters: pl.DataFrame


@dataclass(frozen=True)
class Decision:
    """A second person's word on a proposal, or the author's."""

    state: str
    by: str | None
    why: str | None = None
    extraction_id: int | None = None


def _context(lane_number: int, identity: str, created_at: str) -> str:
    return f"correction/{lane_number}/{identity}/{created_at}"


def insert(connection: sa.Connection, vault: Vault, *, letter: Lettered, values: Mapping[str, Any]) -> int:
    """Store a proposal about a letter and give its number.

    ``values`` has ``action``, ``changes``, ``reason``, ``author`` and ``created_at``; the changes are sealed.
    """
    plain = json.dumps({"action": values["action"], "set": dict(values["changes"])}, ensure_ascii=False)
    sealed = vault.seal_text(plain, _context(letter.lane_id, letter.identity, values["created_at"]))
    row = {"dead_letter_id": letter.id, "changes": sealed, "state": "proposed"}
    row |= {name: values[name] for name in ("reason", "author", "created_at")}
    return int(connection.execute(correction.insert().values(row).returning(correction.c.id)).scalar_one())


_WITH_LETTER = (
    sa.select(*correction.c, lane.c.unit, lane.c.kind, dead_letter.c.lane_id, dead_letter.c.identity)
    .join(dead_letter, dead_letter.c.id == correction.c.dead_letter_id)
    .join(lane, lane.c.id == dead_letter.c.lane_id)
    .order_by(correction.c.id)
)


def find(
    database: Database,
    vault: Vault,
    *,
    numbers: Sequence[int] | None = None,
    letters: Sequence[int] | None = None,
    states: Sequence[str] | None = None,
) -> list[Proposed]:
    """Give proposals, oldest first: these numbers, those about these letters, or in these states."""
    wanted = _WITH_LETTER
    for column, values in ((correction.c.id, numbers), (correction.c.dead_letter_id, letters)):
        if values is not None:
            wanted = wanted.where(column.in_(values))
    if states is not None:
        wanted = wanted.where(correction.c.state.in_(states))
    with database.read() as connection:
        found = connection.execute(wanted).all()
    return [_proposed(row, vault) for row in found]


def _proposed(row: Any, vault: Vault) -> Proposed:
    opened = json.loads(vault.open_text(row.changes, _context(row.lane_id, row.identity, row.created_at)))
    action, changes = opened.get("action", "-"), opened.get("set", {})
    return Proposed(
        row.id, row.dead_letter_id, row.unit, row.kind, action, changes, row.reason, row.author, row.state,
        row.decided_by, row.decided_at, row.decision, row.extraction_id, row.created_at,
    )  # fmt: skip


def decide(connection: sa.Connection, number: int, decision: Decision, *, clock: Clock = now) -> bool:
    """Settle a proposal that is still open; False when someone settled it before."""
    values = {
        "state": decision.state,
        "decided_by": decision.by,
        "decided_at": clock().isoformat(),
        "decision": decision.why,
        "extraction_id": decision.extraction_id,
    }
    mine = (correction.c.id == number, correction.c.state == "proposed")
    return connection.execute(sa.update(correction).where(*mine).values(values)).rowcount == 1


def withdraw_others(connection: sa.Connection, number: int, letter: int, *, clock: Clock = now) -> int:
    """Withdraw the other open proposals about a letter when one was approved."""
    others = (correction.c.dead_letter_id == letter, correction.c.id != number, correction.c.state == "proposed")
    values = {"state": "withdrawn", "decided_at": clock().isoformat(), "decision": f"correction {number} was approved"}
    return int(connection.execute(sa.update(correction).where(*others).values(values)).rowcount)


def withdraw_overtaken(connection: sa.Connection, lane_number: int, *, clock: Clock = now) -> int:
    """Withdraw open proposals about letters of a lane that are no longer open, saying what settled them."""
    found = connection.execute(_OVERTAKEN, {"lane": lane_number}).all()
    for row in found:
        why = f"the dead letter is {row.state} since: {row.resolved_by or '-'}"
        decide(connection, row.id, Decision("withdrawn", None, why), clock=clock)
    return len(found)


# Built once, for it runs in every commit.
_OVERTAKEN = (
    sa.select(correction.c.id, dead_letter.c.state, dead_letter.c.resolved_by)
    .join(dead_letter, dead_letter.c.id == correction.c.dead_letter_id)
    .where(
        correction.c.state == "proposed",
        dead_letter.c.lane_id == sa.bindparam("lane"),
        dead_letter.c.state != "open",
    )
)


def waiting(connection: sa.Connection, letter: int) -> int | None:
    """Give the approved correction of a letter whose row has not gone through the pipeline yet."""
    wanted = (
        sa.select(correction.c.id)
        .join(extraction, extraction.c.id == correction.c.extraction_id)
        .where(correction.c.dead_letter_id == letter, correction.c.state == "approved", extraction.c.state == "stored")
    )
    found = connection.execute(wanted).scalar()
    return int(found) if found is not None else None


def book(connection: sa.Connection, extraction_id: int, rows: Rows, current: Run) -> dict[str, int]:
    """Book what became of approved corrections whose rows went through the pipeline; gives counts to tell.

    The rows of their extraction stand in the order of their numbers.
    """
    wanted = sa.select(correction.c.id, correction.c.dead_letter_id).where(correction.c.extraction_id == extraction_id)
    carried = connection.execute(wanted.order_by(correction.c.id)).all()
    batched = dict(rows.versions.select("source_row", "digest").iter_rows())
    good = dict(rows.passed.select("source_row", "digest").iter_rows())
    refused = dict(rows.letters.select("source_row", "reasons").iter_rows())
    corrected = 0
    for place, found in enumerate(carried):
        digest = batched.get(place) or good.get(place)
        if digest is None:
            _fail(connection, found.id, _why(refused.get(place)), current)
            continue
        corrected += 1
        note = f"correction {found.id}, version {digest}"
        values = {"state": "corrected", "resolved_at": current.clock().isoformat(), "resolved_by": note}
        connection.execute(sa.update(dead_letter).where(dead_letter.c.id == found.dead_letter_id).values(values))
    return {"corrected": corrected, "failed": len(carried) - corrected}


def _why(reasons: str | None) -> str:
    if reasons is None:
        return "headquarters holds a newer version of the record, or refused this very content before"
    rules = dict.fromkeys(str(reason.get("rule")) for reason in json.loads(reasons))
    return f"the corrected row was refused: {', '.join(rules)}"


def fail(connection: sa.Connection, extraction_id: int, why: str, current: Run) -> None:
    """Note that the corrections an extraction carries cannot go through the pipeline."""
    wanted = sa.select(correction.c.id).where(correction.c.extraction_id == extraction_id)
    for (number,) in connection.execute(wanted).all():
        _fail(connection, number, why, current)


def _fail(connection: sa.Connection, number: int, why: str, current: Run) -> None:
    told = f"{why} (run {current.id})"
    values = {"state": "failed", "decision": told}
    connection.execute(sa.update(correction).where(correction.c.id == number).values(values))
