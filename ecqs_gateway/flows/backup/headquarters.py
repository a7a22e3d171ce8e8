"""After a restore: finding out where headquarters stands, lane by lane, and going on behind it.

Evidence is what lies at headquarters for this account: receipts that wait, receipts that were taken before the loss,
packages that still lie in the inbox. A receipt counts when headquarters' signature on it is good. Where that does not
settle it, the lane stays held and a person has to say the number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from ecqs_gateway.deliver.lookback import History, Lookback
from ecqs_gateway.deliver.receipts import Believed, RefusedReceipt, open_receipt
from ecqs_gateway.deliver.sftp import Folders, SftpTransport
from ecqs_gateway.deliver.transport import RemoteReceipt
from ecqs_gateway.doors.ssh import Endpoint
from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.ledger import evidence, lanes, receipts, runs
from ecqs_gateway.ledger.lanes import RESTORED, Lease
from ecqs_gateway.ledger.receipts import Taken
from ecqs_gateway.ledger.tables import batch, lane, receipt
from ecqs_gateway.model.batch import MAX_SEQUENCE
from ecqs_gateway.model.receipt import Level, Receipt

__all__ = ["Outcome", "Stated", "reconcile", "way_to"]

FLOW = "restore"
"""What a run of this flow is called in the ledger."""
_ORDER = {level: number for number, level in enumerate(Level)}


@dataclass(frozen=True)
class Stated:
    """What a person says because headquarters could not be asked, or did not know."""

    next_sequence: int
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of one lane; ``problem`` says why it stays held."""

    unit: str
    kind: str
    before: int
    """Next sequence as the restored ledger knew it."""
    next_sequence: int
    lost_batches: int = 0
    """Batches headquarters has that the ledger does not know."""
    lost_records: int = 0
    problem: str | None = None
    retry: bool = False
    """True when asking again later may settle it."""


@dataclass(frozen=True)
class _Seen:
    """What headquarters has of one lane behind the restored ledger."""

    highest: int
    manifest: bytes | None = None
    """Digest of the manifest of the highest batch, where a receipt proves it."""
    receipts: tuple[tuple[RemoteReceipt, bytes, Receipt], ...] = ()
    records: int = 0
    problem: str | None = None


@dataclass(frozen=True)
class _Lane:
    id: int
    unit: str
    kind: str
    next_sequence: int
    settled: int
    """Highest sequence of which the ledger holds a receipt."""


def way_to(gateway: Gateway) -> Callable[[], Lookback]:
    """Give what connects to headquarters as the national settings say, when it is called."""

    def connect() -> Lookback:
        settings = gateway.national.transport
        endpoint = Endpoint.of(gateway.resolve(settings.connection), host_key=settings.host_key)
        return SftpTransport(endpoint, Folders(settings.inbox, settings.receipts))

    return connect


def _lanes(gateway: Gateway) -> list[_Lane]:
    settled = (
        sa.select(sa.func.coalesce(sa.func.max(batch.c.sequence), 0))
        .join(receipt, receipt.c.batch_id == batch.c.id)
        .where(batch.c.lane_id == lane.c.id, receipt.c.verdict == "accepted")
        .scalar_subquery()
    )
    wanted = (
        sa.select(lane.c.id, lane.c.unit, lane.c.kind, lane.c.next_sequence, settled)
        .where(lane.c.held_reason.startswith(RESTORED, autoescape=True))
        .order_by(lane.c.unit, lane.c.kind)
    )
    with gateway.database.read() as connection:
        return [_Lane(*found) for found in connection.execute(wanted)]


@dataclass
class _Asking:
    """Asks headquarters once a unit."""

    transport: Callable[[], Lookback]
    known: dict[str, History | GatewayError] = field(default_factory=dict)
    open: Lookback | None = None

    def of(self, unit: str) -> History | GatewayError:
        if unit not in self.known:
            try:
                self.known[unit] = self.way.history(unit)
            except GatewayError as error:
                self.known[unit] = error
        return self.known[unit]

    @property
    def way(self) -> Lookback:
        if self.open is None:
            self.open = self.transport()
        return self.open

    def close(self) -> None:
        if self.open is not None:
            self.open.close()


