"""Loads the national code tables, ``schemas/codes/*.csv``, and says what is wrong with them.

A table is UTF-8, comma-separated, with the columns ``code, name, valid_from, valid_until, source, note`` first and its
own columns behind. Dates are ISO, empty means open, both days are included. One code may stand in several rows whose
periods do not overlap. Every row names its source. Own columns follow three conventions, so that tables can refer to
each other without anything to configure:

* a column called like another table (``certificate_statuses``) holds codes of it, ``|`` between several;
* a column called like one row of another table (``product_class``) holds exactly one of its codes;
* ``parent`` holds a code of the same table.

Problems (all of them at once, none raised):

====  ===============================================================================================
1281  the file cannot be read as UTF-8 CSV, or holds no row
1282  the header is not the one a code table has
1283  a row has more or fewer cells than the header, or a cell holds a line break or blanks around it
1284  a code is missing or has characters no code may have
1285  a name or a source is missing
1286  a date is not a date, or a period ends before it begins
1287  two rows of one code overlap in time, or stand twice
1288  a cell refers to a code that does not exist
1289  the file's name is no table name
====  ===============================================================================================
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import polars as pl

from ecqs_gateway.content.problems import Problem, did_you_mean
from ecqs_gateway.model.codes import COLUMNS, CodeTable, CodeTables

__all__ = ["CodeProblem", "load_code_tables"]

CodeProblem = Problem
"""What is wrong in one cell of a code table."""

_PLACE = "schemas/codes"
_NAME = re.compile("[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_CODE = re.compile("[0-9A-Za-z._-]{1,64}")
_MANY = "|"
_SCHEMA = {"valid_from": pl.Date, "valid_until": pl.Date}
_LARGEST = 16 * 1024 * 1024  # bytes; the largest table of ours has a few kilobytes


@dataclass(frozen=True)
class _Row:
    """One row as it stands in the file: its line, its cells by column, and where each cell begins."""

    line: int
    cells: Mapping[str, str]
    starts: Mapping[str, int]


@dataclass(frozen=True)
class _File:
    """One file while it is checked; problems gather in a list all parts share."""

    name: str
    path: str
    columns: tuple[str, ...]
    rows: tuple[_Row, ...]
    problems: list[Problem]

    def report(self, code: str, row: _Row, column: str, message: str, hint: str | None = None) -> None:
        """Note a problem of one cell."""
        text = row.cells.get(column) or None
        place = row.starts.get(column, 1)
        self.problems.append(Problem(self.path, row.line, place, "error", f"ECQS-{code}", message, hint, text))


def load_code_tables(folder: Path, *, place: str = _PLACE) -> tuple[CodeTables, list[CodeProblem]]:
    """Load all tables of a folder; gives those that could be read, and everything that is wrong with any of them.

    A table with a problem is still given, without the rows that have one, so that other checks can go on: callers must
    not run on tables with problems. ``place`` is the folder's path in messages, relative to the content root.
    """
    problems: list[Problem] = []
    files = [file for path in sorted(folder.glob("*.csv")) if (file := _read(path, place, problems)) is not None]
    tables = {}
    for file in files:
        good = [row for row in file.rows if _check_row(file, row)]
        periods = _check_periods(file, good)
        tables[file.name] = CodeTable(file.name, _frame(file.columns, good, periods))
    _check_references(files, tables)
    return CodeTables(MappingProxyType(tables)), sorted(problems, key=lambda problem: problem.sort_key)


def _read(path: Path, place: str, problems: list[Problem]) -> _File | None:
    """Read one file into rows; None when there is nothing to go on with."""
    shown = f"{place}/{path.name}"

    def fail(code: str, message: str, hint: str, line: int = 1) -> None:
        problems.append(Problem(shown, line, 1, "error", f"ECQS-{code}", message, hint))

    if not _NAME.fullmatch(path.stem):
        fail("1289", f"{path.stem!r} is no table name", "use lower-case words joined by _, such as test_methods.csv")
        return None
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8") if len(raw) <= _LARGEST else None
    except OSError as error:
        fail("1281", f"the file cannot be read ({error.strerror})", "mend its permissions")
        return None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fail("1281", "the file is not UTF-8", "save it as UTF-8 without byte order mark", line)
        return None
    if text is None:
        fail("1281", "the file is larger than 16 MiB", "a code table is far smaller: is it the right file?")
        return None
    if text.startswith("\ufeff"):
        fail("1281", "the file begins with a byte order mark", "save it as UTF-8 without byte order mark")
        text = text[1:]
    return _rows(path.stem, shown, text, problems)


def _rows(name: str, shown: str, text: str, problems: list[Problem]) -> _File | None:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    header = _split(lines[0])[0] if lines[0] else []
    if not _check_header(shown, lines[0], header, problems):
        return None
    rows: list[_Row] = []
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        cells, starts = _split(line)
        whole = line.count('"') % 2 == 0
        if len(cells) != len(header) or not whole:
            message = f"this row has {len(cells)} cells, the header has {len(header)}" if whole else 'a " is not closed'
            hint = 'put cells with a comma between " marks; a cell cannot go over several lines'
            problems.append(Problem(shown, number, 1, "error", "ECQS-1283", message, hint))
            continue
        rows.append(_Row(number, dict(zip(header, cells, strict=True)), dict(zip(header, starts, strict=True))))
    if not rows:
        problems.append(Problem(shown, 1, 1, "error", "ECQS-1281", "the table holds no row", "add rows or remove it"))
    return _File(name, shown, tuple(header), tuple(rows), problems)


def _split(line: str) -> tuple[list[str], list[int]]:
    """Give the cells of a line and the column, counted from 1, where each begins."""
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error:  # a cell beyond the library's limit: no code table has one
        cells = []
    starts, quoted = [1], False
    for place, sign in enumerate(line, 2):
        if sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            starts.append(place)
    return cells, starts


def _check_header(shown: str, line: str, header: Sequence[str], problems: list[Problem]) -> bool:
    """Compare the header with the columns every table has; own columns need good names of their own."""
    starts = _split(line)[1]

    def report(place: int, message: str, hint: str | None) -> None:
        problems.append(
            Problem(shown, 1, starts[place] if place < len(starts) else 1, "error", "ECQS-1282", message, hint)
        )

    before = len(problems)
    for place, wanted in enumerate(COLUMNS):
        found = header[place] if place < len(header) else ""
        if found != wanted:  # one column left out shifts all behind it: the first says enough
            hint = f"a code table begins with: {','.join(COLUMNS)}"
            report(place, f"column {place + 1} is {found!r}, it should be {wanted!r}", hint)
            return False
    for place, column in enumerate(header[len(COLUMNS) :], len(COLUMNS)):
        if not _NAME.fullmatch(column):
            report(place, f"{column!r} is no column name", "use lower-case words joined by _")
        elif column in header[:place]:
            report(place, f"the column {column!r} stands twice", "remove one of them")
    return len(problems) == before


def _check_row(file: _File, row: _Row) -> bool:
    before = len(file.problems)
    for column, cell in row.cells.items():
        if cell != cell.strip() or "\t" in cell:
            file.report("1283", row, column, f"{column} has blanks around it or a tab in it", "remove them")
    if not _CODE.fullmatch(row.cells["code"].strip()):
        hint = "a code has 1 to 64 letters, digits, dots, hyphens or underscores"
        file.report("1284", row, "code", "the code is missing or has other characters", hint)
    for column in ("name", "source"):
        if not row.cells[column].strip():
            step = "say where the row comes from, or: proposed by this project" if column == "source" else None
            file.report("1285", row, column, f"the {column} is missing", step)
    period = [_date(file, row, column) for column in ("valid_from", "valid_until")]
    if period[0] is not None and period[1] is not None and period[0] > period[1]:
        file.report("1286", row, "valid_until", "the period ends before it begins", "exchange or correct the dates")
    return len(file.problems) == before


def _date(file: _File, row: _Row, column: str) -> date | None:
    cell = row.cells[column].strip()
    if not cell:
        return None
    try:
        return _iso(cell)
    except ValueError:
        file.report("1286", row, column, f"{column} is not a date", "write it as 2020-01-05, or leave it empty if open")
        return None


def _iso(cell: str) -> date:
    """Give the date; raises ValueError for any other spelling that ``fromisoformat`` would take, such as 20200105."""
    found = date.fromisoformat(cell)
    if found.isoformat() != cell:
        raise ValueError(cell)
    return found


_Period = tuple[date | None, date | None]


def _check_periods(file: _File, rows: Sequence[_Row]) -> list[_Period]:
    """Give the validity period of each row, and report rows of one code that overlap."""
    periods: list[_Period] = []
    by_code: dict[str, list[tuple[date, date, _Row]]] = {}
    for row in rows:
        first, last = (
            _iso(row.cells[column]) if row.cells[column] else None for column in ("valid_from", "valid_until")
        )
        periods.append((first, last))
        by_code.setdefault(row.cells["code"], []).append((first or date.min, last or date.max, row))
    for spans in by_code.values():
        spans.sort(key=lambda span: (span[0], span[2].line))
        for (_, last, earlier), (first, _, row) in pairwise(spans):
            if first <= last:
                message = f"this row overlaps in time with line {earlier.line}, which has the same code"
                hint = "end the earlier row the day before this one begins"
                file.report("1287", row, "valid_from" if row.cells["valid_from"] else "code", message, hint)
    return periods


def _frame(columns: Sequence[str], rows: Sequence[_Row], periods: Sequence[_Period]) -> pl.DataFrame:
    """Make the table: dates as dates, empty cells of columns other than code and name as null."""
    data: dict[str, list[str | date | None]] = {
        column: [row.cells[column] or None for row in rows] for column in columns
    }
    data["valid_from"] = [first for first, _ in periods]
    data["valid_until"] = [last for _, last in periods]
    return pl.DataFrame(data, schema={column: _SCHEMA.get(column, pl.String) for column in columns})


def _check_references(files: Sequence[_File], tables: Mapping[str, CodeTable]) -> None:
    singular = {_singular(name): name for name in tables}
    for file in files:
        for column in file.columns[len(COLUMNS) :]:
            if column == "parent":
                target, many = file.name, False
            elif column in tables:
                target, many = column, True
            elif column in singular:
                target, many = singular[column], False
            else:
                continue
            for row in file.rows:
                _check_reference(file, row, column, (tables[target], many))


def _check_reference(file: _File, row: _Row, column: str, target: tuple[CodeTable, bool]) -> None:
    table, many = target
    cell = row.cells[column]
    for code in _pieces(cell) if many else [cell]:
        if cell and code not in table.codes:
            message = f"{code!r} is no code of {table.name}"
            file.report("1288", row, column, message, did_you_mean(code, sorted(table.codes)))


def _pieces(cell: str) -> Iterator[str]:
    return (piece.strip() for piece in cell.split(_MANY))


def _singular(name: str) -> str:
    for ending, single in (("ies", "y"), ("sses", "ss"), ("uses", "us"), ("s", "")):
        if name.endswith(ending):
            return name.removesuffix(ending) + single
    return name
