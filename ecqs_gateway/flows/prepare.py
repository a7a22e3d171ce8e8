"""From one extraction to record versions that are new: map, check, write the bodies, compare with what was sent.

Pure: frames in, frames out. What is asked of the ledger (the versions known, those headquarters refused) is handed
in, so that ``sync --dry-run`` and the tests use the very same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import polars_hash

from ecqs_gateway.deliver import xml
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.flows.cross import cross, merged
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.ledger import dead_letters
from ecqs_gateway.ledger.runs import Counts
from ecqs_gateway.ledger.sieve import KeySieve
from ecqs_gateway.ledger.versions import KNOWN_SCHEMA
from ecqs_gateway.mapping.check import check, supersede
from ecqs_gateway.mapping.mapped import ORDER, REJECT, ROW, Mapped, detach
from ecqs_gateway.model.columns import exactly, framed, rows_where, written_anew
from ecqs_gateway.rules.against import LookUp

__all__ = ["FINDING_SCHEMA", "HELD", "Draft", "Known", "Recent", "key_text", "letters_of", "prepare"]

FINDING_SCHEMA = {"key": pl.String, "sequence": pl.Int64, "rule": pl.String, "field": pl.String, "message": pl.String}

SOURCE_KEY = "source_key"
HELD = "held"
"""Origin of the letters that only wait for an answer of headquarters: each run tries them again."""


@dataclass(frozen=True)
class Recent:
    """Versions of one extraction that are on their way into the ledger; columns of ``Draft.known``.

    ``refused`` gives the digests of those the schema refuses, which never get there. It may wait for their validation,
    so it is asked only where one of them is wanted: hardly ever does a business key come twice so soon.
    """

    versions: pl.DataFrame
    refused: Callable[[], frozenset[str]] = frozenset

    def among(self, wanted: pl.Expr) -> pl.DataFrame:
        """Give the versions that are wanted, without those the schema refuses; raises what their validation raised."""
        found = self.versions.filter(wanted)
        refused = self.refused() if found.height else frozenset()
        return found.filter(~pl.col("known_digest").is_in(sorted(refused))) if refused else found


@dataclass(frozen=True)
class Known:
    """What the ledger knows that decides whether a record goes out.

    ``latest`` gives the last batched version per business key (``ledger.versions.latest``); ``refused`` are digests
    (hex) headquarters refused and nothing has replaced; ``recent`` are versions of this run that are still on their
    way into the ledger, newest last.
    """

    latest: Callable[[pl.Series], pl.DataFrame]
    refused: frozenset[str] = frozenset()
    recent: tuple[Recent, ...] = ()
    corrected: frozenset[str] = frozenset()
    """Digests headquarters refused and a correction replaced: the source still has them, and they never go again."""
    certificates: LookUp | None = None
    """Looks certificates up for cross-record rules (``rules.References``); None where nobody is asked."""
    inspectors: pl.DataFrame | None = None
    """Who is recognised nationwide (``rules.INSPECTOR_SCHEMA``); None where no list is at hand."""
    met: KeySieve | None = None
    """The keys of all versions of this run, those in the ledger already among them; None where nobody kept them."""
    first: bool = False
    """Whether the ledger has no versions but those of this run, so that only keys ``met`` need be looked up there."""

    def of(self, keys: pl.Series) -> pl.DataFrame:
        """Give the last known version per key: columns of ``ledger.versions.KNOWN_SCHEMA``."""
        again = keys if self.met is None else self.met.sift(keys)
        latest = self.latest(again if self.first else keys)[[*KNOWN_SCHEMA]]
        if again.is_empty():
            return latest
        about = pl.col("key").is_in(again.implode())
        recent = [one.among(about)[[*KNOWN_SCHEMA]] for one in self.recent if one.versions.height]
        return pl.concat([latest, *recent]).unique("key", keep="last", maintain_order=True) if recent else latest


@dataclass(frozen=True)
class Draft:
    """What one extraction came to before it is put into batches.

    ``fresh`` holds the new record versions in order: ``__row``, ``key``, ``version``, ``previous``, ``ordering``,
    ``body``, ``findings``, ``source_key``, ``facts``, ``link``, ``fact`` and ``replaced`` (labels for the report);
    ``flags`` their findings by ``__row``; ``letters`` the dead letters; ``passed`` source key, digest and
    ``source_row`` of every row that is good now.
    """

    fresh: pl.DataFrame
    flags: pl.DataFrame
    letters: pl.DataFrame
    passed: pl.DataFrame
    counts: Counts
    known: pl.DataFrame = field(repr=False)
    """``fresh`` as ``Recent`` wants it, with ``link`` for the rules that look at other cases."""
    met: pl.DataFrame = field(repr=False)
    """Every good record: ``__row``, ``key``, ``version``, ``previous`` (last known version), ``verdict``."""


def prepare(lane: LanePlan, chunk: Chunk, known: Known, *, extraction_id: int) -> Draft:
    """Take one extraction through mapping and checks and find what is new.

    Every row ends in exactly one count: unchanged, superseded, batched (fresh) or dead letter.
    """
    mapped = lane.mapping.apply(chunk.frame, chunk.children, table=lane.table)
    checked = check(mapped, lane.rules)
    kept, superseded = supersede(checked.good)
    source_keys = mapped.source.select_seq(written_anew(key_text(lane.stream.key)).alias(SOURCE_KEY)).to_series()
    judged = _judged(_rendered(lane, kept, source_keys), known)
    crossed = cross(lane.rules, kept, judged, known)
    flags = merged(checked.flags, crossed.flags)
    letters = letters_of([checked.bad, crossed.held], source_keys, extraction_id, chunk.unreadable)
    verdicts = dict(judged["verdict"].value_counts().iter_rows())
    current = judged if verdicts.keys() <= {"fresh", "unchanged"} else judged.filter(_SOUND)
    current = rows_where(current, ~_among(current[ROW], crossed.held[ROW])) if crossed.held.height else current
    fresh = current if verdicts.keys() == {"fresh"} else current.filter(pl.col("verdict") == "fresh")
    fresh = fresh[[name for name in fresh.columns if name not in {"verdict", "known_facts"}]]
    told = rows_where(flags, _among(flags[ROW], fresh[ROW])) if flags.height else flags
    fresh = xml.with_findings(fresh, told)
    counts = Counts(
        extracted=chunk.frame.height + chunk.unreadable.height,
        unchanged=verdicts.get("unchanged", 0),
        superseded=superseded.height + verdicts.get("older", 0),
        batched=fresh.height,
        dead_known=verdicts.get("refused", 0),
        flagged=told[ROW].n_unique(),
    )
    passed = framed([current[SOURCE_KEY], current["version"].alias("digest"), current[ROW].alias("source_row")])
    recent = {"key": "key", "known_digest": "version", "known_ordering": "ordering", "known_facts": "facts"}
    recent |= {"known_fact": "fact", "link": "link"}
    sent = framed([fresh[column].alias(name) for name, column in recent.items()])
    met = judged[[ROW, "key", "version", "previous", "verdict"]]
    return Draft(fresh, flags, letters, passed, counts, sent, met)


_SOUND = pl.col("verdict").is_in(["fresh", "unchanged"])


def _among(rows: pl.Series, some: pl.Series) -> pl.Series:
    """Say which rows are among some; by numpy, for a query of Polars costs more than looking at most chunks."""
    return pl.Series(np.isin(rows.to_numpy(), some.to_numpy()))


def key_text(names: Sequence[str]) -> pl.Expr:
    """Give the key of a source row as one text: what a person looks the row up with."""
    return pl.concat_str([exactly(name).cast(pl.String).fill_null("") for name in names], separator="|")


def _rendered(lane: LanePlan, kept: Mapped, source_keys: pl.Series) -> pl.DataFrame:
    """Write the bodies, and beside each what the ledger keeps for later: order, facts, the certificate it replaces."""
    rendered = xml.bodies(lane.spec, kept.frame, kept.lists)[[ROW, "key", "version", "body"]]
    beside = kept.frame.select_seq(
        (pl.col(ORDER) if ORDER in kept.frame.columns else pl.lit(None, pl.String)).alias("ordering"),
        *lane.beside,
        pl.lit(lane.facts.labels(kept)).alias("fact"),
    )
    # The source keys are those of the whole chunk: a row's number is its place.
    return rendered.hstack([*beside.get_columns(), source_keys[kept.frame[ROW]]])


_NOT_KNOWN = [pl.Series(name, [None], dtype=dtype) for name, dtype in KNOWN_SCHEMA.items() if name != "key"]


def _judged(rendered: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Add ``previous`` and ``verdict``: fresh, unchanged, older (than what was sent) or refused (by headquarters)."""
    versions = known.of(rendered["key"])
    if versions.is_empty():
        joined = rendered.hstack([one.new_from_index(0, rendered.height) for one in _NOT_KNOWN])
    else:
        joined = rendered.join(versions, on="key", how="left", maintain_order="left")
    same = pl.col("version") == pl.col("known_digest")
    older = pl.col("ordering") < pl.col("known_ordering")
    verdict = pl.when(same).then(pl.lit("unchanged")).when(older).then(pl.lit("older")).otherwise(pl.lit("fresh"))
    if known.refused or known.corrected:
        # Also where another version has gone out since, as a correction does: what was refused is not tried again.
        refused = pl.col("version").is_in(sorted(known.refused))
        refused |= pl.col("version").is_in(sorted(known.corrected))
        verdict = pl.when(refused).then(pl.lit("refused")).otherwise(verdict)
    return joined.select_seq(
        *rendered.columns,
        pl.col("known_digest").alias("previous"),
        "known_facts",
        pl.col("known_fact").alias("replaced"),
        verdict.alias("verdict"),
    )


