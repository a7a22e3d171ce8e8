"""Writing files so that a reader sees the whole new file or none of it, also after a power cut.

What the gateway writes may hold personal data or keys: files belong to its account alone (0600), and so do the folders
it makes (0700). A folder that was there before keeps the permissions somebody gave it.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ecqs_gateway.errors import Terminal

__all__ = ["make_folder", "make_private", "sync_folder", "write_atomic"]

_FOLDER, _FILE = 0o700, 0o600


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
    temporary: str | None = None
    try:
        make_folder(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
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
