"""The way audit messages take: requests and receipts out of a folder of headquarters, answers into the inbox.

Over the same SFTP connection as batches, with the same care: hidden name, full size seen, rename; a name from the wire
is read strictly and never becomes a path.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ecqs_gateway.doors.sftp_wire import Entry, SftpFailure, SftpWire, Status, TooLarge
from ecqs_gateway.doors.ssh import Endpoint, SftpSession
from ecqs_gateway.errors import Conflict, GatewayError, Terminal, Transient
from ecqs_gateway.model.audits import Message, MessageName, parse_message_name

__all__ = ["AuditBox", "Waiting"]

_MOST_NAMES = 10_000
_LARGEST = 128_000_000
_TAKEN = "taken"
_OURS = frozenset({Message.REQUEST, Message.RECEIPT})
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """A file that waits in a unit's audit folder, known by what its name says; its content is believed only later."""

    name: str
    size: int
    message: MessageName


class AuditBox:
    """Fetches and brings audit messages; connects at the first call."""

    def __init__(self, endpoint: Endpoint, *, inbox: str, audits: str) -> None:
        """Keep the settings; both folders hold ``{unit}``."""
        self._endpoint = endpoint
        self._inbox, self._audits = inbox, audits
        self._session: SftpSession | None = None

    def waiting(self, unit: str) -> list[Waiting]:
        """List what waits for a unit, requests first; a folder that is not there yet is empty."""
        folder = self._audits.format(unit=unit)
        with self._exchange(0, folder) as wire:
            try:
                entries = wire.listing(folder.encode(), most=_MOST_NAMES)
            except SftpFailure as failure:
                if failure.status is not Status.NO_SUCH_FILE:
                    raise
                return []
        found = [each for entry in entries if (each := _read(entry)) is not None]
        return sorted(found, key=lambda each: (each.message.message is Message.RECEIPT, each.name))

    def fetch(self, unit: str, waiting: Waiting) -> bytes | None:
        """Give a file's exact bytes, at most 128 MB; None when another worker has taken it meanwhile."""
        folder = self._audits.format(unit=unit)
        with self._exchange(min(waiting.size, _LARGEST), folder) as wire:
            try:
                return wire.read(f"{folder}/{waiting.name}".encode(), expected=waiting.size, most=_LARGEST)
            except SftpFailure as failure:
                if failure.status is not Status.NO_SUCH_FILE:
                    raise
                return None

    def take(self, unit: str, waiting: Waiting) -> None:
        """Move a file into ``taken``; no error when it was taken before."""
        folder = self._audits.format(unit=unit)
        old, new = f"{folder}/{waiting.name}".encode(), f"{folder}/{_TAKEN}/{waiting.name}".encode()
        with self._exchange(0, folder) as wire:
            try:
                wire.rename(old, new)
            except SftpFailure:
                self._take_again(wire, old, new)

    @staticmethod
    def _take_again(wire: SftpWire, old: bytes, new: bytes) -> None:
        """Find out why a rename was refused: done before, no folder yet, or an earlier copy in the way."""
        if wire.size(old) is None:
            return
        with suppress(SftpFailure):
            wire.make_folder(new.rpartition(b"/")[0])
        if wire.size(new) is not None:
            try:
                wire.remove(new)
            except SftpFailure:  # an account that may not delete keeps both
                new = new.removesuffix(b".zip") + b"." + secrets.token_hex(4).encode() + b".zip"
        try:
            wire.rename(old, new)
        except SftpFailure:
            if wire.size(old) is not None:  # else another worker has just taken it
                raise

    def put(self, name: MessageName, data: bytes) -> bool:
        """Bring an acknowledgement or an answer, whole or not at all; True when it lay there before.

        Raises Conflict ECQS-7030 when other bytes lie there under its name.
        """
        folder = self._inbox.format(unit=name.unit)
        # A name of its own for each attempt: no lease keeps two workers from bringing the same message at once.
        part, final = f"{folder}/.{name}.{secrets.token_hex(4)}.part".encode(), f"{folder}/{name}".encode()
        with self._exchange(len(data), folder) as wire:
            there = _written(wire, part, final, data)
        if there is not None and there != len(data):
            hint = "nothing was overwritten; compare the message in the stage with headquarters' copy"
            raise Conflict("ECQS-7030", "headquarters holds other bytes of that name", where=str(name), hint=hint)
        return there is not None

    def close(self) -> None:
        """End the connection."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    @contextmanager
    def _exchange(self, size: int, folder: str) -> Iterator[SftpWire]:
        if self._session is None or not self._session.alive:
            self.close()
            self._session = SftpSession(self._endpoint)
        try:
            with self._session.within(self._endpoint.timeouts.within(size)) as wire:
                yield wire
        except SftpFailure as failure:
            raise _explained(failure.status, folder) from None
        except TooLarge:
            self.close()
            raise Terminal("ECQS-7031", "what lies there is larger than it may be", where=folder, hint=_ASK) from None
        except GatewayError:
            self.close()
            raise


def _written(wire: SftpWire, part: bytes, final: bytes, data: bytes) -> int | None:
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


def _read(entry: Entry) -> Waiting | None:
    """Read a remote name; None for folders and for what headquarters is still writing."""
    if not entry.plain or entry.name.startswith(b"."):
        return None
    try:
        name = entry.name.decode("ascii")
        message = parse_message_name(name)
    except (UnicodeDecodeError, Terminal):
        _log.warning("audits.strange a file in the audit folder is no message")
        return None
    return Waiting(name, entry.size, message) if message.message in _OURS else None


def _explained(status: Status, folder: str) -> GatewayError:
    if status in {Status.NO_SUCH_FILE, Status.PERMISSION_DENIED, Status.UNSUPPORTED}:
        why = "headquarters' server has no such folder, or denies it to this account"
        return Terminal("ECQS-7032", why, where=folder, hint=_ASK)
    hint = "it is tried again; if it stays so, tell headquarters"
    return Transient("ECQS-7033", "headquarters could not carry it out", where=folder, hint=hint)


_ASK = "ask headquarters about the folders of this account, or correct transport.audits in connectors/national.yaml"
