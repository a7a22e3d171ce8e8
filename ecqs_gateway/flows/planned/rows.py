"""The rows a change is tried on: stored ones, each source row once, or some read from the source now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.chunk import ChildFrame
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.prepare import key_text
from ecqs_gateway.ledger import extractions, samples
from ecqs_gateway.ledger.samples import Stored
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.mapping.lists import ChildRows

__all__ = ["Piece", "Rows", "live_rows", "source_keys", "stored_rows"]


@dataclass(frozen=True)
class Piece:
    """Some rows with their child rows; ``bad_cells`` are cells the source could not give, where that is known."""

    frame: pl.DataFrame
    children: Mapping[str, ChildRows]
    keys: pl.Series
    """Key of each source row as text."""
    bad_cells: pl.DataFrame | None = None


@dataclass(frozen=True)
class Rows:
    """Pieces of rows, and in words where they are from and what was left out."""

    pieces: Iterator[Piece]
    origin: str
    notes: tuple[str, ...] = ()


def stored_rows(gateway: Gateway, lane: LanePlan, *, rows: int) -> Rows:
    """Give the newest stored rows, each source row once as it was read last.

    Raises Misconfigured ECQS-1411 where none are stored.
    """
    known = samples.stored(gateway.database, lane.unit, lane.kind)
    chosen: list[Stored] = []
    for one in known:
        if chosen and sum(each.rows for each in chosen) >= rows:
            break
        chosen.append(one)
    if not chosen:
        raise Misconfigured(
            "ECQS-1411",
            "no rows of this lane are stored, so nothing can be said from them",
            where=f"{lane.unit}/{lane.kind}",
            hint="read some from the source: --live",
        )
    left_out = sum(one.rows for one in known[len(chosen) :])
    first, last = chosen[-1].created_at[:10], chosen[0].created_at[:10]
    days = last if first == last else f"{first} to {last}"
    notes = (f"{left_out} rows stored before were not looked at; --limit takes more.",) if left_out else ()
    return Rows(_stored(gateway, lane, chosen), f"rows stored {days} ({len(chosen)} extraction(s))", notes)


def _stored(gateway: Gateway, lane: LanePlan, chosen: list[Stored]) -> Iterator[Piece]:
    """Walk extractions, newest first; rows of one run are all different, so only newer runs can hold them again."""
    newer, run = pl.Series("", [], pl.String), ""
    current: list[pl.Series] = []
    for one in chosen:
        if one.run_id != run:
            newer, current, run = pl.concat([newer, *current]), [], one.run_id
        frames = extractions.load_frames(gateway.stage, StagedFile.many_from_json(one.files))
        frame = frames["rows"]
        keys = source_keys(lane, frame)
        if newer.len() and _keyed(lane, frame):
            fresh = ~keys.is_in(newer.implode())
            frame, keys = frame.filter(fresh), keys.filter(fresh)
        current.append(keys)
        children = {
            name: ChildFrame(frames[f"child-{name}"], tuple(child.parent_key), tuple(child.key))
            for name, child in lane.children().items()
            if f"child-{name}" in frames
        }
        if frame.height:
            yield Piece(frame, children, keys)


def live_rows(gateway: Gateway, lane: LanePlan, *, rows: int) -> Rows:
    """Read so many rows from the source, the oldest changes first; no watermark moves and nothing is stored."""
    return Rows(_live(gateway, lane, rows), f"up to {rows} rows of {lane.table}, read now")


def _live(gateway: Gateway, lane: LanePlan, rows: int) -> Iterator[Piece]:
    left = rows
    with gateway.source(lane) as source:
        for chunk in source.chunks():
            frame = chunk.frame.head(left)
            bad = chunk.bad_cells.filter(pl.col("__row") < frame.height)
            left -= frame.height
            if frame.height:
                yield Piece(frame, chunk.children, source_keys(lane, frame), bad)
            if left <= 0:
                return


def source_keys(lane: LanePlan, frame: pl.DataFrame) -> pl.Series:
    """Give the key of each source row as text; its number in the piece where the rows lack a column of the key."""
    if not _keyed(lane, frame):
        return pl.int_range(frame.height, eager=True).cast(pl.String)
    return frame.select(key_text(lane.stream.key).alias("")).to_series()


def _keyed(lane: LanePlan, frame: pl.DataFrame) -> bool:
    return set(lane.stream.key) <= set(frame.columns)
