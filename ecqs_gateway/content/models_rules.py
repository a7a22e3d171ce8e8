"""The files ``schemas/rules/*.yaml``: the catalogue of rules, each with its clause, its dates and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from ecqs_gateway.content.models_connector import ContentModel, Version, refuse
from ecqs_gateway.content.models_mapping import FieldPath, RecordValue
from ecqs_gateway.content.scalars import Day, Name, Pattern, Text

__all__ = ["Clause", "Effective", "Example", "Examples", "Rule", "RuleMessage", "RulesFile"]

RuleId = Annotated[
    str,
    *Pattern(
        r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*-[0-9]{3}", "must look like CERT-001: capitals, then three digits"
    ).annotate(),
]


Example = Mapping[FieldPath, RecordValue]
"""National fields of one record, as text in the spelling of the file (``2019-01-01``); lists are lists of such."""


class Clause(ContentModel):
    """The sentence of law a rule rests on."""

    document: Text
    """Name and number of the document."""
    article: Text
    """Article and paragraph, as the document counts them."""
    quote: Text | None = None
    """The sentence itself."""
    source: Text
    """Where the text was read: address, or section of the project's facts."""


class Effective(ContentModel):
    """From when to when a rule holds; both days included."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    """First day; null when it always held."""
    until: Day | None = None
    """Last day; null while it still holds."""
    by: FieldPath | None = None
    """Date field of the record that is looked at; left out, the record kind's own date."""

    @model_validator(mode="after")
    def _in_order(self) -> Effective:
        if self.from_ and self.until and self.until < self.from_:
            raise refuse("until is before from")
        return self


class RuleMessage(ContentModel):
    """What a person is told; never holds a value of the record."""

    zh: Text
    """In Chinese, for the unit's staff."""
    en: Text
    """In English."""


class Examples(ContentModel):
    """Records that show the rule; they are its tests."""

    pass_: Annotated[tuple[Example, ...], Field(alias="pass", min_length=1)]
    """Records that keep the rule."""
    fail: Annotated[tuple[Example, ...], Field(min_length=1)]
    """Records that break the rule."""


class Rule(ContentModel):
    """One rule: expr must be true of every record of the kind; it counts as kept where something it needs is absent."""

    id: RuleId
    """Stable id, never used again for another rule."""
    kind: Name
    """Record kind the rule is about."""
    title: Text
    """Short name in Chinese."""
    severity: Literal["reject", "flag"]
    """reject: the record cannot be sent. flag: it is sent, and the finding is reported."""
    fields: Annotated[tuple[FieldPath, ...], Field(min_length=1)]
    """National fields a finding points at."""
    clause: Clause
    """The sentence of law the rule rests on."""
    effective: Effective = Effective()
    """From when to when the rule holds."""
    products: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Product codes the rule is limited to; null for all."""
    needs: tuple[FieldPath, ...] = ()
    """Fields a unit must deliver for the rule to be judged: where its mapping gives one of them never, nobody knows."""
    against: Literal["previous_version", "certificates", "inspectors"] | None = None
    """What else than the record the rule looks at.

    previous_version: the version sent before, as before.<field>. certificates: the certificate the field match names,
    as certificate.<field>, and certificate.others, how many other cases replace it. inspectors: those recognised
    nationwide, as recognised in the list inspectors.
    """
    match: FieldPath | None = None
    """Field that holds the number of the certificate; only with against certificates, which asks headquarters."""
    unanswered: Literal["hold", "skip"] = "skip"
    """What becomes of a record while headquarters has not answered about the certificate; only with match."""
    expr: Text
    """A SQL condition over national fields, such as valid_until > valid_from."""
    message: RuleMessage
    """What a person is told when the rule is broken."""
    examples: Examples
    """Records that keep and break the rule."""

    @model_validator(mode="after")
    def _matched(self) -> Rule:
        if (self.against == "certificates") != (self.match is not None):
            raise refuse(
                "match names the field with the number: it goes with against: certificates and with nothing else"
            )
        if self.unanswered == "hold" and self.match is None:
            raise refuse("unanswered: hold goes with against: certificates only")
        return self


class RulesFile(ContentModel):
    """A file schemas/rules/<name>.yaml: rules of the national catalogue."""

    model_config = ConfigDict(title="schemas/rules/<name>.yaml")

    version: Version
    """Version of this file format; 1."""
    owner: Text | None = None
    """Office that answers for this file."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    """The rules."""
