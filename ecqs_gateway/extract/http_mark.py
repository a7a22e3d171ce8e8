"""How far a list has been read, and whether it stood still meanwhile.

No API gives a snapshot, so nothing is concluded from order: the watermark is the greatest time of change that is not
later than the server's clock when reading began, and it moves once, at the end. Where the list changed while its
pages were read (its total did, or a row carries a time since then), a row may have slipped from one page into another
that was already read: then the watermark stays, and the next run reads the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.content.models_http import HttpStream
from ecqs_gateway.extract.http_pages import Page
from ecqs_gateway.extract.stamps import DigitsStamp, EpochStamp, Stamp, recognise
from ecqs_gateway.extract.window import Mark, lowest_of, restated
from ecqs_gateway.model.watermark import Watermark

__all__ = ["Reading", "asked_from", "recognised"]

_SLACK = timedelta(seconds=1)
"""A header tells whole seconds."""
_FUTURE = timedelta(minutes=1)
"""Rows stamped later than this after the end were not changed while we read: their clock is wrong."""


@dataclass
class Reading:
    """What one run has seen of a list; ``began`` is the server's clock at the first answer."""

    stream: HttpStream
    zone: ZoneInfo
    place: str
    after: Watermark | None
    began: datetime
    stamp: Stamp | None = None
    mark: Mark | None = None
    rows: int = 0
    totals: set[int] = field(default_factory=set)
    meanwhile: bool = False

    def note(self, page: Page) -> None:
        """Count a page."""
        if page.number == 1 and page.sent_at is not None:
            self.began = page.sent_at  # the server's clock stamps its rows, not ours
        self.rows += len(page.rows)
        if page.total is not None:
            self.totals.add(page.total)

    def follow(self, frame: pl.DataFrame, now: datetime) -> int:
        """Move along the rows of a chunk; gives how many carry no readable time, or one that is still to come."""
        name = self.stream.changed_at
        if name is None or frame.is_empty():
            return 0
        self.stamp = self.stamp or recognised(frame[name].to_list(), self.zone)
        if self.stamp is None:
            return frame.height
        if self.mark is None:
            current = restated(self.stamp, self.after, place=self.place)
            self.mark = Mark(self.stamp, name, self.stream.key, self.stamp.native(self.began - _SLACK), current)
        order = self.stamp.sort_key(pl.col(name))
        self.mark = self.mark.moved(frame.sort(order, nulls_last=False, maintain_order=True))
        meanwhile = (order > self.mark.ceiling) & (order <= self.stamp.native(now + _FUTURE))
        self.meanwhile |= bool(frame.select(meanwhile.any()).item())
        return frame[name].null_count()

    def ahead(self, frame: pl.DataFrame) -> int:
        """Count the rows stamped later than the server's clock."""
        return self.mark.ahead(frame) if self.mark is not None and not frame.is_empty() else 0

    @property
    def settled(self) -> bool:
        """Whether nothing can have slipped between two pages."""
        pages = self.stream.pages
        shifting = pages is not None and pages.by in {"page", "offset"}
        return not (shifting and self.meanwhile) and self.totals <= {self.rows}

    @property
    def watermark(self) -> Watermark | None:
        """The watermark after the last row; None when it does not move."""
        return self.mark.current if self.mark is not None and self.mark.current != self.after else None


def asked_from(stream: HttpStream, stamp: Stamp, after: Watermark | None, since: date | None, place: str) -> str | None:
    """Give the earliest time of change to ask for, written as the API wants it; None asks for everything.

    Raises Terminal ECQS-2015 for a watermark that means no time.
    """
    lowest = lowest_of(stamp, restated(stamp, after, place=place), since, stream.overlap)
    if lowest is None or stream.since is None:
        return None
    form, moment = stream.since.format, stamp.instant(stamp.write(lowest))
    if form is None:
        return str(lowest)
    if form in {"epoch", "epoch_ms"}:
        return str(int(moment.timestamp()) * (1000 if form == "epoch_ms" else 1))
    return moment.astimezone(stamp.zone).strftime(form)


def recognised(values: Sequence[str | None], zone: ZoneInfo) -> Stamp | None:
    """Say how texts write their time; numbers are texts here, and stay so."""
    given = [Decimal(text) if text.replace(".", "", 1).isdecimal() else text for text in values if text]
    stamp = recognise(given, zone)
    return replace(stamp, as_text=True) if isinstance(stamp, EpochStamp | DigitsStamp) else stamp
