"""Check rule files: ids, fields, products, expressions, and that every example behaves as it says.

The examples are the rules' tests. Each is a partial record: its texts are read by the field types, fields it leaves
out are absent, and lists it leaves out count as not delivered (write ``inspectors: []`` for an empty list). What a rule
looks at beside the record stands in its examples like a field: ``before.status``, ``certificate.others``. Examples
are judged as of ``EXAMPLE_DAY``, so that a rule that asks for ``today()`` behaves the same for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from ecqs_gateway.content.models import Rule, RulesFile
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import ExprContext, ExpressionError
from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import KindSpec, Leaf
from ecqs_gateway.model.types import FieldProblem
from ecqs_gateway.rules.against import ANSWERED, list_leaves, record_leaves
from ecqs_gateway.rules.catalogue import CompiledRule, compile_rule, rule_columns
from ecqs_gateway.rules.evaluate import broken_rows

__all__ = ["EXAMPLE_DAY", "RuleProblem", "check_rules"]

EXAMPLE_DAY = date(2026, 1, 1)
"""The day on which examples are judged."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class RuleProblem:
    """One thing wrong with a rule: file, path inside it, rule id, stable code, what is wrong and what to do."""

    file: str
    path: Path
    rule: str
    code: str
    message: str
    hint: str | None = None


class _Bad(ValueError):
    """An example that cannot be read: where in it, and why."""

    def __init__(self, path: Path, message: str) -> None:
        self.path = path
        self.message = message
        super().__init__(message)


def check_rules(
    files: Mapping[str, RulesFile], context: ExprContext, kinds: Mapping[str, KindSpec] | None = None
) -> list[RuleProblem]:
    """Give everything that is wrong with the rules of all files, by path; an empty list is a good catalogue.

    Codes: 1301 an id stands twice, 1302 unknown kind or field, 1303 the expression is no condition, 1304 effective
    dates without a date field, 1305 unknown product, 1306 a passing example fails, 1307 a failing example passes,
    1308 an example cannot be read, and 11xx for expressions.
    """
    known = kinds if kinds is not None else {name: spec(name) for name in KINDS}
    judged = replace(context, today=EXAMPLE_DAY)
    problems: list[RuleProblem] = []
    first: dict[str, str] = {}
    for file, content in files.items():
        for place, rule in enumerate(content.rules):
            path: Path = ("rules", place)
            if rule.id in first:
                told = f"the id {rule.id} is already used in {first[rule.id]}"
                problems.append(RuleProblem(file, (*path, "id"), rule.id, "ECQS-1301", told))
            first.setdefault(rule.id, file)
            found = _check_rule(rule, known, judged)
            problems += [
                RuleProblem(file, (*path, *at), rule.id, *(code, text, hint)) for at, code, text, hint in found
            ]
    return problems


_PLACES: Mapping[str, Path] = {"ECQS-1304": ("effective", "by"), "ECQS-1305": ("products",)}
_Found = tuple[Path, str, str, str | None]


def _check_rule(rule: Rule, kinds: Mapping[str, KindSpec], context: ExprContext) -> Iterator[_Found]:
    kind = kinds.get(rule.kind)
    if kind is None:
        yield ("kind",), "ECQS-1302", f"there is no record kind {rule.kind}", f"kinds are {', '.join(sorted(kinds))}"
        return
    yield from _check_fields(rule, kind)
    yield from _check_products(rule, context.codes)
    try:
        compiled = compile_rule(kind, rule, context)
    except ExpressionError as error:
        place = f"line {error.line} column {error.column}"
        near = f" at {error.token!r}" if error.token else ""
        yield ("expr",), error.code, f"expression {place}{near}: {error.message}", error.hint
    except Misconfigured as error:
        yield _PLACES.get(error.code, ("expr",)), error.code, error.message, error.hint
    else:
        yield from _check_examples(rule, compiled, kind, context)


def _check_fields(rule: Rule, kind: KindSpec) -> Iterator[_Found]:
    names = set(rule_columns(kind))
    for node in kind.repeated():
        names |= {node.path, *(f"{node.path}.{leaf.path}" for leaf in node.leaves())}
    matched = [(("match",), rule.match)] if rule.match else []
    places: list[tuple[Path, str]] = [*((("fields", n), f) for n, f in enumerate(rule.fields)), *matched]
    for path, name in [*places, *((("needs", n), f) for n, f in enumerate(rule.needs))]:
        if name not in names:
            yield path, "ECQS-1302", f"{kind.kind} has no field {name}", None


def _check_products(rule: Rule, codes: CodeTables | None) -> Iterator[_Found]:
    table = codes.get("product_classes") if codes is not None else None
    for place, code in enumerate(rule.products or ()):
        if table is not None and code not in table.codes:
            yield ("products", place), "ECQS-1305", f"there is no product class {code}", "see product_classes.csv"


