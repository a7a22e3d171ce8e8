"""What is still to be decided: every value, key or cell that begins with TODO, with file, line and column.

``TODO`` alone is a gap. ``TODO zsbh`` is a proposal nobody has agreed to yet: taking the TODO away agrees to it.
Neither is ever used: a file with one of them cannot run (``Problem.blocking``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from ecqs_gateway.content.problems import Problem
from ecqs_gateway.content.yaml_reader import Document, Path

__all__ = ["MARK", "is_todo", "unfinished_cells", "unfinished_values"]

MARK = "TODO"
"""How an undecided value begins."""

_TODO = re.compile(rf"{MARK}(?![\w-])")
_PROPOSED = re.compile(rf"{MARK}:?\s+(?P<what>\S.*)", re.DOTALL)
_DECIDED_CELLS = ("source", "national")


def is_todo(text: str) -> bool:
    """Say whether a value is still to be decided."""
    return _TODO.match(text) is not None


def unfinished_values(path: str, document: Document) -> Iterator[Problem]:
    """Find what is to be decided in a YAML file."""
    for place, mark in document.marks.items():
        if mark.text is not None and is_todo(mark.text):
            yield _problem(path, (mark.line, mark.column), _name(place), mark.text)
        last = place[-1] if place else None
        if isinstance(last, str) and is_todo(last):
            message = f"the key {last} is still to be replaced"
            yield Problem(path, mark.key_line, mark.key_column, "todo", "ECQS-1080", message, None, last)


def unfinished_cells(path: str, text: str) -> Iterator[Problem]:
    """Find what is to be decided in a unit's code file; notes may say TODO as often as they like."""
    reader = csv.reader(io.StringIO(text, newline=""))
    columns: Sequence[str] = ()
    try:
        for cells in reader:
            if not columns:
                columns = [cell.strip() for cell in cells]
                continue
            yield from _cells(path, reader.line_num, dict(zip(columns, cells, strict=False)))
    except csv.Error:
        return  # told of the file itself


def _cells(path: str, line: int, cells: dict[str, str]) -> Iterator[Problem]:
    column = 1
    for name, cell in cells.items():
        if name in _DECIDED_CELLS and is_todo(cell.strip()):
            source = cells.get("source", "").strip()
            what = f"the national code of {source}" if name == "national" and source else f"this {name} value"
            yield _problem(path, (line, column), what, cell.strip())
        column += len(cell) + 1


def _problem(path: str, at: tuple[int, int], what: str, text: str) -> Problem:
    proposed = _PROPOSED.match(text)
    if proposed is None:
        return Problem(path, *at, "todo", "ECQS-1080", f"{what} is still to be filled in", None, text)
    guess = " ".join(proposed["what"].split())
    hint = f"proposed: {guess}; take the word TODO away to agree, or write another"
    return Problem(path, *at, "todo", "ECQS-1080", f"{what} is still to be decided", hint, text)


def _name(place: Path) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in place)
