"""SFTP version 3 over an SSH channel, as much of it as a drop box needs.

paramiko's own client throws the answers to pipelined writes away, so a disk that was full for a moment leaves a file
of the right size with a hole in it. Here every answer is kept and looked at. Answers are bounded, paths are bytes of
our own making, and nothing the server says becomes a local path or a log line.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

__all__ = ["Channel", "Entry", "SftpFailure", "SftpProtocolError", "SftpWire", "Status", "TooLarge"]

_INIT, _VERSION, _OPEN, _CLOSE, _READ, _WRITE = 1, 2, 3, 4, 5, 6
_OPENDIR, _READDIR, _REMOVE, _MKDIR, _STAT, _RENAME, _EXTENDED = 11, 12, 13, 14, 17, 18, 200
_STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 101, 102, 103, 104, 105
_FOR_READING, _FOR_WRITING = 0x01, 0x02 | 0x08 | 0x10  # write, create, truncate
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_EXTENDED = 0x1, 0x2, 0x4, 0x8, 0x80000000
_FORMAT, _PLAIN_FILE = 0o170000, 0o100000
_POSIX_RENAME = b"posix-rename@openssh.com"

_LARGEST_ANSWER = 1 << 20
_LARGEST_HANDLE = 256  # the protocol's own limit
_BLOCK = 1 << 15  # bytes of one read or write; every server takes 32 KiB
_IN_FLIGHT = 64  # requests sent ahead of their answers
_SEND = 1 << 17  # bytes handed to the channel at once


class Status(IntEnum):
    """The status codes of SFTP version 3."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    UNSUPPORTED = 8


class SftpFailure(Exception):
    """The server refused one request."""

    def __init__(self, status: Status) -> None:
        """Keep the status; the server's own words are not repeated."""
        super().__init__(status.name)
        self.status = status


class SftpProtocolError(Exception):
    """The other side does not speak SFTP version 3."""


class TooLarge(Exception):
    """A remote file or folder holds more than it may."""


class Channel(Protocol):
    """What is needed of an SSH channel; both raise OSError (TimeoutError) when the time is up."""

    def send(self, data: bytes, /) -> int:
        """Send some of the bytes and say how many."""

    def recv(self, most: int, /) -> bytes:
        """Give some bytes, none at the end."""


@dataclass(frozen=True)
class Entry:
    """One name in a remote folder: bytes as the server sent them, size, and whether it is a plain file."""

    name: bytes
    size: int
    plain: bool


