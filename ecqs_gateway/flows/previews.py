"""Preview of a mapping: a few rows read from wherever they are wanted, each beside what it becomes."""

from __future__ import annotations

from dataclasses import dataclass

from ecqs_gateway.content.problems import Problem
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows import bench_rows
from ecqs_gateway.flows.bench import open_bench
from ecqs_gateway.flows.bench_rows import Found
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.mapping.masking import Veil
from ecqs_gateway.mapping.preview import RowPreview, preview

__all__ = ["Preview", "Wish", "find_rows", "lane_keys", "previews"]


@dataclass(frozen=True)
class Wish:
    """What is to be shown: one row by key, that of a dead letter, or the first few."""

    unit: str
    kind: str
    key: str | None = None
    limit: int = 3
    stored: bool = False
    letter: int | None = None
    unmasked: bool = False


@dataclass(frozen=True)
class Preview:
    """The rows, where they are from, and mistakes in files that did not stop it."""

    rows: tuple[RowPreview, ...]
    origin: str
    problems: tuple[Problem, ...]


def previews(gateway: Gateway, wish: Wish) -> Preview:
    """Read the rows and follow each; raises what reading and mapping raise, Unusable where the mapping is broken."""
    bench = open_bench(gateway.content, wish.unit, wish.kind)
    found = find_rows(gateway, bench.lane, wish)
    veil = Veil.of(bench.lane.mapping, lane_keys(bench.lane), on=not wish.unmasked)
    rows = preview(bench.lane.mapping, bench.lane.rules, found.cells, key=bench.lane.stream.key, veil=veil)
    return Preview(tuple(rows), found.origin, bench.problems)


def find_rows(gateway: Gateway, lane: LanePlan, wish: Wish) -> Found:
    """Give the rows a wish names."""
    if wish.letter is not None:
        unit, kind, place = bench_rows.letter_rows(gateway, wish.letter)
        if (unit, kind) != (lane.unit, lane.kind):
            hint = f"give {unit} {kind}"
            raise Misconfigured("ECQS-6061", f"dead letter {wish.letter} belongs to {unit} {kind}", hint=hint)
        return bench_rows.row_at(gateway, lane, place)
    read = bench_rows.stored_rows if wish.stored else bench_rows.live_rows
    return read(gateway, lane, key=wish.key, limit=wish.limit)


def lane_keys(lane: LanePlan) -> tuple[str, ...]:
    """Give the columns that tell rows apart, and those by which child rows find their parents."""
    children = lane.children()
    mine = [*lane.stream.key, *(name for child in children.values() for name in child.key)]
    theirs = [f"{name}.{column}" for name, child in children.items() for column in child.parent_key]
    return tuple(dict.fromkeys([*mine, *theirs, "__file", "__line"]))
