"""A key that was met is never denied, and few others are let through; of a first load the ledger is asked for those."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.flows.prepare import Known, Recent
from ecqs_gateway.ledger.sieve import KeySieve
from ecqs_gateway.ledger.versions import KNOWN_SCHEMA


@given(st.lists(st.text(max_size=8)), st.lists(st.text(max_size=8)))
def test_a_key_that_was_added_is_never_denied(first: list[str], second: list[str]) -> None:
    sieve = KeySieve()
    for keys in (first, second):
        sieve.add(pl.Series("key", keys, dtype=pl.String))
    both = pl.Series("key", first + second, dtype=pl.String)
    assert sieve.sift(both).to_list() == both.to_list()


def test_of_many_new_keys_few_are_undecided() -> None:
    sieve = KeySieve()
    sieve.add(pl.Series("key", [f"old {n}" for n in range(100_000)]))
    new = pl.Series("key", [f"new {n}" for n in range(10_000)])
    assert sieve.sift(new).len() < 100


def _version(key: str, digest: str) -> pl.DataFrame:
    return pl.DataFrame({**dict.fromkeys(KNOWN_SCHEMA), "key": key, "known_digest": digest}, schema=KNOWN_SCHEMA)


def test_in_a_first_load_the_ledger_is_asked_only_for_what_the_run_has_met() -> None:
    asked: list[list[str]] = []

    def latest(keys: pl.Series) -> pl.DataFrame:
        asked.append(keys.to_list())
        return _version("in the ledger", "1").filter(pl.col("key").is_in(keys.implode()))

    sieve = KeySieve()
    sieve.add(pl.Series("key", ["in the ledger", "on its way"]))
    keys = pl.Series("key", ["on its way", "new", "in the ledger"])
    recent = (Recent(_version("on its way", "2")), Recent(_version("other", "3")))
    for first in (True, False):
        known = Known(latest, recent=recent, met=sieve, first=first)
        found = dict(known.of(keys).select("key", "known_digest").iter_rows())
        assert found == {"in the ledger": "1", "on its way": "2"}
        assert known.of(keys.filter(keys == "new")).is_empty()
    assert asked == [["on its way", "in the ledger"], [], keys.to_list(), ["new"]]
