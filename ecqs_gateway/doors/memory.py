"""Setting the C libraries up for a pipeline of a few threads: flat memory, no threads that fight over two cores.

Work goes through several threads in pieces of some megabytes. Left to their defaults, glibc keeps an arena of freed
pieces for every thread, and the allocator inside Polars keeps freed pages for ten seconds: a third of the process. A
second is a few chunks: pages are used again rather than asked for anew, and no more of them are kept. What is larger
than a piece of a batch is mapped for itself and given back at once: whole columns of a chunk would else lie about in
the heap for good. Polars and BLAS start a thread per core; while other stages of the pipeline keep the cores busy,
those only switch places.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["for_good", "give_memory_back"]

_ARENAS = max(1, (os.cpu_count() or 1) // 2)
_POLARS = ("_RJEM_MALLOC_CONF", f"narenas:{_ARENAS},dirty_decay_ms:1000,muzzy_decay_ms:0")
_CORES_OF_OTHERS = 2
"""What validating takes: the rest is for Polars."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # from glibc's malloc.h
_GLIBC = ((_ARENA_MAX, 2, "MALLOC_ARENA_MAX"), (_MMAP_THRESHOLD, 1 << 20, "MALLOC_MMAP_THRESHOLD_"))
_TRIM = (_TRIM_THRESHOLD, 8 << 20, "MALLOC_TRIM_THRESHOLD_")
_USUAL = gc.get_threshold()
_START = 250_000
"""Objects of a program's start, which makes many and throws none away: until then no search for unused ones."""


def give_memory_back() -> None:
    """Set allocators and threads of this process; to be called before Polars is imported, by a program's start only.

    What the environment says already stays as it is. Does nothing where the C library has no such settings. The search
    for unused objects begins only when there are more than a start makes, and the end of the program searches none:
    both together were a third of short commands.
    """
    gc.set_threshold(_START, *_USUAL[1:])
    # Nothing of ours waits for the end to be closed: files, connections and transactions end with their blocks.
    atexit.register(gc.freeze)
    os.environ.setdefault(*_POLARS)
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 1) - _CORES_OF_OTHERS)))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for setting, value, name in (*_GLIBC, _TRIM):
            if name not in os.environ:
                mallopt(setting, value)


@contextmanager
def for_good() -> Iterator[None]:
    """Do what makes objects that stay, as importing does: the search for unused ones pauses, and later leaves them out.

    Importing all of a run makes half a million objects and throws none away; to look through them again and again as
    they come is a quarter of the time it takes. From then on the search is as frequent as Python's own.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*_USUAL)
        if searching:
            gc.enable()
