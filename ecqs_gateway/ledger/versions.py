"""Record versions: which content of which record was batched last, so that only new content goes out."""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.ledger.bulk import in_values
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import batch, record_version
from ecqs_gateway.ledger.tables_report import fact_class

__all__ = ["KNOWN_SCHEMA", "in_batch", "latest"]

KNOWN_SCHEMA = {
    "key": pl.String, "known_digest": pl.String, "known_ordering": pl.String, "known_facts": pl.String,
    "known_fact": pl.String,
}  # fmt: skip


def latest(database: Database, lane_number: int, keys: pl.Series) -> pl.DataFrame:
    """Give the last batched version of each of these business keys that has one.

    Columns: ``key``, ``known_digest`` (hex), ``known_ordering`` (newest_by sort key or null), ``known_facts`` (JSON of
    the fields rules look back at, or null), ``known_fact`` (label of its fact class or null).
    """
    with database.read() as connection:
        mine = record_version.c.lane_id == lane_number
        refused = _refused_sequences(connection, lane_number)
        if refused:  # what headquarters refused as a whole batch never arrived, so it is not known
            mine = sa.and_(mine, record_version.c.sequence.not_in(refused))
        wanted = (
            sa.select(record_version.c.key, record_version.c.digest, record_version.c.ordering, record_version.c.facts)
            .add_columns(fact_class.c.label)
            .join(fact_class, fact_class.c.id == record_version.c.fact, isouter=True)
            .where(mine, in_values(connection, record_version.c.key, keys.to_list()))
            .order_by(record_version.c.key, record_version.c.sequence)
        )
        found = connection.execute(wanted).all()
    if not found:
        return pl.DataFrame(schema=KNOWN_SCHEMA)
    key, digest, ordering, facts, fact = zip(*found, strict=True)
    columns = {"key": key, "known_digest": [bytes(d) for d in digest], "known_ordering": ordering}
    columns |= {"known_facts": facts, "known_fact": fact}
    texts = dict.fromkeys(("known_ordering", "known_facts", "known_fact"), pl.String)
    frame = pl.DataFrame(columns, schema_overrides=texts)
    frame = frame.with_columns(pl.col("known_digest").bin.encode("hex")).cast(KNOWN_SCHEMA)  # type: ignore[arg-type]
    return frame.unique("key", keep="last", maintain_order=True)


def _refused_sequences(connection: sa.Connection, lane_number: int) -> list[int]:
    wanted = sa.select(batch.c.sequence).where(batch.c.lane_id == lane_number, batch.c.state == "rejected")
    return [int(sequence) for (sequence,) in connection.execute(wanted)]


def in_batch(database: Database, lane_number: int, sequence: int) -> pl.DataFrame:
    """Give the record versions of one batch in batch order, which is what a receipt is checked against.

    Columns: ``key``, ``digest`` (hex), ``source_row``, ``extraction_id``.
    """
    names = ("key", "digest", "source_row", "extraction_id")
    wanted = (
        sa.select(*(record_version.c[name] for name in names))
        .where(record_version.c.lane_id == lane_number, record_version.c.sequence == sequence)
        .order_by(record_version.c.position)
    )
    with database.read() as connection:
        found = connection.execute(wanted).all()
    columns = zip(*found, strict=True) if found else [[] for _ in names]
    schema = {"key": pl.String, "digest": pl.Binary, "source_row": pl.Int64, "extraction_id": pl.Int64}
    frame = pl.DataFrame(dict(zip(names, (list(c) for c in columns), strict=True)), schema=schema)
    return frame.with_columns(pl.col("digest").bin.encode("hex"))
