"""Processor time the server takes for a database: on a busy machine the only figure that says what work is done."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import sqlalchemy as sa

__all__ = ["Spent", "spending"]

_EVERY = 0.05


@dataclass
class Spent:
    """Processor seconds of server processes, each as last seen, and of the processes that asked them."""

    by_process: dict[int, float] = field(default_factory=dict)
    asking: float = 0.0

    @property
    def seconds(self) -> float | None:
        """All of them together; None where the server's processes cannot be looked at."""
        return sum(self.by_process.values()) + self.asking if self.by_process else None


@contextmanager
def spending(url: sa.URL) -> Iterator[Spent]:
    """Watch all processes of a database that start meanwhile, parallel workers too, and ours and our children's.

    What a process does in its last 50 ms is not seen.
    """
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    wanted = sa.text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    found, done = Spent(), Event()

    def watch() -> None:
        with engine.connect() as connection:
            while not done.wait(_EVERY):
                for pid in connection.execute(wanted).scalars():
                    _look(found, int(pid))
        found.asking -= time.thread_time()

    watching, before = Thread(target=watch), _asking()
    watching.start()
    try:
        yield found
    finally:
        done.set()
        watching.join()
        engine.dispose()
        found.asking += _asking() - before


def _look(found: Spent, pid: int) -> None:
    with suppress(OSError):  # it has ended meanwhile, or the server is elsewhere
        found.by_process[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _asking() -> float:
    mine, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime
