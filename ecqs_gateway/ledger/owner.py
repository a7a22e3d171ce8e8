"""Who holds a lease, and whether that process is provably gone.

An owner names host, kernel boot, pid namespace, process and start time of the process. Only where kernel and
namespace are our own can a missing process be believed: a process number of another machine or container says nothing
here.
"""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

__all__ = ["gone", "myself"]

_PROC = Path("/proc")
_UNKNOWN = "-"


def myself() -> str:
    """Name this process as ``host:place:pid:start:unique``, unlike every other taking of a lease."""
    pid = os.getpid()
    return ":".join((socket.gethostname(), _place(), str(pid), _start(pid) or _UNKNOWN, uuid.uuid4().hex[:8]))


def gone(owner: str) -> bool:
    """Say whether the process that is named so is provably dead; False where that cannot be known from here."""
    parts = owner.rsplit(":", 4)
    if len(parts) != 5 or _UNKNOWN in parts[1:4] or parts[1] != _place() or not parts[2].isdecimal():
        return False
    pid = int(parts[2])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it lives, and belongs to another user
    return _start(pid) not in (parts[3], None)


def _place() -> str:
    """Name the kernel since its start and our pid namespace in it; - where the system has no such things."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}.{(_PROC / 'self/ns/pid').stat().st_ino}"
    except (OSError, UnicodeError):
        return _UNKNOWN


def _start(pid: int) -> str | None:
    """Give when a process started, in clock ticks since the kernel's start; ``ended`` for one not yet collected."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # behind the name, which may hold anything
    return "ended" if fields[0] in ("Z", "X") else fields[19]
