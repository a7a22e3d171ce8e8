"""Ledger against headquarters: the trees of one unit's record kinds, down to the records that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.errors import GatewayError, Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.reconciliation.asking import Asking
from ecqs_gateway.ledger import differences as ledger_differences
from ecqs_gateway.ledger import digest_trees, resends
from ecqs_gateway.ledger.digest_trees import Progress
from ecqs_gateway.ledger.tables import lane as lane_table
from ecqs_gateway.model import kinds
from ecqs_gateway.reconcile import contents, digests, fold
from ecqs_gateway.reconcile.descend import Found, Ours, descend
from ecqs_gateway.reconcile.differences import Class, Difference, History, apart, classify
from ecqs_gateway.reconcile.fields import different_fields
from ecqs_gateway.reconcile.wire import Item

__all__ = ["Lane", "LaneFound", "bring_forward", "compare", "lanes_of"]

_FIELDS_ASKED = 200
"""Records of which headquarters' body is fetched to say which fields differ; beyond, a person looks."""


@dataclass(frozen=True)
class Lane:
    """A lane to be compared, with its tree brought forward."""

    number: int
    unit: str
    kind: str
    progress: Progress

    @property
    def digest(self) -> str:
        """Digest of the tree; that of an empty one where nothing was ever settled."""
        return self.progress.digest or digests.empty_digest()


@dataclass(frozen=True)
class LaneFound:
    """What comparing a lane with headquarters came to; ``questions`` counts those shared with other kinds, too."""

    lane: Lane
    records_there: int
    digest_there: str
    questions: int
    requests: int
    pairs: int
    differences: tuple[Difference, ...]


def lanes_of(gateway: Gateway, unit: str, wanted: Sequence[str] = ()) -> list[tuple[int, str]]:
    """List the lanes of a unit that have ever worked: number and record kind."""
    found = sa.select(lane_table.c.id, lane_table.c.kind).where(lane_table.c.unit == unit).order_by(lane_table.c.kind)
    with gateway.database.read() as connection:
        return [(int(n), k) for n, k in connection.execute(found) if k in kinds.KINDS and (not wanted or k in wanted)]


def bring_forward(gateway: Gateway, number: int, unit: str, kind: str, *, full: bool = False) -> Lane:
    """Bring a lane's tree up to what headquarters has settled."""
    if full:
        digest_trees.forget(gateway.database, number)
    spec = kinds.spec(kind)
    done = fold.bring_forward(gateway.database, gateway.stage, number, spec, clock=gateway.clock)
    return Lane(number, unit, kind, done)


def compare(gateway: Gateway, lanes: Sequence[Lane], asking: Asking) -> list[LaneFound]:
    """Hold lanes of one unit against headquarters, all in the same questions.

    Raises what asking raises, Terminal ECQS-8024 where headquarters' tree contradicts itself.
    """
    sides = [_ours(gateway, lane) for lane in lanes]
    before = asking.questions
    found = descend(asking, sides) if sides else {}
    shared = asking.questions - before
    result = []
    for lane in lanes:
        before = asking.questions
        differences = _differences(gateway, lane, found[lane.kind], asking)
        seen = found[lane.kind]
        if seen.digest != lane.digest and not differences:
            raise Terminal(
                "ECQS-8024",
                f"headquarters' digest of {lane.kind} differs from ours, but no record does",
                where=f"{lane.unit} {lane.kind}",
                hint="compare headquarters' tree with docs/reference/digest-tree.md",
            )
        asked = shared + asking.questions - before
        result.append(LaneFound(lane, seen.count, seen.digest, asked, seen.requests, seen.pairs, tuple(differences)))
    return result


def _ours(gateway: Gateway, lane: Lane) -> Ours:
    stored = fold.stored(gateway.database, lane.number)
    return Ours(lane.kind, lane.progress.cutoff, lane.progress.records, lane.digest, stored)


def _differences(gateway: Gateway, lane: Lane, found: Found, asking: Asking) -> list[Difference]:
    here, there = found.sides()
    # A key we hold in a bucket that agreed may turn up once more in another: headquarters then holds it twice.
    strangers = there.join(here, on="key", how="anti")["key"].unique()
    agreed = digest_trees.leaves_of(gateway.database, lane.number, strangers).select("key", "version")
    here, there = pl.concat([here, agreed]), pl.concat([there, agreed])
    keys = apart(here, there)
    if keys.is_empty():
        return []
    known = ledger_differences.history(gateway.database, lane.number, keys["key"].to_list())
    told = classify(here, there, keys, History(known.versions, known.waiting))
    return _with_fields(gateway, lane, told, asking, found)


def _with_fields(
    gateway: Gateway, lane: Lane, differences: list[Difference], asking: Asking, found: Found
) -> list[Difference]:
    """Ask for the bodies of records that differ, and say in which fields."""
    some = [d for d in differences if d.kind_of in (Class.DIFFERENT, Class.SUPERSEDED) and d.here and d.there]
    some = some[:_FIELDS_ASKED]
    if not some:
        return differences
    items = [Item(lane.kind, lane.progress.cutoff, "record", key=each.key) for each in some]
    answer = asking(items)
    found.requests += len(items)
    ours = _bodies(gateway, lane, {each.key: each.here or "" for each in some})
    lists = [node.path for node in kinds.spec(lane.kind).repeated()]
    fields: dict[str, tuple[str, ...]] = {}
    for each, told in zip(some, answer.items, strict=True):
        body = next((record.body for record in told.records or () if record.version == each.there), None)
        if body is not None and each.key in ours:
            try:
                fields[each.key] = different_fields(ours[each.key], body, lists=lists)
            except GatewayError:
                continue  # what headquarters gave is no record's body: a person will see that the fields are missing
    return [replace(each, fields=fields.get(each.key, ())) for each in differences]


def _bodies(gateway: Gateway, lane: Lane, versions: Mapping[str, str]) -> dict[str, str]:
    """Give the bodies of our own versions, from the packages they were sent in; what is gone is left out."""
    found: dict[str, str] = {}
    for place in resends.places(gateway.database, lane.number, versions):
        try:
            package = gateway.stage.get(place.package.name, place.package.digest)
        except GatewayError:
            continue
        found.update(contents.bodies_of(package, place.positions))
    return found
