"""Remembers what of the shared content was found good, with all its examples, so that a nightly run need not again.

Nothing depends on it: where the file is missing, cannot be read or written, or holds anything else, everything is
checked. A digest is over all that the verdict depends on: the files themselves, code tables, calendar, and the engine
(each of its source files by size and time of change, and the versions of what it computes with).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import pydantic
import yaml

from ecqs_gateway import __version__
from ecqs_gateway.content.files import Bundle
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import GatewayError

__all__ = ["Proved"]

_ENGINE = Path(__file__).resolve().parent.parent
_COMPUTES_WITH = (pl.__version__, np.__version__, pydantic.VERSION, yaml.__version__, version("sqlglot"))
_ALWAYS = ("schemas/codes/", "schemas/calendar/")
_KEPT = 40
"""Digests kept: some bundles and engines side by side, as while one is tried out."""
_LONGEST = 1 << 16


class Proved:
    """What was found good before; without a file nothing is, and nothing is kept."""

    def __init__(self, file: Path | None = None) -> None:
        """Take the file it is kept in."""
        self._file = file

    def digest(self, bundle: Bundle, *places: str) -> str | None:
        """Give the digest of the files below these places and of what judges them; None where it cannot be told."""
        engine = _engine() if self._file is not None and not bundle.problems else None
        if engine is None:
            return None
        found = hashlib.sha256(engine)
        for path, raw in bundle.files.items():
            if path.startswith((*places, *_ALWAYS)):
                found.update(f"{path}\0{len(raw)}\0".encode())
                found.update(raw)
        return found.hexdigest()

    def good(self, digest: str | None) -> bool:
        """Say whether just this was found good before."""
        return digest is not None and digest in self._known()

    def keep(self, digest: str | None) -> None:
        """Remember that this was found good; a file that cannot be written is no failure."""
        # A home that is not there yet is not made for this.
        if digest is None or self._file is None or not self._file.parent.is_dir():
            return
        known = [one for one in self._known() if one != digest]
        with suppress(OSError, GatewayError):
            write_atomic(self._file, "".join(f"{one}\n" for one in [*known, digest][-_KEPT:]).encode())

    def _known(self) -> list[str]:
        if self._file is None:
            return []
        try:
            with self._file.open("rb") as file:
                text = file.read(_LONGEST).decode("ascii")
        except (OSError, UnicodeDecodeError):
            return []
        return [line for line in text.splitlines() if len(line) == 64]


@cache
def _engine() -> bytes | None:
    """Describe the engine; None where its source does not lie open."""
    try:
        files = sorted(_sources(_ENGINE))
    except OSError:
        return None
    versions = (__version__, sys.version, *_COMPUTES_WITH)
    return "\n".join((*versions, *files)).encode() if files else None


def _sources(folder: Path | str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sources(entry.path)
            elif entry.name.endswith(".py"):
                known = entry.stat()
                yield f"{entry.path}\0{known.st_size}\0{known.st_mtime_ns}"
