"""Names: which concept of the vocabulary a column's name or comment means, how surely, and why.

A Chinese name gives its pinyin initials (企业名称 → qymc) and its full pinyin; an English one is compared by its words,
however they are joined. The same form of two concepts counts as weak for both.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ecqs_gateway.content.models_vocabulary import Concept, TableWords, VocabularyFile

_Key = TypeVar("_Key")

__all__ = ["Lexicon", "Meaning", "chinese", "pieces"]

_HAN = re.compile("[\u3400-\u9fff]")
_NOT_HAN = re.compile("[^\u3400-\u9fff]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^0-9A-Za-z]+|(?<=[a-zA-Z])(?=[0-9])")
_BRACKETED = re.compile(r"[（(\[【〔].*?[）)\]】〕]")
_HEAD = re.compile(r"[:：,，。;；/、|\n\r\t=＝（(\[【]")
_MOST_READINGS = 8
_WEAK = 0.6


@dataclass(frozen=True)
class Meaning:
    """A concept a name may mean: 1 is certain as far as names go, below 0.5 is a hint."""

    concept: str
    strength: float
    why: str


@dataclass(frozen=True)
class _Form:
    concept: str
    strength: float
    why: str


def chinese(text: str) -> str:
    """Give the Chinese characters of a text."""
    return _NOT_HAN.sub("", unicodedata.normalize("NFKC", text))


def pieces(name: str) -> list[str]:
    """Take a name apart at _, blanks and capitals, in small letters."""
    return [piece.lower() for piece in _CAMEL.split(unicodedata.normalize("NFKC", name)) if piece]


@dataclass
class Lexicon:
    """The vocabulary, ready to be asked about one record kind's concepts and those every source has."""

    vocabulary: VocabularyFile
    concepts: Mapping[str, Concept]
    _latin: dict[str, list[_Form]] = field(default_factory=dict)
    _han: dict[str, list[_Form]] = field(default_factory=dict)
    _words: dict[frozenset[str], list[_Form]] = field(default_factory=dict)
    _alias: dict[str, str] = field(default_factory=dict)
    _known: frozenset[str] = frozenset()

    @classmethod
    def of(cls, vocabulary: VocabularyFile, kind: str) -> Lexicon:
        """Take the concepts that are a field of the kind or none of any kind."""
        chosen = {
            name: concept
            for name, concept in vocabulary.concepts.items()
            if kind in concept.fields or (concept.use is not None and kind not in concept.fields)
        }
        made = cls(vocabulary, chosen)
        made._learn()
        return made

    def _learn(self) -> None:
        self._alias = {other: word for word, others in self.vocabulary.words.items() for other in others}
        readings = self.vocabulary.readings()
        for name, concept in self.concepts.items():
            weak = {_joined(word) for word in concept.weak}
            for word in concept.zh:
                self._add(self._han, word, _Form(name, _WEAK if word in concept.weak else 1.0, f"'{word}'"))
                for form, strength, why in _spellings(word, readings):
                    self._add(self._latin, form, _Form(name, _WEAK if form in weak else strength, why))
            for word in concept.en:
                strength = _WEAK if _joined(word) in weak else 1.0
                self._add(self._latin, _joined(word), _Form(name, strength, f"English '{word}'"))
                self._add(self._words, self._canonical(word.split()), _Form(name, strength, f"English '{word}'"))
            for word in concept.more:
                strength = _WEAK if _joined(word) in weak else 1.0
                self._add(self._latin, _joined(word), _Form(name, strength, f"known as {name.replace('_', ' ')}"))
        english = (word for concept in self.concepts.values() for phrase in concept.en for word in phrase.split())
        self._known = frozenset([*english, *self._alias, *self._alias.values()])

    @staticmethod
    def _add(into: dict[_Key, list[_Form]], key: _Key, form: _Form) -> None:
        known = into.setdefault(key, [])
        before = next((one for one in known if one.concept == form.concept), None)
        if before is None:
            known.append(form)
        elif before.strength < form.strength:
            known[known.index(before)] = form

    def _canonical(self, words: Iterable[str]) -> frozenset[str]:
        return frozenset(self._alias.get(word, word) for word in words)

    def of_name(self, name: str) -> list[Meaning]:
        """Say what a column's name means, best first."""
        if _HAN.search(name):
            return self.of_text(name)
        found: dict[str, Meaning] = {}
        for spelling, penalty in self._variants(name):
            for form in _shared(self._latin.get(spelling, [])):
                _keep(found, form, form.strength * penalty)
        for words, penalty in self._word_sets(name):
            for form in _shared(self._words.get(words, [])):
                _keep(found, form, form.strength * penalty)
        if not found:
            for form in self._inside(_joined(name)):
                _keep(found, form, form.strength)
        return sorted(found.values(), key=lambda meaning: -meaning.strength)

    def _variants(self, name: str) -> Iterator[tuple[str, float]]:
        """Give the spellings to look up: as it is, without what says nothing, without its first piece."""
        parts = pieces(name)
        yield _joined(name), 1.0
        bare = self._bare(parts)
        if bare != parts:
            yield "".join(bare), 0.97
        if len(bare) > 1:
            yield "".join(bare[1:]), 0.75
            yield "".join(bare[:-1]), 0.5

    def _bare(self, parts: list[str]) -> list[str]:
        """Take off numbers and words of types behind the name (xkzbh_varchar1), and short marks before it."""
        affixes = self.vocabulary.affixes
        before, after = affixes.get("before", ()), affixes.get("after", ())
        kept = list(parts)
        while len(kept) > 1 and (kept[-1].isdigit() or re.sub("[0-9]+$", "", kept[-1]) in after):
            kept.pop()
        if len(kept) > 1 and kept[0] in before:
            kept = kept[1:]
        return kept

    def _word_sets(self, name: str) -> Iterator[tuple[frozenset[str], float]]:
        parts = self._bare(pieces(name))
        if len(parts) == 1:
            parts = self._segmented(parts[0]) or parts
        yield self._canonical(parts), 0.98
        if len(parts) > 2:
            yield self._canonical(parts[1:]), 0.7

    def _segmented(self, joined: str) -> list[str]:
        """Find the words of a name written without any sign between them."""
        best: list[list[str] | None] = [[], *([None] * len(joined))]
        for end in range(1, len(joined) + 1):
            for start in range(max(0, end - 16), end):
                before = best[start]
                if before is not None and end - start > 1 and joined[start:end] in self._known:
                    longer = [*before, joined[start:end]]
                    here = best[end]
                    if here is None or len(longer) < len(here):
                        best[end] = longer
        return best[-1] or []

    def _inside(self, joined: str) -> Iterator[_Form]:
        """Give concepts of which a long form begins or ends the name: a hint, no more."""
        hits = [form for form in self._latin if len(form) >= 4 and (joined.endswith(form) or joined.startswith(form))]
        longest = max(map(len, hits), default=0)
        for hit in hits:
            if len(hit) == longest:
                for form in _shared(self._latin[hit]):
                    yield _Form(form.concept, 0.5, f"has '{hit}' in it: {form.why}")

    def of_text(self, text: str) -> list[Meaning]:
        """Say what a comment or a Chinese name means, best first; ``企业名称(必填)`` means 企业名称."""
        head = _HEAD.split(_BRACKETED.sub("", text), maxsplit=1)[0]
        found: dict[str, Meaning] = {}
        for candidate, penalty in (
            (chinese(text), 1.0),
            (chinese(_BRACKETED.sub("", text)), 1.0),
            (chinese(head), 0.97),
        ):
            for form in _shared(self._han.get(candidate, [])) if candidate else ():
                _keep(found, form, form.strength * penalty)
        if found:
            return sorted(found.values(), key=lambda meaning: -meaning.strength)
        return self._longest_inside(chinese(head))

    def _longest_inside(self, text: str) -> list[Meaning]:
        hits = [word for word in self._han if len(word) >= 2 and word in text]
        longest = max(map(len, hits), default=0)
        found: dict[str, Meaning] = {}
        for hit in hits:
            if len(hit) == longest:
                for form in _shared(self._han[hit]):
                    strength = 0.4 + 0.4 * len(hit) / len(text) + (0.05 if text.endswith(hit) else 0)
                    _keep(found, _Form(form.concept, 1, f"has {form.why} in it"), min(strength, 0.8) * form.strength)
        return sorted(found.values(), key=lambda meaning: -meaning.strength)

    def of_table(self, words: Mapping[str, TableWords], name: str, comment: str) -> dict[str, float]:
        """Say how well a table's name and comment fit each entry: 1 a whole word, 0.6 a part."""
        readings = self.vocabulary.readings()
        parts = pieces(name)
        told = chinese(f"{name} {comment}")
        found: dict[str, float] = {}
        for key, entry in words.items():
            latin = {spelling for word in entry.zh for spelling, _, _ in _spellings(word, readings)}
            latin |= {*entry.more, *entry.en}
            canonical = self._canonical(entry.en)
            score = 0.6 if any(word in told for word in entry.zh) else 0.0
            hits = [part for part in parts if part in latin or self._alias.get(part, part) in canonical]
            if hits:
                score = max(score, 1.0 if parts and parts[-1] in hits else 0.6)
            found[key] = score
        return found


def _joined(word: str) -> str:
    return "".join(pieces(word))


def _spellings(word: str, readings: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, float, str]]:
    """Give the initials and the full pinyin of a Chinese name; short initials mean many things."""
    sounds = [readings.get(sign, (sign.lower(),)) for sign in word]
    for reading in itertools.islice(itertools.product(*sounds), _MOST_READINGS):
        initials = "".join(sound[0] for sound in reading)
        strength = {1: 0.3, 2: 0.7, 3: 0.92}.get(len(initials), 1.0)
        yield initials, strength, f"initials of {word}"
        yield "".join(reading), 1.0, f"pinyin of {word}"


def _shared(forms: list[_Form]) -> list[_Form]:
    """Weaken a form that several concepts have about equally."""
    best = max((form.strength for form in forms), default=0.0)
    alike = [form for form in forms if form.strength > best - 0.2]
    if len(alike) < 2:
        return forms
    return [_Form(form.concept, min(form.strength, _WEAK), form.why) for form in forms]


def _keep(found: dict[str, Meaning], form: _Form, strength: float) -> None:
    before = found.get(form.concept)
    if before is None or before.strength < strength:
        found[form.concept] = Meaning(form.concept, round(strength, 3), form.why)
