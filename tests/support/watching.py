"""Sees whether hostile content gets anything done: what Python reports of files, processes, network and code."""

from __future__ import annotations

import sys

_WATCHED = (
    *("open", "exec", "compile", "import", "socket", "subprocess", "os.", "shutil", "ctypes", "pty", "urllib"),
    *("ftplib", "sqlite3", "tempfile", "glob", "mmap", "marshal", "pickle", "builtins"),
)
_seen: list[str] | None = None


def _watch(event: str, args: tuple[object, ...]) -> None:
    if _seen is not None and event.startswith(_WATCHED):
        _seen.append(event)


sys.addaudithook(_watch)


class Watching:
    """Collects the names of such events while it is open."""

    def __enter__(self) -> list[str]:
        global _seen  # noqa: PLW0603 -- an audit hook can be added but never removed
        _seen = []
        return _seen

    def __exit__(self, *error: object) -> None:
        global _seen  # noqa: PLW0603
        _seen = None
