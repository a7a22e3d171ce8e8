"""The files ``mappings/<unit>/cases/<name>.yaml``: sample source rows and what a mapping must make of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from ecqs_gateway.content.models_connector import ContentModel, UnitCode, Version, refuse
from ecqs_gateway.content.models_mapping import FieldPath, RecordText
from ecqs_gateway.content.scalars import CaseValue, Flag, Integer, Name, Text

__all__ = ["ANY_PROBLEM", "CaseCheck", "CaseExpectation", "CaseFile", "CaseProblem"]


def _matches(pattern: str, value: str) -> bool:
    """Say whether a whole text matches: by the engine's own expressions, which always end in time."""
    import polars as pl  # noqa: PLC0415  models are imported without Polars for speed

    return bool(pl.Series([value]).str.contains(f"^(?:{pattern})$")[0])


def _pattern(pattern: str) -> str:
    import polars as pl  # noqa: PLC0415  see above

    try:
        _matches(pattern, "")
    except pl.exceptions.PolarsError:
        raise refuse("is no regular expression the engine can use (no look-around, no back-references)") from None
    return pattern


class CaseCheck(ContentModel):
    """What a value must be like, where the exact value is not the point. Exactly one of present, matches, one_of."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["present"]}, {"required": ["matches"]}, {"required": ["one_of"]}]}
    )

    present: Flag | None = None
    """true: there is a value, whatever it is; false: there is none."""
    matches: Annotated[Text, AfterValidator(_pattern)] | None = None
    """Regular expression the whole value must match."""
    one_of: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Values of which it must be one."""

    @model_validator(mode="after")
    def _exactly_one(self) -> CaseCheck:
        given = [name for name in ("present", "matches", "one_of") if getattr(self, name) is not None]
        if len(given) != 1:
            found = "none is given" if not given else f"{' and '.join(given)} are given"
            raise refuse(f"needs exactly one of present, matches, one_of; {found}")
        return self

    def holds(self, value: str | None) -> bool:
        """Say whether a value (None where there is none) is as wanted."""
        if self.present is not None:
            return (value is not None) == self.present
        if value is None:
            return False
        return value in self.one_of if self.one_of else _matches(self.matches or "", value)

    def __str__(self) -> str:
        """Say what is wanted."""
        if self.present is not None:
            return "any value" if self.present else "no value"
        return f"one of {', '.join(self.one_of)}" if self.one_of else f"a match of {self.matches}"


def _case_form(value: Any) -> str:
    return "check" if isinstance(value, Mapping | CaseCheck) else "text"


def _case_value_form(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else _case_form(value)


CaseField = Annotated[
    Annotated[RecordText, Tag("text")] | Annotated[CaseCheck, Tag("check")], Discriminator(_case_form)
]
CaseRecordValue = Annotated[
    Annotated[RecordText, Tag("text")]
    | Annotated[CaseCheck, Tag("check")]
    | Annotated[tuple[Mapping[FieldPath, CaseField], ...], Tag("list")],
    Discriminator(_case_value_form),
]
"""What a case expects of one field: the exact text, null, a check; or of a list, one table per item."""

ANY_PROBLEM = "any"
"""In place of a problem code: whatever is wrong with the field."""

Severity = Literal["reject", "flag"]


class CaseProblem(ContentModel):
    """A problem a sample row must cause."""

    row: Annotated[Integer, Field(ge=1)]
    """Which sample row, counted from 1."""
    field: Text
    """National field the problem is about, such as issue_date or products[2].name."""
    rule: Text
    """Problem code (ECQS-12xx) or rule id; any where it does not matter what is wrong with the field."""
    severity: Severity = "reject"
    """Whether the record cannot go (reject) or goes with a finding (flag)."""


class CaseExpectation(ContentModel):
    """What the sample rows must become."""

    records: tuple[Mapping[FieldPath, CaseRecordValue], ...] = ()
    """Records in the order of their rows, each with the fields to compare, written as in the XML; null means absent."""
    problems: tuple[CaseProblem, ...] = ()
    """Problems the rows must cause; any other problem fails the case."""
    superseded: Annotated[Integer, Field(ge=0)] = 0
    """How many rows give way to a newer row with the same business key."""


class CaseFile(ContentModel):
    """A file mappings/<unit>/cases/<name>.yaml: sample source rows and what the mapping must make of them."""

    model_config = ConfigDict(title="mappings/<unit>/cases/<name>.yaml")

    version: Version
    """Version of this file format; 1."""
    unit: UnitCode
    """Six digits of the reporting unit; the same as the folder name."""
    kind: Name
    """Record kind, such as certificate."""
    title: Text
    """What the case shows, in one sentence."""
    rows: Annotated[tuple[Mapping[Text, CaseValue], ...], Field(min_length=1)]
    """Source rows by column; invented persons and enterprises only."""
    children: Mapping[Name, tuple[Mapping[Text, CaseValue], ...]] = Field(default_factory=dict)
    """Rows of the child tables, by the connector's name for the table."""
    expect: CaseExpectation
    """What the rows must become."""

    @model_validator(mode="after")
    def _proves_something(self) -> CaseFile:
        if not self.expect.records and not self.expect.problems:
            raise refuse("expect must hold at least one record or one problem, or the case proves nothing")
        return self
