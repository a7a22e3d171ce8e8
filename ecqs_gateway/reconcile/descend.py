"""Going down two digest trees at once, only where they differ, until single records stand against each other.

Each round asks for everything that is to be looked at on one level, of all record kinds, in one question: the number
of questions is the depth of the tree and not the number of differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.errors import Terminal
from ecqs_gateway.reconcile import build, digests
from ecqs_gateway.reconcile.wire import Answer, Answered, Item, Node

__all__ = ["Found", "Ours", "below", "descend"]

_MOST_LEAVES = 100_000
"""Records one question asks for at most, so that no answer becomes too large to be read at once."""
_MOST_ITEMS = 5_000

Ask = Callable[[Sequence[Item]], Answer]
"""Asks headquarters several things at once."""


@dataclass(frozen=True)
class Ours:
    """The gateway's side of one record kind: where the stored tree stands, and how it is asked."""

    kind: str
    cutoff: int
    count: int
    digest: str
    stored: build.Stored

    def all_below(self, path: str) -> pl.DataFrame:
        """Give our leaves below a product, a month or a part of one."""
        return below(self.stored, path)


@dataclass
class Found:
    """What the trees of one record kind come to: ``leaves`` are those of the buckets that differ.

    ``here`` and ``there`` have ``key`` and ``version``; the same key may stand there several times. ``count`` and
    ``digest`` are headquarters' own.
    """

    count: int = 0
    digest: str = ""
    here: list[pl.DataFrame] = field(default_factory=list)
    there: list[pl.DataFrame] = field(default_factory=list)
    requests: int = 0
    pairs: int = 0
    """Leaves headquarters was asked for."""

    def sides(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give ``key`` and ``version`` of all leaves in question, ours and headquarters'."""
        here, there = (pl.concat([_NONE, *frames]) for frames in (self.here, self.there))
        return here, there


_NONE = pl.DataFrame(schema={"key": pl.String, "version": pl.String})


@dataclass(frozen=True)
class _Open:
    """A node that differs: what is still to be asked about it, and how many records headquarters has below.

    ``told`` is the digest headquarters gave it, None where it was of another shape than what is asked now.
    """

    ours: Ours
    item: Item
    size: int
    told: str | None = None


def descend(ask: Ask, sides: Sequence[Ours]) -> Mapping[str, Found]:
    """Compare the trees of some record kinds of one unit; gives what differs, by kind."""
    found = {ours.kind: Found() for ours in sides}
    waiting = [_Open(ours, Item(ours.kind, ours.cutoff, "nodes"), 0) for ours in sides]
    while waiting:
        now, waiting = _portion(waiting)
        answer = ask([each.item for each in now])
        for each, told in zip(now, answer.items, strict=True):
            mine = found[each.ours.kind]
            mine.requests += 1
            waiting += _looked_at(each, told, mine)
    return found


def _portion(waiting: list[_Open]) -> tuple[list[_Open], list[_Open]]:
    """Take as much as fits into one question; nodes first, since they cost little and show how much is to come."""
    waiting = sorted(waiting, key=lambda each: each.item.want == "leaves")
    size = 0
    for number, each in enumerate(waiting):
        size += each.size if each.item.want == "leaves" else 1
        if number and (size > _MOST_LEAVES or number >= _MOST_ITEMS):
            return waiting[:number], waiting[number:]
    return waiting, []


def _looked_at(each: _Open, told: Answered, found: Found) -> list[_Open]:
    """Hold an answer against our side; give what is to be asked next."""
    if each.item.want == "leaves":
        there = pl.DataFrame([leaf.model_dump() for leaf in told.leaves or ()], schema=_NONE.schema)
        _require_sound(each, digests.buckets(there.with_columns(pl.lit(each.item.path).alias("bucket"))))
        found.pairs += there.height
        found.there.append(there)
        found.here.append(each.ours.all_below(each.item.path).select("key", "version"))
        return []
    theirs = {node.name: node for node in told.nodes or ()}
    if each.item.path == "":
        found.count, found.digest = told.count or 0, told.digest or ""
        each = _Open(each.ours, each.item, found.count, found.digest)
    names = pl.DataFrame([node.model_dump() for node in theirs.values()], schema=_NODE)
    prefix = f"{each.item.path}/" if each.item.path else ""
    paths = names.select(pl.concat_str(pl.lit(prefix), "name").alias("path"), "count", "digest")
    _require_sound(each, digests.inner(paths, prefix.count("/")))
    if each.item.path == "" and found.digest == each.ours.digest:
        return []
    ours = _children(each.ours, each.item)
    following: list[_Open] = []
    for name in sorted(theirs.keys() | ours.keys()):
        path, there_, here = f"{prefix}{name}", theirs.get(name), ours.get(name)
        if there_ is None:  # nothing of it is there, so there is nothing to ask
            found.here.append(each.ours.all_below(path).select("key", "version"))
        elif here is None or here != (there_.count, there_.digest):
            following.append(_next(each, path, here[0] if here else 0, there_))
    return following


_NODE = {"name": pl.String, "count": pl.Int64, "digest": pl.String}


def _require_sound(each: _Open, digested: pl.DataFrame) -> None:
    """Raise Terminal ECQS-8024 where what headquarters has below a node does not make the digest it gave the node."""
    if each.told is None:
        return
    given = (digested["count"][0], digested["digest"][0]) if digested.height else (0, digests.empty_digest())
    if given != (each.size, each.told):
        raise Terminal(
            "ECQS-8024",
            f"headquarters' digest tree of {each.ours.kind} contradicts itself",
            where=each.item.path or each.ours.kind,
            hint="nothing was concluded from it; compare headquarters' tree with docs/reference/digest-tree.md",
        )


def _next(each: _Open, path: str, here: int, there: Node) -> _Open:
    """Say what is to be asked of a child that differs."""
    ours, pieces = each.ours, path.count("/") + 1
    if pieces == 1:
        return _Open(ours, Item(ours.kind, ours.cutoff, "nodes", path), there.count, there.digest)
    depth = digests.depth_for(here or there.count) if pieces == 2 else each.item.depth or 0
    # Headquarters splits a month by its own count; asked to split it by ours, its digest is another.
    told = there.digest if pieces > 2 or depth == digests.depth_for(there.count) else None
    if pieces - 2 >= depth:
        return _Open(ours, Item(ours.kind, ours.cutoff, "leaves", path), there.count, told)
    return _Open(ours, Item(ours.kind, ours.cutoff, "nodes", path, depth), there.count, told)


def _children(ours: Ours, item: Item) -> dict[str, tuple[int, str]]:
    """Give count and digest of our nodes right below a path, by name."""
    nodes = ours.stored.children(pl.Series([item.path], dtype=pl.String))
    return {path.rpartition("/")[2]: (count, digest) for path, count, digest in nodes.iter_rows()}


def below(stored: build.Stored, path: str) -> pl.DataFrame:
    """Give the leaves of a stored tree below a product, a month or a part of one."""
    level = pl.Series([path], dtype=pl.String)
    found = [level]
    while (level := stored.children(level)["path"]).len():
        found.append(level)
    return stored.of_buckets(pl.concat(found))
