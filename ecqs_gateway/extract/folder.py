"""Files of a drop folder: which ones are to be read, and why the others are not.

The folder is the whole world here. A name from outside is only ever matched, never turned into a path of its own;
links that lead out, and names that are no plain text, are passed over with a remark. A file somebody is still writing
is left for the next run, for half a file would be taken for a whole one.
"""

from __future__ import annotations

import fnmatch
import hashlib
import stat
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.personal import mask_numbers
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.notes import Notes, Tally

__all__ = ["SETTLE", "Drop", "Dropped"]

SETTLE = timedelta(seconds=5)
"""A file changed more recently than this may still be on its way."""

_UNFINISHED_ENDS = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", ".swp", ".lock", "~")
_UNFINISHED_STARTS = (".", "~$")


@dataclass(frozen=True)
class Dropped:
    """One file: its name relative to the folder, with ``/``, as it may be shown, and where it lies."""

    name: str
    path: Path
    size: int
    changed_ns: int


@dataclass(frozen=True)
class Drop:
    """A drop folder and the names one stream reads from it."""

    folder: Path
    pattern: str
    place: str
    settle: timedelta = SETTLE
    clock: Clock = now

    def files(self, notes: Notes, tally: Tally) -> list[Dropped]:
        """Give the files to look at, by name; raises Misconfigured ECQS-2021 when the folder cannot be read."""
        root = self._root()
        found: list[Dropped] = []
        for path in sorted(self._candidates(root)):
            name = path.relative_to(root).as_posix()
            reason = self._not_now(root, path, name)
            if reason is not None:
                notes.add("ECQS-2054", f"{self.place}: {_shown(name)}", reason)
                tally.files_left += 1
                continue
            entry = path.stat()
            found.append(Dropped(_shown(name), path, entry.st_size, entry.st_mtime_ns))
        return found

    def _root(self) -> Path:
        try:
            root = self.folder.resolve(strict=True)
            next(root.iterdir(), None)
        except OSError as error:
            raise Misconfigured(
                "ECQS-2021",
                f"the folder cannot be read ({error.strerror})",
                where=self.place,
                hint="correct the path of the connection, or let this account read the folder",
            ) from error
        return root

    def _candidates(self, root: Path) -> set[Path]:
        """Give the files of that name, and those that will have it once they are finished."""
        found = {path for path in root.glob(self.pattern) if not path.is_dir()}
        last = self.pattern.rpartition("/")[2]
        for path in root.glob(self.pattern[: len(self.pattern) - len(last)] + "*"):
            name = path.name.removeprefix("~$").lstrip(".")
            ends = (end for end in _UNFINISHED_ENDS if name.endswith(end))
            if not path.is_dir() and any(fnmatch.fnmatchcase(name.removesuffix(end), last) for end in ends):
                found.add(path)
        return found

    def _not_now(self, root: Path, path: Path, name: str) -> str | None:
        """Say why a file is not read in this run, or None."""
        if not name.isprintable():  # control characters, and bytes that are no UTF-8
            return "passed over: its name holds characters that cannot be shown; rename it"
        if path.name.endswith(_UNFINISHED_ENDS) or path.name.startswith(_UNFINISHED_STARTS):
            return "left for the next run: its name says that it is not finished"
        if not path.exists() or not path.resolve().is_relative_to(root):
            return "passed over: it is a link that leads nowhere or out of the folder"
        entry = path.stat()
        if not stat.S_ISREG(entry.st_mode):
            return "passed over: it is no plain file"
        if abs(self.clock().timestamp() - entry.st_mtime) < self.settle.total_seconds():
            return f"left for the next run: it changed less than {self.settle.total_seconds():g} s ago"
        return None


def _shown(name: str) -> str:
    """Give the name a file has in ledger and messages: one that holds an id or mobile number has it masked.

    A few digits of the name's digest keep two such files apart.
    """
    plain = name if name.isprintable() else ascii(name)
    masked = mask_numbers(plain)
    if masked == plain:
        return plain
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{masked}#{digest[:8]}"
