"""The gate before a lane's rows are mapped by changed content: somebody must have accepted what the change does."""

from __future__ import annotations

from ecqs_gateway.content.load import Content
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.planned.base import fingerprint_in_use, lane_fingerprint
from ecqs_gateway.ledger import plans

__all__ = ["asked", "require_accepted", "way_on"]


def asked(content: Content, unit: str) -> bool:
    """Say whether changes of a unit's mappings need an acceptance; a connector may ask for more than national.yaml."""
    connector = content.connectors.get(unit)
    if connector is not None and connector.changes is not None:
        return True
    return content.national is not None and content.national.changes.accept == "required"


def require_accepted(gateway: Gateway, unit: str, kind: str) -> str | None:
    """Give the lane's fingerprint when its rows may be mapped by the content as it is.

    Raises Misconfigured ECQS-1400 where that changed since the lane's last rows, the setting asks for an acceptance and
    nobody gave one. The first rows of a lane need none: there is nothing to compare with.
    """
    mine = lane_fingerprint(gateway.content, unit, kind)
    if mine is None or not asked(gateway.content, unit):
        return mine
    known = fingerprint_in_use(gateway, unit, kind)
    if known is None or known == mine or plans.accepted(gateway.database, unit, kind, known, mine) is not None:
        return mine
    raise Misconfigured(
        "ECQS-1400",
        "the mapping, a code table or a rule changed, and nobody accepted what that does to the records",
        where=f"mappings/{unit}/{kind}.yaml",
        hint=way_on(unit, kind),
    )


def way_on(unit: str, kind: str) -> str:
    """Say how a change of a lane is looked at and accepted."""
    return f"look at `ecqs mapping plan {unit} {kind}`, then accept it: add --accept --by NAME --reason TEXT"
