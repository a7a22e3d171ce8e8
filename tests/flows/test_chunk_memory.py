"""Memory while rows flow: nothing of a chunk stays longer than somebody works on it, not even by one of its texts."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ecqs_gateway.doors.arrow import text_bytes, text_column
from ecqs_gateway.extract.chunk import Chunk
from ecqs_gateway.extract.decode import Batch
from ecqs_gateway.extract.rows import rebatch
from ecqs_gateway.flows.drift.watch import Watch
from ecqs_gateway.flows.prepare import Known, prepare
from ecqs_gateway.ledger.versions import KNOWN_SCHEMA

UNIT, KIND = "990000", "certificate"
"""A unit that spells certificate numbers as headquarters does, so that they are taken over as they are."""
INLINE = 12
"""Bytes a text may have that lies in the column itself and nowhere else."""


@pytest.fixture
def lane(world, w):
    """A lane of 30 rows in chunks of 10, one of them refused; their ids are longer texts."""
    rows = [w.licence(UNIT, number, id=f"行-{number:020d}") for number in range(1, 31)]
    rows[2] = replace(rows[2], zt="无此状态")
    world.province(UNIT, rows, batch_rows=10)
    mapping = world.content / "mappings" / UNIT / f"{KIND}.yaml"
    text = mapping.read_text(encoding="utf-8")
    assert "number: {from: zsbh, clean: [width, spaces]}" in text
    mapping.write_text(text.replace("{from: zsbh, clean: [width, spaces]}", "zsbh"), encoding="utf-8")
    with world.gateway() as gateway:
        yield gateway, gateway.lane(UNIT, KIND)


def nothing_known(keys: pl.Series) -> pl.DataFrame:
    del keys
    return pl.DataFrame(schema=KNOWN_SCHEMA)


def test_what_is_kept_of_a_chunk_holds_no_memory_of_its_source(lane):
    gateway, plan = lane
    with gateway.source(plan) as source:
        chunk = next(source.chunks())
    held = []
    columns = [borrowed(column, held) for column in chunk.frame.get_columns()]
    assert len(held) > 1
    chunk = replace(chunk, frame=pl.DataFrame(columns))
    draft = prepare(plan, chunk, Known(nothing_known), extraction_id=1)
    assert draft.fresh.height == 9
    assert draft.letters.height == 1
    assert all(one() is not None for one in held)
    del chunk, columns
    gc.collect()
    assert [one() for one in held] == [None] * len(held)


def borrowed(column: pl.Series, held: list) -> pl.Series:
    """Give the same column over bytes somebody else owns, as a driver's batch does; note how to see that they live."""
    if column.dtype != pl.String or column.null_count() or column.str.len_bytes().min() <= INLINE:
        return column
    data, places, _ = text_bytes(column)
    mine = np.array(data)
    held.append(weakref.ref(mine))
    return text_column(mine, places).alias(column.name)


def test_a_source_holds_no_chunk_while_it_reads_the_next_one(lane):
    gateway, plan = lane
    before, alive = chunks_alive(), []
    with gateway.source(plan) as source:
        watch = Watch(gateway, plan, 1)
        watch.opened(source)
        source.arrived = lambda: alive.append(chunks_alive() - before)
        rows = 0
        for chunk in watch.watched(source.chunks()):
            rows += chunk.frame.height
            del chunk
    assert rows == 30
    assert alive == [1] * len(alive)  # what has just come, and nothing else
    assert len(alive) >= 3


def chunks_alive() -> int:
    gc.collect()
    return sum(isinstance(one, Chunk | Batch) for one in gc.get_objects())


def test_batches_put_together_are_not_held_while_the_next_ones_come():
    living: list[int] = []
    held: list[weakref.ref] = []

    def batches():
        for _ in range(6):
            gc.collect()
            living.append(sum(one() is not None for one in held))
            mine = np.frombuffer(b"x" * 200, np.uint8).copy()
            held.append(weakref.ref(mine))
            column = text_column(mine, np.arange(0, 201, 20))
            del mine
            batch = Batch(pl.DataFrame({"a": column}), pl.DataFrame(schema={"__row": pl.UInt32}))
            del column
            yield batch
            del batch

    for batch in rebatch(batches(), 20):
        assert batch.frame.height == 20
        del batch
    assert living == [0, 1, 0, 1, 0, 1]
