"""The rule catalogue: all rules by kind, compiled once for a run into column expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from ecqs_gateway.content.models import Rule, RulesFile
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import CompiledExpr, ExprContext, ExprType, ListTerm, compile_expr
from ecqs_gateway.model.record import KindSpec
from ecqs_gateway.rules.against import ANSWERED, kept_facts, list_leaves, record_leaves

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

    ``doubtful`` is true where it cannot be judged because content is missing (a year of the calendar), ``held`` where
    headquarters has to answer first; None where that cannot be. ``columns`` are the fields of the record it reads,
    ``terms`` the list quantifiers to compute first, ``beside`` what it reads beside the record: column → field with
    the number of the certificate, or None.
    """

    rule: Rule
    broken: pl.Expr
    columns: frozenset[str]
    terms: tuple[ListTerm, ...]
    doubtful: pl.Expr | None = None
    held: pl.Expr | None = None
    beside: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def clause(self) -> str:
        """Document and article in one line, as findings carry it."""
        return f"{self.rule.clause.document} {self.rule.clause.article}"


@dataclass(frozen=True)
class CompiledRules:
    """All rules of one record kind, ready to run: those on a record alone, and those that look beside it.

    ``facts`` are the fields the ledger keeps of each version because a rule looks back at them, ``links`` the fields
    that name certificates.
    """

    kind: KindSpec
    rules: tuple[CompiledRule, ...]
    cross: tuple[CompiledRule, ...] = ()
    facts: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def terms(self) -> tuple[ListTerm, ...]:
        """Give the list quantifiers of the rules on a record alone."""
        return tuple(term for rule in self.rules for term in rule.terms)


def rule_columns(kind: KindSpec) -> dict[str, pl.DataType]:
    """Give what a rule of a kind may name: the fields of the record with their Polars types."""
    return {leaf.path: leaf.type.dtype for leaf in kind.leaves()}


def rule_lists(kind: KindSpec, rule: Rule | None = None) -> dict[str, Mapping[str, pl.DataType]]:
    """Give the lists a rule of a kind may look into, with the fields of one item."""
    more = {node.path: list_leaves(rule, node.path) if rule else [] for node in kind.repeated()}
    return {
        node.path: {leaf.path: leaf.type.dtype for leaf in (*node.leaves(), *more[node.path])}
        for node in kind.repeated()
    }


def compile_rules(kind: KindSpec, files: Iterable[RulesFile] | RuleCatalogue, context: ExprContext) -> CompiledRules:
    """Compile the rules of a kind; raises Misconfigured (ECQS-11xx, 13xx) that names the rule."""
    catalogue = files if isinstance(files, RuleCatalogue) else RuleCatalogue.of(files)
    compiled = [compile_rule(kind, rule, context) for rule in catalogue.of_kind(kind.kind)]
    links = {one.rule.match for one in compiled if one.rule.match is not None}
    return CompiledRules(
        kind,
        tuple(one for one in compiled if one.rule.against is None),
        tuple(one for one in compiled if one.rule.against is not None),
        kept_facts(kind, catalogue),
        tuple(sorted(links)),
    )


def compile_rule(kind: KindSpec, rule: Rule, context: ExprContext) -> CompiledRule:
    """Compile one rule; raises Misconfigured (ECQS-11xx, 13xx)."""
    doubts: list[pl.Expr] = []
    verdict = _compile(kind, rule, replace(context, doubts=doubts), rule.expr, "")
    if verdict.kind is not ExprType.BOOLEAN:
        raise Misconfigured(
            "ECQS-1303",
            f"the expression gives {verdict.kind.value}, a rule needs a condition",
            where=f"rule {rule.id}",
            hint="compare it with something",
        )
    scope = _scope(kind, rule, context)
    applies = [*(part.expr for part in scope), *_in_force(kind, rule)]
    columns = frozenset(name for part in (verdict, *scope) for name in part.columns)
    dated = rule.effective.from_ or rule.effective.until
    beside = {leaf.path: rule.match for leaf in record_leaves(kind, rule) if leaf.path in columns}
    # A doubt inside a list is about the items, not about the record.
    here = [doubt for doubt in doubts if set(doubt.meta.root_names()) <= columns]
    hold = rule.unanswered == "hold"
    return CompiledRule(
        rule,
        _all([~verdict.expr, *applies]),
        columns - set(beside) | ({rule.effective.by or kind.date} if dated else frozenset()) | _link(rule),
        tuple(term for part in (verdict, *scope) for term in part.terms),
        _all([verdict.expr.is_null(), pl.any_horizontal(here), *applies]) if here else None,
        _all([~pl.col(ANSWERED), *applies]) if hold else None,
        beside | ({ANSWERED: rule.match} if hold else {}),
    )


def _link(rule: Rule) -> frozenset[str]:
    return frozenset() if rule.match is None else frozenset({rule.match})


def _all(conditions: list[pl.Expr]) -> pl.Expr:
    joined = conditions[0]
    for condition in conditions[1:]:
        joined &= condition
    return joined


def _compile(kind: KindSpec, rule: Rule, context: ExprContext, text: str, part: str) -> CompiledExpr:
    types = {leaf.path: leaf.type for leaf in (*kind.leaves(), *record_leaves(kind, rule))}
    own = replace(context, lists=rule_lists(kind, rule), terms=f"__{rule.id}{part}_", canonical=types)
    columns = {path: field_type.dtype for path, field_type in types.items()}
    return compile_expr(text, columns, where=f"rule {rule.id}", context=own)


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
