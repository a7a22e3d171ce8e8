"""Enquiries and answers over SFTP: put like a package, fetched and taken like a receipt."""

from __future__ import annotations

from contextlib import suppress

from ecqs_gateway.deliver.enquiry import answer_name
from ecqs_gateway.deliver.sftp import SftpTransport
from ecqs_gateway.doors.sftp_wire import SftpFailure, Status
from ecqs_gateway.doors.ssh import Endpoint

__all__ = ["SftpEnquiries"]

_TAKEN = "taken"
_MOST_NAMES = 10_000
_LARGEST_ANSWER = 8_000_000


class SftpEnquiries(SftpTransport):
    """``Enquiries`` over SFTP; ``{unit}`` in the folders stands for the unit's code."""

    def __init__(self, endpoint: Endpoint, folder: str, answers: str) -> None:
        """Keep the settings; nothing is opened yet."""
        super().__init__(endpoint)
        self._asked, self._answers = folder, answers

    def ask(self, unit: str, name: str, data: bytes) -> None:
        """Bring an enquiry under a hidden name, then rename it. See ``Enquiries``."""
        folder = self._asked.format(unit=unit)
        with self._exchange(len(data), folder) as wire:
            self._put(wire, f"{folder}/.{name}.part".encode(), f"{folder}/{name}".encode(), data)

    def list_answers(self, unit: str) -> list[tuple[str, int]]:
        """List what waits; a folder that is not there is empty. See ``Enquiries``."""
        folder = self._answers.format(unit=unit)
        with self._exchange(0, folder) as wire:
            try:
                entries = wire.listing(folder.encode(), most=_MOST_NAMES)
            except SftpFailure as failure:
                if failure.status is not Status.NO_SUCH_FILE:
                    raise
                return []
        named = [(entry.name.decode("ascii", "replace"), entry.size) for entry in entries if entry.plain]
        return sorted((name, size) for name, size in named if answer_name(name, unit) is not None)

    def fetch_answer(self, unit: str, name: str, size: int) -> bytes:
        """Give an answer's exact bytes; at most 8 MB. See ``Enquiries``."""
        folder = self._answers.format(unit=unit)
        with self._exchange(min(size, _LARGEST_ANSWER), folder) as wire:
            return wire.read(f"{folder}/{name}".encode(), expected=size, most=_LARGEST_ANSWER)

    def take_answer(self, unit: str, name: str) -> None:
        """Move an answer into ``taken``. See ``Enquiries``."""
        folder = self._answers.format(unit=unit)
        with self._exchange(0, folder) as wire:
            with suppress(SftpFailure):
                wire.make_folder(f"{folder}/{_TAKEN}".encode())
            wire.rename(f"{folder}/{name}".encode(), f"{folder}/{_TAKEN}/{name}".encode())
