"""What a reader of the run should know though it is no error: counts, and remarks with a code.

====  =========================================================================================
2051  rows without a readable time of change: they are read in every run
2052  a column every run searches by has no index
2053  a table's storage engine knows no snapshots
2054  a file is left for the next run
2055  names of a header were changed to make them usable
2056  rows with a null in their key: they are read in every run and have no child rows
2057  rows stamped later than the database's clock: they do not move the watermark
2058  an API is asked without encryption
2059  a list of an API changed while its pages were read
====  =========================================================================================
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

__all__ = ["Note", "Notes", "Tally"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Note:
    """A remark: stable code, where, and one sentence with the next step; never a value of a row."""

    code: str
    where: str
    message: str


@dataclass
class Notes:
    """Remarks of one run, each once."""

    items: list[Note] = field(default_factory=list)

    def add(self, code: str, where: str, message: str) -> None:
        """Keep and log a remark."""
        note = Note(code, where, message)
        if note not in self.items:
            self.items.append(note)
            _log.warning("%s %s: %s", code, where, message)


@dataclass
class Tally:
    """Counts of one run, so that what went in can be compared with what came out."""

    rows: int = 0
    """Rows handed over in frames."""
    unreadable: int = 0
    """Rows handed over as unreadable."""
    bad_cells: int = 0
    child_rows: int = 0
    unstamped: int = 0
    """Of the rows, those without a readable time of change."""
    keyless: int = 0
    """Of the rows, those with a null in their key."""
    ahead: int = 0
    """Of the rows, those stamped later than the clock."""
    empty_lines: int = 0
    """Lines of files without any value, passed over."""
    files: int = 0
    """Files read."""
    files_known: int = 0
    """Files not read because their content had been read before."""
    files_left: int = 0
    """Files left for the next run."""