def letters_of(
    bad: Sequence[pl.DataFrame], source_keys: pl.Series, extraction_id: int, unreadable: pl.DataFrame
) -> pl.DataFrame:
    """Make the dead letters of one extraction: rows refused or held, and lines that could not be read at all.

    ``source_keys`` are those of all rows of the chunk, by the numbers of the rows.
    """
    letters = [_refused(one, source_keys, extraction_id) for one in bad if one.height]
    if unreadable.height:
        letters.append(_unread(unreadable, extraction_id))
    return detach(pl.concat(letters)) if letters else dead_letters.empty()


def _refused(bad: pl.DataFrame, source_keys: pl.Series, extraction_id: int) -> pl.DataFrame:
    reason = pl.col("reasons")
    rejects = reason.struct.field("severity") == REJECT
    # One line per reason, for a query inside each list costs several times as much.
    lines = bad.select_seq(pl.int_range(pl.len()).alias("place"), "reasons").explode("reasons")
    reasons = lines.group_by("place", maintain_order=True).agg(
        reason.struct.json_encode().str.join(",").alias("reasons"),
        (~rejects.any()).alias("held"),
        (rejects & reason.struct.field("rule").str.starts_with("ECQS-12")).any().alias("in_mapping"),
    )
    origin = (
        pl.when(pl.col("held")).then(pl.lit(HELD))
        .when(pl.col("in_mapping")).then(pl.lit("mapping"))
        .otherwise(pl.lit("rules"))
    )  # fmt: skip
    others = [column for column in bad.get_columns() if column.name != "reasons"]
    refused = framed([*others, source_keys[bad[ROW]], *reasons.get_columns()[1:]])
    return _shaped(
        refused,
        identity=_identity(pl.col("source")),
        origin=origin,
        key=pl.col("key"),
        source_key=pl.col(SOURCE_KEY),
        extraction_id=pl.lit(extraction_id),
        source_row=pl.col(ROW),
        reasons=pl.concat_str(pl.lit("["), "reasons", pl.lit("]")),
        source=pl.col("source"),
        mapped=pl.col("record"),
    )


