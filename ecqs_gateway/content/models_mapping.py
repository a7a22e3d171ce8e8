"""The files under ``mappings/``: how a unit's columns become national fields, and sample rows that prove it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ecqs_gateway.content.models_connector import ContentModel, UnitCode, Version, refuse
from ecqs_gateway.content.scalars import XML_TEXT, Day, Integer, Name, Pattern, Text

__all__ = [
    "Absent",
    "Clean",
    "CleanWord",
    "CodesUse",
    "FieldMapping",
    "FieldPath",
    "Join",
    "ListMapping",
    "MappingFile",
    "PieceOf",
    "RecordText",
    "RecordValue",
    "SplitList",
    "UnmappedDefault",
]

FieldPath = Annotated[
    str,
    *Pattern(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", "must be a national field, such as holder.name").annotate(),
]

CleanWord = Literal[
    "trim", "spaces", "one_space", "width", "brackets", "dashes", "control", "quotes", "html", "upper", "lower",
    "digits", "first_line", "fillers",
]  # fmt: skip
"""The cleaning words; what each does stands in ``ecqs_gateway.mapping.words`` and in the reference made from it."""


def _clean_form(value: Any) -> str:
    return "list" if isinstance(value, Mapping) else "word"


Clean = Annotated[
    Annotated[CleanWord, Tag("word")]
    | Annotated[
        Annotated[
            Mapping[Literal["fillers"], Annotated[tuple[Text, ...], Field(min_length=1)]],
            Field(min_length=1),
        ],
        Tag("list"),
    ],
    Discriminator(_clean_form),
]
"""One cleaning step: a word, or fillers with a list of one's own."""


class PieceOf(ContentModel):
    """Takes one piece of a text that holds several, such as both ends of a validity period."""

    by: Text
    """Regular expression between the pieces, such as 至 or [,，]."""
    take: Annotated[Integer, Field(ge=-100, le=100)]
    """Which piece, counted from 1; -1 is the last one."""

    @model_validator(mode="after")
    def _not_zero(self) -> PieceOf:
        if self.take == 0:
            raise refuse("take counts from 1; -1 is the last piece")
        return self


class UnmappedDefault(ContentModel):
    """A national code for source values the code file does not list."""

    default: Text
    """National code given to a source value that is not in the code file."""
    reason: Text
    """Why this is right, for those who read the report."""


def _unmapped_form(value: Any) -> str:
    return "default" if isinstance(value, Mapping | UnmappedDefault) else "choice"


class CodesUse(ContentModel):
    """Turns a source value into a national code by a file of mappings/<unit>/codes/."""

    table: Name
    """Name of the code file without .csv."""
    unmapped: Annotated[
        Annotated[Literal["reject", "pass"], Tag("choice")] | Annotated[UnmappedDefault, Tag("default")],
        Discriminator(_unmapped_form),
    ]
    """What happens to a value that is not in the file: reject the record, pass it on with a finding, or a default."""
    inexact: Literal["pass", "flag", "reject"] = "pass"
    """What happens where the file says wider or narrower: pass in silence, flag with a finding, or reject."""


class Join(ContentModel):
    """Puts several columns together; blank ones are left out."""

    columns: Annotated[tuple[Text, ...], Field(min_length=2)]
    """Source columns in the order they are put together."""
    with_: Annotated[str, Field(alias="with")]
    """Text between them."""


class Absent(ContentModel):
    """Says openly that a unit cannot give a national field."""

    reason: Text
    """Why the unit does not have it."""
    owner: Text
    """Who answers for that."""
    until: Day
    """Day by which it is looked at again; later it is reported as expired."""


_ONE_OF = ("from", "const", "join", "expr", "absent")
_NOT_DIGESTED = ("join", "parse", "codes", "default")
_TREATMENT = ("clean", "split", "parse", "codes", "default", "digest")


