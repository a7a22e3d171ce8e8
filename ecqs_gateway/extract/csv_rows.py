"""CSV files row by row, with the physical line each row begins in, and lines that are no rows set aside.

The standard library's reader does the splitting, in its strict mode. It is fed line by line from here, so that one
quotation mark too many costs one line: without that, the reader would take the rest of the file for one field.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

__all__ = ["CsvRows", "Unreadable"]

_LONGEST_RECORD = 1_000  # physical lines; more than that in one record is a quotation mark nobody closed
_SHOWN = 2_000


@dataclass(frozen=True)
class Unreadable:
    """A line that is no row: its number, why, and what it says."""

    line: int
    reason: str
    text: str


class _EndlessRecord(Exception):
    pass


class _Lines(Iterator[str]):
    """The physical lines, which can be given back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.number = 0
        self.record: list[str] = []

    def __next__(self) -> str:
        if len(self.record) >= _LONGEST_RECORD:
            raise _EndlessRecord
        line = self._again.popleft() if self._again else self._text.readline()
        if not line:
            raise StopIteration
        self.number += 1
        self.record.append(line)
        return line

    def give_back(self, lines: list[str]) -> None:
        self.number -= len(lines)
        self._again.extendleft(reversed(lines))


@dataclass
class CsvRows:
    """Rows of one file, in batches."""

    text: TextIO
    delimiter: str = ","
    quote: str = '"'
    unreadable: list[Unreadable] = field(default_factory=list)
    """Lines set aside since the last call of ``take_unreadable``."""

    def __post_init__(self) -> None:
        """Begin before the first line."""
        self._lines = _Lines(self.text)

    def skip_lines(self, count: int) -> None:
        """Pass over the lines above the header, whatever they are."""
        for _ in range(count):
            if next(self._lines, None) is None:
                return
        self._lines.record.clear()

    def batches(self, size: int) -> Iterator[tuple[list[int], list[list[str]]]]:
        """Give physical line numbers and fields, about ``size`` rows at a time."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, row in self._records():
            numbers.append(number)
            rows.append(row)
            if len(rows) >= size:
                yield numbers, rows
                numbers, rows = [], []
        if rows:
            yield numbers, rows

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        lines = self._lines
        while True:
            reader = csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)
            lines.record.clear()
            first = lines.number + 1
            try:
                for row in reader:
                    yield first, row
                    first = lines.number + 1
                    lines.record.clear()
            except (_EndlessRecord, csv.Error) as error:
                self._set_aside(first, endless=isinstance(error, _EndlessRecord) or "end of data" in str(error))
                continue
            return

    def _set_aside(self, first: int, *, endless: bool) -> None:
        """Keep the record apart; where a quotation mark was never closed, only its first line."""
        record = list(self._lines.record)
        if endless:
            self._lines.give_back(record[1:])
            record = record[:1]
        reason = "引号没有配对" if endless else "引号之后有多余的字符, 或字段过长"
        self.unreadable.append(Unreadable(first, reason, "".join(record).rstrip("\r\n")[:_SHOWN]))

    def take_unreadable(self) -> list[Unreadable]:
        """Give the lines set aside since the last call."""
        found, self.unreadable = self.unreadable, []
        return found
