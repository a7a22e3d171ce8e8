"""The rule catalogue: all rules by kind, compiled once for a run into column expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from ecqs_gateway.content.models import Rule, RulesFile
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import CompiledExpr, ExprContext, ExprType, ListTerm, compile_expr
from ecqs_gateway.model.record import KindSpec

__all__ = ["CompiledRule", "CompiledRules", "RuleCatalogue", "compile_rule", "compile_rules", "rule_columns"]

PRODUCT_CLASS = "product_class"
"""Field that says which product a record, or an item of its product list, is about."""
PRODUCTS = "products"


@dataclass(frozen=True)
class RuleCatalogue:
    """All rules of the content folders, in the order of files and lines."""

    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, files: Iterable[RulesFile]) -> RuleCatalogue:
        """Collect the rules of all files."""
        return cls(tuple(rule for file in files for rule in file.rules))

    def of_kind(self, kind: str) -> tuple[Rule, ...]:
        """Give the rules of one record kind."""
        return tuple(rule for rule in self.rules if rule.kind == kind)

    def __iter__(self) -> Iterator[Rule]:
        """Walk the rules."""
        return iter(self.rules)

    def __len__(self) -> int:
        """Count the rules."""
        return len(self.rules)


@dataclass(frozen=True)
class CompiledRule:
    """A rule ready to run: ``broken`` is true where the record breaks it, and false or null everywhere else.

    ``columns`` are the fields of the record it reads, ``terms`` the list quantifiers to compute first.
    """

    rule: Rule
    broken: pl.Expr
    columns: frozenset[str]
    terms: tuple[ListTerm, ...]

    @property
    def clause(self) -> str:
        """Document and article in one line, as findings carry it."""
        return f"{self.rule.clause.document} {self.rule.clause.article}"


@dataclass(frozen=True)
class CompiledRules:
    """All rules of one record kind, ready to run."""

    kind: KindSpec
    rules: tuple[CompiledRule, ...]

    @property
    def terms(self) -> tuple[ListTerm, ...]:
        """Give the list quantifiers of all rules."""
        return tuple(term for rule in self.rules for term in rule.terms)


def rule_columns(kind: KindSpec) -> dict[str, pl.DataType]:
    """Give what a rule of a kind may name: the fields of the record with their Polars types."""
    return {leaf.path: leaf.type.dtype for leaf in kind.leaves()}


def rule_lists(kind: KindSpec) -> dict[str, Mapping[str, pl.DataType]]:
    """Give the lists a rule of a kind may look into, with the fields of one item."""
    return {node.path: {leaf.path: leaf.type.dtype for leaf in node.leaves()} for node in kind.repeated()}


def compile_rules(kind: KindSpec, files: Iterable[RulesFile] | RuleCatalogue, context: ExprContext) -> CompiledRules:
    """Compile the rules of a kind; raises Misconfigured (ECQS-11xx, 13xx) that names the rule."""
    catalogue = files if isinstance(files, RuleCatalogue) else RuleCatalogue.of(files)
    return CompiledRules(kind, tuple(compile_rule(kind, rule, context) for rule in catalogue.of_kind(kind.kind)))


def compile_rule(kind: KindSpec, rule: Rule, context: ExprContext) -> CompiledRule:
    """Compile one rule; raises Misconfigured (ECQS-11xx, 13xx)."""
    verdict = _compile(kind, rule, context, rule.expr, "")
    if verdict.kind is not ExprType.BOOLEAN:
        raise Misconfigured(
            "ECQS-1303",
            f"the expression gives {verdict.kind.value}, a rule needs a condition",
            where=f"rule {rule.id}",
            hint="compare it with something",
        )
    parts = [verdict, *_scope(kind, rule, context)]
    broken = ~verdict.expr
    for part in parts[1:]:
        broken &= part.expr
    for condition in _in_force(kind, rule):
        broken &= condition
    columns = frozenset(name for part in parts for name in part.columns)
    dated = rule.effective.from_ or rule.effective.until
    return CompiledRule(
        rule,
        broken,
        columns | {rule.effective.by or kind.date} if dated else columns,
        tuple(term for part in parts for term in part.terms),
    )


def _compile(kind: KindSpec, rule: Rule, context: ExprContext, text: str, part: str) -> CompiledExpr:
    own = replace(context, lists=rule_lists(kind), terms=f"__{rule.id}{part}_")
    return compile_expr(text, rule_columns(kind), where=f"rule {rule.id}", context=own)


def _scope(kind: KindSpec, rule: Rule, context: ExprContext) -> list[CompiledExpr]:
    """Limit a rule to products: the record's own class, or that of at least one of its product lines."""
    if rule.products is None:
        return []
    wanted = ", ".join("'" + code.replace("'", "''") + "'" for code in rule.products)
    condition = f"{PRODUCT_CLASS} IN ({wanted})"
    if PRODUCT_CLASS in rule_columns(kind):
        return [_compile(kind, rule, context, condition, "_scope")]
    if PRODUCT_CLASS in rule_lists(kind).get(PRODUCTS, {}):
        return [_compile(kind, rule, context, f"any({PRODUCTS}, {condition})", "_scope")]
    raise Misconfigured(
        "ECQS-1305",
        f"records of kind {kind.kind} do not say which product they are about",
        where=f"rule {rule.id}",
        hint="leave products out",
    )


def _in_force(kind: KindSpec, rule: Rule) -> Iterator[pl.Expr]:
    """Limit a rule to its effective dates, both days included; a record without the date is not spared by it."""
    effective = rule.effective
    by = effective.by or kind.date
    if rule_columns(kind).get(by) != pl.Date:
        raise Misconfigured("ECQS-1304", f"{by} is not a date field of {kind.kind}", where=f"rule {rule.id}")
    day = pl.col(by)
    if effective.from_ is not None:
        yield (day >= effective.from_).fill_null(value=True)
    if effective.until is not None:
        yield (day <= effective.until).fill_null(value=True)
