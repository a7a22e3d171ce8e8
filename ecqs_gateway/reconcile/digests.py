"""The digests of the tree, over whole columns. The format is ``docs/reference/digest-tree.md``; this is one reading.

Every digest is SHA-256 over a text in UTF-8 that begins with the format's name and the sort of digest, so that no
digest of one sort can stand for one of another. Keys are counted off by their length in bytes, so that no two pairs
of key and version read the same. A bucket is digested over its sorted leaves and not over a sum of them: sums and
exclusive-ors are blind to what occurs an even number of times and to pairs that swapped their versions.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import polars_hash

__all__ = ["BUCKET", "DEEPEST", "FORMAT", "bucket_of", "buckets", "depth_for", "empty_nodes", "inner", "months"]
__all__ += ["NODE_SCHEMA", "month_of"]

FORMAT = "ecqs-tree-1"
BUCKET = 64
"""Records a month may hold before it is split; each further level of splitting holds sixteen times as many."""
DEEPEST = 8
"""Most levels below a month: hex digits of a key's digest that the ledger keeps apart."""

NODE_SCHEMA = {"path": pl.String, "count": pl.Int64, "digest": pl.String}
LEVELS = ("kind", "product", "month")


def depth_for(count: int) -> int:
    """Give the number of levels below a month that holds so many records."""
    depth = 0
    while count > BUCKET * 16**depth and depth < DEEPEST:
        depth += 1
    return depth


def month_of(path: pl.Expr) -> pl.Expr:
    """Give the month a path lies in: its first two pieces."""
    return path.str.splitn("/", 3).struct.field("field_0") + "/" + path.str.splitn("/", 3).struct.field("field_1")


def key_digest(key: pl.Expr) -> pl.Expr:
    """Give the first hex digits of a key's own digest: they say in which bucket of its month it lies."""
    return _sha256(pl.concat_str(pl.lit(f"{FORMAT}:key:"), key)).str.slice(0, DEEPEST)


def bucket_of(month: pl.Expr, key: pl.Expr, depth: pl.Expr) -> pl.Expr:
    """Give the path of a key's bucket: its month, and one piece per level below it."""
    digits = key_digest(key)
    pieces = [
        pl.when(depth > level).then(pl.concat_str(pl.lit("/"), digits.str.slice(level, 1))).otherwise(pl.lit(""))
        for level in range(DEEPEST)
    ]
    return pl.concat_str(month, *pieces)


def leaf(key: pl.Expr, version: pl.Expr) -> pl.Expr:
    """Give the digest of a record: its key, counted off, and its version digest (64 hex)."""
    size = key.str.len_bytes().cast(pl.String)
    return _sha256(pl.concat_str(pl.lit(f"{FORMAT}:leaf:"), size, pl.lit(":"), key, version))


def buckets(leaves: pl.DataFrame) -> pl.DataFrame:
    """Digest buckets (``path``, ``count``, ``digest``) of leaves (``bucket``, ``key``, ``version`` in hex)."""
    if leaves.is_empty():
        return empty_nodes()
    digested = leaves.select("bucket", leaf(pl.col("key"), pl.col("version")).alias("leaf")).sort("bucket", "leaf")
    grouped = digested.group_by("bucket", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("count"), pl.col("leaf").str.join("").alias("text")
    )
    head = pl.concat_str(pl.lit(f"{FORMAT}:bucket:"), pl.col("count").cast(pl.String), pl.lit(":"), "text")
    return grouped.select(pl.col("bucket").alias("path"), "count", _sha256(head).alias("digest"))


def inner(children: pl.DataFrame, level: int) -> pl.DataFrame:
    """Digest the parents of nodes (``path``, ``count``, ``digest``), all of which lie ``level`` pieces deep.

    ``level`` 0 gives the one node of the record kind, under the empty path.
    """
    if children.is_empty():
        return empty_nodes()
    name = pl.col("path").str.split("/").list.last()
    parent = pl.col("path").str.split("/").list.head(level).list.join("/")
    size = name.str.len_bytes().cast(pl.String)
    text = pl.concat_str(size, pl.lit(":"), name, pl.col("count").cast(pl.String), pl.lit(":"), "digest")
    rows = children.select(parent.alias("parent"), name.alias("name"), "count", text.alias("text"))
    # Names are ordered by their bytes, which is how Polars orders texts.
    grouped = (
        rows.sort("parent", "name")
        .group_by("parent", maintain_order=True)
        .agg(pl.col("count").sum(), pl.len().alias("children"), pl.col("text").str.join(""))
    )
    sort = LEVELS[level] if level < len(LEVELS) else "part"
    head = pl.concat_str(pl.lit(f"{FORMAT}:{sort}:"), pl.col("children").cast(pl.String), pl.lit(":"), "text")
    return grouped.select(pl.col("parent").alias("path"), pl.col("count").cast(pl.Int64), _sha256(head).alias("digest"))


def unit_digest(kinds: Sequence[tuple[str, int, str]]) -> str:
    """Digest a unit over its record kinds: name, count and digest of each."""
    text = "".join(f"{len(name.encode())}:{name}{count}:{digest}" for name, count, digest in sorted(kinds))
    frame = pl.DataFrame({"text": [f"{FORMAT}:unit:{len(kinds)}:{text}"]})
    return str(frame.select(_sha256(pl.col("text"))).item())


def empty_nodes() -> pl.DataFrame:
    """Give a frame without nodes."""
    return pl.DataFrame(schema=NODE_SCHEMA)


def empty_digest() -> str:
    """Give the digest of a record kind that holds nothing."""
    frame = pl.DataFrame({"text": [f"{FORMAT}:kind:0:"]})
    return str(frame.select(_sha256(pl.col("text"))).item())


def months(product: pl.Expr, month: pl.Expr) -> pl.Expr:
    """Give the path of a month; a product's code never splits a path, whatever stands in it."""
    safe = product.str.replace_all("%", "%25", literal=True).str.replace_all("/", "%2F", literal=True)
    return pl.concat_str(safe, pl.lit("/"), month)


def _sha256(text: pl.Expr) -> pl.Expr:
    digest: pl.Expr = polars_hash.concat_str([text]).chash.sha2_256()
    return digest
