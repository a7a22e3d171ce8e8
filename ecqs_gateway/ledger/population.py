"""What headquarters must hold of a unit by the ledger's own account: the other side of a population it draws from."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import batch, dead_letter, lane, record_version

__all__ = ["held"]

_SCHEMA = {"key": pl.String, "version": pl.String}


def held(database: Database, unit: str, kind: str, sequence: int) -> pl.DataFrame | None:
    """Give ``key`` and ``version`` (hex) of what headquarters has loaded of a lane up to and with a batch.

    None where the ledger cannot tell: it does not have all those batches, or one of them is not settled here yet.
    """
    with database.read() as connection:
        number = connection.execute(sa.select(lane.c.id).where(lane.c.unit == unit, lane.c.kind == kind)).scalar()
        if number is None:
            return None
        mine = (batch.c.lane_id == number, batch.c.sequence <= sequence)
        states = connection.execute(sa.select(batch.c.state).where(*mine)).scalars().all()
        if len(states) != sequence or not set(states) <= {"loaded", "rejected"}:
            return None
        same = (batch.c.lane_id == record_version.c.lane_id, batch.c.sequence == record_version.c.sequence)
        sent = (
            sa.select(record_version.c.key, record_version.c.digest, record_version.c.sequence)
            .join(batch, sa.and_(*same))
            .where(*mine, batch.c.state == "loaded")
            .order_by(record_version.c.sequence)
        )
        refused = (
            sa.select(dead_letter.c.key, dead_letter.c.version, batch.c.sequence)
            .join(batch, batch.c.id == dead_letter.c.batch_id)
            .where(*mine, dead_letter.c.lane_id == number, dead_letter.c.origin == "headquarters")
        )
        gone = _frame(connection, refused)
        all_sent = _frame(connection, sent)
    left = all_sent.join(gone, on=["key", "version", "sequence"], how="anti", maintain_order="left")
    return left.unique("key", keep="last", maintain_order=True).select(*_SCHEMA)


def _frame(connection: sa.Connection, statement: sa.Select[tuple[str, bytes, int]]) -> pl.DataFrame:
    found = connection.execute(statement).all()
    key, digest, sequence = zip(*found, strict=True) if found else ((), (), ())
    frame = pl.DataFrame(
        {"key": list(key), "version": [bytes(d) for d in digest], "sequence": list(sequence)},
        schema={"key": pl.String, "version": pl.Binary, "sequence": pl.Int64},
    )
    return frame.with_columns(pl.col("version").bin.encode("hex"))
