"""What both generated provinces draw alike: enterprise, product, dates and state of a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from ecqs_gateway.sandbox.provinces.dirt import NUMBER
from ecqs_gateway.sandbox.provinces.draw import ROW, Draw, choose
from ecqs_gateway.sandbox.provinces.invent import PRODUCTS, Place, enterprise_name, good_code

__all__ = ["AS_OF", "LAST_ISSUE", "Certificates", "Span", "changed_at", "licence_number", "numbered", "wrong_check"]

AS_OF = date(2026, 11, 20)
"""The day the samples look back from: certificates that ended before are expired in them."""
LAST_ISSUE = date(2026, 10, 31)
_FIRST_ISSUE = date(2021, 1, 4)
"""Every case behind such a certificate was accepted under the rules of the notice of 2020-10-14."""
_NEW_PRODUCTS = date(2024, 9, 25)
_MIGRATED = datetime(2022, 6, 1, 2)  # noqa: DTZ001 - the source's own naive local time
"""Time of a bulk migration: many rows share it, as real tables have it."""
_SOLD_NEW = len([one for one in PRODUCTS if one.since < _NEW_PRODUCTS])


@dataclass(frozen=True)
class Span:
    """A piece of a province to make: rows from ``start`` to before ``stop`` of ``rows``; ``dirty`` None is as usual."""

    start: int
    stop: int
    rows: int
    seed: int
    dirty: float | None


@dataclass(frozen=True)
class Certificates:
    """Draws the plain facts of a province's certificates; spelling and dirt come later."""

    place: Place
    seed: int

    @property
    def draw(self) -> Draw:
        """Random columns of this province."""
        return Draw(self.seed * 1_000_003 + int(self.place.unit))

    def facts(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add enterprise, product, dates and state to rows with ``__i`` (content) and ``__n`` (row number).

        Adds ``city`` (position), ``area``, ``product`` (position), ``issued``, ``until``, ``name``, ``code`` and
        ``state``: valid, expired, cancelled, lapsed (expired and cancelled), revoked, withdrawn or struck; ``closed``.
        """
        draw, product = self.draw, pl.col("product")
        plain = rows.with_columns(
            firm=draw.whole("firm", 0, 9_999_999),
            city=draw.whole("city", 0, len(self.place.cities) - 1),
            product=pl.col(ROW).cast(pl.Int64) % len(PRODUCTS),
        ).with_columns(
            area=choose(pl.col("city"), self.place.areas()),
            issued=pl.when(product < _SOLD_NEW)
            .then(draw.day("issued", _FIRST_ISSUE, LAST_ISSUE))
            .otherwise(draw.day("issued.new", _NEW_PRODUCTS, LAST_ISSUE)),
        )
        industry = choose(product, [one.industry for one in PRODUCTS])
        city = choose(pl.col("city"), self.place.names())
        named = plain.with_columns(
            until=pl.col("issued").dt.offset_by("5y").dt.offset_by("-1d"),
            name=enterprise_name(pl.col("firm"), city, industry),
            code=good_code(pl.col("firm"), pl.col("area")),
        )
        return named.with_columns(state=self._state()).with_columns(closed=self._closed())

    def _state(self) -> pl.Expr:
        ticket = self.draw.whole("state", 0, 99)
        running = pl.lit("valid")
        for state, below in (("cancelled", 10), ("revoked", 5), ("withdrawn", 3), ("struck", 2)):
            running = pl.when(ticket < below).then(pl.lit(state)).otherwise(running)
        ended = pl.when(ticket < 20).then(pl.lit("lapsed")).otherwise(pl.lit("expired"))
        return pl.when(pl.col("until") < AS_OF).then(ended).otherwise(running)

    def _closed(self) -> pl.Expr:
        early = pl.col("issued") + pl.duration(days=self.draw.whole("closed", 20, 400))
        late = pl.col("until") + pl.duration(days=self.draw.whole("closed", 1, 60))
        day = pl.when(pl.col("state") == "lapsed").then(late).otherwise(early)
        return pl.when(~pl.col("state").is_in(["valid", "expired"])).then(pl.min_horizontal(day, pl.lit(AS_OF)))


def numbered(start: int, stop: int, step: int = 1) -> pl.DataFrame:
    """Give rows with their number; content is drawn by the same number until a province says otherwise."""
    numbers = pl.int_range(start, stop, step, dtype=pl.UInt64, eager=True)
    return pl.DataFrame({ROW: numbers, NUMBER: numbers})


def licence_number(short: str, row: pl.Expr, *, first: int = 0) -> pl.Expr:
    """Give the canonical number of the certificate with that content row; unique below 1,000,000 rows."""
    place = row.cast(pl.Int64)
    serial = (place // len(PRODUCTS) + first).cast(pl.String).str.zfill(5)
    product = choose(place % len(PRODUCTS), [one.number for one in PRODUCTS])
    return pl.concat_str(pl.lit(f"({short})"), product, pl.lit("-"), serial)


def wrong_check(code: pl.Expr) -> pl.Expr:
    """Change the last character of a credit code, so that its check fails."""
    last = code.str.slice(17, 1)
    return code.str.slice(0, 17) + pl.when(last == "0").then(pl.lit("1")).otherwise(pl.lit("0"))


def changed_at(draw: Draw, issued: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Give when a row was stored and when it was last changed: naive local times, never after the day of AS_OF."""
    morning = issued.cast(pl.Datetime("us")).dt.offset_by("9h")
    stored = morning + pl.duration(
        seconds=draw.whole("second", 0, 2 * 86_400), microseconds=draw.whole("micro", 0, 999_999)
    )
    later = stored + pl.duration(seconds=draw.whole("later", 60, 90 * 86_400))
    touched = pl.when(draw.chance("touched", 0.08)).then(later).otherwise(stored)
    moved = draw.chance("moved", 0.5) & (issued < pl.lit(_MIGRATED.date()).dt.offset_by("-3d"))
    changed = pl.when(moved).then(pl.lit(_MIGRATED)).otherwise(touched)
    return stored, pl.min_horizontal(changed, pl.lit(datetime(2026, 11, 20, 18)))  # noqa: DTZ001 - as above
