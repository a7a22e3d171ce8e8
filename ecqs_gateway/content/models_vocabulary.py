"""The file ``schemas/onboarding/vocabulary.yaml``: what ``ecqs onboard`` knows of column names and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from ecqs_gateway.content.models_connector import ContentModel, Version, refuse
from ecqs_gateway.content.models_mapping import FieldPath
from ecqs_gateway.content.places import Loaded
from ecqs_gateway.content.problems import Problem, did_you_mean
from ecqs_gateway.content.scalars import Flag, Name, Text
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import KindSpec

__all__ = ["Concept", "TableWords", "Use", "ValueForm", "VocabularyFile", "check_vocabulary", "paths_of"]

ValueForm = Literal[
    "address", "area_code", "authority", "authority_code", "certificate_number", "citizen", "code", "credit_code",
    "date", "date_and_batch", "date_range", "flag", "identifier", "integer", "licence_id", "moment", "organisation",
    "person", "phone", "product", "sha256", "text",
]  # fmt: skip
"""Forms of values the engine can tell; each is explained in docs/how-to/onboard-a-province.md."""

Use = Literal["technical", "outside", "personal", "key", "changed_at", "created_at", "order", "deleted"]
"""What a column that is no national field is for."""

Words = tuple[Text, ...]


class TableWords(ContentModel):
    """Words in the names and comments of tables."""

    zh: Words = ()
    """Chinese words; pinyin initials follow."""
    en: Words = ()
    """English words."""
    more: Words = ()
    """Short forms, compared with whole pieces of a table's name."""


