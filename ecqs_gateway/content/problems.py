"""What is wrong with the content: file, line, column, a sentence, and what was probably meant.

Codes (stable):

====  ===============================================================================================
1001  a file cannot be read (missing, not permitted, too large)
1002  a file is not clean UTF-8 (byte order mark, other encoding, control characters)
1003  a file is not YAML
1004  a key stands twice in one table
1005  a YAML feature we refuse (tags, merge keys, several documents, aliases that multiply, depth)
1010  unknown key
1011  missing key
1012  a value has the wrong form
1013  a value is not one of the choices
1014  keys that do not go together
1020  unit, kind or file name contradict each other
1021  unknown reporting unit
1022  unknown record kind
1023  a mapping without a connector or stream, or a stream without a mapping
1024  the stream of a mapping is missing in the connector
1030  unknown national field
1031  a required national field is not mapped
1032  a required national field is declared absent
1033  a declaration of absence has expired
1034  a list where a field belongs, or a field where a list belongs
1035  a child table the connector does not have
1036  a child table nobody uses
1040  a code file is missing
1041  a code file cannot be read as a table
1042  a national code that does not exist
1043  a source value that stands twice in a code file
1044  a code file nobody uses
1045  a case did not come out as it promises
1046  days on which no line of a code file says what a source value is
1049  a code file that cannot be opened
1050  a source column that was not seen at the source
1051  a source column nobody looked at: neither used nor ignored
1052  a business key that several rows may carry, and nothing says which of them counts
1062  a cleaning step that is not in the table, or whose list does not fit
1063  a regular expression the engine cannot use
1064  a constant or default its own field would refuse
1065  parse with a field that is no date, or a form that is none
1066  a column that is ignored and used
1067  a name that cannot be used in a JSON list
1068  a mapping that cannot be used, with all its mistakes
1070  a file that must exist does not
1071  a file where none is expected
1080  a place still to be filled in or decided
1081  a character whose sound the onboarding vocabulary does not know
1085  there is no such connection (86: it cannot be read, 87: it does not fit its use)
1088  a setting that makes no sense
====  ===============================================================================================

Problems of expressions (11xx), rules (13xx) and national code tables carry the codes of those parts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Problem", "Severity", "did_you_mean", "nearest"]

Severity = Literal["error", "warning", "todo"]

_TEXT_LIMIT = 60


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place of one content file.

    ``file`` is relative to the content root with forward slashes; ``line`` and ``column`` count from 1.
    ``severity``: *error* – the file cannot be used; *todo* – a draft still to be filled in, cannot be used either;
    *warning* – usable, someone should look. ``text`` is what stands there in the file, cut to 60 characters.
    """

    file: str
    line: int
    column: int
    severity: Severity
    code: str
    message: str
    hint: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        """Keep the quoted text on one line and short."""
        if self.text is not None:
            flat = " ".join(self.text.split())
            object.__setattr__(self, "text", flat if len(flat) <= _TEXT_LIMIT else flat[: _TEXT_LIMIT - 1] + "…")

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order by place, so that a list of problems reads like the files."""
        return (self.file, self.line, self.column, self.code, self.message)

    @property
    def blocking(self) -> bool:
        """True when the file cannot be used as it is."""
        return self.severity != "warning"

    def __str__(self) -> str:
        """One line in the form editors and CI systems can jump to."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message}{hint}"


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Give the allowed word that was probably meant; None when nothing is near."""
    by_folded = {candidate.casefold(): candidate for candidate in allowed}
    hits = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[hits[0]] if hits else None


def did_you_mean(word: str, allowed: Iterable[str], *, listed: int = 12) -> str | None:
    """Make the hint for a wrong word: the nearest allowed one, else the list where it is short."""
    words = list(allowed)
    near = nearest(word, words)
    if near is not None:
        return f"did you mean {near!r}?"
    if 0 < len(words) <= listed:
        return f"allowed: {', '.join(words)}"
    return None
