"""Compiles the fields of a mapping file one by one, and collects every mistake with its place in the YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from ecqs_gateway.content.models import Absent, CodesUse, FieldMapping, PieceOf
from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.mapping.codematch import CodeStep
from ecqs_gateway.mapping.codes import LocalCodeTable
from ecqs_gateway.mapping.dateforms import DateForms, FormError
from ecqs_gateway.mapping.expr import ExprContext, ExpressionError, compile_expr
from ecqs_gateway.mapping.faults import MappingProblem
from ecqs_gateway.mapping.fields import Expression, FieldPlan, Unmapped
from ecqs_gateway.mapping.persondigest import DIGEST, digest_step
from ecqs_gateway.mapping.words import Step, WordError, read_word
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.record import Leaf
from ecqs_gateway.model.types import BusinessDate, FieldProblem, FieldType, PersonDigest, Timestamp

__all__ = ["Desk", "Path", "Scope", "compile_field"]

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Scope:
    """What a field may name: the columns of the record's table, of a child table, or the pieces of a list."""

    path: Path
    """Place of the table of fields in the YAML."""
    columns: Mapping[str, pl.DataType] | None
    """What may be named, with types; None when the source's structure is not known."""
    lineage: Callable[[str], str]
    """Name of a column for people: with its child table, or the column a list stands in."""
    check: Callable[[str], str | None] = lambda _: None
    """Says what is wrong with a name beyond its being unknown, for the members of JSON items."""


@dataclass
class Desk:
    """What compiling needs on hand, and the mistakes found so far."""

    where: str
    codes: CodeTables
    local_codes: Mapping[str, LocalCodeTable]
    today: date | None
    problems: list[MappingProblem] = field(default_factory=list)

    def report(self, code: str, path: Path, message: str, hint: str | None = None, *, warning: bool = False) -> None:
        """Note one mistake."""
        severity = "warning" if warning else "error"
        self.problems.append(MappingProblem(code, path, message, hint, severity))

    def absent(self, given: Absent, path: Path) -> None:
        """Warn where a declaration of absence has run out."""
        if self.today is not None and given.until < self.today:
            hint = "find out whether the unit has it by now, then map it or set a later day"
            self.report("ECQS-1033", path, f"declared absent until {given.until}, which is past", hint, warning=True)

    def column(self, name: str, scope: Scope, path: Path) -> bool:
        """Say whether a column may be named here; notes the mistake where not."""
        wrong = scope.check(name)
        if wrong is not None:
            self.report("ECQS-1067", path, wrong)
            return False
        if scope.columns is None or name in scope.columns or name.startswith("__"):
            return True
        self.report("ECQS-1050", path, f"there is no source column {name!r}", did_you_mean(name, scope.columns))
        return False

    def value(self, text: str, leaf: Leaf, path: Path, what: str) -> None:
        """Note a constant or default that its own field would refuse."""
        wrong = _wrong(leaf.type, text, self.codes)
        if wrong is not None:
            message = f"{what} is not valid for {leaf.path} ({leaf.title}): {wrong}"
            self.report("ECQS-1064", path, message, leaf.type.explain())


def _wrong(field_type: FieldType, text: str, codes: CodeTables) -> str | None:
    try:
        found = field_type.check(field_type.read(text, codes), codes)
    except FieldProblem as problem:
        return problem.message
    return found.message if found else None


def compile_field(given: FieldMapping, leaf: Leaf, scope: Scope, desk: Desk) -> FieldPlan:
    """Compile one field; mistakes are noted at the desk, and what is left of the plan is not to be run then."""
    path = (*scope.path, leaf.path)
    if given.absent is not None:
        desk.absent(given.absent, (*path, "absent", "until"))
        return FieldPlan(leaf, "absent", reason=given.absent.reason)
    if given.const is not None:
        desk.value(given.const, leaf, (*path, "const"), "the constant")
        return FieldPlan(leaf, "const", constant=given.const)
    origin, columns, expression = _origin(given, scope, desk, path)
    steps = tuple(_steps(given, desk, path))
    if given.digest is not None and not isinstance(leaf.type, PersonDigest):
        desk.report("ECQS-7102", (*path, "digest"), f"{leaf.path} ({leaf.title}) takes no digest", "leave digest out")
    if given.default is not None:
        desk.value(given.default, leaf, (*path, "default"), "the default")
    return FieldPlan(
        leaf,
        origin,
        columns,
        tuple(dict.fromkeys(scope.lineage(name) for name in columns)),
        steps,
        join_with=given.join.with_ if given.join else "",
        expression=expression,
        parse=_parse(given.parse, leaf, desk, (*path, "parse")),
        codes=_codes(given.codes, leaf, steps, desk, (*path, "codes")) if given.codes else None,
        unmapped=_unmapped(given.codes, leaf, desk, (*path, "codes", "unmapped")) if given.codes else None,
        inexact=given.codes.inexact if given.codes else "pass",
        default=given.default,
    )


