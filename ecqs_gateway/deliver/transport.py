"""What a way to headquarters can do: bring a package, and fetch what headquarters answers.

``sftp`` is the first of the three ways such systems exchange (facts §8); ``https`` and ``frontdb`` have to promise the
same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ecqs_gateway.errors import Transient
from ecqs_gateway.model.batch import BatchId
from ecqs_gateway.model.receipt import Level, receipt_name

__all__ = ["Delivered", "ReceiptStays", "ReceiptTrouble", "ReceiptUnread", "RemoteReceipt", "Transport"]


class ReceiptTrouble(Transient):
    """Trouble with one receipt while the line stands: it says nothing of the others, and may pass."""


class ReceiptUnread(ReceiptTrouble):
    """A receipt cannot be fetched (ECQS-5026)."""


class ReceiptStays(ReceiptTrouble):
    """A receipt that was fetched and judged cannot be moved out of the way (ECQS-5027): it is listed again."""


@dataclass(frozen=True)
class Delivered:
    """A package that lies at headquarters; ``already`` when it lay there before this attempt."""

    name: str
    size: int
    already: bool


@dataclass(frozen=True, order=True)
class RemoteReceipt:
    """A receipt that waits at headquarters, known by what its name says; the content is believed only once verified."""

    batch: BatchId
    level: Level
    size: int

    @property
    def name(self) -> str:
        """Give the file name, made of the parts that were read from it."""
        return receipt_name(str(self.batch), self.level)


class Transport(Protocol):
    """One way to headquarters; used by one thread at a time.

    All methods raise Transient when trying again may help and Terminal when a person has to act; ``put`` raises
    Conflict ECQS-5030 when other bytes lie there under the same name.
    """

    def put(self, name: str, unit: str, data: bytes) -> Delivered:
        """Bring a package; whole or not at all, and once however often it is called with the same bytes."""

    def list_receipts(self, unit: str) -> list[RemoteReceipt]:
        """List the receipts that wait for a unit, by batch and then in the order of their levels."""

    def fetch(self, receipt: RemoteReceipt) -> bytes:
        """Give a receipt's exact bytes; raises ReceiptUnread where only this one cannot be had whole."""

    def take(self, receipt: RemoteReceipt) -> None:
        """Mark a receipt as taken, so that it is not listed again; no error when it was taken before.

        Raises ReceiptStays where headquarters refuses it.
        """

    def close(self) -> None:
        """End the connection; a later call of another method opens a new one."""
