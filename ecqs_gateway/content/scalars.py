"""Scalar types of our YAML files: text stays as it was written, and nothing is guessed from how it looks.

YAML turns ``320000`` into a number, ``01`` into 1 and ``no`` into false. Here a field says what it wants: a text field
takes the original spelling (``01`` stays ``01``), a number field takes digits without quotes, a yes-or-no field takes
``true`` or ``false`` only. ``ecqs_gateway.content.yaml_reader`` hands over every plain scalar that YAML might have
turned into something else as ``Plain``; Python callers may pass the natural Python values instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = [
    "INTEGER",
    "XML_TEXT",
    "CaseValue",
    "Day",
    "Duration",
    "Flag",
    "Integer",
    "Name",
    "Pattern",
    "Plain",
    "Sheet",
    "Text",
    "duration_text",
    "read_duration",
]


class Plain(str):
    """A scalar that stood in the YAML file without quotes, in its original spelling."""

    __slots__ = ()


_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[-+]\d\d:\d\d)?"
)

_CASE_FORMS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile("true|false"), lambda text: text == "true"),
    (_INTEGER, int),
    (_DECIMAL, Decimal),
    (_DAY, date.fromisoformat),
    (_MOMENT, datetime.fromisoformat),
)


def _problem(kind: str, message: str) -> PydanticCustomError:
    # The braces of a message are its own, not pydantic's template marks.
    return PydanticCustomError(kind, "{message}", {"message": message})


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        if not value.strip():
            raise _problem("text_blank", "must not be blank")
        return str(value)
    if value is None:
        raise _problem("text_empty", "is empty: write a text here, or leave the whole line out")
    if isinstance(value, bool | int | float | date | Decimal):
        raise _problem("text_wanted", "must be a text: put it in quotes")
    return value


def _as_integer(value: Any) -> Any:
    if isinstance(value, bool):
        raise _problem("integer_wanted", "must be a whole number")
    if isinstance(value, str):
        if not isinstance(value, Plain) or not _INTEGER.fullmatch(value):
            raise _problem("integer_wanted", "must be a whole number, written without quotes")
        return int(value)
    return value


def _as_flag(value: Any) -> Any:
    if isinstance(value, Plain) and value in {"true", "false"}:
        return value == "true"
    if not isinstance(value, bool):
        raise _problem("flag_wanted", "must be true or false, written without quotes")
    return value


def _as_day(value: Any) -> Any:
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise _problem("day_wanted", "must be a date written as YYYY-MM-DD")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _problem("day_wanted", "is not a day of the calendar") from None
    return value


def _as_case_value(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        raise _problem("cell_wanted", "must be one cell: a text, a number, a date, true, false or null")
    if not isinstance(value, Plain):
        return value
    for form, read in _CASE_FORMS:
        if form.fullmatch(value):
            try:
                return read(value)
            except ValueError:
                raise _problem("day_wanted", "is not a day of the calendar; quote it if it is meant as text") from None
    return str(value)


def _as_sheet(value: Any) -> Any:
    if isinstance(value, Plain) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, int) and value < 0):
        raise _problem("sheet_wanted", "must be the position of the sheet from 0, or its name")
    return _as_text(value) if isinstance(value, str) else value


def _as_xml_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise _problem("text_wanted", "must be the text that stands in the XML: put it in quotes")
    return str(value)


def read_duration(value: Any) -> Any:
    """Turn ``500ms``, ``300s``, ``30m``, ``2h`` or ``1d`` into a timedelta; a timedelta passes as it is."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _problem("duration_wanted", "must be a duration with its unit, such as 500ms, 30s, 30m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def duration_text(value: timedelta) -> str:
    """Write a timedelta the way our files do, in the largest unit that divides it."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


Text = Annotated[
    str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number", "boolean"], "minLength": 1})
]
"""Text that is not blank, in its original spelling."""

INTEGER = BeforeValidator(_as_integer)
"""Put beside a Literal of whole numbers."""

XML_TEXT = BeforeValidator(_as_xml_text)
"""Put beside a text that is compared with what stands in the XML, where blank differs from absent."""

Sheet = Annotated[
    int | str,
    BeforeValidator(_as_sheet),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}),
]
"""A sheet of a workbook."""

Integer = Annotated[int, INTEGER]
Flag = Annotated[bool, BeforeValidator(_as_flag)]
Day = Annotated[date, BeforeValidator(_as_day)]

Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,9}(ms|s|m|h|d)$", "examples": ["30s", "30m", "2h"]}),
]
"""A length of time with its unit."""

CaseValue = Annotated[
    str | int | Decimal | bool | date | datetime | None,
    BeforeValidator(_as_case_value),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]
"""A value of a sample source row: quotes mean text; without them numbers, dates and true/false have their type."""


class Pattern:
    """A named form of text, with the sentence shown when the text does not have it."""

    def __init__(self, pattern: str, message: str) -> None:
        """Keep the compiled form and the sentence."""
        self._compiled = re.compile(pattern)
        self._message = message
        self._pattern = pattern

    def __call__(self, value: Any) -> Any:
        """Pass the text or refuse it with the sentence."""
        text = _as_text(value)
        if isinstance(text, str) and not self._compiled.fullmatch(text):
            raise _problem("text_form", self._message)
        return text

    @property
    def words(self) -> str:
        """What such a text is, for the reference pages: the sentence without its verb."""
        return self._message.removeprefix("must be ").partition(" (")[0]

    def annotate(self) -> tuple[BeforeValidator, WithJsonSchema]:
        """Give the marks for ``Annotated``: validator and JSON Schema."""
        return BeforeValidator(self), WithJsonSchema({"type": "string", "pattern": f"^(?:{self._pattern})$"})


Name = Annotated[str, *Pattern(r"[a-z][a-z0-9_]*", "must be lower-case letters, digits and _").annotate()]
"""A name of ours: record kind, child table, code file."""
