"""What a difference is, and which class it falls into: pure, from the leaves of both sides and the ledger's history."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

__all__ = ["HEADQUARTERS", "SOURCE", "Action", "Class", "Difference", "History", "classify"]

HEADQUARTERS, SOURCE = "headquarters", "source"
"""What the ledger is compared with."""


class Class(StrEnum):
    """What is wrong with one record; "here" is the ledger, "there" headquarters or the source."""

    MISSING_THERE = "missing_there"
    """Headquarters settled it as loaded and does not hold it."""
    MISSING_HERE = "missing_here"
    """Headquarters holds, or the source has, what the ledger does not know."""
    DIFFERENT = "different"
    """Both have it, in versions of which neither is an earlier one of the other."""
    DUPLICATED = "duplicated"
    """Headquarters holds it several times."""
    SUPERSEDED = "superseded"
    """Headquarters holds an earlier version than it settled as loaded."""
    DELETED_AT_SOURCE = "deleted_at_source"
    """Headquarters should hold it, and the source no longer has it."""
    WAITING = "waiting"
    """It will come right by itself: a newer version is on its way."""


class Action(StrEnum):
    """What is to be done about a difference."""

    RESEND = "resend"
    """Send the same version again."""
    QUEUE = "queue"
    """Put the source row in line for the next run."""
    WAIT = "wait"
    PERSON = "person"
    """Only a person can say which side is right."""


@dataclass(frozen=True)
class Difference:
    """One difference; ``here`` and ``there`` are version digests (hex), ``fields`` the national fields that differ."""

    side: str
    kind_of: Class
    key: str
    here: str | None = None
    there: str | None = None
    action: Action = Action.PERSON
    fields: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class History:
    """What the ledger knows of the keys in question: all versions ever sent, and what is on its way now."""

    versions: Mapping[str, AbstractSet[str]]
    """By key, the digests (hex) of the versions that were sent."""
    waiting: AbstractSet[str]
    """Keys of records in batches headquarters has not settled."""


def apart(here: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Give the keys (``key``) whose versions, counted, are not the same on both sides, in their order."""
    counted = [
        side.group_by("key", "version").agg(pl.len().alias("times")).sort("key", "version").group_by("key").agg(
            pl.concat_str("version", pl.lit(" "), pl.col("times").cast(pl.String)).sort().str.join(",").alias(name)
        )
        for side, name in ((here, "ours"), (there, "theirs"))
    ]  # fmt: skip
    both = counted[0].join(counted[1], on="key", how="full", coalesce=True)
    return both.filter(pl.col("ours").ne_missing(pl.col("theirs"))).select("key").sort("key")


def classify(here: pl.DataFrame, there: pl.DataFrame, keys: pl.DataFrame, history: History) -> list[Difference]:
    """Say what each of these keys is; ``here`` and ``there`` have ``key`` and ``version``."""
    ours = dict(here.join(keys, on="key", how="semi").select("key", "version").iter_rows())
    held = there.join(keys, on="key", how="semi").group_by("key").agg(pl.col("version"))
    theirs: dict[str, list[str]] = dict(held.iter_rows())
    return [_one(key, ours.get(key), sorted(theirs.get(key, [])), history) for key in keys["key"]]


def _one(key: str, here: str | None, held: list[str], history: History) -> Difference:
    there = held[0] if held else None
    if len(held) > 1:
        other = next((version for version in held if version != here), there)
        note = f"held {len(held)} times" + ("" if here in held else ", none of them ours")
        return Difference(HEADQUARTERS, Class.DUPLICATED, key, here, other, note=note)
    if key in history.waiting:
        return Difference(HEADQUARTERS, Class.WAITING, key, here, there, Action.WAIT)
    if here is None:
        known = there in history.versions.get(key, ())
        note = "it was sent once, and should no longer be held" if known else "the ledger knows nothing of it"
        return Difference(HEADQUARTERS, Class.MISSING_HERE, key, None, there, note=note)
    if there is None:
        return Difference(HEADQUARTERS, Class.MISSING_THERE, key, here, None, Action.RESEND)
    if there in history.versions.get(key, ()):
        return Difference(HEADQUARTERS, Class.SUPERSEDED, key, here, there, Action.RESEND)
    return Difference(HEADQUARTERS, Class.DIFFERENT, key, here, there)
