"""What headquarters refused, traced back to the source rows it was made of.

A dead letter with the key of its row is settled when that row gets through, also where a correction changed the
business key headquarters knew it by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.prepare import key_text
from ecqs_gateway.ledger import extractions, versions
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.receipts import Refusal
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import extraction
from ecqs_gateway.model.batch import parse_batch_id
from ecqs_gateway.model.receipt import Receipt

__all__ = ["with_source_keys"]


def with_source_keys(
    gateway: Gateway, lease: Lease, receipt: Receipt, refusals: Sequence[Refusal]
) -> tuple[Refusal, ...]:
    """Add the key of its source row to each refusal; one whose row is no longer at hand stays without."""
    if not any(refusal.key for refusal in refusals):
        return tuple(refusals)
    sent = versions.in_batch(gateway.database, lease.lane_id, parse_batch_id(receipt.batch).sequence)
    places = sent.filter(pl.col("key").is_in([refusal.key for refusal in refusals]))
    found: dict[str, str] = {}
    for (number,), part in places.group_by("extraction_id"):
        try:
            keys = _keys(gateway, lease, int(str(number)), part["source_row"])
        except GatewayError:
            continue  # pruned, or the connector is broken today: the letter is told all the same
        found.update(zip(part["key"].to_list(), keys, strict=False))
    return tuple(replace(refusal, source_key=found.get(refusal.key)) for refusal in refusals)


def _keys(gateway: Gateway, lease: Lease, number: int, rows: pl.Series) -> list[str]:
    """Give the key of each of these rows of an extraction; none where the stream has another key since."""
    stream = gateway.connector(lease.unit).streams.get(lease.kind)
    with gateway.database.read() as connection:
        wanted = sa.select(extraction.c.files).where(extraction.c.id == number)
        files = StagedFile.many_from_json(connection.execute(wanted).scalar_one())
    frame = extractions.load_frames(gateway.stage, {"rows": files["rows"]})["rows"]
    if stream is None or not set(stream.key) <= set(frame.columns):
        return []
    keys: list[str] = frame[rows.to_list()].select(key_text(stream.key).alias("key"))["key"].to_list()
    return keys
