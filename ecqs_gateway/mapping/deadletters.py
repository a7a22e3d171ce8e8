"""Rows that cannot go, written down: source row, child rows and what became of them, as JSON text, built in columns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import polars as pl

from ecqs_gateway.mapping.mapped import ITEM, PROBLEM_SCHEMA, ROW, Mapped, detach, no_bad_rows
from ecqs_gateway.mapping.render import render_columns
from ecqs_gateway.model.columns import framed, in_item_order
from ecqs_gateway.model.record import Leaf

__all__ = ["bad_rows", "source_json"]


def bad_rows(mapped: Mapped, rows: pl.Series) -> pl.DataFrame:
    """Give ``BAD_SCHEMA`` for these rows, in order; ``mapped.problems`` holds all problems, sorted by row."""
    if rows.is_empty():
        return no_bad_rows()
    bad = mapped.only(rows)
    key = next(leaf for leaf in mapped.kind.leaves() if leaf.path == mapped.kind.key)
    members = [name for name in PROBLEM_SCHEMA if name != ROW]
    # Every row here has a problem, and all these frames stand in the order of the rows.
    reasons = bad.problems.group_by(ROW, maintain_order=True).agg(pl.struct(members).alias("reasons"))
    table = bad.frame.select_seq(ROW, key.written.alias("key"))
    table = table.hstack([reasons["reasons"], source_json(bad)["source"], _record_json(bad)["record"]])
    return detach(table)


def source_json(mapped: Mapped) -> pl.DataFrame:
    """Give ``__row`` and ``source``: each source row with its child rows as one JSON object, in the order of the rows.

    Values stand in the text the mapping saw before tidying; child rows are a list under the child table's name.
    """
    names = tuple(name for name in mapped.source.columns if name != ROW)
    whole = _texts(mapped.source).select_seq(ROW, _object(names).alias("source"))
    for name, child in mapped.children.items():
        inside = tuple(column for column in child.columns if column != ROW)
        items = _texts(child).select_seq(ROW, _object(inside).alias("items"))
        whole = _with_list(whole, "source", f"children.{name}" if name in names else name, items)
    return whole


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the columns of a source table as text, by number: a spreadsheet's header may be "*"."""
    texts = render_columns(series for series in frame.get_columns() if series.name != ROW)
    named = (name for name in frame.columns if name != ROW)
    return framed([frame[ROW], *(texts[name].alias(str(place)) for place, name in enumerate(named))])


@lru_cache(64)
def _object(names: tuple[str, ...]) -> pl.Expr:
    return pl.struct(pl.col(str(place)).alias(name) for place, name in enumerate(names)).struct.json_encode()


def _record_json(mapped: Mapped) -> pl.DataFrame:
    whole = _written_object(mapped.frame, mapped.kind.leaves(), "record")
    for node in mapped.kind.repeated():
        items = mapped.lists.get(node.path)
        if items is not None and items.height:
            written = _written_object(in_item_order(items, ROW, ITEM), node.leaves(), "items")
            whole = _with_list(whole, "record", node.path, written)
    return whole


def _written_object(frame: pl.DataFrame, leaves: Iterable[Leaf], name: str) -> pl.DataFrame:
    members = [leaf.written.alias(leaf.path) for leaf in leaves]
    return frame.select_seq(ROW, pl.struct(members).struct.json_encode().alias(name))


def _with_list(whole: pl.DataFrame, into: str, name: str, items: pl.DataFrame) -> pl.DataFrame:
    """Add one member to the JSON objects: the list of the items of the same row, left out where there are none."""
    if not items.height:
        return whole
    # One by one: these are rows that failed, and mostly a handful.
    listed: dict[int | None, list[str]] = {}
    for row, text in zip(items[ROW].to_list(), items["items"].to_list(), strict=True):
        listed.setdefault(row, []).append(text)
    texts = [
        f'{text.removesuffix("}")},"{name}":[{",".join(listed[row])}]}}' if row in listed else text
        for row, text in zip(whole[ROW].to_list(), whole[into].to_list(), strict=True)
    ]
    return framed([whole[ROW], pl.Series(into, texts, dtype=pl.String)])
