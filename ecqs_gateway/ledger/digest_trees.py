"""The digest tree as the ledger keeps it: leaves in their buckets, nodes above them, and how far it was brought.

Reads and writes only; what the digests are and which nodes change is worked out in ``reconcile``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import batch, receipt, record_version
from ecqs_gateway.ledger.tables_reconcile import digest_leaf, digest_node, digest_tree

__all__ = [
    "Progress",
    "Rewrite",
    "Settled",
    "children",
    "forget",
    "leaves_in",
    "leaves_of",
    "nodes",
    "progress",
    "settled",
]
__all__ += ["versions_in", "write"]

_LEAF = {"bucket": pl.String, "key": pl.String, "version": pl.Binary}
_NODE = {"path": pl.String, "count": pl.Int64, "digest": pl.Binary}


@dataclass(frozen=True)
class Progress:
    """How far a lane's tree was brought: last batch in it, highest receipt number of those, records, digest (hex)."""

    sequence: int = 0
    cutoff: int = 0
    records: int = 0
    digest: str | None = None


@dataclass(frozen=True)
class Settled:
    """A batch that headquarters has settled: its package, and the receipt that says what was loaded of it."""

    id: str
    sequence: int
    loaded: bool
    number: int
    package: StagedFile
    refused: int
    receipt: StagedFile | None


def progress(database: Database, lane_number: int) -> Progress:
    """Say how far the tree of a lane was brought."""
    with database.read() as connection:
        found = connection.execute(sa.select(digest_tree).where(digest_tree.c.lane_id == lane_number)).first()
    if found is None:
        return Progress()
    return Progress(int(found.sequence), int(found.cutoff), int(found.records), bytes(found.digest).hex())


def settled(database: Database, lane_number: int, after: int) -> list[Settled]:
    """List the batches behind a sequence up to the first that is not settled, each with its receipt ``loaded``."""
    wanted = (
        sa.select(
            batch.c.id, batch.c.sequence, batch.c.state, batch.c.package, batch.c.package_digest,
            batch.c.package_size, batch.c.rejected, receipt.c.number, receipt.c.file, receipt.c.digest,
        )
        .outerjoin(
            receipt,
            (receipt.c.batch_id == batch.c.id) & (receipt.c.level == "loaded") & (receipt.c.verdict == "accepted"),
        )
        .where(batch.c.lane_id == lane_number, batch.c.sequence > after)
        .order_by(batch.c.sequence)
    )  # fmt: skip
    found: list[Settled] = []
    with database.read() as connection:
        for row in connection.execute(wanted):
            if row.state not in ("loaded", "rejected"):
                break
            found.append(_settled(row))  # type: ignore[arg-type]  # SQLAlchemy counts ten columns at most
    return found


def _settled(row: sa.Row[Any]) -> Settled:
    package = StagedFile(row.package, bytes(row.package_digest).hex(), row.package_size)
    said = StagedFile(row.file, bytes(row.digest).hex(), 0) if row.file is not None else None
    loaded = row.state == "loaded"
    return Settled(row.id, int(row.sequence), loaded, int(row.number or 0), package, int(row.rejected), said)


def versions_in(database: Database, lane_number: int, sequences: Sequence[int]) -> pl.DataFrame:
    """Give the record versions of some batches: ``sequence``, ``position``, ``key``, ``version`` (hex)."""
    names = (record_version.c.sequence, record_version.c.position, record_version.c.key, record_version.c.digest)
    wanted = sa.select(*names).where(
        record_version.c.lane_id == lane_number,
        record_version.c.sequence.between(min(sequences), max(sequences)),
    )
    schema = {"sequence": pl.Int64, "position": pl.Int64, "key": pl.String, "version": pl.Binary}
    return _read(database, wanted, schema, "version").sort("sequence", "position")


def leaves_of(database: Database, lane_number: int, keys: pl.Series) -> pl.DataFrame:
    """Give the leaves of these keys: ``bucket``, ``key``, ``version`` (hex)."""
    return _leaves(database, lane_number, digest_leaf.c.key, keys)


def leaves_in(database: Database, lane_number: int, buckets: pl.Series | None = None) -> pl.DataFrame:
    """Give the leaves of these buckets, or all: ``bucket``, ``key``, ``version`` (hex)."""
    return _leaves(database, lane_number, digest_leaf.c.bucket, buckets)


