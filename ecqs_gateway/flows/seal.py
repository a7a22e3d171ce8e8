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
from ecqs_gateway.deliver.package import Chain, SealedBatch, seal_batch
from ecqs_gateway.deliver.signing import Signer
from ecqs_gateway.doors.clock import Clock
from ecqs_gateway.doors.xml_schema import Schema
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.prepare import FINDING_SCHEMA, Draft
from ecqs_gateway.ledger import dead_letters
from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.model.batch import BatchHeader, BatchId

__all__ = ["Cut", "Sealer", "cut", "findings_of", "rejected_letters", "versions_of"]


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
        rows = draft.fresh.slice(offset, size).with_columns(
            pl.lit("upsert").alias("action"), pl.lit(None, pl.String).alias("reason")
        )
        cuts.append(Cut(BatchHeader.of(batch, created=clock(), content=content), rows))
    return cuts


@dataclass(frozen=True)
class Sealer:
    """Validates and seals the batches of one lane."""

    lane: LanePlan
    schema: Schema
    signer: Signer

    def validate(self, batch: Cut) -> ValidBatch:
        """Build and validate one batch; what the schema refuses is left out and given back."""
        return valid_batch(batch.header, batch.rows, spec=self.lane.spec, schema=self.schema)

    def seal(self, batch: Cut, valid: ValidBatch, *, previous: str | None, evidence: str | None) -> SealedBatch:
        """Compress, describe, sign and pack one valid batch.

        A batch the schema left empty is sealed all the same: its number is taken, and sequences have no gaps.
        """
        data = valid.data if valid.data is not None else xml.assemble(batch.header, pl.Series([], dtype=pl.String))
        chain = Chain(previous=previous, evidence=evidence)
        return seal_batch(batch.header, data, records=valid.rows.height, signer=self.signer, chain=chain)


def versions_of(cuts: Sequence[Cut], valid: Sequence[ValidBatch]) -> pl.DataFrame:
    """Give the rows of the ledger's ``record_version`` for what is really in the batches, with ``source_key``."""
    frames = [
        batch.rows.with_row_index("position").select(
            "key",
            pl.lit(made.header.sequence, pl.Int64).alias("sequence"),
            pl.col("version").alias("digest"),
            "previous",
            pl.col("position").cast(pl.Int64),
            "ordering",
            pl.col(ROW).cast(pl.Int64).alias("source_row"),
            "source_key",
        )
        for made, batch in zip(cuts, valid, strict=True)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=_VERSION_SCHEMA)


_VERSION_SCHEMA = {
    "key": pl.String, "sequence": pl.Int64, "digest": pl.String, "previous": pl.String, "position": pl.Int64,
    "ordering": pl.String, "source_row": pl.Int64, "source_key": pl.String,
}  # fmt: skip


def findings_of(draft: Draft, cuts: Sequence[Cut], valid: Sequence[ValidBatch]) -> pl.DataFrame:
    """Give the findings of what is in the batches, as the ledger keeps them."""
    if draft.flags.is_empty() or not cuts:
        return pl.DataFrame(schema=FINDING_SCHEMA)
    sent = [
        batch.rows.select(ROW, "key", pl.lit(made.header.sequence, pl.Int64).alias("sequence"))
        for made, batch in zip(cuts, valid, strict=True)
    ]
    return draft.flags.join(pl.concat(sent), on=ROW).select(list(FINDING_SCHEMA))


def rejected_letters(valid: Sequence[ValidBatch], cuts: Sequence[Cut], extraction_id: int) -> pl.DataFrame:
    """Make dead letters of the records the schema refused; a property test says there are none."""
    letters = [letter for made, batch in zip(cuts, valid, strict=True) for letter in _letters(made, batch)]
    frame = pl.DataFrame(letters, schema=dead_letters.SCHEMA)
    return frame.with_columns(pl.lit(extraction_id, pl.Int64).alias("extraction_id"))


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
            "mapped": row["body"],
        }


def without_rejects(draft: Draft, valid: Sequence[ValidBatch]) -> Draft:
    """Take what the schema refused out of the counts and of what passed."""
    refused = sum(batch.rejects["index"].n_unique() for batch in valid)
    if not refused:
        return draft
    bad = pl.concat([batch.rejects["version"] for batch in valid]).unique()
    passed = draft.passed.filter(~pl.col("digest").is_in(bad.implode()))
    return replace(draft, passed=passed, counts=replace(draft.counts, batched=draft.counts.batched - refused))
