"""Which source row each waiting letter of a lane is about, remembered from commit to commit of one run.

A letter's row holds whole payloads, so reading them all for every commit costs more than the commit. Which letters
wait is asked anew in each transaction, of a narrow index, for other commands may settle letters meanwhile; the source
key of a letter never changes and is read once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger.bulk import in_values
from ecqs_gateway.ledger.tables import dead_letter

__all__ = ["LetterKeys"]

_SCHEMA = {"id": pl.Int64, "source_key": pl.String}
_MOST = 100_000
"""Waiting letters of a lane up to which they are remembered; beyond it the ledger is asked for each commit's keys."""


class LetterKeys:
    """The source keys of the letters of one lane, for the commits of one run; a failed commit ends its use."""

    def __init__(self, lane_number: int) -> None:
        """Begin without knowing any."""
        self.lane_number = lane_number
        self._known: dict[int, str | None] = {}
        self._keys: set[str | None] = set()
        self._asked: tuple[object, Collection[str]] | None = None

    def waiting(self, connection: sa.Connection, states: Collection[str], keys: pl.Series) -> pl.DataFrame:
        """Give ``id`` and ``source_key`` of the lane's letters in these states that are about these source keys.

        A transaction asks once: what it adds and overtakes later is about rows it refused, what it resolves it says.
        """
        about = keys.to_list()
        asked = (connection.get_transaction(), states)
        if asked != self._asked:
            ids = connection.execute(_IDS, {"lane": self.lane_number, "states": states, "most": _MOST + 1}).scalars()
            if not self._learn(connection, states, ids.all()):
                mine = (dead_letter.c.lane_id == self.lane_number, dead_letter.c.state.in_(states))
                wanted = _KEYS.where(*mine, in_values(connection, dead_letter.c.source_key, about))
                return pl.DataFrame(connection.execute(wanted).all(), schema=_SCHEMA, orient="row")
            self._asked = asked
        if self._keys.isdisjoint(about):
            return pl.DataFrame(schema=_SCHEMA)
        wanted_keys = set(about) - {None}
        found = [(number, key) for number, key in self._known.items() if key in wanted_keys]
        return pl.DataFrame(found, schema=_SCHEMA, orient="row")

    def settled(self, ids: Iterable[int]) -> None:
        """Be told of letters that were resolved in this transaction."""
        for number in ids:
            self._known.pop(number, None)

    def _learn(self, connection: sa.Connection, states: Collection[str], ids: Collection[int]) -> bool:
        """Know exactly these letters; False where there are too many to remember."""
        if len(ids) > _MOST:
            return False
        gone, new = self._known.keys() - ids, set(ids) - self._known.keys()
        self.settled(gone)  # also what is in other states than those asked for now: it is read anew
        if new:
            since = {"lane": self.lane_number, "states": states, "lowest": min(new)}
            self._known.update({row.id: row.source_key for row in connection.execute(_KEYS_SINCE, since)})
        self._keys = set(self._known.values())
        return True


# Built once, for they run in every commit.
_WAITING = (
    dead_letter.c.lane_id == sa.bindparam("lane"),
    dead_letter.c.state.in_(sa.bindparam("states", expanding=True)),
)
_IDS = sa.select(dead_letter.c.id).where(*_WAITING).limit(sa.bindparam("most", type_=sa.Integer))
_KEYS = sa.select(dead_letter.c.id, dead_letter.c.source_key)
_KEYS_SINCE = _KEYS.where(*_WAITING, dead_letter.c.id >= sa.bindparam("lowest"))