def _leaves(
    database: Database, lane_number: int, column: sa.ColumnElement[str], values: pl.Series | None
) -> pl.DataFrame:
    wanted = sa.select(*(digest_leaf.c[name] for name in _LEAF)).where(digest_leaf.c.lane_id == lane_number)
    return _read(database, wanted, _LEAF, "version", column, values)


def nodes(database: Database, lane_number: int, paths: pl.Series | None = None) -> pl.DataFrame:
    """Give the nodes of these paths, or all: ``path``, ``count``, ``digest`` (hex)."""
    wanted = sa.select(*(digest_node.c[name] for name in _NODE)).where(digest_node.c.lane_id == lane_number)
    return _read(database, wanted, _NODE, "digest", digest_node.c.path, paths)


def children(database: Database, lane_number: int, parents: pl.Series) -> pl.DataFrame:
    """Give the nodes right below these paths: ``path``, ``count``, ``digest`` (hex)."""
    wanted = sa.select(*(digest_node.c[name] for name in _NODE)).where(digest_node.c.lane_id == lane_number)
    return _read(database, wanted, _NODE, "digest", digest_node.c.parent, parents)


def _read(
    database: Database,
    wanted: sa.Select[Any],
    schema: dict[str, Any],
    binary: str,
    column: sa.ColumnElement[str] | None = None,
    values: pl.Series | None = None,
) -> pl.DataFrame:
    empty = values is not None and values.is_empty()
    found: list[Any] = []
    if not empty:
        with database.read() as connection:
            if column is not None and values is not None:
                wanted = wanted.where(in_values(connection, column, values.to_list()))
            found = list(connection.execute(wanted).all())
    columns: Any = list(zip(*found, strict=True)) if found else [[] for _ in schema]
    frame = pl.DataFrame(dict(zip(schema, (list(c) for c in columns), strict=True)), schema=schema)
    return frame.with_columns(pl.col(binary).bin.encode("hex"))


@dataclass(frozen=True)
class Rewrite:
    """What changes in a tree: leaves to remove (by key) and to add, nodes to remove (by path) and to add."""

    gone_keys: pl.Series
    leaves: pl.DataFrame
    gone_paths: pl.Series
    nodes: pl.DataFrame


def write(
    database: Database, lane_number: int, change: Rewrite, *, before: Progress, after: Progress, clock: Clock = now
) -> None:
    """Write what changes in a tree at once.

    Raises Conflict ECQS-8010 when another run has brought the tree forward meanwhile; then nothing is written.
    """
    number = pl.lit(lane_number).alias("lane_id")
    values: dict[str, Any] = {"sequence": after.sequence, "cutoff": after.cutoff, "records": after.records}
    values |= {"digest": bytes.fromhex(after.digest or ""), "updated_at": clock().isoformat()}
    with database.write() as connection:
        _move(connection, lane_number, before, values)
        for table, column, gone in ((digest_leaf, "key", change.gone_keys), (digest_node, "path", change.gone_paths)):
            if gone.len():
                mine = (table.c.lane_id == lane_number, in_values(connection, table.c[column], gone.to_list()))
                connection.execute(sa.delete(table).where(*mine))
        insert_frame(connection, digest_leaf, change.leaves.sort("bucket", "key").with_columns(number))
        parent = pl.col("path").str.replace(r"/?[^/]*$", "").alias("parent")
        insert_frame(connection, digest_node, change.nodes.sort("path").with_columns(number, parent))


def _move(connection: sa.Connection, lane_number: int, before: Progress, values: dict[str, Any]) -> None:
    if before.digest is None:
        known = connection.execute(sa.select(digest_tree.c.lane_id).where(digest_tree.c.lane_id == lane_number)).first()
        moved = known is None
        if moved:
            connection.execute(digest_tree.insert(), {"lane_id": lane_number, **values})
    else:
        mine = (digest_tree.c.lane_id == lane_number, digest_tree.c.sequence == before.sequence)
        moved = connection.execute(sa.update(digest_tree).where(*mine).values(**values)).rowcount == 1
    if not moved:
        raise Conflict(
            "ECQS-8010",
            "another run has brought the digest tree of this lane forward meanwhile; nothing was written",
            hint="nothing to do: run `ecqs reconcile` again once the other run has ended",
        )


def forget(database: Database, lane_number: int) -> None:
    """Remove the tree of a lane, so that the next run builds it anew."""
    with database.write() as connection:
        for table in (digest_leaf, digest_node, digest_tree):
            connection.execute(sa.delete(table).where(table.c.lane_id == lane_number))
