"""Releasing a held lane: the hold is lifted, and what headquarters refused as a whole goes out again, mapped anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import polars as pl

from ecqs_gateway.deliver import package
from ecqs_gateway.errors import GatewayError, Terminal, Transient
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.ledger import drifts, evidence, extractions, lanes, outbox, releases, runs
from ecqs_gateway.ledger.extractions import Extraction
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.releases import Origin, Release, Resealed

__all__ = ["FLOW", "Released", "release"]

FLOW = "release"


@dataclass(frozen=True)
class Released:
    """What a release came to: numbers of records, and the refused batches some of them came from."""

    unit: str
    kind: str
    held_reason: str
    batches: tuple[str, ...]
    """Refused batches whose records go out again."""
    records: int
    """Records that are mapped anew by the next run."""
    replaced: int
    """Records of refused batches of which a newer version is on its way or loaded already."""
    left: int
    """Records whose stored rows are gone and which were left behind as asked."""
    returned: tuple[str, ...]
    """Batches headquarters gave back without taking them: sent again as they are, under the same id."""
    resealed: int
    """Of all that waits, the batches signed anew, because the gateway's key is another now."""
    waiting: int
    """Sealed batches that wait and go out, those given back included."""
    drift: bool = False
    """Whether drift of the source was let through, for the next whole run."""


def release(gateway: Gateway, unit: str, kind: str, *, reason: str, by: str, leave_pruned: bool = False) -> Released:
    """Lift the hold of a lane and store the rows of its refused batches once more, for the next run to map anew.

    What headquarters gave back without taking it goes out again under the same id, with the same records.

    Raises Terminal ECQS-6011 to 6014 (no reason, no such lane, not held, rows pruned) and Transient ECQS-3004 while a
    run works on the lane; then nothing has changed.
    """
    act = Release(reason.strip(), by.strip())
    if not act.reason or not act.by:
        raise Terminal("ECQS-6011", "a release needs a reason and a name", hint="give --reason TEXT and --by NAME")
    number, _ = gateway.peek(unit, kind)
    if not number:
        hint = "`ecqs status` lists the lanes, and which of them are held"
        raise Terminal("ECQS-6012", f"there is no lane {unit} {kind}", hint=hint)
    lease = lanes.acquire(gateway.database, unit, kind, clock=gateway.clock)
    try:
        with lanes.kept(gateway.database, lease, clock=gateway.clock):
            return _release(gateway, lease, act, leave_pruned=leave_pruned)
    finally:
        lanes.release(gateway.database, lease)


def _release(gateway: Gateway, lease: Lease, act: Release, *, leave_pruned: bool) -> Released:
    database = gateway.database
    held = lanes.state(database, lease).held_reason
    drifted = _drifted(gateway, lease, act)
    if held is None and drifted is not None:
        waiting = outbox.count_unsent(database, lease.lane_id)
        return Released(lease.unit, lease.kind, drifted, (), 0, 0, 0, (), 0, waiting, drift=True)
    if held is None:
        raise Terminal(
            "ECQS-6013",
            f"{lease.unit} {lease.kind} is not held, so there is nothing to release",
            hint="released before, its refused records go out with the next `ecqs sync`;"
            " `ecqs status` lists lanes that are held, `ecqs stop --list` what an operator stopped",
        )
    rows, replaced = releases.owed(database, lease.lane_id)
    origins = releases.origins(database, rows["extraction_id"].unique().to_list())
    kept = [origin for origin in origins if not _gone(gateway, origin)]
    going = rows.filter(pl.col("extraction_id").is_in([origin.extraction.id for origin in kept]))
    left = rows.height - going.height
    if left and not leave_pruned:
        raise _pruned(lease, [origin for origin in origins if origin not in kept], left)
    returned = tuple(releases.returned(database, lease.lane_id))
    resealed = _resealed(gateway, lease, returned)
    act = replace(act, batches=tuple(sorted(going["batch_id"].unique())), left=left, resealed=resealed)
    run = runs.start(database, FLOW, gateway.content.digest, clock=gateway.clock)
    try:
        again = [_once_more(gateway, lease, f"{run.id}-{lease.fence}", origin, going) for origin in kept]
        releases.commit(database, lease, run, again, act)
    except GatewayError as error:
        runs.finish(database, run, failed=True, message=str(error))
        raise
    runs.finish(database, run, failed=False, message=f"{lease.unit} {lease.kind} released by {act.by}: {act.reason}")
    waiting = outbox.count_unsent(database, lease.lane_id)
    return Released(
        *(lease.unit, lease.kind, held, tuple(act.batches), going.height, replaced, left),
        returned=returned,
        resealed=len(resealed),
        waiting=waiting,
        drift=drifted is not None,
    )