def _origin(
    given: FieldMapping, scope: Scope, desk: Desk, path: Path
) -> tuple[str, tuple[str, ...], Expression | None]:
    if given.from_ is not None:
        desk.column(given.from_, scope, (*path, "from"))
        return "from", (given.from_,), None
    if given.join is not None:
        for place, name in enumerate(given.join.columns):
            desk.column(name, scope, (*path, "join", "columns", place))
        return "join", given.join.columns, None
    text = given.expr or ""
    where = f"{desk.where}: {'/'.join(str(part) for part in path)}"
    try:
        context = ExprContext(codes=desk.codes)
        compiled = compile_expr(text, scope.columns, where=where, context=context)
    except ExpressionError as error:
        spot = f"line {error.line} column {error.column}"
        near = f" at {error.token!r}" if error.token else ""
        desk.report(error.code, (*path, "expr"), f"expression {spot}{near}: {error.message}", error.hint)
        return "expr", (), None
    expression = Expression(text, where, compiled, context)
    for name in expression.columns:
        desk.column(name, scope, (*path, "expr"))
    return "expr", expression.columns, expression


def _steps(given: FieldMapping, desk: Desk, path: Path) -> Iterator[tuple[str, Step]]:
    for place, item in enumerate(given.clean):
        try:
            yield read_word(item)
        except WordError as error:
            desk.report("ECQS-1062", (*path, "clean", place), str(error))
    if given.split is not None and usable_regex(given.split.by, desk, (*path, "split", "by")):
        yield f"split({given.split.by}, {given.split.take})", _piece(given.split)
    if given.digest is not None:
        yield DIGEST, digest_step()


def usable_regex(pattern: str, desk: Desk, path: Path) -> bool:
    """Say whether the engine can use a regular expression; notes the mistake where not."""
    try:
        pl.DataFrame({"t": [""]}).select(pl.col("t").str.split(pattern, literal=False))
    except pl.exceptions.PolarsError:
        hint = "look-around and back-references are not part of it; write the separators as [,，、]"
        desk.report("ECQS-1063", path, "the engine cannot use this regular expression", hint)
        return False
    return True


def _piece(split: PieceOf) -> Step:
    place = split.take - 1 if split.take > 0 else split.take
    return lambda text: text.str.split(split.by, literal=False).list.get(place, null_on_oob=True)


def _parse(forms: tuple[str, ...] | None, leaf: Leaf, desk: Desk, path: Path) -> DateForms | None:
    if forms is None:
        return None
    if not isinstance(leaf.type, BusinessDate | Timestamp):
        desk.report("ECQS-1065", path, f"{leaf.path} ({leaf.title}) is no date", "leave parse out")
        return None
    try:
        return DateForms.of(forms)
    except FormError as error:
        desk.report("ECQS-1065", path, str(error), "such as %Y%m%d or %Y-%m-%d %H:%M:%S")
        return None


def _codes(use: CodesUse, leaf: Leaf, steps: tuple[tuple[str, Step], ...], desk: Desk, path: Path) -> CodeStep | None:
    table = desk.local_codes.get(use.table)
    if table is None:
        hint = did_you_mean(use.table, desk.local_codes) or "add the file with the columns source,national,note"
        desk.report("ECQS-1040", (*path, "table"), f"there is no code file {use.table}.csv for this unit", hint)
        return None
    for code in table.codes:
        wrong = _wrong(leaf.type, code.national, desk.codes) if code.national is not None else None
        if wrong is not None:
            message = f"national is not valid for {leaf.path} ({leaf.title}): {wrong}"
            problem = MappingProblem("ECQS-1042", (*path, "table"), message, file=table.file, line=code.line)
            if problem not in desk.problems:
                desk.problems.append(problem)

    def clean(text: pl.Expr) -> pl.Expr:
        for _, step in steps:
            text = step(text)
        return text

    return CodeStep(table, clean)


def _unmapped(use: CodesUse, leaf: Leaf, desk: Desk, path: Path) -> Unmapped:
    if isinstance(use.unmapped, str):
        return Unmapped(use.unmapped)
    desk.value(use.unmapped.default, leaf, (*path, "default"), "the default of unmapped codes")
    return Unmapped("default", use.unmapped.default, use.unmapped.reason)
