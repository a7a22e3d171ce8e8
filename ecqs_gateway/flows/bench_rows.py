"""A few source rows for the bench: from the source itself, from stored extractions, or the row of a dead letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.chunk import ChildFrame, Chunk
from ecqs_gateway.extract.source import Source
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.ledger import extractions, samples
from ecqs_gateway.ledger.samples import Stored
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.mapping.fields import FieldPlan, field_texts
from ecqs_gateway.mapping.preview import Cells
from ecqs_gateway.mapping.source import SourceColumns
from ecqs_gateway.model.columns import exactly
from ecqs_gateway.model.types import FieldProblem

__all__ = ["SCANNED", "Found", "cells_of", "letter_rows", "live_rows", "live_sample", "row_at"]
__all__ += ["stored_rows", "stored_sample"]

SCANNED = 200_000
"""Rows looked through for a business key the database cannot be asked for, and rows of a sample at most."""


@dataclass(frozen=True)
class Found:
    """Some rows, and where they are from."""

    cells: Cells
    origin: str

    @property
    def rows(self) -> int:
        """Count the rows."""
        return self.cells.frame.height


def live_rows(gateway: Gateway, lane: LanePlan, *, key: str | None, limit: int) -> Found:
    """Read a few rows from the source: those with a source key or business key, or the first ones."""
    with gateway.source(lane) as source:
        chunk = source.pick(limit) if key is None else _by_key(source, lane, key, limit)
    return Found(Cells(chunk.frame, chunk.children), f"the source ({lane.table})")


def _by_key(source: Source, lane: LanePlan, key: str, limit: int) -> Chunk:
    """Ask by source key first, then by the column of the business key, then look at what the rows become."""
    for where in _questions(lane, key):
        chunk = source.pick(limit, where)
        if chunk.frame.height:
            return chunk
    place = _number(lane)
    wanted = _canonical(lane, key)
    looked_at = 0
    for chunk in source.chunks():
        hit = _hits(lane, place, chunk.frame, wanted).head(limit)
        if hit.len():
            return replace(chunk, frame=chunk.frame[hit.to_list()])
        looked_at += chunk.frame.height
        if looked_at >= SCANNED:
            break
    raise _unknown(lane, key, f"the first {looked_at} rows of {lane.table}")


def _questions(lane: LanePlan, key: str) -> Iterator[dict[str, str]]:
    columns = lane.stream.key
    parts = key.split("|") if len(columns) > 1 else [key]
    if len(parts) == len(columns):
        yield dict(zip(columns, parts, strict=True))
    plan = _number(lane)
    if plan.origin == "from":
        for spelling in dict.fromkeys([key, _canonical(lane, key)]):
            yield {plan.columns[0]: spelling}


def _number(lane: LanePlan) -> FieldPlan:
    return next(plan for plan in lane.mapping.record.plans if plan.path == lane.spec.key)


def _canonical(lane: LanePlan, key: str) -> str:
    field_type = _number(lane).leaf.type
    try:
        return field_type.write(field_type.read(key, lane.mapping.codes))
    except FieldProblem:
        return key


def _hits(lane: LanePlan, plan: FieldPlan, frame: pl.DataFrame, wanted: str) -> pl.Series:
    """Give the rows that become the record with this business key, in columns."""
    texts = field_texts([plan], SourceColumns(frame), raw=False)
    if plan.path not in texts:
        return pl.Series([], dtype=pl.UInt32)
    read = plan.leaf.type.read_expr(pl.col(plan.path), lane.mapping.codes)
    written = texts[plan.path].to_frame().select(plan.leaf.type.write_expr(read).alias("w")).to_series()
    return (written == wanted).fill_null(value=False).arg_true()


def stored_rows(gateway: Gateway, lane: LanePlan, *, key: str | None, limit: int) -> Found:
    """Give rows of the last stored extraction, or of the newest one that has a row with this key."""
    known = samples.stored(gateway.database, lane.unit, lane.kind)
    if not known:
        raise _nothing_stored(lane)
    if key is None:
        one = next((one for one in known if one.rows), known[0])
        cells = _cells(gateway, lane, one)
        return Found(replace(cells, frame=cells.frame.head(limit)), _named(one))
    for place in samples.places_of_record(gateway.database, lane.unit, lane.kind, _canonical(lane, key)):
        found = _row_at(gateway, lane, place)
        if found is not None:
            return found
    looked_at = 0
    for one in known:
        cells = _cells(gateway, lane, one)
        hit = _with_key(lane, cells.frame, key).head(limit)
        if hit.len():
            return Found(replace(cells, frame=cells.frame[hit.to_list()]), _named(one))
        looked_at += one.rows
        if looked_at >= SCANNED:
            break
    raise _unknown(lane, key, f"the last {looked_at} stored rows")


def _with_key(lane: LanePlan, frame: pl.DataFrame, key: str) -> pl.Series:
    parts = [exactly(name).cast(pl.String, strict=False).fill_null("") for name in lane.stream.key]
    mine = frame.select((pl.concat_str(parts, separator="|") == key).alias("hit")).to_series().arg_true()
    return mine if mine.len() else _hits(lane, _number(lane), frame, _canonical(lane, key))


def letter_rows(gateway: Gateway, number: int) -> tuple[str, str, samples.Place]:
    """Give unit, kind and place of a dead letter's source row; raises Misconfigured ECQS-6061."""
    found = samples.letter_place(gateway.database, number)
    if found is None:
        raise Misconfigured("ECQS-6061", f"there is no dead letter {number}", hint="`ecqs status` counts them")
    return found


