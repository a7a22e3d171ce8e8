"""From one extraction to record versions that are new: map, check, write the bodies, compare with what was sent.

Pure: frames in, frames out. What is asked of the ledger (the versions known, those headquarters refused) is handed
in, so that ``sync --dry-run`` and the tests use the very same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import polars_hash

from ecqs_gateway.deliver import xml
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.ledger import dead_letters
from ecqs_gateway.ledger.runs import Counts
from ecqs_gateway.mapping.check import check, supersede
from ecqs_gateway.mapping.mapped import ORDER, REJECT, ROW, Checked, Mapped, detach

__all__ = ["FINDING_SCHEMA", "Draft", "Known", "key_text", "letters_of", "prepare"]

FINDING_SCHEMA = {"key": pl.String, "sequence": pl.Int64, "rule": pl.String, "field": pl.String, "message": pl.String}

SOURCE_KEY = "source_key"


@dataclass(frozen=True)
class Known:
    """What the ledger knows that decides whether a record goes out.

    ``latest`` gives the last batched version per business key (``ledger.versions.latest``); ``refused`` are digests
    (hex) headquarters refused and nothing has replaced; ``recent`` are versions of this run that are still on their
    way into the ledger, newest last.
    """

    latest: Callable[[pl.Series], pl.DataFrame]
    refused: frozenset[str] = frozenset()
    recent: tuple[pl.DataFrame, ...] = ()
    corrected: frozenset[str] = frozenset()
    """Digests headquarters refused and a correction replaced: the source still has them, and they never go again."""

    def of(self, keys: pl.Series) -> pl.DataFrame:
        """Give the last known version per key: ``key``, ``known_digest``, ``known_ordering``, ``known_fact``."""
        known = pl.concat([self.latest(keys), *self.recent])
        return known.unique("key", keep="last", maintain_order=True)


@dataclass(frozen=True)
class Draft:
    """What one extraction came to before it is put into batches.

    ``fresh`` holds the new record versions in order: ``__row``, ``key``, ``version``, ``previous``, ``ordering``,
    ``body``, ``findings``, ``source_key``, ``fact`` and ``replaced`` (labels for the report); ``flags`` their
    findings by ``__row``; ``letters`` the dead letters; ``passed`` source key, digest and ``source_row`` of every row
    that is good now.
    """

    fresh: pl.DataFrame
    flags: pl.DataFrame
    letters: pl.DataFrame
    passed: pl.DataFrame
    counts: Counts
    known: pl.DataFrame = field(repr=False)
    """``fresh`` as ``Known.recent`` wants it."""


def prepare(lane: LanePlan, chunk: Chunk, known: Known, *, extraction_id: int) -> Draft:
    """Take one extraction through mapping and checks and find what is new.

    Every row ends in exactly one count: unchanged, superseded, batched (fresh) or dead letter.
    """
    mapped = lane.mapping.apply(chunk.frame, chunk.children, table=lane.table)
    checked = check(mapped, lane.rules)
    kept, superseded = supersede(checked.good)
    source_keys = _source_keys(lane, mapped.source)
    letters = letters_of(checked, source_keys, extraction_id, chunk.unreadable)
    rendered = _rendered(lane, kept, checked.flags, source_keys)
    judged = _judged(rendered, known)
    fresh = judged.filter(pl.col("verdict") == "fresh").drop("verdict")
    verdicts = dict(judged["verdict"].value_counts().iter_rows())
    again = judged.filter(pl.col("verdict") == "refused")
    counts = Counts(
        extracted=chunk.frame.height + chunk.unreadable.height,
        unchanged=verdicts.get("unchanged", 0),
        superseded=superseded.height + verdicts.get("older", 0),
        batched=fresh.height,
        dead_known=again.height,
        flagged=checked.flags.filter(pl.col(ROW).is_in(fresh[ROW].implode()))[ROW].n_unique(),
    )
    current = judged.filter(pl.col("verdict").is_in(["fresh", "unchanged"]))
    passed = current.select(SOURCE_KEY, pl.col("version").alias("digest"), pl.col(ROW).alias("source_row"))
    recent = fresh.select(
        "key", known_digest="version", known_ordering=pl.col("ordering").cast(pl.String), known_fact="fact"
    )
    return Draft(fresh, checked.flags, letters, passed, counts, recent)


def _source_keys(lane: LanePlan, source: pl.DataFrame) -> pl.DataFrame:
    return source.select(ROW, key_text(lane.stream.key).alias(SOURCE_KEY))


def key_text(names: Sequence[str]) -> pl.Expr:
    """Give the key of a source row as one text: what a person looks the row up with."""
    return pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in names], separator="|")


def _rendered(lane: LanePlan, kept: Mapped, flags: pl.DataFrame, source_keys: pl.DataFrame) -> pl.DataFrame:
    rendered = xml.bodies(lane.spec, kept.frame, kept.lists, flags.filter(pl.col(ROW).is_in(kept.frame[ROW].implode())))
    if ORDER in kept.frame.columns:
        rendered = rendered.with_columns(kept.frame[ORDER].alias("ordering"))
    else:
        rendered = rendered.with_columns(pl.lit(None, pl.String).alias("ordering"))
    rendered = rendered.with_columns(lane.facts.labels(kept).alias("fact"))
    return rendered.join(source_keys, on=ROW, how="left", maintain_order="left")


def _judged(rendered: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Add ``previous`` and ``verdict``: fresh, unchanged, older (than what was sent) or refused (by headquarters)."""
    joined = rendered.join(known.of(rendered["key"]), on="key", how="left", maintain_order="left")
    same = pl.col("version") == pl.col("known_digest")
    older = pl.col("ordering") < pl.col("known_ordering")
    refused = same & pl.col("version").is_in(sorted(known.refused))
    if known.corrected:
        refused |= pl.col("version").is_in(sorted(known.corrected))
    verdict = (
        pl.when(refused).then(pl.lit("refused"))
        .when(same).then(pl.lit("unchanged"))
        .when(older).then(pl.lit("older"))
        .otherwise(pl.lit("fresh"))
    )  # fmt: skip
    judged = joined.with_columns(verdict.alias("verdict")).drop("known_ordering")
    return judged.rename({"known_digest": "previous", "known_fact": "replaced"})


