"""The rule files themselves: every example behaves, every quotation is true, every rule can be told apart."""

from __future__ import annotations

import re
from pathlib import Path

from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.rules import RuleCatalogue, check_rules, compile_rules

NOTICE = (Path(__file__).parent / "cases" / "notice.zh.txt").read_text(encoding="utf-8")


def test_nothing_is_wrong_with_any_rule(files, context):
    assert check_rules(files, context) == []


def test_there_are_rules_for_every_kind_that_can_be_sent(files):
    rules = RuleCatalogue.of(files.values())
    assert {rule.kind for rule in rules} == set(KINDS)
    assert len(rules) > 40


def test_what_is_quoted_of_the_notice_stands_in_the_notice(files):
    quoted = [rule for rule in RuleCatalogue.of(files.values()) if rule.clause.quote]
    assert len(quoted) >= 6
    for rule in quoted:
        assert rule.clause.quote in NOTICE, rule.id
        assert rule.clause.document.startswith("市场监管总局关于下放5类产品"), rule.id


def test_other_clauses_name_the_facts_they_come_from(files):
    for rule in RuleCatalogue.of(files.values()):
        assert re.search(r"facts §[0-9]|通知原文", rule.clause.source), rule.id


def test_a_rule_that_rejects_names_only_impossible_orders_of_dates(files):
    rejecting = [rule.id for rule in RuleCatalogue.of(files.values()) if rule.severity == "reject"]
    assert rejecting == ["CERT-001", "CERT-002", "CERT-003"]


def test_ids_begin_with_the_letters_of_their_kind_and_count_without_gaps(files):
    letters = {"approval": "APPR", "certificate": "CERT", "sampling_inspection": "SAMP"}
    for kind, prefix in letters.items():
        ids = [rule.id for rule in RuleCatalogue.of(files.values()).of_kind(kind)]
        assert ids == [f"{prefix}-{number:03d}" for number in range(1, len(ids) + 1)]


def test_what_a_finding_carries_fits_the_exchange_schema(files):
    for rule in RuleCatalogue.of(files.values()):
        assert len(",".join(rule.fields)) <= 200, rule.id
        assert len(rule.id) <= 40


def test_every_kind_compiles_in_one_go(files, context):
    for kind in KINDS:
        compiled = compile_rules(spec(kind), files.values(), context)
        assert compiled.rules
        names = {leaf.path for leaf in spec(kind).leaves()}
        assert all(rule.columns <= names for rule in (*compiled.rules, *compiled.cross))
        assert len({term.column for term in compiled.terms}) == len(compiled.terms)
