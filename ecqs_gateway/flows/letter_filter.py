"""What someone asks for when they name units, kinds, origins and states: refused where there is no such thing."""

from __future__ import annotations

from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.ledger.letters import STATES, Filter
from ecqs_gateway.model.kinds import KINDS

__all__ = ["ORIGINS", "checked"]

ORIGINS = ("source", "mapping", "rules", "held", "schema", "headquarters")


def checked(gateway: Gateway, wanted: Filter) -> Filter:
    """Give a filter back; raises Terminal ECQS-6118 where it names what does not exist, for nothing would be found."""
    known = (
        ("unit", wanted.units, tuple(gateway.unit_names())),
        ("kind", wanted.kinds, tuple(KINDS)),
        ("origin", wanted.origins, ORIGINS),
        ("state", wanted.states, STATES),
    )
    for what, words, allowed in known:
        for word in words:
            if word not in allowed:
                raise Terminal(
                    "ECQS-6118", f"there is no {what} {word}", where=f"--{what}", hint=did_you_mean(word, allowed)
                )
    return wanted
