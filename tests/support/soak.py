"""What the fault programs share: whether the full figures are wanted, the seed, and where the figures go.

``make soak`` sets ECQS_SOAK=1 and names a file in ECQS_SOAK_REPORT; each program appends one line of JSON to it, from
which docs/reference/soak.md is written. Without that variable nothing is written.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

SOAK = os.environ.get("ECQS_SOAK") == "1"
"""True when the full figures are wanted; the short form runs otherwise."""
SEED = int(os.environ.get("ECQS_SEED", "20261123"))
"""What every random choice of a fault program follows from."""


def report(fault: str, **figures: object) -> None:
    """Append what a fault program (``F4``) measured to the report, when there is one.

    The table has a column each for ``demanded`` and ``run`` (the load as text, such as "500 kills over 20,000
    records"), ``lost``, ``doubled``, ``hands`` (numbers), ``slowest_resume`` (seconds) and ``seed``; any other figure
    stands beside them under its own name. Call it after the assertions: what did not hold is told by the test.
    """
    name = os.environ.get("ECQS_SOAK_REPORT")
    if not name:
        return
    line = json.dumps({"fault": fault, "seed": SEED, **figures}, ensure_ascii=False, default=str)
    with Path(name).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


class ProvesNothing(AssertionError):
    """A fault program met none of the input it is about: no kill happened, no row came, nobody lied."""


def require(met: object, what: str) -> None:
    """Fail a fault program that met nothing of what it is about; tests/faults/test_vacuity.py takes the input away."""
    if not met:
        raise ProvesNothing(f"this proves nothing: {what}")
