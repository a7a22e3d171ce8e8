"""Telling in a glance that a run has not met a business key before, so that nobody need be asked about it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["KeySieve"]

_PLACES = 25
"""Binary digits of a place: 4 MB of bits, in which a million keys leave one new key in three hundred undecided."""


class KeySieve:
    """A Bloom filter of keys: one that was added is never denied, one that was not is let through now and then."""

    def __init__(self) -> None:
        """Begin without any key."""
        self._bits = np.zeros(1 << (_PLACES - 3), np.uint8)

    def add(self, keys: pl.Series) -> None:
        """Remember keys."""
        for places in self._places(keys):
            np.bitwise_or.at(self._bits, places >> 3, _BIT[places & 7])

    def sift(self, keys: pl.Series) -> pl.Series:
        """Give those of the keys that may have been added; all others were not."""
        first, second = (self._bits[places >> 3] & _BIT[places & 7] for places in self._places(keys))
        return keys.filter(pl.Series((first != 0) & (second != 0)))

    @staticmethod
    def _places(keys: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give two places of each key, out of one hash."""
        hashes = keys.hash().to_numpy().view(np.int64)
        return hashes & _MASK, hashes >> _PLACES & _MASK


_MASK = (1 << _PLACES) - 1
_BIT = np.left_shift(1, np.arange(8)).astype(np.uint8)