class SftpWire:
    """One SFTP session; used by one thread at a time.

    Everything raises OSError, EOFError or what the channel raises when the connection fails, and SftpProtocolError
    when the server breaks the protocol; the session is then of no more use.
    """

    def __init__(self, channel: Channel) -> None:
        """Agree on version 3; raises SftpProtocolError when the other side is no SFTP server."""
        self._channel = channel
        self._buffer = bytearray()
        self._last = 0
        self._asked: set[int] = set()
        self._answers: dict[int, tuple[int, bytes]] = {}
        self._send(struct.pack(">IBI", 5, _INIT, 3))
        kind, body = self._packet()
        reader = _Reader(body)
        if kind != _VERSION or reader.number() < 3:
            raise SftpProtocolError("no SFTP version 3")
        self._extensions: set[bytes] = set()
        while reader.left():
            self._extensions.add(reader.text())
            reader.text()

    def write_new(self, path: bytes, data: bytes, *, unless: bytes) -> int | None:
        """Write a whole file and see that all of it is there, unless another file exists, whose size is then given.

        The look at the other file travels together with the opening; every write is answered before the file counts
        as written. Raises SftpFailure where the server refuses, or holds another size in the end.
        """
        there, opened = self._ask(_STAT, _text(unless)), self._ask(_OPEN, _text(path) + _mode(_FOR_WRITING))
        size, refused = self._size_or_failure(there)
        if size is not None or refused is not None:
            self._forget(opened, path)
            if refused is not None:
                raise refused
            return size
        handle = self._handle(opened)
        failure = self._write_all(handle, data)
        closed, written = self._ask(_CLOSE, _text(handle)), self._ask(_STAT, _text(path))
        failure = failure or self._failure(closed)
        size, refused = self._size_or_failure(written)
        if failure or refused or size != len(data):
            raise failure or refused or SftpFailure(Status.FAILURE)
        return None

    def _forget(self, opened: int, path: bytes) -> None:
        """Undo an opening that turned out not to be needed."""
        try:
            handle = self._handle(opened)
        except SftpFailure:
            return
        self._failure(self._ask(_CLOSE, _text(handle)))
        self._failure(self._ask(_REMOVE, _text(path)))

    def _write_all(self, handle: bytes, data: bytes) -> SftpFailure | None:
        """Send the writes ahead of their answers; give the first failure after all answers have come."""
        waiting: deque[int] = deque()
        failure: SftpFailure | None = None
        block = bytearray()
        view = memoryview(data)
        for start in range(0, len(view), _BLOCK):
            piece = view[start : start + _BLOCK]
            number, head = self._new(), _text(handle) + struct.pack(">QI", start, len(piece))
            block += struct.pack(">IBI", 5 + len(head) + len(piece), _WRITE, number) + head
            block += piece
            waiting.append(number)
            if len(block) >= _SEND:
                self._send(bytes(block))
                block.clear()
            while failure is None and len(waiting) > _IN_FLIGHT:
                failure = self._failure(waiting.popleft())
            if failure is not None:
                break
        self._send(bytes(block))
        for number in waiting:
            failure = self._failure(number) or failure
        return failure

    def read(self, path: bytes, *, expected: int, most: int) -> bytes:
        """Give a whole file of about the expected size; raises TooLarge when it has more than ``most`` bytes."""
        with self._opened(self._ask(_OPEN, _text(path) + _mode(_FOR_READING))) as handle:
            return self._read_all(handle, expected, most)

    @contextmanager
    def _opened(self, asked: int) -> Iterator[bytes]:
        """Close a handle in the end, unless the connection is of no more use."""
        handle = self._handle(asked)
        try:
            yield handle
        except (SftpFailure, TooLarge):
            self._failure(self._ask(_CLOSE, _text(handle)))
            raise
        self._failure(self._ask(_CLOSE, _text(handle)))

    def _read_all(self, handle: bytes, expected: int, most: int) -> bytes:
        data = bytearray()
        while True:
            ahead = min(max((expected - len(data)) // _BLOCK, 0) + 1, _IN_FLIGHT)
            offsets = [len(data) + index * _BLOCK for index in range(ahead)]
            asked = [self._ask(_READ, _text(handle) + struct.pack(">QI", offset, _BLOCK)) for offset in offsets]
            ended = False
            for offset, number in zip(offsets, asked, strict=True):
                piece = self._data(number)
                # After a short answer the later ones do not fit on; they are asked for again in the next round.
                if offset == len(data) and not ended:
                    ended = piece is None
                    data += piece or b""
            if len(data) > most:
                raise TooLarge
            if ended:
                return bytes(data)

    def listing(self, path: bytes, *, most: int) -> list[Entry]:
        """List a folder; raises TooLarge when it has more than ``most`` names."""
        found: list[Entry] = []
        with self._opened(self._ask(_OPENDIR, _text(path))) as handle:
            while (names := self._names(self._ask(_READDIR, _text(handle)))) is not None:
                found += names
                if len(found) > most:
                    raise TooLarge
        return [entry for entry in found if entry.name not in (b".", b"..")]

    def size(self, path: bytes) -> int | None:
        """Give a file's size; None when there is no such file."""
        return self._size(self._ask(_STAT, _text(path)))

    def rename(self, old: bytes, new: bytes) -> None:
        """Rename, replacing what is there where the server can do so; elsewhere fail when something is there."""
        paths = _text(old) + _text(new)
        posix = _POSIX_RENAME in self._extensions
        self._done(self._ask(_EXTENDED, _text(_POSIX_RENAME) + paths) if posix else self._ask(_RENAME, paths))

    def remove(self, path: bytes) -> None:
        """Delete a file."""
        self._done(self._ask(_REMOVE, _text(path)))

    def make_folder(self, path: bytes) -> None:
        """Make a folder."""
        self._done(self._ask(_MKDIR, _text(path) + struct.pack(">I", 0)))

    def _done(self, number: int) -> None:
        self._body(number, None)

    def _failure(self, number: int) -> SftpFailure | None:
        try:
            self._done(number)
        except SftpFailure as failure:
            return failure
        return None

    def _handle(self, number: int) -> bytes:
        handle = _Reader(self._body(number, _HANDLE)).text()
        if len(handle) > _LARGEST_HANDLE:
            raise SftpProtocolError("a handle longer than the protocol allows")
        return handle

    def _size_or_failure(self, number: int) -> tuple[int | None, SftpFailure | None]:
        try:
            return self._size(number), None
        except SftpFailure as failure:
            return None, failure

    def _size(self, number: int) -> int | None:
        try:
            return _Reader(self._body(number, _ATTRS)).attributes()[0]
        except SftpFailure as failure:
            if failure.status is Status.NO_SUCH_FILE:
                return None
            raise

    def _data(self, number: int) -> bytes | None:
        try:
            data = _Reader(self._body(number, _DATA)).text()
        except SftpFailure as failure:
            if failure.status is Status.EOF:
                return None
            raise
        if not 0 < len(data) <= _BLOCK:
            raise SftpProtocolError("more data than was asked for, or none")
        return data

    def _names(self, number: int) -> list[Entry] | None:
        try:
            reader = _Reader(self._body(number, _NAME))
        except SftpFailure as failure:
            if failure.status is Status.EOF:
                return None
            raise
        entries = []
        for _ in range(reader.number()):
            name = reader.text()
            reader.text()  # the line that ``ls -l`` would show
            size, mode = reader.attributes()
            entries.append(Entry(name, size, mode & _FORMAT == _PLAIN_FILE))
        return entries

    def _new(self) -> int:
        self._last = (self._last + 1) & 0xFFFFFFFF
        self._asked.add(self._last)
        return self._last

    def _ask(self, kind: int, body: bytes) -> int:
        number = self._new()
        self._send(struct.pack(">IBI", 5 + len(body), kind, number) + body)
        return number

    def _body(self, number: int, wanted: int | None) -> bytes:
        """Wait for an answer and give its content; raises SftpFailure for any status but OK."""
        while number not in self._answers:
            kind, body = self._packet()
            reader = _Reader(body)
            found = reader.number()
            if found not in self._asked:
                raise SftpProtocolError("an answer to nothing that was asked")
            self._asked.discard(found)
            self._answers[found] = (kind, reader.rest())
        kind, body = self._answers.pop(number)
        if kind == _STATUS:
            code = _Reader(body).number()
            if code != Status.OK:
                raise SftpFailure(Status(code) if code in set(Status) else Status.FAILURE)
        if kind != (_STATUS if wanted is None else wanted):
            raise SftpProtocolError("an answer of another kind")
        return body

    def _packet(self) -> tuple[int, bytes]:
        (length,) = struct.unpack(">I", self._take(4))
        if not 1 <= length <= _LARGEST_ANSWER:
            raise SftpProtocolError("an answer of impossible length")
        packet = self._take(length)
        return packet[0], packet[1:]

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            more = self._channel.recv(_SEND)
            if not more:
                raise EOFError("the connection ended")
            self._buffer += more
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _send(self, data: bytes) -> None:
        sent = 0
        while sent < len(data):
            more = self._channel.send(data[sent:] if sent else data)
            if more <= 0:
                raise EOFError("the connection ended")
            sent += more


class _Reader:
    """Takes an answer apart; raises SftpProtocolError where it is shorter than it says."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def left(self) -> int:
        return len(self._data) - self._at

    def rest(self) -> bytes:
        return self._data[self._at :]

    def number(self) -> int:
        return int.from_bytes(self._bytes(4), "big")

    def text(self) -> bytes:
        return self._bytes(self.number())

    def attributes(self) -> tuple[int, int]:
        """Give size and mode; 0 where they are not told."""
        flags = self.number()
        size = int.from_bytes(self._bytes(8), "big") if flags & _HAS_SIZE else 0
        self._bytes(8 if flags & _HAS_OWNER else 0)
        mode = self.number() if flags & _HAS_MODE else 0
        self._bytes(8 if flags & _HAS_TIMES else 0)
        for _ in range(self.number() if flags & _HAS_EXTENDED else 0):
            self.text()
            self.text()
        return size, mode

    def _bytes(self, size: int) -> bytes:
        if self.left() < size:
            raise SftpProtocolError("an answer that is cut off")
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken


def _text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _mode(flags: int) -> bytes:
    return struct.pack(">II", flags, 0)
