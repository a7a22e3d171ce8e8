"""The national list of inspectors: whether a version follows on ours, what changed, and who was recognised when.

History is kept twice over: each entry says from which version to which version the list said so, and its own dates say
from which day to which day it holds. ``recognised`` joins both: a later version rules from the day it names, and
rewrites nothing before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from ecqs_gateway.inbound.inspector_xml import SCHEMA, InspectorList, ListRefused, Version
from ecqs_gateway.model.inspector_list import COLUMNS

__all__ = ["GENESIS", "HISTORY", "RECOGNISED", "Held", "apply", "chained", "content_digest", "difference", "follow"]
__all__ += ["Verdict", "adverse", "lookup", "recognised"]

GENESIS = hashlib.sha256(b"ecqs inspector list").hexdigest()
"""What version 1 names as the chain digest before it."""

_FIELD, _SCOPE, _VARIETY = "\x1f", "\x1e", "\x1d"
VALID = "1"
"""The code of inspector_statuses in which an inspector is recognised."""

HISTORY = {**SCHEMA, "from_version": pl.Int64(), "until_version": pl.Int64(), "issued": pl.Date(), "ended": pl.Date()}
"""Columns of the history of all entries: an entry, the version that first said so and the one that no longer did (null
while it holds), and the days on which these two were issued."""

RECOGNISED = {
    "number": pl.String(),
    "unit": pl.String(),
    "product_class": pl.String(),
    "from": pl.Date(),
    "until": pl.Date(),
}
"""Columns of ``recognised``: one row for each certificate, class and span of days (both included; ``until`` null is
open); ``product_class`` null stands for every class."""


@dataclass(frozen=True)
class Held:
    """The version we hold: its number, time of issue, digests of content and chain, and its entries."""

    version: int
    issued: str
    digest: str
    chain: str
    entries: pl.DataFrame


@dataclass(frozen=True)
class Verdict:
    """Whether somebody was recognised for a class on a day, and why.

    ``why`` is one of: recognised, unknown (no list ever named the number), early (before its validity), expired, other
    class, or the status that ruled on that day: 2, 3, 4 (codes of inspector_statuses) or gone (off the list).
    """

    recognised: bool
    why: str
    unit: str | None = None
    first: date | None = None
    last: date | None = None
    since: date | None = None
    """Day from which what ruled on that day took effect."""
    version: int | None = None
    """Version of the list that says so."""


def content_digest(entries: pl.DataFrame) -> str:
    """Give the digest over the entries of a whole list, as headquarters defines it: lines in the order of numbers."""
    line = pl.concat_str([pl.col(name).fill_null("") for name in COLUMNS], separator=_FIELD) + "\n"
    lines = entries.sort("number").select(line.alias("line"))["line"]
    return hashlib.sha256("".join(lines.to_list()).encode()).hexdigest()


def chained(previous: str, version: int, issued: str, digest: str) -> str:
    """Give the chain digest of a version."""
    return hashlib.sha256(f"{previous} {version} {issued} {digest}".encode()).hexdigest()


def follow(found: InspectorList, held: Held | None, known: Mapping[int, str]) -> pl.DataFrame:
    """Give the entries of the list once it is taken in; raises ListRefused where it does not follow on ours.

    ``known`` are the chain digests of all versions we hold. Codes: ECQS-7119 content, count or chain do not add up,
    7120 older than ours, 7121 contradicts a version we hold, 7122 changes to another version than ours.
    """
    if held is not None and found.version < held.version:
        raise ListRefused("ECQS-7120", f"version {found.version} is older than version {held.version}, which we hold")
    if found.chain != chained(found.previous, found.version, found.issued, found.digest):
        raise ListRefused("ECQS-7119", "the chain digest is not that of the version it names")
    if found.form == "full":
        _history(found, known)
        entries = found.entries
    else:
        entries = _changed(found, held)
    if entries.height != found.count or content_digest(entries) != found.digest:
        raise ListRefused("ECQS-7119", "the entries are not those the list counts and digests")
    return entries


def _history(found: InspectorList, known: Mapping[int, str]) -> None:
    """Walk the chain of a whole list from its first version and hold it against every version we hold."""
    numbers = [version.number for version in found.history]
    if numbers != list(range(1, found.version + 1)):
        raise ListRefused("ECQS-7119", "the versions before this one are not all named, in their order")
    if found.history[-1] != Version(found.version, found.issued, found.digest):
        raise ListRefused("ECQS-7119", "the version is named otherwise among its versions")
    before, chain = "", GENESIS
    for version in found.history:
        before, chain = chain, chained(chain, version.number, version.issued, version.digest)
        if known.get(version.number, chain) != chain:
            raise ListRefused("ECQS-7121", f"it contradicts version {version.number}, which we hold")
    if (before, chain) != (found.previous, found.chain):
        raise ListRefused("ECQS-7119", "the chain digests are not those of the versions it names")


def _changed(found: InspectorList, held: Held | None) -> pl.DataFrame:
    if held is not None and found.version == held.version:
        if (found.digest, found.chain) != (held.digest, held.chain):
            raise ListRefused("ECQS-7121", f"it contradicts version {held.version}, which we hold")
        return held.entries
    before = held.version if held is not None else 0
    if found.version != before + 1:
        raise ListRefused("ECQS-7122", f"it says what changed since version {found.version - 1}; we hold {before}")
    if found.previous != (held.chain if held is not None else GENESIS):
        raise ListRefused("ECQS-7121", f"it does not follow on version {before}, which we hold")
    return apply(held.entries if held is not None else found.entries.clear(), found.entries, found.removed)


def apply(entries: pl.DataFrame, news: pl.DataFrame, removed: Sequence[str]) -> pl.DataFrame:
    """Give a list with changes applied; raises ListRefused ECQS-7119 where somebody is removed who is not in it."""
    gone = pl.Series("number", removed, dtype=pl.String)
    if entries.filter(pl.col("number").is_in(gone.implode())).height != len(removed):
        raise ListRefused("ECQS-7119", "it removes somebody who is not in the list")
    out = pl.concat([gone, news["number"]]).implode()
    return pl.concat([entries.filter(~pl.col("number").is_in(out)), news])


def difference(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Give what changed between two lists: ``number``, ``change`` (added, removed, changed), ``fields``, both sides.

    ``fields`` lists the columns that differ; the values of before stand in columns with the suffix ``_before``.
    """
    same = [pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in COLUMNS if name != "number"]
    differing = [
        pl.when(~pl.col(name).eq_missing(pl.col(f"{name}_before"))).then(pl.lit(name))
        for name in COLUMNS
        if name not in {"number", "record"}
    ]
    there = pl.lit(value=True)
    joined = before.with_columns(there.alias("was")).join(
        after.with_columns(there.alias("is")), on="number", how="full", coalesce=True, suffix="_after"
    )
    names = {name: f"{name}_before" for name in COLUMNS if name != "number"}
    joined = joined.rename(names).rename({f"{name}_after": name for name in names})
    change = pl.when(pl.col("was").is_null()).then(pl.lit("added")).when(pl.col("is").is_null()).then(pl.lit("removed"))
    fields = pl.concat_list(differing).list.drop_nulls()
    return (
        joined.filter(~pl.all_horizontal(same) | pl.col("was").is_null() | pl.col("is").is_null())
        .with_columns(change=change.otherwise(pl.lit("changed")))
        .with_columns(fields=pl.when(pl.col("change") == "changed").then(fields))
        .drop("was", "is")
        .sort("number")
    )