class FieldMapping(ContentModel):
    """Where one national field comes from. Exactly one of from, const, join, expr, absent; a bare text means from."""

    from_: Annotated[Text | None, Field(alias="from")] = None
    """Source column (in a joined list: item; in a JSON list: $.member)."""
    const: Text | None = None
    """The same value for every record."""
    join: Join | None = None
    """Several source columns put together."""
    expr: Text | None = None
    """A SQL scalar expression over source columns, such as CASE WHEN ZT = '1' THEN A ELSE B END."""
    absent: Absent | None = None
    """The unit does not have this field, and says so."""
    clean: tuple[Clean, ...] = ()
    """Cleaning steps, done first and in the order written."""
    split: PieceOf | None = None
    """Takes one piece of the text, after cleaning."""
    parse: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Accepted forms of a date, such as %Y%m%d; left out, every usual form is read."""
    codes: CodesUse | None = None
    """Turns the value into a national code, after split."""
    default: Text | None = None
    """Value where the source is blank."""
    digest: Literal["id_number"] | None = None
    """Makes the salted digest of an id number, after clean and split; the number itself never leaves the unit."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"from": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _exactly_one(self) -> FieldMapping:
        values = (self.from_, self.const, self.join, self.expr, self.absent)
        given = [name for name, value in zip(_ONE_OF, values, strict=True) if value is not None]
        if len(given) != 1:
            found = "none is given" if not given else f"{' and '.join(given)} are given"
            raise refuse(f"needs exactly one of {', '.join(_ONE_OF)}; {found}")
        odd = [name for name in _TREATMENT if name in self.model_fields_set]
        if odd and given[0] in {"const", "absent"}:
            raise refuse(f"{' and '.join(odd)} cannot go with {given[0]}: only with from, join or expr")
        beside = [name for name in _NOT_DIGESTED if name in self.model_fields_set]
        if self.digest is not None and beside:
            raise refuse(f"{' and '.join(beside)} cannot go with digest")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Let the editor accept the short form, a bare column name, too."""
        return short_or_object(core, handler, "Source column (short for from)", [{"required": [n]} for n in _ONE_OF])


def short_or_object(
    core: CoreSchema, handler: GetJsonSchemaHandler, title: str, alternatives: list[dict[str, list[str]]]
) -> JsonSchemaValue:
    """Change a model's JSON Schema in place into: a text, or an object with exactly one of the alternatives."""
    schema = handler(core)
    body = handler.resolve_ref_schema(schema)
    full = {**body, "oneOf": alternatives}
    description = full.get("description", "")
    body.clear()
    body.update({"description": description, "anyOf": [{"type": "string", "title": title, "minLength": 1}, full]})
    return schema


class SplitList(ContentModel):
    """A list written into one column. Exactly one of by, each."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["by"]}, {"required": ["each"]}]})

    from_: Annotated[Text, Field(alias="from")]
    """Source column that holds the whole list."""
    by: Text | None = None
    """Regular expression between the items, such as [,，、;；]."""
    each: Text | None = None
    """Regular expression that matches one item, where separators may also stand inside items (in brackets)."""

    @model_validator(mode="after")
    def _exactly_one(self) -> SplitList:
        if (self.by is None) == (self.each is None):
            raise refuse(f"needs exactly one of by, each; {'none is' if self.by is None else 'by and each are'} given")
        return self


_LIST_ONE_OF = ("child", "split", "json", "absent")


class ListMapping(ContentModel):
    """Where a list of the record comes from. Exactly one of child, split, json, absent."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in _LIST_ONE_OF]})

    child: Name | None = None
    """Child table of the connector; each of its rows is an item."""
    split: SplitList | None = None
    """A list written into one column; fields take each piece as item."""
    json_: Annotated[Text | None, Field(alias="json")] = None
    """Source column that holds a JSON array of objects; fields take a member as $.member."""
    absent: Absent | None = None
    """The unit does not have this list, and says so."""
    fields: Mapping[FieldPath, FieldMapping] = Field(default_factory=dict)
    """National fields of an item, by their path inside the item."""

    @model_validator(mode="after")
    def _exactly_one(self) -> ListMapping:
        values = (self.child, self.split, self.json_, self.absent)
        given = [name for name, value in zip(_LIST_ONE_OF, values, strict=True) if value is not None]
        if len(given) != 1:
            found = "none is given" if not given else f"{' and '.join(given)} are given"
            raise refuse(f"needs exactly one of {', '.join(_LIST_ONE_OF)}; {found}")
        if bool(self.fields) == (self.absent is not None):
            raise refuse("fields cannot go with absent" if self.fields else "needs fields: what an item is made of")
        return self


class MappingFile(ContentModel):
    """A file mappings/<unit>/<kind>.yaml: how one unit's columns become one record kind."""

    model_config = ConfigDict(title="mappings/<unit>/<kind>.yaml")

    version: Version
    """Version of this file format; 1."""
    unit: UnitCode
    """Six digits of the reporting unit; the same as the folder name."""
    kind: Name
    """Record kind, such as certificate; the same as the file name."""
    owner: Text
    """Office that answers for this file."""
    newest_by: tuple[Text, ...] = ()
    """Of rows with one business key the one with the greatest of these columns goes; others count as superseded.

    An empty list says that no two rows ever carry the same one."""
    ignore: tuple[Text, ...] = ()
    """Source columns left out on purpose; those of a child table as cp.XH."""
    fields: Annotated[Mapping[FieldPath, FieldMapping], Field(min_length=1)]
    """National fields by dotted path, each with where it comes from; a bare text is a column, short for from."""
    children: Mapping[Name, ListMapping] = Field(default_factory=dict)
    """Lists of the record, each with where its items come from."""


def _value_form(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "text"


RecordText = Annotated[str, XML_TEXT] | None
RecordValue = Annotated[
    Annotated[RecordText, Tag("text")] | Annotated[tuple[Mapping[FieldPath, RecordText], ...], Tag("list")],
    Discriminator(_value_form),
]
"""A national value in a case or an example: the text as it stands in the XML, null, or a list of tables of such."""
