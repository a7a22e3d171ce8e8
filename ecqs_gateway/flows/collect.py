"""From a source to the outbox: one lane's rows, extraction by extraction, in three overlapping steps.

One thread reads the source and commits rows with the watermark; the calling thread maps, checks and finds what is
new; two threads validate and compress batches; one thread commits batches in order. At most a few extractions are in
flight, so memory does not grow with the table; an extraction's place is free for another once its texts are gone.
Whatever fails, what was committed stays and the next run continues.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial

import polars as pl

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.chunk import ChildFrame, Chunk, no_unreadable
from ecqs_gateway.flows import seal
from ecqs_gateway.flows.drift.watch import Watch
from ecqs_gateway.flows.enquire import Certificates, Enquirer
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.inspector_visits import recognised_for
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.planned.gate import require_accepted
from ecqs_gateway.flows.prepare import Draft, Known, Recent, prepare
from ecqs_gateway.flows.progress import Step
from ecqs_gateway.ledger import evidence, extractions, lanes, outbox, plans, query, versions
from ecqs_gateway.ledger.extractions import Extraction
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.letter_keys import LetterKeys
from ecqs_gateway.ledger.runs import Counts, Run
from ecqs_gateway.ledger.sieve import KeySieve
from ecqs_gateway.model.watermark import Watermark

__all__ = ["collect", "rehearse"]

_IN_FLIGHT = 1
"""Extractions whose batches are still being validated while the next one is mapped: their texts are large."""
_UNCOMMITTED = 2
"""Extractions that are mapped and not committed yet, those in flight among them."""

Committed = Callable[[], None]
"""Called after each commit, so that delivery can start."""


@dataclass
class _Collector:
    """The state of one lane while its rows flow; lives for one run."""

    gateway: Gateway
    run: Run
    lease: Lease
    lane: LanePlan
    sealer: seal.Sealer
    committed: Committed
    next_sequence: int
    previous: str | None
    refused: frozenset[str]
    corrected: frozenset[str]
    enquirer: Enquirer | None = None
    recent: deque[Recent] = field(default_factory=lambda: deque(maxlen=_UNCOMMITTED + 1))
    met: KeySieve = field(default_factory=KeySieve)
    total: Counts = field(default_factory=Counts)

    def known(self) -> Known:
        """Give what decides whether a record goes out, including what is still on its way into the ledger."""
        database, lane_number = self.gateway.database, self.lease.lane_id
        latest = partial(versions.latest, database, lane_number)
        recent = tuple(self.recent)
        asked = (self._certificates(recent), self.recognised)
        return Known(latest, self.refused, recent, self.corrected, *asked, self.met, self.first)

    @cached_property
    def letters(self) -> LetterKeys:
        """What the lane's dead letters are about, remembered for the whole run."""
        return LetterKeys(self.lease.lane_id)

    @cached_property
    def first(self) -> bool:
        """Whether nothing was sent of this lane before this run: nobody else can add to it while the lease is held."""
        return versions.none_yet(self.gateway.database, self.lease.lane_id)

    @cached_property
    def recognised(self) -> pl.DataFrame | None:
        """Who is recognised nationwide, read once a run, where a rule of this kind asks."""
        return recognised_for(self.gateway, self.lane.rules)

    def _certificates(self, recent: tuple[Recent, ...]) -> Certificates | None:
        """Give what looks certificates up, where a rule of this kind names one."""
        if not self.lane.rules.links:
            return None
        return Certificates(self.gateway, self.lease.unit, lambda: recent, self.enquirer)

    def map(self, found: Extraction, chunk: Chunk) -> tuple[Draft, list[seal.Cut]]:
        """Map, check, compare and slice one extraction."""
        draft = prepare(self.lane, chunk, self.known(), extraction_id=found.id)
        self.met.add(draft.known["key"])
        cuts = seal.cut(
            draft,
            self.lane,
            first_sequence=self.next_sequence,
            size=self.gateway.national.batch.records,
            clock=self.run.clock,
            content=self.run.bundle,
        )
        self.next_sequence += len(cuts)
        return replace(draft, fresh=draft.fresh.clear()), cuts  # the batches have the rows; their texts are large

    def remember(self, draft: Draft, making: list[Future[seal.Ready]]) -> None:
        """Let the next extractions know what is on its way into the ledger, but for what its validation refuses.

        That may still go on while they are mapped; where one of them has a record of the same key it is waited for.
        """
        rejects = [_rejects(batch) for batch in making]

        def refused() -> frozenset[str]:
            return frozenset().union(*(one.result() for one in rejects))

        self.recent.append(Recent(draft.known, partial(self.gateway.limits.aside, refused)))

    def commit(self, found: Extraction, draft: Draft, making: list[Future[seal.Ready]]) -> None:
        """Seal the batches in order and commit them with their record versions; runs in one thread only."""
        batches = [future.result() for future in making]
        draft = seal.without_rejects(draft, batches)
        outgoing = [self._seal(batch) for batch in batches]
        letters = pl.concat([draft.letters, seal.rejected_letters(batches, found.id)])
        prepared = outbox.Prepared(
            extraction_id=found.id,
            batches=tuple(outgoing),
            versions=seal.versions_of(batches),
            findings=seal.findings_of(draft, batches),
            letters=letters,
            counts=draft.counts,
            passed=draft.passed,
        )
        counts = outbox.commit_prepared(
            self.gateway.database, self.lease, self.run, prepared, self.gateway.vault, self.letters
        )
        self.total += counts
        self.gateway.progress(Step(self.lease.unit, self.lease.kind, "prepared", _plain(counts)))
        self.committed()

    def _seal(self, batch: seal.Ready) -> outbox.Outgoing:
        with self.gateway.database.read() as connection:
            anchor = evidence.head(connection)
        sealed = self.sealer.seal(batch, previous=self.previous, anchor=anchor)
        self.previous = sealed.manifest_digest
        # With the fencing number, so that a stale worker cannot write over what another has committed.
        name = f"outbox/{self.lease.unit}/{self.lease.kind}/{self.lease.fence:06d}-{sealed.name}"
        return outbox.Outgoing(
            id=sealed.id,
            sequence=batch.header.sequence,
            records=sealed.records,
            destination=self.gateway.national.transport.connection,
            manifest=sealed.manifest_xml,
            manifest_digest=bytes.fromhex(sealed.manifest_digest),
            parts=self.gateway.parts_json(sealed),
            package=self.gateway.stage.put(name, sealed.data),
        )


