"""Looking back: what headquarters still shows of packages and receipts, also of those taken long ago.

Only a restore needs it: a gateway that lost its ledger asks so how far it had come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ecqs_gateway.deliver.transport import RemoteReceipt
from ecqs_gateway.model.batch import BatchId

__all__ = ["History", "Lookback"]


@dataclass(frozen=True)
class History:
    """What lies at headquarters of one unit: packages not picked up yet, receipts waiting and taken, by name."""

    packages: tuple[BatchId, ...]
    receipts: tuple[RemoteReceipt, ...]


class Lookback(Protocol):
    """A way to headquarters that can look back; raises like ``Transport``."""

    def history(self, unit: str) -> History:
        """List what headquarters still shows of a unit."""

    def fetch_past(self, receipt: RemoteReceipt) -> bytes:
        """Give the exact bytes of a receipt, whether it waits or was taken."""

    def close(self) -> None:
        """End the connection."""
