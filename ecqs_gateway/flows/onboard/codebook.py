"""Codes: which national code a source value means, how surely, and why.

A word is sure when it is the name of the code or stands in the vocabulary. Numbers and letters mean nothing by
themselves: they are sure only where the column's comment says what they mean (``1有效 2注销``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ecqs_gateway.content.models_vocabulary import VocabularyFile
from ecqs_gateway.mapping.codes import fold
from ecqs_gateway.model.codes import CodeTables

__all__ = ["CodeBook", "CodeGuess", "legend"]

_OPAQUE = re.compile(r"[0-9A-Za-z_.-]{1,12}")
_PAIR = re.compile(
    r"(?<![0-9A-Za-z])['\"‘“]?(?P<code>[0-9A-Za-z]{1,6})['\"’”]?\s*"
    r"[-—:：=＝.．、 为是代表表示]{0,4}\s*(?P<word>[\u4e00-\u9fff]{1,20})"
)
_REVERSED = re.compile(r"(?P<word>[\u4e00-\u9fff]{1,20})\s*[-—:：=＝(（]\s*(?P<code>[0-9A-Za-z]{1,6})(?![0-9A-Za-z])")
_NEAR = 0.6


@dataclass(frozen=True)
class CodeGuess:
    """The national code of one value: None where nothing is near."""

    code: str | None
    sure: bool
    why: str


def legend(comment: str) -> dict[str, str]:
    """Read what a comment says of codes: ``状态(1有效,2注销)`` gives {1: 有效, 2: 注销}."""
    pairs = {found["code"]: found["word"] for found in _PAIR.finditer(comment)}
    if len(pairs) >= 2:
        return pairs
    other = {found["code"]: found["word"] for found in _REVERSED.finditer(comment)}
    return other if len(other) >= 2 else {}


@dataclass
class CodeBook:
    """Words of every national code table."""

    vocabulary: VocabularyFile
    codes: CodeTables
    _words: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    def words(self, table: str) -> Mapping[str, tuple[str, str]]:
        """Give the folded words of a table, each with its code and where it is from."""
        if table not in self._words:
            rows = self.codes[table].rows
            found: dict[str, tuple[str, str]] = {}
            names = list(zip(rows["code"].to_list(), rows["name"].to_list(), strict=True))
            for code, words in self.vocabulary.codes.get(table, {}).items():
                found.update({fold(word): (code, "listed in the vocabulary") for word in words})
            found.update({fold(name): (code, "the same name") for code, name in names})
            self._words[table] = found
        return self._words[table]

    def names(self, table: str) -> dict[str, str]:
        """Give the names of the codes."""
        rows = self.codes[table].rows
        return dict(zip(rows["code"].to_list(), rows["name"].to_list(), strict=True))

    def guess(self, table: str, value: str, told: Mapping[str, str]) -> CodeGuess:
        """Give the national code of a value; ``told`` is the legend of the column's comment."""
        word = told.get(value) or told.get(value.lstrip("0"))
        known = self.words(table)
        if word is not None:
            found = known.get(fold(word))
            if found is not None:
                return CodeGuess(found[0], sure=True, why=f"the comment says {word}")
            return self._near(table, word, f"the comment says {word}; ")
        found = known.get(fold(value))
        if found is not None:
            return CodeGuess(found[0], sure=True, why=found[1])
        if _OPAQUE.fullmatch(value):
            return CodeGuess(None, sure=False, why="nothing says what this code means")
        return self._near(table, value, "")

    def _near(self, table: str, word: str, before: str) -> CodeGuess:
        known = self.words(table)
        folded = fold(word)
        inside = [
            name for name in known if len(name) >= 2 and (name in folded or (len(folded) >= 2 and folded in name))
        ]
        if len({known[name][0] for name in inside}) == 1:
            name = max(inside, key=len)
            return CodeGuess(known[name][0], sure=False, why=f"{before}near {name}")
        near = difflib.get_close_matches(folded, known, n=1, cutoff=_NEAR)
        if near:
            return CodeGuess(known[near[0]][0], sure=False, why=f"{before}near {near[0]}")
        return CodeGuess(None, sure=False, why=f"{before}no national code is near")

    def fit(self, table: str, values: Iterable[str], told: Mapping[str, str]) -> float:
        """Give the share of different values whose code is sure."""
        values = list(values)
        sure = sum(self.guess(table, value, told).sure for value in values)
        return sure / len(values) if values else 0.0
