"""The tree of the gateway and that of headquarters are the same, however the gateway's came about."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.reconcile import build, digests
from ecqs_gateway.sandbox import tree

_KEYS = st.text("ab12()苏XＸ １/:\t", min_size=1, max_size=4)
_PLACES = st.tuples(st.sampled_from(["01", "02/x", "%", "-"]), st.sampled_from(["2024-01", "2024-02", "-"]))
_RECORDS = st.dictionaries(_KEYS, st.tuples(_PLACES, st.integers(0, 3)), max_size=12)


def _version(number: int) -> str:
    return f"{number:064x}"


def _frame(records: dict) -> pl.DataFrame:
    rows = [
        {"key": key, "product": place[0], "day": place[1], "version": _version(version)}
        for key, (place, version) in records.items()
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("key", "product", "day", "version"), pl.String))
    return frame.select("key", digests.months(pl.col("product"), pl.col("day")).alias("month"), "version")


def _theirs(records: dict) -> tree.Tree:
    return tree.Tree(tree.Leaf(*place, key, _version(version)) for key, (place, version) in records.items())


class Memory:
    """A stored tree in memory."""

    def __init__(self) -> None:
        self.leaves = pl.DataFrame(schema=build.LEAF_SCHEMA)
        self.nodes = digests.empty_nodes()
        self.root = (0, digests.empty_digest())

    def stored(self) -> build.Stored:
        parent = pl.col("path").str.replace(r"/?[^/]*$", "")
        return build.Stored(
            of_keys=lambda keys: self.leaves.filter(pl.col("key").is_in(keys.implode())),
            of_buckets=lambda buckets: self.leaves.filter(pl.col("bucket").is_in(buckets.implode())),
            nodes=lambda paths: self.nodes.filter(pl.col("path").is_in(paths.implode())),
            children=lambda parents: self.nodes.filter(parent.is_in(parents.implode())),
        )

    def apply(self, changes: pl.DataFrame) -> build.Change:
        found = build.change(self.stored(), changes)
        self.leaves = pl.concat([self.leaves.filter(~pl.col("key").is_in(found.gone_keys.implode())), found.leaves])
        self.nodes = pl.concat([self.nodes.filter(~pl.col("path").is_in(found.gone_paths.implode())), found.nodes])
        assert self.leaves["key"].is_unique().all()
        assert self.nodes["path"].is_unique().all()
        self.root = (found.count, found.digest)
        return found


def _changes(before: dict, after: dict) -> pl.DataFrame:
    gone = [{"key": key, "month": None, "version": None} for key in before.keys() - after.keys()]
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    schema = {"key": pl.String, "month": pl.String, "version": pl.String}
    return pl.concat([_frame(changed).select(list(schema)), pl.DataFrame(gone, schema=schema)])


def _same(memory: Memory, records: dict) -> None:
    theirs = _theirs(records)
    assert memory.root == (theirs.root().count, theirs.root().digest)
    fresh = build.nodes_of(build.place(_frame(records))).filter(pl.col("path") != "")
    assert memory.nodes.sort("path").equals(fresh.sort("path"))
    for path in memory.nodes["path"]:
        pieces = path.split("/")
        if len(pieces) < 2:
            told = {(node.name, node.count, node.digest) for node in theirs.children(pieces)}
            mine = memory.stored().children(pl.Series([path]))
            assert told == {(p.rsplit("/", 1)[-1], count, digest) for p, count, digest in mine.iter_rows()}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let months be split from three records on, so that few records make deep trees."""
    monkeypatch.setattr(digests, "BUCKET", 2)
    monkeypatch.setattr(tree, "_MONTH_HOLDS", 2)


@settings(max_examples=30, deadline=None)
@given(st.lists(_RECORDS, min_size=1, max_size=4))
def test_a_tree_that_was_changed_is_the_tree_built_from_nothing_and_headquarters_tree(states: list[dict]) -> None:
    memory, before = Memory(), {}
    for after in states:
        changes = _changes(before, after)
        if changes.height:
            memory.apply(changes)
        _same(memory, after)
        before = after


def test_a_month_that_grows_and_shrinks_is_split_and_joined_again() -> None:
    dice = random.Random(1)
    records = {f"k{n}": (("01", "2024-01"), n) for n in range(900)}
    memory, before = Memory(), {}
    for share in (1.0, 0.5, 0.03, 0.002, 0.04, 1.0, 0.0):
        after = {key: value for key, value in records.items() if dice.random() < share}
        changes = _changes(before, after)
        if changes.height:
            memory.apply(changes)
        _same(memory, after)
        before = after
    assert memory.root[0] == 0


def test_only_what_is_touched_is_digested_anew() -> None:
    memory = Memory()
    records = {f"k{n}": ((f"{n % 3}", f"2024-{1 + n % 12:02d}"), n) for n in range(4000)}
    memory.apply(_changes({}, records))
    changed = records | {"k17": (("2", "2024-06"), 99)}
    found = memory.apply(_changes(records, changed))
    assert found.leaves.height == 1
    assert found.nodes.height < 10
    _same(memory, changed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ({"a": 1, "b": 1}, {"c": 1, "d": 1}),
        ({"1": 1, "11": 1}, {"11": 1, "1": 2}),
        ({"k ": 1}, {"k": 1}),
        ({"1": 1}, {"１": 1}),
        ({"é": 1}, {"e\u0301": 1}),
    ],
)
def test_what_sums_and_joined_keys_cannot_tell_apart_has_different_digests(one: dict, other: dict) -> None:
    trees = [_theirs({k: (("01", "2024-01"), v) for k, v in records.items()}) for records in (one, other)]
    assert trees[0].root().digest != trees[1].root().digest
