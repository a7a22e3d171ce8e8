"""The files ``schemas/followups/*.yaml``: what is to be done after a record was sent, until when, what settles it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from ecqs_gateway.content.models_connector import ContentModel, Version, refuse
from ecqs_gateway.content.models_mapping import FieldPath
from ecqs_gateway.content.models_rules import Clause, Example, RuleId, RuleMessage
from ecqs_gateway.content.scalars import Day, Integer, Name, Text

__all__ = ["Due", "DueExample", "FollowUp", "FollowUpExamples", "FollowUpsFile", "MetBy"]


class Due(ContentModel):
    """Until when: a date of the record, moved by days or by months."""

    from_: Annotated[FieldPath, Field(alias="from")]
    """Date field of the record that is counted from."""
    days: Integer | None = None
    """Calendar days behind it; before it when negative."""
    months: Integer | None = None
    """Calendar months behind it; before it when negative. The 31st becomes the last day of a shorter month."""

    @model_validator(mode="after")
    def _one(self) -> Due:
        if (self.days is None) == (self.months is None):
            raise refuse("name either days or months")
        return self


class MetBy(ContentModel):
    """The record that settles it, of whichever unit."""

    kind: Name
    """Its record kind."""
    subject: FieldPath
    """Field that names the same thing as the subject."""
    date: FieldPath
    """Date field that says when it was done; only what was done on or after ``since`` counts."""
    when: Text = "TRUE"
    """Condition a record must fulfil."""
    unit: Literal["any", "same"] = "any"
    """Whose record settles it: any unit's, or (where the subject is unique within a unit only) the same unit's."""


class DueExample(ContentModel):
    """A record for which something is due, and the day."""

    record: Example
    """National fields of the record, as text."""
    on: Day
    """The day it is due."""


class FollowUpExamples(ContentModel):
    """Records that show the follow-up; they are its tests."""

    due: Annotated[tuple[DueExample, ...], Field(min_length=1)]
    """Records for which something is due."""
    none: Annotated[tuple[Example, ...], Field(min_length=1)]
    """Records for which nothing is due."""


class FollowUp(ContentModel):
    """One thing to be done."""

    id: RuleId
    """Stable id, never used again for another follow-up."""
    kind: Name
    """Record kind that brings it about."""
    title: Text
    """Short Chinese title."""
    bearer: Literal["unit", "enterprise"] = "unit"
    """Whose duty it is: the unit's own, or the enterprise's, which the unit may only remind."""
    when: Text
    """Condition under which a record brings it about; lists cannot be named."""
    subject: FieldPath
    """Field that names what it is about, such as the certificate's number."""
    since: FieldPath
    """Date field from which on it can be settled."""
    due: Due
    """Until when."""
    lapses: FieldPath | None = None
    """Date field after which there is nothing to be done any more."""
    met_by: MetBy
    """What settles it."""
    clause: Clause
    """The sentence of law it rests on."""
    message: RuleMessage
    """What a person is told."""
    examples: FollowUpExamples
    """Records that show it."""


class FollowUpsFile(ContentModel):
    """A file schemas/followups/<name>.yaml: what has to be done after records were sent."""

    model_config = ConfigDict(title="schemas/followups/<name>.yaml")

    version: Version
    """Version of this file format; 1."""
    owner: Text
    """Office that answers for this file."""
    followups: Annotated[tuple[FollowUp, ...], Field(min_length=1)]
    """The follow-ups."""
