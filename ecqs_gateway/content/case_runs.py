"""Runs the cases of a mapping: sample source rows through mapping and rules, compared with what they must become.

Only what a case names is compared, but nothing is let pass in silence: a record or a problem the case does not expect
fails it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecqs_gateway.content.case_outcome import CaseRows, Outcome, SourceShape, Told, outcome, rows_of, wanted_columns
from ecqs_gateway.content.models import ANY_PROBLEM, CaseCheck, CaseFile, Stream
from ecqs_gateway.content.problems import nearest
from ecqs_gateway.content.yaml_reader import Path
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.model.record import KindSpec, Leaf
from ecqs_gateway.rules.catalogue import CompiledRules

__all__ = ["CaseRows", "CaseRun", "Mismatch", "SourceShape", "compare", "run_case", "try_case"]


@dataclass(frozen=True)
class Mismatch:
    """One way in which a case did not come out as promised: place in the case file, and what came instead."""

    path: Path
    message: str
    hint: str | None = None
    expected: str | None = None
    """What the case says of one value; null where it is not about one value."""
    got: str | None = None
    """What came out; null is nothing."""
    about_value: bool = False


@dataclass(frozen=True)
class CaseRun:
    """What running a case gave: how it differs, and what came out (null where it could not be run)."""

    mismatches: tuple[Mismatch, ...]
    outcome: Outcome | None


def run_case(
    case: CaseFile, mapping: CompiledMapping, rules: CompiledRules | None, shape: SourceShape
) -> list[Mismatch]:
    """Run one case; an empty list is a case that came out as promised."""
    return list(try_case(case, mapping, rules, shape).mismatches)


def try_case(case: CaseFile, mapping: CompiledMapping, rules: CompiledRules | None, shape: SourceShape) -> CaseRun:
    """Run one case and give what came out, too."""
    misspelt = tuple(_misspelt(case, mapping, shape.connector.streams[case.kind]))
    if misspelt:
        return CaseRun(misspelt, None)
    try:
        made = outcome(mapping, rules, rows_of(case, mapping, shape))
    except GatewayError as error:
        return CaseRun((Mismatch(("rows",), f"the case cannot be run: {error.message}", error.hint),), None)
    return CaseRun(tuple(compare(case, mapping.spec, made)), made)


def compare(case: CaseFile, kind: KindSpec, made: Outcome) -> Iterator[Mismatch]:
    """Walk the differences between what a case expects and what came out."""
    yield from _records(case, kind, made)
    yield from _problems(case, made)
    yield from _superseded(case, made.superseded)


def _misspelt(case: CaseFile, mapping: CompiledMapping, stream: Stream) -> Iterator[Mismatch]:
    """Find columns that were meant for one the mapping reads: left alone, that one would silently be null."""
    given = {name for row in case.rows for name in row}
    rightly = {*wanted_columns(mapping, stream), *mapping.mapping.ignore, *stream.key}
    missing = [name for name in mapping.wanted if name not in given]
    for place, row in enumerate(case.rows):
        for name in row:
            meant = nearest(name, missing) if name not in rightly else None
            if meant is not None:
                yield Mismatch(
                    ("rows", place, name), f"the mapping reads no column {name!r}", f"did you mean {meant!r}?"
                )


def _records(case: CaseFile, kind: KindSpec, made: Outcome) -> Iterator[Mismatch]:
    expected = case.expect.records
    if len(made.records) != len(expected):
        yield Mismatch(("expect", "records"), f"{len(expected)} records are expected, {len(made.records)} came out")
        return
    leaves = {leaf.path: leaf for leaf in kind.leaves()}
    lists = {node.path: {leaf.path: leaf for leaf in node.leaves()} for node in kind.repeated()}
    for place, (wanted, one) in enumerate(zip(expected, made.records, strict=True)):
        path: Path = ("expect", "records", place)
        for name, value in wanted.items():
            if name in leaves and not isinstance(value, tuple):
                yield from _compare((*path, name), leaves[name], value, one.fields[name])
            elif name in lists and not isinstance(value, str):
                yield from _list((*path, name), lists[name], value, one.lists[name])
            else:
                known = [*leaves, *lists]
                meant = nearest(name, known)
                hint = f"did you mean {meant!r}?" if meant and meant != name else None
                yield Mismatch((*path, name), f"{kind.kind} has no field {name!r} of this form", hint)


def _list(
    path: Path, leaves: Mapping[str, Leaf], wanted: Any, items: Sequence[Mapping[str, str | None]]
) -> Iterator[Mismatch]:
    if isinstance(wanted, CaseCheck):
        if wanted.present is None:
            yield Mismatch(path, "a list can only be checked for present", "name its items, or say present: true")
        elif wanted.present != bool(items):
            yield Mismatch(path, f"{wanted} is expected, {len(items)} items came out")
        return
    wanted = wanted or ()
    if len(wanted) != len(items):
        yield Mismatch(path, f"{len(wanted)} items are expected, {len(items)} came out")
        return
    for place, (expected, item) in enumerate(zip(wanted, items, strict=True)):
        for name, value in expected.items():
            if name not in leaves:
                meant = nearest(name, leaves)
                hint = f"did you mean {meant!r}?" if meant else None
                yield Mismatch((*path, place, name), f"an item has no field {name!r}", hint)
            else:
                yield from _compare((*path, place, name), leaves[name], value, item[name])


def _compare(path: Path, leaf: Leaf, wanted: str | CaseCheck | None, written: str | None) -> Iterator[Mismatch]:
    fits = wanted.holds(written) if isinstance(wanted, CaseCheck) else written == wanted
    if not fits:
        came = "nothing" if written is None else f"{written!r}"
        expected = None if wanted is None else str(wanted)
        message = f"{leaf.path} ({leaf.title}) became {came}"
        yield Mismatch(path, message, expected=expected, got=written, about_value=True)


def _problems(case: CaseFile, made: Outcome) -> Iterator[Mismatch]:
    came = made.problems
    expected: dict[Told, int] = {
        (p.row, p.field, p.rule, p.severity): place for place, p in enumerate(case.expect.problems)
    }
    any_of = {(row, field, severity) for row, field, rule, severity in expected if rule == ANY_PROBLEM}
    for problem, place in expected.items():
        row, field, rule, severity = problem
        if rule == ANY_PROBLEM:
            there = any((r, f, s) == (row, field, severity) for r, f, _, s in came)
        else:
            there = problem in came
        if not there:
            others = sorted(f"{r} at {f} ({s})" for n, f, r, s in came if n == row)
            hint = f"row {row} has: {', '.join(others)}" if others else f"row {row} has no problem"
            what = f"any problem at {field}" if rule == ANY_PROBLEM else f"the problem {rule}"
            yield Mismatch(("expect", "problems", place), f"row {row} does not have {what}", hint)
    for problem in sorted(set(came) - set(expected)):
        row, field, rule, severity = problem
        if (row, field, severity) in any_of:
            continue
        hint = f"if that is right: {{row: {row}, field: '{field}', rule: {rule}, severity: {severity}}}"
        message = f"row {row} has the problem {rule} at {field}: {came[problem]}"
        yield Mismatch(("expect", "problems") if expected else ("expect",), message, hint)


def _superseded(case: CaseFile, came: int) -> Iterator[Mismatch]:
    wanted = case.expect.superseded
    if wanted != came:
        given: Path = ("expect", "superseded") if "superseded" in case.expect.model_fields_set else ("expect",)
        yield Mismatch(given, f"superseded should be {wanted}, but the rows that gave way to newer ones are {came}")