def collect(
    gateway: Gateway, run: Run, lease: Lease, *, since: date | None = None, committed: Committed = lambda: None
) -> Counts:
    """Bring one lane's changes from its source into the outbox and give what became of the rows.

    Rows a crash left behind come first. Raises what the source, the content or the ledger raises; everything
    committed until then stays.
    """
    lane = gateway.lane(lease.unit, lease.kind)
    content = require_accepted(gateway, lease.unit, lease.kind)
    gc.collect()
    gc.freeze()  # content and libraries live as long as the process: no collection needs to walk them again
    state = lanes.state(gateway.database, lease)
    lanes.require_reconciled(state.held_reason, f"{lease.unit} {lease.kind}")
    sealer = seal.Sealer(lane, gateway.schema, gateway.signer)
    refused = frozenset(query.refused_versions(gateway.database, lease.lane_id))
    corrected = frozenset(query.corrected_versions(gateway.database, lease.lane_id))
    previous = state.previous_manifest.hex() if state.previous_manifest else None
    collector = _Collector(
        *(gateway, run, lease, lane, sealer, committed, state.next_sequence, previous, refused, corrected),
        Enquirer(gateway, lease.unit, lease.kind) if gateway.national.enquiries.offered else None,
    )
    with ExitStack() as stack:
        share = gateway.limits.share()
        source = _source(gateway, run, lease, lane, state.watermark, since)
        stack.callback(source.close)  # runs last, when no thread reads any more
        reading = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="extract"))
        checking = stack.enter_context(ThreadPoolExecutor(2, thread_name_prefix="validate"))
        committing = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="commit"))
        for pool in (reading, checking, committing):
            stack.callback(pool.shutdown, cancel_futures=True)
        stack.callback(share.close)  # runs first: the reader may be waiting for room
        waiting: deque[Future[None]] = deque()
        validating: deque[list[Future[seal.Ready]]] = deque()
        ahead = reading.submit(share.read, source)
        while (item := ahead.result()) is not None:
            ahead = reading.submit(share.read, source)
            if not waiting:
                plans.note_use(gateway.database, lease, run, content)
            draft, cuts = gateway.limits.work(collector.map, *item)
            making = [checking.submit(gateway.limits.work, sealer.make_ready, batch) for batch in cuts]
            collector.remember(draft, making)
            share.done_after(making)
            validating.append(making)
            waiting.append(committing.submit(collector.commit, item[0], draft, making))
            del item, draft, cuts, making  # else they would be held while the next extraction is mapped
            while len(validating) > _IN_FLIGHT:
                wait(validating.popleft())  # what failed there is told by the commit
            while len(waiting) > _UNCOMMITTED:
                waiting.popleft().result()
        for future in waiting:
            future.result()
    gateway.progress(Step(lease.unit, lease.kind, "collected", {}))
    return collector.total


def _rejects(making: Future[seal.Ready]) -> Future[frozenset[str]]:
    """Give what a batch's validation will say of its records without holding on to the batch."""
    told: Future[frozenset[str]] = Future()

    def ended(made: Future[seal.Ready]) -> None:
        try:
            told.set_result(made.result().rejects)
        except BaseException as error:  # noqa: BLE001  raised in the thread that asks
            told.set_exception(error)

    making.add_done_callback(ended)
    return told


