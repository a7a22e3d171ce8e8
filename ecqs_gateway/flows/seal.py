"""From a draft to sealed batches: slices of fresh records become XML, are validated, compressed, described and signed.

The expensive part (XSD, compression) has no order and runs in threads, for libxml2 and igzip release the GIL; the
manifest, which points back to the one before, is made in order afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from ecqs_gateway.deliver import xml
from ecqs_gateway.deliver.batch import REJECT_RULE, ValidBatch, valid_batch
from ecqs_gateway.deliver.package import Chain, Compressed, SealedBatch, compress_batch, seal_batch
from ecqs_gateway.deliver.signing import Signer, algorithm
from ecqs_gateway.doors.clock import Clock
from ecqs_gateway.doors.xml_schema import Schema
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.prepare import FINDING_SCHEMA, Draft
from ecqs_gateway.ledger import dead_letters
from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.model.batch import BatchHeader, BatchId

__all__ = ["Cut", "Ready", "Sealer", "cut", "findings_of", "rejected_letters", "versions_of", "without_rejects"]


@dataclass(frozen=True)
class Cut:
    """One batch before it is validated: its header and its rows."""

    header: BatchHeader
    rows: pl.DataFrame


def cut(draft: Draft, lane: LanePlan, *, first_sequence: int, size: int, clock: Clock, content: str) -> list[Cut]:
    """Slice the fresh records of a draft into batches of at most ``size`` records, in order."""
    cuts = []
    for number, offset in enumerate(range(0, draft.fresh.height, size)):
        batch = BatchId(lane.unit, lane.kind, first_sequence + number)
        rows = draft.fresh.slice(offset, size)
        rows = rows.hstack([one.new_from_index(0, rows.height) for one in _NEW])
        cuts.append(Cut(BatchHeader.of(batch, created=clock(), content=content), rows))
    return cuts


_NEW = (pl.Series("action", ["upsert"]), pl.Series("reason", [None], dtype=pl.String))


@dataclass(frozen=True)
class Ready:
    """One batch that is valid and compressed: what is left to do needs its place in the order.

    ``rows`` are what is in it, without their texts; ``rejects`` the digests of what the schema refused, ``letters``
    their dead letters. Nothing here holds on to the memory of the XML.
    """

    header: BatchHeader
    rows: pl.DataFrame
    compressed: Compressed
    rejects: frozenset[str]
    letters: pl.DataFrame


@dataclass(frozen=True)
class Sealer:
    """Validates and seals the batches of one lane."""

    lane: LanePlan
    schema: Schema
    signer: Signer

    def make_ready(self, batch: Cut) -> Ready:
        """Build, validate and compress one batch; what the schema refuses is left out and told of.

        A batch the schema left empty is made ready all the same: its number is taken, and sequences have no gaps.
        """
        digest = algorithm(self.signer.algorithm).digest
        valid = valid_batch(batch.header, batch.rows, spec=self.lane.spec, schema=self.schema, digest_algorithm=digest)
        empty = pl.Series([], dtype=pl.String)
        return Ready(
            batch.header,
            valid.rows[_KEPT],
            valid.compressed or compress_batch(xml.assemble(batch.header, empty), digest),
            frozenset(valid.rejects["version"]),
            pl.DataFrame(list(_letters(batch, valid)), schema=dead_letters.SCHEMA),
        )

    def seal(self, batch: Ready, *, previous: str | None, anchor: tuple[int, bytes]) -> SealedBatch:
        """Describe, sign and pack one batch; ``anchor`` is the head of the evidence chain: entry number and hash."""
        chain = Chain(previous=previous, evidence=anchor[1].hex(), entry=anchor[0])
        return seal_batch(batch.header, batch.compressed, records=batch.rows.height, signer=self.signer, chain=chain)


_KEPT = [ROW, "key", "version", "previous", "ordering", "source_key", "facts", "link", "fact", "replaced"]


def versions_of(batches: Sequence[Ready]) -> pl.DataFrame:
    """Give the rows of the ledger's ``record_version`` for what is really in the batches, with ``source_key``."""
    frames = [
        batch.rows.with_row_index("position").select_seq(
            "key",
            pl.lit(batch.header.sequence, pl.Int64).alias("sequence"),
            pl.col("version").alias("digest"),
            "previous",
            pl.col("position").cast(pl.Int64),
            "ordering",
            pl.col(ROW).cast(pl.Int64).alias("source_row"),
            "source_key",
            "facts",
            "link",
            "fact",
            "replaced",
        )
        for batch in batches
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=_VERSION_SCHEMA)


_VERSION_SCHEMA = {
    "key": pl.String, "sequence": pl.Int64, "digest": pl.String, "previous": pl.String, "position": pl.Int64,
    "ordering": pl.String, "source_row": pl.Int64, "source_key": pl.String, "facts": pl.String, "link": pl.String,
    "fact": pl.String, "replaced": pl.String,
}  # fmt: skip


def findings_of(draft: Draft, batches: Sequence[Ready]) -> pl.DataFrame:
    """Give the findings of what is in the batches, as the ledger keeps them."""
    if draft.flags.is_empty() or not batches:
        return pl.DataFrame(schema=FINDING_SCHEMA)
    sent = [
        batch.rows.select_seq(ROW, "key", pl.lit(batch.header.sequence, pl.Int64).alias("sequence"))
        for batch in batches
    ]
    return draft.flags.join(pl.concat(sent), on=ROW).select(list(FINDING_SCHEMA))


def rejected_letters(batches: Sequence[Ready], extraction_id: int) -> pl.DataFrame:
    """Give the dead letters of the records the schema refused; a property test says there are none."""
    found = [batch.letters for batch in batches if batch.letters.height]
    if not found:
        return dead_letters.empty()
    return pl.concat(found).with_columns(pl.lit(extraction_id, pl.Int64).alias("extraction_id"))


def _letters(made: Cut, batch: ValidBatch) -> Iterator[dict[str, object]]:
    for (index,), reasons in batch.rejects.group_by("index", maintain_order=True):
        row = made.rows.row(int(str(index)), named=True)
        found = [
            {"field": r["field"], "column": None, "rule": REJECT_RULE, "clause": None, "message": r["message"]}
            for r in reasons.select("field", "message").to_dicts()
        ]
        yield {
            "identity": row["version"],
            "origin": "schema",
            "key": row["key"],
            "source_key": row["source_key"],
            "version": row["version"],
            "source_row": row[ROW],
            "reasons": json.dumps(found, ensure_ascii=False),
            "mapped": xml.without_namespace(row["body"]),
        }


def without_rejects(draft: Draft, batches: Sequence[Ready]) -> Draft:
    """Take what the schema refused out of the counts and of what passed."""
    refused = sum(batch.letters.height for batch in batches)
    if not refused:
        return draft
    bad = pl.Series([digest for batch in batches for digest in batch.rejects], dtype=pl.String)
    passed = draft.passed.filter(~pl.col("digest").is_in(bad.implode()))
    return replace(draft, passed=passed, counts=replace(draft.counts, batched=draft.counts.batched - refused))
