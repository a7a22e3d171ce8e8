"""A unit's own codes and words as its code files ``mappings/<unit>/codes/<name>.csv`` list them.

A code file is CSV in UTF-8 with the columns ``source,national,note``. Three more may follow:

* ``equivalence`` says how well the two fit: ``equal`` (also when left out), ``wider`` (the national code means more
  than the source value), ``narrower`` (it means less), ``none`` (there is no national code, said openly: ``national``
  stays empty);
* ``valid_from`` and ``valid_until`` say on which business dates the line holds, both days included, empty means open.
  A source value may have several lines whose periods do not overlap.

Source values match without regard to case, width and blanks, after the same cleaning as the column; how they are
looked up stands in ``codematch``.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.mapping.faults import MappingProblem

__all__ = ["EQUIVALENCES", "LocalCode", "LocalCodeTable", "fold", "load_local_codes", "read_local_codes"]

_REQUIRED = ("source", "national", "note")
_OPTIONAL = ("equivalence", "valid_from", "valid_until")
EQUIVALENCES: Mapping[str, str] = {
    "equal": "等同",
    "wider": "国家代码更宽",
    "narrower": "国家代码更窄",
    "none": "无对应",
}
"""How the national code relates to the source value, with the Chinese word for it."""

_CELL = re.compile(r'"(?:[^"]|"")*"|[^,]*')


@dataclass(frozen=True)
class LocalCode:
    """One line of a code file."""

    source: str
    national: str | None
    note: str
    line: int
    equivalence: str = "equal"
    valid_from: date | None = None
    valid_until: date | None = None

    @property
    def dated(self) -> bool:
        """Say whether the line holds for some business dates only."""
        return self.valid_from is not None or self.valid_until is not None

    def holds_on(self, day: date) -> bool:
        """Say whether the line holds on a business date."""
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)


@dataclass(frozen=True)
class LocalCodeTable:
    """One code file of a unit."""

    name: str
    file: str
    codes: tuple[LocalCode, ...]
    columns: tuple[str, ...] = _REQUIRED
    """Columns of the file, in order."""

    @property
    def dated(self) -> bool:
        """Say whether any line depends on the business date."""
        return any(code.dated for code in self.codes)


def fold(text: str) -> str:
    """Give the form in which source codes are compared: one width, one case, no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def read_local_codes(path: Path, file: str | None = None) -> tuple[LocalCodeTable, list[MappingProblem]]:
    """Read a code file; ``file`` is the name shown in problems. An unreadable file is a problem, not an exception."""
    shown = file or path.name
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problem = MappingProblem("ECQS-1041", (), f"cannot be opened ({error.strerror})", file=shown)
        return LocalCodeTable(path.stem, shown, ()), [problem]
    except UnicodeDecodeError:
        hint = "save it as UTF-8"
        problem = MappingProblem("ECQS-1041", (), "is not UTF-8 text", hint, file=shown)
        return LocalCodeTable(path.stem, shown, ()), [problem]
    return load_local_codes(path.stem, text, shown)


def load_local_codes(name: str, text: str, file: str) -> tuple[LocalCodeTable, list[MappingProblem]]:
    """Read the text of a code file; gives the good lines, and every mistake with its line, column and cell."""
    problems: list[MappingProblem] = []
    codes: list[LocalCode] = []
    written = text.split("\n")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    try:
        header = next(reader, [])
        columns = _header(header, _Spot(file, 1, written[0], problems))
        if columns:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    spot = _Spot(file, reader.line_num, written[reader.line_num - 1], problems)
                    codes.extend(_line(cells, columns, spot))
    except csv.Error as error:
        problems.append(MappingProblem("ECQS-1041", (), f"is not CSV: {error}", file=file, line=reader.line_num))
    problems.extend(_repeats(codes, file))
    return LocalCodeTable(name, file, tuple(codes), tuple(columns) or _REQUIRED), problems


@dataclass(frozen=True)
class _Spot:
    file: str
    line: int
    written: str
    """The line as it stands in the file."""
    problems: list[MappingProblem]

    def report(self, message: str, hint: str | None = None, *, cell: int | None = None) -> None:
        """Note a mistake of the line, or of one of its cells (from 0)."""
        column, text = self._cell(cell) if cell is not None else (None, None)
        self.problems.append(
            MappingProblem(
                "ECQS-1041", (), message, hint, file=self.file, line=self.line, column=column, text=text or None
            )
        )

    def _cell(self, number: int) -> tuple[int | None, str | None]:
        place = 0
        for _ in range(number):
            found = _CELL.match(self.written, place)
            place = found.end() + 1 if found is not None else len(self.written) + 1
        found = _CELL.match(self.written, place) if place <= len(self.written) else None
        return (place + 1, found[0].strip()) if found is not None else (None, None)


