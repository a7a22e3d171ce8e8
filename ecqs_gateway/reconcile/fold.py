"""Bringing a lane's digest tree forward: what headquarters has settled since is set, and what lies above digested.

The cost goes by what was settled since the last time, not by what the tree holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import polars as pl

from ecqs_gateway.deliver.receipt_xml import read_receipt
from ecqs_gateway.doors.archive import read_zip
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import GatewayError, Terminal
from ecqs_gateway.ledger import digest_trees
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.digest_trees import Progress, Rewrite, Settled
from ecqs_gateway.ledger.stage import Stage
from ecqs_gateway.model.receipt import Receipt
from ecqs_gateway.model.record import KindSpec
from ecqs_gateway.reconcile import build, digests
from ecqs_gateway.reconcile.contents import places

__all__ = ["bring_forward", "stored"]

_AT_ONCE = 200_000
"""Records folded in one transaction, so that memory does not grow with a first build."""
_RECEIPT = ("receipt.xml", "receipt.sig")


def stored(database: Database, lane_number: int) -> build.Stored:
    """Give the stored tree of a lane as ``build`` asks it."""
    return build.Stored(
        of_keys=partial(digest_trees.leaves_of, database, lane_number),
        of_buckets=partial(digest_trees.leaves_in, database, lane_number),
        nodes=partial(digest_trees.nodes, database, lane_number),
        children=partial(digest_trees.children, database, lane_number),
    )


def bring_forward(
    database: Database, stage: Stage, lane_number: int, spec: KindSpec, *, clock: Clock = now
) -> Progress:
    """Bring a lane's tree up to the last batch of the settled ones that follow one another; give how far it is.

    Raises Terminal ECQS-8011 when a package that has to be read is gone, Conflict ECQS-8010 beside another run.
    """
    done = digest_trees.progress(database, lane_number)
    for batches in _together(digest_trees.settled(database, lane_number, done.sequence)):
        cutoff = max(done.cutoff, *(each.number for each in batches))
        changes = _changes(database, stage, lane_number, spec, [each for each in batches if each.loaded])
        if changes.is_empty() and done.digest is not None:
            found = build.Change(*_nothing(), done.records, done.digest)
        else:
            found = build.change(stored(database, lane_number), changes)
        after = Progress(batches[-1].sequence, cutoff, found.count, found.digest)
        rewrite = Rewrite(found.gone_keys, found.leaves, found.gone_paths, found.nodes)
        digest_trees.write(database, lane_number, rewrite, before=done, after=after, clock=clock)
        done = after
    return done


def _nothing() -> tuple[pl.Series, pl.DataFrame, pl.Series, pl.DataFrame]:
    none = pl.Series([], dtype=pl.String)
    return none, pl.DataFrame(schema=build.LEAF_SCHEMA), none, digests.empty_nodes()


def _together(batches: Sequence[Settled]) -> Iterator[list[Settled]]:
    """Take batches in their order, as many at once as memory should hold."""
    found: list[Settled] = []
    size = 0
    for each in batches:
        found.append(each)
        size += each.package.size
        if size > _AT_ONCE * 300:  # a record takes some 200 to 300 packed bytes
            yield found
            found, size = [], 0
    if found:
        yield found


def _changes(
    database: Database, stage: Stage, lane_number: int, spec: KindSpec, batches: Sequence[Settled]
) -> pl.DataFrame:
    """Give the last version of each record these batches loaded: ``key``, ``month``, ``version`` (null: it goes)."""
    if not batches:
        return pl.DataFrame(schema={"key": pl.String, "month": pl.String, "version": pl.String})
    said = pl.concat([_placed(stage, each, spec) for each in batches])
    sent = digest_trees.versions_in(database, lane_number, [each.sequence for each in batches])
    joined = sent.join(said, on=("sequence", "position"), maintain_order="left")
    if joined.height != said.height:
        raise Terminal(
            "ECQS-8012",
            f"batches {batches[0].sequence} to {batches[-1].sequence} hold another number of records than the ledger",
            hint="`ecqs doctor` compares stage and ledger; restore the stage's packages from a backup",
        )
    refused = _refused(stage, batches)
    if refused.height:
        joined = joined.join(refused, on=("sequence", "key", "version"), how="anti", maintain_order="left")
    last = joined.unique("key", keep="last", maintain_order=True)
    stays = ~pl.col("invalid")
    return last.select("key", *(pl.when(stays).then(pl.col(name)).alias(name) for name in ("month", "version")))


def _placed(stage: Stage, batch: Settled, spec: KindSpec) -> pl.DataFrame:
    try:
        package = stage.get(batch.package.name, batch.package.digest)
    except GatewayError as error:
        raise Terminal(
            "ECQS-8011",
            f"the package of batch {batch.id} cannot be read: {error.message}",
            where=batch.package.name,
            hint="restore it from a backup: without it nobody can say where its records stand in the digest tree",
        ) from error
    found = places(package, spec)
    return found.with_columns(pl.lit(batch.sequence, pl.Int64).alias("sequence"))


def _refused(stage: Stage, batches: Sequence[Settled]) -> pl.DataFrame:
    """Give what headquarters refused of loaded batches, as their receipts say: ``sequence``, ``key``, ``version``."""
    rows = [
        {"sequence": batch.sequence, "key": item.key, "version": item.version}
        for batch in batches
        if batch.refused and batch.receipt is not None
        for item in _receipt_of(stage, batch.receipt.name, batch.receipt.digest).rejections
    ]
    return pl.DataFrame(rows, schema={"sequence": pl.Int64, "key": pl.String, "version": pl.String})


def _receipt_of(stage: Stage, name: str, digest: str) -> Receipt:
    return read_receipt(read_zip(stage.get(name, digest), _RECEIPT)["receipt.xml"])
