"""Reading dead letters for people: found by what they are about, counted by cause, with what was done about them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, get_args

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.dead_letters import unseal
from ecqs_gateway.ledger.tables import dead_letter, extraction, lane
from ecqs_gateway.ledger.tables import evidence as entry

__all__ = ["CAUSES", "EVERY", "STATES", "Done", "Event", "Filter", "Letter", "Reason"]
__all__ += ["count", "events_of", "find", "grouped", "mark", "opened", "queued", "settle"]

STATES = ("open", "corrected", "resolved", "discarded")
CAUSES = ("rule", "field", "column", "unit", "kind", "origin", "state")
"""What letters can be counted by."""

Reason = dict[str, str | None]
"""Why a record could not go: field, column, rule, clause, message, and severity where mapping or rules say it."""

Done = Literal["retried", "corrected", "discarded", "reopened"]
"""What was done about letters, as the evidence chain has it."""

_MOST_AT_ONCE = 10_000
_DECISIONS = tuple(f"letters {done}" for done in get_args(Done))
"""Events of the evidence chain that name letters."""


@dataclass(frozen=True)
class Filter:
    """Which letters are meant; what is empty does not matter."""

    ids: tuple[int, ...] | None = None
    units: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """Spellings of one business key or source key."""
    since: date | None = None
    """First met on this day or later."""


EVERY = Filter()


@dataclass(frozen=True)
class Letter:
    """One dead letter; ``source`` and ``mapped`` may be sealed (see ``opened``) or null."""

    id: int
    lane_id: int
    unit: str
    kind: str
    identity: str
    origin: str
    key: str | None
    source_key: str | None
    version: str | None
    batch_id: str | None
    extraction_id: int | None
    source_row: int | None
    reasons: tuple[Reason, ...]
    source: str | None
    mapped: str | None
    bundle: str
    engine: str
    state: str
    first_run: str
    last_run: str
    created_at: str
    resolved_at: str | None
    resolved_by: str | None
    note: str | None
    files: str | None
    """Stage files of its extraction, as JSON; null where there is none."""
    cause: str | None
    """Why its extraction was made."""
    read_from: str | None
    """Table or files its row came from."""
    pruned_at: str | None

    @property
    def rules(self) -> list[str]:
        """Name each rule or code once, as the reasons stand."""
        return list(dict.fromkeys(str(reason.get("rule")) for reason in self.reasons))


_HERE = (
    sa.select(
        *dead_letter.c, lane.c.unit, lane.c.kind, extraction.c.files, extraction.c.cause, extraction.c.pruned_at,
        extraction.c.origin.label("read_from"),
    )
    .join(lane, lane.c.id == dead_letter.c.lane_id)
    .outerjoin(extraction, extraction.c.id == dead_letter.c.extraction_id)
)  # fmt: skip


def find(database: Database, wanted: Filter, *, limit: int | None = None, offset: int = 0) -> list[Letter]:
    """Give letters, oldest first."""
    if wanted.ids is not None and len(wanted.ids) > _MOST_AT_ONCE:
        ids = sorted(set(wanted.ids))
        parts = (tuple(ids[start : start + _MOST_AT_ONCE]) for start in range(0, len(ids), _MOST_AT_ONCE))
        every = [letter for part in parts for letter in find(database, replace(wanted, ids=part))]
        return every[offset:][:limit]
    statement = _HERE.where(*_conditions(wanted)).order_by(dead_letter.c.id).limit(limit).offset(offset)
    with database.read() as connection:
        return [_letter(row) for row in connection.execute(statement)]


def count(database: Database, wanted: Filter) -> int:
    """Count letters."""
    statement = sa.select(sa.func.count()).select_from(dead_letter).join(lane, lane.c.id == dead_letter.c.lane_id)
    with database.read() as connection:
        return int(connection.execute(statement.where(*_conditions(wanted))).scalar_one())


def grouped(database: Database, wanted: Filter, by: str) -> list[dict[str, Any]]:
    """Count letters by one of ``CAUSES``, most first, with one message as an example.

    A letter with several reasons counts once under each of them, so that the sum may be more than the letters.
    """
    columns = (dead_letter.c.origin, dead_letter.c.state, dead_letter.c.reasons, lane.c.unit, lane.c.kind)
    statement = sa.select(*columns).join(lane, lane.c.id == dead_letter.c.lane_id).where(*_conditions(wanted))
    totals: Counter[str] = Counter()
    examples: dict[str, str] = {}
    with database.read() as connection:
        for row in connection.execute(statement):
            for cause, message in _causes(row, by).items():
                totals[cause] += 1
                examples.setdefault(cause, message)
    return [{by: cause, "letters": number, "example": examples[cause]} for cause, number in totals.most_common()]


def _causes(row: Any, by: str) -> dict[str, str]:
    reasons = json.loads(row.reasons)
    if by in ("rule", "field", "column"):
        named = [(str(reason.get(by) or "-"), str(reason.get("message") or "")) for reason in reasons]
        return dict(reversed(named))  # the first message of a cause stands
    return {str(getattr(row, by)): str(reasons[0].get("message") or "") if reasons else ""}


def _letter(row: Any) -> Letter:
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's own name for it
    values["version"] = bytes(values["version"]).hex() if values["version"] is not None else None
    values["reasons"] = tuple(json.loads(values["reasons"]))
    return Letter(**values)


def _conditions(wanted: Filter) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.ids is not None:
        yield dead_letter.c.id.in_(wanted.ids)
    for column, values in (
        (lane.c.unit, wanted.units),
        (lane.c.kind, wanted.kinds),
        (dead_letter.c.origin, wanted.origins),
        (dead_letter.c.state, wanted.states),
    ):
        if values:
            yield column.in_(values)
    if wanted.keys:
        yield sa.or_(dead_letter.c.key.in_(wanted.keys), dead_letter.c.source_key.in_(wanted.keys))
    if wanted.since is not None:
        yield dead_letter.c.created_at >= wanted.since.isoformat()
    if wanted.rules:
        yield sa.or_(*(_names_rule(rule) for rule in wanted.rules))


def _names_rule(rule: str) -> sa.ColumnElement[bool]:
    """Find a rule in the JSON of the reasons, which two writers space differently."""
    name = json.dumps(rule, ensure_ascii=False)
    return sa.or_(*(dead_letter.c.reasons.contains(f'"rule":{gap}{name}', autoescape=True) for gap in ("", " ")))


def opened(letter: Letter, vault: Vault) -> Letter:
    """Give a letter with its payloads as they were before they were sealed; raises Terminal ECQS-3042, ECQS-3043."""
    source = unseal(vault, letter.lane_id, letter.identity, "source", letter.source)
    mapped = unseal(vault, letter.lane_id, letter.identity, "mapped", letter.mapped)
    return replace(letter, source=source, mapped=mapped)


def settle(
    connection: sa.Connection, letter: Letter, *, state: str, by: str | None, note: str | None, clock: Clock = now
) -> bool:
    """Give a letter the state a person decided on; False when its state changed in the meantime."""
    closed = state != "open"
    values = {
        "state": state,
        "resolved_at": clock().isoformat() if closed else None,
        "resolved_by": by if closed else None,
        "note": note,
    }
    mine = (dead_letter.c.id == letter.id, dead_letter.c.state == letter.state)
    return connection.execute(sa.update(dead_letter).where(*mine).values(values)).rowcount == 1


@dataclass(frozen=True)
class Event:
    """What was done about a letter, out of the evidence chain."""

    at: str
    event: str
    subject: str
    facts: dict[str, Any]


def mark(
    connection: sa.Connection,
    done: Done,
    subject: str,
    ids: Collection[int],
    facts: Mapping[str, object],
    *,
    clock: Clock = now,
) -> None:
    """Append to the evidence chain what was done about letters; ``facts`` hold no value of a record."""
    event = (
        "letters retried" if done == "retried" else
        "letters corrected" if done == "corrected" else
        "letters discarded" if done == "discarded" else
        "letters reopened"
    )  # fmt: skip
    evidence.append(connection, event, subject, {**facts, "letters": _ranges(ids)}, clock=clock)


def events_of(database: Database, letter: Letter) -> list[Event]:
    """Give what was done about a letter, oldest first."""
    mine = entry.c.subject.startswith(f"{letter.unit}/{letter.kind}", autoescape=True)
    return [found for found in _events(database, mine) if _holds(found.facts.get("letters", ""), letter.id)]


def queued(database: Database, lane_number: int, unit: str, kind: str) -> frozenset[int]:
    """Give the letters of a lane whose rows wait as a retry that no run has taken up yet."""
    stored = (extraction.c.lane_id == lane_number, extraction.c.state == "stored", extraction.c.cause == "retry")
    with database.read() as connection:
        numbers = connection.execute(sa.select(extraction.c.id).where(*stored)).scalars().all()
    subjects = [f"{unit}/{kind}/{number}" for number in numbers]
    waiting = _events(database, entry.c.subject.in_(subjects)) if subjects else []
    return frozenset(number for found in waiting for number in _numbers(found.facts.get("letters", "")))


def _events(database: Database, *where: sa.ColumnElement[bool]) -> list[Event]:
    statement = sa.select(entry).where(entry.c.event.in_(_DECISIONS), *where).order_by(entry.c.sequence)
    with database.read() as connection:
        return [Event(row.at, row.event, row.subject, json.loads(row.facts)) for row in connection.execute(statement)]


def _ranges(ids: Iterable[int]) -> str:
    """Write numbers as ``1-5,7``."""
    parts: list[list[int]] = []
    for number in sorted(set(ids)):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def _bounds(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        yield int(first), int(last or first)


def _holds(text: str, number: int) -> bool:
    return any(first <= number <= last for first, last in _bounds(text))


def _numbers(text: str) -> Sequence[int]:
    return [number for first, last in _bounds(text) for number in range(first, last + 1)]