def reconcile(
    gateway: Gateway,
    transport: Callable[[], Lookback],
    *,
    unit: str | None = None,
    kind: str | None = None,
    stated: Stated | None = None,
) -> list[Outcome]:
    """Ask headquarters for every lane that was restored, and let those go on where the answer is clear.

    ``stated`` puts a person's word in its place, for exactly one lane; headquarters is then not asked. Raises
    Misconfigured ECQS-6039 when no lane fits, or the number cannot be.
    """
    wanted = [f for f in _lanes(gateway) if unit in (None, f.unit) and kind in (None, f.kind)]
    if stated is not None:
        outcomes = [_as_stated(gateway, wanted, stated)]
    else:
        asking = _Asking(transport)
        try:
            outcomes = [_one(gateway, found, asking) for found in wanted]
        finally:
            asking.close()
    if outcomes:
        _remember(gateway, outcomes, stated)
    return outcomes


def _remember(gateway: Gateway, outcomes: Sequence[Outcome], stated: Stated | None) -> None:
    """Keep as a run of its own what was found out, and a person's reason in their words."""
    current = runs.start(gateway.database, FLOW, gateway.content.digest, clock=gateway.clock)
    lines = [f"{o.unit} {o.kind}: {o.problem or f'goes on with {o.next_sequence}'}" for o in outcomes]
    lines += [f"stated by a person: {stated.reason.strip()}"] if stated is not None else []
    failed = any(outcome.problem is not None for outcome in outcomes)
    runs.finish(gateway.database, current, failed=failed, message="; ".join(lines))


def _as_stated(gateway: Gateway, wanted: Sequence[_Lane], stated: Stated) -> Outcome:
    if len(wanted) != 1:
        raise Misconfigured(
            "ECQS-6039",
            f"{len(wanted)} restored lanes fit, but a number is given for exactly one",
            hint="name the lane with --unit and --kind; `ecqs status` lists those that are held",
        )
    found = wanted[0]
    if not found.next_sequence <= stated.next_sequence <= MAX_SEQUENCE or not stated.reason.strip():
        raise Misconfigured(
            "ECQS-6039",
            f"the next sequence of {found.unit} {found.kind} cannot be {stated.next_sequence}",
            hint=f"give a number from {found.next_sequence} on, and the reason",
        )
    # As everywhere in the chain: the words stand beside it (in the run), their digest within.
    digest = hashlib.sha256(stated.reason.strip().encode()).hexdigest()
    facts: dict[str, object] = {"by": "operator", "reason": digest}
    return _go_on(gateway, found, _Seen(stated.next_sequence - 1), facts)


def _one(gateway: Gateway, found: _Lane, asking: _Asking) -> Outcome:
    history = asking.of(found.unit)
    if isinstance(history, GatewayError):
        text = f"headquarters could not be asked: {history.code} {history.message}"
        return _stays(found, text, retry=history.retry)
    try:
        seen = _looked_at(gateway, found, history, asking.way)
        if seen.problem is not None:
            return _stays(found, seen.problem)
        return _go_on(gateway, found, seen, {"by": "receipts"})
    except GatewayError as error:
        return _stays(found, str(error), retry=error.retry)


def _stays(found: _Lane, problem: str, *, retry: bool = False) -> Outcome:
    return Outcome(found.unit, found.kind, found.next_sequence, found.next_sequence, problem=problem, retry=retry)


