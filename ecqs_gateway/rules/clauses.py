"""Which rules check which sentence of a document: found by what the rules quote, never kept by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ecqs_gateway.content.models import Rule
from ecqs_gateway.content.models_clauses import ClausesFile, Sentence

__all__ = ["checked_by", "problems"]

_ENDS = re.compile(r"[^；。]+[；。]?")


def checked_by(document: str, sentence: Sentence, rules: Iterable[Rule]) -> list[Rule]:
    """Give the rules that quote a sentence of a document, or a part of it."""
    return [rule for rule in rules if rule.clause.document == document and _overlap(rule.clause.quote, sentence.quote)]


def _overlap(quote: str | None, sentence: str) -> bool:
    # A quotation may run over several sentences, or be a part of one.
    return quote is not None and any(part in sentence for part in _ENDS.findall(quote))


def problems(file: ClausesFile, rules: Iterable[Rule]) -> Iterator[str]:
    """Tell every sentence that no rule checks and that does not say why, or the other way round; and strange quotes."""
    rules = [rule for rule in rules if rule.clause.document == file.document]
    sentences = [(clause.article, one) for clause in file.clauses for one in clause.sentences]
    for article, sentence in sentences:
        found = checked_by(file.document, sentence, rules)
        if not found and sentence.unchecked is None:
            yield f"{article}: no rule checks this sentence, and it does not say why: {sentence.quote}"
        if found and sentence.unchecked is not None:
            yield f"{article}: {found[0].id} checks this sentence, which is said not to be checked: {sentence.quote}"
        for rule in found:
            if article != rule.clause.article:
                yield f"{rule.id}: its quotation stands in {article}, not in {rule.clause.article}"
    for rule in rules:
        if not any(_overlap(rule.clause.quote, one.quote) for _, one in sentences):
            yield f"{rule.id}: its quotation stands nowhere in {file.document}"
