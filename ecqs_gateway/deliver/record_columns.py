"""Fields of the records of a sealed batch as columns, over the whole text at once and never by record.

The text is our own canonical XML (ADR 0003): elements stand in the order of the kind's model, carry no attributes
inside a body, and ``<`` stands for nothing but a tag. So a field is what stands between its tags, once the groups and
lists it is not part of are taken out.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from ecqs_gateway.deliver.package import read_batch_xml
from ecqs_gateway.model.record import KindSpec, Leaf

__all__ = ["plain", "record_columns", "record_texts"]

_ENTITIES = ["&lt;", "&gt;", "&quot;", "&apos;", "&#9;", "&#xA;", "&#xD;", "&amp;"]
_SIGNS = ["<", ">", '"', "'", "\t", "\n", "\r", "&"]


def record_columns(package: bytes, kind: KindSpec, fields: Iterable[str]) -> pl.DataFrame:
    """Give ``key`` and these fields (no items of lists) of every record of a package, in their own types.

    Raises Terminal ECQS-40xx for what is no package of ours.
    """
    texts = record_texts(package)
    leaves = {leaf.path: leaf for leaf in kind.leaves()}
    body = pl.col("text").str.extract(rf"(?s)<{kind.kind}(?: [^>]*)?>(.*)</{kind.kind}>", 1)
    flat = body
    for node in kind.nodes:
        if not isinstance(node, Leaf):
            flat = flat.str.replace_all(rf"(?s)<{node.path}>.*?</{node.path}>", "")
    cut = texts.select("key", body.alias("body"), flat.alias("flat"))
    return cut.select("key", *(_field(leaves[name]).alias(name) for name in sorted(fields)))


def _field(leaf: Leaf) -> pl.Expr:
    *groups, last = leaf.path.split(".")
    inside = pl.col("body" if groups else "flat")
    for group in groups:
        inside = inside.str.extract(rf"(?s)<{group}>(.*?)</{group}>", 1)
    return leaf.type.read_expr(plain(inside.str.extract(rf"<{last}>([^<]*)</{last}>", 1)))


def record_texts(package: bytes) -> pl.DataFrame:
    """Give ``key`` and ``text`` (what follows ``<record ``) of every record of a package, in their order.

    Raises Terminal ECQS-40xx for what is no package of ours.
    """
    xml = read_batch_xml(package).decode()
    texts = pl.DataFrame({"text": xml.split("<record ")[1:]}, schema={"text": pl.String()})
    return texts.select(plain(pl.col("text").str.extract(r'(?:^| )key="([^"]*)"', 1)).alias("key"), "text")


def plain(text: pl.Expr) -> pl.Expr:
    """Give the text of an element or attribute without its entities."""
    return text.str.replace_many(_ENTITIES, _SIGNS)
