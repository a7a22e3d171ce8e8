"""What extraction hands over: rows in columns, the child rows that belong to them, and what could not be read.

Nothing is dropped here. A row is in ``Chunk.frame`` or, where it could not be turned into columns, in
``Chunk.unreadable`` with its place and the reason; a single cell that could not be read is null (or holds U+FFFD
for bytes that are no text) and stands in ``Chunk.bad_cells``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from ecqs_gateway.model.columns import exactly
from ecqs_gateway.model.watermark import Watermark

__all__ = ["BAD_CELLS", "UNREADABLE", "ChildFrame", "Chunk", "no_bad_cells", "no_unreadable"]

UNREADABLE: Mapping[str, pl.DataType] = {
    "__file": pl.String(),
    "__line": pl.UInt32(),
    "key": pl.String(),
    "reason": pl.String(),
    "text": pl.String(),
}
"""Columns of ``Chunk.unreadable``: file or table, line of the file (or null), key as ``ZSID=17``, why, raw text."""

BAD_CELLS: Mapping[str, pl.DataType] = {
    "__row": pl.UInt32(),
    "column": pl.String(),
    "reason": pl.String(),
}
"""Columns of ``Chunk.bad_cells``: row of the frame from 0, source column (``cp.CPMC`` for a child's), why."""


def no_unreadable() -> pl.DataFrame:
    """Give an empty frame of unreadable rows."""
    return pl.DataFrame(schema=dict(UNREADABLE))


def no_bad_cells() -> pl.DataFrame:
    """Give an empty frame of bad cells."""
    return pl.DataFrame(schema=dict(BAD_CELLS))


@dataclass(frozen=True)
class ChildFrame:
    """Rows of a child table that belong to the rows of one chunk; ``parent_key[i]`` equals the parent's ``key[i]``.

    The rows of one parent stand in the order the connector asks for, and in the same order in every run.
    """

    frame: pl.DataFrame
    parent_key: tuple[str, ...]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Chunk:
    """A piece of a source: up to ``batch_rows`` rows, read in one snapshot with their child rows."""

    unit: str
    kind: str
    number: int
    """Position of the chunk in the run, from 1."""
    frame: pl.DataFrame
    children: Mapping[str, ChildFrame]
    watermark: Watermark | None
    """To be stored together with these rows; None when they do not move it."""
    origin: str
    """Table, or glob of the files."""
    unreadable: pl.DataFrame = field(default_factory=no_unreadable)
    """Rows that could not be turned into columns (``UNREADABLE``): each becomes a dead letter."""
    bad_cells: pl.DataFrame = field(default_factory=no_bad_cells)
    """Cells that could not be read (``BAD_CELLS``); ``set_aside`` turns them into unreadable rows."""
    key: tuple[str, ...] = ()
    """Columns that tell one source row from every other."""

    def set_aside(self, used: Collection[str] | None = None) -> Chunk:
        """Move rows with a bad cell in a used column (all columns when None) from the frame to ``unreadable``.

        A bad cell in a column the mapping does not use harms nobody, so its row stays.
        """
        if self.bad_cells.is_empty():
            return self
        bad = self.bad_cells if used is None else self.bad_cells.filter(pl.col("column").is_in(list(used)))
        if bad.is_empty():
            return self
        reasons = bad.group_by("__row", maintain_order=True).agg(
            pl.concat_str(pl.col("column"), pl.lit("："), pl.col("reason")).str.join("；").alias("reason")
        )
        rows = self.frame.with_row_index("__row").join(reasons, on="__row", how="inner", maintain_order="left")
        aside = rows.select(
            pl.col("__file").cast(pl.String) if "__file" in rows.columns else pl.lit(self.origin).alias("__file"),
            (pl.col("__line") if "__line" in rows.columns else pl.lit(None)).cast(pl.UInt32).alias("__line"),
            key_text(self.key).alias("key"),
            "reason",
            pl.lit("").alias("text"),
        )
        kept = pl.int_range(self.frame.height, dtype=pl.UInt32, eager=True).is_in(reasons["__row"].implode()).not_()
        return replace(
            self,
            frame=self.frame.filter(kept),
            unreadable=pl.concat([self.unreadable, aside]),
            bad_cells=_renumbered(self.bad_cells, kept),
        )


def key_text(key: tuple[str, ...]) -> pl.Expr:
    """Give the key of a row as text for people: ``ZSID=17, XH=2``."""
    if not key:
        return pl.lit(None, dtype=pl.String)
    parts = [pl.concat_str(pl.lit(f"{name}="), exactly(name).cast(pl.String).fill_null("")) for name in key]
    return pl.concat_str(parts, separator=", ")


def _renumbered(bad: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """Keep the bad cells of rows that stay, under the row numbers they have now."""
    numbers = pl.DataFrame({"__row": kept.arg_true().cast(pl.UInt32)}).with_row_index("now")
    return bad.join(numbers, on="__row", how="inner", maintain_order="left").select(
        pl.col("now").cast(pl.UInt32).alias("__row"), "column", "reason"
    )
