"""Code files: the values of a code column with their counts, each beside the nearest national code."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ecqs_gateway.content.todos import MARK
from ecqs_gateway.extract.survey import Survey, Surveyed
from ecqs_gateway.flows.onboard.codebook import CodeBook, CodeGuess, legend
from ecqs_gateway.flows.onboard.draft import Line, ListLine
from ecqs_gateway.flows.onboard.evidence import leaves_of
from ecqs_gateway.flows.onboard.tables import Knowledge
from ecqs_gateway.mapping.codes import fold
from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.mapping.words import FILLERS
from ecqs_gateway.model.types import Code

if TYPE_CHECKING:
    from ecqs_gateway.flows.onboard.plan import KindPlan

__all__ = ["CodeFile", "CodeLine", "code_files"]

_MOST = 200


@dataclass(frozen=True)
class CodeLine:
    """One value with its count and the code it is thought to mean."""

    source: str
    count: int
    guess: CodeGuess
    name: str


@dataclass(frozen=True)
class CodeFile:
    """One code file."""

    name: str
    table: str
    lines: tuple[CodeLine, ...]

    def text(self, *, agreed: bool = False) -> str:
        """Write the file; ``agreed`` as it would be after every proposal was agreed to."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("source", "national", "note"))
        for line in self.lines:
            code = line.guess.code
            if agreed and code is None:
                continue
            marked = "" if line.guess.sure or agreed else MARK
            national = " ".join(part for part in (marked, code) if part)
            told = f"{line.name}: " if line.name and not line.guess.sure else ""
            writer.writerow((line.source, national, f"{line.count} rows; {told}{line.guess.why}"))
        if not self.lines and not agreed:
            writer.writerow((MARK, "", "no value was seen: write the values and the codes they mean"))
        return out.getvalue()


def code_files(plan: KindPlan, survey: Survey, knowledge: Knowledge) -> tuple[CodeFile, ...]:
    """Make the code files of all code fields of a record kind."""
    book = CodeBook(knowledge.vocabulary, knowledge.codes)
    leaves = leaves_of(plan.kind)
    made = []
    for line, counts, comment in _values(plan, survey):
        kind = leaves[line.path].type
        if line.codes is not None and isinstance(kind, Code):
            made.append(CodeFile(line.codes, kind.table, tuple(_lines(counts, kind.table, comment, book))))
    return tuple(made)


_Counts = Sequence[tuple[object, int]]


def _values(plan: KindPlan, survey: Survey) -> Iterator[tuple[Line, _Counts, str]]:
    for line in plan.fields:
        if line.codes is not None and line.column is not None:
            yield line, survey.counts(plan.table, line.column, _MOST), _comment(plan.table, line.column)
    for one in plan.lists:
        for line in one.fields:
            if line.codes is not None and line.column is not None:
                yield (line, *_of_list(plan, one, line.column, survey))


def _of_list(plan: KindPlan, one: ListLine, column: str, survey: Survey) -> tuple[_Counts, str]:
    from ecqs_gateway.flows.onboard.lists import item_frame  # noqa: PLC0415 - lists makes lines, too

    if "json" in one.origin and one.column is not None:
        items = item_frame(plan.table.sample[one.column], [column])[column]
        return _counted(items), ""
    table = next((child.table for child in plan.children if child.list == one.path), plan.table)
    if "split" in one.origin:
        return _counted(plan.table.sample[column]), _comment(plan.table, column)
    return survey.counts(table, column, _MOST), _comment(table, column)


def _counted(values: pl.Series) -> _Counts:
    counted = values.drop_nulls().alias("v").value_counts(sort=True).head(_MOST)
    rows: Iterable[tuple[object, int]] = counted.iter_rows()
    return list(rows)


def _comment(table: Surveyed, column: str) -> str:
    return next((one.comment for one in table.columns if one.name == column), "")


def _lines(counts: _Counts, table: str, comment: str, book: CodeBook) -> Iterator[CodeLine]:
    """Put spellings together that match alike, and give each value its guess."""
    told, names = legend(comment), book.names(table)
    texts = text_column(pl.Series("v", [value for value, _ in counts], strict=False)) if counts else pl.Series()
    merged: dict[str, tuple[str, int]] = {}
    for text, (_, count) in zip(texts.to_list(), counts, strict=True):
        if text is None or text.strip().lower() in FILLERS:
            continue
        first, before = merged.get(fold(text), (text, 0))
        merged[fold(text)] = (first, before + count)
    for source, count in sorted(merged.values(), key=lambda one: -one[1]):
        guess = book.guess(table, source, told)
        yield CodeLine(source, count, guess, names.get(guess.code or "", ""))