def letters_of(
    checked: Checked, source_keys: pl.DataFrame, extraction_id: int, unreadable: pl.DataFrame
) -> pl.DataFrame:
    """Make the dead letters of one extraction: rows the checks refused, and lines that could not be read at all."""
    reasons = pl.col("reasons").list.eval(pl.element().struct.json_encode()).list.join(",")
    of_field = pl.element().struct.field("rule").str.starts_with("ECQS-12")
    in_mapping = pl.col("reasons").list.eval((pl.element().struct.field("severity") == REJECT) & of_field).list.any()
    refused = checked.bad.join(source_keys, on=ROW, how="left").select(
        _identity(pl.col("source")),
        pl.when(in_mapping).then(pl.lit("mapping")).otherwise(pl.lit("rules")).alias("origin"),
        "key",
        SOURCE_KEY,
        pl.lit(extraction_id).alias("extraction_id"),
        pl.col(ROW).cast(pl.Int64).alias("source_row"),
        pl.concat_str(pl.lit("["), reasons, pl.lit("]")).alias("reasons"),
        "source",
        pl.col("record").alias("mapped"),
    )
    line = pl.col("__line").cast(pl.String)
    place = pl.concat_str("__file", pl.concat_str(pl.lit(":"), line).fill_null(""))
    unread = unreadable.select(
        _identity(pl.concat_str(place, pl.col("key").fill_null(""), "text", separator="|")),
        pl.lit("source").alias("origin"),
        pl.col("key").fill_null(place).alias(SOURCE_KEY),
        pl.lit(extraction_id).alias("extraction_id"),
        pl.struct(rule=pl.lit("ECQS-2041"), message="reason").struct.json_encode().alias("reasons"),
        pl.struct("__file", "__line", "key", "text").struct.json_encode().alias("source"),
    )
    unread = unread.with_columns(pl.concat_str(pl.lit("["), "reasons", pl.lit("]")).alias("reasons"))
    both = pl.concat([dead_letters.empty(), _shaped(refused), _shaped(unread)])
    return detach(both)


def _identity(text: pl.Expr) -> pl.Expr:
    digest: pl.Expr = polars_hash.concat_str([text]).chash.sha2_256()
    return digest.alias("identity")


def _shaped(letters: pl.DataFrame) -> pl.DataFrame:
    missing = {name: dtype for name, dtype in dead_letters.SCHEMA.items() if name not in letters.columns}
    filled = letters.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in missing.items())
    return filled.select(pl.col(name).cast(dtype) for name, dtype in dead_letters.SCHEMA.items())


def frames_of(chunk: Chunk) -> Mapping[str, pl.DataFrame]:
    """Give the frames of a chunk by the roles they have in the stage."""
    children = {f"child-{name}": child.frame for name, child in chunk.children.items()}
    return {"rows": chunk.frame, "unreadable": chunk.unreadable, **children}
