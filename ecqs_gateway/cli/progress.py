"""Progress of a flow on a terminal: one bar per unit and kind; plain lines where nobody watches."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from ecqs_gateway.flows.progress import Step

__all__ = ["TerminalProgress"]

_SHOWN = ("extracted", "unchanged", "batched", "dead", "sent", "loaded", "rejected")


class TerminalProgress:
    """Shows the steps of a flow; safe to call from several threads."""

    def __init__(self, console: Console, *, live: bool) -> None:
        """Show bars when ``live``, plain lines otherwise."""
        self._console = console
        self._live = live
        self._lock = threading.Lock()
        self._totals: dict[tuple[str, str], dict[str, int]] = {}
        self._tasks: dict[tuple[str, str], TaskID] = {}
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[note]}"))
        self._bars = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._live:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; the bars go away, the table that follows stays."""
        self._bars.stop()

    def __call__(self, step: Step) -> None:
        """Take note of one step."""
        with self._lock:
            place = (step.unit, step.kind)
            totals = self._totals.setdefault(place, {})
            for name, value in step.counts.items():
                totals[name] = totals.get(name, 0) + value
            note = "  ".join(f"{name} {totals[name]}" for name in _SHOWN if totals.get(name))
            if not self._live:
                if step.event in {"collected", "delivered", "failed", "stopped"}:
                    self._console.print(Text(f"{step.unit} {step.kind}: {step.event}  {note}"))
                return
            if place not in self._tasks:
                self._tasks[place] = self._bars.add_task(f"{step.unit} {step.kind}", total=None, note="")
            batched = totals.get("batched", 0)
            done = totals.get("loaded", 0) + totals.get("rejected", 0)
            if step.event in {"delivered", "failed"}:
                self._bars.update(self._tasks[place], total=1, completed=1, note=f"{step.event}  {note}")
            else:
                self._bars.update(self._tasks[place], total=batched or None, completed=done, note=note)
