"""Tables: which record kind each holds, and which tables hold the items of its lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.content.models_vocabulary import VocabularyFile
from ecqs_gateway.extract.survey import Survey, Surveyed
from ecqs_gateway.flows.onboard.assign import Assignment, Confidence, assign
from ecqs_gateway.flows.onboard.codebook import CodeBook
from ecqs_gateway.flows.onboard.dates import check_dates
from ecqs_gateway.flows.onboard.evidence import Seen, Witness
from ecqs_gateway.flows.onboard.lexicon import Lexicon, pieces
from ecqs_gateway.flows.onboard.profile import Profile, profiles
from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.model.record import KindSpec

__all__ = ["Child", "Knowledge", "Reading", "children_of", "fits", "read_as"]

_LEAST_SCORE = 2.0


@dataclass
class Knowledge:
    """What proposals are made with; profiles are kept, so that each table is looked at once."""

    vocabulary: VocabularyFile
    codes: CodeTables
    _witnesses: dict[str, Witness] = field(default_factory=dict)
    _profiles: dict[str, dict[str, Profile]] = field(default_factory=dict)

    def witness(self, kind: str) -> Witness:
        """Give the witness of a record kind."""
        if kind not in self._witnesses:
            book = CodeBook(self.vocabulary, self.codes)
            self._witnesses[kind] = Witness(spec(kind), Lexicon.of(self.vocabulary, kind), book)
        return self._witnesses[kind]

    def profiles(self, table: Surveyed) -> dict[str, Profile]:
        """Give the profiles of a table's columns; columns that were not read have empty ones."""
        if table.name not in self._profiles:
            found = profiles(table.sample, self.codes)
            for column in table.columns:
                found.setdefault(column.name, Profile(column.name, 0, 0, 0, 0, {}))
            self._profiles[table.name] = found
        return self._profiles[table.name]

    def seen(self, table: Surveyed) -> list[Seen]:
        """Give the columns of a table with their profiles."""
        known = self.profiles(table)
        return [Seen(column, known[column.name]) for column in table.columns]


@dataclass(frozen=True)
class Reading:
    """One table read as one record kind."""

    table: Surveyed
    kind: KindSpec
    made: Assignment
    score: float
    why: str


def read_as(table: Surveyed, kind: str, knowledge: Knowledge) -> Reading:
    """Read a table as a record kind and say how well it fits."""
    witness = knowledge.witness(kind)
    made = assign(knowledge.seen(table), witness)
    check_dates(made, knowledge.profiles(table), kind)
    words = witness.lexicon.of_table(knowledge.vocabulary.tables, table.name, table.comment)
    named = 1.5 * (words.get(kind, 0.0) - 0.5 * max((s for k, s in words.items() if k != kind), default=0.0))
    key = made.fields.get(witness.kind.key)
    required = {leaf.path for leaf in witness.kind.leaves() if leaf.required}
    points = sum(
        (1.5 if t in required else 1.0) * choice.score for t, choice in made.fields.items() if choice.score >= 0.3
    )
    score = points + named + (0.8 if key is not None and key.score >= 0.3 else 0.0)
    sure = sum(choice.confidence == "high" for choice in made.fields.values())
    why = f"{len(made.fields)} of its columns fit {kind} ({witness.kind.title}), {sure} of them surely"
    if words.get(kind):
        why += "; the table's name or comment says so"
    return Reading(table, witness.kind, made, round(score, 2), why)


def fits(reading: Reading) -> bool:
    """Say whether a table may hold the kind at all."""
    return reading.score >= _LEAST_SCORE


@dataclass(frozen=True)
class Child:
    """A table whose rows are items of one list."""

    table: Surveyed
    list: str
    parent_key: str
    key: str
    rows: pl.DataFrame
    made: Assignment
    confidence: Confidence
    why: str
    order_by: tuple[str, ...] = ()


def children_of(
    parent: Reading, key: Sequence[str], tables: Sequence[Surveyed], survey: Survey, knowledge: Knowledge
) -> list[Child]:
    """Find the child tables: by foreign key, else by a column named like the key that holds its values."""
    found: dict[str, Child] = {}
    for table in tables:
        if table.name == parent.table.name or table.stream is not None:
            continue
        for link in _links(parent, key, table):
            child = _child(parent, table, link, survey, knowledge)
            if child is not None:
                before = found.get(child.list)
                if before is None or _strength(child) > _strength(before):
                    found[child.list] = child
                break
    return list(found.values())


