"""Looking through batches that were sent, each once: a table of its own notes per lane how far that has come.

Such a table has ``lane_id``, ``sequence`` (the last batch that was looked through) and ``unread`` (batches whose
packages the retention had removed before).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway.errors import Terminal
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import Stage
from ecqs_gateway.ledger.tables import batch, lane

__all__ = ["Unread", "package_of", "unread", "unread_before"]

_PRUNED = "ECQS-3017"


@dataclass(frozen=True)
class Unread:
    """A batch nobody has looked through yet; ``gone`` where the retention removed its package before."""

    lane_id: int
    unit: str
    kind: str
    sequence: int
    package: str
    digest: str
    gone: bool


def unread(database: Database, scan: sa.Table, kinds: Sequence[str]) -> list[Unread]:
    """List the batches of these kinds not looked through yet, lane by lane in their order."""
    wanted = (
        sa.select(batch.c.lane_id, lane.c.unit, lane.c.kind, batch.c.sequence, batch.c.package, batch.c.package_digest)
        .add_columns(batch.c.pruned_at)
        .join(lane, lane.c.id == batch.c.lane_id)
        .outerjoin(scan, scan.c.lane_id == batch.c.lane_id)
        .where(lane.c.kind.in_(list(kinds)), batch.c.sequence > sa.func.coalesce(scan.c.sequence, 0))
        .order_by(batch.c.lane_id, batch.c.sequence)
    )
    with database.read() as connection:
        rows = connection.execute(wanted).all()
    return [
        Unread(
            row.lane_id, row.unit, row.kind, row.sequence, row.package,
            bytes(row.package_digest).hex(), bool(row.pruned_at),
        )
        for row in rows
    ]  # fmt: skip


def unread_before(database: Database, scan: sa.Table) -> int:
    """Count the batches whose packages were gone before anybody looked through them."""
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.sum(scan.c.unread))).scalar() or 0)


def package_of(stage: Stage, found: Unread) -> bytes | None:
    """Give a batch's package, None where the retention removed it.

    Raises Terminal ECQS-3012 or Conflict ECQS-3011 where bytes are missing or not those that were sent.
    """
    if found.gone:
        return None
    try:
        return stage.get(found.package, found.digest)
    except Terminal as error:
        if error.code != _PRUNED:
            raise
        return None
