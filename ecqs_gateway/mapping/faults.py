"""What is wrong with a mapping file, and which codes the problems of mapped records carry.

Two kinds of problem live in this package. A ``MappingProblem`` is a mistake in a file: an engineer has to mend it, so
it names the place in the YAML. The ``ECQS-12xx`` codes below are problems of records: they name row, field and source
column, and become findings or dead letters.

Codes of mapping files: those of ``ecqs_gateway.content.problems`` (1030 to 1050), and

====  ===============================================================================================
1062  a cleaning word that is not one, or with an argument that does not fit
1063  a regular expression the engine cannot use
1064  a constant, default or national code that is not valid for its field
1065  parse on a field that is no date, or a date form that cannot be used
1066  a source column that is both used and ignored
1067  item or $.member where it means nothing, or a column where it is needed
1068  raised when a mapping with any of these is used
====  ===============================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ecqs_gateway.errors import Misconfigured

__all__ = [
    "BAD_JSON",
    "DEFAULTED",
    "INEXACT",
    "LIST_EMPTY",
    "MISSING",
    "NOT_DECLARED_FORM",
    "NO_EQUIVALENT",
    "OUT_OF_PERIOD",
    "PASSED_ON",
    "UNMAPPED",
    "MappingErrors",
    "MappingProblem",
]

MISSING = "ECQS-1200"
"""A required field has no value."""
LIST_EMPTY = "ECQS-1290"
"""A required list has no item."""
UNMAPPED = "ECQS-1291"
"""A source code is not in the unit's code file, and the mapping says reject."""
PASSED_ON = "ECQS-1292"
"""A source code is not in the unit's code file and was passed on as it is (flag)."""
DEFAULTED = "ECQS-1293"
"""A source code is not in the unit's code file and was given the declared default (flag)."""
NOT_DECLARED_FORM = "ECQS-1294"
"""A date is in none of the forms the mapping declares with ``parse``."""
BAD_JSON = "ECQS-1295"
"""A column that should hold a JSON array does not."""
NO_EQUIVALENT = "ECQS-1296"
"""The unit's code file says that a source code has no national code, and the mapping says reject."""
INEXACT = "ECQS-1297"
"""The national code does not mean quite what the source code does, and the mapping wants to hear of it."""
OUT_OF_PERIOD = "ECQS-1254"
"""A source code is in the unit's code file, but not for the record's business date, and the mapping says reject."""


@dataclass(frozen=True)
class MappingProblem:
    """One mistake in a mapping or code file.

    ``path`` is the place in the YAML (``("fields", "holder.name", "clean", 0)``); where the file uses a short form,
    its longest existing part is the place. A mistake in a code file has ``file`` and ``line`` instead.
    """

    code: str
    path: tuple[str | int, ...]
    message: str
    hint: str | None = None
    severity: str = "error"
    """``error`` keeps the mapping from being used; ``warning`` does not."""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    text: str | None = None
    """What stands there in a code file."""

    def __str__(self) -> str:
        """One line: code, place, message, next step."""
        if self.file is not None:
            place = f"{self.file}:{self.line}" if self.line else self.file
        else:
            place = "/".join(str(part) for part in self.path)
        step = f" Next: {self.hint}" if self.hint else ""
        return f"{self.code} {place}: {self.message}{step}"


class MappingErrors(Misconfigured):
    """A mapping cannot be used; ``problems`` holds every mistake found in it, warnings included."""

    def __init__(self, problems: Iterable[MappingProblem], *, where: str | None = None) -> None:
        """Count the mistakes and show the first; all of them are in ``problems``."""
        self.problems = tuple(problems)
        errors = [problem for problem in self.problems if problem.severity == "error"]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        first = errors[0] if errors else None
        super().__init__(
            "ECQS-1068",
            f"the mapping has {len(errors)} mistake(s): {first}{more}",
            where=where,
            hint="run `ecqs check` to see all of them with file and line",
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling with the problems."""
        return _rebuild, (self.problems, self.where)


def _rebuild(problems: tuple[MappingProblem, ...], where: str | None) -> MappingErrors:
    return MappingErrors(problems, where=where)
