"""Writing files so that a reader sees the whole new file or none of it, also after a power cut.

What the gateway writes may hold personal data or keys: files belong to its account alone (0600), and so do the folders
it makes (0700). A folder that was there before keeps the permissions somebody gave it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ecqs_gateway.errors import Terminal

__all__ = ["copy_atomic", "half_written", "make_folder", "make_private", "sync_folder", "write_atomic"]

_BLOCK = 1 << 20
_FOLDER, _FILE = 0o700, 0o600
_PART = ".part"


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each for this account alone; raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=_FOLDER)
    if not folder.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))


def make_private(file: Path) -> None:
    """Make an empty file for this account alone, unless there is one of that name; raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE))


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, then rename it into place.

    Raises Terminal ECQS-3001 when the disk is full or the folder cannot be written; no torn file is left behind.
    """

    def fill(file: BinaryIO) -> None:
        file.write(data)

    _replaced(path, fill)


def copy_atomic(source: Path, path: Path) -> tuple[str, int]:
    """Copy a file like ``write_atomic`` writes one, however large it is; give SHA-256 (hex) and size of what was read.

    Raises FileNotFoundError when the source is not there, Terminal ECQS-3001 when the copy cannot be written.
    """
    digest, size = hashlib.sha256(), 0

    def fill(file: BinaryIO) -> None:
        nonlocal size
        while block := opened.read(_BLOCK):
            file.write(block)
            digest.update(block)
            size += len(block)

    with source.open("rb") as opened:
        _replaced(path, fill)
    return digest.hexdigest(), size


def half_written(name: str) -> bool:
    """Say of a file's name that ``write_atomic`` or ``copy_atomic`` has not come to its end, or never will."""
    last = name.rpartition("/")[2]
    return last.startswith(".") and last.endswith(_PART)


def _replaced(path: Path, fill: Callable[[BinaryIO], None]) -> None:
    temporary: str | None = None
    try:
        make_folder(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PART)
        with os.fdopen(handle, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise Terminal(
            "ECQS-3001",
            f"cannot write the file ({error.strerror or type(error).__name__})",
            where=str(path),
            hint="free disk space or mend the folder's permissions, then run the same command again",
        ) from error


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
