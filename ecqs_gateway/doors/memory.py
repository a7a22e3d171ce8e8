"""Making the C libraries give memory back, so that a run over a million rows needs no more than one over ten thousand.

Work goes through several threads in pieces of some megabytes. Left to their defaults, glibc keeps an arena of freed
pieces for every thread, and the allocator inside Polars keeps freed pages for ten seconds: a third of the process.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

__all__ = ["give_memory_back"]

_POLARS = ("_RJEM_MALLOC_CONF", "narenas:2,dirty_decay_ms:500,muzzy_decay_ms:0")
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # from glibc's malloc.h
_GLIBC = ((_ARENA_MAX, 2, "MALLOC_ARENA_MAX"), (_MMAP_THRESHOLD, 1 << 20, "MALLOC_MMAP_THRESHOLD_"))
_TRIM = (_TRIM_THRESHOLD, 8 << 20, "MALLOC_TRIM_THRESHOLD_")


def give_memory_back() -> None:
    """Set the allocators of this process; to be called before Polars is imported, and only by a program's start.

    What the environment says already stays as it is. Does nothing where the C library has no such settings.
    """
    os.environ.setdefault(*_POLARS)
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for setting, value, name in (*_GLIBC, _TRIM):
            if name not in os.environ:
                mallopt(setting, value)
