"""Columns over Arrow's C interface: the bytes of a column of text, columns from such bytes, streams of frames.

nanoarrow is the small library of the Arrow project for this (2 MB in memory; the large one takes 40 and is not
needed). Only what both libraries document is used. Polars exports text as views, 16 bytes a value with the rest
elsewhere; cast to lists of bytes it lies in one piece, which costs what writing the older layout always has.

Two things of nanoarrow 0.9 are kept away from here, each by a test: it copies an array of views wrongly (the process
dies), so batches are moved; and the child of a view does not keep memory alive that the child of an array does.
"""

from __future__ import annotations

import ctypes
from typing import Any, Self

import numpy as np
import polars as pl
from nanoarrow import c_array_from_buffers, c_schema, large_string
from nanoarrow.c_array import allocate_c_array
from nanoarrow.c_array_stream import CArrayStream, c_array_stream
from numpy.typing import NDArray

__all__ = ["ArrowStream", "ArrowStreamError", "text_bytes", "text_column"]

_BINARY, _BYTES = pl.Binary(), pl.List(pl.UInt8())
_TEXT = c_schema(large_string())

Ends = NDArray[np.int64]


def text_bytes(column: pl.Series) -> tuple[NDArray[np.uint8], Ends, NDArray[np.bool_] | None]:
    """Give the bytes of a column of dtype String in one piece, read-only and without a copy of them in Python.

    The bytes are exactly those of the texts, one behind the other. Then ``n + 1`` places: text ``i`` lies between
    place ``i`` and ``i + 1``. Then which of them are there, or None where none is null; a null has no bytes.
    """
    whole = column if column.n_chunks() == 1 else column.rechunk()
    if "\0" in column.name:  # what a C structure cannot hold as a name
        whole = whole.alias("")
    lists = whole.cast(_BINARY).cast(_BYTES)
    if not len(lists):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64), None
    array = c_array_stream(lists).get_next()
    view, item = array.view(), array.child(0).view()  # view.child(0) would not keep the bytes alive
    start, count = view.offset, len(lists)
    places: Ends = np.asarray(view.buffer(1))[start : start + count + 1]
    data: NDArray[np.uint8] = np.asarray(item.buffer(1))[item.offset :]
    if not view.null_count:
        return data[: places[-1]], places, None
    there = np.unpackbits(np.frombuffer(view.buffer(0), np.uint8), bitorder="little", count=start + count)[start:]
    return data[: places[-1]], places, there.view(np.bool_)


def text_column(data: NDArray[np.uint8], places: Ends) -> pl.Series:
    """Give a column of text whose values lie between neighbouring places of these bytes, which must be UTF-8.

    Nothing is copied, and bytes outside the places are skipped.
    """
    buffers = (None, np.ascontiguousarray(places), np.ascontiguousarray(data))
    return pl.Series(c_array_from_buffers(_TEXT, places.size - 1, buffers, 0, validation_level="minimal"))


class ArrowStreamError(RuntimeError):
    """Whoever fills a stream could not go on; the text is theirs."""


_Call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class _CStream(ctypes.Structure):
    """``struct ArrowArrayStream`` of Arrow's C stream interface, which does not change."""

    _fields_ = (
        ("get_schema", _Call),
        ("get_next", _Call),
        ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)),
        ("release", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        ("private_data", ctypes.c_void_p),
    )


class ArrowStream:
    """A stream of Arrow batches as Polars frames, one at a time."""

    def __init__(self, stream: Any) -> None:
        """Take anything that exports a stream by Arrow's PyCapsule interface; it is used up."""
        self._stream = c_array_stream(stream)
        self._address = self._stream._addr()  # noqa: SLF001  the documented way to the C structure

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.release()

    def next(self) -> pl.DataFrame | None:
        """Give the next batch, or None at the end; raises ArrowStreamError. Other threads run while this one waits."""
        schema = self._stream.get_schema()  # a new one each time, for it moves with its batch
        batch = allocate_c_array(schema)
        # nanoarrow's own get_next keeps all other threads waiting, a timer that ends this wait among them.
        stream = _CStream.from_address(self._address)
        if stream.get_next(self._address, batch._addr()):  # noqa: SLF001
            told = stream.get_last_error(self._address) or b""
            raise ArrowStreamError(told.decode(errors="replace"))
        if not batch.is_valid():
            return None
        return pl.DataFrame(CArrayStream.from_c_arrays([batch], schema, move=True, validate=False))
