"""Loading a library of the system through ctypes: the first of several names that has every function and will do."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Signature", "load_native"]

Signature = tuple[str, Any, tuple[Any, ...]]
"""A function: its name, the ctypes type of its result, and those of its arguments."""


def load_native(
    names: Iterable[str], signatures: Iterable[Signature], accept: Callable[[ctypes.CDLL], bool]
) -> ctypes.CDLL | None:
    """Give the first library that loads, has all functions, and is accepted; None where there is none."""
    wanted = tuple(signatures)
    for name in names:
        try:
            library = ctypes.CDLL(name)
            for function, result, arguments in wanted:
                bound = getattr(library, function)
                bound.restype, bound.argtypes = result, arguments
        except (OSError, AttributeError):
            continue
        if accept(library):
            return library
    return None