def _unread(unreadable: pl.DataFrame, extraction_id: int) -> pl.DataFrame:
    place = pl.concat_str("__file", pl.concat_str(pl.lit(":"), pl.col("__line").cast(pl.String)).fill_null(""))
    reason = pl.struct(rule=pl.lit("ECQS-2041"), message="reason").struct.json_encode()
    return _shaped(
        unreadable,
        identity=_identity(pl.concat_str(place, pl.col("key").fill_null(""), "text", separator="|")),
        origin=pl.lit("source"),
        source_key=pl.col("key").fill_null(place),
        extraction_id=pl.lit(extraction_id),
        reasons=pl.concat_str(pl.lit("["), reason, pl.lit("]")),
        source=pl.struct("__file", "__line", "key", "text").struct.json_encode(),
    )


def _identity(text: pl.Expr) -> pl.Expr:
    digest: pl.Expr = polars_hash.concat_str([text]).chash.sha2_256()
    return digest


def _shaped(letters: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """Give letters of these columns; the others of a letter are null."""
    return letters.select_seq(
        (columns[name] if name in columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in dead_letters.SCHEMA.items()
    )


def frames_of(chunk: Chunk) -> Mapping[str, pl.DataFrame]:
    """Give the frames of a chunk by the roles they have in the stage."""
    children = {f"child-{name}": child.frame for name, child in chunk.children.items()}
    return {"rows": chunk.frame, "unreadable": chunk.unreadable, **children}