def _drifted(gateway: Gateway, lease: Lease, act: Release) -> str | None:
    """Let the drift a lane is held for through and say what it was; None where it is not held for any."""
    found = next(iter(drifts.standing(gateway.database, lease.unit, lease.kind)), None)
    if found is None:
        return None
    with gateway.database.write() as connection:
        lanes.guard(connection, lease, clock=gateway.clock)
        drifts.let_through(connection, lease, by=act.by, reason=act.reason, clock=gateway.clock)
    return found.sentence()


def _resealed(gateway: Gateway, lease: Lease, returned: Sequence[str]) -> list[Resealed]:
    """Sign what was given back anew where the gateway's key was replaced, and all behind it, for each names the last.

    Raises Transient ECQS-6017 while one of them was sent and is not answered yet.
    """
    waiting = outbox.to_send(gateway.database, lease.lane_id)
    tail = [each for each in waiting if returned and str(each.id) >= returned[0]]
    if not tail:
        return []
    packages = {each.id: gateway.stage.get(each.package.name, each.package.digest) for each in tail}
    if all(package.signing_key(data) == gateway.signer.key_id for data in packages.values()):
        return []
    state = lanes.state(gateway.database, lease)
    if [each.sequence for each in tail] != list(range(tail[0].sequence, state.next_sequence)):
        raise Transient(
            "ECQS-6017",
            f"the signing key was replaced, but not every batch behind {returned[0]} is answered by headquarters yet",
            where=f"{lease.unit} {lease.kind}",
            hint="run `ecqs sync` to fetch the receipts, then release",
        )
    previous = outbox.manifest_before(gateway.database, lease.lane_id, tail[0].sequence)
    with gateway.database.read() as connection:
        entry, head = evidence.head(connection)
    found: list[Resealed] = []
    for each in tail:
        chain = package.Chain(previous=previous, evidence=head.hex(), entry=entry)
        sealed = package.seal_anew(packages[each.id], signer=gateway.signer, chain=chain)
        previous = sealed.manifest_digest
        name = f"outbox/{lease.unit}/{lease.kind}/{lease.fence:06d}-{sealed.name}"
        digest, parts = bytes.fromhex(sealed.manifest_digest), gateway.parts_json(sealed)
        found.append(Resealed(each.id, sealed.manifest_xml, digest, parts, gateway.stage.put(name, sealed.data)))
    return found


def _gone(gateway: Gateway, origin: Origin) -> bool:
    missing = (not (gateway.stage.root / file.name).is_file() for file in origin.extraction.files.values())
    return origin.pruned or any(missing)


def _pruned(lease: Lease, gone: Sequence[Origin], records: int) -> Terminal:
    day = min(origin.at for origin in gone)[:10]
    numbers = ", ".join(str(origin.extraction.id) for origin in gone)
    return Terminal(
        "ECQS-6014",
        f"the stored rows of {records} refused records are gone (extraction {numbers}, removed under the retention)",
        where=f"{lease.unit} {lease.kind}",
        hint=f"read them again: `ecqs sync --unit {lease.unit} --kind {lease.kind} --since DAY`, DAY before the oldest"
        f" change among them (they were read on {day}); then release. --leave-pruned leaves behind those the source"
        " no longer has",
    )


def _once_more(gateway: Gateway, lease: Lease, name: str, origin: Origin, rows: pl.DataFrame) -> Extraction:
    """Store the owed rows of one extraction, with their child rows, as rows that were never mapped."""
    found = origin.extraction
    frames = extractions.load_frames(gateway.stage, found.files)
    mine = rows.filter(pl.col("extraction_id") == found.id)["source_row"].unique().sort()
    again = {"rows": frames["rows"][mine.to_list()]}
    again |= _children(gateway, lease, frames, again["rows"])
    files = extractions.stage_frames(gateway.stage, lease, f"{name}-{found.id}", again)
    return replace(found, rows=again["rows"].height, files=files, cause=releases.CAUSE)


def _children(
    gateway: Gateway, lease: Lease, frames: Mapping[str, pl.DataFrame], parents: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Give the child rows of these parents; all of them where the content cannot say which those are."""
    children = {role: frame for role, frame in frames.items() if role.startswith("child-")}
    with suppress(GatewayError):
        for name, child in gateway.lane(lease.unit, lease.kind).children().items():
            role = f"child-{name}"
            if role in children:
                own, other = list(child.parent_key), list(child.key)
                children[role] = children[role].join(
                    parents, left_on=own, right_on=other, how="semi", maintain_order="left"
                )
    return children
