"""The only door to ZIP and gzip: packages that are always the same bytes, and archives of others read with suspicion.

Reading believes no header: inflated bytes are counted while they come, names must be on the caller's list, and
whatever makes a ZIP ambiguous (bytes before or after, overlapping or double entries, encryption, links, ZIP64) is
refused, so that no two programs can see two different packages in it. Nothing is ever written to a path.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ecqs_gateway.errors import Terminal

try:
    from isal import isal_zlib
except ImportError:  # no wheel for this platform: the same format, a few times slower
    isal_zlib = None  # type: ignore[assignment]

__all__ = ["LIMITS", "ArchiveLimits", "Gzip", "build_zip", "gunzip", "read_zip"]

_EPOCH = (1980, 1, 1, 0, 0, 0)
_CREATED_ON_UNIX = 3
_END = b"PK\x05\x06"
_END_RECORD = struct.Struct("<4x4H2LH")
_LOCAL = struct.Struct("<6xHHxxxxLLLHH")
_HAS_DESCRIPTOR = 0x8
_DESCRIPTOR = 24  # the longest data descriptor, which some writers put behind a member
_LARGEST_LISTING = 1024  # bytes of one entry in the directory: our names are short
_ENCRYPTED, _STRONG, _MASKED = 0x1, 0x40, 0x2000
_NESTED = (b"PK\x03\x04", b"PK\x05\x06")
_PIECE = 1 << 16
_FREE = 1 << 12  # a few kilobytes may be packed as tightly as they like


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive of others may hold before it is refused."""

    archive: int = 64_000_000
    """Bytes of the archive itself."""
    entries: int = 16
    """Members."""
    inflated: int = 200_000_000
    """Bytes of all members together, inflated."""
    ratio: int = 100
    """Inflated bytes per stored byte, of each member."""


LIMITS = ArchiveLimits()


def build_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Give a ZIP of stored members in the given order: the same members always give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name, data in members:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _CREATED_ON_UNIX
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return target.getvalue()


def read_zip(data: bytes, allowed: Collection[str], *, limits: ArchiveLimits = LIMITS) -> dict[str, bytes]:
    """Give the members of a ZIP by name, all of which are in ``allowed``; the caller checks that none is missing.

    Raises Terminal: ECQS-4011 no readable ZIP, ECQS-4012 a member that may not be there, ECQS-4013 too much in it.
    """
    told = _check_shape(data, limits)
    found: dict[str, bytes] = {}
    left = limits.inflated
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) != told:
                raise _unreadable("lists another number of members than it tells")
            _check_layout(data, entries, archive.start_dir)
            for entry in entries:
                _check_entry(entry, allowed, found)
                most = min(left, max(_FREE, entry.compress_size * limits.ratio))
                found[entry.filename] = _inflate(archive, entry, most)
                left -= len(found[entry.filename])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, ValueError, OSError):
        raise _unreadable("is damaged") from None
    return found


def _check_shape(data: bytes, limits: ArchiveLimits) -> int:
    """Look at the end record by hand and give its number of entries; ``zipfile`` would list any number there are."""
    if len(data) > limits.archive:
        raise _too_much(f"is larger than {limits.archive} bytes")
    if len(data) < _END_RECORD.size or not data[-_END_RECORD.size :].startswith(_END):
        raise _unreadable("does not end as a ZIP without comment ends")
    fields: tuple[int, ...] = _END_RECORD.unpack(data[-_END_RECORD.size :])
    disk, start_disk, here, total, size, start, comment = fields
    if disk or start_disk or here != total or comment or 0xFFFF in (here, total) or 0xFFFFFFFF in (size, start):
        raise _unreadable("has several volumes, a comment or ZIP64 records")
    if total > limits.entries:
        raise _too_much(f"has more than {limits.entries} members")
    if start + size != len(data) - _END_RECORD.size or size > total * _LARGEST_LISTING:
        raise _unreadable("has bytes that belong to no member")
    return total


