"""Which approvals a suspension or revocation touches: visits joined with the history of the list, in columns.

Visits are read once out of the batches that were sent, before the retention removes those; the daily run sees to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.inbound.inspector_visits import visits_of
from ecqs_gateway.inbound.inspectors import adverse, recognised
from ecqs_gateway.ledger import inspector_visits as ledger
from ecqs_gateway.ledger import inspectors, scans
from ecqs_gateway.ledger.tables_inspectors import inspector_scan
from ecqs_gateway.rules import CompiledRules
from ecqs_gateway.rules.against import INSPECTOR_SCHEMA

__all__ = ["Affected", "affected", "recognised_for", "recognised_frame", "scan"]

_ROWS = 200_000
"""Visits kept in one transaction; bounds the memory."""


@dataclass(frozen=True)
class Affected:
    """The approvals that inspectors touch who are not recognised any more.

    ``rows`` has ``unit``, ``key``, ``day``, ``number``, ``name``, ``status`` (code, or ``gone``), ``effective``,
    ``status_note``, ``version`` and ``recognised`` (whether he was, on the day of the visit; null without a day).
    """

    rows: pl.DataFrame
    inspectors: pl.DataFrame
    """Who they are: columns of ``inbound.inspectors.adverse``."""
    unread: int
    """Batches of approvals that were removed before their visits could be read; what they held is not in ``rows``."""


def scan(gateway: Gateway) -> int:
    """Read the visits out of batches not looked through yet, and give how many visits were found.

    A batch that the retention removed before is counted as unread. Raises Terminal ECQS-3012 or Conflict ECQS-3011
    where bytes are missing or not those that were sent: the batch is read once they are restored.
    """
    found = 0
    for lane_id, waiting in groupby(
        scans.unread(gateway.database, inspector_scan, [ledger.KIND]), key=lambda batch: batch.lane_id
    ):
        for frames, last, gone in _pieces(gateway, waiting):
            visits = pl.concat(frames) if frames else _nothing()
            ledger.keep(gateway.database, lane_id, last, visits, gone=gone)
            found += visits.height
    return found


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={"key": pl.String, "sequence": pl.Int64, "day": pl.String, "number": pl.String})


def _pieces(gateway: Gateway, waiting: Iterator[scans.Unread]) -> Iterator[tuple[list[pl.DataFrame], int, int]]:
    frames: list[pl.DataFrame] = []
    rows = last = gone = 0
    for batch in waiting:
        visits = _visits(gateway, batch)
        last, gone = batch.sequence, gone + (visits is None)
        if visits is not None:
            frames.append(visits)
            rows += visits.height
        if rows >= _ROWS:
            yield frames, last, gone
            frames, rows, gone = [], 0, 0
    if last:
        yield frames, last, gone


def _visits(gateway: Gateway, batch: scans.Unread) -> pl.DataFrame | None:
    package = scans.package_of(gateway.stage, batch)
    return None if package is None else visits_of(package, batch.sequence)


def affected(
    gateway: Gateway, *, units: Sequence[str] = (), number: str | None = None, since_version: int = 0
) -> Affected:
    """Report the approvals whose visits were made by inspectors not recognised any more.

    ``units`` are those of the approvals, ``since_version`` leaves out what earlier versions of the list said. Nothing
    is changed anywhere: whether such an approval is looked at again is for people to decide.
    """
    scan(gateway)
    history = inspectors.history(gateway.database)
    ended = adverse(history).filter(pl.col("version") >= since_version)
    if number is not None:
        ended = ended.filter(pl.col("number") == number)
    visits = ledger.visits(gateway.database, ended["number"].to_list())
    if units:
        visits = visits.filter(pl.col("unit").is_in(list(units)))
    rows = _judged(visits, recognised(history)).join(ended.drop("unit"), on="number", how="left")
    return Affected(
        rows.sort("unit", "day", "key", "number"), ended, scans.unread_before(gateway.database, inspector_scan)
    )


def _judged(visits: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Say of each visit whether its inspector was recognised on that day for any class."""
    numbered = visits.with_row_index("visit")
    good = numbered.join(spans, on="number").filter(
        (pl.col("from") <= pl.col("day")) & (pl.col("until").is_null() | (pl.col("until") >= pl.col("day")))
    )
    hit = pl.col("visit").is_in(good["visit"].unique().implode())
    return numbered.with_columns(recognised=pl.when(pl.col("day").is_not_null()).then(hit)).drop("visit")


def recognised_for(gateway: Gateway, rules: CompiledRules) -> pl.DataFrame | None:
    """Give what rules about visits are judged by (``rules.INSPECTOR_SCHEMA``).

    None where no rule of the kind asks, or no list was taken in yet: then nothing is concluded.
    """
    asked = any(one.rule.against == "inspectors" for one in rules.cross)
    if not asked or inspectors.newest(gateway.database) is None:
        return None
    return recognised_frame(gateway).rename({"from": "valid_from", "until": "valid_until"}).select(*INSPECTOR_SCHEMA)


def recognised_frame(gateway: Gateway) -> pl.DataFrame:
    """Give who was recognised for what and when by the newest list; columns of ``inbound.inspectors.RECOGNISED``.

    Empty before the first list was taken in: ask ``ledger.inspectors.newest`` to tell that from an empty list.
    """
    return recognised(inspectors.history(gateway.database))