def _source(
    gateway: Gateway, run: Run, lease: Lease, lane: LanePlan, watermark: str | None, since: date | None
) -> Generator[tuple[Extraction, Chunk], None, None]:
    """Give stored extractions a crash left behind, then new ones, each stored before it is given."""
    position = Watermark.from_json(watermark) if watermark else None
    unfit = []
    for found in extractions.pending(gateway.database, lease):
        chunk = _restored(lane, found, extractions.load_frames(gateway.stage, found.files))
        try:
            _require_fit(lane, chunk)
        except Misconfigured:
            # Stored before the mapping named this column: only the source can give it, if it has it.
            if found.cause in extractions.OF_LETTERS:
                extractions.abandon(gateway.database, lease, run, found)
                continue
            unfit.append(found)
            position = None
        else:
            yield found, chunk
    fitting = None
    whole = since is None and not unfit
    watch = Watch(gateway, lane, lease.lane_id, run, lease, whole)
    with gateway.source(lane) as source:
        watch.opened(source)
        for raw in watch.watched(source.chunks(position, since=since)):
            chunk = raw.set_aside(lane.mapping.used_columns)
            if (shape := _shape(chunk)) != fitting:
                _require_fit(lane, chunk)
                fitting = shape
            while unfit:  # the source has what the mapping wants: what was stored before is read again
                extractions.abandon(gateway.database, lease, run, unfit.pop(0))
            del raw
            yield _store(gateway, run, lease, chunk), chunk
            del chunk  # else two would be in memory while the next one is read
    watch.ended()


def _shape(chunk: Chunk) -> list[object]:
    return [chunk.frame.schema, *((name, child.frame.schema) for name, child in chunk.children.items())]


def _require_fit(lane: LanePlan, chunk: Chunk) -> None:
    """Raise Misconfigured when rows of this shape cannot be mapped, before they are stored and the watermark moves."""
    children = {name: replace(child, frame=child.frame.clear()) for name, child in chunk.children.items()}
    lane.mapping.apply(chunk.frame.clear(), children, table=lane.table)


def _store(gateway: Gateway, run: Run, lease: Lease, chunk: Chunk) -> Extraction:
    """Store one chunk and move the watermark with it."""
    frames = {"rows": chunk.frame} | ({"unreadable": chunk.unreadable} if chunk.unreadable.height else {})
    frames |= {f"child-{name}": child.frame for name, child in chunk.children.items()}
    files = extractions.stage_frames(gateway.stage, lease, f"{run.id}-{lease.fence}-{chunk.number:06d}", frames)
    rows = chunk.frame.height + chunk.unreadable.height
    draft = Extraction(0, rows, chunk.origin, files)
    watermark = chunk.watermark.to_json() if chunk.watermark is not None else None
    stored = extractions.store(gateway.database, lease, run, draft, watermark=watermark)
    gateway.progress(Step(lease.unit, lease.kind, "extracted", {"extracted": rows}))
    return stored


def _restored(lane: LanePlan, found: Extraction, frames: dict[str, pl.DataFrame]) -> Chunk:
    """Make a chunk of stored rows."""
    children = {
        name: ChildFrame(frames[f"child-{name}"], tuple(child.parent_key), tuple(child.key))
        for name, child in lane.children().items()
        if f"child-{name}" in frames
    }
    unreadable = frames.get("unreadable", no_unreadable())
    return Chunk(lane.unit, lane.kind, 0, frames["rows"], children, None, found.origin, unreadable)


def rehearse(gateway: Gateway, unit: str, kind: str, *, since: date | None = None) -> Counts:
    """Do everything ``collect`` does but store: say what a run would do. Nothing is written anywhere."""
    lane = gateway.lane(unit, kind)
    require_accepted(gateway, unit, kind)
    lane_number, watermark = gateway.peek(unit, kind)
    refused = frozenset(query.refused_versions(gateway.database, lane_number))
    corrected = frozenset(query.corrected_versions(gateway.database, lane_number))
    latest = partial(versions.latest, gateway.database, lane_number)
    recent: list[Recent] = []
    recognised = recognised_for(gateway, lane.rules)
    total = Counts()
    watch = Watch(gateway, lane, lane_number, whole=since is None)
    with gateway.source(lane) as source:
        after = Watermark.from_json(watermark) if watermark else None
        watch.opened(source)
        for raw in gateway.limits.share().each(watch.watched(source.chunks(after, since=since))):
            look_up = Certificates(gateway, unit, lambda: tuple(recent)) if lane.rules.links else None
            known = Known(latest, refused, tuple(recent), corrected, look_up, recognised)
            draft = prepare(lane, raw.set_aside(lane.mapping.used_columns), known, extraction_id=0)
            recent.append(Recent(draft.known))
            total += replace(draft.counts, dead_new=draft.letters.height).proven()
            gateway.progress(Step(unit, kind, "rehearsed", _plain(draft.counts)))
    return total


def _plain(counts: Counts) -> dict[str, int]:
    values = {name: value for name, value in vars(counts).items() if value and name != "extracted"}
    return values | ({"dead": counts.dead} if counts.dead else {})