def _check_layout(data: bytes, entries: list[zipfile.ZipInfo], directory: int) -> None:
    """See that the members lie one behind the other up to the directory, and that both their headers agree."""
    expected = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        head = data[entry.header_offset : entry.header_offset + _LOCAL.size]
        if entry.header_offset < expected or len(head) < _LOCAL.size:
            raise _unreadable("has overlapping members")
        if entry.header_offset > expected + (_DESCRIPTOR if expected else 0):
            raise _unreadable("has bytes that belong to no member")
        flags, method, crc, stored, inflated, name_size, extra_size = _LOCAL.unpack(head)
        here = (flags, method, crc, stored, inflated)
        listed = (entry.flag_bits, entry.compress_type, entry.CRC, entry.compress_size, entry.file_size)
        if here[:2] != listed[:2] or (here != listed and not flags & _HAS_DESCRIPTOR):
            raise _unreadable("says two different things about a member")
        expected = entry.header_offset + _LOCAL.size + name_size + extra_size + entry.compress_size
    if not expected <= directory <= expected + (_DESCRIPTOR if expected else 0):
        raise _unreadable("has bytes that belong to no member")


def _check_entry(entry: zipfile.ZipInfo, allowed: Collection[str], found: Collection[str]) -> None:
    kind = entry.external_attr >> 28
    if entry.filename not in allowed or entry.orig_filename != entry.filename:
        raise _not_allowed("has a member this package may not have")
    if entry.filename in found:
        raise _not_allowed("has two members of one name")
    if entry.flag_bits & (_ENCRYPTED | _STRONG | _MASKED):
        raise _not_allowed("has an encrypted member")
    if entry.create_system == _CREATED_ON_UNIX and kind not in (0, 8):
        raise _not_allowed("has a member that is a link or a device")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _not_allowed("has a member in an unusual compression")


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    with archive.open(entry) as member:
        while piece := member.read(_PIECE):
            size += len(piece)
            if size > most:
                raise _too_much("inflates to more than it may")
            pieces.append(piece)
    data = b"".join(pieces)
    if data.startswith(_NESTED):
        raise _not_allowed("has an archive inside")
    return data


_LEVEL = 2
_GZIP = 31
"""Window of 32 kB, with the header of gzip, which zlib writes without time or name."""


class Gzip:
    """Compresses pieces of bytes as one gzip member without time or name.

    The same pieces give the same bytes with the same compressor; only the inflated bytes are the same everywhere.
    """

    def __init__(self) -> None:
        """Begin a member."""
        self._deflate = (isal_zlib or zlib).compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._done: list[bytes] = []
        self.inflated = 0
        """Bytes taken so far."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        self.inflated += len(piece)
        self._done.append(self._deflate.compress(piece))

    def data(self) -> bytes:
        """End the member and give its bytes; to be called once."""
        return b"".join([*self._done, self._deflate.flush()])


def gunzip(data: bytes, *, limits: ArchiveLimits = LIMITS) -> bytes:
    """Inflate one gzip member; raises Terminal ECQS-4013 when it grows too large, ECQS-4014 when it is damaged."""
    most = min(limits.inflated, max(_FREE, len(data) * limits.ratio))
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in _gunzip_pieces(data):
            size += len(piece)
            if size > most:
                raise _too_much("inflates to more than it may")
            pieces.append(piece)
    except zlib.error:
        raise _damaged_gzip() from None
    return b"".join(pieces)


def _gunzip_pieces(data: bytes) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    for start in range(0, len(data), _PIECE):
        waiting = data[start : start + _PIECE]
        while waiting and not inflater.eof:
            yield inflater.decompress(waiting, _PIECE * 16)
            waiting = inflater.unconsumed_tail
        if inflater.eof:
            if inflater.unused_data or start + _PIECE < len(data):
                raise _damaged_gzip()
            return
    raise _damaged_gzip()


_HINT = "nothing of it was used; ask the sender for a correct package"


def _unreadable(why: str) -> Terminal:
    return Terminal("ECQS-4011", f"archive refused: it {why}", hint=_HINT)


def _not_allowed(why: str) -> Terminal:
    return Terminal("ECQS-4012", f"archive refused: it {why}", hint=_HINT)


def _too_much(why: str) -> Terminal:
    return Terminal("ECQS-4013", f"archive refused: it {why}", hint=_HINT)


def _damaged_gzip() -> Terminal:
    return Terminal("ECQS-4014", "gzip data refused: it is cut off, damaged or followed by other bytes", hint=_HINT)