def _strength(child: Child) -> float:
    return sum(choice.score for choice in child.made.fields.values())


@dataclass(frozen=True)
class _Link:
    parent_key: str
    key: str
    declared: bool
    why: str


def _links(parent: Reading, key: Sequence[str], table: Surveyed) -> Iterator[_Link]:
    """Give the ways a table may point at its parent, the declared one first."""
    for one in table.foreign_keys:
        if one.table == parent.table.name and len(one.columns) == 1:
            references = one.references or parent.table.primary_key
            if len(references) == 1:
                yield _Link(one.columns[0], references[0], declared=True, why="foreign key")
    names = {column.name for column in table.columns}
    own = set(table.primary_key) if len(table.primary_key) == 1 else set()
    number = parent.made.column_of(parent.kind.key)
    for wanted in dict.fromkeys([*key, *([number] if number else [])]):
        marks = {piece for piece in pieces(parent.table.name) if len(piece) > 1}
        for name in names - own:
            likeness = _likeness(name, wanted, marks)
            if likeness:
                yield _Link(name, wanted, declared=False, why=likeness)


def _likeness(name: str, key: str, marks: set[str]) -> str | None:
    """Say in which way a column is named after a key: the same, or the parent's name before it."""
    if name.lower() == key.lower():
        return f"named like the key {key}"
    parts = pieces(name)
    before = "".join(parts[:-1])
    joined, wanted = "".join(parts), "".join(pieces(key))
    if joined.endswith(wanted) and joined != wanted and len(wanted) >= 2:
        return f"its name ends in the key {key}"
    ends = joined.endswith(("id", "bh", "code", "no", "key", "zj", "guid"))
    if ends and (set(parts) & marks or before in {"parent", "main", "p", "f", "fk", "zb"}):
        return f"its name speaks of {key}'s table"
    return None


def _child(parent: Reading, table: Surveyed, link: _Link, survey: Survey, knowledge: Knowledge) -> Child | None:
    if link.parent_key not in table.sample.columns or link.key not in parent.table.sample.columns:
        return None
    rows = survey.below(table, link.parent_key, parent.table.sample[link.key])
    shared = _shared(rows, link.parent_key, parent.table.sample[link.key])
    if not link.declared and not shared:
        return None
    best = _as_list(parent, table, knowledge)
    if best is None:
        return None
    name, made, told = best
    order = [choice.column for choice in made.used("order")]
    why = f"{link.why}; {shared} of its rows belong to the sampled rows of {parent.table.name}; {told}"
    sure: Confidence = "high" if link.declared or shared >= 3 else "medium"
    made.uses.pop(link.parent_key, None)
    made.left.pop(link.parent_key, None)
    made.fields = {target: choice for target, choice in made.fields.items() if choice.column != link.parent_key}
    order_by = tuple(order[:1]) or tuple(name for name in table.primary_key if name != link.parent_key)
    return Child(table, name, link.parent_key, link.key, rows, made, sure, why, order_by)


def _shared(rows: pl.DataFrame, column: str, keys: pl.Series) -> int:
    if rows.is_empty():
        return 0
    return int(text_column(rows[column]).is_in(text_column(keys).drop_nulls().implode()).sum())


def _as_list(parent: Reading, table: Surveyed, knowledge: Knowledge) -> tuple[str, Assignment, str] | None:
    """Read a table as each list of the kind and take the one that fits best."""
    witness = knowledge.witness(parent.kind.kind)
    words = witness.lexicon.of_table(knowledge.vocabulary.lists, table.name, table.comment)
    best: tuple[float, str, Assignment] | None = None
    for node in parent.kind.repeated():
        made = assign(knowledge.seen(table), witness, node.path)
        needed = {f"{node.path}.{leaf.path}" for leaf in node.leaves() if leaf.required}
        score = sum(choice.score for choice in made.fields.values()) + words.get(node.path, 0.0)
        score += 0.5 if needed & made.fields.keys() else -0.5
        if made.fields and (best is None or score > best[0]):
            best = (score, node.path, made)
    if best is None or best[0] < 0.6:
        return None
    told = "its name says so" if words.get(best[1]) else "by its columns"
    return best[1], best[2], f"holds {best[1]} {told}"