def row_at(gateway: Gateway, lane: LanePlan, place: samples.Place) -> Found:
    """Give the source row at a place of the ledger; raises Misconfigured where its rows were removed."""
    found = _row_at(gateway, lane, place)
    if found is None:
        raise Misconfigured(
            "ECQS-6062",
            f"the source row of {place.id} is no longer stored",
            where=f"{lane.unit}/{lane.kind}",
            hint="read it from the source: give its key without --stored",
        )
    return found


def _row_at(gateway: Gateway, lane: LanePlan, place: samples.Place) -> Found | None:
    if place.extraction_id is None or place.source_row is None:
        return None
    one = samples.by_id(gateway.database, [place.extraction_id]).get(place.extraction_id)
    if one is None:
        return None
    cells = _cells(gateway, lane, one)
    if place.source_row >= cells.frame.height:
        return None
    return Found(replace(cells, frame=cells.frame.slice(place.source_row, 1)), _named(one))


def stored_sample(gateway: Gateway, lane: LanePlan, *, rows: int = SCANNED) -> tuple[list[Stored], Iterator[Cells]]:
    """Give the newest stored extractions, until they hold this many rows, and their rows one by one."""
    chosen: list[Stored] = []
    for one in samples.stored(gateway.database, lane.unit, lane.kind):
        if chosen and sum(each.rows for each in chosen) >= rows:
            break
        chosen.append(one)
    if not chosen:
        raise _nothing_stored(lane)
    return chosen, (_cells(gateway, lane, one) for one in chosen)


def live_sample(gateway: Gateway, lane: LanePlan, *, rows: int) -> Iterator[Cells]:
    """Read rows from the source until there are this many; moves no watermark."""
    with gateway.source(lane) as source:
        left = rows
        for chunk in source.chunks():
            cells = Cells(chunk.frame.head(left), chunk.children)
            left -= cells.frame.height
            yield cells
            if left <= 0:
                return


def cells_of(gateway: Gateway, lane: LanePlan, numbers: Sequence[int]) -> Iterator[tuple[int, Cells]]:
    """Give stored extractions by number, one by one; those whose rows were removed are left out."""
    for number, one in samples.by_id(gateway.database, numbers).items():
        yield number, _cells(gateway, lane, one)


def _cells(gateway: Gateway, lane: LanePlan, one: Stored) -> Cells:
    frames = extractions.load_frames(gateway.stage, StagedFile.many_from_json(one.files))
    children = {
        name: ChildFrame(frames[f"child-{name}"], tuple(child.parent_key), tuple(child.key))
        for name, child in lane.children().items()
        if f"child-{name}" in frames
    }
    return Cells(frames["rows"], children)


def _named(one: Stored) -> str:
    return f"extraction {one.id} of {one.created_at[:19].replace('T', ' ')} ({one.origin})"


def _nothing_stored(lane: LanePlan) -> Misconfigured:
    return Misconfigured(
        "ECQS-6063",
        "no rows of this lane are stored",
        where=f"{lane.unit}/{lane.kind}",
        hint=f"leave --stored out to read the source, or run `ecqs sync --unit {lane.unit}` first",
    )


def _unknown(lane: LanePlan, key: str, where: str) -> Misconfigured:
    del key  # a key somebody typed may be anything: it stays out of the message
    return Misconfigured(
        "ECQS-6064",
        f"no row has this source key or business key: looked in {where}",
        where=f"{lane.unit}/{lane.kind}",
        hint=f"the source key is {'|'.join(lane.stream.key)}, the business key {lane.spec.key} in any spelling",
    )
