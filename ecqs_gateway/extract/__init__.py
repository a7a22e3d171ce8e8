"""Reads provincial sources into Polars frames, in batches above a watermark."""

from __future__ import annotations

from ecqs_gateway.extract.chunk import ChildFrame, Chunk
from ecqs_gateway.extract.source import Source, describe, open_source

__all__ = ["ChildFrame", "Chunk", "Source", "describe", "open_source"]
