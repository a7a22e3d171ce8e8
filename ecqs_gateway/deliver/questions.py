"""Questions to headquarters and answers from it, as pairs of files over SFTP.

A question is written as a package is: hidden, seen to be there in full, renamed. The answer has the same name in the
folder of answers; once read it is moved into ``taken``. Another transport has to promise no more than ``Enquiry``.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ecqs_gateway.deliver.sftp import SftpTransport
from ecqs_gateway.doors.sftp_wire import SftpFailure, Status
from ecqs_gateway.doors.ssh import Endpoint
from ecqs_gateway.errors import Conflict, Terminal

__all__ = ["Enquiry", "QuestionFolders", "SftpEnquiry"]

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,110}\.zip", re.ASCII)
_LARGEST_ANSWER = 64_000_000


class Enquiry(Protocol):
    """One way to ask headquarters something; raises as ``Transport`` does, and is used by one thread at a time."""

    def ask(self, unit: str, name: str, data: bytes) -> None:
        """Bring a question; whole or not at all, and once however often it is called with the same bytes."""

    def answer(self, unit: str, name: str) -> bytes | None:
        """Give the answer to the question of that name; None while there is none."""

    def take(self, unit: str, name: str) -> None:
        """Mark an answer as taken."""

    def close(self) -> None:
        """End the connection."""


@dataclass(frozen=True)
class QuestionFolders:
    """Where questions and answers lie at headquarters; ``{unit}`` stands for the unit's code."""

    questions: str = "questions/{unit}"
    answers: str = "answers/{unit}"


class SftpEnquiry(SftpTransport):
    """``Enquiry`` over SFTP: connects at the first call, and again after a connection was lost."""

    def __init__(self, endpoint: Endpoint, folders: QuestionFolders | None = None) -> None:
        """Keep the settings; nothing is opened yet."""
        super().__init__(endpoint)
        self._places = folders or QuestionFolders()

    def ask(self, unit: str, name: str, data: bytes) -> None:
        """Bring a question. See ``Enquiry``."""
        _require_name(name)
        folder = self._places.questions.format(unit=unit)
        part, final = f"{folder}/.{name}.part".encode(), f"{folder}/{name}".encode()
        with self._exchange(len(data), folder) as wire:
            there = self._put(wire, part, final, data)
        if there is not None and there != len(data):
            raise Conflict("ECQS-8030", "headquarters holds another question under this name", where=name)

    def answer(self, unit: str, name: str) -> bytes | None:
        """Give an answer's exact bytes, at most 64 MB. See ``Enquiry``."""
        _require_name(name)
        folder = self._places.answers.format(unit=unit)
        path = f"{folder}/{name}".encode()
        with self._exchange(0, folder) as wire:
            size = wire.size(path)
        if size is None:
            return None
        with self._exchange(min(size, _LARGEST_ANSWER), folder) as wire:
            return wire.read(path, expected=size, most=_LARGEST_ANSWER)

    def take(self, unit: str, name: str) -> None:  # type: ignore[override]  # an answer, not a receipt
        """Move an answer into ``taken``. See ``Enquiry``."""
        folder = self._places.answers.format(unit=unit)
        old, new = f"{folder}/{name}".encode(), f"{folder}/taken/{name}".encode()
        with self._exchange(0, folder) as wire:
            try:
                wire.rename(old, new)
            except SftpFailure as failure:
                if wire.size(old) is None and failure.status is Status.NO_SUCH_FILE and wire.size(new) is not None:
                    return
                with suppress(SftpFailure):
                    wire.make_folder(f"{folder}/taken".encode())
                wire.rename(old, new)


def _require_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise Terminal("ECQS-8031", "this is not the file name of a question", where=name)
