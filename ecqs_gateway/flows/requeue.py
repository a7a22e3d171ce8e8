"""Putting rows of dead letters back into the pipeline: a new extraction of rows that were stored before.

The watermark stays where it is. The next run of the lane takes the extraction up before it reads the source, maps it
with the content of that day and batches what is new as new record versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway.errors import Conflict
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.letter_rows import Piece
from ecqs_gateway.flows.prepare import frames_of
from ecqs_gateway.ledger import extractions, lanes, letters, runs
from ecqs_gateway.ledger.extractions import Extraction
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.tables import dead_letter

__all__ = ["Queued", "enqueue", "one_run"]


@dataclass(frozen=True)
class Queued:
    """Rows that wait for the next run of their lane."""

    unit: str
    kind: str
    extraction_id: int
    letters: tuple[int, ...]


@contextmanager
def one_run(gateway: Gateway, flow: str) -> Iterator[Run]:
    """Open a run for what a person asked for, and close it whatever happens."""
    run = runs.start(gateway.database, flow, gateway.content.digest, clock=gateway.clock)
    try:
        yield run
    except BaseException as error:
        runs.finish(gateway.database, run, failed=True, message=type(error).__name__)
        raise
    runs.finish(gateway.database, run, failed=False)


Within = Callable[[sa.Connection, Lease, Extraction], None]
"""What else happens in the transaction that stores the rows."""


def enqueue(
    gateway: Gateway, run: Run, piece: Piece, cause: str, facts: Mapping[str, object], within: Within
) -> Queued:
    """Store the rows of a piece as a new extraction of its lane, in one transaction with its evidence.

    The lane's lease is taken for it, so that no run that is under way can settle the same letters: raises Transient
    ECQS-3004 while there is one, Conflict ECQS-6104 where a letter is no longer open.
    """
    lane = piece.lane
    lease = lanes.acquire(gateway.database, lane.unit, lane.kind, clock=gateway.clock)
    try:
        frames = {role: frame for role, frame in frames_of(piece.chunk).items() if role != "unreadable"}
        name = f"{run.id}-{lease.fence}-{cause}-{piece.letters[0].id:06d}"
        files = extractions.stage_frames(gateway.stage, lease, name, frames)
        draft = Extraction(0, piece.chunk.frame.height, piece.chunk.origin, files, cause)
        with gateway.database.write() as connection:
            lanes.guard(connection, lease, clock=gateway.clock)
            _require_open(connection, piece)
            stored = extractions.insert(connection, lease, run, draft)
            subject = f"{lane.unit}/{lane.kind}/{stored.id}"
            ids = [letter.id for letter in piece.letters]
            letters.mark(
                connection, "retried" if cause == "retry" else "corrected", subject, ids, facts, clock=gateway.clock
            )
            within(connection, lease, stored)
    finally:
        lanes.release(gateway.database, lease)
    return Queued(lane.unit, lane.kind, stored.id, tuple(ids))


def _require_open(connection: sa.Connection, piece: Piece) -> None:
    wanted = sa.select(dead_letter.c.id).where(
        dead_letter.c.lane_id == piece.letters[0].lane_id, dead_letter.c.state == "open"
    )
    still = {int(number) for (number,) in connection.execute(wanted)}
    gone = [letter.id for letter in piece.letters if letter.id not in still]
    if gone:
        shown = ", ".join(map(str, gone[:10])) + (" …" if len(gone) > 10 else "")
        raise Conflict(
            "ECQS-6104",
            f"dead letters are no longer open: {shown}; nothing was queued",
            where=f"{piece.lane.unit} {piece.lane.kind}",
            hint="`ecqs dead-letters show <id>` says what settled each; then ask again without them",
        )