def _header(header: list[str], spot: _Spot) -> list[str]:
    columns = [cell.strip() for cell in header]
    before = len(spot.problems)
    for place, column in enumerate(columns):
        if column not in _REQUIRED + _OPTIONAL:
            hint = did_you_mean(column, _REQUIRED + _OPTIONAL)
            spot.report(f"column {column!r} is not known", hint, cell=place)
    if len(set(columns)) != len(columns):
        spot.report("a column is there twice")
    missing = [column for column in _REQUIRED if column not in columns]
    if missing:
        spot.report(f"column {', '.join(missing)} is missing", f"the first line must be {','.join(_REQUIRED)}")
    return columns if len(spot.problems) == before else []


def _line(cells: list[str], columns: list[str], spot: _Spot) -> Iterator[LocalCode]:
    before = len(spot.problems)
    if len(cells) != len(columns):
        spot.report(f"has {len(cells)} cells, the first line has {len(columns)}", "put a cell with commas in quotes")
        return
    given = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    equivalence = given.get("equivalence") or "equal"
    if not given["source"]:
        spot.report("source is empty", "use `default` in the mapping for blank source values")
    if equivalence not in EQUIVALENCES:
        hint = did_you_mean(equivalence, EQUIVALENCES)
        spot.report(f"equivalence {equivalence!r} is not known", hint, cell=columns.index("equivalence"))
    if not given["national"] and equivalence != "none":
        spot.report("national is empty", "give a national code, or equivalence `none` where there is no fitting one")
    if given["national"] and equivalence == "none":
        message = "equivalence `none` says there is no national code, but one is given"
        spot.report(message, "leave national empty, or say equal, wider or narrower", cell=columns.index("national"))
    first, last = (_day(given, column, columns, spot) for column in ("valid_from", "valid_until"))
    if first is not None and last is not None and last < first:
        spot.report(f"the period ends on {last}, before it begins on {first}", cell=columns.index("valid_until"))
    if len(spot.problems) == before:
        national = given["national"] or None
        yield LocalCode(given["source"], national, given["note"], spot.line, equivalence, first, last)


def _day(given: Mapping[str, str], column: str, columns: list[str], spot: _Spot) -> date | None:
    text = given.get(column, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        spot.report(f"{column} is not a date", "write it as YYYY-MM-DD", cell=columns.index(column))
        return None


def _repeats(codes: list[LocalCode], file: str) -> Iterator[MappingProblem]:
    """Find lines of one source value that hold at once, and days between two of them on which none does."""
    groups: dict[str, list[LocalCode]] = {}
    for code in codes:
        groups.setdefault(fold(code.source), []).append(code)
    for lines in groups.values():
        yield from _overlaps(lines, file)


def _overlaps(lines: list[LocalCode], file: str) -> Iterator[MappingProblem]:
    for place, code in enumerate(lines):
        other = next((one for one in lines[:place] if _meet(one, code)), None)
        if other is None:
            continue
        message = f"source is already in line {other.line} (case, width and blanks do not matter)"
        hint = None
        if code.dated or other.dated:
            message = f"holds at the same time as line {other.line}, which has the same source"
            hint = "end the older line on the day before the newer one begins"
        yield MappingProblem("ECQS-1043", (), message, hint, file=file, line=code.line, text=code.source)
    ordered = sorted(lines, key=lambda code: code.valid_from or date.min)
    for before, after in pairwise(ordered):
        if before.valid_until is None or after.valid_from is None or after.valid_from <= before.valid_until:
            continue
        first, last = before.valid_until + timedelta(1), after.valid_from - timedelta(1)
        if first <= last:
            message = f"no line says what this source is from {first} to {last} (line {before.line} ends before)"
            hint = "if that is meant, nothing is to be done: such values count as unmapped"
            yield MappingProblem(
                "ECQS-1046", (), message, hint, "warning", file=file, line=after.line, text=after.source
            )


def _meet(one: LocalCode, other: LocalCode) -> bool:
    first = max(one.valid_from or date.min, other.valid_from or date.min)
    return first <= min(one.valid_until or date.max, other.valid_until or date.max)
