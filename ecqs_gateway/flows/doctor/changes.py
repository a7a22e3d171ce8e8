"""Changes of content that wait: the lanes the gate will not let through before somebody has accepted what they do."""

from __future__ import annotations

from collections.abc import Iterator

from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, check
from ecqs_gateway.flows.planned.base import lane_fingerprint
from ecqs_gateway.flows.planned.gate import asked, way_on
from ecqs_gateway.ledger import plans

__all__: list[str] = []


@check("content.accepted")
def accepted(context: Context) -> Iterator[Finding]:
    """Where changes must be accepted, what each lane is mapped by was accepted, or was in use before."""
    content = context.the_content
    gated = [(unit, kind) for unit, kind in content.lanes() if context.concerns(unit) and asked(content, unit)]
    if not gated:
        raise NotChecked("no change needs an acceptance (changes: {accept: free})")
    waiting = [finding for unit, kind in gated if (finding := _waiting(context, unit, kind)) is not None]
    yield from waiting
    if not waiting:
        text = f"no change of {len(gated)} lanes waits for its acceptance"
        yield Finding("content.accepted", Verdict.OK, text)


def _waiting(context: Context, unit: str, kind: str) -> Finding | None:
    """Say what the gate would say of a lane, by the same comparison; None where it would say nothing."""
    mine, known = lane_fingerprint(context.the_content, unit, kind), plans.in_use(context, unit, kind)
    place = f"{unit} {kind}"
    if known is None:
        return _not_noted(context, unit, kind)
    if mine in (None, known.fingerprint) or plans.accepted(context, unit, kind, known.fingerprint, str(mine)):
        return None
    text = "the mapping, a code table or a rule changed, and nobody accepted what that does: nothing is read until then"
    text += f" (in use since {known.since[:10]})"
    return Finding("content.accepted", Verdict.PROBLEM, text, place, way_on(unit, kind))


def _not_noted(context: Context, unit: str, kind: str) -> Finding | None:
    """Speak of a lane whose rows were mapped before the ledger noted by what (0004), unless nothing changed since.

    What the gate does then, opening the bundle of that time, would take the doctor too long.
    """
    last = plans.last_bundle(context, unit, kind)
    if last in (None, context.the_content.digest):
        return None
    text = "its rows were mapped last before the ledger noted by what; the next run compares with the bundle it kept"
    step = f"`ecqs mapping plan {unit} {kind}` shows whether something changed"
    return Finding("content.accepted", Verdict.NOT_CHECKED, text, f"{unit} {kind}", step)