def _looked_at(gateway: Gateway, found: _Lane, history: History, way: Lookback) -> _Seen:
    """Find the highest batch headquarters has seen of a lane, by receipts it signed or packages that lie there."""
    mine = [r for r in history.receipts if r.batch.kind == found.kind]
    packages = [b.sequence for b in history.packages if b.kind == found.kind]
    known = max([*(r.batch.sequence for r in mine), *packages], default=0)
    if known < found.settled:
        return _Seen(0, problem=(
            f"headquarters shows nothing of batch {found.settled}, which it has settled: what it keeps there is not "
            "complete, so it cannot be told how far it got"
        ))  # fmt: skip
    behind = [r for r in mine if r.batch.sequence >= found.next_sequence]
    opened = _opened(gateway, behind, way)
    proven = [item for item in opened if isinstance(item[2], Receipt)]
    top = max([*(r.batch.sequence for r, _, _ in proven), *packages], default=0)
    highest = max(top, found.next_sequence - 1)
    if any(r.batch.sequence > highest for r in behind):
        return _Seen(0, problem="receipts lie there that headquarters' keys do not prove; ask it which batch came last")
    last = [said for remote, _, said in proven if remote.batch.sequence == highest and isinstance(said, Receipt)]
    if last and highest not in packages and all(said.level is Level.REJECTED for said in last):
        return _Seen(0, problem=(
            f"headquarters refused batch {highest} as a whole; ask it whether that number counts as used"
        ))  # fmt: skip
    manifests = {said.manifest for said in last if said.manifest}
    manifest = bytes.fromhex(manifests.pop()) if len(manifests) == 1 and highest >= found.next_sequence else None
    kept = tuple((remote, data, said) for remote, data, said in proven if isinstance(said, Receipt))
    counts = {r.batch.sequence: said.counts.records for r, _, said in kept if said.counts is not None}
    return _Seen(highest, manifest, kept, sum(counts.values()))


def _opened(
    gateway: Gateway, behind: Sequence[RemoteReceipt], way: Lookback
) -> list[tuple[RemoteReceipt, bytes, Receipt | RefusedReceipt]]:
    """Fetch and verify the receipts of batches the ledger does not know, the furthest level of each first."""
    believed = Believed(gateway.trust, gateway.national.receipts.issuer, gateway.receipt_schema)
    found = []
    for remote in sorted(behind, key=lambda r: (r.batch.sequence, _ORDER[r.level])):
        data = way.fetch_past(remote)
        found.append((remote, data, open_receipt(data, remote, believed=believed)))
    return found


def _go_on(gateway: Gateway, found: _Lane, seen: _Seen, facts: dict[str, object]) -> Outcome:
    """Let the lane go on behind what headquarters has seen; what was proven is kept as evidence."""
    following = max(found.next_sequence, seen.highest + 1)
    if following > MAX_SEQUENCE:
        raise Misconfigured("ECQS-6039", f"{found.unit} {found.kind} has no sequence number left")
    lost = following - found.next_sequence
    for remote, data, _ in seen.receipts:
        _keep(gateway, found, remote, data)
    lease = lanes.acquire(gateway.database, found.unit, found.kind, clock=gateway.clock)
    try:
        _commit(gateway, lease, found, seen, facts | {"from": found.next_sequence, "next": following})
    finally:
        lanes.release(gateway.database, lease)
    return Outcome(found.unit, found.kind, found.next_sequence, following, lost, seen.records)


def _keep(gateway: Gateway, found: _Lane, remote: RemoteReceipt, data: bytes) -> None:
    digest = hashlib.sha256(data).hexdigest()
    file = gateway.stage.put_sealed(f"receipts/{found.unit}/{digest}.zip", data)
    taken = Taken(str(remote.batch), str(remote.level), "", 0, "", remote.name, file)
    reason = "ECQS-5140 of a batch that was lost with the ledger before a restore"
    receipts.store_refused(gateway.database, found.unit, taken, reason, known_batch=False, clock=gateway.clock)


def _commit(gateway: Gateway, lease: Lease, found: _Lane, seen: _Seen, facts: dict[str, object]) -> None:
    values: dict[str, object] = {"held_reason": None, "next_sequence": facts["next"]}
    if facts["next"] != found.next_sequence:
        # Without proof of the batch before, the next manifest names none: headquarters checks the link only if given.
        values["previous_manifest"] = seen.manifest
        facts = facts | {"manifest": seen.manifest.hex() if seen.manifest else None}
    with gateway.database.write() as connection:
        lanes.guard(connection, lease, clock=gateway.clock)
        connection.execute(sa.update(lane).where(lane.c.id == found.id).values(**values))
        subject = f"{found.unit}/{found.kind}"
        evidence.append(connection, "continued after restore", subject, facts, clock=gateway.clock)
