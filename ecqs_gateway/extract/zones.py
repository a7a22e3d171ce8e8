"""Times of a source whose clock is not Shanghai's: mapping and rules read times without a zone as Shanghai's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.extract.chunk import ChildFrame

__all__ = ["in_shanghai"]


def in_shanghai(
    frame: pl.DataFrame, children: Mapping[str, ChildFrame], zone: ZoneInfo
) -> tuple[pl.DataFrame, dict[str, ChildFrame]]:
    """Give rows and child rows with times that carry no zone moved from ``zone`` to Shanghai; costs nothing there.

    Only columns of a time type are moved: a text or a number is what its writer meant, and a date has no hour. A time
    that comes twice a year is taken for the first, and one the zone's clock skipped stays as it is written.
    """
    if zone.key == SHANGHAI.key:
        return frame, dict(children)
    return _moved(frame, zone), {n: replace(child, frame=_moved(child.frame, zone)) for n, child in children.items()}


def _moved(frame: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    naive = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone is None]
    if not naive:
        return frame
    known = pl.col(naive).dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    here = known.dt.convert_time_zone(SHANGHAI.key).dt.replace_time_zone(None)
    return frame.with_columns(here.fill_null(pl.col(naive)))
