"""Turn a checked tree into a Polars expression: one small method per kind of node, types checked on the way."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import polars as pl
from sqlglot import exp

from ecqs_gateway.mapping import expr_operators as operators
from ecqs_gateway.mapping.expr_errors import ExpressionError
from ecqs_gateway.mapping.expr_functions import Function, fit
from ecqs_gateway.mapping.expr_lexer import Kind
from ecqs_gateway.mapping.expr_parse import Parsed
from ecqs_gateway.mapping.expr_patterns import PatternBudget
from ecqs_gateway.mapping.expr_table import FUNCTIONS
from ecqs_gateway.mapping.expr_types import ExprContext, ExprType, ListTerm
from ecqs_gateway.mapping.expr_values import DTYPES, Unfit, Value, common_kind, convert, from_column, literal

__all__ = ["Compiler"]

MAX_WEIGHT = 4000
"""Largest Polars expression, counting every mention of a shared part."""
_COLUMN_WEIGHT = 4
_QUANTIFIERS = ("count", "any", "all", "count_distinct")
_OF_ITEM = {"count_distinct": "value of one item"} | dict.fromkeys(("any", "all"), "condition on one item")


@dataclass
class Compiler:
    """Compiles one expression; afterwards ``used`` and ``terms`` say what it reads."""

    parsed: Parsed
    columns: Mapping[str, pl.DataType] | None
    context: ExprContext
    used: set[str] = field(default_factory=set)
    terms: list[ListTerm] = field(default_factory=list)
    budget: PatternBudget = field(default_factory=PatternBudget)
    items: Mapping[str, pl.DataType] | None = None
    used_items: set[str] = field(default_factory=set)
    reads: int = 0
    weight: int = 0

    def visit(self, node: exp.Expr) -> Value:
        """Compile one node and what is below it; raises ExpressionError."""
        before, outside = self.reads, self.weight
        self.weight = 0
        value = _VISITORS[type(node)](self, node)
        weight = 1 if value.written else self.weight + 1
        if weight > MAX_WEIGHT:
            hint = "bring it down to fewer steps, or map through two fields"
            raise self.fail("ECQS-1105", "this part costs too much to compute", node, hint)
        self.weight = outside + weight
        return replace(value, constant=self.reads == before, weight=weight)

    def reuse(self, value: Value, times: int) -> None:
        """Count that a part stands several times in the Polars expression."""
        self.weight += value.weight * max(times - 1, 0)

    def fail(self, code: str, message: str, node: exp.Expr, hint: str | None = None) -> ExpressionError:
        """Make the error that points at a node."""
        return ExpressionError(code, message, hint=hint, spot=self.parsed.spot(node))

    def condition(self, node: exp.Expr) -> pl.Expr:
        """Compile a node that must be a condition."""
        value = self.visit(node)
        try:
            return convert(value, ExprType.BOOLEAN).expr
        except Unfit:
            raise self.fail(
                "ECQS-1104",
                f"a condition is wanted here, but this is {value.kind.value}",
                node,
                "compare it with something, such as = '有效' or IS NOT NULL",
            ) from None

    def together(self, nodes: list[exp.Expr], at: exp.Expr, what: str) -> tuple[ExprType, list[Value]]:
        """Compile nodes and bring them to their common kind."""
        values = [self.visit(node) for node in nodes]
        try:
            kind = common_kind(values)
            return kind, [convert(value, kind) for value in values]
        except Unfit as unfit:
            kinds = " and ".join(dict.fromkeys(v.kind.value for v in values if v.kind is not ExprType.NULL))
            raise self.fail("ECQS-1104", f"{what} {kinds}", at, str(unfit)) from None

    def leaf(self, node: exp.Expr) -> Value:
        """Compile a literal."""
        piece = self.parsed.piece(node)
        if piece.kind is Kind.STRING:
            return literal(piece.value)
        if "." not in piece.value and int(piece.value) < 2**63:
            return literal(int(piece.value))
        value = operators.decimal_literal(Decimal(piece.value))
        if value is None:
            raise self.fail("ECQS-1105", "a number has at most 15 digits before and 6 after the point", node)
        return value

    def column(self, node: exp.Expr) -> Value:
        """Compile a column, of the list item first where there is one."""
        name = self.parsed.piece(node).value
        self.reads += 1
        self.weight += _COLUMN_WEIGHT
        if self.items is not None and name in self.items:
            self.used_items.add(name)
            return self._typed(name, self.items[name], node)
        if self.columns is not None and name not in self.columns:
            raise self._unknown_column(name, node)
        self.used.add(name)
        return self._typed(name, None if self.columns is None else self.columns[name], node)

    def _typed(self, name: str, dtype: pl.DataType | None, node: exp.Expr) -> Value:
        try:
            return from_column(name, dtype, canonical=self.context.canonical is not None)
        except Unfit as unfit:
            raise self.fail("ECQS-1104", f"this column {unfit}", node) from None

    def _unknown_column(self, name: str, node: exp.Expr) -> ExpressionError:
        known = [*(self.items or ()), *(self.columns or ())]
        near = _nearest(name, known)
        if near is None and name in self.context.lists:
            return self.fail("ECQS-1103", "this is a list", node, f"write count({name}) or any({name}, …)")
        hint = f"did you mean {near}?" if near else f"known are {', '.join(sorted(known)[:12])}" if known else None
        return self.fail("ECQS-1103", "there is no such column", node, hint)

    def call(self, node: exp.Expr) -> Value:
        """Compile a call of a function, or a list quantifier."""
        piece = self.parsed.piece(node)
        if piece.value in _QUANTIFIERS:
            return self._quantifier(piece.value, node)
        function = FUNCTIONS.get(piece.value)
        if function is None:
            near = _nearest(piece.value, [*FUNCTIONS, *_QUANTIFIERS])
            hint = f"did you mean {near}?" if near else "see docs/reference/expressions.md for the closed list"
            raise self.fail("ECQS-1102", "there is no such function", node, hint)
        nodes = list(node.expressions)
        if not function.accepts(len(nodes)):
            raise self.fail("ECQS-1106", f"it takes {function.signature}, not {len(nodes)} values", node)
        args = tuple(_folded(self._argument(function, place, below)) for place, below in enumerate(nodes))
        value = function.build(_Call(self, node, args))
        for arg in args:
            self.reuse(arg, function.uses)
        return _folded(replace(value, constant=all(arg.constant for arg in args)))

    def _argument(self, function: Function, place: int, node: exp.Expr) -> Value:
        value, wanted = self.visit(node), function.param(place)
        if wanted.written and (not value.written or value.literal is None):
            raise self.fail("ECQS-1106", f"{wanted.name} of {function.name} must be written out, not computed", node)
        try:
            return fit(value, wanted)
        except Unfit as unfit:
            message = f"{wanted.name} of {function.name} cannot be {value.kind.value}"
            raise self.fail("ECQS-1104", message, node, str(unfit)) from None

    def _quantifier(self, name: str, node: exp.Expr) -> Value:
        nodes = list(node.expressions)
        if not self.context.lists:
            raise self.fail("ECQS-1108", "lists can be looked into by rules only", node)
        if self.items is not None:
            raise self.fail("ECQS-1106", "a list cannot be looked into from within another", node)
        if len(nodes) != (1 if name == "count" else 2):
            form = "count(list)" if name == "count" else f"{name}(list, {_OF_ITEM[name]})"
            raise self.fail("ECQS-1106", f"it takes {form}", node)
        target = self.parsed.piece(nodes[0]).value if isinstance(nodes[0], exp.Column) else ""
        if target not in self.context.lists:
            near = _nearest(target, list(self.context.lists))
            known = ", ".join(sorted(self.context.lists))
            raise self.fail(
                "ECQS-1103", "there is no such list", nodes[0], f"did you mean {near}?" if near else f"lists: {known}"
            )
        items, read, outer = self._on_items(target, nodes[1], name) if len(nodes) == 2 else (None, set(), set())
        column = f"{self.context.terms}{len(self.terms)}"
        self.reads += 1
        self.terms.append(ListTerm(column, target, name, items, frozenset(read), frozenset(outer)))
        kind = ExprType.INTEGER if name in {"count", "count_distinct"} else ExprType.BOOLEAN
        return Value(kind, pl.col(column))

    def _on_items(self, target: str, node: exp.Expr, name: str) -> tuple[pl.Expr, set[str], set[str]]:
        # What a column of the record holds says nothing of the item's column of that name.
        context = self.context if self.context.canonical is None else replace(self.context, canonical={})
        items = self.context.lists[target]
        inner = replace(self, context=context, items=items, used=set(), used_items=set(), weight=0)
        found = inner.visit(node).expr if name == "count_distinct" else inner.condition(node)
        self.used |= inner.used
        self.weight += inner.weight
        return found, inner.used_items, inner.used


@dataclass(frozen=True)
class _Call:
    """What a function sees of its call."""

    compiler: Compiler
    node: exp.Expr
    args: tuple[Value, ...]

    @property
    def context(self) -> ExprContext:
        return self.compiler.context

    def fail(self, message: str, *, code: str = "ECQS-1106", hint: str | None = None, arg: int = 0) -> ExpressionError:
        nodes = list(self.node.expressions)
        return self.compiler.fail(code, message, nodes[arg] if arg < len(nodes) else self.node, hint)

    def check_pattern(self, pattern: str, *, arg: int) -> int:
        try:
            return self.compiler.budget.check(pattern)
        except Unfit as unfit:
            raise self.fail(str(unfit), code="ECQS-1107", arg=arg) from None


def _folded(value: Value) -> Value:
    """Compute what depends on no column once, so that it broadcasts like any literal."""
    if value.written or not value.constant:
        return value
    dtype = DTYPES[value.kind]
    found = pl.select(value.expr.cast(dtype)).item()
    return replace(value, expr=pl.lit(found, dtype=dtype), literal=found)


def _nearest(word: str, known: list[str]) -> str | None:
    lowered = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word[:60].lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def chain(node: exp.Expr) -> list[exp.Expr]:
    """Give the parts of ``a AND b AND c`` from left to right, however the tree leans."""
    parts: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if type(current) is type(node):
            waiting += [current.args["expression"], current.this]
        else:
            parts.append(current)
    return parts


def _logic(compiler: Compiler, node: exp.Expr) -> Value:
    parts = [compiler.condition(part) for part in chain(node)]
    return Value(ExprType.BOOLEAN, operators.balanced(parts, lambda a, b: a & b if type(node) is exp.And else a | b))


def _compare(compiler: Compiler, node: exp.Expr) -> Value:
    kind, (left, right) = compiler.together([node.this, node.expression], node.expression, "this compares")
    if kind is ExprType.BOOLEAN and not isinstance(node, exp.EQ | exp.NEQ):
        raise compiler.fail("ECQS-1104", "conditions have no order", node.expression)
    return Value(ExprType.BOOLEAN, operators.compare(type(node), left, right))


def _arithmetic(compiler: Compiler, node: exp.Expr) -> Value:
    kind, (left, right) = compiler.together([node.this, node.expression], node.expression, "this computes with")
    if kind not in {ExprType.INTEGER, ExprType.DECIMAL, ExprType.NULL}:
        hint = "use date_add, days_between or ||" if kind is not ExprType.BOOLEAN else None
        raise compiler.fail("ECQS-1104", f"numbers are wanted here, but this is {kind.value}", node, hint)
    for value in (left, right) if isinstance(node, exp.Mod) else (right,) if isinstance(node, exp.Div) else ():
        compiler.reuse(value, 4)
    try:
        return operators.arithmetic(type(node), left, right)
    except Unfit as unfit:
        raise compiler.fail("ECQS-1104", str(unfit), node) from None


def _join(compiler: Compiler, node: exp.Expr) -> Value:
    values = []
    for part in chain(node):
        value = compiler.visit(part)
        try:
            values.append(convert(value, ExprType.TEXT))
        except Unfit:
            message = f"|| joins texts, but this is {value.kind.value}"
            raise compiler.fail("ECQS-1104", message, part, "write CAST(… AS text) around it") from None
    return Value(ExprType.TEXT, pl.concat_str([v.expr for v in values]), growth=max(v.growth for v in values))


def _is(compiler: Compiler, node: exp.Expr) -> Value:
    if isinstance(node.expression, exp.Null):
        return Value(ExprType.BOOLEAN, compiler.visit(node.this).expr.is_null())
    if isinstance(node.expression, exp.Boolean):
        wanted = bool(node.expression.this)
        return Value(ExprType.BOOLEAN, (compiler.condition(node.this) == wanted).fill_null(value=False))
    raise compiler.fail("ECQS-1102", "after IS comes NULL, TRUE or FALSE", node.expression)


def _like(compiler: Compiler, node: exp.Expr, escape: str | None = None) -> Value:
    value, pattern = compiler.visit(node.this), compiler.visit(node.expression)
    if value.kind not in {ExprType.TEXT, ExprType.NULL}:
        message = f"LIKE looks into text, but this is {value.kind.value}"
        raise compiler.fail("ECQS-1104", message, node.this, "write CAST(… AS text) around it")
    if not pattern.written or not isinstance(pattern.literal, str):
        raise compiler.fail("ECQS-1106", "the pattern of LIKE must be written out", node.expression)
    try:
        found = operators.like(convert(value, ExprType.TEXT).expr, pattern.literal, escape)
    except Unfit as unfit:
        raise compiler.fail("ECQS-1107", str(unfit), node.expression) from None
    return Value(ExprType.BOOLEAN, ~found if node.args.get("negate") else found)


def _escape(compiler: Compiler, node: exp.Expr) -> Value:
    mark = compiler.visit(node.expression)
    if not mark.written or not isinstance(mark.literal, str) or len(mark.literal) != 1:
        raise compiler.fail("ECQS-1106", "after ESCAPE comes one character in quotes", node.expression)
    if not isinstance(node.this, exp.Like):
        raise compiler.fail("ECQS-1102", "ESCAPE belongs to LIKE", node.expression)
    return _like(compiler, node.this, mark.literal)


def _in(compiler: Compiler, node: exp.Expr) -> Value:
    members = list(node.expressions)
    if not members:
        raise compiler.fail("ECQS-1101", "after IN comes a list of values in brackets", node)
    _, values = compiler.together([node.this, *members], node.this, "the values of IN are")
    if not all(value.written for value in values[1:]):
        compiler.reuse(values[0], len(members))
    return Value(ExprType.BOOLEAN, operators.within(values[0], values[1:]))


def _between(compiler: Compiler, node: exp.Expr) -> Value:
    nodes = [node.this, node.args["low"], node.args["high"]]
    kind, (value, low, high) = compiler.together(nodes, nodes[1], "BETWEEN compares")
    if kind is ExprType.BOOLEAN:
        raise compiler.fail("ECQS-1104", "conditions have no order", nodes[0])
    compiler.reuse(value, 2)
    above, below = operators.compare(exp.GTE, value, low), operators.compare(exp.LTE, value, high)
    return Value(ExprType.BOOLEAN, above & below)


def _case(compiler: Compiler, node: exp.Expr) -> Value:
    branches = list(node.args["ifs"])
    default = node.args.get("default")
    if not branches:
        raise compiler.fail("ECQS-1101", "CASE needs at least one WHEN", node)
    results = [branch.args["true"] for branch in branches] + ([default] if default else [])
    kind, values = compiler.together(results, results[0], "the values of CASE are")
    conditions = _conditions(compiler, node.this, branches)
    built = values[-1].expr if default else pl.lit(None, dtype=DTYPES[kind])
    for condition, value in reversed(list(zip(conditions, values, strict=False))):
        built = pl.when(condition).then(value.expr).otherwise(built)
    return Value(kind, built, growth=max(value.growth for value in values))


def _conditions(compiler: Compiler, subject: exp.Expr | None, branches: list[exp.Expr]) -> list[pl.Expr]:
    if not subject:
        return [compiler.condition(branch.this) for branch in branches]
    nodes = [subject, *(branch.this for branch in branches)]
    _, (value, *wanted) = compiler.together(nodes, nodes[1], "CASE compares")
    compiler.reuse(value, len(wanted))
    return [operators.compare(exp.EQ, value, one) for one in wanted]


def _cast(compiler: Compiler, node: exp.Expr) -> Value:
    value, target = compiler.visit(node.this), node.args["to"]
    sizes = [int(compiler.parsed.piece(size.this).value) for size in target.expressions]
    try:
        cast = operators.cast(value, operators.CAST_TYPES[target.this], sizes)
    except Unfit as unfit:
        raise compiler.fail("ECQS-1104", str(unfit), node) from None
    compiler.reuse(value, 2)
    return _folded(cast)


def _negate(compiler: Compiler, node: exp.Expr) -> Value:
    value = compiler.visit(node.this)
    try:
        return operators.negative(value)
    except Unfit as unfit:
        raise compiler.fail("ECQS-1104", str(unfit), node) from None


_Visitor = Callable[[Compiler, exp.Expr], Value]
_VISITORS: dict[type[exp.Expr], _Visitor] = {
    exp.Literal: Compiler.leaf,
    exp.Boolean: lambda _, node: literal(bool(node.this)),
    exp.Null: lambda _, __: literal(None),
    exp.Column: Compiler.column,
    exp.Anonymous: Compiler.call,
    exp.Paren: lambda compiler, node: compiler.visit(node.this),
    exp.Not: lambda compiler, node: Value(ExprType.BOOLEAN, ~compiler.condition(node.this)),
    exp.Neg: _negate,
    exp.And: _logic,
    exp.Or: _logic,
    exp.DPipe: _join,
    exp.Is: _is,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.In: _in,
    exp.Between: _between,
    exp.Case: _case,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _compare),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _arithmetic),
}
