"""Which source row each waiting letter of a lane is about, remembered from commit to commit of one run.

A letter's row holds whole payloads, so reading them all for every commit costs more than the commit. Which letters
wait is asked anew each time, of a narrow index, for other commands may settle letters meanwhile; the source key of a
letter never changes and is read once.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger.bulk import in_values
from ecqs_gateway.ledger.tables import dead_letter

__all__ = ["LetterKeys"]

_SCHEMA = {"id": pl.Int64, "source_key": pl.String}
_MOST = 100_000
"""Waiting letters of a lane up to which they are remembered; beyond it the ledger is asked for each commit's keys."""
_FEW = 500
"""New letters up to which they are asked for one by one."""


class LetterKeys:
    """The source keys of the letters of one lane, for the commits of one run; a failed commit ends its use."""

    def __init__(self, lane_number: int) -> None:
        """Begin without knowing any."""
        self.lane_number = lane_number
        self._known = pl.DataFrame(schema=_SCHEMA)

    def waiting(self, connection: sa.Connection, states: Sequence[str], keys: pl.Series) -> pl.DataFrame:
        """Give ``id`` and ``source_key`` of the lane's letters in these states that are about these source keys."""
        mine = (dead_letter.c.lane_id == self.lane_number, dead_letter.c.state.in_(states))
        wanted = sa.select(dead_letter.c.id).where(*mine).limit(_MOST + 1)
        ids = pl.Series("id", connection.execute(wanted).scalars().all(), dtype=pl.Int64)
        if ids.is_empty():
            return pl.DataFrame(schema=_SCHEMA)
        if ids.len() > _MOST:
            about = in_values(connection, dead_letter.c.source_key, keys.to_list())
            return _read(connection, *mine, about)
        self._known = self._known.filter(pl.col("id").is_in(ids.implode()))  # what is settled is forgotten
        new = ids.filter(~ids.is_in(self._known["id"].implode()))
        if not new.is_empty():
            some = (dead_letter.c.id.in_(new.to_list()),) if new.len() <= _FEW else mine
            self._known = pl.concat([self._known, _read(connection, *some)]).unique("id", maintain_order=True)
        return self._known.filter(pl.col("source_key").is_in(keys.implode()))


def _read(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> pl.DataFrame:
    found = connection.execute(sa.select(dead_letter.c.id, dead_letter.c.source_key).where(*where)).all()
    ids, keys = zip(*found, strict=True) if found else ((), ())
    return pl.DataFrame({"id": ids, "source_key": keys}, schema=_SCHEMA)
