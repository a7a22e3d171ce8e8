"""How long what is not needed for ever is kept.

No public source prescribes these times for this exchange: the defaults are this project's own assumption (本项目拟定),
long enough for a year's reconciliation and an audit, and to be replaced by what the unit's own rules say.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from ecqs_gateway.content.scalars import Duration

__all__ = ["RetentionSettings"]

_SHORTEST = timedelta(days=1)


def _long_enough(value: timedelta) -> timedelta:
    if value < _SHORTEST:
        raise PydanticCustomError("content", "must be at least 1d")
    return value


_Kept = Annotated[Duration, AfterValidator(_long_enough)]


class RetentionSettings(BaseModel):
    """How long each class of stored data is kept once it is settled; `ecqs prune` removes what is older.

    Never removed are record versions, accepted receipts, manifests and the evidence chain.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True)

    extractions: _Kept = timedelta(days=180)
    """Source rows as they were read, from the time they were read; they may hold personal data."""
    packages: _Kept = timedelta(days=1095)
    """Bytes of batches, from the time headquarters settled them."""
    receipts: _Kept = timedelta(days=365)
    """Receipts that were not believed, from the time they came; accepted ones are never removed."""
    dead_letters: _Kept = timedelta(days=180)
    """Source row and mapped record of dead letters that are resolved, corrected or discarded; their reasons stay."""
    attempts: _Kept = timedelta(days=365)
    """Single attempts to send, of batches that are settled."""
    runs: _Kept = timedelta(days=1095)
    """Counts of finished runs by unit and kind."""
    stray: _Kept = timedelta(days=1)
    """Files of the stage that nothing names, left by a crash; whole packages and receipts stay 30 days or more."""
