"""The source rows of dead letters, taken out of what was stored when they were extracted, ready to be mapped again.

Rows come with exactly the columns and types they were extracted with, and with their child rows. No province is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.extract.chunk import ChildFrame, Chunk
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.prepare import Known, prepare
from ecqs_gateway.ledger import extractions, query, versions
from ecqs_gateway.ledger.letters import Letter, Reason
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.mapping.source import SourceColumns

__all__ = ["Gathered", "Piece", "Verdict", "gather", "judge", "merged", "unusable"]


@dataclass(frozen=True)
class Piece:
    """Some letters of one lane with their source rows: row ``n`` of the chunk belongs to letter ``n``."""

    lane: LanePlan
    chunk: Chunk
    letters: tuple[Letter, ...]

    def rows(self, places: Sequence[int]) -> Piece:
        """Give some of the rows, in this order, with their child rows."""
        frame = self.chunk.frame[list(places)]
        children = {name: _children_of(frame, child) for name, child in self.chunk.children.items()}
        chunk = replace(self.chunk, frame=frame, children=children)
        return Piece(self.lane, chunk, tuple(self.letters[place] for place in places))


@dataclass(frozen=True)
class Gathered:
    """What could be taken out of the stage, and why the rest could not (letter → reason with next step)."""

    pieces: tuple[Piece, ...]
    missing: Mapping[int, str]


@dataclass(frozen=True)
class Verdict:
    """What the pipeline would make of a letter's row now."""

    letter: Letter
    outcome: str
    """``passes`` (a new version would go out), ``known`` (headquarters holds this content), ``overtaken`` (it holds a
    newer version, or another row of the record), ``refused`` (reasons, or headquarters refused this very content) or
    ``missing`` (the row is not at hand)."""
    reasons: tuple[Reason, ...] = ()
    why: str | None = None

    @property
    def good(self) -> bool:
        """Say whether the letter would be settled."""
        return self.outcome in ("passes", "known")


def unusable(letter: Letter) -> str | None:
    """Say why a letter's row cannot be taken out of the stage, and what to do instead; None where it can."""
    if letter.origin == "source":
        return "the line could not be read, so there is no row: mend it at the source, then `ecqs sync --since <day>`"
    if letter.pruned_at is not None:
        return (
            "its extraction was pruned: read the source again with `ecqs sync --since <day of the row's last change>`"
        )
    if letter.files is None or letter.source_row is None:
        return "its source row was not kept: read the source again with `ecqs sync --since <day>`"
    return None


def gather(gateway: Gateway, letters: Sequence[Letter]) -> Gathered:
    """Take the rows of letters out of the stage; content or files that are broken make letters missing."""
    missing = {letter.id: why for letter in letters if (why := unusable(letter)) is not None}
    pieces: list[Piece] = []
    for lane_key, mine in _grouped(letter for letter in letters if letter.id not in missing).items():
        try:
            lane = gateway.lane(*lane_key)
        except GatewayError as error:
            missing.update((letter.id, str(error)) for letter in mine)
            continue
        found: list[Piece] = []
        for together in _by_extraction(mine):
            try:
                found += _pieces(gateway, lane, together)
            except GatewayError as error:
                missing.update((letter.id, str(error)) for letter in together)
        pieces += merged(found)
    return Gathered(tuple(pieces), missing)


def _grouped(letters: Iterable[Letter]) -> dict[tuple[str, str], list[Letter]]:
    found: dict[tuple[str, str], list[Letter]] = {}
    for letter in letters:
        found.setdefault((letter.unit, letter.kind), []).append(letter)
    return found


def _by_extraction(letters: Sequence[Letter]) -> Iterable[list[Letter]]:
    found: dict[int, list[Letter]] = {}
    for letter in letters:
        found.setdefault(letter.extraction_id or 0, []).append(letter)
    return found.values()


def _pieces(gateway: Gateway, lane: LanePlan, letters: Sequence[Letter]) -> Iterator[Piece]:
    """Give the rows of one extraction; rows with one source key go apart, for their child rows could not be told."""
    frames = extractions.load_frames(gateway.stage, StagedFile.many_from_json(letters[0].files or "{}"))
    _require_keys(lane, frames)
    rows = frames["rows"][[letter.source_row or 0 for letter in letters]]
    turn = _key_texts(rows, lane.stream.key).select(pl.int_range(pl.len()).over(pl.all())).to_series()
    for number in turn.unique().sort():
        chosen = turn == number
        mine = rows.filter(chosen)
        children = {
            name: _children_of(mine, ChildFrame(frames[f"child-{name}"], tuple(child.parent_key), tuple(child.key)))
            for name, child in lane.children().items()
            if f"child-{name}" in frames
        }
        chunk = Chunk(lane.unit, lane.kind, 0, mine, children, None, letters[0].read_from or lane.table)
        yield Piece(lane, chunk, tuple(letters[place] for place in chosen.arg_true()))


