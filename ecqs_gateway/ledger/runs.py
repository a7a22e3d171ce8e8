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
from ecqs_gateway.ledger import owner as owners
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import run, run_count

__all__ = ["STOPPED", "Counts", "Run"]
__all__ += ["add_counts", "close_dead", "finish", "interrupt", "note_error", "start"]

STOPPED = "stopped"
"""Phase under which a lane of a run notes that an operator's order kept it from sending: no error, but to be seen."""


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


def start(database: Database, flow: str, bundle: str, *, clock: Clock = now, own: bool = True) -> Run:
    """Open a run, and close those whose process has died; its id sorts by start time.

    ``own`` says that the run ends with this process; a run that goes on in others, as a DAG's does, is not owned by
    the one that opened it and never taken for dead.
    """
    close_dead(database, clock=clock)
    moment = clock()
    run_id = f"{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    values = {"id": run_id, "flow": flow, "started_at": moment.isoformat(), "state": "running"}
    values |= {"bundle": bundle, "engine": __version__}
    with database.write() as connection:
        connection.execute(run.insert(), {**values, "owner": owners.myself() if own else None})
        facts = {"flow": flow, "bundle": bundle, "engine": __version__}
        evidence.append(connection, "run started", run_id, facts, clock=clock)
    return Run(run_id, bundle, clock)


def finish(database: Database, current: Run, *, failed: bool, message: str | None = None) -> None:
    """Close a run."""
    _end(database, current, "failed" if failed else "done", message)


def interrupt(database: Database, current: Run, message: str) -> None:
    """Close a run that was told to end before it was done."""
    _end(database, current, "interrupted", message)


def _end(database: Database, current: Run, state: str, message: str | None) -> None:
    values = {"ended_at": current.clock().isoformat(), "state": state, "message": message}
    with database.write() as connection:
        connection.execute(sa.update(run).where(run.c.id == current.id).values(**values))
        _evidence(connection, current.id, state, current.clock)


def _evidence(connection: sa.Connection, run_id: str, state: str, clock: Clock) -> None:
    facts = {"state": state, "counts": _totals(connection, run_id)}
    evidence.append(connection, "run closed", run_id, facts, clock=clock)


def _totals(connection: sa.Connection, run_id: str) -> dict[str, int]:
    sums = (sa.func.sum(run_count.c[name]).label(name) for name in Counts.__dataclass_fields__)
    found = connection.execute(sa.select(*sums).where(run_count.c.run_id == run_id)).one()
    return {name: int(value) for name, value in found._mapping.items() if value}  # noqa: SLF001


def close_dead(database: Database, *, clock: Clock = now) -> list[str]:
    """Close as ``killed`` the runs whose process is provably gone, and give their ids.

    Their lanes need nothing: the next run takes up what was committed.
    """
    running = sa.select(run.c.id, run.c.owner).where(run.c.state == "running", run.c.owner.is_not(None))
    with database.read() as connection:
        dead = [found.id for found in connection.execute(running) if owners.gone(found.owner)]
    if dead:
        values = {"ended_at": clock().isoformat(), "state": "killed", "message": "did not finish: its process died"}
        with database.write() as connection:
            still = (run.c.id.in_(dead), run.c.state == "running")
            closing = sa.update(run).where(*still).values(**values).returning(run.c.id)
            for run_id in sorted(connection.execute(closing).scalars()):
                _evidence(connection, run_id, "killed", clock)
    return dead


def add_counts(connection: sa.Connection, run_id: str, lane_number: int, counts: Counts) -> None:
    """Add to what a run did to a lane, inside the transaction that did it."""
    more = {f"more_{name}": value for name, value in vars(counts).items()}
    if connection.execute(_ADD, {"of_run": run_id, "of_lane": lane_number, **more}).rowcount != 1:
        connection.execute(run_count.insert(), {"run_id": run_id, "lane_id": lane_number, **vars(counts)})


# Built once, and the row that is nearly always there is not looked for first: this runs for every step of a batch.
_ADD = (
    sa.update(run_count)
    .where(run_count.c.run_id == sa.bindparam("of_run"), run_count.c.lane_id == sa.bindparam("of_lane"))
    .values({name: run_count.c[name] + sa.bindparam(f"more_{name}") for name in Counts.__dataclass_fields__})
)


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
