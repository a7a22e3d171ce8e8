"""Output that cannot be written, because the disk under a log is full: it must not end a run half-way.

A nightly ``ecqs sync >> sync.log`` works on another disk than its log. What it prints is lost then, said on stderr
and by the exit code; the work itself goes on.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, TextIO

import typer

__all__ = ["guard"]


class _Guarded:
    """Standard output that drops what cannot be written, and remembers why; a reader who left is another matter."""

    def __init__(self, inner: TextIO) -> None:
        self._inner = inner
        self.lost: OSError | None = None

    def write(self, text: str) -> int:
        """Write, or drop it."""
        try:
            return self._inner.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.lost = error
            return len(text)

    def flush(self) -> None:
        """Flush, or drop what is left."""
        try:
            self._inner.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self.lost = error

    def end(self) -> None:
        """Take the guard away; exit with 1 when something was lost."""
        sys.stdout = self._inner
        self.flush()
        if self.lost is None:
            return
        with suppress(OSError, ValueError):  # what still lies in the buffer must not fail a second time
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._inner.fileno())
            os.close(nowhere)
        why = self.lost.strerror or type(self.lost).__name__
        with suppress(OSError):
            sys.stderr.write(
                f"ECQS-6090 some of the output could not be written ({why}). Next: free the disk it goes to; what the"
                " command did is in the ledger, `ecqs status` shows it\n"
            )
        raise SystemExit(1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def guard(context: typer.Context) -> None:
    """Guard standard output until the command has ended."""
    guarded = _Guarded(sys.stdout)
    sys.stdout = guarded
    context.call_on_close(guarded.end)
