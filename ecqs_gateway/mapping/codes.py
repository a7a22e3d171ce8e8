"""A unit's own codes and words, turned into national codes by its code files ``mappings/<unit>/codes/<name>.csv``.

A code file is CSV in UTF-8 with the columns ``source,national,note``. It may also say how well the two fit
(``equivalence``: equal, wider, narrower, none) and when the source value was in use (``valid_from``,
``valid_until``); those are kept for the reader and change nothing here, except that ``none`` says openly that a
source value has no national code, so ``national`` stays empty and the value counts as unmapped.

Source values match without regard to case, width and blanks, after the same cleaning as the column.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.mapping.faults import MappingProblem
from ecqs_gateway.mapping.words import Step

__all__ = ["CodeMatch", "CodeStep", "LocalCode", "LocalCodeTable", "fold", "load_local_codes", "read_local_codes"]

_REQUIRED = ("source", "national", "note")
_OPTIONAL = ("equivalence", "valid_from", "valid_until")
_EQUIVALENCES = ("equal", "wider", "narrower", "none")


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


@dataclass(frozen=True)
class LocalCodeTable:
    """One code file of a unit."""

    name: str
    file: str
    codes: tuple[LocalCode, ...]


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
    """Read the text of a code file; gives the good lines, and every mistake with its line."""
    problems: list[MappingProblem] = []
    codes: list[LocalCode] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        columns = _header(header, file, problems)
        if columns:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    codes.extend(_line(cells, columns, _Spot(file, reader.line_num, problems)))
    except csv.Error as error:
        problems.append(MappingProblem("ECQS-1041", (), f"is not CSV: {error}", file=file, line=reader.line_num))
    _refuse_repeats(codes, file, problems)
    return LocalCodeTable(name, file, tuple(codes)), problems


@dataclass(frozen=True)
class _Spot:
    file: str
    line: int
    problems: list[MappingProblem]

    def report(self, message: str, hint: str | None = None) -> None:
        self.problems.append(MappingProblem("ECQS-1041", (), message, hint, file=self.file, line=self.line))


def _header(header: list[str], file: str, problems: list[MappingProblem]) -> list[str]:
    columns = [cell.strip() for cell in header]
    spot = _Spot(file, 1, problems)
    before = len(problems)
    for column in columns:
        if column not in _REQUIRED + _OPTIONAL:
            hint = did_you_mean(column, _REQUIRED + _OPTIONAL)
            spot.report(f"column {column!r} is not known", hint)
    if len(set(columns)) != len(columns):
        spot.report("a column is there twice")
    missing = [column for column in _REQUIRED if column not in columns]
    if missing:
        spot.report(f"column {', '.join(missing)} is missing", f"the first line must be {','.join(_REQUIRED)}")
    return columns if len(problems) == before else []


def _line(cells: list[str], columns: list[str], spot: _Spot) -> Iterator[LocalCode]:
    before = len(spot.problems)
    if len(cells) != len(columns):
        spot.report(f"has {len(cells)} cells, the first line has {len(columns)}", "put a cell with commas in quotes")
        return
    given = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    equivalence = given.get("equivalence") or "equal"
    if not given["source"]:
        spot.report("source is empty", "use `default` in the mapping for blank source values")
    if equivalence not in _EQUIVALENCES:
        hint = did_you_mean(equivalence, _EQUIVALENCES)
        spot.report(f"equivalence {equivalence!r} is not known", hint)
    if not given["national"] and equivalence != "none":
        spot.report("national is empty", "give a national code, or equivalence `none` where there is no fitting one")
    if given["national"] and equivalence == "none":
        spot.report("equivalence `none` says there is no national code, but one is given")
    first, last = _day(given, "valid_from", spot), _day(given, "valid_until", spot)
    if len(spot.problems) == before:
        national = given["national"] or None
        yield LocalCode(given["source"], national, given["note"], spot.line, equivalence, first, last)


def _day(given: Mapping[str, str], column: str, spot: _Spot) -> date | None:
    text = given.get(column, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        spot.report(f"{column} is not a date", "write it as YYYY-MM-DD")
        return None


def _refuse_repeats(codes: list[LocalCode], file: str, problems: list[MappingProblem]) -> None:
    seen: dict[str, int] = {}
    for code in codes:
        first = seen.setdefault(fold(code.source), code.line)
        if first != code.line:
            message = f"source is already in line {first} (case, width and blanks do not matter)"
            problems.append(MappingProblem("ECQS-1043", (), message, file=file, line=code.line))


@dataclass(frozen=True)
class CodeMatch:
    """What a column became: national codes, and which values the code file does not list (None: all are listed)."""

    national: pl.Series
    unmapped: pl.Series | None


class CodeStep:
    """Turns a cleaned text column into national codes."""

    def __init__(self, table: LocalCodeTable, clean: Step) -> None:
        """Clean the source values of the table as the column is cleaned; values cleaned to nothing are left out."""
        pairs = [(code.source, code.national) for code in table.codes if code.national is not None]
        sources = pl.Series("t", [source for source, _ in pairs], dtype=pl.String)
        cleaned = sources.to_frame().select(clean(pl.col("t")).alias("t")).to_series().to_list()
        self.name = table.name
        self._exact: dict[str, str] = {}
        for text, (_, national) in zip(cleaned, pairs, strict=True):
            if text:
                self._exact.setdefault(text, national)
        self._folded = {fold(text): national for text, national in reversed(self._exact.items())}

    def match(self, text: pl.Series) -> CodeMatch:
        """Look every value up; null stays null and is not unmapped."""
        national = _replaced(text, self._exact)
        if national.null_count() == text.null_count():
            return CodeMatch(national, None)
        # Another case or width is looked for once per distinct value, so a whole column of unknown codes stays cheap.
        odd = text.filter(national.is_null() & text.is_not_null()).unique()
        known = {one: self._folded[fold(one)] for one in odd.to_list() if fold(one) in self._folded}
        if known:
            national = national.zip_with(national.is_not_null(), _replaced(text, known))
        unmapped = national.is_null() & text.is_not_null()
        return CodeMatch(national, unmapped if bool(unmapped.any()) else None)


def _replaced(text: pl.Series, pairs: Mapping[str, str]) -> pl.Series:
    """Give the national code of each listed value, null for all others; 15 ns a value."""
    if not pairs:
        return pl.Series(text.name, [None], dtype=pl.String).new_from_index(0, len(text))
    places = text.cast(pl.Enum(list(pairs)), strict=False).to_physical()
    return pl.Series(text.name, list(pairs.values()), dtype=pl.String).gather(places)
