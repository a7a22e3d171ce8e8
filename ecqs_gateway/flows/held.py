"""Records that wait for an answer of headquarters: put in line again before each run of their lane.

They are dead letters of their own origin, so nothing is lost and everyone sees them; what is new is that no person has
to retry them. Their stored rows are mapped anew and headquarters is asked anew; without an answer the letter stays.
"""

from __future__ import annotations

import logging

from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.letter_rows import gather
from ecqs_gateway.flows.prepare import HELD
from ecqs_gateway.flows.requeue import enqueue
from ecqs_gateway.ledger import letters
from ecqs_gateway.ledger.runs import Run

__all__ = ["retry_held"]

_log = logging.getLogger(__name__)


def retry_held(gateway: Gateway, run: Run, unit: str, kind: str) -> int:
    """Store the rows of a lane's held letters as a new extraction, and count them.

    What cannot be put in line now (another run has the lane, the rows were pruned) stays a letter and is logged.
    """
    wanted = letters.Filter(units=(unit,), kinds=(kind,), origins=(HELD,), states=("open",))
    if letters.count(gateway.database, wanted) == 0:
        return 0
    found = letters.find(gateway.database, wanted)
    waiting = letters.queued(gateway.database, found[0].lane_id, unit, kind)
    try:
        gathered = gather(gateway, [letter for letter in found if letter.id not in waiting])
        for number, why in gathered.missing.items():
            _log.warning("held.missing letter %d of %s %s: %s", number, unit, kind, why)
        queued = [enqueue(gateway, run, piece, "retry", {"by": "held"}, lambda *_: None) for piece in gathered.pieces]
    except GatewayError as error:
        _log.warning("held.later %s %s: %s", unit, kind, error)
        return 0
    return sum(len(one.letters) for one in queued)
