"""Runs and their counts: what each flow did to each lane, adding up or refused."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from ecqs_gateway import __version__
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import run, run_count

__all__ = ["Counts", "Run", "add_counts", "finish", "note_error", "start"]


@dataclass(frozen=True)
class Run:
    """One run of a flow: its id, the digest of the content bundle it uses, and its clock."""

    id: str
    bundle: str
    clock: Clock = now


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one lane; ``extracted`` always equals the sum of the next five."""

    extracted: int = 0
    unchanged: int = 0
    superseded: int = 0
    batched: int = 0
    dead_new: int = 0
    dead_known: int = 0
    flagged: int = 0
    sent: int = 0
    loaded: int = 0
    rejected: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Add two counts field by field."""
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    @property
    def dead(self) -> int:
        """Rows that became dead letters, met for the first time or again."""
        return self.dead_new + self.dead_known

    def proven(self) -> Counts:
        """Give these counts back when no row is missing; raises Conflict ECQS-3030 otherwise."""
        accounted = self.unchanged + self.superseded + self.batched + self.dead
        if self.extracted != accounted:
            raise Conflict(
                "ECQS-3030",
                f"{self.extracted} rows came in but {accounted} are accounted for",
                hint="this is a defect of the gateway: nothing was committed; report it with the run's log",
            )
        return self


def start(database: Database, flow: str, bundle: str, *, clock: Clock = now) -> Run:
    """Open a run; its id sorts by start time."""
    moment = clock()
    run_id = f"{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    values = {"id": run_id, "flow": flow, "started_at": moment.isoformat(), "state": "running"}
    with database.write() as connection:
        connection.execute(run.insert(), {**values, "bundle": bundle, "engine": __version__})
        facts = {"flow": flow, "bundle": bundle, "engine": __version__}
        evidence.append(connection, "run started", run_id, facts, clock=clock)
    return Run(run_id, bundle, clock)


def finish(database: Database, current: Run, *, failed: bool, message: str | None = None) -> None:
    """Close a run."""
    values = {"ended_at": current.clock().isoformat(), "state": "failed" if failed else "done", "message": message}
    with database.write() as connection:
        connection.execute(sa.update(run).where(run.c.id == current.id).values(**values))
        facts = {"state": values["state"], "counts": _totals(connection, current.id)}
        evidence.append(connection, "run closed", current.id, facts, clock=current.clock)


def _totals(connection: sa.Connection, run_id: str) -> dict[str, int]:
    sums = (sa.func.sum(run_count.c[name]).label(name) for name in Counts.__dataclass_fields__)
    found = connection.execute(sa.select(*sums).where(run_count.c.run_id == run_id)).one()
    return {name: int(value) for name, value in found._mapping.items() if value}  # noqa: SLF001


def add_counts(connection: sa.Connection, run_id: str, lane_number: int, counts: Counts) -> None:
    """Add to what a run did to a lane, inside the transaction that did it."""
    _ensure(connection, run_id, lane_number)
    changes = {name: run_count.c[name] + value for name, value in asdict(counts).items() if value}
    if changes:
        mine = (run_count.c.run_id == run_id, run_count.c.lane_id == lane_number)
        connection.execute(sa.update(run_count).where(*mine).values(changes))


def note_error(database: Database, run_id: str, lane_number: int, phase: str, message: str | None) -> None:
    """Keep why a phase (``collect``, ``deliver``) of a lane failed in this run; None when it went through after all."""
    mine = (run_count.c.run_id == run_id, run_count.c.lane_id == lane_number)
    with database.write() as connection:
        _ensure(connection, run_id, lane_number)
        known = connection.execute(sa.select(run_count.c.error).where(*mine)).scalar()
        phases = {**json.loads(known or "{}"), phase: redactor.mask(message) if message else None}
        kept = {name: text for name, text in phases.items() if text is not None}
        text = json.dumps(kept, ensure_ascii=False) if kept else None
        if text != known:
            connection.execute(sa.update(run_count).where(*mine).values(error=text))


def _ensure(connection: sa.Connection, run_id: str, lane_number: int) -> None:
    wanted = sa.select(run_count.c.run_id).where(run_count.c.run_id == run_id, run_count.c.lane_id == lane_number)
    if connection.execute(wanted).first() is None:
        connection.execute(run_count.insert(), {"run_id": run_id, "lane_id": lane_number})
