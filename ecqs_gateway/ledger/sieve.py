"""Telling in a glance that a run has not met a business key before, so that nobody need be asked about it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["KeySieve"]

_WORDS = 1 << 19
"""4 MB, in which a million keys leave one new key in a hundred undecided."""


class KeySieve:
    """A Bloom filter of keys: one that was added is never denied, one that was not is let through now and then."""

    def __init__(self) -> None:
        """Begin without any key."""
        self._words = np.zeros(_WORDS, np.uint64)

    def add(self, keys: pl.Series) -> None:
        """Remember keys."""
        place, bits = _marks(keys)
        np.bitwise_or.at(self._words, place, bits)

    def sift(self, keys: pl.Series) -> pl.Series:
        """Give those of the keys that may have been added; all others were not."""
        place, bits = _marks(keys)
        return keys.filter(pl.Series(self._words[place] & bits == bits))


def _marks(keys: pl.Series) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Give the word of each key and three bits in it: one look at memory tells, which is all that costs here."""
    hashes = keys.hash().to_numpy()
    bits = np.zeros_like(hashes)
    for digits in (32, 40, 48):
        bits |= np.uint64(1) << (hashes >> np.uint64(digits) & np.uint64(63))
    return hashes & np.uint64(_WORDS - 1), bits
