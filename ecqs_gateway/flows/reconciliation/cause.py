"""Why a record differs from the one that was sent: because its source row changed, or because the content did.

After a change of mapping or codes every record may come out differently. The source has not changed then, and it is for
a person to say whether everything goes out anew. So the row that was sent, as it lies in the stage, is held against the
row of today, child rows included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from ecqs_gateway.errors import GatewayError
from ecqs_gateway.extract.chunk import ChildFrame, Chunk
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.reconciliation.compare import Lane
from ecqs_gateway.ledger import extractions, resends
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.mapping.mapped import ROW

__all__ = ["by_content", "keys_of"]

_NULL, _CELL = "\x00", "\x1f"


def keys_of(plan: LanePlan, chunk: Chunk) -> pl.DataFrame:
    """Give ``__row`` and business ``key`` of the rows of a chunk; null where none can be made."""
    mapped = plan.mapping.apply(chunk.frame, chunk.children, table=plan.table)
    key = next(leaf for leaf in plan.spec.leaves() if leaf.path == plan.spec.key)
    return mapped.frame.select(ROW, key.type.write_expr(pl.col(plan.spec.key)).alias("key"))


def by_content(
    gateway: Gateway, lane: Lane, plan: LanePlan, rows: Sequence[Chunk], keys: Sequence[str]
) -> frozenset[str]:
    """Give which of these keys have the very source row they were sent from, read under another content bundle.

    A row that is no longer in the stage cannot be compared and counts as changed.
    """
    origins = [o for o in resends.origins(gateway.database, lane.number, keys) if o.bundle != gateway.content.digest]
    if not origins:
        return frozenset()
    now = _today(plan, rows, {key for origin in origins for key in origin.rows})
    same: set[str] = set()
    for origin in origins:
        wanted = {key: place for key, place in origin.rows.items() if key in now}
        if not wanted:
            continue
        try:
            frames = extractions.load_frames(gateway.stage, StagedFile.many_from_json(origin.files))
        except GatewayError:
            continue
        for key, place in wanted.items():
            chunk, row = now[key]
            if _text(frames["rows"][[place]], _stored_children(plan, frames), chunk) == _text(
                chunk.frame[[row]], chunk.children, chunk, frames["rows"].columns
            ):
                same.add(key)
    return frozenset(same)


def _today(plan: LanePlan, rows: Sequence[Chunk], wanted: set[str]) -> dict[str, tuple[Chunk, int]]:
    return {
        key: (chunk, row)
        for chunk in rows
        for row, key in keys_of(plan, chunk).filter(pl.col("key").is_in(list(wanted))).iter_rows()
    }


def _stored_children(plan: LanePlan, frames: Mapping[str, pl.DataFrame]) -> dict[str, ChildFrame]:
    return {
        name: ChildFrame(frames[f"child-{name}"], tuple(child.parent_key), tuple(child.key))
        for name, child in plan.children().items()
        if f"child-{name}" in frames
    }


def _text(
    row: pl.DataFrame, children: Mapping[str, ChildFrame], chunk: Chunk, also: Sequence[str] | None = None
) -> list[str]:
    """Write one row and its child rows as texts; of the row only what both sides have."""
    common = sorted(set(row.columns) & set(chunk.frame.columns) & set(also or row.columns))
    found = _lines(row.select(common))
    for name in sorted(children):
        child = children[name]
        mine = child.frame.join(row, left_on=list(child.parent_key), right_on=list(child.key), how="semi")
        found += [name, *sorted(_lines(mine.select(sorted(mine.columns))))]
    return found


def _lines(frame: pl.DataFrame) -> list[str]:
    cells = [pl.col(name).cast(pl.String).fill_null(_NULL) for name in frame.columns]
    return frame.select(pl.concat_str(cells, separator=_CELL).alias("text"))["text"].to_list() if cells else []
