"""Acceptance of a plan: who takes what a change would do, and why. It is good for that change of that lane alone."""

from __future__ import annotations

from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.planned.base import fingerprint_in_use
from ecqs_gateway.ledger import plans
from ecqs_gateway.ledger.plans import Acceptance
from ecqs_gateway.mapping.forecast import LaneForecast

__all__ = ["accept", "summary"]


def accept(gateway: Gateway, found: LaneForecast, *, by: str, reason: str) -> int | None:
    """Keep that somebody accepted a forecast, and give its number; None where there is nothing to accept.

    Raises Terminal ECQS-1406 without a name or reason, Misconfigured ECQS-1407 for a forecast against something else
    than the content in use.
    """
    by, reason = by.strip(), reason.strip()
    if not by or not reason:
        raise Terminal("ECQS-1406", "an acceptance needs a name and a reason", hint="give --by NAME and --reason TEXT")
    base, bundle, mine = found.base_fingerprint, found.base_bundle, found.fingerprint
    if found.verdict == "same" or base is None or bundle is None or mine is None:
        return None  # nothing changed, or there is nothing to compare with: neither asks for an acceptance
    if base != fingerprint_in_use(gateway, found.unit, found.kind):
        raise Misconfigured(
            "ECQS-1407",
            "only a plan against the content in use can be accepted",
            where=f"{found.unit}/{found.kind}",
            hint="leave --base and --base-path out",
        )
    rows = found.forecast.rows if found.forecast is not None else 0
    draft = Acceptance(base, mine, bundle, found.bundle, by, reason, rows, summary(found))
    return plans.accept(gateway.database, found.unit, found.kind, draft, clock=gateway.clock)


def summary(found: LaneForecast) -> dict[str, int]:
    """Give the counts of a forecast, which are what stands in ledger and evidence."""
    if found.forecast is None:
        return {}
    names = ("changed", "removed", "added", "rekeyed", "refused", "passing", "flags_gained", "flags_lost")
    return {name: getattr(found.forecast, name) for name in names}