def _check_examples(rule: Rule, compiled: CompiledRule, kind: KindSpec, context: ExprContext) -> Iterator[_Found]:
    sides = (("pass", rule.examples.pass_), ("fail", rule.examples.fail))
    paths: list[Path] = [("examples", side, place) for side, examples in sides for place in range(len(examples))]
    records: list[_Record] = []
    for path, example in zip(paths, [one for _, examples in sides for one in examples], strict=True):
        try:
            records.append(_record(path, example, kind, rule, context.codes))
        except _Bad as bad:
            yield (*path, *bad.path), "ECQS-1308", bad.message, None
    for record, broken in _verdicts(compiled, kind, records):
        if broken and record.path[1] == "pass":
            yield record.path, "ECQS-1306", "this example should keep the rule and breaks it", None
        if not broken and record.path[1] == "fail":
            hint = "a rule counts as kept where something it reads is absent, or where it is not in force"
            yield record.path, "ECQS-1307", "this example should break the rule and keeps it", hint


@dataclass(frozen=True)
class _Record:
    """One example, read: its fields, and the items of the lists it gives."""

    path: Path
    fields: Mapping[str, Any]
    lists: Mapping[str, Sequence[Mapping[str, Any]]]


def _record(path: Path, example: Mapping[str, Any], kind: KindSpec, rule: Rule, codes: CodeTables | None) -> _Record:
    nodes = {node.path: node for node in kind.repeated()}
    fields = _values(
        {name: text for name, text in example.items() if name not in nodes},
        [*kind.leaves(), *record_leaves(kind, rule)],
        codes,
        (),
    )
    lists = {}
    for name, items in example.items():
        if name in nodes and items is not None:
            if isinstance(items, str):
                raise _Bad((name,), f"{name} is a list")
            leaves = [*nodes[name].leaves(), *list_leaves(rule, name)]
            lists[name] = [_values(item, leaves, codes, (name, place)) for place, item in enumerate(items)]
    return _Record(path, fields, lists)


def _values(texts: Mapping[str, Any], leaves: Iterable[Leaf], codes: CodeTables | None, path: Path) -> dict[str, Any]:
    """Read the texts of one record or item by the field types."""
    known = {leaf.path: leaf for leaf in leaves}
    values = {}
    for name, text in texts.items():
        if name not in known:
            raise _Bad((*path, name), f"there is no field {name} here")
        values[name] = _read(known[name], text, codes, (*path, name))
    return values


def _verdicts(compiled: CompiledRule, kind: KindSpec, records: list[_Record]) -> Iterator[tuple[_Record, bool]]:
    """Say of each example whether it breaks the rule; those that give the same lists run together."""
    asked = {term.list for term in compiled.terms}
    groups: dict[frozenset[str], list[_Record]] = {}
    for record in records:
        groups.setdefault(frozenset(record.lists) & asked, []).append(record)
    leaves = {leaf.path: leaf for leaf in (*kind.leaves(), *record_leaves(kind, compiled.rule))}
    columns = [leaves[name] for name in sorted({*compiled.columns, *compiled.beside} - {ANSWERED})]
    for given, members in groups.items():
        frame = _frame(columns, list(enumerate(record.fields for record in members)))
        lists = {
            node.path: _frame(
                [*node.leaves(), *list_leaves(compiled.rule, node.path)],
                [(row, item) for row, record in enumerate(members) for item in record.lists[node.path]],
            )
            for node in kind.repeated()
            if node.path in given
        }
        broken = set(broken_rows(compiled, frame, lists).to_list())
        yield from ((record, row in broken) for row, record in enumerate(members))


def _frame(leaves: list[Leaf], lines: list[tuple[int, Mapping[str, Any]]]) -> pl.DataFrame:
    """Make the frame of some records or items, each with the number of its record."""
    rows = pl.Series(ROW, [row for row, _ in lines], dtype=pl.UInt32)
    columns = [
        pl.Series(leaf.path, [values.get(leaf.path) for _, values in lines], dtype=leaf.type.dtype) for leaf in leaves
    ]
    return pl.DataFrame([rows, *columns])


def _read(leaf: Leaf, text: Any, codes: CodeTables | None, path: Path) -> Any:
    if text is None:
        return None
    if not isinstance(text, str):
        raise _Bad(path, "a field is written as text")
    try:
        value = leaf.type.read(text, codes)
    except FieldProblem as problem:
        raise _Bad(path, f"{leaf.path} cannot be read: {problem.message}") from None
    wrong = leaf.type.check(value, codes)
    if wrong is not None:
        raise _Bad(path, f"{leaf.path} is not good: {wrong.message}")
    return value
