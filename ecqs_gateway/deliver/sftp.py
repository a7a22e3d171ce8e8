"""Packages to a drop box and receipts from it, over SFTP.

A package is written under a hidden name, seen to be there in full, then renamed: headquarters never meets half a
file. What lies there already in the same size counts as delivered, which is what makes a retry after an answer that
was lost safe; the identity of its bytes is headquarters' to check, by the signed manifest.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ecqs_gateway.deliver.lookback import History
from ecqs_gateway.deliver.transport import Delivered, ReceiptStays, ReceiptTrouble, ReceiptUnread, RemoteReceipt
from ecqs_gateway.doors.sftp_wire import Entry, SftpFailure, SftpWire, Status, TooLarge
from ecqs_gateway.doors.ssh import Endpoint, SftpSession
from ecqs_gateway.errors import Conflict, GatewayError, Misconfigured, Terminal, Transient
from ecqs_gateway.model.batch import PACKAGE_SUFFIX, BatchId, parse_batch_id
from ecqs_gateway.model.receipt import Level, parse_receipt_name

__all__ = ["Folders", "SftpTransport"]

_LEVELS = {level: order for order, level in enumerate(Level)}
_FOLDER = re.compile(r"(?:[A-Za-z0-9_{}][A-Za-z0-9_.{}-]*/)*[A-Za-z0-9_{}][A-Za-z0-9_.{}-]*", re.ASCII)
_TAKEN = "taken"
_MOST_NAMES = 100_000
_MOST_PAST_NAMES = 500_000
_LARGEST_RECEIPT = 64_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Folders:
    """Where things lie at headquarters, below the account's root; ``{unit}`` stands for the unit's code."""

    inbox: str = "inbox/{unit}"
    receipts: str = "receipts/{unit}"

    def __post_init__(self) -> None:
        """Refuse anything but a plain relative path with the unit in it."""
        for path in (self.inbox, self.receipts):
            if not _FOLDER.fullmatch(path) or path.replace("{unit}", "").count("{") or "{unit}" not in path:
                raise Misconfigured(
                    "ECQS-5018", "a remote folder is not a plain relative path with {unit} in it", where=path
                )


class SftpTransport:
    """A ``Transport`` over SFTP: connects at the first call, and again after a connection was lost."""

    def __init__(self, endpoint: Endpoint, folders: Folders | None = None) -> None:
        """Keep the settings; nothing is opened yet."""
        self._endpoint = endpoint
        self._folders = folders or Folders()
        self._session: SftpSession | None = None

    def put(self, name: str, unit: str, data: bytes) -> Delivered:
        """Bring a package: hidden name, full size seen, rename. See ``Transport``."""
        if parse_batch_id(name.removesuffix(PACKAGE_SUFFIX)).unit != unit or not name.endswith(PACKAGE_SUFFIX):
            raise Terminal("ECQS-5031", "the package's name does not fit the unit", where=name)
        folder = self._folders.inbox.format(unit=unit)
        part, final = f"{folder}/.{name}.part".encode(), f"{folder}/{name}".encode()
        with self._exchange(len(data), folder) as wire:
            there = self._put(wire, part, final, data)
        if there is not None and there != len(data):
            raise Conflict(
                "ECQS-5030",
                "headquarters holds other bytes under this batch id",
                where=name,
                hint="nothing was overwritten; compare the package in the stage with headquarters' copy",
            )
        return Delivered(name, len(data), already=there is not None)

    def _put(self, wire: SftpWire, part: bytes, final: bytes, data: bytes) -> int | None:
        """Write and rename; give the size of what lay there before, None where nothing did."""
        try:
            there = wire.write_new(part, data, unless=final)
            if there is not None:
                return there
            wire.rename(part, final)
        except SftpFailure as failure:
            # A rename that was refused because an earlier one, whose answer was lost, has been carried out.
            there = wire.size(final)
            with suppress(SftpFailure):
                wire.remove(part)
            if there is None:
                raise failure from None
            return there
        return None

    def list_receipts(self, unit: str) -> list[RemoteReceipt]:
        """List what waits; names that are no receipt of this unit are left alone. See ``Transport``."""
        folder = self._folders.receipts.format(unit=unit)
        with self._exchange(0, folder) as wire:
            try:
                entries = wire.listing(folder.encode(), most=_MOST_NAMES)
            except SftpFailure as failure:
                if failure.status is not Status.NO_SUCH_FILE:
                    raise
                _log.warning("receipts.folder missing at headquarters: %s", folder)
                return []
        found = [receipt for entry in entries if (receipt := _receipt(entry, unit)) is not None]
        # Hidden names are files headquarters is still writing, as ours are in the inbox.
        strange = sum(entry.plain and not entry.name.startswith(b".") for entry in entries) - len(found)
        if strange:
            _log.warning("receipts.strange %d files in %s are no receipts of this unit", strange, folder)
        return sorted(found, key=lambda receipt: (receipt.batch, _LEVELS[receipt.level]))

    def fetch(self, receipt: RemoteReceipt) -> bytes:
        """Give a receipt's exact bytes; at most 64 MB, and no fewer than were listed. See ``Transport``."""
        folder = self._folders.receipts.format(unit=receipt.batch.unit)
        place = f"{folder}/{receipt.name}"
        if receipt.size > _LARGEST_RECEIPT:
            raise _unread(place, "it is larger than a receipt may be")
        with self._exchange(receipt.size, folder) as wire:
            try:
                data = wire.read(place.encode(), expected=receipt.size, most=_LARGEST_RECEIPT)
            except TooLarge:
                raise _unread(place, "it is larger than a receipt may be") from None
            except SftpFailure as failure:
                raise _unread(place, _WHY_UNREAD.get(failure.status, "the server could not read it")) from None
            if len(data) < receipt.size and not _lies_so(wire, place.encode(), data):
                raise _unread(place, "fewer bytes came than were listed")
        return data

    def take(self, receipt: RemoteReceipt) -> None:
        """Move a receipt into ``taken``, over an earlier copy of it or beside it. See ``Transport``."""
        folder = self._folders.receipts.format(unit=receipt.batch.unit)
        old, new = f"{folder}/{receipt.name}".encode(), f"{folder}/{_TAKEN}/{receipt.name}".encode()
        with self._exchange(0, folder) as wire:
            try:
                wire.rename(old, new)
            except SftpFailure:
                try:
                    self._take_again(wire, old, new, f"{folder}/{_TAKEN}".encode())
                except SftpFailure as failure:
                    raise _stays(f"{folder}/{receipt.name}", failure.status) from None

    def _take_again(self, wire: SftpWire, old: bytes, new: bytes, taken: bytes) -> None:
        """Find out why a rename was refused: no folder yet, an earlier copy in the way, or done before."""
        if wire.size(old) is None and wire.size(new) is not None:
            return
        with suppress(SftpFailure):
            wire.make_folder(taken)
        if wire.size(new) is not None:
            try:
                wire.remove(new)
            except SftpFailure:  # an account that may not delete keeps both
                new = new.removesuffix(b".zip") + b"." + secrets.token_hex(4).encode() + b".zip"
        wire.rename(old, new)

    def history(self, unit: str) -> History:
        """List packages, waiting and taken receipts; a folder that is not there is empty. See ``Lookback``."""
        inbox, receipts = self._folders.inbox.format(unit=unit), self._folders.receipts.format(unit=unit)
        with self._exchange(0, receipts) as wire:
            lying = [_names(wire, folder) for folder in (inbox, receipts, f"{receipts}/{_TAKEN}")]
        packages = tuple(batch for entry in lying[0] if (batch := _package(entry, unit)) is not None)
        found = {receipt for entry in (*lying[1], *lying[2]) if (receipt := _receipt(entry, unit)) is not None}
        return History(packages, tuple(sorted(found, key=lambda receipt: (receipt.batch, _LEVELS[receipt.level]))))

    def fetch_past(self, receipt: RemoteReceipt) -> bytes:
        """Give a receipt's exact bytes, from where it waits or from where it was taken. See ``Lookback``."""
        folder = self._folders.receipts.format(unit=receipt.batch.unit)
        with self._exchange(min(receipt.size, _LARGEST_RECEIPT), folder) as wire:
            waits, taken = (f"{folder}/{place}{receipt.name}".encode() for place in ("", f"{_TAKEN}/"))
            path = taken if wire.size(waits) is None else waits
            return wire.read(path, expected=receipt.size, most=_LARGEST_RECEIPT)

    def published(self, folder: str) -> dict[str, int]:
        """List the plain files of a folder headquarters publishes in: ASCII names with their sizes; {} without one."""
        with self._exchange(0, folder) as wire:
            entries = [entry for entry in _names(wire, folder) if entry.plain and entry.name.isascii()]
        return {entry.name.decode("ascii"): entry.size for entry in entries}

    def fetch_published(self, folder: str, name: str, size: int) -> bytes:
        """Give a published file's exact bytes, at most 64 MB; ``name`` and ``size`` as ``published`` gave them."""
        with self._exchange(min(size, _LARGEST_RECEIPT), folder) as wire:
            return wire.read(f"{folder}/{name}".encode(), expected=size, most=_LARGEST_RECEIPT)

    def close(self) -> None:
        """End the connection. See ``Transport``."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    @contextmanager
    def _exchange(self, size: int, folder: str) -> Iterator[SftpWire]:
        """Give a session that stands, limit the time, and explain what the server refuses."""
        if self._session is None or not self._session.alive:
            self.close()
            self._session = SftpSession(self._endpoint)
        try:
            with self._session.within(self._endpoint.timeouts.within(size)) as wire:
                yield wire
        except SftpFailure as failure:
            raise self._explained(failure.status, folder) from None
        except TooLarge:
            self.close()
            raise Terminal(
                "ECQS-5025", "what lies at headquarters is larger than it may be", where=folder, hint=_ASK
            ) from None
        except ReceiptTrouble:
            raise  # the line stands
        except GatewayError:
            self.close()
            raise

    def _explained(self, status: Status, folder: str) -> GatewayError:
        if status is Status.NO_SUCH_FILE:
            return Terminal("ECQS-5021", "headquarters has no such folder or file", where=folder, hint=_ASK)
        if status is Status.PERMISSION_DENIED:
            return Terminal("ECQS-5022", "headquarters denies this account the folder", where=folder, hint=_ASK)
        if status is Status.UNSUPPORTED:
            return Terminal("ECQS-5024", "headquarters' server cannot rename", where=folder, hint=_ASK)
        return Transient(
            "ECQS-5023",
            "headquarters could not carry it out: disk full, quota or a passing fault",
            where=folder,
            hint="it is tried again; if it stays so, tell headquarters",
        )


_ASK = "ask headquarters to set up the folders of this account, or correct connectors/national.yaml"


_WHY_UNREAD = {
    Status.NO_SUCH_FILE: "it is gone since it was listed",
    Status.PERMISSION_DENIED: "headquarters denies this account the file",
}


def _lies_so(wire: SftpWire, path: bytes, data: bytes) -> bool:
    """Say whether a file that was longer when it was listed is whole now: headquarters may have put another there.

    It is read once more, because one that is being written just now has fewer bytes for a moment, too.
    """
    try:
        return wire.size(path) == len(data) and wire.read(path, expected=len(data), most=len(data)) == data
    except (SftpFailure, TooLarge):
        return False


_WHY_STAYS = {
    Status.NO_SUCH_FILE: "it is gone since it was read",
    Status.PERMISSION_DENIED: "headquarters denies this account the folder",
    Status.UNSUPPORTED: "headquarters' server cannot rename",
}


def _unread(place: str, why: str) -> ReceiptUnread:
    hint = "it is tried again at every look; if it stays so, ask headquarters to look at this file"
    return ReceiptUnread("ECQS-5026", f"this receipt cannot be fetched: {why}", where=place, hint=hint)


def _stays(place: str, status: Status) -> ReceiptStays:
    why = _WHY_STAYS.get(status, "the server could not carry it out")
    return ReceiptStays(
        "ECQS-5027",
        f"this receipt was read but cannot be moved into {_TAKEN}/: {why}",
        where=place,
        hint=f"what it says is booked and nothing waits; ask headquarters to let this account rename into {_TAKEN}/",
    )


def _names(wire: SftpWire, folder: str) -> list[Entry]:
    try:
        return wire.listing(folder.encode(), most=_MOST_PAST_NAMES)
    except SftpFailure as failure:
        if failure.status is not Status.NO_SUCH_FILE:
            raise
        return []


def _package(entry: Entry, unit: str) -> BatchId | None:
    """Read the name of a package strictly; None for whatever is not a package of this unit."""
    try:
        name = entry.name.decode("ascii")
        batch = parse_batch_id(name.removesuffix(PACKAGE_SUFFIX)) if name.endswith(PACKAGE_SUFFIX) else None
    except (UnicodeDecodeError, Terminal):
        return None
    return batch if batch is not None and batch.unit == unit and entry.plain else None


def _receipt(entry: Entry, unit: str) -> RemoteReceipt | None:
    """Read a remote name strictly; None for whatever is not a receipt of this unit."""
    if not entry.plain:
        return None
    try:
        batch, level = parse_receipt_name(entry.name.decode("ascii"))
    except (UnicodeDecodeError, Terminal):
        return None
    return RemoteReceipt(batch, level, entry.size) if batch.unit == unit else None