def _as_of(history: pl.DataFrame, version: int | None) -> pl.DataFrame:
    """Give the history as it was known when a version was the newest."""
    if version is None:
        return history
    ended = pl.col("until_version") <= version
    return history.filter(pl.col("from_version") <= version).with_columns(
        pl.when(ended).then(pl.col(name)).alias(name) for name in ("until_version", "ended")
    )


def _spans(history: pl.DataFrame) -> pl.DataFrame:
    """Give the spans of days of each certificate with the entry that rules in them, in columns ``start``, ``stop``.

    A valid entry rules from the day it took effect: its status day, or else the first day of its validity. Any other
    rules from its status day, or else from the day its version was issued; before that day the certificate counts as
    valid where no earlier version says anything. Being gone from the list rules from that version's day. What a later
    version says of a day goes before what an earlier one said of it.
    """
    days = history.with_columns(pl.col("valid_from", "valid_until", "issue_date", "status_date").str.to_date())
    days = days.with_columns(first=pl.coalesce("valid_from", "issue_date"), version=pl.col("from_version"))
    valid = pl.col("status") == VALID
    took_effect = pl.when(valid).then(pl.coalesce("status_date", "first"))
    said = days.with_columns(start=took_effect.otherwise(pl.coalesce("status_date", "issued")), step=pl.lit(1))
    earliest = pl.col("version") == pl.col("version").min().over("number")
    implied = said.filter(earliest & ((pl.col("start") > pl.col("first")) | ~valid)).with_columns(
        status=pl.lit(VALID), start=pl.col("first"), step=pl.lit(0)
    )
    replaced = days.select("number", pl.col("from_version").alias("until_version"))
    gone = (
        days.filter(pl.col("until_version").is_not_null())
        .join(replaced, on=["number", "until_version"], how="anti")
        .with_columns(status=pl.lit("gone"), start=pl.col("ended"), version=pl.col("until_version"), step=pl.lit(1))
    )
    later = pl.col("start").cum_min(reverse=True).shift(-1).over("number")
    ruling = pl.concat([said, implied, gone.select(said.columns)]).sort("number", "version", "step")
    ruling = ruling.with_columns(later=later)
    ruling = ruling.filter(pl.col("later").is_null() | (pl.col("start") < pl.col("later"))).sort("number", "start")
    return ruling.with_columns(stop=pl.col("start").shift(-1).over("number") - pl.duration(days=1)).drop(
        "later", "step"
    )