def _require_keys(lane: LanePlan, frames: Mapping[str, pl.DataFrame]) -> None:
    """Refuse rows that were stored when the connector named other keys."""
    wanted = [("rows", tuple(lane.stream.key))]
    for name, child in lane.children().items():
        if f"child-{name}" in frames:
            wanted += [("rows", tuple(child.key)), (f"child-{name}", tuple(child.parent_key))]
    for role, names in wanted:
        missing = sorted(set(names) - set(frames[role].columns))
        if missing:
            raise Misconfigured(
                "ECQS-6109",
                f"the stored rows have no column {', '.join(missing)}, which the connector names as key now",
                where=f"connectors/provinces/{lane.unit}.yaml",
                hint="read the source again: `ecqs sync --since <day>`",
            )


def _key_texts(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give key columns as the mapping compares them: tidied text, by position."""
    columns = SourceColumns(frame)
    return pl.DataFrame([columns.text(name).alias(str(place)) for place, name in enumerate(names)])


def _children_of(rows: pl.DataFrame, child: ChildFrame) -> ChildFrame:
    parents = _key_texts(rows, child.key).unique()
    lines = _key_texts(child.frame, child.parent_key).with_row_index("line")
    mine = lines.join(parents, on=parents.columns, how="semi", maintain_order="left")["line"]
    return replace(child, frame=child.frame[mine.to_list()])


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """Put pieces of one lane and shape together, in order, as far as no row could claim another's child rows."""
    merged: list[Piece] = []
    taken: list[set[tuple[object, ...]]] = []
    for piece in pieces:
        keys = _keys_of(piece)
        for place, other in enumerate(merged):
            if _shape(other) == _shape(piece) and not keys & taken[place]:
                merged[place] = _joined(other, piece)
                taken[place] |= keys
                break
        else:
            merged.append(piece)
            taken.append(keys)
    return merged


def _keys_of(piece: Piece) -> set[tuple[object, ...]]:
    keys = {"": tuple(piece.lane.stream.key)} | {name: child.key for name, child in piece.chunk.children.items()}
    return {(table, *row) for table, names in keys.items() for row in _key_texts(piece.chunk.frame, names).rows()}


def _shape(piece: Piece) -> list[object]:
    children = {name: child.frame.schema for name, child in piece.chunk.children.items()}
    return [piece.lane.unit, piece.lane.kind, piece.chunk.frame.schema, children]


def _joined(one: Piece, other: Piece) -> Piece:
    children = {
        name: replace(child, frame=pl.concat([child.frame, other.chunk.children[name].frame]))
        for name, child in one.chunk.children.items()
    }
    chunk = replace(one.chunk, frame=pl.concat([one.chunk.frame, other.chunk.frame]), children=children)
    return Piece(one.lane, chunk, one.letters + other.letters)


def judge(gateway: Gateway, piece: Piece) -> list[Verdict]:
    """Say what the pipeline would make of a piece with the content of now; nothing is stored.

    Raises Misconfigured ECQS-2080 where the mapping names a column the stored rows do not have.
    """
    lane_number = piece.letters[0].lane_id
    database = gateway.database
    known = Known(
        lambda keys: versions.latest(database, lane_number, keys),
        frozenset(query.refused_versions(database, lane_number)),
        corrected=frozenset(query.corrected_versions(database, lane_number)),
    )
    draft = prepare(piece.lane, piece.chunk, known, extraction_id=0)
    fresh = set(draft.fresh["__row"].to_list())
    good = set(draft.passed["source_row"].to_list())
    refused = _refused(draft.letters)
    return [_verdict(letter, row, fresh, good, refused) for row, letter in enumerate(piece.letters)]


def _refused(letters: pl.DataFrame) -> dict[int, tuple[Reason, ...]]:
    reasons = letters["reasons"].str.json_decode(_REASONS).to_list()
    return {row: tuple(found) for row, found in zip(letters["source_row"].to_list(), reasons, strict=True)}


_REASONS = pl.List(pl.Struct(dict.fromkeys(("field", "column", "rule", "severity", "clause", "message"), pl.String)))


def _verdict(
    letter: Letter, row: int, fresh: set[int], good: set[int], refused: Mapping[int, tuple[Reason, ...]]
) -> Verdict:
    if row in refused:
        return Verdict(letter, "refused", refused[row])
    if row in fresh:
        return Verdict(letter, "passes")
    if row in good:
        return Verdict(letter, "known", why="headquarters holds this content already")
    if letter.origin == "headquarters":
        told = "headquarters refused this very content before, or holds a newer version"
        return Verdict(letter, "refused", letter.reasons, told)
    return Verdict(letter, "overtaken", why="headquarters holds a newer version, or another row of the record is newer")
