"""The tree of a set of leaves, and its change by some of them: only the touched buckets and those above are digested.

Pure: frames in, frames out. The shape of the tree follows from the leaves alone, so a tree that was changed a
thousand times is the tree that would be built from nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.reconcile import digests

__all__ = ["LEAF_SCHEMA", "Change", "Stored", "change", "nodes_of", "place"]

LEAF_SCHEMA = {"bucket": pl.String, "key": pl.String, "version": pl.String}


@dataclass(frozen=True)
class Stored:
    """How the tree there is can be asked, each question for many at once.

    ``of_keys`` and ``of_buckets`` give leaves (``LEAF_SCHEMA``); ``nodes`` the nodes of these paths and ``children``
    the nodes right below them (``path``, ``count``, ``digest``).
    """

    of_keys: Callable[[pl.Series], pl.DataFrame]
    of_buckets: Callable[[pl.Series], pl.DataFrame]
    nodes: Callable[[pl.Series], pl.DataFrame]
    children: Callable[[pl.Series], pl.DataFrame]


@dataclass(frozen=True)
class Change:
    """What to write: leaves to remove (by key) and to add, nodes to remove (by path) and to add, and the root."""

    gone_keys: pl.Series
    leaves: pl.DataFrame
    gone_paths: pl.Series
    nodes: pl.DataFrame
    count: int
    digest: str


def place(leaves: pl.DataFrame) -> pl.DataFrame:
    """Put leaves (``month``, ``key``, ``version``) into the buckets they have when these are all there are."""
    sizes = leaves.group_by("month").agg(pl.len().cast(pl.Int64).alias("count"))
    return _placed(leaves, sizes)


def _placed(leaves: pl.DataFrame, sizes: pl.DataFrame) -> pl.DataFrame:
    depth = pl.Series([digests.depth_for(count) for count in sizes["count"]], dtype=pl.Int64)
    joined = leaves.join(sizes.select("month", depth.alias("depth")), on="month", how="left")
    bucket = digests.bucket_of(pl.col("month"), pl.col("key"), pl.col("depth"))
    return joined.select(bucket.alias("bucket"), "key", "version")


def nodes_of(leaves: pl.DataFrame) -> pl.DataFrame:
    """Give all nodes of a tree of leaves that lie in their buckets, the root (empty path) last."""
    found = [digests.buckets(leaves)]
    level = _deepest(found[0]["path"])
    while level > 0:
        at = pl.concat(found).filter(pl.col("path").str.count_matches("/", literal=True) == level - 1)
        found.append(digests.inner(at, level - 1))
        level -= 1
    return pl.concat(found)


def change(stored: Stored, changes: pl.DataFrame) -> Change:
    """Work out what becomes of a tree when leaves are set or removed.

    ``changes`` has one line per key: ``key``, ``month`` (path) and ``version`` (hex), both null for a leaf that goes.
    """
    old = stored.of_keys(changes["key"])
    fresh = changes.filter(pl.col("version").is_not_null())
    sizes = _sizes(stored, old, fresh)
    moved = sizes.filter(pl.col("before_depth") != pl.col("depth"))
    touched = _touched(stored, old, fresh, sizes, moved)
    there = stored.of_buckets(touched)
    kept = there.join(changes.select("key"), on="key", how="anti")
    added = _placed(fresh.select("month", "key", "version"), sizes)
    resized = pl.col("month").is_in(moved["month"].implode())
    kept = kept.with_columns(digests.month_of(pl.col("bucket")).alias("month"))
    again = _placed(kept.filter(resized), sizes)
    same = kept.filter(~resized).select(list(LEAF_SCHEMA))
    now = pl.concat([same, again, added])
    gone_paths, nodes = _upwards(stored, touched, digests.buckets(now))
    root = nodes.filter(pl.col("path") == "")
    return Change(
        pl.concat([old["key"], again["key"]]).unique(),
        pl.concat([again, added]),
        gone_paths,
        nodes.filter(pl.col("path") != ""),
        int(root["count"][0]) if root.height else 0,
        str(root["digest"][0]) if root.height else digests.empty_digest(),
    )


def _sizes(stored: Stored, old: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Give the touched months with their records and depth before and after."""
    less = old.select(digests.month_of(pl.col("bucket")).alias("month"), pl.lit(-1, pl.Int64).alias("by"))
    more = fresh.select("month", pl.lit(1, pl.Int64).alias("by"))
    moves = pl.concat([less, more]).group_by("month").agg(pl.col("by").sum())
    known = stored.nodes(moves["month"]).select(pl.col("path").alias("month"), pl.col("count").alias("before"))
    sizes = moves.join(known, on="month", how="left").with_columns(pl.col("before").fill_null(0))
    sizes = sizes.with_columns((pl.col("before") + pl.col("by")).alias("count"))
    depths = [
        pl.Series(name, [digests.depth_for(count) for count in sizes[column]], dtype=pl.Int64)
        for name, column in (("before_depth", "before"), ("depth", "count"))
    ]
    return sizes.with_columns(depths)


def _touched(
    stored: Stored, old: pl.DataFrame, fresh: pl.DataFrame, sizes: pl.DataFrame, moved: pl.DataFrame
) -> pl.Series:
    """Give the buckets, as they are now, whose leaves are needed: of what goes and comes, and of resized months."""
    before = sizes.select("month", "before_depth").rename({"before_depth": "depth"})
    landing = fresh.join(before, on="month", how="left").select(
        digests.bucket_of(pl.col("month"), pl.col("key"), pl.col("depth")).alias("bucket")
    )["bucket"]
    found = [old["bucket"], landing]
    level = stored.nodes(moved["month"])["path"] if moved.height else pl.Series([], dtype=pl.String)
    while level.len():  # all nodes of the resized months
        found.append(level)
        level = stored.children(level)["path"]
    return pl.concat(found).unique()


def _upwards(stored: Stored, touched: pl.Series, now: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Digest from the touched buckets upwards; give the paths to remove and the nodes to add, the root among them."""
    gone = pl.concat([touched, now["path"]]).unique()
    dirty, found = gone, now
    level = _deepest(gone)
    while level > 0:
        here = pl.col("path").str.count_matches("/", literal=True) == level - 1
        parents = _parents(dirty.filter(dirty.str.count_matches("/", literal=True) == level - 1), level - 1)
        known = stored.children(parents).filter(~pl.col("path").is_in(gone.implode()))
        siblings = pl.concat([known, found.filter(here)])
        siblings = siblings.filter(_parent(pl.col("path"), level - 1).is_in(parents.implode()))
        digested = digests.inner(siblings, level - 1)
        # A month that is one bucket again is among those found already, and has nothing below.
        found = pl.concat([found.filter(~pl.col("path").is_in(digested["path"].implode())), digested])
        dirty = pl.concat([dirty, parents]).unique()
        gone = pl.concat([gone, parents]).unique()
        level -= 1
    return gone.filter(gone != ""), found


def _parents(paths: pl.Series, level: int) -> pl.Series:
    return paths.to_frame("path").select(_parent(pl.col("path"), level)).to_series().unique()


def _parent(path: pl.Expr, level: int) -> pl.Expr:
    return path.str.split("/").list.head(level).list.join("/")


def _deepest(paths: pl.Series) -> int:
    """Give the most pieces a path has."""
    return max(paths.str.count_matches("/", literal=True).unique().to_list(), default=-1) + 1
