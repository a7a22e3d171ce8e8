"""What speaks for a column being a national field: its name, its comment and its values, and where they disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ecqs_gateway.content.models_vocabulary import Concept, ValueForm
from ecqs_gateway.extract.survey import SurveyedColumn
from ecqs_gateway.flows.onboard.codebook import CodeBook, legend
from ecqs_gateway.flows.onboard.judge import Verdict, judge, percent
from ecqs_gateway.flows.onboard.lexicon import Lexicon, Meaning
from ecqs_gateway.flows.onboard.profile import Profile
from ecqs_gateway.model.record import KindSpec, Leaf
from ecqs_gateway.model.types import Code

__all__ = ["Evidence", "Seen", "Witness", "leaves_of"]

_BY_VALUES: Mapping[ValueForm, float] = {
    "credit_code": 0.4,
    "authority_code": 0.38,
    "certificate_number": 0.4,
    "licence_id": 0.4,
    "date_range": 0.36,
    "authority": 0.34,
    "organisation": 0.3,
    "address": 0.26,
    "code": 0.32,
    "product": 0.24,
}
"""What values alone are worth where the name says nothing; forms not listed prove nothing alone."""
_CLEAR = 0.8


@dataclass(frozen=True)
class Evidence:
    """One column as one target: a field's path, or ``@key`` and the like for what is no field."""

    column: str
    target: str
    concept: str
    text: float
    """How well name and comment fit, 0 where neither says anything."""
    values: Verdict
    why: str
    against: tuple[str, ...] = ()
    """What contradicts; never of high confidence."""
    score: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A column with its profile."""

    column: SurveyedColumn
    profile: Profile

    @property
    def name(self) -> str:
        """Give the column's name."""
        return self.column.name


def leaves_of(kind: KindSpec) -> dict[str, Leaf]:
    """Give every field of a kind by its full path, ``products.name`` for lists."""
    found = {leaf.path: leaf for leaf in kind.leaves()}
    found |= {f"{node.path}.{leaf.path}": leaf for node in kind.repeated() for leaf in node.leaves()}
    return found


