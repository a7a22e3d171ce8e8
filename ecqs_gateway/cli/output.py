"""How the command line speaks: tables and colours on a terminal, plain lines in a log, JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.errors import GatewayError

__all__ = ["Unmasked", "console", "errors", "fail", "is_terminal", "print_json", "print_table", "say"]

Unmasked = Annotated[
    bool, typer.Option("--unmasked", help="Show id and mobile numbers too; that it was done is kept as evidence.")
]

console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
_stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def is_terminal() -> bool:
    """Say whether a person is watching: only then are there colours and progress bars."""
    return console.is_terminal


def say(line: str, *, style: str | None = None) -> None:
    """Print one line; text is never read as markup, so names may hold brackets."""
    console.print(Text(line, style=style or ""))


def print_json(value: object) -> None:
    """Print one JSON document, readable and with Chinese as it is."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def print_table(
    title: str, columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]], *, numbers: Sequence[str] = ()
) -> None:
    """Print rows as a table; ``columns`` gives key → heading, ``numbers`` the keys set to the right."""
    table = Table(title=Text(title), title_justify="left", title_style="bold", pad_edge=False, box=None, padding=(0, 2))
    for key, heading in columns.items():
        table.add_column(heading, justify="right" if key in numbers else "left", no_wrap=key in numbers)
    for row in rows:
        table.add_row(*(Text("" if row.get(key) is None else str(row.get(key))) for key in columns))
    console.print(table)


@contextmanager
def errors() -> Iterator[None]:
    """Turn a gateway error into a message with code, place and next step, and exit 1; others are defects."""
    try:
        yield
    except GatewayError as error:
        fail(error)


def fail(error: GatewayError) -> NoReturn:
    """Print an error for a person and exit 1."""
    _stderr.print(Text(redactor.mask(f"{error.code} {error.message}"), style="bold red"))
    if error.where:
        _stderr.print(Text(redactor.mask(f"  where: {error.where}")))
    if error.hint:
        _stderr.print(Text(redactor.mask(f"  next:  {error.hint}")))
    raise typer.Exit(1)