class Concept(ContentModel):
    """Something a column can be: a national field, or one of the things sources have besides."""

    fields: Mapping[Name, Annotated[tuple[FieldPath, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """National fields by record kind; a list's field is written products.name. Several where the place decides."""
    use: Use | None = None
    """What the column is for where it is no national field."""
    values: ValueForm | None = None
    """What the values of such a column look like."""
    zh: Words = ()
    """Chinese names; pinyin initials and full pinyin follow from the table pinyin."""
    en: Words = ()
    """English names, as words with blanks between."""
    more: Words = ()
    """Other spellings, compared without regard to case and _."""
    weak: Words = ()
    """Names that often mean something else: never enough alone."""
    sure: Flag = True
    """False where even a perfect name must be looked at by a person."""
    note: Text | None = None
    """Why a column of this kind is left out, or why it is not sure; stands in the proposal."""

    @model_validator(mode="after")
    def _is_something(self) -> Concept:
        if not self.fields and self.use is None:
            raise refuse("needs fields, or use: what such a column is for")
        if not (self.zh or self.en or self.more):
            raise refuse("needs at least one name under zh, en or more")
        return self


class VocabularyFile(ContentModel):
    """The file schemas/onboarding/vocabulary.yaml: names and values by which `ecqs onboard` proposes mappings."""

    model_config = ConfigDict(title="schemas/onboarding/vocabulary.yaml")

    version: Version
    """Version of this file format; 1."""
    owner: Text
    """Office that answers for this file."""
    concepts: Annotated[Mapping[Name, Concept], Field(min_length=1)]
    """What columns can be."""
    tables: Mapping[Name, TableWords] = Field(default_factory=dict)
    """Words of tables by record kind."""
    lists: Mapping[Name, TableWords] = Field(default_factory=dict)
    """Words of child tables by list of the record, such as products."""
    codes: Mapping[Name, Mapping[Text, Words]] = Field(default_factory=dict)
    """By national code table and code: words that mean it besides its name."""
    words: Mapping[Text, Words] = Field(default_factory=dict)
    """One English word for several spellings."""
    affixes: Mapping[Literal["before", "after"], Words] = Field(default_factory=dict)
    """Pieces that names begin or end with and that say nothing."""
    pinyin: Mapping[Text, Text]
    """Sound → the characters read so; a character may stand in several lines."""

    def readings(self) -> dict[str, tuple[str, ...]]:
        """Give the sounds of each character."""
        found: dict[str, tuple[str, ...]] = {}
        for sound, characters in self.pinyin.items():
            for character in characters:
                found[character] = (*found.get(character, ()), sound)
        return found


def paths_of(kind: KindSpec) -> frozenset[str]:
    """Give every field of a kind as the vocabulary writes it: ``holder.name``, ``products.name``."""
    below = (f"{node.path}.{leaf.path}" for node in kind.repeated() for leaf in node.leaves())
    return frozenset([*(leaf.path for leaf in kind.leaves()), *below])


def check_vocabulary(file: Loaded, vocabulary: VocabularyFile, codes: CodeTables) -> Iterator[Problem]:
    """Check that fields, lists, code tables and codes exist, and that every Chinese character can be read."""
    for name, concept in vocabulary.concepts.items():
        for kind, paths in concept.fields.items():
            yield from _fields(file, name, kind, paths)
    yield from _tables(file, vocabulary)
    yield from _codes(file, vocabulary, codes)
    yield from _unread(file, vocabulary)


def _fields(file: Loaded, name: str, kind: str, paths: Words) -> Iterator[Problem]:
    place = ("concepts", name, "fields", kind)
    if kind not in KINDS:
        yield _problem(
            file, place, "ECQS-1022", f"there is no record kind {kind!r}", did_you_mean(kind, KINDS), key=True
        )
        return
    known = paths_of(spec(kind))
    for number, path in enumerate(paths):
        if path not in known:
            message = f"there is no national field {path!r} in {kind}"
            yield _problem(file, (*place, number), "ECQS-1030", message, did_you_mean(path, known))


def _tables(file: Loaded, vocabulary: VocabularyFile) -> Iterator[Problem]:
    for kind in vocabulary.tables:
        if kind not in KINDS:
            message = f"there is no record kind {kind!r}"
            yield _problem(file, ("tables", kind), "ECQS-1022", message, did_you_mean(kind, KINDS), key=True)
    lists = {node.path for kind in KINDS for node in spec(kind).repeated()}
    for name in vocabulary.lists:
        if name not in lists:
            message = f"no record kind has a list {name!r}"
            yield _problem(file, ("lists", name), "ECQS-1030", message, did_you_mean(name, lists), key=True)


def _codes(file: Loaded, vocabulary: VocabularyFile, codes: CodeTables) -> Iterator[Problem]:
    for table, words in vocabulary.codes.items():
        if table not in codes:
            message = f"there is no national code table {table!r}"
            yield _problem(file, ("codes", table), "ECQS-1042", message, did_you_mean(table, codes), key=True)
            continue
        known = set(codes[table].rows["code"].to_list())
        for code in words:
            if code not in known:
                message = f"{table} has no code {code!r}"
                yield _problem(file, ("codes", table, code), "ECQS-1042", message, did_you_mean(code, known), key=True)


def _unread(file: Loaded, vocabulary: VocabularyFile) -> Iterator[Problem]:
    """Say of which characters the sound is missing: names in pinyin would not be found, and nobody would know."""
    readings = vocabulary.readings()
    sections = (("concepts", vocabulary.concepts), ("tables", vocabulary.tables), ("lists", vocabulary.lists))
    for section, entries in sections:
        for name, entry in entries.items():
            for number, word in enumerate(entry.zh):
                missing = [sign for sign in word if "\u4e00" <= sign <= "\u9fff" and sign not in readings]
                if missing:
                    message = f"pinyin does not say how {' and '.join(dict.fromkeys(missing))} is read"
                    hint = "add the character to its sound under pinyin"
                    yield _problem(file, (section, name, "zh", number), "ECQS-1081", message, hint)


def _problem(
    file: Loaded, path: tuple[str | int, ...], code: str, message: str, hint: str | None, *, key: bool = False
) -> Problem:
    if file.document is None:
        return Problem(file.path, 1, 1, "error", code, message, hint)
    mark = file.document.mark(path)
    line, column = (mark.key_line, mark.key_column) if key else (mark.line, mark.column)
    return Problem(file.path, line, column, "error", code, message, hint, str(path[-1]) if key else mark.text)
