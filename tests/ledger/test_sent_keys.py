"""Which keys a lane's first run has sent: none is missed, and few are asked of the ledger for nothing."""

from __future__ import annotations

import polars as pl

from ecqs_gateway.ledger.sent_keys import SentKeys


def test_every_key_that_was_added_is_found_and_hardly_any_other() -> None:
    keys = pl.Series("key", [f"(苏)XK{number:02}-001-{number:05}" for number in range(50_000)])
    mine, others = keys[:40_000], keys[40_000:]
    sent = SentKeys()
    assert sent.among(keys).is_empty()
    for start in range(0, 40_000, 9_000):
        sent.add(mine[start : start + 9_000])
    assert sent.among(mine).to_list() == mine.to_list()
    assert sent.among(others).len() < 100
    sent.add(mine[:0])
    assert sent.among(mine[:0]).is_empty()
    assert sent.among(keys.reverse()).to_list()[-40_000:] == mine.reverse().to_list()
