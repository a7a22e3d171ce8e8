"""Writing files so that a reader sees the whole new file or none of it, also after a power cut."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ecqs_gateway.errors import Terminal

__all__ = ["sync_folder", "write_atomic"]


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, then rename it into place.

    Raises Terminal ECQS-3001 when the disk is full or the folder cannot be written; no torn file is left behind.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
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