def recognised(
    history: pl.DataFrame, first: date | None = None, last: date | None = None, *, as_of: int | None = None
) -> pl.DataFrame:
    """Give who was recognised for what and when, see ``RECOGNISED``, as far as it touches the days ``first``–``last``.

    ``history`` has the columns of ``HISTORY``. ``as_of`` asks what was known when that version was the newest; the
    newest of all unless given. To check visits, join on ``number`` and keep ``from <= day <= until`` (or null) and the
    class (or null).
    """
    valid = _spans(_as_of(history, as_of)).filter(pl.col("status") == VALID)
    spans = valid.with_columns(
        pl.max_horizontal("start", "first").alias("from"), pl.min_horizontal("stop", "valid_until").alias("until")
    ).filter(pl.col("until").is_null() | (pl.col("from") <= pl.col("until")))
    if first is not None:
        spans = spans.filter(pl.col("until").is_null() | (pl.col("until") >= first))
    if last is not None:
        spans = spans.filter(pl.col("from") <= last)
    one = pl.element().str.split(_VARIETY).list.first()
    classes = pl.col("scopes").str.split(_SCOPE).list.eval(one).list.unique().alias("product_class")
    return spans.with_columns(classes).explode("product_class").select(list(RECOGNISED)).sort("number", "from")


def adverse(history: pl.DataFrame) -> pl.DataFrame:
    """Give what ended the recognition of each certificate that was suspended, revoked, cancelled or taken off the list.

    Columns ``number``, ``name``, ``unit``, ``effective`` (day), ``status`` (code, or ``gone``), ``status_note``,
    ``version`` (which said so). Expiry is no such end.
    """
    newest = _spans(history).sort("number", "version").group_by("number", maintain_order=True).last()
    ended = newest.filter(pl.col("status") != VALID)
    return ended.select(
        "number", "name", "unit", pl.col("start").alias("effective"), "status", "status_note", "version"
    )


def lookup(
    history: pl.DataFrame, number: str, product_class: str | None, day: date, *, as_of: int | None = None
) -> Verdict:
    """Say whether the holder of a certificate was recognised for a class (None: for any) on a day.

    ``history`` and ``as_of`` as in ``recognised``, which gives the same answer for all at once.
    """
    spans = _spans(_as_of(history.filter(pl.col("number") == number), as_of))
    if spans.is_empty():
        return Verdict(recognised=False, why="unknown")
    ruling = spans.filter((pl.col("start") <= day) & (pl.col("stop").is_null() | (pl.col("stop") >= day)))
    row = (ruling if ruling.height else spans.head(1)).row(0, named=True)
    why = _why(row, product_class, day) if ruling.height else "early"
    facts = (row["unit"], row["first"], row["valid_until"], row["start"], row["version"])
    return Verdict(why == "recognised", why, *facts)


def _why(row: Mapping[str, Any], product_class: str | None, day: date) -> str:
    if row["status"] != VALID:
        return str(row["status"])
    if day < row["first"]:
        return "early"
    if row["valid_until"] is not None and day > row["valid_until"]:
        return "expired"
    classes = [pair.split(_VARIETY)[0] for pair in (row["scopes"] or "").split(_SCOPE) if pair]
    return "other class" if classes and product_class is not None and product_class not in classes else "recognised"
