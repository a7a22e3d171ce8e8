"""Reads provincial sources into Polars frames, in batches above a watermark."""
