"""What a person decides about a difference: take a record back at headquarters, or send ours over what it holds.

Both need a reason and a name, and are allowed only for what a reconciliation has found. A record is taken back by an
``invalidate`` record, never by deleting; its digest and the person stand in the evidence chain, the reason goes to
headquarters in the record.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import polars as pl

from ecqs_gateway.deliver import xml
from ecqs_gateway.errors import GatewayError, Terminal
from ecqs_gateway.flows.deliver import Delivery
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.reconciliation.repair import Element, seal_elements
from ecqs_gateway.ledger import differences, lanes, resends, runs
from ecqs_gateway.ledger.lanes import Lease
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.model.batch import NAMESPACE
from ecqs_gateway.reconcile import contents

__all__ = ["FLOW", "Decided", "Decision", "invalidate", "resend"]

FLOW = "reconciliation decision"
_TAKEN_BACK = ("deleted_at_source", "missing_here", "duplicated")
_SENT_OVER = ("different", "superseded", "missing_there", "duplicated")
_MOST_REASON = 1000


@dataclass(frozen=True)
class Decision:
    """Which record, why, and who says so."""

    unit: str
    kind: str
    key: str
    reason: str
    by: str


@dataclass(frozen=True)
class Decided:
    """The batch that carries it out; ``stopped`` says who forbids sending it now, ``state`` how far the batch came."""

    batch: str
    version: str
    state: str
    stopped: str | None = None


def invalidate(gateway: Gateway, decision: Decision) -> Decided:
    """Take a record back at headquarters.

    Raises Terminal ECQS-8050 without reason or name, ECQS-8051 where no reconciliation found the record to be gone or
    unknown, Transient ECQS-3004 while a run works on the lane, and what delivering raises.
    """
    return _carried_out(gateway, decision, _TAKEN_BACK, _invalidation)


def resend(gateway: Gateway, decision: Decision) -> Decided:
    """Send the ledger's version of a record over what headquarters holds; raises like ``invalidate``."""
    return _carried_out(gateway, decision, _SENT_OVER, _once_more)


def _carried_out(gateway: Gateway, decision: Decision, classes: tuple[str, ...], element: Any) -> Decided:
    reason, by = decision.reason.strip(), decision.by.strip()
    if not reason or not by or len(reason) > _MOST_REASON:
        raise Terminal(
            "ECQS-8050",
            f"this needs a name and a reason of at most {_MOST_REASON} characters",
            hint="give --reason TEXT and --by NAME; the reason of an invalidation is sent to headquarters",
        )
    found = _difference(gateway, decision, classes)
    lease = lanes.acquire(gateway.database, decision.unit, decision.kind, clock=gateway.clock)
    run = runs.start(gateway.database, FLOW, gateway.content.digest, clock=gateway.clock)
    try:
        with lanes.kept(gateway.database, lease, clock=gateway.clock):
            done = _sent(gateway, run, lease, decision, found, element(gateway, lease, decision, found))
    except GatewayError as error:
        runs.finish(gateway.database, run, failed=True, message=str(error))
        raise
    finally:
        lanes.release(gateway.database, lease)
    runs.finish(gateway.database, run, failed=False, message=f"{decision.unit} {decision.kind}: by {by}: {reason}")
    return done


def _difference(gateway: Gateway, decision: Decision, classes: tuple[str, ...]) -> dict[str, Any]:
    rows = differences.open_differences(gateway.database, unit=decision.unit, kind=decision.kind)
    fitting = [row for row in rows if row["key"] == decision.key and row["class"] in classes]
    if not fitting:
        raise Terminal(
            "ECQS-8051",
            f"no open difference of this record lets it be done (it takes one of: {', '.join(classes)})",
            where=f"{decision.unit} {decision.kind}",
            hint="run `ecqs reconcile --source` first; `ecqs reconcile --list` shows what is open",
        )
    return fitting[0]


def _invalidation(gateway: Gateway, lease: Lease, decision: Decision, found: dict[str, Any]) -> Element:
    """Make the record that takes another back: no body, a reason, and a digest of its own."""
    previous = found["here"] or found["there"]
    reason = decision.reason.strip()
    version = _invalidation_digest(previous, reason)
    values = {"key": decision.key, "version": version, "previous": previous, "action": "invalidate", "reason": reason}
    frame = pl.DataFrame([{**values, "body": None, "findings": ""}], schema=_RECORD)
    origin = _origin(gateway, lease, decision.key, found["here"])
    row = {**origin, "key": decision.key, "digest": version, "previous": previous, "ordering": None}
    return Element(xml.record_texts(frame)[0], row)


_RECORD = dict.fromkeys(("key", "version", "previous", "action", "reason", "body", "findings"), pl.String)


def _invalidation_digest(previous: str, reason: str) -> str:
    """Give the version digest of an invalidation, which has no body to digest (本项目拟定)."""
    text = f'<invalidate xmlns="{NAMESPACE}" previous="{previous}" reason="{xml.attribute(reason)}"></invalidate>'
    return hashlib.sha256(text.encode()).hexdigest()


def _origin(gateway: Gateway, lease: Lease, key: str, version: str | None) -> dict[str, object]:
    """Give where our version came from; 0 where the ledger never had one."""
    places = resends.places(gateway.database, lease.lane_id, {key: version}) if version else []
    if not places:
        return {"extraction_id": 0, "source_row": 0}
    row = places[0].rows.row(0, named=True)
    return {"extraction_id": row["extraction_id"], "source_row": row["source_row"]}


def _once_more(gateway: Gateway, lease: Lease, decision: Decision, found: dict[str, Any]) -> Element:
    """Make the record element of our version again, linked to itself: headquarters may know no other."""
    here = found["here"]
    places = resends.places(gateway.database, lease.lane_id, {decision.key: here}) if here else []
    if not places:
        raise Terminal("ECQS-8041", "the ledger has no loaded version of this record", where=lease.unit)
    [place] = places
    package = gateway.stage.get(place.package.name, place.package.digest)
    text = contents.elements_of(package, place.positions)[decision.key]
    row = place.rows.row(0, named=True)
    old = f' previous="{row["previous"]}"' if row["previous"] else ""
    head, mark, rest = text.partition(">")
    head = head.replace(old, "", 1).replace(f' version="{here}"', f' version="{here}" previous="{here}"', 1)
    return Element(f"{head}{mark}{rest}", {**row, "previous": here})


def _sent(
    gateway: Gateway, run: Run, lease: Lease, decision: Decision, found: dict[str, Any], element: Element
) -> Decided:
    lanes.require_reconciled(lanes.state(gateway.database, lease).held_reason, f"{lease.unit} {lease.kind}")
    sealed, versions = seal_elements(gateway, lease, [element])
    number, version = int(found["last_found"]), str(element.row["digest"])
    taken_back = version != found["here"]
    facts = {
        "reconciliation": number, "version": version, "previous": element.row["previous"], "by": decision.by.strip(),
        "reason": hashlib.sha256(decision.reason.strip().encode()).hexdigest(),
    }  # fmt: skip
    repair = resends.Repair(
        tuple(sealed), versions, (decision.key,), number, str(found["side"]),
        "invalidated" if taken_back else "resent", facts if taken_back else None,
    )  # fmt: skip
    resends.commit(gateway.database, lease, run, repair)
    delivery = Delivery(gateway, run, lease)
    delivery.to_the_end()
    state = resends.state_of(gateway.database, sealed[0].id)
    return Decided(sealed[0].id, version, state, delivery.stopped)