@dataclass
class Witness:
    """Asks the lexicon, the values and the code book about columns of one record kind."""

    kind: KindSpec
    lexicon: Lexicon
    book: CodeBook
    leaves: Mapping[str, Leaf] = field(init=False)

    def __post_init__(self) -> None:
        """Look up the fields of the kind once."""
        self.leaves = leaves_of(self.kind)

    def about(self, seen: Seen, within: str | None) -> list[Evidence]:
        """Give all a column may be, best first; ``within`` names the list whose items the table's rows are."""
        by_name = self._named(seen.name, within)
        by_comment = self.lexicon.of_text(seen.column.comment) if seen.column.comment else []
        found = list(self._spoken(seen, within, by_name, by_comment))
        named = {one.concept for one in found if one.text >= 0.5}
        believed = any(one.text >= 0.5 and one.values.value > -0.5 for one in found)
        silent = self._silent(seen, within, named=bool(named), believed=believed)
        found += [one for one in silent if one.concept not in named]
        return sorted(found, key=lambda one: -one.score)

    def _named(self, name: str, within: str | None) -> list[Meaning]:
        """Say what a name means; in a list, MC of table CP is CPMC."""
        found = self.lexicon.of_name(name)
        words = self.lexicon.vocabulary.lists.get(within) if within else None
        if words is None or (found and found[0].strength >= 0.7):
            return found
        longer = [meaning for mark in words.more for meaning in self.lexicon.of_name(f"{mark}{name}")]
        known = {meaning.concept for meaning in found}
        extra = [replace(m, strength=round(0.9 * m.strength, 3)) for m in longer if m.concept not in known]
        return sorted([*found, *(m for m in extra if m.strength >= 0.7)], key=lambda meaning: -meaning.strength)

    def _spoken(
        self, seen: Seen, within: str | None, by_name: Sequence[Meaning], by_comment: Sequence[Meaning]
    ) -> Iterator[Evidence]:
        named, told = {m.concept: m for m in by_name}, {m.concept: m for m in by_comment}
        for concept in {**named, **told}:
            texts = [meaning for meaning in (named.get(concept), told.get(concept)) if meaning is not None]
            strength = max(meaning.strength for meaning in texts)
            if len(texts) == 2:
                strength = min(1.0, strength + 0.1)
            against = _disagreement(concept, by_name, by_comment)
            for target in self._targets(concept, within):
                verdict = self._values(concept, target, seen)
                why = _sentence(seen, named.get(concept), told.get(concept))
                score = 0.6 * strength + 0.4 * verdict.value - (0.1 if against else 0)
                yield Evidence(seen.name, target, concept, strength, verdict, why, against, round(score, 3))

    def _silent(self, seen: Seen, within: str | None, *, named: bool, believed: bool) -> Iterator[Evidence]:
        """Give what the values say where the name says nothing, or something they contradict.

        A name that values do not contradict is believed: only a telling form speaks against it.
        """
        for name, concept in self.lexicon.concepts.items():
            worth = _BY_VALUES.get(concept.values) if concept.values else None
            if worth is None or not concept.fields.get(self.kind.kind):
                continue
            for target in self._targets(name, within):
                verdict = self._values(name, target, seen)
                telling = verdict.telling or concept.values in {"organisation", "address", "product"}
                if verdict.value >= 0.6 and telling and not (believed and not verdict.telling):
                    against = ("the name says something else",) if named else ()
                    why = "by its values" if named else "nothing in the name"
                    yield Evidence(seen.name, target, name, 0.0, verdict, why, against, worth * verdict.value)

    def _targets(self, concept: str, within: str | None) -> Iterator[str]:
        """Give the fields a concept becomes here: those of the list in a child table, of the record elsewhere."""
        found = self.lexicon.concepts[concept]
        paths = found.fields.get(self.kind.kind, ())
        own = [path for path in paths if path in self._record_paths]
        if found.values in {"date_range", "date_and_batch"}:
            yield from ["+".join(own)] if own and within is None else []
        elif within is not None:
            yield from (path for path in paths if path.startswith(f"{within}."))
        else:
            yield from own or paths
        if found.use is not None and (within is not None or not paths):
            yield f"@{found.use}"

    @property
    def _record_paths(self) -> set[str]:
        return {leaf.path for leaf in self.kind.leaves()}

    def _values(self, concept: str, target: str, seen: Seen) -> Verdict:
        form = self.lexicon.concepts[concept].values
        leaf = self.leaves.get(target)
        if leaf is None or not isinstance(leaf.type, Code):
            return judge(form, seen.profile)
        verdict = judge("code", seen.profile)
        if verdict.value < 0 or seen.profile.filled == 0:
            return verdict
        share = self.book.fit(leaf.type.table, seen.profile.few, legend(seen.column.comment))
        if share >= 0.5:
            names = f"{percent(share)} of {len(seen.profile.few)} different values are words of {leaf.type.table}"
            return Verdict(0.5 + share / 2, telling=share >= 0.75, why=names)
        return verdict

    def concept(self, name: str) -> Concept:
        """Give a concept by name."""
        return self.lexicon.concepts[name]


def _sentence(seen: Seen, named: Meaning | None, told: Meaning | None) -> str:
    parts = []
    if named is not None:
        parts.append(f"name: {named.why}" if named.strength >= 0.7 else f"name, weakly: {named.why}")
    if told is not None and told.why not in (named.why if named else ""):
        parts.append(f"comment: {told.why}")
    elif told is not None:
        parts.append("comment says the same")
    return "; ".join(parts) or f"column {seen.name}"


def _disagreement(concept: str, by_name: Sequence[Meaning], by_comment: Sequence[Meaning]) -> tuple[str, ...]:
    """Say where name and comment clearly mean different things."""
    if not by_name or not by_comment:
        return ()
    name_says = {m.concept for m in by_name if m.strength >= _CLEAR}
    comment_says = {m.concept for m in by_comment if m.strength >= _CLEAR}
    if name_says and comment_says and not name_says & comment_says:
        other = by_comment[0] if concept in name_says else by_name[0]
        whose = "comment" if concept in name_says else "name"
        return (f"the {whose} says {other.concept.replace('_', ' ')}",)
    return ()
