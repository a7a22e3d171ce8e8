"""Putting batches of any size together into chunks of the wanted one, bad cells and all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from ecqs_gateway.extract.decode import Batch

__all__ = ["joined", "rebatch"]


def rebatch(batches: Iterable[Batch], size: int) -> Iterator[Batch]:
    """Give batches of exactly ``size`` rows, the last one shorter; never holds more than one of each.

    Nothing that was given is held while the next one is read: whoever takes it decides how long it stays.
    """
    held: list[Batch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.frame.height
        del batch
        while rows >= size:
            whole, held = joined(held), []
            rows -= size
            held = [_part(whole, size, rows)] if rows else []
            yield _part(whole, 0, size)
            del whole
    if rows:
        yield joined(held)


def joined(batches: Sequence[Batch]) -> Batch:
    """Put batches one behind the other; row numbers of bad cells follow."""
    if len(batches) == 1:
        return batches[0]
    bad, start = [], 0
    for batch in batches:
        if batch.bad_cells.height:
            bad.append(batch.bad_cells.with_columns(pl.col("__row") + pl.lit(start, dtype=pl.UInt32)))
        start += batch.frame.height
    frame = pl.concat([batch.frame for batch in batches])
    return Batch(frame, pl.concat(bad) if bad else batches[0].bad_cells)


def _part(batch: Batch, start: int, rows: int) -> Batch:
    bad = batch.bad_cells
    if bad.height:
        inside = bad.filter(pl.col("__row").is_between(start, start + rows - 1))
        bad = inside.with_columns(pl.col("__row") - pl.lit(start, dtype=pl.UInt32))
    return Batch(batch.frame.slice(start, rows), bad)
