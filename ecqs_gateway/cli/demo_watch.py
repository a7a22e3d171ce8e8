"""Shows how a run in another process comes along, by reading the ledger it writes."""

from __future__ import annotations

import subprocess
import time

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ecqs_gateway.errors import GatewayError
from ecqs_gateway.ledger import query
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.settings import load_settings

__all__ = ["watch"]

_PAUSE = 0.5
_NUMBERS = ("extracted", "batched", "sent", "loaded", "rejected")


def watch(process: subprocess.Popen[bytes], environment: dict[str, str], console: Console, *, live: bool) -> None:
    """Show the counts of the run until its process ends: a table that moves on a terminal, plain lines otherwise."""
    database = Database(load_settings(environment).ledger_url)
    before = _last(database)
    seen: dict[tuple[str, str], tuple[int, ...]] = {}
    started = time.monotonic()
    screen = (
        Live(Text("   starting Airflow …"), console=console, transient=True, refresh_per_second=4) if live else None
    )
    try:
        if screen is not None:
            screen.start()
        while process.poll() is None:
            time.sleep(_PAUSE)
            rows = _rows(database, before)
            if screen is not None:
                screen.update(_table(rows, time.monotonic() - started))
            else:
                _lines(rows, seen, console)
        if screen is None:
            _lines(_rows(database, before), seen, console)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    finally:
        if screen is not None:
            screen.stop()
        database.dispose()


def _last(database: Database) -> str | None:
    try:
        last = query.last_run(database) if database.revision() else None
    except GatewayError:
        return None  # the other process is just making it
    return last["id"] if last else None


def _rows(database: Database, before: str | None) -> list[query.Row]:
    last = _last(database)
    return query.run_counts(database, last) if last is not None and last != before else []


def _table(rows: list[query.Row], seconds: float) -> Table:
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    for name in ("   unit", "kind", *_NUMBERS):
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row in rows:
        table.add_row(f"   {row['unit']}", row["kind"], *(str(row[name]) for name in _NUMBERS))
    if not rows:
        table.add_row(f"   starting … {seconds:.0f} s")
    return table


def _lines(rows: list[query.Row], seen: dict[tuple[str, str], tuple[int, ...]], console: Console) -> None:
    for row in rows:
        place, numbers = (row["unit"], row["kind"]), tuple(row[name] for name in _NUMBERS)
        if seen.get(place) != numbers:
            seen[place] = numbers
            counted = "  ".join(f"{name} {value}" for name, value in zip(_NUMBERS, numbers, strict=True) if value)
            console.print(Text(f"   {row['unit']} {row['kind']:<20} {counted}"))
