"""What kind of file this is, by its content and not by its name: for papers that are filed and handed on.

Only forms that can be filed for good and carry no macros: PDF, OFD (GB/T 33190), PNG and JPEG.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ecqs_gateway.errors import Terminal

__all__ = ["LARGEST", "Media", "read_paper"]

LARGEST = 50_000_000
"""Bytes one paper may have."""
_TAIL = 2048
_HINT = "save it as PDF or OFD, or scan it as PNG or JPEG, and add it again"


@dataclass(frozen=True)
class Media:
    """A form of file: media type, the ending it gets in a package, and the endings a file of it may have."""

    type: str
    ending: str
    endings: tuple[str, ...]


_PDF = Media("application/pdf", "pdf", (".pdf",))
_OFD = Media("application/ofd", "ofd", (".ofd",))
_PNG = Media("image/png", "png", (".png",))
_JPEG = Media("image/jpeg", "jpg", (".jpg", ".jpeg"))


def read_paper(path: Path) -> tuple[bytes, Media]:
    """Read a file and say what it is.

    Raises Terminal: ECQS-7050 it cannot be read, ECQS-7051 empty or too large, ECQS-7052 not of a form that can be
    filed, or cut off, ECQS-7053 its name says another form than its content. No name of a file stands in the message.
    """
    try:
        if not path.is_file():
            raise Terminal("ECQS-7050", "there is no such file", where=path.name)
        if not 0 < path.stat().st_size <= LARGEST:
            raise Terminal("ECQS-7051", f"a paper has 1 to {LARGEST} bytes", where=path.name, hint=_HINT)
        data = path.read_bytes()
    except OSError as error:
        raise Terminal("ECQS-7050", f"the file cannot be read ({error.strerror})", where=path.name) from error
    media = media_of(data)
    if media is None:
        raise Terminal("ECQS-7052", "its content is no whole PDF, OFD, PNG or JPEG", where=path.name, hint=_HINT)
    if path.suffix.lower() not in media.endings:
        why = f"its content is {media.type}, which its name does not say"
        raise Terminal("ECQS-7053", why, where=path.name, hint=f"call it *.{media.ending} if that is what it is")
    return data, media


def media_of(data: bytes) -> Media | None:
    """Give the form of a file by what it begins and ends with; None for any other, and for one that is cut off."""
    tail = data[-_TAIL:]
    if data.startswith(b"%PDF-"):
        return _PDF if b"%%EOF" in tail else None
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _PNG if b"IEND" in tail else None
    if data.startswith(b"\xff\xd8\xff"):
        return _JPEG if b"\xff\xd9" in tail else None
    return _OFD if data.startswith(b"PK\x03\x04") and _is_ofd(data) else None


def _is_ofd(data: bytes) -> bool:
    """Say whether a ZIP has OFD's entry document; nothing is inflated."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "OFD.xml" in archive.namelist()
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError):
        return False
