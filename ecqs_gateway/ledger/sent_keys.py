"""Which business keys a lane has sent, in two megabytes: on a first load hardly any must be asked of the ledger."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["SentKeys"]

_BITS = 24


class SentKeys:
    """Marks keys by their hashes: one that was added is always found, and so are a few that were not.

    Of a million keys, six in a hundred others are found, and then the ledger says that they are not known.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._marks = np.zeros(1 << (_BITS - 3), np.uint8)

    def add(self, keys: pl.Series) -> None:
        """Mark keys."""
        places, bits = _places(keys)
        np.bitwise_or.at(self._marks, places, bits)

    def among(self, keys: pl.Series) -> pl.Series:
        """Give those of some keys that may have been added, in their order."""
        places, bits = _places(keys)
        return keys.filter(pl.Series(self._marks.take(places) & bits != 0))


def _places(keys: pl.Series) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Give the byte and the bit of each key's mark."""
    number = keys.hash().to_numpy() >> np.uint64(64 - _BITS)
    bits = np.left_shift(np.uint8(1), (number & np.uint64(7)).astype(np.uint8))
    return number >> np.uint64(3), bits
