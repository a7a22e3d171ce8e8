"""The cases of units run one after another, for `ecqs mapping test`: one result a file, with places and values."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from ecqs_gateway.content.case_outcome import Outcome, SourceShape
from ecqs_gateway.content.case_runs import Mismatch, try_case
from ecqs_gateway.content.files import place_of
from ecqs_gateway.content.load import Content
from ecqs_gateway.content.models import CaseFile
from ecqs_gateway.content.problems import Problem
from ecqs_gateway.content.shapes import seen
from ecqs_gateway.content.yaml_reader import Document, read_yaml
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import ExprContext
from ecqs_gateway.model import kinds
from ecqs_gateway.rules.catalogue import CompiledRules, compile_rules
from ecqs_gateway.rules.check import EXAMPLE_DAY

__all__ = ["CaseResult", "Difference", "Suite"]


@dataclass(frozen=True)
class Difference:
    """One way in which a case did not come out, with its place in the case file (from 1)."""

    line: int
    column: int
    mismatch: Mismatch


@dataclass(frozen=True)
class CaseResult:
    """What became of one case file.

    ``passed``, ``failed`` (it came out otherwise, or can say nothing) or ``broken`` (file or mapping cannot be used;
    ``problems`` says why).
    """

    file: str
    unit: str
    kind: str
    title: str
    status: str
    seconds: float = 0.0
    differences: tuple[Difference, ...] = ()
    problems: tuple[Problem, ...] = ()
    case: CaseFile | None = None
    outcome: Outcome | None = None

    @property
    def name(self) -> str:
        """Give the file's own name."""
        return PurePosixPath(self.file).stem


@dataclass(frozen=True)
class Suite:
    """All cases of a content bundle, ready to run."""

    content: Content

    def files(
        self, units: Collection[str] = (), kinds_: Collection[str] = (), names: Collection[str] = ()
    ) -> list[str]:
        """List the case files of these units, kinds and names; all of them where nothing is given.

        A file that cannot be read belongs to its unit, whatever kind is asked for.
        """
        found = {file: kind for (_, kind), cases in self.content.cases.items() for file in cases}
        broken = {p.file: "" for p in self.content.problems if _is_case(p.file)}
        chosen = []
        for file, kind in sorted({**broken, **found}.items()):
            place = PurePosixPath(file)
            unit = place.parts[1]
            named = not names or not {place.stem, place.name, file}.isdisjoint(names)
            if named and (not units or unit in units) and (not kinds_ or not kind or kind in kinds_):
                chosen.append(file)
        return chosen

    def run(self, files: Collection[str]) -> Iterator[CaseResult]:
        """Run cases one by one; none keeps another from running."""
        cases = {file: case for cases in self.content.cases.values() for file, case in cases.items()}
        for file in files:
            started = time.perf_counter()
            result = self._run(file, cases.get(file))
            yield CaseResult(**{**vars(result), "seconds": time.perf_counter() - started})

    def _run(self, file: str, case: CaseFile | None) -> CaseResult:
        unit = PurePosixPath(file).parts[1]
        mine = tuple(p for p in self.content.problems if p.file == file and p.blocking)
        if case is None or mine:
            title, kind = (case.title, case.kind) if case is not None else ("", "")
            return CaseResult(file, unit, kind, title, "broken", problems=mine, case=case)
        connector = self.content.connectors.get(unit)
        mapping = self.content.compiled.get((unit, case.kind))
        if connector is None or mapping is None or case.kind not in connector.streams:
            why = self._why(unit, case.kind)
            return CaseResult(file, unit, case.kind, case.title, "broken", problems=why, case=case)
        shape = SourceShape(connector, *seen(connector, self.content.sources.get(unit), case.kind))
        run = try_case(case, mapping, self.rules(case.kind), shape)
        document = self.document(file)
        differences = tuple(_placed(document, mismatch) for mismatch in run.mismatches)
        status = "failed" if differences else "passed"
        return CaseResult(file, unit, case.kind, case.title, status, 0.0, differences, (), case, run.outcome)

    def _why(self, unit: str, kind: str) -> tuple[Problem, ...]:
        """Give the mistakes of the files that keep a mapping from being used."""
        about = (f"mappings/{unit}/{kind}.yaml", f"connectors/provinces/{unit}.yaml")
        found = tuple(p for p in self.content.problems if p.blocking and p.file in about)
        codes = tuple(p for p in self.content.unit_problems(unit) if p.blocking and "/codes/" in p.file)
        if found or codes:
            return found + codes
        message, hint = f"there is no usable mapping for {kind}", "write it, and a stream in the connector"
        return (Problem(about[0], 1, 1, "error", "ECQS-6004", message, hint),)

    def document(self, file: str) -> Document | None:
        """Read a case file again, for the places of its pieces."""
        return read_yaml(file, (self.content.root / file).read_bytes())[0]

    def rules(self, kind: str) -> CompiledRules | None:
        """Give the rules of a kind as of the day of examples; None where they cannot be compiled."""
        if kind not in self._rules:
            try:
                context = ExprContext(self.content.codes, self.content.calendar, EXAMPLE_DAY)
                self._rules[kind] = compile_rules(kinds.spec(kind), list(self.content.rules.values()), context)
            except Misconfigured:
                self._rules[kind] = None  # told of the rule itself, by `ecqs check`
        return self._rules[kind]

    @cached_property
    def _rules(self) -> dict[str, CompiledRules | None]:
        return {}


def _is_case(file: str) -> bool:
    place = place_of(file)
    return place is not None and place.role == "case"


def _placed(document: Document | None, mismatch: Mismatch) -> Difference:
    if document is None:
        return Difference(1, 1, mismatch)
    mark = document.mark(mismatch.path)
    at_value = mark.text is not None
    line, column = (mark.line, mark.column) if at_value else (mark.key_line, mark.key_column)
    return Difference(line, column, mismatch)
